//! Subscribes a customer with a free trial, and waits until it is paid for.
//!
//! Run: `STRIPE_SECRET_KEY=sk_test_.. cargo run -p integration-stripe --features full --example
//! subscription_with_trial`. It needs no waiting: the customer lives on a test clock, which the
//! example moves on by two weeks.

use std::{
    io::{self, Write},
    time::Duration,
};

use integration_stripe::{
    Client, Config,
    resources::{
        AdvanceTestHelperTestClock, CreateCustomer, CreatePrice, CreateSubscription,
        CreateTestHelperTestClock, CustomerInvoiceSettingsParams, ItemsParams, PlanInterval,
        PriceRecurringParams, ProductParams, Subscription, TestHelpersTestClockStatus,
    },
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const TRIAL_DAYS: i64 = 14;

/// A clock needs this many looks at most, a second each, until it stands where it was told to.
const LOOKS: u32 = 60;

#[tokio::main]
async fn main() -> Result<()> {
    // No real money, whatever key is set.
    let client = Client::new(Config::from_env()?.test_mode_only()?)?;
    let began = integration_core::Clock::unix(&integration_core::SystemClock).as_secs();
    run(&client, i64::try_from(began)?, &mut io::stdout()).await
}

async fn run(client: &Client, began: i64, out: &mut impl Write) -> Result<()> {
    let clock = CreateTestHelperTestClock::new(began).name("a trial");
    let clocks = client.test_helpers().test_clocks();
    let clock = clocks.create(&clock).send().await?;
    let clock = clock.id().ok_or("a clock without an id")?.to_owned();

    let card = "pm_card_visa";
    let customer = CreateCustomer::new()
        .email("jenny@example.com")
        .test_clock(&*clock)
        .payment_method(card)
        .invoice_settings(CustomerInvoiceSettingsParams::new().default_payment_method(card));
    let customer = client.customers().create(&customer).send().await?;
    let price = CreatePrice::new("eur")
        .unit_amount(900)
        .recurring(PriceRecurringParams::new(PlanInterval::Month))
        .product_data(ProductParams::new("Seat"));
    let price = client.prices().create(&price).send().await?;

    let wanted = CreateSubscription::new()
        .customer(customer.id().unwrap_or_default())
        .items([ItemsParams::new()
            .price(price.id().unwrap_or_default())
            .quantity(2)])
        .trial_period_days(TRIAL_DAYS);
    let subscription = client.subscriptions().create(&wanted).send().await?;
    tell(out, &subscription)?;

    // What an application learns from `customer.subscription.updated` and `invoice.paid`.
    let end = AdvanceTestHelperTestClock::new(began + TRIAL_DAYS * 86_400 + 3_700);
    client
        .test_helpers()
        .test_clocks()
        .advance(&clock, &end)
        .send()
        .await?;
    for _ in 0..LOOKS {
        let now = client
            .test_helpers()
            .test_clocks()
            .retrieve(&clock)
            .send()
            .await?;
        if now.status() == Some(TestHelpersTestClockStatus::Ready) {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let id = subscription.id().unwrap_or_default();
    let subscription = client.subscriptions().retrieve(id);
    let subscription = subscription.expand("latest_invoice").send().await?;
    tell(out, &subscription)?;
    let invoice = subscription.latest_invoice().and_then(|at| at.object());
    let paid = invoice.and_then(|invoice| invoice.amount_paid());
    writeln!(out, "paid: {}", paid.unwrap_or_default())?;
    // The customer and the subscription go with the clock.
    client
        .test_helpers()
        .test_clocks()
        .delete(&clock)
        .send()
        .await?;
    Ok(())
}

fn tell(out: &mut impl Write, subscription: &Subscription) -> io::Result<()> {
    let status = subscription.status();
    let status = status
        .as_ref()
        .map_or("without a status", |status| status.as_str());
    match subscription.trial_end() {
        Some(end) if status == "trialing" => writeln!(out, "{status} until {end}"),
        _ => writeln!(out, "{status}"),
    }
}

#[cfg(test)]
mod tests {
    use integration_testkit::stripe::FakeStripe;

    use super::*;

    #[tokio::test]
    async fn the_trial_is_free_and_what_follows_is_paid() {
        let fake = FakeStripe::start().await.unwrap();
        let key = "sk_test_1".to_owned().into();
        let client = Client::new(Config::new(key).with_base_url(fake.url())).unwrap();
        let mut out = Vec::new();
        run(&client, 1_700_000_000, &mut out).await.unwrap();
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out, "trialing until 1701209600\nactive\npaid: 1800\n");
        assert_eq!(fake.objects("charge")[0]["created"], 1_701_209_600);
        assert_eq!(fake.objects("subscription")[0]["status"], "canceled");
    }
}
