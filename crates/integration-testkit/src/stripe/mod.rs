//! A stand-in for Stripe on the loopback, for tests of applications.
//!
//! It keeps state as Stripe does: customers, payment methods, payment and setup intents with 3-D
//! Secure and declines by test card, charges, refunds, products, prices, subscriptions with trials
//! and invoices, sessions of checkout, test clocks, connected accounts with ledgers of their own,
//! searches, and events, each signed as Stripe signs. Writes under one idempotency key are executed
//! once. Faults come on demand: before the request is executed, or after, which is where a client
//! without keys charges twice.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use integration_testkit::stripe::{FakeStripe, StripeFault};
//!
//! let stripe = FakeStripe::start().await?;
//! // The next write is executed, and its answer is lost.
//! stripe.inject([StripeFault::ResetAfter]);
//! // ... point the client under test at `stripe.url()`, with any key that begins with `sk_test_` ...
//! assert!(stripe.objects("charge").is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # What a payer does
//!
//! [`authenticate`](FakeStripe::authenticate) ends the 3-D Secure of an intent,
//! [`complete_checkout`](FakeStripe::complete_checkout) pays a session, and
//! [`advance`](FakeStripe::advance) lets time pass: trials end, periods begin, sessions expire. What
//! stands on a test clock moves with that clock only.
//!
//! # When not to use it
//!
//! Not as a reference: parameters it does not know are ignored, and of the API only the calls of the
//! nouns above are there. Whatever else is asked for is a 404 that says so. Invoices are final at
//! once, changes of a subscription are not prorated, an invoice that was declined is not tried again
//! until it is paid by hand, and a search finds at once what was written.

mod calendar;
mod card;
mod catalog;
mod checkout;
mod clocks;
mod customers;
mod cycle;
mod deliver;
mod fault;
mod intents;
mod invoices;
mod list;
mod notifications;
mod plan;
mod query;
mod refunds;
mod refusal;
mod request;
mod routes;
mod search;
mod service;
mod setup;
mod subscriptions;
mod world;

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;

pub use self::fault::StripeFault;
use self::{
    service::Service,
    world::{World, public},
};
use crate::{Reply, ScriptedServer};

/// Stripe, as far as tests need it. Dropping it ends all connections.
pub struct FakeStripe {
    server: ScriptedServer,
    service: Arc<Mutex<Service>>,
}

impl FakeStripe {
    /// Starts without any object and without faults.
    ///
    /// # Errors
    ///
    /// When no port can be taken.
    pub async fn start() -> io::Result<Self> {
        let service = Arc::<Mutex<Service>>::default();
        let shared = Arc::clone(&service);
        let server =
            ScriptedServer::start(move |received| -> Reply { lock(&shared).answer(received) })
                .await?;
        Ok(Self { server, service })
    }

    /// Returns the address to give a client as its base.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url("")
    }

    /// Returns the server below, which remembers every request.
    #[must_use]
    pub fn server(&self) -> &ScriptedServer {
        &self.server
    }

    /// Returns all objects of a kind, such as `charge` or `checkout.session`, oldest first: the
    /// ledger of a test.
    #[must_use]
    pub fn objects(&self, kind: &str) -> Vec<Value> {
        lock(&self.service)
            .platform
            .of_kind(kind)
            .map(public)
            .collect()
    }

    /// As [`objects`](Self::objects), of a connected account; empty where there is no such account.
    #[must_use]
    pub fn objects_of(&self, account: &str, kind: &str) -> Vec<Value> {
        let service = lock(&self.service);
        let world = service.ledger(Some(account)).into_iter();
        world
            .flat_map(|world| world.of_kind(kind))
            .map(public)
            .collect()
    }

    /// Connects an account, which `POST /v1/accounts` does, too. A request for an account that is
    /// not connected is refused with 403 `account_invalid`.
    pub fn connect(&self, account: &str) {
        lock(&self.service).connect(account);
    }

    /// Gives the next requests these faults, one each.
    pub fn inject(&self, faults: impl IntoIterator<Item = StripeFault>) {
        lock(&self.service).faults.inject(faults);
    }

    /// Gives a part of all requests from now on a fault of any sort but a slow answer, the same ones
    /// for the same seed. `rate` is from 0 to 1.
    pub fn inject_at_random(&self, seed: u64, rate: f64) {
        lock(&self.service).faults.at_random(seed, rate);
    }

    /// Ends the 3-D Secure of a payment or setup intent that requires it, as its payer would.
    ///
    /// Returns the intent; `None` when there is no such intent, or it requires nothing.
    #[must_use]
    pub fn authenticate(&self, intent: &str, succeeds: bool) -> Option<Value> {
        let intent = self.act(intent, |world| {
            intents::authenticate(world, intent, succeeds)
                .or_else(|| setup::authenticate(world, intent, succeeds))
        });
        intent.as_ref().map(public)
    }

    /// Pays an open session of checkout with a payment method, such as `pm_card_visa`, as its payer
    /// would on the page, where 3-D Secure is done with.
    ///
    /// Returns the session: `complete`, or still `open` where the card was declined. `None` when no
    /// such session is open.
    #[must_use]
    pub fn complete_checkout(&self, session: &str, payment_method: &str) -> Option<Value> {
        let session = self.act(session, |world| {
            checkout::complete(world, session, payment_method)
        });
        session.as_ref().map(public)
    }

    /// Lets time pass for all that stands on no test clock: trials end, invoices are paid,
    /// subscriptions and sessions end. At most 10,000 such steps are taken.
    pub fn advance(&self, by: Duration) {
        let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        lock(&self.service).advance(seconds);
    }

    /// Makes an event of API v2, about an object that is there or about none, to be delivered thin
    /// and fetched whole. Returns its id.
    #[must_use]
    pub fn notify(&self, event_type: &str, about: Option<&str>, data: &Value) -> String {
        let platform = &mut lock(&self.service).platform;
        notifications::add(platform, event_type, about, data)
    }

    /// Does something with the ledger that an object is in, as if nobody had asked for it.
    fn act(&self, id: &str, act: impl Fn(&mut World) -> Option<Value>) -> Option<Value> {
        let mut service = lock(&self.service);
        let world = service
            .ledgers_mut()
            .find(|world| world.get(id).is_some())?;
        world.begin(None, None);
        let customer = world.get(id).and_then(|at| at["customer"].as_str());
        if let Some(customer) = customer.map(str::to_owned) {
            world.freeze_at_clock_of(&customer);
        }
        act(world)
    }
}

/// A panic of a test leaves the state whole: it is changed in one go.
fn lock(service: &Mutex<Service>) -> MutexGuard<'_, Service> {
    service.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for FakeStripe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeStripe")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}
