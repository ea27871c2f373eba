//! QEMU's copy-on-write format, as `docs/interop/qcow2.rst` of QEMU describes it; all numbers are big-endian.
//! ```text
//! | header | … refcount table, refcount blocks, L1 table, L2 tables, data clusters, in any order … |
//! ```
//! * A guest offset is (L1 index, L2 index, offset in the cluster). An L1 entry names an L2 table of one cluster, an L2
//!   entry a data cluster, a compressed cluster, or zeros. An entry of an *extended* L2 table has a second word, which
//!   tells for each 32nd of the cluster whether it is allocated or zero.
//! * A reader needs the header, the L1 table and the L2 tables only. The places of the refcount table and blocks are
//!   read too, so that no table and no data can lie on top of them unnoticed.

pub(crate) mod blank;
pub(crate) mod cluster_bitmap;
mod decompress;
pub(crate) mod geometry;
pub(crate) mod grow;
pub(crate) mod header;
mod l2_entry;
pub(crate) mod layout;
pub(crate) mod metadata_defect;
mod metadata_map;
pub(crate) mod reader;
mod tables;
mod writer;
