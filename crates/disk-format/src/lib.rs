//! Disk image bytes to extents and back: raw and qcow2.
//!
//! * The format of a source is declared and never probed; what its first bytes say is only used to refuse it.
//! * Every byte of an image is hostile: each length is checked before it is allocated, each offset before it is
//!   followed, and nothing outside the one file is ever opened.
//! * Reading takes `&self`, uses no file position, and may be done from several threads at once.
//! * What is changed in a file are bytes that lie in it plainly; a file whose tables would have to change is written anew,
//!   under a temporary name.
//! * A writer of qcow2 files never materialises one: [`Qcow2Layout`] tells what lies at any byte of it.

#![deny(clippy::indexing_slicing)]

mod bounded_cache;
mod disk;
mod draft_file;
mod image_bytes;
mod image_lock;
mod open_beneath;
mod open_disk;
mod qcow2;
mod raw;
mod writable_disk;

pub use disk::Disk;
pub use disk::Extent;
pub use disk::ExtentKind;
pub use disk::ReadDiskError;
pub use draft_file::DraftFile;
pub use draft_file::Existing;
pub use draft_file::RemoveBeneathError;
pub use draft_file::available_space;
pub use draft_file::remove_abandoned_drafts;
pub use draft_file::remove_beneath;
pub use image_bytes::ImageBytes;
pub use image_lock::DiskInUse;
pub use image_lock::ReadLock;
pub use image_lock::WriteLock;
pub use image_lock::check_not_in_use;
pub use open_beneath::OpenBeneathError;
pub use open_beneath::OpenMode;
pub use open_beneath::open_beneath;
pub use open_disk::KnownFormat;
pub use open_disk::Limits;
pub use open_disk::OpenDiskError;
pub use open_disk::SourceFormat;
pub use open_disk::open_disk;
pub use open_disk::open_qcow2;
pub use qcow2::blank::write_blank_qcow2;
pub use qcow2::cluster_bitmap::ClusterBitmap;
pub use qcow2::grow::GrowDiskError;
pub use qcow2::grow::grow_qcow2;
pub use qcow2::header::Encryption;
pub use qcow2::layout::LayoutError;
pub use qcow2::layout::Qcow2Layout;
pub use qcow2::layout::Region;
pub use qcow2::metadata_defect::MetadataDefect;
pub use qcow2::metadata_defect::Table;
pub use writable_disk::WritableDisk;
pub use writable_disk::WriteDiskError;
pub use writable_disk::open_writable_disk;
