//! The profiles of Amazon's tools: `~/.aws/credentials` and `~/.aws/config`.
//!
//! Keys, region and endpoint are read. Profiles that make keys by other means (SSO, a role, a program) are
//! recognised, and the error says how to hand their keys over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::source::options::{Environment, Secret, SourceOptions};

/// A profile: its settings from both files, those of `credentials` first.
#[derive(Default)]
pub(super) struct Profile {
    name: String,
    settings: BTreeMap<String, String>,
}

/// Long-lived or session keys.
pub(super) struct Keys {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: Secret,
    pub(super) session_token: Option<Secret>,
}

impl Profile {
    /// The profile of the options, of `AWS_PROFILE`, or `default`; an empty one if there is no `default`.
    ///
    /// # Errors
    /// `Usage` if a profile was named and there is none of that name.
    pub(super) fn load(options: &SourceOptions) -> Result<Self> {
        let environment = &options.environment;
        let named = options.profile.as_deref().or_else(|| environment.var("AWS_PROFILE"));
        let name = named.unwrap_or("default");
        let read = |variable, file| {
            let path = path(environment, variable, file)?;
            std::fs::read_to_string(path).ok()
        };
        let config = read("AWS_CONFIG_FILE", "config");
        let credentials = read("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let long = format!("profile {name}");
        let mut found = false;
        let mut settings = BTreeMap::new();
        for (text, section) in [(&config, long.as_str()), (&config, name), (&credentials, name)] {
            // In `config` only the default profile goes without the word.
            if section == name && std::ptr::eq(text, &config) && name != "default" {
                continue;
            }
            if let Some(more) = text.as_deref().and_then(|text| read_section(text, section)) {
                found = true;
                settings.extend(more);
            }
        }
        match named {
            Some(name) if !found => {
                let reason = "no such profile in the AWS configuration files";
                Err(Error::usage(&format!("AWS profile {name:?}"), reason))
            }
            _ => Ok(Self { name: name.to_owned(), settings }),
        }
    }

    /// The profile's keys, `None` if it says nothing about credentials.
    ///
    /// # Errors
    /// `Usage` if the profile makes keys by means that are not spoken here.
    pub(super) fn keys(&self) -> Result<Option<Keys>> {
        let text = |name| self.setting(name).map(str::to_owned);
        if let (Some(access_key_id), Some(secret)) =
            (text("aws_access_key_id"), text("aws_secret_access_key"))
        {
            let session_token = text("aws_session_token").map(Secret::from);
            let secret_access_key = Secret::from(secret);
            return Ok(Some(Keys { access_key_id, secret_access_key, session_token }));
        }
        let means = [
            ("sso_session", "single sign-on"),
            ("sso_start_url", "single sign-on"),
            ("role_arn", "a role"),
            ("credential_process", "a program"),
            ("login_session", "a console login"),
        ];
        match means.iter().find(|(setting, _)| self.setting(setting).is_some()) {
            None => Ok(None),
            Some((_, means)) => {
                let name = &self.name;
                let reason = format!(
                    "its keys come from {means}, which is not supported; run `eval \"$(aws configure \
                     export-credentials --profile {name} --format env)\"` first"
                );
                Err(Error::usage(&format!("AWS profile {name:?}"), reason))
            }
        }
    }

    pub(super) fn region(&self) -> Option<&str> {
        self.setting("region")
    }

    pub(super) fn endpoint(&self) -> Option<&str> {
        self.setting("endpoint_url")
    }

    fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

fn path(environment: &Environment, variable: &str, file: &str) -> Option<PathBuf> {
    if let Some(path) = environment.var(variable) {
        return Some(PathBuf::from(path));
    }
    let home = environment.var("HOME").or_else(|| environment.var("USERPROFILE"))?;
    Some(Path::new(home).join(".aws").join(file))
}

/// The settings of one section; `None` if there is no such section. Sections of the same name add up.
fn read_section(text: &str, section: &str) -> Option<BTreeMap<String, String>> {
    let mut settings = None;
    let mut inside = false;
    for line in text.lines() {
        let indented = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            // "profile  x" is the same as "profile x".
            inside = name.split_whitespace().eq(section.split_whitespace());
            if inside {
                settings.get_or_insert_with(BTreeMap::new);
            }
        } else if let (true, false, Some((name, value))) = (inside, indented, line.split_once('='))
        {
            let value = value.split(" #").next().unwrap_or_default().trim();
            let settings = settings.get_or_insert_with(BTreeMap::new);
            settings.insert(name.trim().to_ascii_lowercase(), value.to_owned());
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "# a comment\n[default]\nregion=eu-west-1\n[profile  lab]\nregion = us-west-2 # there\n\
                          s3 =\n  endpoint_url = http://nested\n[profile sso]\nsso_session = x\n";
    const CREDENTIALS: &str = "[lab]\naws_access_key_id = AK\naws_secret_access_key = a=b/c+\n";

    fn load(profile: Option<&str>, environment: &[(&str, &str)]) -> Result<Profile> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".aws")).unwrap();
        std::fs::write(dir.path().join(".aws/config"), CONFIG).unwrap();
        std::fs::write(dir.path().join(".aws/credentials"), CREDENTIALS).unwrap();
        let home = [("HOME", dir.path().to_str().unwrap())];
        let options = SourceOptions {
            environment: home.iter().chain(environment).copied().collect(),
            profile: profile.map(str::to_owned),
            ..SourceOptions::default()
        };
        Profile::load(&options)
    }

    #[test]
    fn both_files_make_a_profile() {
        let lab = load(None, &[("AWS_PROFILE", "lab")]).unwrap();
        let keys = lab.keys().unwrap().unwrap();
        assert_eq!(
            (keys.access_key_id.as_str(), keys.secret_access_key.expose()),
            ("AK", "a=b/c+")
        );
        assert_eq!((lab.region(), lab.endpoint()), (Some("us-west-2"), None));
        let default = load(None, &[]).unwrap();
        assert_eq!(default.region(), Some("eu-west-1"));
        assert!(default.keys().unwrap().is_none());
    }

    #[test]
    fn the_options_go_before_the_environment() {
        let lab = load(Some("lab"), &[("AWS_PROFILE", "sso")]).unwrap();
        assert_eq!(lab.name, "lab");
    }

    #[test]
    fn a_profile_that_does_not_exist_is_an_error_if_named() {
        assert!(load(Some("gone"), &[]).is_err_and(|error| error.is_usage()));
        let nowhere = [
            ("AWS_CONFIG_FILE", "/nonexistent/a"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/b"),
        ];
        assert!(load(None, &nowhere).unwrap().keys().unwrap().is_none());
    }

    #[test]
    fn single_sign_on_says_what_to_do() {
        let error = load(Some("sso"), &[]).unwrap().keys().err().unwrap();
        assert!(error.to_string().contains("export-credentials --profile sso"), "{error}");
    }
}
