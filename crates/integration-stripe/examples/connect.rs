//! Charges on behalf of a connected account, with a fee for the platform.
//!
//! Run: `STRIPE_SECRET_KEY=sk_test_.. cargo run -p integration-stripe --example connect acct_..`.

use std::io::{self, Write};

use integration_stripe::{
    Client, Config, ErrorKind,
    resources::{CreatePaymentIntent, ListPaymentIntents},
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    // No real money, whatever key is set.
    let platform = Client::new(Config::from_env()?.test_mode_only()?)?;
    let account = std::env::args().nth(1).ok_or("give an account, acct_..")?;
    run(&platform, &account, &mut io::stdout()).await
}

async fn run(platform: &Client, account: &str, out: &mut impl Write) -> Result<()> {
    // It shares connections, limits and breaker with the client of the platform.
    let connected = platform.for_account(account);
    let order = CreatePaymentIntent::new(1200, "eur")
        .payment_method("pm_card_visa")
        .payment_method_types(["card"])
        .application_fee_amount(120)
        .confirm(true);
    match connected.payment_intents().create(&order).send().await {
        Ok(intent) => writeln!(out, "paid to {account}: {:?}", intent.id())?,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            writeln!(out, "{account} is not connected to this platform")?;
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    }
    for (whose, client) in [(account, &connected), ("the platform", platform)] {
        let list = client
            .payment_intents()
            .list(&ListPaymentIntents::new().limit(3));
        let count = list.send().await?.data().count();
        writeln!(out, "latest payments of {whose}: {count}")?;
    }
    // One call may act for another account than its client.
    let list = platform
        .payment_intents()
        .list(&ListPaymentIntents::new().limit(1));
    let count = list.account(account).send().await?.data().count();
    writeln!(out, "seen by the platform's client: {count}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use integration_testkit::stripe::FakeStripe;

    use super::*;

    async fn said(fake: &FakeStripe) -> String {
        let key = "sk_test_1".to_owned().into();
        let client = Client::new(Config::new(key).with_base_url(fake.url())).unwrap();
        let mut out = Vec::new();
        run(&client, "acct_1", &mut out).await.unwrap();
        String::from_utf8(out).unwrap()
    }

    #[tokio::test]
    async fn the_money_is_the_accounts() {
        let fake = FakeStripe::start().await.unwrap();
        fake.connect("acct_1");
        let said = said(&fake).await;
        let lines: Vec<&str> = said.lines().collect();
        assert!(lines[0].starts_with("paid to acct_1: Some(\"pi_"), "{said}");
        assert_eq!(
            lines[1..],
            [
                "latest payments of acct_1: 1",
                "latest payments of the platform: 0",
                "seen by the platform's client: 1",
            ]
        );
        let intent = &fake.objects_of("acct_1", "payment_intent")[0];
        assert_eq!(intent["application_fee_amount"], 120);
        assert!(fake.objects("charge").is_empty());
    }

    #[tokio::test]
    async fn an_account_that_is_not_connected_is_said_to_be_so() {
        let fake = FakeStripe::start().await.unwrap();
        assert_eq!(
            said(&fake).await,
            "acct_1 is not connected to this platform\n"
        );
    }
}
