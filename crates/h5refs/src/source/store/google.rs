//! Google Cloud Storage.
//!
//! Credentials are found as Google's tools find them: `GOOGLE_*` variables, application default credentials
//! (a service account or `gcloud auth application-default login`), the instance's own account.

use std::sync::Arc;
use std::time::Duration;

use object_store::gcp::GoogleCloudStorageBuilder;

use super::Store;
use super::connector::Connector;
use crate::error::Result;
use crate::source::crypto::Signing;
use crate::source::options::SourceOptions;

/// The longest the look for credentials may take: as with S3, the address asked may never answer.
const WITHIN: Duration = Duration::from_secs(5);

/// The bucket `bucket`.
///
/// # Errors
/// `Usage` for options that make no sense, `Storage` if there are no credentials.
pub(super) async fn connect(
    location: &str,
    bucket: &str,
    connector: Connector,
    options: &SourceOptions,
) -> Result<Arc<dyn Store>> {
    let environment = &options.environment;
    let anonymous = options.anonymous || environment.var("GOOGLE_SKIP_SIGNATURE") == Some("true");
    let mut builder = GoogleCloudStorageBuilder::new();
    if let Some(path) = environment.var("SERVICE_ACCOUNT") {
        builder = builder.with_service_account_path(path);
    }
    for (name, value) in environment.with_prefix("GOOGLE_") {
        if let Ok(key) = name.to_ascii_lowercase().parse() {
            builder = builder.with_config(key, value);
        }
    }
    if let Some(endpoint) = super::endpoint(options)? {
        builder = builder.with_base_url(endpoint);
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
        let hint =
            "set GOOGLE_APPLICATION_CREDENTIALS or run `gcloud auth application-default login`";
        super::authenticate(location, store.credentials().as_ref(), WITHIN, hint).await?;
    }
    Ok(Arc::new(store))
}
