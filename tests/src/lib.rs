//! Servers for the end-to-end tests: in this process, on the loopback address, gone when dropped.

pub mod http_server;
pub mod s3_server;

use h5refs::source::{Environment, SourceOptions};
use std::time::Duration;

/// Options that depend on nothing of the machine, and give up within a second or two.
pub fn options() -> SourceOptions {
    let mut options = SourceOptions::default();
    options.environment = Environment::empty();
    options.connect_timeout = Duration::from_secs(5);
    options.read_timeout = Duration::from_secs(1);
    options.retries = 2;
    options
}

/// Bytes in which every position can be told from its neighbours.
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}
