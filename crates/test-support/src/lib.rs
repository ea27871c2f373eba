//! Throw-away databases and faulty disks for tests.
//!
//! Everything here lives in a temporary folder, on a free port, and ends with the test process, however that ends.

mod free_port;
mod postgres;
mod power_cut;
mod temp_dir;

pub use free_port::free_port;
pub use postgres::{PostgresCluster, PostgresError};
pub use power_cut::{Effect, Fault, Lasts, PowerCutFs, Step, Survives, Unsupported};
pub use temp_dir::temp_dir;
