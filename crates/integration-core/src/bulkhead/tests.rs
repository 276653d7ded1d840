use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use proptest::prelude::*;

use super::{Admission, Bulkhead, BulkheadConfig, Place, Priority, Ticket, queue::FAIR_SHARE};

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
    wait_with(bulkhead, Priority::Normal)
}

fn wait_with(bulkhead: &Arc<Bulkhead>, priority: Priority) -> Ticket {
    match bulkhead.admit_with(priority) {
        Ok(Admission::Wait(ticket)) => ticket,
        other => panic!("{other:?}"),
    }
}

fn poll(ticket: &mut Ticket) -> Option<Place> {
    poll_with(ticket, Waker::noop())
}

fn poll_with(ticket: &mut Ticket, waker: &Waker) -> Option<Place> {
    match Pin::new(ticket).poll(&mut Context::from_waker(waker)) {
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
fn the_important_go_first_and_each_priority_in_its_order() {
    use Priority::{High, Low, Normal};
    let bulkhead = bulkhead(1, 5);
    let mut place = run(&bulkhead);
    let mut tickets =
        [Low, Normal, High, Normal, High].map(|priority| wait_with(&bulkhead, priority));
    for next in [2, 4, 1, 3, 0] {
        drop(place);
        let ready: Vec<_> = tickets.iter_mut().map(poll).collect();
        let who: Vec<_> = (0..5).filter(|which| ready[*which].is_some()).collect();
        assert_eq!(who, [next]);
        place = ready.into_iter().flatten().next().unwrap();
    }
}

#[test]
fn nobody_starves_behind_the_important() {
    let bulkhead = bulkhead(1, 100);
    let mut place = run(&bulkhead);
    let mut low = [(); 2].map(|()| wait_with(&bulkhead, Priority::Low));
    let mut high: Vec<_> = (0..50)
        .map(|_| wait_with(&bulkhead, Priority::High))
        .collect();
    let mut reached = Vec::new();
    for step in 1..=2 * FAIR_SHARE {
        drop(place);
        if let Some(mine) = low.iter_mut().find_map(poll) {
            reached.push(step);
            place = mine;
        } else {
            place = high.iter_mut().find_map(poll).unwrap();
        }
    }
    assert_eq!(reached, [FAIR_SHARE, 2 * FAIR_SHARE]);
}

#[test]
fn a_full_queue_refuses_the_important_too() {
    let bulkhead = bulkhead(1, 1);
    let _place = run(&bulkhead);
    let _ticket = wait_with(&bulkhead, Priority::Low);
    assert!(bulkhead.admit_with(Priority::High).is_err());
}

#[test]
fn more_places_wake_those_who_wait() {
    let bulkhead = bulkhead(1, 5);
    let _place = run(&bulkhead);
    let mut tickets = [(); 3].map(|()| wait(&bulkhead));
    let woken = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&woken));
    assert!(
        tickets
            .iter_mut()
            .all(|ticket| poll_with(ticket, &waker).is_none())
    );
    bulkhead.set_max_in_flight(3).unwrap();
    assert_eq!(woken.0.load(Ordering::Relaxed), 2);
    assert_eq!(bulkhead.load(), (3, 1));
    let places: Vec<_> = tickets.iter_mut().filter_map(poll).collect();
    assert_eq!(places.len(), 2);
}

#[test]
fn fewer_places_interrupt_nobody_and_are_not_given_out_again() {
    let bulkhead = bulkhead(3, 1);
    let (first, second, third) = (run(&bulkhead), run(&bulkhead), run(&bulkhead));
    let mut ticket = wait(&bulkhead);
    bulkhead.set_max_in_flight(1).unwrap();
    assert_eq!(bulkhead.max_in_flight(), 1);
    drop((first, second));
    assert!(poll(&mut ticket).is_none());
    assert_eq!(bulkhead.in_flight(), 1);
    drop(third);
    assert!(poll(&mut ticket).is_some());
}

#[test]
fn a_size_that_cannot_be_is_refused_and_changes_nothing() {
    let bulkhead = bulkhead(3, 1);
    for calls in [0, 1_000_000_001, u32::MAX] {
        let error = bulkhead.set_max_in_flight(calls).unwrap_err().to_string();
        assert!(error.contains("`bulkhead.max_in_flight`"), "{error}");
        assert_eq!(bulkhead.max_in_flight(), 3);
    }
    bulkhead.set_max_in_flight(1_000_000_000).unwrap();
    assert_eq!(bulkhead.max_in_flight(), 1_000_000_000);
}

#[test]
fn only_the_latest_waker_is_woken() {
    let bulkhead = bulkhead(1, 1);
    let place = run(&bulkhead);
    let mut ticket = wait(&bulkhead);
    let (before, now) = (Arc::new(Count::default()), Arc::new(Count::default()));
    for count in [&before, &now, &now] {
        assert!(poll_with(&mut ticket, &Waker::from(Arc::clone(count))).is_none());
    }
    assert_eq!(Arc::strong_count(&before), 1, "the old waker is kept");
    drop(place);
    let woken = [&before, &now].map(|count| count.0.load(Ordering::Relaxed));
    assert_eq!(woken, [0, 1]);
}

/// A task that leaves the queue when it is dropped with its last waker.
struct Task {
    _ticket: Ticket,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_task_that_is_dropped_with_its_waker_leaves_the_queue() {
    let bulkhead = bulkhead(1, 2);
    let _place = run(&bulkhead);
    let mut ticket = wait(&bulkhead);
    let _ticket = wait(&bulkhead);
    let waker = Waker::from(Arc::new(Task { _ticket }));
    assert!(poll_with(&mut ticket, &waker).is_none());
    drop(waker);
    assert_eq!(bulkhead.load(), (1, 2));
    // The new waker replaces the last handle of the task, whose drop takes the lock again.
    assert!(poll(&mut ticket).is_none());
    assert_eq!(bulkhead.load(), (1, 1));
}

#[derive(Default)]
struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn threads_never_run_more_than_there_are_places_and_all_get_one() {
    let bulkhead = bulkhead(3, 100);
    let (running, most) = (AtomicU32::new(0), AtomicU32::new(0));
    let call = |priority| {
        let mut place = match bulkhead.admit_with(priority).unwrap() {
            Admission::Run(place) => Some(place),
            Admission::Wait(mut ticket) => loop {
                // Parked until woken: a wake-up that is lost hangs the test.
                let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
                match poll_with(&mut ticket, &waker) {
                    Some(place) => break Some(place),
                    None => std::thread::park(),
                }
            },
        };
        most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        running.fetch_sub(1, Ordering::SeqCst);
        place.take();
    };
    std::thread::scope(|scope| {
        for priority in [Priority::Low, Priority::Normal, Priority::High] {
            let call = &call;
            scope.spawn(move || (0..2_000).for_each(|_| call(priority)));
            scope.spawn(move || (0..2_000).for_each(|_| call(Priority::Normal)));
        }
        (0..500).for_each(|round| bulkhead.set_max_in_flight(1 + round % 3).unwrap());
    });
    assert!(most.into_inner() <= 3);
    assert_eq!(bulkhead.load(), (0, 0));
}

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
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

#[derive(Clone, Debug)]
enum Step {
    Admit(Priority),
    Leave(usize),
    Poll(usize),
    Abandon(usize),
    Resize(u32),
}

fn step() -> impl Strategy<Value = Step> {
    use Priority::{High, Low, Normal};
    let priority = prop_oneof![1 => Just(Low), 1 => Just(Normal), 2 => Just(High)];
    prop_oneof![
        4 => priority.prop_map(Step::Admit),
        3 => (0..6_usize).prop_map(Step::Leave),
        2 => (0..6_usize).prop_map(Step::Poll),
        1 => (0..6_usize).prop_map(Step::Abandon),
        1 => (1..5_u32).prop_map(Step::Resize),
    ]
}

/// One list in the order of arrival, searched from its beginning each time.
#[derive(Default)]
struct Model {
    max: usize,
    in_flight: usize,
    waiting: Vec<(u32, Priority)>,
    past_the_oldest: u32,
}

impl Model {
    fn next(&mut self) {
        let highest = self.waiting.iter().map(|(_, priority)| *priority).max();
        let first = self
            .waiting
            .iter()
            .position(|(_, priority)| Some(*priority) == highest);
        let next = if self.past_the_oldest == FAIR_SHARE - 1 {
            0
        } else {
            first.unwrap()
        };
        self.past_the_oldest = if next == 0 {
            0
        } else {
            self.past_the_oldest + 1
        };
        self.waiting.remove(next);
    }

    fn leave(&mut self) {
        self.in_flight -= 1;
        self.fill();
    }

    fn fill(&mut self) {
        while self.in_flight < self.max && !self.waiting.is_empty() {
            self.next();
            self.in_flight += 1;
        }
    }

    fn is_waiting(&self, number: u32) -> bool {
        self.waiting.iter().any(|(other, _)| *other == number)
    }
}

proptest! {
    #[test]
    fn it_behaves_like_a_list_of_callers(
        places in 1..4_u32,
        queue in 0..12_usize,
        steps in prop::collection::vec(step(), 1..300),
    ) {
        let bulkhead = bulkhead(places, u32::try_from(queue).unwrap());
        let (mut running, mut tickets) = (Vec::new(), Vec::new());
        let mut model = Model { max: places as usize, ..Model::default() };
        for (step, number) in steps.into_iter().zip(0..) {
            match step {
                Step::Admit(priority) => {
                    let (free, room) = (model.in_flight < model.max, model.waiting.len() < queue);
                    match bulkhead.admit_with(priority) {
                        Ok(Admission::Run(place)) => {
                            prop_assert!(free);
                            model.in_flight += 1;
                            running.push(place);
                        }
                        Ok(Admission::Wait(ticket)) => {
                            prop_assert!(!free && room);
                            model.waiting.push((number, priority));
                            tickets.push((number, ticket));
                        }
                        Err(denied) => prop_assert!(!free && !room && denied.until.is_none()),
                    }
                }
                Step::Leave(which) if which < running.len() => {
                    drop(running.swap_remove(which));
                    model.leave();
                }
                Step::Poll(which) if which < tickets.len() => {
                    let (number, ticket) = &mut tickets[which];
                    let place = poll(ticket);
                    prop_assert_eq!(place.is_some(), !model.is_waiting(*number));
                    if let Some(place) = place {
                        drop(tickets.remove(which));
                        running.push(place);
                    }
                }
                Step::Abandon(which) if which < tickets.len() => {
                    let (number, ticket) = tickets.remove(which);
                    drop(ticket);
                    if model.is_waiting(number) {
                        model.waiting.retain(|(other, _)| *other != number);
                    } else {
                        model.leave();
                    }
                }
                Step::Resize(calls) => {
                    bulkhead.set_max_in_flight(calls).unwrap();
                    model.max = calls as usize;
                    model.fill();
                }
                _ => {}
            }
            prop_assert_eq!(bulkhead.load(), (model.in_flight, model.waiting.len()));
        }
        drop((running, tickets));
        prop_assert_eq!(bulkhead.load(), (0, 0));
    }
}
