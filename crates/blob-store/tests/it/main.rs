//! Objects in a local directory and in memory.

#![expect(clippy::unwrap_used, reason = "what a test does not expect ends it")]

mod contract;
mod local;
