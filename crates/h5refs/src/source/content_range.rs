//! The `Content-Range` of an answer, read and held against what was asked for. Pure.
//!
//! RFC 9110, section 14.4.

use std::ops::Range;

/// `bytes 0-99/1234`, `bytes 0-99/*` or `bytes */1234`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContentRange {
    /// The bytes sent, end excluded; `None` with an answer 416.
    pub(crate) range: Option<Range<u64>>,
    /// The length of the whole file, if the server tells.
    pub(crate) total: Option<u64>,
}

impl ContentRange {
    /// Reads the header; `None` if it is not one.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        let unit = value.get(..6)?;
        if !unit.eq_ignore_ascii_case("bytes ") {
            return None;
        }
        let (range, total) = value.get(6..)?.trim().split_once('/')?;
        let total = match total.trim() {
            "*" => None,
            digits => Some(number(digits)?),
        };
        let range = match range.trim() {
            "*" => None,
            range => {
                let (first, last) = range.split_once('-')?;
                let (first, end) = (number(first)?, number(last)?.checked_add(1)?);
                if first >= end || total.is_some_and(|total| end > total) {
                    return None;
                }
                Some(first..end)
            }
        };
        Some(Self { range, total })
    }

    /// Whether these are the bytes `asked` for, or the first of them. Fewer may be all there are, or not: whoever
    /// asked has to ask for the rest.
    pub(crate) fn answers(&self, asked: &Range<u64>) -> bool {
        let sent = self.range.as_ref();
        sent.is_some_and(|sent| sent.start == asked.start && sent.end <= asked.end)
    }
}

/// Digits only: `parse` alone would take a sign.
fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_forms_are_read() {
        let range = |r, total| Some(ContentRange { range: r, total });
        assert_eq!(ContentRange::parse("bytes 0-99/1234"), range(Some(0..100), Some(1234)));
        assert_eq!(ContentRange::parse("Bytes  5-5/*"), range(Some(5..6), None));
        assert_eq!(ContentRange::parse("bytes */1234"), range(None, Some(1234)));
    }

    #[test]
    fn nonsense_is_none() {
        for value in [
            "",
            "bytes",
            "bytes 0-99",
            "bytes 9-3/10",
            "bytes 0-10/10",
            "bytes +0-9/10",
            "bytes -/10",
            "items 0-9/10",
            "bytes 0-18446744073709551615/*",
            "byteß 0-9/10",
        ] {
            assert_eq!(ContentRange::parse(value), None, "{value}");
        }
    }

    #[test]
    fn an_answer_may_be_shorter_but_nothing_else() {
        let answers = |value, asked| ContentRange::parse(value).is_some_and(|r| r.answers(&asked));
        assert!(answers("bytes 0-99/1000", 0..100));
        assert!(answers("bytes 950-999/1000", 950..1050));
        assert!(answers("bytes 0-99/*", 0..100));
        assert!(answers("bytes 0-49/1000", 0..100));
        assert!(!answers("bytes 0-100/1000", 0..100));
        assert!(answers("bytes 0-49/*", 0..100));
        assert!(!answers("bytes 0-100/*", 0..100));
        assert!(!answers("bytes 1-49/*", 0..100));
        assert!(!answers("bytes 1-100/1000", 0..100));
        assert!(!answers("bytes */1000", 0..100));
    }
}
