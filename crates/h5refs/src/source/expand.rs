//! Several files by one name: `*` in paths and in keys of object stores.
//!
//! `*` stands for any part of one name, `**` between slashes for any number of directories; all else is taken
//! literally, for keys may hold `?` and brackets. Names that begin with a dot match only what begins with one.

use std::path::Path;

use glob::{MatchOptions, Pattern};
use url::Url;

use super::location::{Location, Object};
use super::{Opener, store};
use crate::error::{Error, Result, squeeze};

const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

impl Opener {
    /// The locations that `location` stands for, in order: files that match it, or itself, if there is no `*` in
    /// it or a file of just that name. A `*` of an `http` URL is one.
    ///
    /// Of object stores the keys are listed that begin with what is before the first `*`.
    ///
    /// # Errors
    /// `Missing` if nothing matches; `Usage` for a `**` that does not stand between slashes, or a location that
    /// cannot be meant; `Storage` if a directory cannot be read, or keys cannot be listed.
    pub async fn expand(&self, location: &str) -> Result<Vec<String>> {
        let itself = || Ok(vec![location.to_owned()]);
        if !location.contains('*') {
            return itself();
        }
        let found = match Location::parse(location)? {
            Location::Http(_) => return itself(),
            Location::Local(path) => {
                let location = location.to_owned();
                tokio::task::spawn_blocking(move || local(&location, &path))
                    .await
                    .map_err(|error| Error::refused("glob", error.to_string()))??
            }
            Location::Object(object) => self.keys(location, &object).await?,
        };
        match found.is_empty() {
            true => Err(Error::missing(location, "no file matches")),
            false => Ok(found),
        }
    }

    async fn keys(&self, location: &str, object: &Object) -> Result<Vec<String>> {
        let pattern = pattern(location, &object.key)?;
        let store = self.store(location, object).await?;
        let (fixed, rest) = object.key.split_at(object.key.find('*').unwrap_or(object.key.len()));
        // Below the last slash of the pattern nothing can match.
        let deep = rest.contains('/') || rest.contains("**");
        let keys = store::keys(location, &*store, fixed, deep).await?;
        let bucket = location.strip_suffix(&object.key).unwrap_or_default();
        if keys.binary_search(&object.key).is_ok() {
            return Ok(vec![location.to_owned()]);
        }
        let matching = keys.iter().filter(|key| pattern.matches_with(key, OPTIONS));
        Ok(matching.map(|key| format!("{bucket}{key}")).collect())
    }
}

fn local(location: &str, path: &Path) -> Result<Vec<String>> {
    if path.symlink_metadata().is_ok() {
        return Ok(vec![location.to_owned()]);
    }
    let Some(text) = path.to_str() else {
        return Err(Error::usage(location, "the name is not Unicode"));
    };
    let is_url = location.contains("://");
    let mut found = Vec::new();
    let paths = glob::glob_with(pattern(location, text)?.as_str(), OPTIONS);
    for path in paths.map_err(|error| wrong(location, &error))? {
        let path = path.map_err(|error| {
            let place = error.path().display().to_string();
            Error::refused(&place, squeeze(&error.error().to_string()))
        })?;
        if !path.is_file() {
            continue;
        }
        let name = match is_url {
            true => Url::from_file_path(&path).ok().map(String::from),
            false => path.to_str().map(str::to_owned),
        };
        found.push(
            name.ok_or_else(|| {
                Error::usage(&path.display().to_string(), "the name is not Unicode")
            })?,
        );
    }
    found.sort_unstable();
    Ok(found)
}

/// What a name with `*` in it matches, everything else being literal.
fn pattern(location: &str, name: &str) -> Result<Pattern> {
    let literal: Vec<String> = name.split('*').map(Pattern::escape).collect();
    let mut text = literal.join("*");
    // Files are meant, at any depth.
    if text == "**" || text.ends_with("/**") {
        text.push_str("/*");
    }
    Pattern::new(&text).map_err(|error| wrong(location, &error))
}

fn wrong(location: &str, error: &glob::PatternError) -> Error {
    Error::usage(location, format!("** stands alone between slashes: {}", error.msg))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceOptions;

    fn matches(name: &str, key: &str) -> bool {
        pattern("l", name).unwrap().matches_with(key, OPTIONS)
    }

    #[test]
    fn stars_are_the_only_wild_ones() {
        assert!(matches("a/*.h5", "a/x.h5") && !matches("a/*.h5", "a/b/x.h5"));
        assert!(matches("a/**/*.h5", "a/x.h5") && matches("a/**/*.h5", "a/b/c/x.h5"));
        assert!(matches("**", "a/b") && matches("a/**", "a/b/c") && matches("**", "a"));
        assert!(matches("a[1]?/*", "a[1]?/x") && !matches("a[1]?/*", "a1z/x"));
        assert!(!matches("*", ".x") && matches(".*", ".x"));
        assert!(pattern("l", "a**.h5").is_err_and(|error| error.is_usage()));
    }

    #[tokio::test]
    async fn files_of_this_machine() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| format!("{}/{name}", dir.path().to_str().unwrap());
        std::fs::create_dir_all(dir.path().join("sub/deep.h5")).unwrap();
        for name in ["b.h5", "a.h5", "a.txt", "sub/c.h5", "sub/deep.h5/d.h5", ".e.h5", "[1].h5"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let opener = Opener::new(SourceOptions::default());
        let expand = async |name: &str| opener.expand(&at(name)).await;
        assert_eq!(expand("*.h5").await.unwrap(), [at("[1].h5"), at("a.h5"), at("b.h5")]);
        assert_eq!(expand("sub/*").await.unwrap(), [at("sub/c.h5")]);
        let deep = [at("sub/c.h5"), at("sub/deep.h5/d.h5")];
        assert_eq!(expand("sub/**").await.unwrap(), deep);
        assert_eq!(expand("sub/**/*.h5").await.unwrap(), deep);
        assert_eq!(expand("no such").await.unwrap(), [at("no such")]);
        let error = expand("*.nc").await.unwrap_err();
        assert!(error.is_missing() && error.to_string().contains("no file matches"), "{error}");
        let url = format!("file://{}", at("b*"));
        assert_eq!(opener.expand(&url).await.unwrap(), [format!("file://{}", at("b.h5"))]);
        assert_eq!(opener.expand("http://host/*.h5").await.unwrap(), ["http://host/*.h5"]);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_has_a_star_in_its_name_is_reachable() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| format!("{}/{name}", dir.path().to_str().unwrap());
        for name in ["a*.h5", "ab.h5"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let opener = Opener::new(SourceOptions::default());
        assert_eq!(opener.expand(&at("a*.h5")).await.unwrap(), [at("a*.h5")]);
        assert_eq!(opener.expand(&at("*.h5")).await.unwrap(), [at("a*.h5"), at("ab.h5")]);
    }
}
