//! Items.

use integration_core::{
    Result, http,
    page::{BoxPages, Cursor, Page, boxed_pages},
};
use serde::{Deserialize, Serialize};

/// The calls about items.
#[derive(Clone, Copy, Debug)]
pub struct Items<'a> {
    pub(crate) http: &'a http::Client,
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Item {
    /// The identifier.
    pub id: String,
}

#[derive(Deserialize)]
struct List {
    items: Vec<Item>,
    next: Option<String>,
}

impl Items<'_> {
    /// Reads one item: `GET /v1/items/{id}`, which is retried.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is no such item.
    ///
    /// [API reference](https://docs.example.com/items/get)
    pub async fn get(&self, id: &str) -> Result<Item> {
        const OPERATION: &str = "{{name}}.items.get";
        let path = format!("/v1/items/{}", http::path_part(OPERATION, id)?);
        let response = self.http.get(&path).operation(OPERATION).send().await?;
        response.json()
    }

    /// Creates an item: `POST /v1/items`. Has an idempotency key, so it is retried.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::QuotaExhausted`](crate::ErrorKind::QuotaExhausted) when no more may be made.
    ///
    /// [API reference](https://docs.example.com/items/create)
    pub async fn create(&self, name: &str) -> Result<Item> {
        let call = self.http.post("/v1/items").operation("{{name}}.items.create");
        let body = std::collections::BTreeMap::from([("name", name)]);
        call.json(&body).send().await?.json()
    }

    /// Reads all items as a file: `GET /v1/items/export`, streamed as it comes.
    ///
    /// [API reference](https://docs.example.com/items/export)
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`](crate::ErrorKind); what breaks after the head is told by the stream.
    pub async fn export(&self) -> Result<http::StreamingResponse> {
        let call = self.http.get("/v1/items/export").operation("{{name}}.items.export");
        call.send_streaming().await
    }

    /// Lists all items: `GET /v1/items`, page by page as far as it is read.
    ///
    /// [API reference](https://docs.example.com/items/list)
    #[must_use]
    pub fn list(&self) -> BoxPages<Item> {
        let http = self.http.clone();
        boxed_pages(None, move |after: Option<Cursor>| {
            let call = http.get("/v1/items").operation("{{name}}.items.list");
            let call = call.query(after.iter().map(|after| ("after", after.as_str())));
            async move {
                let List { items, next } = call.send().await?.json()?;
                Ok(Page::new(items, next.map(Cursor::from)))
            }
        })
    }
}
