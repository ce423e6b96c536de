//! What the object store library's errors mean for the user.

use std::error::Error as StdError;

use object_store::client::{HttpError, HttpErrorKind};

use super::connector::Refusal;
use crate::error::{Error, one_line, redact, squeeze};

/// The error for a read that was refused.
pub(super) fn error(location: &str, error: &object_store::Error) -> Error {
    use object_store::Error as Library;
    match (error, find::<Refusal>(error)) {
        (_, Some(Refusal::NotPartial)) => Error::NotPartial { location: redact(location) },
        (Library::Precondition { .. }, _) => {
            let reason = "the store holds no longer the version first read (412)";
            Error::changed(location, reason)
        }
        (Library::NotFound { .. }, _) => {
            Error::missing(location, format!("not found: {}", reason(error)))
        }
        _ if has_expired(error) => {
            let reason = reason(error);
            Error::refused(
                location,
                format!("the credentials have run out: {reason}; get new ones"),
            )
        }
        (Library::PermissionDenied { .. } | Library::Unauthenticated { .. }, _) => {
            let reason = reason(error);
            let hint = "for a public bucket use --anonymous";
            Error::refused(location, format!("permission denied: {reason}; {hint}"))
        }
        _ if is_passing(error) => Error::passing(location, reason(error)),
        _ => Error::refused(location, reason(error)),
    }
}

/// The cause, as far as it can be told in a line.
pub(super) fn reason(error: &object_store::Error) -> String {
    if let Some(refusal) = find::<Refusal>(error) {
        return refusal.to_string();
    }
    // Of a failed connection the library tells at length how it retried; the cause is what matters.
    if let Some(http) = find::<HttpError>(error) {
        return one_line(http);
    }
    detail(&error.to_string()).unwrap_or_else(|| one_line(error))
}

/// The length of the object, if it was refused because the range begins after its end.
pub(super) fn past_the_end(error: &object_store::Error) -> Option<Option<u64>> {
    match find::<Refusal>(error) {
        Some(Refusal::PastTheEnd { total }) => Some(*total),
        _ => None,
    }
}

/// Whether what was signed with has run out, or the signature has. Whoever gives credentials may have new ones.
pub(super) fn has_expired(error: &object_store::Error) -> bool {
    let message = error.to_string();
    element(&message, "Code").is_some_and(|code| {
        ["ExpiredToken", "RequestExpired", "RequestTimeTooSkewed", "TokenRefreshRequired"]
            .contains(&code)
    })
}

/// Whether asking again later may help. The library has tried already.
fn is_passing(error: &object_store::Error) -> bool {
    let http = find::<HttpError>(error).is_some_and(|http| {
        use HttpErrorKind::{Connect, Interrupted, Request, Timeout};
        matches!(http.kind(), Connect | Request | Timeout | Interrupted)
    });
    http || status(&error.to_string()).is_some_and(|status| matches!(status, 408 | 429 | 500..=599))
}

/// The status the library's message quotes; it keeps the type that knows to itself.
fn status(message: &str) -> Option<u16> {
    let (_, rest) = message.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

/// Status, and code and message of the XML that S3, Google and Azure send with a refusal.
fn detail(message: &str) -> Option<String> {
    let code = element(message, "Code")?;
    let text = element(message, "Message").unwrap_or_default();
    let status = status(message).map(|status| format!("{status} ")).unwrap_or_default();
    // Told of a wrong region, S3 says the right one.
    let region = element(message, "Region").filter(|_| code == "AuthorizationHeaderMalformed");
    let region = region.map(|region| format!(" (the bucket is in {region})")).unwrap_or_default();
    Some(squeeze(&format!("{status}{code}: {text}{region}")))
}

/// The text of the first element `name`; these bodies are flat, no XML reader is needed to quote them.
fn element<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim())
}

/// The first error of type `E` among the causes.
fn find<E: StdError + 'static>(error: &object_store::Error) -> Option<&E> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "Error performing GET http://h/b/k in 1ms - Server returned non-2xx status code: \
                           404 Not Found: <?xml?><Error><Code>NoSuchKey</Code><Message> gone\n</Message></Error>";

    #[test]
    fn refusals_are_quoted_in_a_line() {
        assert_eq!(detail(MESSAGE).as_deref(), Some("404 NoSuchKey: gone"));
        assert_eq!(element(MESSAGE, "Region"), None);
        assert_eq!(element("<Code>x", "Code"), None);
        assert_eq!(status("nothing"), None);
    }

    #[test]
    fn a_wrong_region_is_named() {
        let body = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>no</Message><Region>eu-west-1</Region>";
        assert_eq!(
            detail(body).as_deref(),
            Some("AuthorizationHeaderMalformed: no (the bucket is in eu-west-1)")
        );
    }
}
