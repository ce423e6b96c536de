//! What can go wrong on the way from a URL to reference JSON, by who must act.
//!
//! Every message is one line that names the location and the cause. Locations and causes are shown without
//! passwords, tokens and the query strings of signed URLs, so an error can be pasted into a bug report.

mod redact;

use std::ops::Range;

pub use self::redact::{redact, scrub};

/// The result of anything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a file could not be read, or its references not written.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was asked for makes no sense: a bad URL, an unsupported scheme, options that contradict each other.
    /// The user must ask differently.
    #[error("{location}: {reason}")]
    Usage {
        /// The location or option concerned.
        location: String,
        /// What is wrong with it.
        reason: String,
    },

    /// The storage did not answer, or refused: network, permission, credentials, not found, a stall.
    #[error("{location}: {reason}")]
    Storage {
        /// The file that was being read.
        location: String,
        /// What the storage, or the way to it, said.
        reason: String,
        /// Whether the same request may well succeed later. The reading side has already retried it.
        retryable: bool,
    },

    /// There is no such file.
    #[error("{location}: {reason}")]
    Missing {
        /// The file that was to be read.
        location: String,
        /// What the storage said.
        reason: String,
    },

    /// The file was replaced while it was being read; an index of it would mix two versions.
    #[error("{location}: the file was replaced while it was being read: {reason}")]
    Changed {
        /// The file that was being read.
        location: String,
        /// What showed it: an entity tag, a length or a time.
        reason: String,
    },

    /// The server answered a request for a range of bytes with the whole file.
    #[error("{location}: the server does not serve ranges of bytes (it answered 200, not 206)")]
    NotPartial {
        /// The file that was being read.
        location: String,
    },

    /// The server sent another range than the one asked for.
    #[error(
        "{location}: asked for bytes {}..{}, the server sent Content-Range \"{found}\"",
        asked.start,
        asked.end
    )]
    ContentRange {
        /// The file that was being read.
        location: String,
        /// The bytes asked for, end excluded.
        asked: Range<u64>,
        /// The header as it came; empty if there was none.
        found: String,
    },

    /// The server promised more bytes than it sent.
    #[error("{location}: of bytes {}..{} only {received} arrived", asked.start, asked.end)]
    ShortBody {
        /// The file that was being read.
        location: String,
        /// The bytes promised, end excluded.
        asked: Range<u64>,
        /// How many bytes came.
        received: u64,
    },

    /// The file is not HDF5, or broken beyond reading.
    #[error("{location}: {error}")]
    Malformed {
        /// The file that was being read.
        location: String,
        /// What is wrong with it, and where.
        error: h5meta::Error,
    },

    /// What should be a sidecar is none.
    #[error("{location}: {reason}")]
    NoSidecar {
        /// Where it is.
        location: String,
        /// What it is instead, or what is wrong with it.
        reason: String,
    },

    /// The output could not be written. Whatever stood there before still does, unless it was a directory of an
    /// object store, in which something could be written and then no more: there is no sidecar then.
    #[error("cannot write {location}: {reason}")]
    Output {
        /// Where the output should have gone.
        location: String,
        /// Why it could not.
        reason: String,
    },
}

impl Error {
    /// The user must ask differently: another URL, another option.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Usage { .. })
    }

    /// Storage, or the way to it, failed: network, credentials, permissions, a server that misbehaves, a full
    /// disk. This includes a file that was replaced while it was read.
    pub fn is_storage(&self) -> bool {
        matches!(
            self,
            Self::Storage { .. }
                | Self::Missing { .. }
                | Self::Changed { .. }
                | Self::NotPartial { .. }
                | Self::ContentRange { .. }
                | Self::ShortBody { .. }
                | Self::Output { .. }
        )
    }

    /// The file's own bytes are at fault.
    pub fn is_malformed(&self) -> bool {
        matches!(self, Self::Malformed { .. } | Self::NoSidecar { .. })
    }

    /// There is no such file.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    /// Whether sending the same request again may well succeed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Storage { retryable, .. } => *retryable,
            // Caches and proxies do this while they fill; a second answer is often right.
            Self::NotPartial { .. } | Self::ContentRange { .. } | Self::ShortBody { .. } => true,
            Self::Usage { .. }
            | Self::Missing { .. }
            | Self::Changed { .. }
            | Self::Malformed { .. }
            | Self::NoSidecar { .. }
            | Self::Output { .. } => false,
        }
    }

    /// The location the error is about, fit to be shown.
    pub fn location(&self) -> &str {
        match self {
            Self::Usage { location, .. }
            | Self::Storage { location, .. }
            | Self::Missing { location, .. }
            | Self::Changed { location, .. }
            | Self::Malformed { location, .. }
            | Self::NoSidecar { location, .. }
            | Self::NotPartial { location }
            | Self::ContentRange { location, .. }
            | Self::ShortBody { location, .. }
            | Self::Output { location, .. } => location,
        }
    }

    /// Location and reason are redacted here, so that no caller can forget it.
    pub(crate) fn usage(location: &str, reason: impl Into<String>) -> Self {
        Self::Usage { location: redact(location), reason: scrub(&reason.into()) }
    }

    /// A failure that will not go away by asking again.
    pub(crate) fn refused(location: &str, reason: impl Into<String>) -> Self {
        Self::Storage {
            location: redact(location),
            reason: scrub(&reason.into()),
            retryable: false,
        }
    }

    /// There is no such file.
    pub(crate) fn missing(location: &str, reason: impl Into<String>) -> Self {
        Self::Missing { location: redact(location), reason: scrub(&reason.into()) }
    }

    /// A failure that may go away by asking again.
    pub(crate) fn passing(location: &str, reason: impl Into<String>) -> Self {
        Self::Storage { location: redact(location), reason: scrub(&reason.into()), retryable: true }
    }

    pub(crate) fn changed(location: &str, reason: impl Into<String>) -> Self {
        Self::Changed { location: redact(location), reason: scrub(&reason.into()) }
    }

    pub(crate) fn malformed(location: &str, error: h5meta::Error) -> Self {
        Self::Malformed { location: redact(location), error }
    }

    pub(crate) fn no_sidecar(location: &str, reason: impl Into<String>) -> Self {
        Self::NoSidecar { location: redact(location), reason: scrub(&reason.into()) }
    }

    pub(crate) fn output(location: &str, reason: impl Into<String>) -> Self {
        Self::Output { location: redact(location), reason: scrub(&reason.into()) }
    }
}

/// An error and its causes on one line, each said once.
pub(crate) fn one_line(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        // Many errors already quote their cause.
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        source = cause.source();
    }
    squeeze(&line)
}

/// `text` on one line and short enough to read: servers answer with pages of HTML.
pub(crate) fn squeeze(text: &str) -> String {
    const LONGEST: usize = 400;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_already_quoted_is_not_repeated() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer: {0}")]
        struct Outer(#[source] std::io::Error);
        let error = Outer(std::io::Error::other("no\n route"));
        assert_eq!(one_line(&error), "outer: no route");
    }
}
