//! How to reach storage: what a user may choose, and what the environment says.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::uploads::Known;

/// How to reach storage.
///
/// Start from [`SourceOptions::default`], which takes the environment of the process, and change fields:
///
/// ```
/// let mut options = h5refs::source::SourceOptions::default();
/// options.anonymous = true;
/// options.region = Some("us-west-2".to_owned());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SourceOptions {
    /// Send no credentials and look for none: public buckets.
    pub anonymous: bool,
    /// The service to talk to instead of Amazon's, Google's or Azure's own: `http://127.0.0.1:9000` for MinIO.
    /// S3 is then addressed path-style (`endpoint/bucket/key`).
    pub endpoint: Option<String>,
    /// The S3 region. Unset: environment, profile, else the bucket is asked.
    pub region: Option<String>,
    /// The profile of the AWS configuration files, before any keys in the environment. Unset: `AWS_PROFILE`,
    /// else `default`.
    pub profile: Option<String>,
    /// Sent as `Authorization: Bearer` with `https` URLs, and never to another host than the URL's own.
    pub bearer_token: Option<Secret>,
    /// Look in `.netrc` (`NETRC`, or in the home directory) for users and passwords of `https` hosts: each is sent
    /// to the very host it is for, also where a redirect leads there, as Earthdata's logins do. Default yes.
    pub netrc: bool,
    /// Map local files into memory. Default no: where another process shortens a mapped file meanwhile, the
    /// page that vanishes ends this process (SIGBUS on Unix), while a file that is read is an error then.
    pub mmap: bool,
    /// The longest a connection may take to be made, TLS included. Default 10 s.
    pub connect_timeout: Duration,
    /// The longest silence of a server before a request counts as stalled, however long the whole answer
    /// takes. Default 30 s.
    pub read_timeout: Duration,
    /// Requests in flight at once, over all files of one [`Opener`](super::Opener). Default 64.
    pub concurrency: usize,
    /// How many times a failed request is sent again. Default 5: with delays from 0.1 s doubling, about
    /// 3 s in all unless the server asks for more.
    pub retries: u32,
    /// Where credentials, regions and proxies are looked for.
    pub environment: Environment,
    /// The stores that uploads have gone to; clones share them.
    pub(super) uploads: Known,
}

impl Default for SourceOptions {
    fn default() -> Self {
        Self {
            anonymous: false,
            endpoint: None,
            region: None,
            profile: None,
            bearer_token: None,
            netrc: true,
            mmap: false,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            concurrency: 256,
            retries: 5,
            environment: Environment::of_process(),
            uploads: Known::default(),
        }
    }
}

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, to be sent and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Environment variables, as a value: a library that serves several users, and every test, can give its own.
///
/// A few look-ups of the libraries below still go to the process itself: `SSL_CERT_FILE`, the home directory of
/// Google's application default credentials, the addresses of Google's and Azure's metadata services.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process, except those that are not Unicode.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// No variable at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The value of `name`; set but empty counts as unset, as the storage vendors' tools have it.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All variables whose name begins with `prefix`, by name.
    pub fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(move |(name, value)| name.starts_with(prefix) && !value.is_empty())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// No values: that is where secrets live.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}
