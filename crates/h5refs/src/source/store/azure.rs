//! Azure Blob Storage and Data Lake Storage.
//!
//! Credentials are found in `AZURE_*` variables (key, SAS, service principal, workload identity, command line
//! with `AZURE_USE_AZURE_CLI=true`), else the machine's managed identity is asked. The account comes from the
//! URL (`abfss://container@account.dfs.core.windows.net/path`) or from `AZURE_STORAGE_ACCOUNT_NAME`.

use std::sync::Arc;
use std::time::Duration;

use object_store::azure::MicrosoftAzureBuilder;

use super::Store;
use super::connector::Connector;
use crate::error::Result;
use crate::source::crypto::Signing;
use crate::source::options::SourceOptions;

/// The longest the look for credentials may take. Azure's command line takes seconds.
const WITHIN: Duration = Duration::from_secs(15);

/// The container that `base` (scheme and authority of the URL) names.
///
/// # Errors
/// `Usage` for options that make no sense or no account, `Storage` if there are no credentials.
pub(super) async fn connect(
    location: &str,
    base: &str,
    connector: Connector,
    options: &SourceOptions,
) -> Result<Arc<dyn Store>> {
    let environment = &options.environment;
    let anonymous = options.anonymous || environment.var("AZURE_SKIP_SIGNATURE") == Some("true");
    let mut builder = MicrosoftAzureBuilder::new();
    for (name, value) in environment.with_prefix("AZURE_") {
        if let Ok(key) = name.to_ascii_lowercase().parse() {
            builder = builder.with_config(key, value);
        }
    }
    if let Some(endpoint) = environment.var("IDENTITY_ENDPOINT") {
        builder = builder.with_msi_endpoint(endpoint);
    }
    if let Some(endpoint) = super::endpoint(options)? {
        builder = builder.with_endpoint(endpoint.to_owned());
    }
    let store = builder
        .with_url(format!("{base}/"))
        .with_skip_signature(anonymous)
        .with_http_connector(connector)
        .with_crypto_provider(Arc::new(Signing))
        .with_retry(super::retry(options))
        .build()
        .map_err(|error| super::misconfigured(location, &error))?;
    if !anonymous {
        let hint =
            "set AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_USE_AZURE_CLI=true";
        super::authenticate(location, store.credentials().as_ref(), WITHIN, hint).await?;
    }
    Ok(Arc::new(store))
}
