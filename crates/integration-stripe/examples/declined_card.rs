//! Charges a card that may be declined, and says what the payer can do.
//!
//! Run: `STRIPE_SECRET_KEY=sk_test_.. cargo run -p integration-stripe --example declined_card`, with
//! another test card as argument, such as `pm_card_visa` or `pm_card_authenticationRequired`.
#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use integration_stripe::{
    Client, Config, Result, StripeError,
    resources::{CreatePaymentIntent, PaymentIntentStatus},
};

#[tokio::main]
async fn main() -> Result<()> {
    // No real money, whatever key is set.
    let client = Client::new(Config::from_env()?.test_mode_only()?)?;
    let card = std::env::args().nth(1);
    let card = card.unwrap_or_else(|| "pm_card_visa_chargeDeclinedInsufficientFunds".to_owned());
    let order = CreatePaymentIntent::new(1200, "eur")
        .payment_method(card)
        .payment_method_types(["card"])
        .confirm(true)
        .metadata([("order", "6735")]);
    // Without a key of ours one is made up, and kept over all attempts of this call. A key made of
    // the order would also bind the next run of the program.
    match client.payment_intents().create(&order).send().await {
        Ok(intent) => match intent.status() {
            Some(PaymentIntentStatus::Succeeded) => println!("paid: {:?}", intent.id()),
            Some(PaymentIntentStatus::RequiresAction) => {
                println!("the payer must authenticate: {:?}", intent.id());
            }
            other => println!("not paid yet: {other:?}"),
        },
        Err(error) => match error.provider::<StripeError>() {
            Some(declined) if declined.is_card_error() => println!("{}", advice(declined)),
            _ => return Err(error),
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
