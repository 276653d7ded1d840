//! Traits whose methods answer later: what is returned is a boxed future.

use std::time::Duration;

use integration_core::{
    Result,
    credentials::{Token, TokenSource},
    health::HealthCheck,
    retry_budget::RetryBudgetConfig,
    shared_store::{Answer, Demands, Grant, Payment, SharedStore},
};
use mockall::mock;
use tokio::time::Instant;

mock! {
    /// A mock of [`TokenSource`]: `.returning(|_| Box::pin(async { Ok(Token::new("t")) }))`.
    #[derive(Debug)]
    pub TokenSource {}

    impl TokenSource for TokenSource {
        fn token(&self, now: Instant) -> impl Future<Output = Result<Token>> + Send;
    }
}

mock! {
    /// A mock of [`HealthCheck`]: `.returning(|| Box::pin(async { Ok(()) }))`.
    #[derive(Debug)]
    pub HealthCheck {}

    impl HealthCheck for HealthCheck {
        fn check(&self) -> impl Future<Output = Result<()>> + Send;
    }
}

mock! {
    /// A mock of [`SharedStore`]. Its answers borrow nothing: `.returning(|_, _| Box::pin(async { Ok(()) }))`.
    ///
    /// Not expected by a mock, because the trait has them already: `paused` asks `admit`, and
    /// `reset` does nothing.
    #[derive(Debug)]
    pub SharedStore {
        /// What [`SharedStore::admit`] answers.
        pub fn admit(&self, key: &str, demands: &Demands, max_wait: Duration) -> Answer<'static, Grant>;
        /// What [`SharedStore::pause`] answers.
        pub fn pause(&self, key: &str, wait: Duration) -> Answer<'static, ()>;
        /// What [`SharedStore::withdraw`] answers.
        pub fn withdraw(&self, key: &str, budget: &RetryBudgetConfig, calls: u32, price: u32) -> Answer<'static, Payment>;
    }
}

// An answer of the trait may borrow from the store, which mockall cannot express.
impl SharedStore for MockSharedStore {
    fn admit<'a>(
        &'a self,
        key: &'a str,
        demands: &'a Demands,
        max_wait: Duration,
    ) -> Answer<'a, Grant> {
        Self::admit(self, key, demands, max_wait)
    }

    fn pause<'a>(&'a self, key: &'a str, wait: Duration) -> Answer<'a, ()> {
        Self::pause(self, key, wait)
    }

    fn withdraw<'a>(
        &'a self,
        key: &'a str,
        budget: &'a RetryBudgetConfig,
        calls: u32,
        price: u32,
    ) -> Answer<'a, Payment> {
        Self::withdraw(self, key, budget, calls, price)
    }
}
