//! Disk images through the crate's public API, with QEMU's own tools as the oracle.

#![expect(clippy::unwrap_used, reason = "what a test does not expect ends it")]

mod draft_file;
mod image_lock;
mod open_beneath;
mod qcow2_damage;
mod qcow2_reader;
mod qcow2_refused;
mod qcow2_writer;
mod qemu;
mod random;
mod raw;
mod walk;
mod writable_disk;
