//! Opens object storage and spells its keys.
