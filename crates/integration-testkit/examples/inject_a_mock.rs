//! An application whose payment service can be swapped: the real one in `main`, mocks in tests.
//!
//! Run it with `cargo run -p integration-testkit --features mocks --example inject_a_mock`.

use std::io::Write;

use integration_core::{Error, ErrorKind, Result, http::Client};
use integration_testkit::{Reply, ScriptedServer};

/// What the application needs of a payment service, in the words of the application.
///
/// Tests mock this trait and not the client: they say what payments do, not how HTTP looks.
#[cfg_attr(test, mockall::automock)]
trait Payments {
    /// Charges an order once, however often it is asked, and returns the id of the charge.
    fn charge(&self, order: &str, cents: i64) -> impl Future<Output = Result<String>> + Send;
}

/// The application. It takes its payments from outside and cannot tell which they are.
struct Checkout<P> {
    payments: P,
}

/// What became of an order.
#[derive(Debug, PartialEq, Eq)]
enum Order {
    Paid {
        charge: String,
    },
    /// The payment service is down: the order is kept and charged later.
    Kept,
}

impl<P: Payments> Checkout<P> {
    fn new(payments: P) -> Self {
        Self { payments }
    }

    async fn pay(&self, order: &str, cents: i64) -> Result<Order> {
        match self.payments.charge(order, cents).await {
            Ok(charge) => Ok(Order::Paid { charge }),
            Err(error) if error.kind() == ErrorKind::Unavailable => Ok(Order::Kept),
            Err(error) => Err(error),
        }
    }
}

/// The real payments: a client with deadline, retries and circuit breaker.
struct HttpPayments {
    client: Client,
}

impl HttpPayments {
    fn new(client: Client) -> Self {
        Self { client }
    }
}

impl Payments for HttpPayments {
    async fn charge(&self, order: &str, cents: i64) -> Result<String> {
        let charge: serde_json::Value = self
            .client
            .post("/v1/charges")
            .idempotency_key(order)
            .json(&serde_json::json!({ "order": order, "amount": cents }))
            .send()
            .await?
            .json()?;
        match charge["id"].as_str() {
            Some(id) => Ok(id.to_owned()),
            None => Err(Error::new(ErrorKind::Decode, "payments.charge")),
        }
    }
}

/// Everything is put together here and nowhere else.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In earnest this is the address of the service; here it fails once and then charges.
    let service = ScriptedServer::replies([Reply::status(503), Reply::ok(r#"{"id":"ch_1"}"#)]);
    let service = service.await?;
    let client = Client::standard(&service.url(""))?.build()?;
    let checkout = Checkout::new(HttpPayments::new(client));
    let order = checkout.pay("order-7", 1999).await?;
    writeln!(
        std::io::stdout(),
        "{order:?} after {} attempts",
        service.count()
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use integration_testkit::mocks::{MockTransport, answer, failure};
    use mockall::{Sequence, predicate::eq};

    use super::*;

    #[test]
    fn the_program_runs() {
        main().unwrap();
    }

    /// The first way: the application alone, its payments mocked.
    #[tokio::test]
    async fn an_order_is_kept_while_payments_are_down() {
        let mut payments = MockPayments::new();
        let down = || Error::new(ErrorKind::Unavailable, "payments.charge");
        payments
            .expect_charge()
            .with(eq("order-7"), eq(1999))
            .times(1)
            .returning(move |_, _| Box::pin(async move { Err(down()) }));
        let order = Checkout::new(payments).pay("order-7", 1999).await.unwrap();
        assert_eq!(order, Order::Kept);
    }

    fn checkout(transport: MockTransport) -> Checkout<HttpPayments> {
        let client = Client::standard("http://127.0.0.1").unwrap();
        let client = client.transport(transport).build().unwrap();
        Checkout::new(HttpPayments::new(client))
    }

    /// The second way: the real client with all its policies, only the wire mocked.
    #[tokio::test(start_paused = true)]
    async fn a_charge_is_sent_again_with_the_same_key() {
        let (mut transport, mut order) = (MockTransport::new(), Sequence::new());
        for attempt in 0..3 {
            transport
                .expect_send()
                .withf(|request| request.headers["idempotency-key"] == "order-7")
                .times(1)
                .in_sequence(&mut order)
                .returning(move |_| match attempt {
                    0 => failure(ErrorKind::ConnectionReset),
                    1 => answer(503, ""),
                    _ => answer(200, r#"{"id":"ch_1"}"#),
                });
        }
        let paid = checkout(transport).pay("order-7", 1999).await.unwrap();
        let charge = "ch_1".to_owned();
        assert_eq!(paid, Order::Paid { charge });
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_charge_is_sent_once() {
        let mut transport = MockTransport::new();
        let refused = |_: &_| answer(402, r#"{"error":"card_declined"}"#);
        transport.expect_send().times(1).returning(refused);
        let error = checkout(transport).pay("order-7", 1999).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::QuotaExhausted);
    }
}
