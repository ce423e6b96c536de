//! The names that a file has for other files, and where these lead, as text. Pure: nothing is opened here, and
//! whether they may be followed is for `place` to say.

use std::path::{Path, is_separator};

use url::Url;

/// A name as virtual datasets store it: `%b` stands for the number of a block, `%%` for a percent sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The text between the block numbers.
    parts: Vec<String>,
}

impl Name {
    /// # Errors
    /// Names that are not UTF-8, or have a percent sign before something else.
    pub(super) fn parse(stored: &[u8]) -> Result<Self, String> {
        let text = utf8(stored)?;
        let mut parts = vec![String::new()];
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            let following = if c == '%' { rest.next() } else { None };
            match (c, following) {
                ('%', Some('b')) => parts.push(String::new()),
                ('%', Some('%')) => push(&mut parts, '%'),
                ('%', _) => return Err(format!("{text:?} has a percent sign before no b")),
                (c, _) => push(&mut parts, c),
            }
        }
        Ok(Self { parts })
    }

    /// Whether it depends on the block.
    pub(super) fn is_of_blocks(&self) -> bool {
        self.parts.len() > 1
    }

    /// The name for a block.
    pub(super) fn of_block(&self, block: u64) -> String {
        self.parts.join(&block.to_string())
    }
}

fn push(parts: &mut [String], c: char) {
    if let Some(last) = parts.last_mut() {
        last.push(c);
    }
}

/// A name as text.
///
/// # Errors
/// Names that are not UTF-8.
pub(super) fn utf8(stored: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(stored)
        .map_err(|_| format!("{:?} is no UTF-8", String::from_utf8_lossy(stored)))
}

/// Where a name leads, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Beside {
    pub(super) location: String,
    /// Whether it is absolute, or leads up: out of the directory of the file that has it, as far as text tells.
    pub(super) leads_out: bool,
}

/// Where the file of this `name` is, for a file at `location`: a path or URL of the same kind. Beside a remote
/// one it is another key of the same bucket, or another path of the same host: never a file of this machine.
///
/// # Errors
/// Names that can lead nowhere.
pub(super) fn beside(location: &str, name: &str) -> Result<Beside, String> {
    let refused = |why: &str| Err(format!("{name:?} is not followed: {why}"));
    if name.is_empty() || name.contains(|c: char| c.is_control()) {
        return refused("no name of a file");
    }
    if name.contains("://") {
        return refused("a URL in place of a name");
    }
    let leads_out =
        Path::new(name).is_absolute() || name.split(is_separator).any(|part| part == "..");
    let found = |location| Ok(Beside { location, leads_out });
    let Some((scheme, rest)) = location.split_once("://") else {
        return found(local(location, name));
    };
    if scheme.eq_ignore_ascii_case("file") {
        return local_url(location, name).map_or_else(|| refused("no path of this machine"), found);
    }
    let parts: Vec<&str> = name.split('/').filter(|part| *part != ".").collect();
    if parts.is_empty() || name.contains('\\') || parts.contains(&"") {
        return refused("from a remote file, only to files of the same store by relative names");
    }
    if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
        return web(location, &parts).map_or_else(|| refused("no URL"), found);
    }
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let mut place: Vec<&str> = key.split('/').collect();
    place.pop();
    match below(place, &parts) {
        Some((place, _)) => found(format!("{scheme}://{bucket}/{}", place.join("/"))),
        None => refused("above all keys"),
    }
}

/// The parts of a name behind those of a directory, and how many of these are left; `None` if they lead out of all
/// directories, or to none.
fn below<'a>(mut place: Vec<&'a str>, parts: &[&'a str]) -> Option<(Vec<&'a str>, usize)> {
    let mut left = place.len();
    for part in parts {
        match *part {
            ".." => _ = place.pop()?,
            part => place.push(part),
        }
        left = left.min(place.len());
    }
    parts.last().filter(|last| **last != "..").map(|_| (place, left))
}

fn local(location: &str, name: &str) -> String {
    let name = name.trim_start_matches("./");
    let directory = location.rfind(is_separator).map(|end| &location[..=end]);
    match directory {
        Some(directory) if !Path::new(name).is_absolute() => {
            format!("{directory}{name}")
        }
        _ => name.to_owned(),
    }
}

fn local_url(location: &str, name: &str) -> Option<String> {
    let path = Url::parse(location).ok()?.to_file_path().ok()?;
    let other = Url::from_file_path(local(path.to_str()?, name)).ok()?;
    Some(other.into())
}

/// The path changes and nothing else; a query, which may be a signature of the path, is left out.
fn web(location: &str, parts: &[&str]) -> Option<String> {
    let mut url = Url::parse(location).ok()?;
    let old = url.clone();
    let mut place: Vec<&str> = old.path_segments()?.collect();
    place.pop();
    let depth = place.len();
    let (place, left) = below(place, parts)?;
    url.set_query(None);
    url.set_fragment(None);
    // What is left is percent-encoded, what is new is not yet. Beside the directories the file itself goes.
    let mut segments = url.path_segments_mut().ok()?;
    for _ in left..=depth {
        segments.pop();
    }
    segments.extend(place.iter().skip(left));
    drop(segments);
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_numbered() {
        let name = Name::parse(b"f-%b.100%%.%b.h5").unwrap();
        assert!(name.is_of_blocks());
        assert_eq!(name.of_block(12), "f-12.100%.12.h5");
        let name = Name::parse(b"100%%").unwrap();
        assert!(!name.is_of_blocks());
        assert_eq!(name.of_block(3), "100%");
        for wrong in [&b"%d"[..], b"x%", b"\xff"] {
            assert!(Name::parse(wrong).is_err());
        }
    }

    #[test]
    fn other_files_are_beside() {
        for (location, name, expected) in [
            ("a.h5", "b.h5", "b.h5"),
            ("dir/a.h5", "b.h5", "dir/b.h5"),
            ("dir/a.h5", "./sub/b.h5", "dir/sub/b.h5"),
            ("/dir/a.h5", "../b.h5", "/dir/../b.h5"),
            ("/dir/a.h5", "/data/b.h5", "/data/b.h5"),
            ("file:///dir/a.h5", "b c.h5", "file:///dir/b%20c.h5"),
            ("s3://bucket/a.h5", "b.h5", "s3://bucket/b.h5"),
            ("s3://bucket/x/y/a.h5", "z/./b 1%.h5", "s3://bucket/x/y/z/b 1%.h5"),
            ("https://me@host:1/x/a.h5?sig=1#f", "b?c#d.h5", "https://me@host:1/x/b%3Fc%23d.h5"),
            ("https://host/a.h5", "http:b.h5", "https://host/http:b.h5"),
            ("s3://bucket/x/y/a.h5", "../../z/b.h5", "s3://bucket/z/b.h5"),
            ("s3://bucket/x/y/a.h5", "z/../b.h5", "s3://bucket/x/y/b.h5"),
            ("https://host/a%20b/c/d.h5", "../e f.h5", "https://host/a%20b/e%20f.h5"),
            ("https://host/a%20b/c/d.h5", "e/../../f.h5", "https://host/a%20b/f.h5"),
        ] {
            let found = beside(location, name).unwrap();
            assert_eq!(found.location, expected, "{location} {name}");
            let leads_out = name.starts_with('/') || name.contains("..");
            assert_eq!(found.leads_out, leads_out, "{location} {name}");
        }
    }

    #[test]
    fn names_do_not_lead_elsewhere() {
        for location in ["s3://bucket/x/a.h5", "https://host/x/a.h5", "abfs://c@a.host/x/a.h5"] {
            for name in [
                "",
                ".",
                "..",
                "y/..",
                "/etc/passwd",
                "../../b.h5",
                "y/../../../b.h5",
                "//host2/b.h5",
                "y//b.h5",
                "y/",
                "file:///etc/passwd",
                "http://host2/b.h5",
                "s3://bucket2/b.h5",
                "..\\b.h5",
                "a\nb",
                "x\0",
            ] {
                assert!(beside(location, name).is_err(), "{location} {name}");
            }
            for name in ["../b.h5", "y/../b.h5", "y/../../b.h5"] {
                assert!(beside(location, name).unwrap().leads_out, "{location} {name}");
            }
        }
        for name in ["", "s3://bucket/b.h5", "https://host/b.h5", "file:///etc/passwd"] {
            assert!(beside("a.h5", name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_web_server_is_asked_for_nothing_above() {
        // A dot that is percent-encoded is a dot to a URL's reader.
        for name in ["%2e%2e/b.h5", "%2E./b.h5", "%2e/b.h5"] {
            let found = beside("https://host/x/a.h5", name);
            let inside = |found: &Beside| {
                found.location.starts_with("https://host/x/") && !found.location.contains("/../")
            };
            assert!(found.as_ref().is_ok_and(inside), "{found:?}");
        }
    }
}
