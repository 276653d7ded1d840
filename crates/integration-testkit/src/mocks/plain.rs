//! Traits whose methods answer at once.

use std::time::Duration;

use integration_core::{
    Clock, Rng,
    classify::{Call, Classify, Describe, Verdict},
    http::HeaderMap,
    observe::Exchange,
    observer::{Event, Observer},
    quota::{QuotaParser, QuotaReport},
};
use mockall::mock;
use tokio::time::Instant;

mock! {
    /// A mock of [`Clock`].
    #[derive(Debug)]
    pub Clock {}

    impl Clock for Clock {
        fn now(&self) -> Instant;
        fn unix(&self) -> Duration;
    }
}

mock! {
    /// A mock of [`Rng`].
    #[derive(Debug)]
    pub Rng {}

    impl Rng for Rng {
        fn fraction(&self) -> f64;
    }
}

mock! {
    /// A mock of [`Observer`]. It expects exchanges too, as every event of a client.
    #[derive(Debug)]
    pub Observer {}

    impl Observer for Observer {
        fn on_event<'a>(&self, event: &Event<'a>);
        fn on_exchange<'a>(&self, exchange: &Exchange<'a>);
    }
}

mock! {
    /// A mock of [`QuotaParser`].
    #[derive(Debug)]
    pub QuotaParser {}

    impl QuotaParser for QuotaParser {
        fn parse(&self, headers: &HeaderMap, now_unix: Duration) -> QuotaReport;
    }
}

mock! {
    /// A mock of [`Classify`], for a client that of `Answer` and `TransportError`.
    #[derive(Debug)]
    pub Classify<Res: Send + Sync + 'static, E: Send + Sync + 'static> {}

    impl<Res: Send + Sync + 'static, E: Send + Sync + 'static> Classify<Res, E> for Classify<Res, E> {
        fn classify<'a, 'r>(&self, call: &Call<'a>, outcome: Result<&'r Res, &'r E>) -> Verdict;
    }
}

mock! {
    /// A mock of [`Describe`]. Its descriptions borrow nothing.
    #[derive(Debug)]
    pub Describe<Req: Send + Sync + 'static> {
        /// What [`Describe::describe`] answers.
        pub fn describe(&self, request: &Req) -> Call<'static>;
    }
}

// A description of the trait may borrow from the request, which mockall cannot express.
impl<Req: Send + Sync + 'static> Describe<Req> for MockDescribe<Req> {
    fn describe<'a>(&self, request: &'a Req) -> Call<'a> {
        Self::describe(self, request)
    }
}
