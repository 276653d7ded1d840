//! async-stripe in a workspace of its own, so that no package of ours depends on it.

use std::{io, path::Path};

use super::programs::Program;

/// The one version that figures are compared with.
const VERSION: &str = "=1.0.0-rc.10";

/// Its packages; those of nouns come first, and have a feature `full` each.
const PACKAGES: [&str; 17] = [
    "async-stripe-billing",
    "async-stripe-checkout",
    "async-stripe-connect",
    "async-stripe-core",
    "async-stripe-fraud",
    "async-stripe-issuing",
    "async-stripe-misc",
    "async-stripe-payment",
    "async-stripe-product",
    "async-stripe-reserve",
    "async-stripe-terminal",
    "async-stripe-treasury",
    "async-stripe-webhook",
    "async-stripe",
    "async-stripe-client-core",
    "async-stripe-shared",
    "async-stripe-types",
];
const NOUNS: usize = 13;

/// Those that are there without the feature `everything`.
const LEAST: [&str; 2] = ["async-stripe-core", "async-stripe-webhook"];

/// The least that is of use: a payment intent is made, a webhook is read. It speaks TLS
/// with the crates that ours does.
const MAIN: &str = r#"//! A payment intent and a webhook.

use stripe_core::payment_intent::CreatePaymentIntent;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let variable = |name: &str| std::env::var(name);
    let client = stripe::Client::new(variable("STRIPE_SECRET_KEY")?);
    let intent = CreatePaymentIntent::new(1200, stripe_types::Currency::USD);
    println!("{}", intent.send(&client).await?.id);
    let (body, header) = (variable("BODY")?, variable("HEADER")?);
    let event = stripe_webhook::Webhook::construct_event(&body, &header, &variable("SECRET")?)?;
    println!("{}", event.id);
    Ok(())
}
"#;

/// Lays the program out.
pub(super) fn program(root: &Path, folder: &Path) -> io::Result<Program> {
    let program = Program {
        folder: folder.to_owned(),
        package: "peer-hello",
        counted: &PACKAGES,
        counts: |name| name == "stripe" || name.starts_with("stripe_"),
    };
    program.lay_out(root, &manifest(), MAIN)?;
    Ok(program)
}

fn manifest() -> String {
    let mut everything = Vec::new();
    let mut optional = String::new();
    for noun in PACKAGES.iter().take(NOUNS) {
        everything.push(format!("\"{noun}/full\""));
        if !LEAST.contains(noun) {
            optional += &format!("{noun} = {{ version = \"{VERSION}\", optional = true }}\n");
        }
    }
    format!(
        "[features]\neverything = [{}]\n\n[dependencies]\n\
         async-stripe = {{ version = \"{VERSION}\", default-features = false, features = [\"rustls-ring\", \"rustls-tls-webpki-roots\"] }}\n\
         async-stripe-core = {{ version = \"{VERSION}\", features = [\"payment_intent\"] }}\n\
         async-stripe-types = \"{VERSION}\"\n\
         async-stripe-webhook = {{ version = \"{VERSION}\", features = [\"async-stripe-core\"] }}\n{optional}\
         tokio = {{ workspace = true, features = [\"rt-multi-thread\", \"macros\"] }}\n",
        everything.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_has_two_nouns_and_everything_all() {
        let manifest: toml::Table = manifest().parse().unwrap();
        let everything = manifest["features"]["everything"].as_array().unwrap();
        assert_eq!(everything.len(), NOUNS);
        let dependencies = manifest["dependencies"].as_table().unwrap();
        let is_optional = |name: &&&str| dependencies[**name].get("optional").is_some();
        let nouns = PACKAGES[..NOUNS].iter();
        assert_eq!(nouns.filter(is_optional).count(), NOUNS - LEAST.len());
    }
}
