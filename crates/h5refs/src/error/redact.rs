//! What may be secret of a location, and how it is kept out of everything that is shown.

/// Schemes whose authority is `container@account`, which is no secret.
const CONTAINERS: [&str; 7] = ["abfs", "abfss", "adl", "az", "azure", "wasb", "wasbs"];

/// Schemes of keys, in which `?` and `#` are characters like any other.
const KEYS: [&str; 12] =
    ["abfs", "abfss", "adl", "az", "azure", "file", "gcs", "gs", "s3", "s3a", "wasb", "wasbs"];

/// What signed URLs have in their queries. None of these is found in a key by chance.
const SIGNATURES: [&str; 7] = [
    "awsaccesskeyid=",
    "googleaccessid=",
    "x-amz-credential=",
    "x-amz-security-token=",
    "x-amz-signature=",
    "x-goog-credential=",
    "x-goog-signature=",
];

/// Other schemes that are known for one without their slashes: `https:me:secret@host`.
const OTHERS: [&str; 4] = ["ftp", "http", "https", "sftp"];

/// A location fit for messages and logs: without users and passwords, query strings and fragments, in every URL
/// of a chain (`simplecache::https://...`), also in one that is misspelled.
///
/// In locations of object stores what looks like these may belong to the key (`s3://bucket/what?.h5`), or name
/// the account (`abfss://container@account...`): there a query goes only if it is one of a signed URL, a user only
/// with a password.
pub fn redact(location: &str) -> String {
    let Some(Begun { scheme, lead, rest }) = Begun::of(location) else {
        return location[..signature(location).unwrap_or(location.len())].to_owned();
    };
    let lead = match lead.rfind('@') {
        // A user before the scheme.
        Some(at) => &lead[at + 1..],
        None => lead,
    };
    let (rest, more) = link(rest);
    let rest = shown(&scheme, rest);
    let more = more.map(|more| format!("::{}", redact(more))).unwrap_or_default();
    format!("{lead}{rest}{more}")
}

/// A text with every location in it [redacted](redact).
pub fn scrub(text: &str) -> String {
    let is_between = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>');
    let scrubbed = text.split_inclusive(is_between).map(|word| {
        let end = word.trim_end_matches(|c| is_between(c) || ":;,.)".contains(c)).len();
        match word.contains(':') || word.contains('?') {
            true => redact(&word[..end]) + &word[end..],
            false => word.to_owned(),
        }
    });
    scrubbed.collect()
}

/// A text that has a URL in it, cut where its host, or what stands for it, begins.
struct Begun<'a> {
    /// In lower case.
    scheme: String,
    lead: &'a str,
    rest: &'a str,
}

impl<'a> Begun<'a> {
    /// The first that is one, or was meant to be.
    fn of(text: &'a str) -> Option<Self> {
        Self::with_colon(text).or_else(|| Self::without_colon(text))
    }

    /// `https://`, or less: `https:me:secret@host`, `https: //host`.
    fn with_colon(text: &'a str) -> Option<Self> {
        let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let is_slash = |c: char| matches!(c, '/' | '\\') || c.is_whitespace();
        text.match_indices(':').find_map(|(colon, _)| {
            let before = &text[..colon];
            let scheme = before[before.trim_end_matches(is_scheme).len()..].to_ascii_lowercase();
            let after = &text[colon + 1..];
            let slashes = after.len() - after.trim_start_matches(is_slash).len();
            let is_url = after.starts_with("//");
            let is_known = KEYS.contains(&&*scheme) || OTHERS.contains(&&*scheme);
            let host = match (is_url, &*scheme) {
                // A path of this machine may begin with a slash, or several.
                (true, "file") => 2,
                (false, "file") => 0,
                _ if is_url || is_known => slashes,
                _ => return None,
            };
            let (lead, rest) = text.split_at(colon + 1 + host);
            Some(Self { scheme, lead, rest })
        })
    }

    /// `//host`, `https//host`, `https;//host`.
    fn without_colon(text: &'a str) -> Option<Self> {
        let slashes = text.find("//")?;
        let before = text[..slashes].trim_end_matches(|c: char| c == ';' || c.is_whitespace());
        let scheme = before.to_ascii_lowercase();
        let is_known = KEYS.contains(&&*scheme) || OTHERS.contains(&&*scheme);
        let (lead, rest) = text.split_at(slashes + 2);
        (is_known || scheme.is_empty()).then_some(Self { scheme, lead, rest })
    }
}

/// A URL that begins a chain, and the rest of the chain.
fn link(rest: &str) -> (&str, Option<&str>) {
    let mut from = 0;
    while let Some(at) = rest[from..].find("::").map(|at| from + at) {
        let next = &rest[at + 2..];
        let scheme = next.find("://").map_or("", |end| &next[..end]);
        if !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return (&rest[..at], Some(next));
        }
        from = at + 2;
    }
    (rest, None)
}

/// What comes after `://`, less what may be secret. By hand, for a URL too broken to parse must not leak either.
fn shown<'a>(scheme: &str, all: &'a str) -> &'a str {
    let names_host = scheme != "file" || !all.starts_with(['/', '\\']);
    let end = match KEYS.contains(&scheme) && (scheme != "file" || !names_host) {
        true => signature(all),
        false => all.find(['?', '#']),
    };
    let rest = &all[..end.unwrap_or(all.len())];
    let slash = rest.find('/').unwrap_or(rest.len());
    let authority = &rest[..slash];
    match authority.rsplit_once('@') {
        Some((user, _)) if CONTAINERS.contains(&scheme) && !user.contains(':') => rest,
        Some((user, _)) => &rest[user.len() + 1..],
        // No port and no host: a password with a slash in it, as Amazon's secrets have them.
        None if !is_host(authority) => match rest.find('@') {
            Some(at) => shown(scheme, &rest[at + 1..]),
            // Or with a question mark in it.
            None if all.contains('@') => "",
            None => rest,
        },
        None => rest,
    }
}

/// Whether it can be a host, or a bucket: what is behind a colon is a port.
fn is_host(authority: &str) -> bool {
    let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
    authority.starts_with('[') || port.bytes().all(|b| b.is_ascii_digit())
}

/// Where the query of a signed URL begins.
fn signature(text: &str) -> Option<usize> {
    let start = text.find('?')?;
    let query = text[start..].to_ascii_lowercase();
    let azure = query.contains("sig=") && query.contains("sv=");
    (azure || SIGNATURES.iter().any(|name| query.contains(name))).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_a_url_are_not_shown() {
        let shown = "https://host:8443/a%20b.h5";
        assert_eq!(redact("https://me:secret@host:8443/a%20b.h5?X-Amz-Signature=1#f"), shown);
        assert_eq!(redact("HTTP://u@h?sig=1"), "HTTP://h");
        assert_eq!(redact("https://me:s@cret@host/x"), "https://host/x");
        assert_eq!(redact("https://me:se/cr@et@host/x"), "https://host/x");
        assert_eq!(redact("https://[::1]:80/x@y?z"), "https://[::1]:80/x@y");
        assert_eq!(redact("https://"), "https://");
        assert_eq!(redact("webdav://u:p@host/x?token=1"), "webdav://host/x");
    }

    #[test]
    fn nor_those_of_a_misspelled_url() {
        for (misspelled, shown) in [
            ("http:/u:p@h/x", "http:/h/x"),
            ("https:u:p@h", "https:h"),
            ("https:///u:p@h/x?sig=1", "https:///h/x"),
            ("HTTPS:\\\\u:p@h\\x", "HTTPS:\\\\h\\x"),
            ("https://u:p?w@h/x", "https://"),
            ("file://u:p@h/x?sig=1", "file://h/x"),
            ("s3:/KEY:SECRET@b/k", "s3:/b/k"),
            ("s3:///KEY:SEC/RET@b/k", "s3:///b/k"),
            ("gs:KEY:SECRET@b/k", "gs:b/k"),
            ("u:p@https://h/x", "https://h/x"),
            ("http:/u:p@h/x?to=https://u:p@h/", "http:/h/x"),
            ("simplecache::https:/u:p@h/x", "simplecache::https:/h/x"),
            ("https//u:p@h/x", "https//h/x"),
            ("https;//u:p@h/x?sig=1", "https;//h/x"),
            ("//u:p@h/x", "//h/x"),
        ] {
            assert_eq!(redact(misspelled), shown, "{misspelled}");
            // Of a file there is none who could be sent a password.
            let is_file = misspelled.starts_with("file:");
            let spaced = |text: &str| text.replacen("//", if is_file { "//" } else { " //" }, 1);
            assert_eq!(redact(&spaced(misspelled)), spaced(shown), "{misspelled}");
            assert_eq!(
                scrub(&format!("no {misspelled}, \"{misspelled}\"")),
                format!("no {shown}, \"{shown}\"")
            );
        }
    }

    #[test]
    fn nor_those_of_other_schemes() {
        assert_eq!(redact("s3://KEY:secret@bucket/k?.h5"), "s3://bucket/k?.h5");
        assert_eq!(redact("s3://KEY:sec/r+et@bucket/a@b.h5"), "s3://bucket/a@b.h5");
        assert_eq!(redact("s3://b/k?X-Amz-Credential=A&x=1"), "s3://b/k");
        assert_eq!(redact("az://c/k?sv=2020&sig=abc"), "az://c/k");
        assert_eq!(
            redact("abfss://c:key@a.dfs.core.windows.net/x"),
            "abfss://a.dfs.core.windows.net/x"
        );
        assert_eq!(redact("/bucket/k?AWSAccessKeyId=A&Signature=B"), "/bucket/k");
    }

    #[test]
    fn nor_those_of_chains() {
        assert_eq!(redact("simplecache::http://u:p@h/x?sig=1"), "simplecache::http://h/x");
        assert_eq!(
            redact("zip://a?b::https://u:p@h/x?y::s3://K:s@b/k"),
            "zip://a::https://h/x::s3://b/k"
        );
        assert_eq!(redact("a::b::s3://b/c::d.h5"), "a::b::s3://b/c::d.h5");
    }

    #[test]
    fn keys_and_containers_are_not_secrets() {
        for location in [
            "s3://b/what?.h5",
            "s3://b/a@b:c.h5",
            "s3://b/token=3/x?y=1#z.h5",
            "abfss://c@a.dfs.core.windows.net/x",
            "dir/é#1.h5",
            "é",
            "file:///a@b:c/d?e",
            "file:/a@b:c/d?e",
            "dir/u:p@h",
            "C:\\a?b",
        ] {
            assert_eq!(redact(location), location);
        }
    }

    #[test]
    fn texts_keep_their_form() {
        let text =
            "GET  \"https://u:p@h/x?sig=1\": no (s3://K:s@b/k), /k?X-Amz-Signature=1; why?\n";
        let shown = "GET  \"https://h/x\": no (s3://b/k), /k; why?\n";
        assert_eq!(scrub(text), shown);
        assert_eq!(scrub(shown), shown);
        assert_eq!(scrub(""), "");
    }
}
