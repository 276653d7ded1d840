//! What `integration-gateway.toml` and the environment say.

mod env;
mod environment;
mod file;
mod keys;
mod load;
mod model;
mod nearest;
mod origin;
mod resolved;
mod route;
mod secret;
mod section;
mod source;
#[cfg(test)]
mod tests;

pub use self::{
    env::ENV,
    environment::{Environment, PREFIX},
    load::{DEFAULT_FILE, Given, MAX_FILE_BYTES},
    model::{
        Commit, Config, DeliveryConfig, LimitsConfig, RetentionConfig, RouteConfig, STORE_FILE,
        SourceConfig, StoreConfig,
    },
    origin::Origins,
    route::MAX_ROUTES,
    secret::secret_named_by,
};
