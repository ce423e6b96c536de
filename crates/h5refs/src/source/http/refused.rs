//! What is said of answers that are of no use.

use std::ops::Range;

use reqwest::StatusCode;
use url::Url;

use super::Http;
use crate::error::{Error, one_line, redact, squeeze};

impl Http {
    pub(super) fn transport(&self, error: reqwest::Error) -> Error {
        let error = error.without_url();
        if error.is_timeout() && !error.is_connect() {
            let reason = format!("the server fell silent for {:?}", self.quiet);
            return Error::passing(&self.location, reason);
        }
        let reason = one_line(&error);
        if error.is_builder() {
            return Error::refused(&self.location, reason);
        }
        Error::passing(&self.location, reason)
    }

    pub(super) fn status(&self, status: StatusCode, reached: &Url, passing: bool) -> Error {
        let hint = match status.as_u16() {
            401 => self.login(),
            403 => "; without permission, or the signed URL has run out".to_owned(),
            404 => "; no such file".to_owned(),
            _ => String::new(),
        };
        let place = self.place(reached);
        let reason = format!("the server answered {status}{place}{hint}");
        if passing {
            Error::passing(&self.location, reason)
        } else if status == StatusCode::NOT_FOUND {
            Error::missing(&self.location, reason)
        } else {
            Error::refused(&self.location, reason)
        }
    }

    /// Where an answer is from, if not from where it was expected.
    pub(super) fn place(&self, reached: &Url) -> String {
        match reached.host_str() {
            Some(host) if reached.origin() != self.url.origin() => {
                format!(" (at {host}, where it redirects to)")
            }
            _ => String::new(),
        }
    }

    /// What may help where a login is wanted.
    pub(super) fn login(&self) -> String {
        let netrc = match self.web.netrc_fault() {
            Some(fault) => format!(", of which this could not be used: {}", squeeze(fault)),
            None => String::new(),
        };
        format!(
            "; it wants a login, or another: a bearer token for the URL's own host, or an entry in .netrc for \
             the host that logs in{netrc}"
        )
    }

    pub(super) fn content_range(&self, asked: &Range<u64>, found: &str) -> Error {
        let location = redact(&self.location);
        Error::ContentRange { location, asked: asked.clone(), found: squeeze(found) }
    }

    pub(super) fn short(&self, asked: &Range<u64>, received: usize) -> Error {
        let location = redact(&self.location);
        Error::ShortBody { location, asked: asked.clone(), received: received as u64 }
    }
}
