//! What is read and written where: nothing that is written may replace what is read, or something else that is
//! written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use h5refs::error::redact;
use url::Url;

/// The places that a command has to do with.
#[derive(Debug, Default)]
pub(crate) struct Places<'a>(BTreeMap<Place, What<'a>>);

/// What is at a place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What<'a> {
    File,
    List,
    SidecarOf(&'a str),
    Report,
    /// One of several reports, by the name of its form.
    ReportAs(&'a str),
}

impl What<'_> {
    fn text(self) -> String {
        match self {
            Self::File => "a file that is read".into(),
            Self::List => "a list that is read".into(),
            Self::SidecarOf(file) => format!("the sidecar of {}", redact(file)),
            Self::Report => "the report".into(),
            Self::ReportAs(form) => format!("the report as {form}"),
        }
    }
}

impl<'a> Places<'a> {
    /// Notes what is read.
    pub(crate) fn read(&mut self, location: &str, what: What<'a>) {
        let identity = identity(location);
        self.0.extend([Some(place(location)), identity].into_iter().flatten().map(|at| (at, what)));
    }

    /// Notes what is to be written.
    ///
    /// # Errors
    /// Why it must not be.
    pub(crate) fn write(&mut self, location: &str, what: What<'a>) -> Result<(), String> {
        let read = identity(location).and_then(|identity| self.0.get(&identity)).copied();
        match self.0.insert(place(location), what).or(read) {
            None => Ok(()),
            Some(other) => {
                let location = redact(location);
                Err(format!("{location} would be both {} and {}", other.text(), what.text()))
            }
        }
    }
}

/// A location, the same for every way to write it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// On this machine: the path without links.
    Path(PathBuf),
    /// A file of this machine by what the system knows it by, device and number: also where directories are
    /// mounted twice, or names are the same in upper and lower case.
    #[cfg(unix)]
    Inode(u64, u64),
    /// Elsewhere, or standard output.
    Named(String),
}

fn place(location: &str) -> Place {
    let Some(path) = local_path(location).filter(|_| location != "-") else {
        return Place::Named(named(location));
    };
    let whole = std::fs::canonicalize(&path).ok().or_else(|| {
        // What is not there yet is in a directory that is.
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = std::fs::canonicalize(parent.unwrap_or(Path::new("."))).ok()?;
        Some(parent.join(path.file_name()?))
    });
    Place::Path(whole.unwrap_or(path))
}

/// What a file that is there is to the system.
#[cfg(unix)]
fn identity(location: &str) -> Option<Place> {
    use std::os::unix::fs::MetadataExt as _;
    let file = std::fs::metadata(local_path(location)?).ok().filter(std::fs::Metadata::is_file)?;
    Some(Place::Inode(file.dev(), file.ino()))
}

/// Elsewhere the path without links is all there is to know.
#[cfg(not(unix))]
fn identity(_: &str) -> Option<Place> {
    None
}

/// A URL with its scheme as it is most often written.
fn named(location: &str) -> String {
    let Some((scheme, rest)) = location.split_once("://") else { return location.to_owned() };
    let scheme = scheme.to_ascii_lowercase();
    let scheme = match &*scheme {
        "s3a" => "s3",
        "gcs" => "gs",
        "azure" | "abfs" | "abfss" | "adl" => "az",
        scheme => scheme,
    };
    format!("{scheme}://{rest}")
}

/// The path of a location of this machine: a path, or a `file` URL, in which what `%` stands for is meant.
pub(crate) fn local_path(location: &str) -> Option<PathBuf> {
    match is_remote(location) {
        true => None,
        false if location.contains("://") => Url::parse(location).ok()?.to_file_path().ok(),
        false => Some(location.into()),
    }
}

pub(crate) fn is_remote(location: &str) -> bool {
    location.split_once("://").is_some_and(|(scheme, _)| !scheme.eq_ignore_ascii_case("file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All ways to name a file lead to one place, and none of them to that of another.
    #[test]
    fn every_name_of_a_file_is_known() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(at("u b.h5"), "").unwrap();
        let url = String::from(Url::from_file_path(at("u b.h5")).unwrap());
        assert!(url.contains("u%20b.h5"));
        let path = url.strip_prefix("file://").unwrap();
        let mut names = vec![
            at("u b.h5"),
            at("./u b.h5"),
            url.clone(),
            url.replace("%20", " "),
            url.replace("b.h5", "%62.h5"),
            format!("FILE://{path}"),
            format!("file://localhost{path}"),
            format!("{url}#x.json"),
        ];
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("u b.h5", at("link")).unwrap();
            std::fs::hard_link(at("u b.h5"), at("hard")).unwrap();
            names.extend([at("link"), at("hard")]);
        }
        for read in &names {
            for written in &names {
                let mut places = Places::default();
                places.read(read, What::File);
                assert!(places.write(written, What::Report).is_err(), "{read} {written}");
                assert!(places.write(&at("u%20b.h5"), What::Report).is_ok());
            }
        }
    }

    #[test]
    fn what_is_written_is_written_once() {
        let mut places = Places::default();
        places.write("new.json", What::SidecarOf("a")).unwrap();
        let said = places.write("./new.json", What::ReportAs("JSON")).unwrap_err();
        assert_eq!(said, "./new.json would be both the sidecar of a and the report as JSON");
        places.write("-", What::Report).unwrap();
        places.write("-", What::Report).unwrap_err();
    }

    #[test]
    fn keys_of_stores_are_known_by_any_scheme() {
        let mut places = Places::default();
        places.read("s3://b/k%20.h5", What::File);
        places.write("S3A://b/k%20.h5", What::Report).unwrap_err();
        places.write("s3://b/k .h5", What::Report).unwrap();
        places.write("gs://b/k%20.h5", What::Report).unwrap();
    }
}
