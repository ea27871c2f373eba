//! The image store: segments, block maps, roots and the catalog.
