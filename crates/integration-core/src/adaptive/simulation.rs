//! A server with so many workers and a queue, and clients that always have more to send.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use super::{Adaptive, AdaptiveLimit, AdaptiveLimitConfig, Aimd, Outcome};
use crate::rng::{Rng, SeededRng};

/// Microseconds of an attempt that a free worker takes at once, give or take a fifth.
const SERVICE: f64 = 100_000.0;
const SECOND: u64 = 1_000_000;

struct Simulation {
    limit: AdaptiveLimit,
    now: u64,
    /// When each worker has done what it was given.
    workers: Vec<u64>,
    /// Attempts that wait for a worker at most; further ones are refused at once.
    queue: usize,
    pending: BinaryHeap<Reverse<Attempt>>,
    rng: SeededRng,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Attempt {
    end: u64,
    start: u64,
    in_flight: u32,
    refused: bool,
}

impl Simulation {
    fn new(algorithm: Adaptive, capacity: usize, seed: u64) -> Self {
        let config = AdaptiveLimitConfig::default().with_algorithm(algorithm);
        Self {
            limit: AdaptiveLimit::new(config).unwrap(),
            now: 0,
            workers: vec![0; capacity],
            queue: usize::MAX,
            pending: BinaryHeap::new(),
            rng: SeededRng::new(seed),
        }
    }

    fn set_capacity(&mut self, workers: usize) {
        self.workers.sort_unstable();
        self.workers.resize(workers, self.now);
    }

    /// Lets time pass with at most `offered` attempts at once; returns the lowest, the mean and
    /// the highest limit, and the mean of the attempts done in a second.
    fn run(&mut self, seconds: u64, offered: usize) -> (u32, u32, u32, u64) {
        let (until, mut limits, mut done) = (self.now + seconds * SECOND, Vec::new(), 0);
        while self.now < until {
            while self.pending.len() < offered.min(self.limit.limit() as usize) {
                let attempt = self.send();
                self.pending.push(Reverse(attempt));
            }
            let Reverse(attempt) = self.pending.pop().unwrap();
            self.now = attempt.end;
            let outcome = if attempt.refused {
                Outcome::Dropped
            } else {
                Outcome::Success
            };
            done += u64::from(!attempt.refused);
            let rtt = Duration::from_micros(attempt.end - attempt.start);
            limits.push(self.limit.on_sample(rtt, attempt.in_flight, outcome));
        }
        let mean = limits.iter().map(|limit| u64::from(*limit)).sum::<u64>() / limits.len() as u64;
        let (low, high) = (*limits.iter().min().unwrap(), *limits.iter().max().unwrap());
        (low, u32::try_from(mean).unwrap(), high, done / seconds)
    }

    fn send(&mut self) -> Attempt {
        let in_flight = u32::try_from(self.pending.len() + 1).unwrap();
        let waiting = self.pending.len().saturating_sub(self.workers.len());
        let refused = waiting >= self.queue;
        let end = if refused {
            self.now + 1_000
        } else {
            let worker = self.workers.iter_mut().min().unwrap();
            let service =
                Duration::from_micros(1).mul_f64(SERVICE * (0.8 + 0.4 * self.rng.fraction()));
            *worker = self.now.max(*worker) + u64::try_from(service.as_micros()).unwrap();
            *worker
        };
        Attempt {
            end,
            start: self.now,
            in_flight,
            refused,
        }
    }
}

#[test]
fn gradient_settles_a_little_above_the_capacity_and_stays_there() {
    for (capacity, minutes, seed) in [(10, 15, 1), (50, 4, 2), (50, 4, 3), (150, 2, 4)] {
        let mut simulation = Simulation::new(Adaptive::gradient2(), capacity, seed);
        simulation.run(60, usize::MAX);
        let workers = u32::try_from(capacity).unwrap();
        for _ in 0..minutes {
            let (_, mean, high, done) = simulation.run(60, usize::MAX);
            assert!(
                (workers..=workers * 2 + 4).contains(&mean),
                "{mean} for {capacity}"
            );
            assert!(high <= workers * 2 + 10, "{high} for {capacity}");
            assert!(
                done >= capacity as u64 * 95 / 10,
                "{done} of {capacity} workers"
            );
        }
    }
}

#[test]
fn gradient_gives_way_to_overload_and_comes_back() {
    let mut simulation = Simulation::new(Adaptive::gradient2(), 50, 7);
    simulation.run(60, usize::MAX);
    simulation.set_capacity(10);
    simulation.run(20, usize::MAX);
    let (_, mean, ..) = simulation.run(20, usize::MAX);
    assert!((10..=30).contains(&mean), "{mean} for 10 workers");
    simulation.set_capacity(50);
    simulation.run(20, usize::MAX);
    let (_, mean, _, done) = simulation.run(20, usize::MAX);
    assert!((50..=110).contains(&mean), "{mean} for 50 workers");
    assert!(done > 450, "{done} a second of 500");
}

#[test]
fn aimd_swings_below_what_the_server_refuses() {
    let mut simulation = Simulation::new(Adaptive::aimd(), 50, 11);
    simulation.queue = 10;
    simulation.run(60, usize::MAX);
    let (low, _, high, done) = simulation.run(60, usize::MAX);
    assert!(low >= 45 && high <= 62, "{low} to {high}");
    assert!(done > 450, "{done} a second of 500");
    simulation.set_capacity(10);
    simulation.run(20, usize::MAX);
    let (low, _, high, _) = simulation.run(20, usize::MAX);
    assert!(low >= 10 && high <= 24, "{low} to {high}");
    simulation.set_capacity(50);
    simulation.run(20, usize::MAX);
    let (low, ..) = simulation.run(20, usize::MAX);
    assert!(low >= 45, "{low} after the capacity came back");
}

#[test]
fn aimd_without_refusals_keeps_latency_below_its_bound() {
    let bound = Duration::from_millis(250);
    let aimd = Aimd::default().with_max_rtt(bound);
    let mut simulation = Simulation::new(Adaptive::Aimd(aimd), 20, 13);
    simulation.run(60, usize::MAX);
    let (low, _, high, done) = simulation.run(60, usize::MAX);
    assert!(low >= 20 && high <= 52, "{low} to {high} for 20 workers");
    assert!(done > 190, "{done} a second of 200");
}

#[test]
fn a_limit_that_nobody_reaches_does_not_grow() {
    for algorithm in [Adaptive::aimd(), Adaptive::gradient2()] {
        let mut simulation = Simulation::new(algorithm, 50, 17);
        let (_, _, high, _) = simulation.run(60, 5);
        assert_eq!(high, 20, "{algorithm:?}");
    }
}
