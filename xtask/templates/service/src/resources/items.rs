//! Items.

use integration_core::{Error, ErrorKind, Result, http::Method};
use serde::Deserialize;

use crate::Client;

/// The calls about items.
#[derive(Clone, Copy, Debug)]
pub struct Items<'a> {
    pub(crate) client: &'a Client,
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Item {
    /// The identifier: letters, digits and `_`.
    pub id: String,
}

impl Items<'_> {
    /// Reads one item.
    ///
    /// Wire: `GET /v1/items/{id}`. Safe, so it is retried. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is no such item, [`ErrorKind::Unauthenticated`] for a bad
    /// key, [`ErrorKind::Serialize`] when `id` holds anything but letters, digits and `_`.
    ///
    /// [API reference](https://docs.example.com/items/get)
    pub async fn get(&self, id: &str) -> Result<Item> {
        const OPERATION: &str = "{{name}}.items.get";
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if id.is_empty() || !id.bytes().all(plain) {
            return Err(Error::new(ErrorKind::Serialize, OPERATION)
                .with_message("`id` holds other characters than letters, digits and `_`"));
        }
        let path = format!("/v1/items/{id}");
        self.client.send(OPERATION, Method::GET, &path).await
    }
}
