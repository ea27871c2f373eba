//! The console in a real browser: a server, a browser, and the steps that a person takes.

mod browser;
mod disk;
mod server;
mod steps;

pub use browser::{Browser, Scheme};
pub use disk::{content, make_qcow2, noise, overwrite};
pub use server::{PASSWORD, Server};
pub use steps::id;
