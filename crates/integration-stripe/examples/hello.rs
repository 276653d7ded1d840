//! Reads three customers. Run: `STRIPE_SECRET_KEY=.. cargo run -p integration-stripe --example hello`.
#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use integration_stripe::{Client, Config, Result, resources::ListCustomers};

#[tokio::main]
async fn main() -> Result<()> {
    let client = Client::new(Config::from_env()?)?;
    let customers = client.customers().list(&ListCustomers::new().limit(3));
    for customer in customers.send().await?.data() {
        println!("{:?}", customer.id());
    }
    Ok(())
}
