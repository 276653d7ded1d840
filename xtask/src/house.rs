//! Which crate is what.

use crate::tree::Tree;

/// Crates that are no client of one service, so that each has a shape of its own.
const INFRASTRUCTURE: [&str; 7] = [
    "integration-core",
    "integration-events",
    "integration-gateway",
    "integration-jwt",
    "integration-oauth",
    "integration-testkit",
    "integration-webhooks",
];

/// Tells the client of a service from the crates it stands on.
pub(crate) fn is_service(name: &str) -> bool {
    !INFRASTRUCTURE.contains(&name)
}

/// The crates that are clients of a service.
pub(crate) fn services(tree: &Tree) -> impl Iterator<Item = &str> {
    tree.crates().into_iter().filter(|name| is_service(name))
}
