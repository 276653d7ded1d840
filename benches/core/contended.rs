//! One policy that two threads use at the same time, beside one thread on its own.
//!
//! The figures are those of one thread: a policy that scales costs the same in both rows. A thread
//! that sleeps at a lock takes no processor time, so the wall clock is shown too. Where other work
//! takes a core away the threads meet less often, and the second row looks better than it is.

use std::sync::Arc;

use integration_benches::{
    row::{Row, Run},
    table::{Table, Unit},
};
use tower::Layer as _;

use crate::{
    fused::{self, Echo},
    policies,
};

pub(crate) fn table() -> Table {
    let mut table = Table::new("shared by two threads", Unit::Nanos).with_wall();
    pair(
        &mut table,
        "breaker",
        || policies::breaker(100),
        |shared| Box::new(policies::guard(Arc::clone(shared), 0)),
    );
    pair(&mut table, "recloser", policies::recloser, |shared| {
        Box::new(policies::reclose(shared))
    });
    pair(&mut table, "limiter", policies::limit, |shared| {
        Box::new(policies::admit(Arc::clone(shared)))
    });
    pair(&mut table, "governor", policies::governor, |shared| {
        Box::new(policies::check(shared))
    });
    pair(&mut table, "ResilienceLayer", fused::layer, |shared| {
        fused::drive(|| shared.layer(Echo))
    });
    table
}

/// Two rows, each with a policy of its own; `make` is what one thread does with it.
fn pair<T: Send + Sync + 'static>(
    table: &mut Table,
    name: &str,
    share: fn() -> T,
    make: fn(&T) -> Box<Run>,
) {
    table.add(Row::new(format!("{name}, one thread"), make(&share())));
    let shared = share();
    let make = move || make(&shared);
    table.add(Row::on_two_threads(format!("{name}, two threads"), make));
}
