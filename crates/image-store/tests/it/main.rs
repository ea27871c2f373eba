//! The image store through its public API.

#![expect(clippy::unwrap_used, reason = "what a test does not expect ends it")]

mod catalog;
mod consolidation;
mod damage;
mod difference;
mod disk;
mod export;
mod faults;
mod faulty_store;
mod golden;
mod harness;
mod model;
mod power_cut;
mod store;
mod writer;
