//! `cargo xtask miri`: the module with the product's only `unsafe`, under Miri.

use std::process::Command;

use crate::{call, root};

pub(crate) fn run(_: &[String]) -> anyhow::Result<()> {
    let mut miri = Command::new("cargo");
    miri.args(["+nightly", "miri", "test", "--package", "h5meta", "--lib", "mmap"]);
    // The tests look at files of this machine; to map these is beyond Miri, and that test is passed over.
    miri.env("MIRIFLAGS", "-Zmiri-disable-isolation");
    // A toolchain of its own, and so a folder of its own.
    call(miri.env("CARGO_TARGET_DIR", root().join("target/miri")).current_dir(root()))
}
