//! Logins under way.

use std::time::Duration;

use integration_oauth::{ErrorKind, limits::MAX_SEALED};

use super::rig::{FLOWS, LONG, Rig, SHORT};

pub(super) async fn a_login_is_taken_once(rig: &Rig) {
    let (flows, end) = (&rig.flows, rig.clock.unix() + LONG);
    flows
        .put([1; 32], b"\x00one\xff".to_vec(), end)
        .await
        .unwrap();
    flows.put([2; 32], b"two".to_vec(), end).await.unwrap();
    assert_eq!(flows.take([3; 32]).await.unwrap(), None);
    let taken = flows.take([1; 32]).await.unwrap();
    assert_eq!(taken.as_deref(), Some(&b"\x00one\xff"[..]));
    assert_eq!(flows.take([1; 32]).await.unwrap(), None);
    let taken = flows.take([2; 32]).await.unwrap();
    assert_eq!(taken.as_deref(), Some(&b"two"[..]));
}

pub(super) async fn of_many_that_take_a_login_one_gets_it(rig: &Rig) {
    for round in 0..5 {
        let end = rig.clock.unix() + LONG;
        let put = rig.flows.put([round; 32], b"login".to_vec(), end);
        put.await.unwrap();
        let tasks: Vec<_> = (0..12)
            .map(|_| {
                let flows = rig.flows.clone();
                tokio::spawn(async move { flows.take([round; 32]).await.unwrap() })
            })
            .collect();
        let mut taken = 0;
        for task in tasks {
            taken += usize::from(task.await.unwrap().is_some());
        }
        assert_eq!(taken, 1);
    }
}

pub(super) async fn a_login_past_its_time_is_not_there(rig: &Rig) {
    let end = rig.clock.unix() + SHORT;
    rig.flows.put([1; 32], b"late".to_vec(), end).await.unwrap();
    rig.pass(SHORT * 2).await;
    assert_eq!(rig.flows.take([1; 32]).await.unwrap(), None);
}

pub(super) async fn a_login_that_is_too_large_is_refused(rig: &Rig) {
    let end = rig.clock.unix() + LONG;
    let put = rig.flows.put([1; 32], vec![0; MAX_SEALED + 1], end).await;
    assert_eq!(put.unwrap_err().kind(), ErrorKind::Validation);
}

pub(super) async fn a_full_store_puts_out_what_ends_first(rig: &Rig) {
    let (flows, now) = (&rig.flows, rig.clock.unix());
    let count = u8::try_from(FLOWS).unwrap();
    let id = |n: u8| [n; 32];
    let end = |n: u8| now + LONG + Duration::from_secs(u64::from(n));
    for n in 0..count {
        flows.put(id(n), vec![n], end(count - n)).await.unwrap();
    }
    // One more, which itself does not end first.
    flows.put(id(99), vec![99], end(99)).await.unwrap();
    assert_eq!(flows.take(id(count - 1)).await.unwrap(), None);
    for n in (0..count - 1).chain([99]) {
        assert_eq!(flows.take(id(n)).await.unwrap(), Some(vec![n]));
    }
}
