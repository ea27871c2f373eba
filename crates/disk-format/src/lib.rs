//! Disk image bytes to extents and back: raw and qcow2.
