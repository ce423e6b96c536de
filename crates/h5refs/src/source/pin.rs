//! One version of the file: the first answer fixes it, every later answer must match.

use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};

/// What an answer says about the version of the file it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Version {
    /// The entity tag as sent, with quotes and `W/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The time of the last change, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    /// The length of the whole file, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
}

/// The version of the file all answers must come from; unknown until the first answer.
#[derive(Debug, Default)]
pub(crate) struct Pin(Mutex<Option<Version>>);

impl Pin {
    /// What is known of it.
    pub(crate) fn version(&self) -> Version {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }

    /// The value for `If-Match`, once known.
    ///
    /// A weak tag (`W/"..."`) never matches there by the rules of HTTP, so it is only compared here.
    pub(crate) fn if_match(&self) -> Option<String> {
        let pinned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let etag = pinned.as_ref()?.etag.as_ref()?;
        (!etag.starts_with("W/")).then(|| etag.clone())
    }

    /// Checks an answer against the first one, or makes it the first.
    ///
    /// What only one of the two tells is no difference: an answer 416 often has no tag. A time counts only
    /// where there is no tag, since mirrors that share tags rarely share clocks.
    ///
    /// # Errors
    /// `Changed` if the answer is of another version.
    pub(crate) fn check(&self, location: &str, seen: Version) -> Result<()> {
        let mut pinned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(first) = pinned.as_mut() else {
            *pinned = Some(seen);
            return Ok(());
        };
        let reason = match (&*first, &seen) {
            (Version { etag: Some(a), .. }, Version { etag: Some(b), .. }) if a != b => {
                Some(format!("its entity tag was {a}, now {b}"))
            }
            (Version { length: Some(a), .. }, Version { length: Some(b), .. }) if a != b => {
                Some(format!("it was {a} bytes long, now {b}"))
            }
            (
                Version { etag: None, modified: Some(a), .. },
                Version { etag: None, modified: Some(b), .. },
            ) if a != b => Some(format!("it was last changed {a}, now {b}")),
            _ => None,
        };
        if let Some(reason) = reason {
            return Err(Error::changed(location, reason));
        }
        first.etag = first.etag.take().or(seen.etag);
        first.modified = first.modified.take().or(seen.modified);
        first.length = first.length.or(seen.length);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(etag: &str, modified: &str, length: u64) -> Version {
        let text = |t: &str| (!t.is_empty()).then(|| t.to_owned());
        Version { etag: text(etag), modified: text(modified), length: Some(length) }
    }

    #[test]
    fn the_first_answer_is_the_version() {
        let pin = Pin::default();
        assert_eq!(pin.if_match(), None);
        pin.check("u", version("\"a\"", "mon", 9)).unwrap();
        assert_eq!(pin.if_match().as_deref(), Some("\"a\""));
        pin.check("u", version("\"a\"", "tue", 9)).unwrap();
        pin.check("u", Version::default()).unwrap();
        assert!(matches!(pin.check("u", version("\"b\"", "mon", 9)), Err(Error::Changed { .. })));
        assert!(matches!(pin.check("u", version("\"a\"", "mon", 8)), Err(Error::Changed { .. })));
    }

    #[test]
    fn without_a_tag_the_time_counts() {
        let pin = Pin::default();
        pin.check("u", version("", "mon", 9)).unwrap();
        assert!(pin.check("u", version("", "tue", 9)).is_err());
    }

    #[test]
    fn a_weak_tag_is_compared_and_never_sent() {
        let pin = Pin::default();
        pin.check("u", version("W/\"a\"", "", 9)).unwrap();
        assert_eq!(pin.if_match(), None);
        assert!(pin.check("u", version("W/\"b\"", "", 9)).is_err());
    }
}
