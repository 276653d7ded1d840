//! Reads items, with everything switched on: settings of a file and the environment, log, metrics, health.
//!
//! Run: `{{NAME}}_API_KEY=.. cargo run -p integration-{{name}} --example hello`.
#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use std::sync::Arc;

use integration_core::{
    health::{HealthConfig, HealthRegistry},
    observe::{MetricsObserver, Observers, TracingObserver},
    resilience::Preset,
    settings::Settings,
};
use integration_{{snake}}::{Client, Config, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let health = HealthRegistry::new(HealthConfig::default())?;
    let observers = Observers::new()
        .with(Arc::new(TracingObserver::new()))
        .with(Arc::new(MetricsObserver::new()))
        .with(Arc::new(health.observer()));
    let settings = Settings::from_toml("[{{name}}]\nretry.max_attempts = 4")?;
    let settings = settings.service("{{name}}", Preset::Standard)?;
    let builder = Client::builder(&Config::from_env()?)?
        .settings(&settings)
        .observer(Arc::new(observers));
    let client = Client::from_builder(builder)?;

    let mut items = client.items().list().items();
    while let Some(item) = items.next().await {
        println!("{}", item?.id);
    }
    println!("{:?}", health.snapshot());
    Ok(())
}
