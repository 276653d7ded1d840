//! One module a noun of the provider's reference, in its order.

mod items;

pub use self::items::{Item, Items};
