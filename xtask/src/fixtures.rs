//! `cargo xtask fixtures`: do the scripts still make `testdata/` as it is committed?

use std::process::Command;

use crate::python::python;
use crate::{call, root};

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let python = python()?;
    let make = |arguments: &[&str]| {
        let mut make = Command::new(&python);
        call(make.arg("testdata/make/make.py").args(arguments).current_dir(root()))
    };
    if !arguments.iter().any(|argument| argument == "--write") {
        return make(&["--check"]);
    }
    make(&[])?;
    make(&["--readme"])?;
    let mut goldens = Command::new(&python);
    call(goldens.args(["tests/python/kerchunk_golden.py", "--all"]).current_dir(root()))
}
