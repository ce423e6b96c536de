//! Python environments for the peers and the fixtures' makers, under `target/`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::{call, root};

/// The Python of the fixtures' makers and of the comparison with kerchunk and h5py.
pub(crate) fn python() -> anyhow::Result<PathBuf> {
    let requirements = ["tests/python/requirements.txt", "testdata/make/requirements.txt"];
    environment("target/venv", &requirements)
}

/// An environment's Python. Made, or made anew, when the requirements have changed: those of the first
/// file, which names the others.
pub(crate) fn environment(folder: &str, requirements: &[&str]) -> anyhow::Result<PathBuf> {
    let environment = root().join(folder);
    let bin = if cfg!(windows) { "Scripts" } else { "bin" };
    let python = environment.join(bin).join("python");
    let mut wanted = String::new();
    for file in requirements {
        wanted.push_str(&fs::read_to_string(root().join(file))?);
    }
    let stamp = environment.join("requirements.stamp");
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    call(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    install.args(requirements.iter().take(1).flat_map(|file| ["-r", file]));
    call(install.current_dir(root()))?;
    fs::write(stamp, wanted)?;
    Ok(python)
}
