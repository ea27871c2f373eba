//! Opens object storage and spells its keys.
//!
//! * Objects are immutable: a key is written once and never again with other bytes. Nothing here relies on conditional
//!   writes of the backend for correctness.
//! * A successful [`BlobStore::put`] is durable: file and directory are synced before it returns.
//! * [`ObjectKey`] is the one place where keys are spelled. What else lies in the storage is not ours and is not listed.

#![deny(clippy::indexing_slicing)]

mod blob_error;
mod blob_store;
mod directory;
mod object_key;
mod writer_lock;

pub use blob_error::BlobError;
pub use blob_store::BlobStore;
pub use blob_store::ListedObject;
pub use blob_store::Suffix;
pub use directory::FreeSpace;
pub use object_key::InvalidObjectKey;
pub use object_key::ObjectKey;
pub use object_key::ObjectKind;
pub use writer_lock::Sharing;
pub use writer_lock::WriterLock;
