//! What time brings: trials that end, periods that begin, subscriptions and sessions that expire.

use serde_json::{Value, json};

use super::{checkout, invoices, plan, subscriptions, world::World};

/// Steps that one move of the time takes at most.
const MAX_STEPS: usize = 10_000;

const HOUR: i64 = 3_600;

/// A first payment may be late by this much.
const PATIENCE: i64 = 23 * HOUR;

/// The end of a trial is told this much earlier.
const NOTICE: i64 = 3 * 24 * HOUR;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Its first payment never came.
    Expire,
    /// The trial ends soon.
    Warn,
    Cancel,
    Renew,
    /// A session of checkout is too old.
    Close,
}

/// Takes all steps up to a time, oldest first, of what stands on a test clock, or on none.
pub(super) fn run(world: &mut World, clock: Option<&str>, until: i64) {
    for _ in 0..MAX_STEPS {
        let Some((at, id, step)) = next(world, clock).filter(|(at, ..)| *at <= until) else {
            return;
        };
        world.freeze(Some(at));
        match step {
            Step::Expire => expire(world, &id),
            Step::Warn => {
                world.set(&id, json!({"_is_warned": true}));
                world.event("customer.subscription.trial_will_end", &id);
            }
            Step::Cancel => subscriptions::cancel(world, &id, "cancellation_requested"),
            Step::Renew => renew(world, &id),
            Step::Close => checkout::close(world, &id),
        }
    }
}

fn next(world: &World, clock: Option<&str>) -> Option<(i64, String, Step)> {
    let stands = |object: &&Value| object["test_clock"].as_str() == clock;
    let due = |(object, (at, step)): (&Value, (i64, Step))| {
        object["id"].as_str().map(|id| (at, id.to_owned(), step))
    };
    let subscriptions = world.of_kind("subscription").filter(stands);
    let subscriptions = subscriptions.filter_map(|at| step_of(at).map(|step| (at, step)));
    let sessions = world.of_kind("checkout.session").filter(stands);
    let sessions = sessions.filter(|session| session["status"] == "open");
    let sessions = sessions.filter_map(|at| Some((at, (at["expires_at"].as_i64()?, Step::Close))));
    subscriptions
        .chain(sessions)
        .filter_map(due)
        .min_by_key(|(at, ..)| *at)
}

fn step_of(subscription: &Value) -> Option<(i64, Step)> {
    let time = |name: &str| subscription[name].as_i64();
    let status = subscription["status"].as_str()?;
    if status == "incomplete" {
        return Some((time("created")? + PATIENCE, Step::Expire));
    }
    if !["trialing", "active", "past_due"].contains(&status) {
        return None;
    }
    let warned = subscription["_is_warned"] == true || status != "trialing";
    let warn = time("trial_end").filter(|_| !warned);
    // Of two steps at one time the first is taken.
    let steps = [
        warn.map(|end| (end - NOTICE, Step::Warn)),
        time("cancel_at").map(|at| (at, Step::Cancel)),
        plan::period_end(subscription).map(|end| (end, Step::Renew)),
    ];
    steps.into_iter().flatten().min_by_key(|(at, _)| *at)
}

fn expire(world: &mut World, id: &str) {
    let Some(before) = world.get(id).cloned() else {
        return;
    };
    let now = world.now();
    world.set(id, json!({"status": "incomplete_expired", "ended_at": now}));
    if let Some(invoice) = before["latest_invoice"].as_str() {
        world.set(invoice, json!({"status": "void"}));
        world.event("invoice.voided", invoice);
    }
    world.changed("customer.subscription.updated", id, &before);
}

/// Begins the next period, which ends a trial, and asks for its money.
pub(super) fn renew(world: &mut World, id: &str) {
    let Some(before) = world.get(id).cloned() else {
        return;
    };
    let is_trial = before["status"] == "trialing";
    let method = subscriptions::method_of(world, id);
    let is_automatic = before["collection_method"] == "charge_automatically";
    let behavior = &before["trial_settings"]["end_behavior"]["missing_payment_method"];
    if is_trial && is_automatic && method.is_none() {
        match behavior.as_str() {
            Some("cancel") => return subscriptions::cancel(world, id, "payment_failed"),
            Some("pause") => {
                world.set(id, json!({"status": "paused"}));
                world.event("customer.subscription.paused", id);
                return;
            }
            _ => {}
        }
    }
    let start = plan::period_end(&before).unwrap_or_default();
    begin_period(world, id, &before, start);
}

/// Begins a period now, after a pause.
pub(super) fn resume(world: &mut World, id: &str) {
    let now = world.now();
    world.set(id, json!({"billing_cycle_anchor": now}));
    if let Some(before) = world.get(id).cloned() {
        begin_period(world, id, &before, now);
        world.event("customer.subscription.resumed", id);
    }
}

fn begin_period(world: &mut World, id: &str, before: &Value, start: i64) {
    let end = subscriptions::next_end(before, start);
    if let Some(at) = world.get_mut(id) {
        plan::set_period(at, Some(start), end);
        if matches!(at["status"].as_str(), Some("trialing" | "paused")) {
            at["status"] = json!("active");
        }
    }
    let invoice = invoices::bill(world, id, "subscription_cycle", false);
    world.changed("customer.subscription.updated", id, before);
    let is_automatic = before["collection_method"] == "charge_automatically";
    let method = subscriptions::method_of(world, id).filter(|_| is_automatic);
    let is_asked = invoices::collect(world, &invoice, method.as_deref(), true);
    // A decline has made it past due already; without a method there was none to decline.
    if is_asked.is_ok() && is_automatic && method.is_none() {
        let is_open = world.get(&invoice).is_some_and(|at| at["status"] == "open");
        if is_open {
            subscriptions::is_unpaid(world, id);
        }
    }
}
