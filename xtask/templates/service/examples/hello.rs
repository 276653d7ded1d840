//! Reads one item. Run: `{{NAME}}_API_KEY=.. cargo run -p integration-{{name}} --example hello`.
#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use integration_{{snake}}::{Client, Config, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let client = Client::new(Config::from_env()?)?;
    let item = client.items().get("item_1").await?;
    println!("{}", item.id);
    Ok(())
}
