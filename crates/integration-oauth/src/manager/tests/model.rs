//! The protocol against chance: processes that die, a store that fails before and after its work,
//! a server that is slow, down, or answers late.

use std::{sync::Arc, time::Duration};

use integration_core::{Rng as _, SeededRng};
use proptest::prelude::*;
use tokio::time::sleep;

use crate::{
    connection::{ConnectionState, ReauthReason},
    manager::testing::{Answer, Fault, Process, World},
};

/// What happens next.
#[derive(Clone, Debug)]
enum Act {
    /// A caller of this process asks, and does not wait.
    Ask(usize),
    /// This process dies, and another one starts in its place.
    Die(usize),
    /// From now on so many of a hundred operations of this process fail.
    Fail(usize, u8),
    /// The server takes the next request like this.
    Server(Answer),
    /// Time goes by.
    Wait(u64),
    /// The tokens come to their end.
    Expire,
}

fn act() -> impl Strategy<Value = Act> {
    let process = 0..3_usize;
    let answer = prop_oneof![
        (0..40_u64).prop_map(|seconds| Answer::Late(Duration::from_secs(seconds))),
        Just(Answer::Down),
    ];
    prop_oneof![
        4 => process.clone().prop_map(Act::Ask),
        1 => process.clone().prop_map(Act::Die),
        1 => (process, 0..60_u8).prop_map(|(process, parts)| Act::Fail(process, parts)),
        1 => answer.prop_map(Act::Server),
        4 => (1..45_000_u64).prop_map(Act::Wait),
        2 => Just(Act::Expire),
    ]
}

/// Makes operations of a process fail by chance: a third is not done, a third done and not told, a
/// third so late that nobody waits for it.
fn fail(process: &Process, parts: u8, seed: u64) {
    let rng = Arc::new(SeededRng::new(seed));
    process.store.plan(move |_| {
        let fails = rng.fraction() * 100.0 < f64::from(parts);
        let kind = rng.fraction();
        fails.then(|| match kind {
            kind if kind < 0.33 => Fault::Before,
            kind if kind < 0.66 => Fault::After,
            _ => Fault::Slow(Duration::from_secs(4)),
        })
    });
}

async fn play(acts: Vec<Act>) {
    let world = World::new();
    let mut processes = [world.process(), world.process(), world.process()];
    world.expired(&processes[0]).await;
    let mut deaths = 0;
    for (seed, act) in (1_u64..).zip(acts) {
        match act {
            Act::Ask(process) => {
                let tokens = processes[process].oauth.tokens(&world.key).unwrap();
                tokio::spawn(async move { tokens.get().await });
                sleep(Duration::from_millis(1)).await;
            }
            Act::Die(process) => {
                std::mem::replace(&mut processes[process], world.process()).kill();
                deaths += 1;
            }
            Act::Fail(process, parts) => fail(&processes[process], parts, seed),
            Act::Server(answer) => world.server.script([answer]),
            Act::Wait(millis) => sleep(Duration::from_millis(millis)).await,
            // Who sleeps over the end of its lease with the answer of the server on the way comes too
            // late: nothing that we do could help. What can be done is tested by itself.
            Act::Expire if world.is_leased().await => {}
            Act::Expire => world.clock.jump(world.server.lifetime),
        }
    }
    // Everything is well again, and everybody comes to an end.
    for process in &processes {
        process.store.plan(|_| None);
    }
    sleep(Duration::from_secs(300)).await;
    judge(&world, &processes, deaths).await;
}

async fn judge(world: &World, processes: &[Process; 3], deaths: u32) {
    world.server.clear_script();
    world.clock.jump(world.server.lifetime * 2);
    let mut token = None;
    for _ in 0..20 {
        token = processes[0].token(world).await.ok();
        if token.is_some() {
            break;
        }
        sleep(Duration::from_secs(60)).await;
    }
    let record = world.record().await;
    match &record.state {
        ConnectionState::Active => {
            // What is in the store is what the server knows, and it has seen no theft.
            let newest = world.server.newest();
            assert_eq!(token, newest.map(|newest| newest.replace('r', "a")));
            assert!(token.is_some(), "it is active, and gives no token");
        }
        ConnectionState::NeedsReauth(reason) => {
            // Only an answer that nobody lived to hear or to write down, or nobody could wait for,
            // costs a login.
            assert_eq!(*reason, ReauthReason::RotationInterrupted);
            let is_lost = world.server.unheard() > 0 || deaths > 0;
            assert!(is_lost, "a login was asked for without need");
        }
        other => panic!("nobody ended it: {other:?}"),
    }
    assert_eq!(
        world.server.needless_repeats(deaths),
        0,
        "{:?}",
        world.server.spent()
    );
    let told = world.told();
    let reauths = told
        .iter()
        .filter(|event| **event == "needs_reauth")
        .count();
    let recoveries = told.iter().filter(|event| **event == "recovered").count();
    let is_down = usize::from(record.state != ConnectionState::Active);
    assert!(reauths <= recoveries + is_down, "told twice: {told:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_token_is_lost_but_by_a_death_between_answer_and_write(
        acts in proptest::collection::vec(act(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(play(acts));
    }
}
