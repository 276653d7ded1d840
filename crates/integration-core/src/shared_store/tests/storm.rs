//! Four members and more calls than may go, on paused time.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::time::sleep;

use super::moody::{KEY, Mood, Moody, SECOND, demands, moody};
use crate::{
    ErrorKind, Rng,
    clock::{Clock, SystemClock},
    rng::SeededRng,
    shared_store::{Demands, Fleet, FleetConfig, SharedStore, Verdict},
};

/// Four members, each with more calls than it may send; returns when they went.
async fn storm(store: &Arc<Moody>, demands: Demands, time: Duration) -> Vec<Duration> {
    let begun = SystemClock.now();
    let went = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..12)
        .scan(Vec::<Arc<Fleet>>::new(), |members, task| {
            if task < 4 {
                let rng = Arc::new(SeededRng::new(task));
                let config = FleetConfig::new(4);
                let store = store.clone() as Arc<dyn SharedStore>;
                let fleet = Fleet::new(store, config, SystemClock::shared(), rng).unwrap();
                members.push(Arc::new(fleet));
            }
            Some(members[usize::try_from(task).unwrap() % 4].clone())
        })
        .map(|fleet| {
            let went = went.clone();
            tokio::spawn(async move {
                while SystemClock.now() - begun < time {
                    match fleet.admit(KEY, &demands, SECOND).await {
                        Verdict::Go => {}
                        Verdict::Wait(wait) => sleep(wait).await,
                        Verdict::Full(wait) | Verdict::Paused(wait) => {
                            sleep(wait.max(Duration::from_millis(1))).await;
                            continue;
                        }
                    }
                    went.lock().push(SystemClock.now() - begun);
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut went = std::mem::take(&mut *went.lock());
    went.sort();
    went
}

fn most_in_a_second(went: &[Duration]) -> usize {
    let within = |start: Duration| {
        let window = went
            .iter()
            .filter(|at| (start..start + SECOND).contains(*at));
        window.count()
    };
    went.iter().map(|at| within(*at)).max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn four_members_stay_within_one_quota_and_one_more_burst_while_the_store_comes_and_goes() {
    let (permits, burst) = (40, 10);
    let moods = [
        (true, Mood::Fails(ErrorKind::Storage)),
        (true, Mood::NeverAnswers),
        (false, Mood::NeverAnswers),
    ];
    for (seed, (forgets, mood)) in (0..6).zip(moods.into_iter().cycle()) {
        let store = moody();
        let weather = tokio::spawn(come_and_go(store.clone(), mood, forgets, seed));
        let went = storm(&store, demands(permits, burst), 16 * SECOND).await;
        weather.await.unwrap();
        let most = u32::try_from(most_in_a_second(&went)).unwrap();
        assert!(most <= permits + 2 * burst, "{seed}: {most} in a second");
        // The store is used well: more than half of what was allowed went.
        assert!(went.len() > 16 * 40 / 2, "{seed}: {} went", went.len());
    }
}

/// Lets the store fail four times, for between 25 ms and 4.5 s.
async fn come_and_go(store: Arc<Moody>, mood: Mood, forgets: bool, seed: u64) {
    let rng = SeededRng::new(seed);
    let about = |ms| Duration::from_millis(ms).mul_f64(0.5 + rng.fraction());
    for (works, fails) in [(2_000, 300), (700, 1_500), (4_000, 50), (1_000, 3_000)] {
        sleep(about(works)).await;
        store.set(mood);
        sleep(about(fails)).await;
        if forgets {
            store.inner.forget();
        }
        store.set(Mood::Works);
    }
}

#[tokio::test(start_paused = true)]
async fn with_the_store_four_members_use_the_whole_quota_and_no_more() {
    let went = storm(&moody(), demands(40, 10), 5 * SECOND).await;
    let most = most_in_a_second(&went);
    assert!((45..50).contains(&most), "{most} in a second");
    assert!((205..=220).contains(&went.len()), "{} went", went.len());
}
