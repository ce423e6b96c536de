//! A Python environment for the peers and the fixtures' makers, under `target/`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::{call, root};

const REQUIREMENTS: [&str; 2] = ["testdata/make/requirements.txt", "tests/python/requirements.txt"];

/// The environment's Python. Made, or made anew, when the requirements have changed.
pub(crate) fn python() -> anyhow::Result<PathBuf> {
    let environment = root().join("target/venv");
    let bin = if cfg!(windows) { "Scripts" } else { "bin" };
    let python = environment.join(bin).join("python");
    let mut wanted = String::new();
    for file in REQUIREMENTS {
        wanted.push_str(&fs::read_to_string(root().join(file))?);
    }
    let stamp = environment.join("requirements.stamp");
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    call(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    call(install.args(["-r", REQUIREMENTS[1]]).current_dir(root()))?;
    fs::write(stamp, wanted)?;
    Ok(python)
}
