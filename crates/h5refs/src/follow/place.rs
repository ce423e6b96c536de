//! Where the file of a name is, and whether it may be followed there: below the directory of the file that names
//! it, or below a place that the user allows.
//!
//! A name is held against these places twice: as text, before the system is asked for anything, and as the path
//! that links lead to, before it is opened.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use url::Url;

use super::name::{self, Beside};
use crate::source::local_path;

/// Where other files may be.
#[derive(Debug)]
pub(super) struct Allowed<'a> {
    /// Where the file is that names them.
    location: &'a str,
    /// Places of the user's choice: directories, and URLs that other URLs begin with.
    below: &'a [String],
    /// Of this machine, as they were named, and where links lead from there.
    directories: Vec<(PathBuf, PathBuf)>,
}

/// A file of this machine.
enum Found {
    There,
    Missing,
}

impl<'a> Allowed<'a> {
    /// Beside the file at `location` and below it, and `below` other places.
    pub(super) fn new(location: &'a str, below: &'a [String]) -> Self {
        let own = path_of(location).and_then(|path| Some(path.parent()?.to_owned()));
        let other = || below.iter().filter_map(|place| path_of(place));
        let directories = own.into_iter().flat_map(|own| std::iter::once(own).chain(other()));
        let directories = directories.filter_map(|named| {
            let named = without_dots(&named)?;
            let real = std::fs::canonicalize(&named).unwrap_or_else(|_| named.clone());
            Some((named, real))
        });
        Self { location, below, directories: directories.collect() }
    }

    /// Where the file of `name` is, and what references call it, which call the file itself `url`.
    ///
    /// Of an absolute name whose file is missing it is, as with libhdf5, the file of its last part.
    ///
    /// # Errors
    /// Names that lead elsewhere, or nowhere.
    pub(super) fn place(&self, name: &str, url: &str) -> Result<(String, String), String> {
        let beside = name::beside(self.location, name)?;
        let called = |name: &str| name::beside(url, name).map(|called| called.location);
        let Some(path) = path_of(&beside.location) else {
            if beside.leads_out && !self.below.iter().any(|place| begins(&beside, place)) {
                return Err(refused(name));
            }
            return Ok((beside.location, called(name)?));
        };
        let found = self.find(&path).ok_or_else(|| refused(name))?;
        let last = match found {
            Found::Missing if Path::new(name).is_absolute() => last_part(name),
            _ => None,
        };
        match last {
            Some(last) => self.place(last, url),
            None => Ok((beside.location, called(name)?)),
        }
    }

    /// Whether there is a file at `path`; `None` if it is out of all places, or cannot be told to be within.
    fn find(&self, path: &Path) -> Option<Found> {
        let named = without_dots(path)?;
        // First as text: to look for a file may be to ask another machine for it.
        self.directories
            .iter()
            .find(|(place, real)| named.starts_with(place) || named.starts_with(real))?;
        let is_within =
            |real: &Path| self.directories.iter().any(|(_, place)| real.starts_with(place));
        match std::fs::canonicalize(path) {
            Ok(real) => is_within(&real).then_some(Found::There),
            Err(error) if error.kind() == ErrorKind::NotFound => Some(Found::Missing),
            // Not allowed to be looked at, or links in a circle: to open it will say which, if it is there.
            Err(_) => Some(Found::There),
        }
    }
}

/// The path of a location of this machine.
fn path_of(location: &str) -> Option<PathBuf> {
    std::path::absolute(local_path(location).ok()??).ok()
}

/// A path without `.` and `..`; `None` if it leads out of the root.
fn without_dots(path: &Path) -> Option<PathBuf> {
    let mut whole = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !whole.pop() {
                    return None;
                }
            }
            component => whole.push(component),
        }
    }
    Some(whole)
}

fn last_part(name: &str) -> Option<&str> {
    let last = name.rsplit(std::path::is_separator).next()?;
    (!last.is_empty() && last != name).then_some(last)
}

/// Whether a URL is below another, of the same store.
fn begins(url: &Beside, place: &str) -> bool {
    let place = format!("{}/", place.trim_end_matches('/'));
    let web = |text: &str| {
        let url = Url::parse(text).ok()?;
        matches!(url.scheme(), "http" | "https").then_some(url)
    };
    match (web(&url.location), web(&place)) {
        (Some(url), Some(place)) => {
            url.origin() == place.origin() && url.path().starts_with(place.path())
        }
        (None, None) => {
            let scheme = place.find("://").unwrap_or(0);
            let same = |at: std::ops::Range<usize>| url.location.get(at.clone()).zip(place.get(at));
            same(0..scheme).is_some_and(|(a, b)| scheme > 0 && a.eq_ignore_ascii_case(b))
                && same(scheme..place.len()).is_some_and(|(a, b)| a == b)
        }
        _ => false,
    }
}

fn refused(name: &str) -> String {
    format!(
        "{name:?} is not followed: it is not below the directory of the file (--follow-below PLACE allows another)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `base/in/` with the file that names others, `base/out/` beside it.
    struct Tree(tempfile::TempDir);

    impl Tree {
        fn new() -> Self {
            let tree = Self(tempfile::tempdir().unwrap());
            for file in ["in/a.h5", "in/b.bin", "in/sub/c.bin", "out/d.bin", "inner/e.bin"] {
                let path = PathBuf::from(tree.at(file));
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, "x").unwrap();
            }
            tree
        }

        fn at(&self, path: &str) -> String {
            self.0.path().join(path).to_str().unwrap().to_owned()
        }

        fn place(&self, name: &str, below: &[&str]) -> Result<String, String> {
            let below: Vec<String> = below.iter().map(|place| self.at(place)).collect();
            let (found, called) =
                Allowed::new(&self.at("in/a.h5"), &below).place(name, "x/a.h5")?;
            assert!(Path::new(name).is_absolute() || called == format!("x/{name}"), "{called}");
            Ok(found)
        }
    }

    #[test]
    fn what_is_below_the_files_own_directory_is_followed() {
        let tree = Tree::new();
        for (name, path) in [
            ("b.bin", "in/b.bin"),
            ("sub/c.bin", "in/sub/c.bin"),
            ("gone.bin", "in/gone.bin"),
            ("sub/../b.bin", "in/sub/../b.bin"),
            ("../in/b.bin", "in/../in/b.bin"),
        ] {
            assert_eq!(tree.place(name, &[]), Ok(tree.at(path)), "{name}");
        }
    }

    #[test]
    fn what_is_elsewhere_is_refused_unless_it_is_allowed() {
        let tree = Tree::new();
        let absolute = tree.at("out/d.bin");
        for name in ["../out/d.bin", "sub/../../out/d.bin", "../out/gone.bin", &absolute] {
            let why = tree.place(name, &[]).unwrap_err();
            assert!(why.contains("is not followed") && why.contains("--follow-below"), "{why}");
            assert!(tree.place(name, &["inner", "in/sub", "out/d"]).is_err(), "{name}");
            assert!(tree.place(name, &["inner", "out"]).is_ok(), "{name}");
            assert!(tree.place(name, &["."]).is_ok(), "{name}");
        }
        // It begins like the directory, and is another.
        assert!(tree.place("../inner/e.bin", &[]).is_err());
        for name in
            ["/etc/passwd", "../../../../../../../../../../etc/passwd", "/", "..", "../a.h5"]
        {
            assert!(tree.place(name, &["out"]).is_err(), "{name}");
        }
    }

    #[test]
    fn an_absolute_name_is_tried_as_it_is_and_then_beside() {
        let tree = Tree::new();
        let there = tree.at("in/sub/c.bin");
        assert_eq!(tree.place(&there, &[]), Ok(there));
        // It was there once, and its directory has been moved as a whole.
        let gone = tree.at("in/before/b.bin");
        let called = Allowed::new(&tree.at("in/a.h5"), &[]).place(&gone, "x/a.h5");
        assert_eq!(called, Ok((tree.at("in/b.bin"), "x/b.bin".to_owned())));
        // Where it may not be looked for it may be, and that would be the right one.
        assert!(tree.place(&tree.at("out/b.bin"), &[]).is_err());
        assert_eq!(tree.place(&tree.at("out/b.bin"), &["out"]), Ok(tree.at("in/b.bin")));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_held_against_where_they_lead() {
        use std::os::unix::fs::symlink;
        let tree = Tree::new();
        symlink(tree.at("out"), tree.at("in/away")).unwrap();
        symlink(tree.at("out/d.bin"), tree.at("in/d.bin")).unwrap();
        symlink("sub/c.bin", tree.at("in/within")).unwrap();
        symlink("circle", tree.at("in/circle")).unwrap();
        for name in ["away/d.bin", "d.bin", "away/../out/d.bin"] {
            assert!(tree.place(name, &[]).is_err(), "{name}");
            assert!(tree.place(name, &["inner"]).is_err(), "{name}");
        }
        assert!(
            tree.place("away/d.bin", &["out"]).is_ok() && tree.place("d.bin", &["out"]).is_ok()
        );
        assert!(tree.place("within", &[]).is_ok());
        // A link in a circle is nothing, and to open it says so.
        assert!(tree.place("circle", &[]).is_ok());
        // The directory itself may be reached by a link, and so may one that is allowed.
        symlink(tree.at("in"), tree.at("link")).unwrap();
        let location = tree.at("link/a.h5");
        assert!(Allowed::new(&location, &[]).place("b.bin", "a.h5").is_ok());
        assert!(Allowed::new(&location, &[]).place(&tree.at("in/b.bin"), "a.h5").is_ok());
        symlink(tree.at("out"), tree.at("allowed")).unwrap();
        assert!(tree.place("../out/d.bin", &["allowed"]).is_ok());
        assert!(tree.place("../allowed/d.bin", &["out"]).is_err(), "no text says that it is there");
        assert!(tree.place("../allowed/d.bin", &["allowed"]).is_ok());
    }

    #[test]
    fn a_url_of_this_machine_is_a_path() {
        let tree = Tree::new();
        let url = Url::from_file_path(tree.at("in/a.h5")).unwrap().to_string();
        let found = Allowed::new(&url, &[]).place("b.bin", &url).unwrap().0;
        assert!(found.starts_with("file://") && found.ends_with("/in/b.bin"), "{found}");
        assert!(Allowed::new(&url, &[]).place("../out/d.bin", &url).is_err());
        let below = [tree.at("out")];
        assert!(Allowed::new(&url, &below).place("../out/d.bin", &url).is_ok());
    }

    #[test]
    fn a_remote_file_leads_up_only_to_what_is_allowed() {
        let place = |location: &str, name: &str, below: &[&str]| {
            let below: Vec<String> = below.iter().map(|place| (*place).to_owned()).collect();
            Allowed::new(location, &below).place(name, location).map(|(found, _)| found)
        };
        let (key, page) = ("s3://b/x/y/a.h5", "https://h:1/x/y/a.h5?sig=1");
        assert_eq!(place(key, "z/c.h5", &[]).unwrap(), "s3://b/x/y/z/c.h5");
        for (location, below, found) in [
            (key, "s3://b/x", "s3://b/x/c.h5"),
            (key, "S3://b/x/", "s3://b/x/c.h5"),
            (key, "s3://b", "s3://b/x/c.h5"),
            (page, "https://h:1/x/", "https://h:1/x/c.h5"),
            (page, "HTTPS://h:1", "https://h:1/x/c.h5"),
        ] {
            assert!(place(location, "../c.h5", &[]).is_err());
            assert_eq!(place(location, "../c.h5", &[below]).as_deref(), Ok(found), "{below}");
        }
        for (location, below) in [
            (key, "s3://b2/x"),
            (key, "s3://b/xx"),
            (key, "s3://b/x/c"),
            (key, "gs://b/x"),
            (key, "/"),
            (key, "x"),
            (key, ""),
            (key, "https://h:1/"),
            (page, "https://h/x"),
            (page, "http://h:1/x"),
            (page, "https://h2:1/x"),
            (page, "https://h:1/y"),
            (page, "s3://b"),
        ] {
            assert!(place(location, "../c.h5", &[below]).is_err(), "{location} {below}");
        }
        // Neither leads to the other, whatever is allowed.
        assert!(place(key, "/etc/passwd", &["/", "/etc"]).is_err());
        assert!(place(key, "file:///etc/passwd", &["/", "file:///"]).is_err());
        assert!(place("/x/a.h5", "s3://b/c.h5", &["s3://b", "/"]).is_err());
    }
}
