//! The image store through its public API.

#![expect(clippy::unwrap_used, reason = "what a test does not expect ends it")]

mod disk;
mod export;
mod harness;
mod model;
mod writer;
