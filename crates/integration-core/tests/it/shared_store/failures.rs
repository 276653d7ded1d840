//! What goes wrong with a Redis.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use integration_core::{
    Backoff, Clock, ErrorKind, FastRng, SecretString, SystemClock,
    rate_limit::Quota,
    retry_budget::RetryBudgetConfig,
    shared_store::{
        Demands, Fleet, FleetConfig, FleetEvent, FleetHealth, Reason, RedisConfig, RedisStore,
        SharedStore, Verdict,
    },
};
use tokio::{io::AsyncWriteExt, net::TcpListener};

use super::server::Redis;

const CANARY: &str = "canary-9f3b";
const BOUND: Duration = Duration::from_millis(200);

type Told = Arc<Mutex<Vec<String>>>;

/// A member that waits for the store no longer than [`BOUND`], and all that it told.
fn member(store: RedisStore) -> (Fleet, Told) {
    let told = Told::default();
    let ear = told.clone();
    let retry = Backoff::exponential(Duration::from_millis(20), Duration::from_millis(50));
    let config = FleetConfig::new(1).with_timeout(BOUND).with_backoff(retry);
    let fleet = Fleet::new(
        Arc::new(store),
        config,
        SystemClock::shared(),
        Arc::new(FastRng),
    );
    let hear = move |event: &FleetEvent<'_>| {
        let text = match event {
            FleetEvent::Degraded {
                error: Some(error), ..
            } => format!("{event:?} {error}"),
            _ => format!("{event:?}"),
        };
        ear.lock().unwrap().push(text);
    };
    (fleet.unwrap().on_change(hear), told)
}

fn told(told: &Told) -> Vec<String> {
    told.lock().unwrap().clone()
}

fn plenty() -> Demands {
    Demands::one(Quota::per_second(1_000)).unwrap()
}

async fn ask(fleet: &Fleet, key: &str) -> Verdict {
    fleet.admit(key, &plenty(), Duration::ZERO).await
}

fn reason(fleet: &Fleet) -> Option<Reason> {
    match fleet.health() {
        FleetHealth::Degraded { reason, .. } => Some(reason),
        _ => None,
    }
}

fn store_at(url: &str) -> RedisStore {
    RedisStore::new(RedisConfig::new(SecretString::from(url.to_owned()))).unwrap()
}

#[tokio::test]
async fn a_key_of_another_type_is_told_once_and_costs_no_other_key() {
    let Some(redis) = Redis::running() else {
        return;
    };
    redis.command(&format!("SET {}gate:taken text EX 60", redis.prefix));
    let (fleet, events) = member(redis.store());
    for _ in 0..5 {
        let _ = ask(&fleet, "taken").await;
    }
    fleet.pause("taken", Duration::from_millis(1)).await;
    assert_eq!(ask(&fleet, "free").await, Verdict::Go);
    assert_eq!(fleet.health(), FleetHealth::Connected);
    let events = told(&events);
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(
        events[0].starts_with("KeyUnusable { key: \"taken\""),
        "{events:?}"
    );
    // What is not ours is left as it is.
    assert_eq!(
        redis.command(&format!("GET {}gate:taken", redis.prefix)),
        "$4"
    );
}

#[tokio::test]
async fn fields_that_are_no_times_count_as_not_there() {
    let Some(redis) = Redis::running() else {
        return;
    };
    let store = redis.store();
    for (at, garbage) in [
        "text",
        "nan",
        "inf",
        "-inf",
        "1e300",
        "-1",
        "99999999999999999",
    ]
    .into_iter()
    .enumerate()
    {
        let (gate, budget) = (format!("gate:{at}"), format!("budget:{at}"));
        let fields = format!("at {garbage} pause {garbage} t1 {garbage}");
        redis.command(&format!("HSET {}{gate} {fields}", redis.prefix));
        let fields = format!("share {garbage} since {garbage}");
        redis.command(&format!("HSET {}{budget} {fields}", redis.prefix));
        let key = at.to_string();
        let grant = store.admit(&key, &plenty(), Duration::ZERO).await.unwrap();
        assert_eq!(grant.verdict, Verdict::Go, "{garbage}");
        assert_eq!(store.paused(&key).await.unwrap(), None, "{garbage}");
        let budget = RetryBudgetConfig::default();
        let paid = store.withdraw(&key, &budget, 1, 10).await.unwrap();
        assert_eq!(format!("{paid:?}"), "Paid", "{garbage}");
        store.pause(&key, Duration::from_secs(9)).await.unwrap();
        assert!(store.paused(&key).await.unwrap().is_some(), "{garbage}");
    }
}

#[tokio::test]
async fn scripts_that_the_server_forgot_are_sent_again() {
    let Some(private) = Redis::private(&[]) else {
        return;
    };
    let (fleet, events) = member(private.store());
    for _ in 0..3 {
        assert_eq!(private.command("SCRIPT FLUSH"), "+OK");
        private.remembers_a_week();
        assert_eq!(ask(&fleet, "key").await, Verdict::Go);
        fleet.pause("other", Duration::from_secs(1)).await;
        assert!(fleet.withdraw("key", 10).await.is_ok());
    }
    assert!(told(&events).is_empty(), "{:?}", told(&events));
}

#[tokio::test]
async fn a_server_that_was_started_again_is_found_by_the_next_call() {
    let Some(mut private) = Redis::private(&[]) else {
        return;
    };
    let (fleet, events) = member(private.store());
    let _ = ask(&fleet, "key").await;
    private.kill();
    private.start_again();
    let _ = ask(&fleet, "key").await;
    assert_eq!(fleet.health(), FleetHealth::Connected);
    assert!(told(&events).is_empty(), "{:?}", told(&events));
    private.kill();
    let _ = ask(&fleet, "key").await;
    assert_eq!(reason(&fleet), Some(Reason::Away));
}

#[tokio::test]
async fn a_server_that_accepts_and_never_answers_costs_the_bound() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    let (fleet, events) = member(store_at(&format!("redis://:{CANARY}@{address}")));
    let begun = SystemClock.now();
    let _ = ask(&fleet, "key").await;
    let took = SystemClock.now() - begun;
    assert!(took >= BOUND && took < 2 * BOUND, "{took:?}");
    assert_eq!(reason(&fleet), Some(Reason::Slow));
    let begun = SystemClock.now();
    fleet.pause("key", Duration::from_secs(1)).await;
    assert!(SystemClock.now() - begun < BOUND);
    let events = told(&events);
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(!format!("{events:?} {fleet:?}").contains(CANARY));
}

#[tokio::test]
async fn a_peer_that_is_no_redis_is_a_store_that_is_away() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let (fleet, events) = member(store_at(&format!("redis://{address}")));
    let _ = ask(&fleet, "key").await;
    assert_eq!(reason(&fleet), Some(Reason::Away));
    assert_eq!(told(&events).len(), 1);
}

#[tokio::test]
async fn a_wrong_password_is_told_once_and_never_shown() {
    let Some(private) = Redis::private(&["--requirepass", "right"]) else {
        return;
    };
    let at = |user: &str| private.url.replace("//", &format!("//{user}"));
    for url in [
        at(&format!(":{CANARY}@")),
        at(&format!("{CANARY}:{CANARY}@")),
        at(""),
    ] {
        let (fleet, events) = member(store_at(&url));
        let begun = SystemClock.now();
        // Long enough for several new tries.
        while SystemClock.now() - begun < BOUND {
            let _ = ask(&fleet, "key").await;
            tokio::task::yield_now().await;
        }
        assert_eq!(
            reason(&fleet),
            Some(Reason::Misconfigured),
            "{:?}",
            told(&events)
        );
        let error = store_at(&url).paused("key").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let events = told(&events);
        assert_eq!(events.len(), 1, "{events:?}");
        assert!(events[0].contains("correct `redis.url`"), "{events:?}");
        let shown = format!("{events:?} {error} {error:?} {fleet:?}");
        assert!(!shown.contains(CANARY), "{shown}");
    }
    let (fleet, events) = member(store_at(&at(":right@")));
    let _ = ask(&fleet, "key").await;
    assert_eq!(fleet.health(), FleetHealth::Connected);
    assert!(told(&events).is_empty());
}

#[tokio::test]
async fn a_server_without_memory_is_a_store_that_is_away() {
    let Some(private) = Redis::private(&["--maxmemory", "1"]) else {
        return;
    };
    let (fleet, events) = member(private.store());
    let _ = ask(&fleet, "key").await;
    assert_eq!(reason(&fleet), Some(Reason::Away));
    let events = told(&events);
    assert!(events[0].contains("OOM"), "{events:?}");
}

#[test]
fn addresses_that_cannot_work_are_refused_without_being_shown() {
    let urls = [
        format!("redis://:{CANARY}@"),
        format!("redis://:{CANARY}@host:port"),
        format!("rediss://:{CANARY}@host:6379"),
        format!("http://:{CANARY}@host"),
        CANARY.to_owned(),
        String::new(),
    ];
    for url in urls {
        let config = RedisConfig::new(SecretString::from(url.clone()));
        assert!(!format!("{config:?}").contains(CANARY));
        let error = RedisStore::new(config).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
        assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
        assert!(error.to_string().contains("redis.url"), "{error}");
    }
    let config = || RedisConfig::new(SecretString::from("redis://127.0.0.1".to_owned()));
    let rows = [
        (config().with_prefix("x".repeat(65)), "redis.prefix"),
        (config().with_timeout(Duration::ZERO), "redis.timeout"),
        (
            config().with_timeout(Duration::from_secs(61)),
            "redis.timeout",
        ),
    ];
    for (config, field) in rows {
        let error = config.validate().unwrap_err().to_string();
        assert!(error.contains(field), "{error}");
    }
    assert!(config().with_prefix("x".repeat(64)).validate().is_ok());
}
