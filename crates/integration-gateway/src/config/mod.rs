//! What `integration-gateway.toml` and the environment say.

mod model;

pub use self::model::{
    Commit, Config, DeliveryConfig, LimitsConfig, RetentionConfig, RouteConfig, SourceConfig,
    StoreConfig,
};
