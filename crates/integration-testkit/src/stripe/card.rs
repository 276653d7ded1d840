//! Test cards, and what becomes of a payment with them.

/// What a card does when it is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Succeeds,
    /// Code and decline code.
    Declined(&'static str, &'static str),
    /// Can be kept with a customer, and is declined when it is charged.
    DeclinedWhenCharged,
    /// Needs 3-D Secure, then succeeds.
    Authenticates,
    /// Needs 3-D Secure, then is declined all the same.
    AuthenticatesInVain,
}

/// A card that Stripe documents for tests.
#[derive(Debug)]
pub(super) struct TestCard {
    pub(super) number: &'static str,
    /// The payment method that stands for it.
    pub(super) name: &'static str,
    pub(super) brand: &'static str,
    pub(super) outcome: Outcome,
}

const fn card(
    number: &'static str,
    name: &'static str,
    brand: &'static str,
    outcome: Outcome,
) -> TestCard {
    TestCard {
        number,
        name,
        brand,
        outcome,
    }
}

#[rustfmt::skip]
const CARDS: &[TestCard] = {
    use Outcome::{Authenticates, AuthenticatesInVain, Declined, DeclinedWhenCharged, Succeeds};
    &[
        card("4242424242424242", "pm_card_visa", "visa", Succeeds),
        card("5555555555554444", "pm_card_mastercard", "mastercard", Succeeds),
        card("378282246310005", "pm_card_amex", "amex", Succeeds),
        card("4000000000000002", "pm_card_visa_chargeDeclined", "visa", Declined("card_declined", "generic_decline")),
        card("4000000000009995", "pm_card_visa_chargeDeclinedInsufficientFunds", "visa", Declined("card_declined", "insufficient_funds")),
        card("4000000000009987", "pm_card_visa_chargeDeclinedLostCard", "visa", Declined("card_declined", "lost_card")),
        card("4000000000009979", "pm_card_visa_chargeDeclinedStolenCard", "visa", Declined("card_declined", "stolen_card")),
        card("4000000000000069", "pm_card_chargeDeclinedExpiredCard", "visa", Declined("expired_card", "expired_card")),
        card("4000000000000127", "pm_card_chargeDeclinedIncorrectCvc", "visa", Declined("incorrect_cvc", "incorrect_cvc")),
        card("4000000000000119", "pm_card_chargeDeclinedProcessingError", "visa", Declined("processing_error", "processing_error")),
        card("4000000000000341", "pm_card_chargeCustomerFail", "visa", DeclinedWhenCharged),
        card("4000002760003184", "pm_card_authenticationRequired", "visa", Authenticates),
        card("4000008400001629", "pm_card_threeDSecureRequiredChargeDeclined", "visa", AuthenticatesInVain),
    ]
};

/// Finds a card by its number, or by the payment method that stands for it.
pub(super) fn find(what: &str) -> Option<&'static TestCard> {
    CARDS
        .iter()
        .find(|card| card.number == what || card.name == what)
}
