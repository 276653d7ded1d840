//! One policy that two threads use at the same time, beside one thread on its own.
//!
//! The figure is that of one thread: a policy that scales costs the same in both rows. Where other
//! work takes a core away the threads meet less often, and the second row looks better than it is.

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
    let mut table = Table::new("shared by two threads", Unit::Nanos);
    let breaker = policies::breaker(100);
    pair(&mut table, "breaker", move || {
        Box::new(policies::guard(breaker.clone(), 0))
    });
    let recloser = policies::recloser();
    pair(&mut table, "recloser", move || {
        Box::new(policies::reclose(&recloser))
    });
    let limit = policies::limit();
    pair(&mut table, "limiter", move || {
        Box::new(policies::admit(limit.clone()))
    });
    let governor = policies::governor();
    pair(&mut table, "governor", move || {
        Box::new(policies::check(&governor))
    });
    let layer = fused::layer();
    pair(&mut table, "ResilienceLayer", move || {
        fused::drive(|| layer.layer(Echo))
    });
    table
}

fn pair(table: &mut Table, name: &str, make: impl Fn() -> Box<Run> + Sync + 'static) {
    table.add(Row::new(format!("{name}, one thread"), make()));
    table.add(Row::on_two_threads(format!("{name}, two threads"), make));
}
