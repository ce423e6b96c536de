//! What kind of place a location names. Pure: nothing is opened here.

use std::path::PathBuf;

use url::Url;

use crate::error::{Error, Result};

/// A location, told apart by its scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// A path, or a `file` URL.
    Local(PathBuf),
    /// `http` and `https`.
    Http(Url),
    /// An object of one of the object stores.
    Object(Object),
}

/// An object in a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) service: Service,
    /// Scheme and bucket as given, `abfss://container@account.dfs.core.windows.net`: names the store.
    pub(crate) base: String,
    /// Bucket or container (for Azure possibly with `@account...`).
    pub(crate) bucket: String,
    /// The key, literally: `%20` in it is three characters, not a space.
    pub(crate) key: String,
}

/// The services whose protocols are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    S3,
    Google,
    Azure,
}

/// What a URL can begin with.
const SCHEMES: [&str; 13] = [
    "abfs", "abfss", "adl", "az", "azure", "file", "gcs", "gs", "http", "https", "s3", "s3a", "ftp",
];

impl Location {
    /// Tells what `location` is.
    ///
    /// Keys of object stores are taken literally, not percent-decoded: a key may hold spaces, `%`, `?` and
    /// `#`, and what a listing prints can be pasted. `http` URLs are URLs: their percent escapes and query
    /// stay as they are.
    ///
    /// # Errors
    /// `Usage` for a scheme that is not known, a URL without host, bucket or key, and keys that the object
    /// store library cannot address.
    pub(crate) fn parse(location: &str) -> Result<Self> {
        let Some((scheme, rest)) = location.split_once("://") else {
            if location.is_empty() {
                return Err(Error::usage("(empty)", "a path or a URL is needed"));
            }
            if let Some((scheme, _)) = location.split_once(':')
                && SCHEMES.contains(&&*scheme.to_ascii_lowercase())
            {
                let reason = format!(
                    "a URL begins with {scheme}://; a path that begins like one is written ./{scheme}:..."
                );
                return Err(Error::usage(location, reason));
            }
            return Ok(Self::Local(PathBuf::from(location)));
        };
        let service = match scheme.to_ascii_lowercase().as_str() {
            "file" => return file(location),
            "http" | "https" => return http(location),
            "s3" | "s3a" => Service::S3,
            "gs" | "gcs" => Service::Google,
            "az" | "azure" | "abfs" | "abfss" | "adl" => Service::Azure,
            _ => {
                // What is none may be a user and a password.
                let is_scheme = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
                let shown = if scheme.bytes().all(is_scheme) { scheme } else { "..." };
                let reason = format!(
                    "the scheme {shown:?} is not known; known are a path, file, http, https, s3, s3a, gs, az, \
                     abfs, abfss and adl"
                );
                return Err(Error::usage(location, reason));
            }
        };
        object(location, service, scheme, rest).map(Self::Object)
    }
}

fn file(location: &str) -> Result<Location> {
    Url::parse(location)
        .ok()
        .and_then(|url| url.to_file_path().ok())
        .map(Location::Local)
        .ok_or_else(|| Error::usage(location, "a file URL has the form file:///absolute/path"))
}

fn http(location: &str) -> Result<Location> {
    match Url::parse(location) {
        Ok(url) if url.has_host() => Ok(Location::Http(url)),
        Ok(_) => Err(Error::usage(location, "the URL names no host")),
        Err(error) => Err(Error::usage(location, format!("not a URL: {error}"))),
    }
}

fn object(location: &str, service: Service, scheme: &str, rest: &str) -> Result<Object> {
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() || key.is_empty() {
        let reason = format!("the form is {scheme}://bucket/key");
        return Err(Error::usage(location, reason));
    }
    // They would be taken for a part of the name, and sent to whoever has the rest of it.
    let user = match service {
        Service::Azure => bucket.split_once('@').map_or(bucket, |(container, _)| container),
        Service::S3 | Service::Google => bucket,
    };
    if user.contains([':', '@']) {
        let reason = "a URL of an object store has no credentials in it; they are found where the store's own \
                      tools find them";
        return Err(Error::usage(location, reason));
    }
    // The library would silently drop the outer slashes, and so read another object.
    if key.starts_with('/') || key.ends_with('/') || key.contains("//") {
        let reason =
            "keys with an empty part (a leading, trailing or doubled \"/\") cannot be read";
        return Err(Error::usage(location, reason));
    }
    if key.split('/').any(|part| part == "." || part == "..")
        || key.contains(|c: char| c.is_ascii_control())
    {
        let reason = "keys with a part \".\" or \"..\", or with control characters, cannot be read";
        return Err(Error::usage(location, reason));
    }
    let base = format!("{}://{bucket}", scheme.to_ascii_lowercase());
    Ok(Object { service, base, bucket: bucket.to_owned(), key: key.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(location: &str) -> String {
        match Location::parse(location) {
            Ok(Location::Object(object)) => object.key,
            other => panic!("{location}: {other:?}"),
        }
    }

    #[test]
    fn keys_are_taken_literally() {
        assert_eq!(key("s3://bucket/a b/c%20d?e#é.h5"), "a b/c%20d?e#é.h5");
        assert_eq!(key("gs://b/x"), "x");
    }

    #[test]
    fn a_path_needs_no_scheme() {
        for path in ["a.h5", "/data/a:b.h5", "C:\\data\\a.h5", "./s3:/x"] {
            assert_eq!(Location::parse(path).unwrap(), Location::Local(PathBuf::from(path)));
        }
        let url = "file:///data/a%20b.h5";
        assert_eq!(Location::parse(url).unwrap(), Location::Local(PathBuf::from("/data/a b.h5")));
    }

    #[test]
    fn what_cannot_be_read_is_said_at_once() {
        for wrong in [
            "",
            "ftp://host/x",
            "s3://bucket",
            "s3://bucket/",
            "s3:///key",
            "s3://bucket//key",
            "s3://bucket/a//b",
            "s3://bucket/a/../b",
            "https://",
            "file://host/relative",
            "http:/host/x",
            "HTTPS:host/x",
            "s3:/bucket/key",
            "file:/data/a.h5",
        ] {
            assert!(Location::parse(wrong).is_err_and(|e| e.is_usage()), "{wrong}");
        }
    }

    #[test]
    fn credentials_are_not_taken_for_a_bucket() {
        for wrong in [
            "s3://KEY:secret@bucket/k",
            "s3://KEY:sec/ret@bucket/k",
            "s3://KEY@bucket/k",
            "gs://KEY:secret@bucket/k",
            "abfss://c:secret@a.dfs.core.windows.net/k",
            "me:secret@https://host/k",
            "s3:/KEY:secret@bucket/k",
            "https:me:secret@host/k",
            "http:/me:secret@host/k?u=https://host",
        ] {
            let error = Location::parse(wrong).unwrap_err();
            assert!(error.is_usage(), "{error}");
            let text = format!("{error} {error:?}");
            assert!(!text.contains("sec") && !text.contains("ret@"), "{text}");
        }
    }

    #[test]
    fn azure_may_name_its_account() {
        let location = "abfss://cont@acct.dfs.core.windows.net/dir/x.nc";
        let Location::Object(object) = Location::parse(location).unwrap() else { panic!() };
        assert_eq!(object.base, "abfss://cont@acct.dfs.core.windows.net");
        assert_eq!((object.service, object.key.as_str()), (Service::Azure, "dir/x.nc"));
    }
}
