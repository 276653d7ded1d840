//! All tables, in the order in which they are printed.

use std::net::SocketAddr;

use integration_benches::table::Table;

use crate::{contended, fused, policies, sse, wire};

pub(crate) fn all(server: SocketAddr) -> Vec<Table> {
    let mut tables = vec![
        policies::table(),
        fused::table(),
        contended::table(),
        wire::table(server, 1),
        wire::table(server, wire::MANY),
        wire::streamed(server, 1),
        wire::streamed(server, wire::MANY),
    ];
    tables.extend(sse::tables());
    tables
}
