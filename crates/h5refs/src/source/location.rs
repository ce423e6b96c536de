//! What kind of place a location names. Pure: nothing is opened here.

use std::path::PathBuf;

use url::Url;

use crate::error::{Error, Result, redact};

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

/// What references call the file at `location`: the same, less what of a URL may be secret. Readers who ask for
/// that name, with credentials of their own, get this file and no other.
///
/// # Errors
/// `Usage` for what cannot be opened and may have secrets.
pub(crate) fn name_in_references(location: &str) -> Result<String> {
    let mut url = match Location::parse(location) {
        Ok(Location::Http(url)) => url,
        Err(error) if redact(location) != location => return Err(error),
        // A path has no secrets, whatever it looks like; keys that have some are refused; and what cannot be
        // opened here is the user's own name for it.
        Ok(Location::Local(_) | Location::Object(_)) | Err(_) => return Ok(location.to_owned()),
    };
    let whole = url.clone();
    // None of these can fail on a URL with a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    let shown = redact(location);
    let is_same = |name: &str| Url::parse(name).is_ok_and(|named| named == url);
    Ok(match url == whole {
        true => location.to_owned(),
        // As it was written, where that is the same.
        false if is_same(&shown) => shown,
        false => url.into(),
    })
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
    // It becomes a part of a host's name, which nothing in it may end.
    let is_name = |name: &str, also: &[char]| {
        let is_plain =
            |c: char| c.is_ascii_alphanumeric() || "._-".contains(c) || also.contains(&c);
        !name.starts_with('.')
            && !name.ends_with('.')
            && !name.contains("..")
            && name.chars().all(is_plain)
    };
    let is_bucket = match service {
        // `$web`, `$root` and `$logs` are containers.
        Service::Azure => match bucket.split_once('@') {
            Some((container, account)) => is_name(container, &['$']) && is_name(account, &[]),
            None => is_name(bucket, &['$']),
        },
        Service::S3 | Service::Google => is_name(bucket, &[]),
    };
    if !is_bucket {
        return Err(Error::usage(location, "the name of the bucket is none that can be"));
    }
    // What is read is what the key says, and what the references would say.
    if redact(location) != location {
        let reason = "the key ends in the query of a signed URL; object stores are asked for s3://bucket/key, \
                      signed URLs for https://";
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
    fn a_bucket_cannot_lead_to_another_host() {
        for bucket in [
            "evil#",
            "evil?",
            "evil\\",
            "2130706434#",
            "evil:1",
            "a%2eb",
            ".a",
            "a.",
            "a..b",
            "a b",
            "é",
        ] {
            for scheme in ["s3", "gs", "az", "abfss"] {
                let wrong = format!("{scheme}://{bucket}/k");
                assert!(Location::parse(&wrong).is_err_and(|e| e.is_usage()), "{wrong}");
            }
        }
        for account in ["evil#.dfs.core.windows.net", "a?", "$a", "@a", "a..b"] {
            let wrong = format!("abfss://c@{account}/k");
            assert!(Location::parse(&wrong).is_err_and(|e| e.is_usage()), "{wrong}");
        }
        for right in ["s3://A_b.c-d/k", "az://$web/k", "gs://a.b/k"] {
            assert!(Location::parse(right).is_ok(), "{right}");
        }
    }

    /// What a reader opens by the name is what was read.
    #[test]
    fn references_have_the_name_of_the_same_file() {
        for same in [
            "in/@file:/x/y.bin",
            "a/https:me@site.org/x.h5",
            "/k?AWSAccessKeyId=A&Signature=B",
            "file:///a%20b.h5",
            "s3://b/a@b:c?d#e.h5",
            "https://h/a%20b@c.h5",
        ] {
            assert_eq!(name_in_references(same).unwrap(), same);
        }
        for (location, name) in [
            ("https://me:secret@h:8443/a%20b.h5?X-Amz-Signature=1#f", "https://h:8443/a%20b.h5"),
            ("HTTP://u@h/x?sig=1", "HTTP://h/x"),
            ("https://h\\@other/x?y", "https://h/@other/x"),
            ("https://u:p?w@h/x", ""),
        ] {
            match name_in_references(location) {
                Ok(found) => {
                    assert_eq!(found, name, "{location}");
                    assert!(!found.contains("secret"));
                }
                Err(error) => assert!(name.is_empty(), "{location}: {error}"),
            }
        }
        // A key with a signed query is not read, so that no reference has to name it.
        let error = Location::parse("s3://b/k?X-Amz-Signature=secret").unwrap_err();
        assert!(error.is_usage() && !error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn azure_may_name_its_account() {
        let location = "abfss://cont@acct.dfs.core.windows.net/dir/x.nc";
        let Location::Object(object) = Location::parse(location).unwrap() else { panic!() };
        assert_eq!(object.base, "abfss://cont@acct.dfs.core.windows.net");
        assert_eq!((object.service, object.key.as_str()), (Service::Azure, "dir/x.nc"));
    }
}
