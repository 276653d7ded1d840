//! The fake Stripe, called as any program may call it.

mod accounts;
mod billing;
mod catalog;
mod checkout;
mod faults;
mod lists;
mod setup;

use http::Method;
use integration_core::http::Client;
use integration_testkit::stripe::FakeStripe;
use serde_json::Value;

/// A fake, and calls of it.
pub(crate) struct Api {
    pub(crate) fake: FakeStripe,
    client: Client,
    headers: Vec<(&'static str, String)>,
}

impl Api {
    pub(crate) async fn start() -> Self {
        let client = Client::builder()
            .operation_prefix("stripe")
            .build()
            .unwrap();
        Self {
            fake: FakeStripe::start().await.unwrap(),
            client,
            headers: Vec::new(),
        }
    }

    /// Sends this header with all calls from now on.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.fake.url());
        let mut call = self.client.request(method, &url);
        call = call.bearer(&"sk_test_1".to_owned().into()).any_status();
        for (name, value) in &self.headers {
            call = call.header(*name, value);
        }
        let answer = call.body(body.to_owned()).send().await.unwrap();
        let value = serde_json::from_slice(answer.body()).unwrap();
        (answer.status().as_u16(), value)
    }

    /// What a write is answered, which must succeed.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Value {
        let (status, value) = self.call(Method::POST, path, body).await;
        assert_eq!(status, 200, "{path} {body}: {value}");
        value
    }

    /// Status and code that a write is refused with.
    pub(crate) async fn refused(&self, path: &str, body: &str) -> (u16, String) {
        let (status, value) = self.call(Method::POST, path, body).await;
        assert_ne!(status, 200, "{path} {body}: {value}");
        let code = value["error"]["code"].as_str().unwrap_or_default();
        (status, code.to_owned())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, value) = self.call(Method::GET, path, "").await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    pub(crate) async fn delete(&self, path: &str) -> Value {
        let (status, value) = self.call(Method::DELETE, path, "").await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    /// The types of all events of the platform, oldest first.
    pub(crate) fn events(&self) -> Vec<String> {
        let events = self.fake.objects("event");
        events.iter().map(|event| text(event, "type")).collect()
    }

    /// A customer with a card to pay by default.
    pub(crate) async fn payer(&self, card: &str, more: &str) -> String {
        let body = format!(
            "email=jenny@example.com&payment_method={card}\
             &invoice_settings[default_payment_method]={card}{more}"
        );
        text(&self.post("/v1/customers", &body).await, "id")
    }

    /// A price of a product of its own.
    pub(crate) async fn price(&self, amount: i64, more: &str) -> String {
        let body = format!("currency=eur&unit_amount={amount}&product_data[name]=Seat{more}");
        text(&self.post("/v1/prices", &body).await, "id")
    }
}

pub(crate) fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn ids(list: &Value) -> Vec<String> {
    let data = list["data"].as_array().unwrap();
    data.iter().map(|object| text(object, "id")).collect()
}
