//! Which noun a request is about.

use http::Method;
use serde_json::Value;

use super::{
    catalog, checkout, clocks, customers, intents, invoices, list, notifications, refunds,
    refusal::{Refusal, Result},
    request::Request,
    search, setup, subscriptions,
    world::World,
};

/// Nouns of the paths, and the `object` of what they hold.
const KINDS: [(&str, &str); 15] = [
    ("accounts", "account"),
    ("charges", "charge"),
    ("checkout/sessions", "checkout.session"),
    ("customers", "customer"),
    ("events", "event"),
    ("invoice_payments", "invoice_payment"),
    ("invoices", "invoice"),
    ("payment_intents", "payment_intent"),
    ("payment_methods", "payment_method"),
    ("prices", "price"),
    ("products", "product"),
    ("refunds", "refund"),
    ("setup_intents", "setup_intent"),
    ("subscriptions", "subscription"),
    ("test_helpers/test_clocks", "test_helpers.test_clock"),
];

/// The noun of the path to an `object`.
pub(super) fn noun_of(kind: &str) -> Option<&'static str> {
    let found = KINDS.iter().find(|(_, name)| *name == kind);
    found.map(|(noun, _)| *noun)
}

/// Executes a request of which the ledger is known.
pub(super) fn dispatch(world: &mut World, request: &Request) -> Result {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    if request.version == "v2" {
        return notifications::dispatch(world, request, &path);
    }
    let (noun, rest): (String, &[&str]) = match path.as_slice() {
        [group @ ("checkout" | "test_helpers"), noun, rest @ ..] => {
            (format!("{group}/{noun}"), rest)
        }
        [noun, rest @ ..] => ((*noun).to_owned(), rest),
        [] => return Err(Refusal::unknown_path(request)),
    };
    match request.method {
        Method::GET => read(world, request, &noun, rest),
        _ => write(world, request, &noun, rest),
    }
}

fn read(world: &World, request: &Request, noun: &str, rest: &[&str]) -> Result {
    let params = &request.params;
    if (noun, rest) == ("subscription_items", &[]) {
        return subscriptions::items(world, params);
    }
    let kind = KINDS.iter().find(|(name, _)| *name == noun);
    let Some((_, kind)) = kind else {
        return Err(Refusal::unknown_path(request));
    };
    match (noun, rest) {
        (_, []) => list::list(world, noun, kind, params),
        (_, ["search"]) => search::search(world, noun, kind, params)
            .unwrap_or_else(|| Err(Refusal::unknown_path(request))),
        (_, [id]) => world.find(kind, id).cloned(),
        ("checkout/sessions", [id, "line_items"]) => inner(world, kind, id, "_line_items"),
        ("customers", [id, "payment_methods"]) => {
            world.alive(kind, id)?;
            let params = params.clone().with("customer", id);
            list::list(world, "payment_methods", "payment_method", &params)
        }
        ("invoices", [id, "lines"]) => inner(world, kind, id, "lines"),
        _ => Err(Refusal::unknown_path(request)),
    }
}

fn inner(world: &World, kind: &str, id: &str, name: &str) -> Result<Value> {
    Ok(world.find(kind, id)?[name].clone())
}

fn write(world: &mut World, request: &Request, noun: &str, rest: &[&str]) -> Result {
    match noun {
        "checkout/sessions" => checkout::write(world, request, rest),
        "customers" | "payment_methods" => customers::write(world, request, noun, rest),
        "invoices" => invoices::write(world, request, rest),
        "payment_intents" => intents::write(world, request, rest),
        "prices" | "products" => catalog::write(world, request, noun, rest),
        "refunds" if rest.is_empty() && request.method == Method::POST => {
            refunds::create(world, &request.params)
        }
        "setup_intents" => setup::write(world, request, rest),
        "subscriptions" => subscriptions::write(world, request, rest),
        "test_helpers/test_clocks" => clocks::write(world, request, rest),
        _ => Err(Refusal::unknown_path(request)),
    }
}
