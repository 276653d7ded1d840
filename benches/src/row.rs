//! One thing that is measured.

use std::{fmt, time::Duration};

use crate::{
    meter::{self, Spent},
    series::Series,
};

/// Does so many operations, a multiple of [`Row::GRAIN`].
pub type Run = dyn FnMut(u64);

/// Makes what one of two threads runs.
pub type Maker = dyn Fn() -> Box<Run> + Sync;

/// A row of a table, with what was measured of it.
pub struct Row {
    /// What it is; unique in its table.
    pub name: String,
    /// Processor time an operation and thread, in nanoseconds, round by round.
    pub nanos: Series,
    /// The same on the wall clock.
    pub wall: Series,
    /// Allocations an operation.
    pub allocations: f64,
    work: Work,
    /// Operations of one turn.
    turn: u64,
}

enum Work {
    OneThread(Box<Run>),
    TwoThreads(Box<Maker>),
}

impl Row {
    /// Operations come in multiples of this, so that they divide among keys and connections.
    pub const GRAIN: u64 = 64;

    /// Measures `run` on the calling thread.
    pub fn new(name: impl Into<String>, run: impl FnMut(u64) + 'static) -> Self {
        Self::of(name, Work::OneThread(Box::new(run)))
    }

    /// Measures on two threads at once what `make` returns on each.
    pub fn on_two_threads(
        name: impl Into<String>,
        make: impl Fn() -> Box<Run> + Sync + 'static,
    ) -> Self {
        Self::of(name, Work::TwoThreads(Box::new(make)))
    }

    fn of(name: impl Into<String>, work: Work) -> Self {
        Self {
            name: name.into(),
            nanos: Series::default(),
            wall: Series::default(),
            allocations: f64::NAN,
            work,
            turn: Self::GRAIN,
        }
    }

    /// Runs it until a turn takes about `time`; this is the warm-up too.
    pub(crate) fn calibrate(&mut self, time: Duration) {
        let mut operations = Self::GRAIN;
        let mut took = self.time(operations).cpu;
        while took < time / 4 {
            operations *= 2;
            took = self.time(operations).cpu;
        }
        let scale = time.as_nanos() / took.as_nanos().max(1) + 1;
        self.turn = operations * u64::try_from(scale).expect("at most four and one");
    }

    /// Takes its turn in a round.
    pub(crate) fn measure(&mut self) {
        let took = self.time(self.turn);
        let each = |time: Duration| time.as_secs_f64() * 1e9 / self.turn as f64;
        self.nanos.push(each(took.cpu));
        self.wall.push(each(took.wall));
    }

    /// Runs it on the calling thread, where allocations are counted.
    pub(crate) fn run(&mut self, operations: u64, around: impl FnOnce(&mut dyn FnMut())) {
        let mut made;
        let run = match &mut self.work {
            Work::OneThread(run) => run,
            Work::TwoThreads(make) => {
                made = make();
                &mut made
            }
        };
        run(operations);
        around(&mut || run(operations));
    }

    fn time(&mut self, operations: u64) -> Spent {
        match &mut self.work {
            Work::OneThread(run) => meter::one(run, operations),
            Work::TwoThreads(make) => meter::two(make, operations),
        }
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("name", &self.name)
            .field("nanos", &self.nanos)
            .field("wall", &self.wall)
            .field("allocations", &self.allocations)
            .finish_non_exhaustive()
    }
}
