//! JSON that says what it says, and does nothing else: names in files may have in them what a terminal obeys, or what
//! makes text look like other text.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

/// Whether a character is shown as what it is.
#[must_use]
pub fn is_plain(c: char) -> bool {
    let is_format = matches!(c,
        // Invisible, or from here on in the other direction.
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // Ends of lines and paragraphs.
        | '\u{2028}' | '\u{2029}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !is_format
}

/// Writes JSON that is the same to its readers, with all that is not plain escaped.
///
/// # Errors
/// Those of `out`.
pub fn write_json<W: Write>(out: W, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Escaping);
    value.serialize(&mut serializer).map_err(io::Error::from)
}

/// Writes text that is in a string of JSON, with what is not plain as JSON has it escaped.
///
/// # Errors
/// Those of `out`.
pub fn write_escaped<W: ?Sized + Write>(out: &mut W, text: &str) -> io::Result<()> {
    let mut written = 0;
    for (at, c) in text.match_indices(|c| !is_plain(c)) {
        out.write_all(&text.as_bytes()[written..at])?;
        for unit in c.encode_utf16() {
            write!(out, "\\u{unit:04x}")?;
        }
        written = at + c.len();
    }
    out.write_all(&text.as_bytes()[written..])
}

#[derive(Clone, Copy, Debug)]
struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        write_escaped(out, fragment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_all_scripts_stay() {
        let written = |text: &str| {
            let mut out = Vec::new();
            write_json(&mut out, text).unwrap();
            String::from_utf8(out).unwrap()
        };
        for name in ["é ß 温度 درجة", "\u{a0}", "😀"] {
            assert_eq!(written(name), format!("\"{name}\""));
        }
        assert_eq!(written("\u{7f}\u{9b}\u{e0041}\n"), "\"\\u007f\\u009b\\udb40\\udc41\\n\"");
    }
}
