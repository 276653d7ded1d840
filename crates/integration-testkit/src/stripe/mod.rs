//! A stand-in for Stripe on the loopback, for tests of applications.
//!
//! It keeps state as Stripe does: customers, payment methods, payment intents with 3-D Secure and
//! declines by test card, charges, refunds and events, each signed as Stripe signs. Writes under one
//! idempotency key are executed once. Faults come on demand: before the request is executed, or after,
//! which is where a client without keys charges twice.
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
//! # When not to use it
//!
//! Not as a reference: parameters it does not know are ignored, and of the API only the calls of the
//! nouns above are there. Whatever else is asked for is a 404 that says so.

mod card;
mod customers;
mod deliver;
mod fault;
mod intents;
mod refunds;
mod request;
mod world;

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

pub use self::fault::StripeFault;
use self::world::World;
use crate::{Reply, ScriptedServer};

/// Stripe, as far as tests need it. Dropping it ends all connections.
pub struct FakeStripe {
    server: ScriptedServer,
    world: Arc<Mutex<World>>,
}

impl FakeStripe {
    /// Starts without any object and without faults.
    ///
    /// # Errors
    ///
    /// When no port can be taken.
    pub async fn start() -> io::Result<Self> {
        let world = Arc::<Mutex<World>>::default();
        let shared = Arc::clone(&world);
        let server =
            ScriptedServer::start(move |received| -> Reply { lock(&shared).answer(received) })
                .await?;
        Ok(Self { server, world })
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

    /// Returns all objects of a kind, such as `charge`, oldest first: the ledger of a test.
    #[must_use]
    pub fn objects(&self, kind: &str) -> Vec<Value> {
        lock(&self.world).of_kind(kind).cloned().collect()
    }

    /// Gives the next requests these faults, one each.
    pub fn inject(&self, faults: impl IntoIterator<Item = StripeFault>) {
        lock(&self.world).faults.inject(faults);
    }

    /// Gives a part of all requests from now on a fault of any sort, the same ones for the same
    /// seed. `rate` is from 0 to 1.
    pub fn inject_at_random(&self, seed: u64, rate: f64) {
        lock(&self.world).faults.at_random(seed, rate);
    }

    /// Ends the 3-D Secure of a payment intent that requires it, as its payer would.
    ///
    /// Returns the intent; `None` when there is no such intent, or it requires nothing.
    #[must_use]
    pub fn authenticate(&self, intent: &str, succeeds: bool) -> Option<Value> {
        intents::authenticate(&mut lock(&self.world), intent, succeeds)
    }
}

/// A panic of a test leaves the state whole: it is changed in one go.
fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for FakeStripe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeStripe")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}
