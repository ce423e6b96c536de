//! `.netrc`: user and password by host, as curl, wget and Earthdata's own instructions have it.
//!
//! By hand: the one parser for it that is kept up quotes what it does not understand in its errors, and in this
//! file that may be half of a password. `default` entries are passed over: a host is sent what was written for
//! it, and nothing else. Of ports the file knows nothing: an entry is for all of its host, as curl has it.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::options::{Environment, Secret};

/// More than anyone's passwords.
const LONGEST: u64 = 1 << 20;

/// The entries that could be read, and what was wrong if not all could.
#[derive(Debug, Default)]
pub(super) struct Netrc {
    entries: Vec<Entry>,
    /// Where the file is, if there is one, and what is wrong with it.
    fault: Option<String>,
}

/// What a host is sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// Empty for a `default` entry.
    machine: String,
    pub(super) login: String,
    pub(super) password: Option<Secret>,
}

impl Netrc {
    /// The file that `NETRC` names, else the one in the home directory; empty if there is none.
    pub(super) fn load(environment: &Environment) -> Self {
        let Some((path, named)) = path(environment) else { return Self::default() };
        let read = std::fs::File::open(&path).and_then(|file| {
            let mut bytes = Vec::new();
            file.take(LONGEST).read_to_end(&mut bytes).map(|_| bytes)
        });
        let fault = |why: &dyn fmt::Display| Some(format!("{}: {why}", path.display()));
        match read {
            Ok(bytes) => {
                let (entries, wrong) = parse(&String::from_utf8_lossy(&bytes));
                Self { entries, fault: wrong.and_then(|why| fault(&why)) }
            }
            Err(error) if !named && error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => Self { entries: Vec::new(), fault: fault(&error) },
        }
    }

    /// The first entry for `host`, and for no other.
    pub(super) fn entry(&self, host: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.machine.eq_ignore_ascii_case(host))
    }

    /// What is wrong with the file; of interest once a host wants what may have been in it.
    pub(super) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }
}

/// Where it is, and whether the user said so.
fn path(environment: &Environment) -> Option<(PathBuf, bool)> {
    if let Some(path) = environment.var("NETRC") {
        return Some((PathBuf::from(path), true));
    }
    let home = environment.var("HOME").or_else(|| environment.var("USERPROFILE"))?;
    let names = if cfg!(windows) { &["_netrc", ".netrc"][..] } else { &[".netrc"] };
    let mut paths = names.iter().map(|name| Path::new(home).join(name));
    let first = paths.next()?;
    Some((
        std::iter::once(first.clone()).chain(paths).find(|path| path.exists()).unwrap_or(first),
        false,
    ))
}

/// The entries up to the first mistake, and that mistake.
fn parse(text: &str) -> (Vec<Entry>, Option<String>) {
    let mut words = Words { rest: text, line: 1 };
    let mut entries = Vec::new();
    while let Some(word) = words.next() {
        if let Err(why) = read(&word, &mut words, &mut entries) {
            // Of the entry that is not understood nothing is sent.
            entries.pop();
            return (named(entries), Some(format!("line {}: {why}", words.line)));
        }
    }
    (named(entries), None)
}

/// Reads what a word stands before.
fn read(word: &str, words: &mut Words<'_>, entries: &mut Vec<Entry>) -> Result<(), &'static str> {
    match (word, entries.last_mut()) {
        (comment, _) if comment.starts_with('#') => words.skip_line(),
        ("macdef", _) => words.skip_macro(),
        ("machine", _) => entries.push(Entry { machine: words.value()?, ..Entry::default() }),
        ("default", _) => entries.push(Entry::default()),
        ("login" | "user", Some(entry)) => entry.login = words.value()?,
        ("password", Some(entry)) => entry.password = Some(words.value()?.into()),
        ("account", Some(_)) => _ = words.value()?,
        // Not quoted: it may be the second half of a password.
        _ => return Err("none of machine, login, password, account, macdef and default"),
    }
    Ok(())
}

fn named(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.retain(|entry| !entry.machine.is_empty());
    entries
}

/// Words between white space; those with spaces in them are in quotes, where a backslash stands before quotes.
struct Words<'a> {
    rest: &'a str,
    line: usize,
}

impl Words<'_> {
    fn value(&mut self) -> Result<String, &'static str> {
        self.next().ok_or("it ends too early")
    }

    fn next(&mut self) -> Option<String> {
        let start = self.rest.trim_start();
        self.line += self.rest[..self.rest.len() - start.len()].matches('\n').count();
        let Some(quoted) = start.strip_prefix('"') else {
            let end = start.find(char::is_whitespace).unwrap_or(start.len());
            let (word, rest) = start.split_at(end);
            self.rest = rest;
            return (!word.is_empty()).then(|| word.to_owned());
        };
        let mut word = String::new();
        let mut chars = quoted.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &quoted[at + 1..];
                    return Some(word);
                }
                '\\' => word.extend(chars.next().map(|(_, c)| c)),
                c => word.push(c),
            }
        }
        self.rest = "";
        None
    }

    fn skip_line(&mut self) {
        self.rest = self.rest.find('\n').map_or("", |end| &self.rest[end..]);
    }

    /// A macro ends with a blank line.
    fn skip_macro(&mut self) {
        let text = self.rest;
        let end = text.find("\n\n").or_else(|| text.find("\n\r\n")).unwrap_or(text.len());
        self.line += text[..end].matches('\n').count();
        self.rest = &text[end..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Vec<(String, String, String)>, Option<String>) {
        let (entries, wrong) = parse(text);
        let shown = |entry: Entry| {
            let password = entry.password.map(|p| p.expose().to_owned()).unwrap_or_default();
            (entry.machine, entry.login, password)
        };
        (entries.into_iter().map(shown).collect(), wrong)
    }

    fn entry(machine: &str, login: &str, password: &str) -> (String, String, String) {
        (machine.to_owned(), login.to_owned(), password.to_owned())
    }

    #[test]
    fn entries_are_on_one_line_or_several() {
        let text = "# mine\nmachine urs.earthdata.nasa.gov login me password p#1 # not it\n\
                    macdef init\nmachine nobody\nlogin x\n\n\
                    machine b\r\n\tpassword \"two \\\"words\\\"\"\r\n\tlogin you account z\r\n\
                    default login anonymous password all\nmachine c";
        let entries = [
            entry("urs.earthdata.nasa.gov", "me", "p#1"),
            entry("b", "you", "two \"words\""),
            entry("c", "", ""),
        ];
        assert_eq!(parsed(text), (entries.to_vec(), None));
        assert_eq!(parsed(""), (vec![], None));
    }

    #[test]
    fn mistakes_are_told_by_line_and_never_quoted() {
        let text =
            "machine a login me password x\nmachine b login me\npassword half hidden\nmachine c";
        let (entries, wrong) = parsed(text);
        assert_eq!(entries, [entry("a", "me", "x")]);
        let wrong = wrong.unwrap();
        assert!(wrong.starts_with("line 3: ") && !wrong.contains("hidden"), "{wrong}");
        assert!(parsed("login me").1.is_some());
        assert!(parsed("machine a password").1.is_some_and(|why| why.contains("ends")));
        assert!(parsed("machine a password \"x").1.is_some());
    }

    #[test]
    fn the_file_is_found_as_other_tools_find_it() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
        let in_home = [("HOME", at(""))];
        let load = |more: &[(&str, String)]| {
            Netrc::load(&in_home.iter().chain(more).map(|(n, v)| (*n, v.clone())).collect())
        };
        assert!(load(&[]).entry("h").is_none() && load(&[]).fault().is_none());
        std::fs::write(at(".netrc"), "machine H login home").unwrap();
        assert_eq!(load(&[]).entry("h").unwrap().login, "home");
        assert!(load(&[]).entry("x.h").is_none());
        std::fs::write(at("other"), "machine h login other").unwrap();
        assert_eq!(load(&[("NETRC", at("other"))]).entry("h").unwrap().login, "other");
        let fault = load(&[("NETRC", at("none"))]).fault().unwrap().to_owned();
        assert!(fault.contains("none"), "{fault}");
        assert!(Netrc::load(&Environment::empty()).fault().is_none());
    }
}
