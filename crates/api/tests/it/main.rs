//! The declarations against the facts of the protocol.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod inventories;
mod openapi;
mod operations;
mod reference;
