//! The store, beside a running gateway or without one.

use integration_core::{Error, ErrorKind, Result};
use integration_events::{SqliteConfig, SqliteStore};

use super::Common;
use crate::config::{Config, Environment};

/// Opens the store of the configuration, which the gateway must have made before.
///
/// Secrets are not read: whoever looks after the store need not have them.
pub(super) fn open(common: &Common, environment: &Environment) -> Result<SqliteStore> {
    let config = Config::load_without_secrets(&common.given(), environment)?;
    let path = config.store_path();
    if !path.exists() {
        let message = format!(
            "there is nothing yet: {} is made when the gateway first runs; is data_dir, or \
             --data-dir, the right folder?",
            path.display()
        );
        return Err(Error::new(ErrorKind::NotFound, "gateway.store").with_message(message));
    }
    let store = SqliteConfig::default()
        .with_synchronous_full(config.store.is_synchronous_full)
        .with_max_bytes(config.store.max_bytes)
        .with_readers(1);
    SqliteStore::open(path, store)
}
