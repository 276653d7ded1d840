//! Charges a card that may be declined, and says what the payer can do.
//!
//! Run: `STRIPE_SECRET_KEY=sk_test_.. cargo run -p integration-stripe --example declined_card`, with
//! another test card as argument, such as `pm_card_visa` or `pm_card_authenticationRequired`.

use std::io::{self, Write};

use integration_stripe::{
    Client, Config, StripeError,
    resources::{CreatePaymentIntent, PaymentIntentStatus},
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    // No real money, whatever key is set.
    let client = Client::new(Config::from_env()?.test_mode_only()?)?;
    let card = std::env::args().nth(1);
    let card = card.unwrap_or_else(|| "pm_card_visa_chargeDeclinedInsufficientFunds".to_owned());
    pay(&client, &card, &mut io::stdout()).await
}

async fn pay(client: &Client, card: &str, out: &mut impl Write) -> Result<()> {
    let order = CreatePaymentIntent::new(1200, "eur")
        .payment_method(card)
        .payment_method_types(["card"])
        .confirm(true)
        .metadata([("order", "6735")]);
    // Without a key of ours one is made up, and kept over all attempts of this call. A key made of
    // the order would also bind the next run of the program.
    match client.payment_intents().create(&order).send().await {
        Ok(intent) => match intent.status() {
            Some(PaymentIntentStatus::Succeeded) => writeln!(out, "paid: {:?}", intent.id())?,
            Some(PaymentIntentStatus::RequiresAction) => {
                writeln!(out, "the payer must authenticate: {:?}", intent.id())?;
            }
            other => writeln!(out, "not paid yet: {other:?}")?,
        },
        Err(error) => match error.provider::<StripeError>() {
            Some(declined) if declined.is_card_error() => writeln!(out, "{}", advice(declined))?,
            _ => return Err(error.into()),
        },
    }
    Ok(())
}

/// What to say to the payer.
fn advice(declined: &StripeError) -> &str {
    match (declined.advice_code(), declined.decline_code()) {
        (Some("do_not_try_again"), _) | (_, Some("lost_card" | "stolen_card")) => {
            // Why is nobody's business but the issuer's.
            "This card cannot be used. Please use another one."
        }
        (Some("confirm_card_data"), _) => "Please check number, date and security code.",
        (_, Some("insufficient_funds")) => "This card lacks funds. Please use another one.",
        _ => declined.user_text().unwrap_or("Your card was declined."),
    }
}

#[cfg(test)]
mod tests {
    use integration_testkit::stripe::FakeStripe;

    use super::*;

    #[tokio::test]
    async fn each_card_gets_its_advice() {
        let fake = FakeStripe::start().await.unwrap();
        let key = "sk_test_1".to_owned().into();
        let client = Client::new(Config::new(key).with_base_url(fake.url())).unwrap();
        for (card, said) in [
            ("pm_card_visa", "paid: Some(\"pi_"),
            (
                "pm_card_authenticationRequired",
                "the payer must authenticate",
            ),
            (
                "pm_card_visa_chargeDeclinedInsufficientFunds",
                "This card lacks funds.",
            ),
            (
                "pm_card_visa_chargeDeclinedStolenCard",
                "This card cannot be used.",
            ),
            (
                "pm_card_chargeDeclinedExpiredCard",
                "Your card was declined.",
            ),
        ] {
            let mut out = Vec::new();
            pay(&client, card, &mut out).await.unwrap();
            let out = String::from_utf8(out).unwrap();
            assert!(out.starts_with(said), "{card}: {out}");
        }
        assert!(pay(&client, "pm_unknown", &mut Vec::new()).await.is_err());
    }
}
