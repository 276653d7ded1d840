use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use proptest::prelude::*;

use super::{Admission, Bulkhead, BulkheadConfig, Place, Ticket};

fn bulkhead(places: u32, queue: u32) -> Arc<Bulkhead> {
    let config = BulkheadConfig::default()
        .with_max_in_flight(places)
        .with_max_queue(queue);
    Arc::new(Bulkhead::new(config).unwrap())
}

fn run(bulkhead: &Arc<Bulkhead>) -> Place {
    match bulkhead.admit() {
        Ok(Admission::Run(place)) => place,
        other => panic!("{other:?}"),
    }
}

fn wait(bulkhead: &Arc<Bulkhead>) -> Ticket {
    match bulkhead.admit() {
        Ok(Admission::Wait(ticket)) => ticket,
        other => panic!("{other:?}"),
    }
}

fn poll(ticket: &mut Ticket) -> Option<Place> {
    match Pin::new(ticket).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(place) => Some(place),
        Poll::Pending => None,
    }
}

#[test]
fn places_and_queue_are_bounded() {
    let bulkhead = bulkhead(2, 1);
    let _places = [run(&bulkhead), run(&bulkhead)];
    let _ticket = wait(&bulkhead);
    assert!(bulkhead.admit().is_err());
    assert_eq!(bulkhead.load(), (2, 1));
}

#[test]
fn a_place_goes_to_the_first_in_the_queue() {
    let bulkhead = bulkhead(1, 2);
    let place = run(&bulkhead);
    let (mut first, mut second) = (wait(&bulkhead), wait(&bulkhead));
    drop(place);
    assert!(poll(&mut second).is_none());
    let place = poll(&mut first).unwrap();
    assert!(poll(&mut first).is_none(), "a ticket is good for one place");
    drop(place);
    assert!(poll(&mut second).is_some());
}

#[test]
fn nobody_overtakes_the_queue() {
    let bulkhead = bulkhead(1, 1);
    let place = run(&bulkhead);
    let _granted = wait(&bulkhead);
    drop(place);
    let _behind = wait(&bulkhead);
}

#[test]
fn a_dropped_ticket_leaves_the_queue() {
    let bulkhead = bulkhead(1, 1);
    let place = run(&bulkhead);
    drop(wait(&bulkhead));
    assert_eq!(bulkhead.load(), (1, 0));
    drop(place);
    assert_eq!(bulkhead.load(), (0, 0));
}

#[test]
fn a_granted_ticket_that_is_dropped_hands_its_place_on() {
    let bulkhead = bulkhead(1, 2);
    let place = run(&bulkhead);
    let (granted, mut next) = (wait(&bulkhead), wait(&bulkhead));
    drop(place);
    drop(granted);
    assert!(poll(&mut next).is_some());
}

#[test]
fn a_bulkhead_without_places_is_refused() {
    let error = BulkheadConfig::default()
        .with_max_in_flight(0)
        .validate()
        .unwrap_err();
    assert!(
        error.to_string().contains("`bulkhead.max_in_flight`"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn it_behaves_like_a_queue(
        places in 1..4_u32,
        queue in 0..4_u32,
        steps in prop::collection::vec((0..4_u8, 0..6_usize), 1..200),
    ) {
        let bulkhead = bulkhead(places, queue);
        let (mut running, mut waiting) = (Vec::new(), Vec::new());
        // The model: how many run, and who waits, in order. A granted ticket runs already.
        let (mut in_flight, mut order, mut next) = (0_u32, VecDeque::new(), 0_u32);
        let release = |in_flight: &mut u32, order: &mut VecDeque<u32>| {
            if order.pop_front().is_none() {
                *in_flight -= 1;
            }
        };
        for (step, which) in steps {
            match step {
                0 => match bulkhead.admit() {
                    Ok(Admission::Run(place)) => {
                        prop_assert!(in_flight < places);
                        in_flight += 1;
                        running.push(place);
                    }
                    Ok(Admission::Wait(ticket)) => {
                        prop_assert!(in_flight == places && order.len() < queue as usize);
                        order.push_back(next);
                        waiting.push((next, ticket));
                        next += 1;
                    }
                    Err(_) => prop_assert!(in_flight == places && order.len() == queue as usize),
                },
                1 if which < running.len() => {
                    drop(running.swap_remove(which));
                    release(&mut in_flight, &mut order);
                }
                2 if which < waiting.len() => {
                    let (number, mut ticket) = waiting.remove(which);
                    let granted = !order.contains(&number);
                    let place = poll(&mut ticket);
                    prop_assert_eq!(place.is_some(), granted);
                    match place {
                        Some(place) => running.push(place),
                        None => waiting.push((number, ticket)),
                    }
                }
                3 if which < waiting.len() => {
                    let (number, ticket) = waiting.remove(which);
                    drop(ticket);
                    if order.contains(&number) {
                        order.retain(|other| *other != number);
                    } else {
                        release(&mut in_flight, &mut order);
                    }
                }
                _ => {}
            }
            prop_assert_eq!(bulkhead.load(), (in_flight as usize, order.len()));
        }
        drop((running, waiting));
        prop_assert_eq!(bulkhead.load(), (0, 0));
    }
}
