//! Test clocks: customers that live in a time of their own.

use http::Method;
use serde_json::json;

use super::{
    cycle,
    refusal::{Refusal, Result},
    request::Request,
    subscriptions,
    world::World,
};

const KIND: &str = "test_helpers.test_clock";

/// A clock is kept this long.
const KEPT: i64 = 30 * 86_400;

pub(super) fn write(world: &mut World, request: &Request, path: &[&str]) -> Result {
    let params = &request.params;
    let is_post = request.method == Method::POST;
    let frozen = || -> Result<i64> {
        params.required("frozen_time")?;
        Ok(params.count("frozen_time")?.unwrap_or_default())
    };
    match path {
        [] if is_post => {
            let clock = json!({
                "deletes_after": world.now() + KEPT,
                "frozen_time": frozen()?,
                "name": params.given("name"),
                "status": "ready",
                "status_details": {},
            });
            let id = world.add("clock", KIND, clock);
            world.told("test_helpers.test_clock.created", &id)
        }
        [id, "advance"] if is_post => advance(world, id, frozen()?),
        [id] if request.method == Method::DELETE => {
            world.alive(KIND, id)?;
            forget(world, id);
            world.event("test_helpers.test_clock.deleted", id);
            Ok(world.delete(KIND, id))
        }
        _ => Err(Refusal::unknown_path(request)),
    }
}

/// Moves a clock on. It is done with it when it answers, but says `advancing`, as Stripe does.
fn advance(world: &mut World, id: &str, to: i64) -> Result {
    let now = world.alive(KIND, id)?["frozen_time"].as_i64();
    if now.is_some_and(|now| to <= now) {
        let rule = "must be later than the time of the clock";
        return Err(Refusal::param("parameter_invalid", "frozen_time", rule));
    }
    let status = json!({"advancing": {"target_frozen_time": to}});
    world.set(id, json!({"status": "advancing", "status_details": status}));
    let answer = world.told("test_helpers.test_clock.advancing", id)?;
    cycle::run(world, Some(id), to);
    world.freeze(None);
    world.set(
        id,
        json!({"status": "ready", "status_details": {}, "frozen_time": to}),
    );
    world.event("test_helpers.test_clock.ready", id);
    Ok(answer)
}

/// Its customers go with it, and their subscriptions.
fn forget(world: &mut World, clock: &str) {
    let stands = |id: &String| world.get(id).is_some_and(|at| at["test_clock"] == clock);
    let all = |kind: &str| -> Vec<String> {
        let ids = world.ids(kind).into_iter();
        ids.filter(stands).collect()
    };
    let (customers, running) = (all("customer"), all("subscription"));
    for id in running {
        if world.get(&id).is_some_and(|at| at["ended_at"].is_null()) {
            subscriptions::cancel(world, &id, "cancellation_requested");
        }
    }
    for id in customers {
        world.event("customer.deleted", &id);
        world.delete("customer", &id);
    }
}
