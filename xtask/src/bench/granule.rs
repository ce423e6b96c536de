//! The file that is served, and the Python that makes it.

use std::path::PathBuf;
use std::process::Command;

use super::args::{Args, Scale};
use crate::python::environment;
use crate::{call, root};

/// The Python of the peers.
pub(crate) fn python() -> anyhow::Result<PathBuf> {
    environment("target/bench/venv", &["tests/python/bench/requirements.txt"])
}

/// The file for a scale, made if it is not there yet.
pub(crate) fn granule(args: &Args) -> anyhow::Result<PathBuf> {
    if let Some(granule) = &args.granule {
        return Ok(granule.clone());
    }
    if args.scale == Scale::Mini {
        return Ok(root().join("testdata/atl03_mini.h5"));
    }
    let name = args.scale.name();
    let granule = root().join(format!("target/bench/{name}.h5"));
    if !granule.exists() {
        // Under another name until it is whole.
        let unfinished = granule.with_extension("unfinished");
        let mut make = Command::new(python()?);
        make.arg(root().join("testdata/make/atl03_granule.py"));
        call(make.arg(&unfinished).args(["--scale", name]))?;
        std::fs::rename(unfinished, &granule)?;
    }
    Ok(granule)
}
