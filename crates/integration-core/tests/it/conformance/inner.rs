//! The service inside: strict about its contract, and steered by the test.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use integration_core::{
    ErrorKind,
    classify::{Call, Classify, Describe, Repeat, Verdict},
};
use tower::Service;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Panics when it is called without having been ready, as the contract allows.
#[derive(Debug)]
pub(crate) struct Inner {
    state: Arc<Mutex<State>>,
    /// Of this instance alone; a clone begins without.
    ready: bool,
}

/// What a test sees of all instances, and how it steers them.
#[derive(Clone, Debug)]
pub(crate) struct Steering(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    readiness: Readiness,
    answer: Answer,
    /// Of those who wait for the readiness or the answer.
    wakers: Vec<Waker>,
    calls: Vec<u32>,
    /// Futures of calls that are neither finished nor dropped.
    running: usize,
    /// Instances that became ready and were neither called nor dropped.
    reserved: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Readiness {
    Ready,
    Busy,
    Broken,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Answer {
    Code(u16),
    Error,
    Never,
}

pub(crate) fn pair() -> (Inner, Steering) {
    let state = Arc::new(Mutex::new(State {
        readiness: Readiness::Ready,
        answer: Answer::Code(200),
        wakers: Vec::new(),
        calls: Vec::new(),
        running: 0,
        reserved: 0,
    }));
    let inner = Inner {
        state: state.clone(),
        ready: false,
    };
    (inner, Steering(state))
}

impl Steering {
    fn change(&self, change: impl FnOnce(&mut State)) {
        let wakers = {
            let mut state = self.0.lock().unwrap();
            change(&mut state);
            std::mem::take(&mut state.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn readiness(&self, readiness: Readiness) {
        self.change(|state| state.readiness = readiness);
    }

    pub(crate) fn answer(&self, answer: Answer) {
        self.change(|state| state.answer = answer);
    }

    pub(crate) fn calls(&self) -> Vec<u32> {
        self.0.lock().unwrap().calls.clone()
    }

    pub(crate) fn running(&self) -> usize {
        self.0.lock().unwrap().running
    }

    pub(crate) fn reserved(&self) -> usize {
        self.0.lock().unwrap().reserved
    }
}

impl Service<u32> for Inner {
    type Response = u16;
    type Error = BoxError;
    type Future = Answering;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let mut state = self.state.lock().unwrap();
        match state.readiness {
            Readiness::Broken => return Poll::Ready(Err("out of order".into())),
            Readiness::Busy => {
                state.wakers.push(cx.waker().clone());
                return Poll::Pending;
            }
            Readiness::Ready => {}
        }
        if !self.ready {
            self.ready = true;
            state.reserved += 1;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: u32) -> Answering {
        assert!(self.ready, "called without having been ready");
        self.ready = false;
        let mut state = self.state.lock().unwrap();
        state.reserved -= 1;
        state.running += 1;
        state.calls.push(request);
        drop(state);
        Answering(self.state.clone())
    }
}

impl Clone for Inner {
    fn clone(&self) -> Self {
        Self {
            state: self.state.clone(),
            ready: false,
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.ready {
            self.state.lock().unwrap().reserved -= 1;
        }
    }
}

#[derive(Debug)]
pub(crate) struct Answering(Arc<Mutex<State>>);

impl Future for Answering {
    type Output = Result<u16, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock().unwrap();
        match state.answer {
            Answer::Code(code) => Poll::Ready(Ok(code)),
            Answer::Error => Poll::Ready(Err("went wrong".into())),
            Answer::Never => {
                state.wakers.push(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.lock().unwrap().running -= 1;
    }
}

/// Answers are status codes, and every call may be repeated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Codes;

impl Describe<u32> for Codes {
    fn describe<'a>(&self, _request: &'a u32) -> Call<'a> {
        Call::new("demo.call", "demo").with_repeat(Repeat::Harmless)
    }
}

impl Classify<u16, BoxError> for Codes {
    fn classify(&self, call: &Call<'_>, outcome: Result<&u16, &BoxError>) -> Verdict {
        assert_eq!((&*call.operation, &*call.key), ("demo.call", "demo"));
        match outcome.map(|code| ErrorKind::from_status(*code)) {
            Ok(None) => Verdict::success(),
            Ok(Some(kind)) => Verdict::failure(kind),
            Err(_) => Verdict::failure(ErrorKind::Connect),
        }
    }
}

impl Classify<u16, integration_core::Error> for Codes {
    fn classify(
        &self,
        _call: &Call<'_>,
        outcome: Result<&u16, &integration_core::Error>,
    ) -> Verdict {
        match outcome.map(|code| ErrorKind::from_status(*code)) {
            Ok(None) => Verdict::success(),
            Ok(Some(kind)) => Verdict::failure(kind),
            Err(e) => Verdict::of(e),
        }
    }
}
