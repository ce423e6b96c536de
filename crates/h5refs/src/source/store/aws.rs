//! Amazon S3, and everything that speaks its protocol.
//!
//! Credentials are found in the order of Amazon's own tools: a profile named in the options, `AWS_*` variables,
//! web identity, the profile of `~/.aws`, the container's role, the instance's role.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use reqwest::StatusCode;

use super::Store;
use super::connector::Connector;
use super::profile::Profile;
use crate::error::{Error, Result, one_line};
use crate::source::crypto::Signing;
use crate::source::options::SourceOptions;

/// The longest the look for credentials may take. On an instance the answer comes in milliseconds; elsewhere
/// the address asked may never answer at all, and nobody shall wait long for that.
const WITHIN: Duration = Duration::from_secs(5);

/// The variables that are credentials; they belong together and are never mixed with a profile's.
const KEYS: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

/// The bucket `bucket`.
///
/// # Errors
/// `Usage` for options that make no sense, `Storage` if there are no credentials or no such bucket.
pub(super) async fn connect(
    location: &str,
    bucket: &str,
    connector: Connector,
    options: &SourceOptions,
) -> Result<Arc<dyn Store>> {
    let environment = &options.environment;
    let anonymous = options.anonymous || environment.var("AWS_SKIP_SIGNATURE") == Some("true");
    let profile = Profile::load(options)?;
    let own_keys =
        options.profile.is_none() && KEYS.iter().any(|name| environment.var(name).is_some());

    let mut builder = AmazonS3Builder::new();
    for (name, value) in environment.with_prefix("AWS_") {
        if let Ok(key) = name.to_ascii_lowercase().parse()
            && (own_keys || !KEYS.contains(&name))
        {
            builder = builder.with_config(key, value);
        }
    }
    if !own_keys && !anonymous {
        builder = with_keys(builder, &profile)?;
    }
    // Before those of the environment, and those before the profile's.
    if let Some(endpoint) = super::endpoint(options)? {
        builder = builder.with_config(AmazonS3ConfigKey::S3Endpoint, endpoint);
    } else if let Some(endpoint) = profile.endpoint()
        && builder.get_config_value(&AmazonS3ConfigKey::Endpoint).is_none()
    {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = region(location, bucket, &connector, &builder, &profile, options).await? {
        builder = builder.with_region(region);
    }

    let store = builder
        .with_bucket_name(bucket)
        .with_skip_signature(anonymous)
        .with_http_connector(connector)
        .with_crypto_provider(Arc::new(Signing))
        .with_retry(super::retry(options))
        .build()
        .map_err(|error| super::misconfigured(location, &error))?;
    if !anonymous {
        let hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE";
        super::authenticate(location, store.credentials().as_ref(), WITHIN, hint).await?;
    }
    Ok(Arc::new(store))
}

/// Adds the profile's keys, if it has any.
fn with_keys(builder: AmazonS3Builder, profile: &Profile) -> Result<AmazonS3Builder> {
    let Some(keys) = profile.keys()? else { return Ok(builder) };
    let builder = builder
        .with_access_key_id(keys.access_key_id)
        .with_secret_access_key(keys.secret_access_key.expose());
    Ok(match keys.session_token {
        Some(token) => builder.with_token(token.expose()),
        None => builder,
    })
}

/// The region to sign for: as told, else as the bucket itself says.
async fn region(
    location: &str,
    bucket: &str,
    connector: &Connector,
    builder: &AmazonS3Builder,
    profile: &Profile,
    options: &SourceOptions,
) -> Result<Option<String>> {
    let environment = &options.environment;
    let told = options
        .region
        .as_deref()
        .or_else(|| environment.var("AWS_REGION"))
        .or_else(|| environment.var("AWS_DEFAULT_REGION"))
        .or_else(|| profile.region());
    let elsewhere = [AmazonS3ConfigKey::Endpoint, AmazonS3ConfigKey::S3Endpoint]
        .iter()
        .any(|key| builder.get_config_value(key).is_some());
    match told {
        Some(region) => Ok(Some(region.to_owned())),
        // Other services take any region; the library's default is as good as another.
        None if elsewhere => Ok(None),
        None => ask_region(location, bucket, connector).await,
    }
}

/// Asks S3 for the region of a bucket, which it tells anybody, with or without permission to read.
///
/// Of no answer nothing is made: the read will fail with the better reason, or succeed.
async fn ask_region(location: &str, bucket: &str, connector: &Connector) -> Result<Option<String>> {
    // The certificate covers one label below s3.amazonaws.com.
    let url = if bucket.contains('.') {
        format!("https://s3.amazonaws.com/{bucket}")
    } else {
        format!("https://{bucket}.s3.amazonaws.com/")
    };
    let mut on_wire = connector.traffic.enter().await;
    on_wire.send(false);
    let response = match connector.client.head(url).send().await {
        Ok(response) => response,
        Err(error) => {
            let error = error.without_url();
            tracing::debug!(error = one_line(&error), bucket, "the bucket's region is not known");
            return Ok(None);
        }
    };
    on_wire.answered();
    if response.status() == StatusCode::NOT_FOUND {
        return Err(Error::refused(location, format!("not found: no bucket {bucket:?}")));
    }
    let region =
        response.headers().get("x-amz-bucket-region").and_then(|value| value.to_str().ok());
    Ok(region.map(str::to_owned))
}
