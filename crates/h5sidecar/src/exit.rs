//! How the program ends: who must act, as a number.

use std::process::ExitCode;

use crate::stop::Interrupted;

/// The exit codes, better before worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    Ok = 0,
    /// The command line asks for something that makes no sense.
    Usage = 1,
    /// Done, but something of the file is not referenced, and `--strict` was asked for; or the file is cut off.
    Incomplete = 2,
    /// Storage or the network failed: worth trying again.
    Storage = 3,
    /// The file is not HDF5, or broken.
    Malformed = 4,
    /// Ctrl-C, as shells have it.
    Interrupted = 130,
}

impl Exit {
    /// What an error means.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        if error.is::<Interrupted>() {
            return Self::Interrupted;
        }
        match error.downcast_ref::<h5refs::Error>() {
            Some(error) if error.is_malformed() => Self::Malformed,
            Some(error) if error.is_usage() => Self::Usage,
            // Whatever else is not known to be the user's or the file's fault: local I/O and the like.
            _ => Self::Storage,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
