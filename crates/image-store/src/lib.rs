//! The image store: segments, block maps, roots and the catalog.
//!
//! ```text
//! backup / image ──root──▶ block map (radix tree, fan-out 1024) ──extents──▶ segments ──slots──▶ 64 KiB blocks
//! ```
//! * Objects are immutable. A segment is durable before any root that needs it is handed out.
//! * A pointer names a segment by a hash that authenticates every slot of it; a [`Reader`] verifies every block that it
//!   hands out.
//! * Nothing here deletes a stored block.
//! * Store, catalog and streams are async. [`ImageStore::write`], [`Reader`] and [`ExportedImage::read_range`] block, and
//!   must be called from a thread that runs no async code: one of one's own, or `spawn_blocking`.
//!
//! How the bytes lie is drawn in the modules that read them: `segment`, `node`, `map_root`, `catalog`, `store_file`;
//! `docs/format.md` has all of it on one page.

#![deny(clippy::indexing_slicing)]

mod blocking;
mod byte_reader;
mod catalog;
mod codec;
mod export;
mod hashed_line;
mod leases;
mod map_root;
mod node;
mod node_draft;
mod read;
mod segment;
mod store;
mod write;

pub use catalog::Catalog;
pub use catalog::CatalogBatch;
pub use catalog::CatalogContent;
pub use catalog::CatalogError;
pub use catalog::DecodeCatalogError;
pub use export::ExportError;
pub use export::ExportedImage;
pub use leases::LeaseError;
pub use leases::Leases;
pub use map_root::DecodeRootError;
pub use map_root::MapRoot;
pub use node::ChildRun;
pub use node::Node;
pub use node::NodeDefect;
pub use node::Pointer;
pub use read::BlockContent;
pub use read::BlockRun;
pub use read::Presence;
pub use read::ReadError;
pub use read::Reader;
pub use segment::Defect;
pub use segment::Segment;
pub use segment::SegmentDefect;
pub use segment::SlotDefect;
pub use segment::SlotKind;
pub use store::Access;
pub use store::CreateStoreError;
pub use store::ImageStore;
pub use store::Known;
pub use store::OpenStoreError;
pub use store::ReadOnlyReason;
pub use store::StoreOptions;
pub use write::Change;
pub use write::ChangeRun;
pub use write::Consolidation;
pub use write::Progress;
pub use write::WriteError;
pub use write::WriteProgress;
pub use write::WriteRequest;
pub use write::Written;
