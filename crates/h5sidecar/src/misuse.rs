//! What is wrong with a command line, said without what is secret in it.

use std::ffi::OsString;

use clap::Parser as _;
use h5refs::error::{redact, scrub};

use crate::args::Args;
use crate::plain::shown_lines;

/// An error of `arguments`, as it can be shown.
///
/// It quotes what it does not understand. Where a location begins and ends cannot be told in a text if its password
/// has a space or a quote in it; of an argument it can. So the error is that of arguments without secrets.
pub(crate) fn said(error: &clap::Error, arguments: impl Iterator<Item = OsString>) -> String {
    let redacted = arguments.map(|argument| OsString::from(redact(&argument.to_string_lossy())));
    let text = match Args::try_parse_from(redacted) {
        Err(error) if error.use_stderr() => error.render().to_string(),
        // What was wrong is not shown.
        _ => {
            let kind = error.kind().as_str().unwrap_or("the arguments are not understood");
            format!("error: {kind}\n\nFor more information, try '--help'.\n")
        }
    };
    shown_lines(&scrub(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_quote_no_secrets() {
        for (argument, shown) in [
            ("http://u:c4n 4ry@h/x", "'http://h/x'"),
            ("http://u:c4n'4ry \"@h/x?sig=c4n 4ry", "'http://h/x'"),
            ("s3://KEY:c4n 4ry@b/k", "'s3://b/k'"),
            ("--no=http://u:c4n 4ry@h/x", "'--no'"),
            ("--rows=http://u:c4n 4ry@h/x", "'http://h/x'"),
            ("--repeat=4?X-Amz-Signature=c4n 4ry", "invalid value for one of the arguments"),
            ("c4n t", "unexpected argument 'c4n t'"),
        ] {
            let arguments = ["h5sidecar", "bench", "a.h5", argument].map(OsString::from);
            let error = Args::try_parse_from(&arguments).unwrap_err();
            let said = said(&error, arguments.into_iter());
            let leaks = said.contains("4ry") || (said.contains("c4n") && !shown.contains("c4n"));
            assert!(said.contains(shown) && !leaks, "{argument}: {said}");
        }
    }
}
