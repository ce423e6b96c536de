//! The references as a document.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Reference;

/// One reference a line: sidecars can be compared line by line.
///
/// Inlined bytes are always base64. kerchunk writes text where it can, and what looks like JSON, or
/// begins with `base64:`, is then read back as something else.
pub(super) fn document(entries: &[(String, Reference)], url: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.len() * 64);
    let quoted_url = serde_json::Value::from(url).to_string();
    out.extend_from_slice(b"{\"version\":1,\"refs\":{");
    let mut first = true;
    for (key, reference) in entries {
        out.extend_from_slice(if first { b"\n" } else { b",\n" });
        first = false;
        string(&mut out, key);
        out.push(b':');
        match reference {
            Reference::Document(document) => string(&mut out, document),
            Reference::Inline(bytes) => {
                string(&mut out, &format!("base64:{}", STANDARD.encode(bytes)));
            }
            // What was to be inlined, and was not, is where it is.
            Reference::Range(range) | Reference::ToInline(range) => {
                self::range(&mut out, &quoted_url, range);
            }
            Reference::Elsewhere { file, range, .. } => {
                self::range(&mut out, &serde_json::Value::from(&**file).to_string(), range);
            }
            // Looked up, decoded or taken out before this: a null is an empty chunk to no reader.
            Reference::Text(_) | Reference::ToDecode(_) => out.extend_from_slice(b"null"),
        }
    }
    out.extend_from_slice(b"\n}}\n");
    out
}

fn range(out: &mut Vec<u8>, quoted_url: &str, range: &std::ops::Range<u64>) {
    let length = range.end - range.start;
    out.extend_from_slice(format!("[{quoted_url},{},{length}]", range.start).as_bytes());
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
}
