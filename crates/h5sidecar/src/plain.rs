//! Text of strangers, fit to be shown: what a terminal would obey, and what would make text look like other text,
//! is escaped.

use std::io::{self, Write};

use h5refs::error::scrub;
use h5refs::plain::write_escaped;
pub use h5refs::plain::{is_plain, write_json};
use tracing_subscriber::fmt::MakeWriter;

/// A text as it can be shown, on one line.
pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match is_plain(c) {
            true => shown.push(c),
            false => shown.extend(c.escape_default()),
        }
    }
    shown
}

/// A text of several lines as it can be shown.
pub fn shown_lines(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => shown(line) + "\n",
            None => shown(line),
        })
        .collect()
}

/// JSON as [`write_json`] has it.
#[must_use]
pub fn json(value: &serde_json::Value) -> String {
    let mut bytes = Vec::new();
    // Nothing that writes a value to memory fails.
    _ = write_json(&mut bytes, value);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The same over several lines, for people.
#[must_use]
pub fn pretty_json(value: &serde_json::Value) -> String {
    let text = format!("{value:#}");
    let mut pretty = Vec::with_capacity(text.len());
    // What is not plain is in a string, for there are names and numbers outside, and the ends of lines.
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        _ = write_escaped(&mut pretty, line).and_then(|()| pretty.write_all(end.as_bytes()));
    }
    String::from_utf8_lossy(&pretty).into_owned()
}

/// Standard error for logs: what libraries log of URLs is theirs to choose, and may be secret.
#[derive(Clone, Copy, Debug)]
pub struct Logs;

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for Logs {
    /// Takes a whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = shown_lines(&scrub(&String::from_utf8_lossy(line)));
        io::stderr().write_all(text.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}[2J\n\u{9b}31m\u{7f} \u{202e}\u{2028}\u{200b}\u{e0041} é\\\"";

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        assert_eq!(
            shown(HOSTILE),
            "a\\u{1b}[2J\\n\\u{9b}31m\\u{7f} \\u{202e}\\u{2028}\\u{200b}\\u{e0041} é\\\""
        );
        assert_eq!(shown_lines("a\u{1b}\nb\r\n"), "a\\u{1b}\nb\\r\n");
        assert_eq!(shown_lines("a"), "a");
    }

    #[test]
    fn json_is_the_same_and_harmless() {
        let value = serde_json::json!({ HOSTILE: [HOSTILE, 1.5, null] });
        let (json, pretty) = (json(&value), pretty_json(&value));
        assert!(json.chars().all(is_plain), "{json}");
        assert!(pretty.lines().count() > 4 && pretty.chars().all(|c| c == '\n' || is_plain(c)));
        for json in [json, pretty] {
            assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), value);
        }
        assert_eq!(self::json(&serde_json::json!("é \"x\"")), "\"é \\\"x\\\"\"");
    }
}
