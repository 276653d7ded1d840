//! Who handles which type of event.

use std::{collections::HashMap, fmt, pin::Pin};

use integration_core::{Error, ErrorKind, Result};

use super::{Event, EventNotification};

/// What a router takes.
pub trait Incoming {
    /// Returns the type, such as `charge.succeeded`; empty when there is none.
    fn event_type(&self) -> &str;

    /// Tells whether this version knows the type; `None` where it has no list to tell by, as for
    /// notifications of API v2.
    fn is_known(&self) -> Option<bool> {
        None
    }
}

impl Incoming for Event {
    fn event_type(&self) -> &str {
        self.r#type().unwrap_or_default()
    }

    fn is_known(&self) -> Option<bool> {
        Some(self.is_known_type())
    }
}

impl Incoming for EventNotification {
    fn event_type(&self) -> &str {
        self.r#type().unwrap_or_default()
    }
}

/// Gives each event to the handler of its type, and what has none to the fallback.
///
/// ```
/// use integration_stripe::{Error, webhook::{Event, Handled, Router}};
///
/// # async fn run(event: Event) -> Result<(), Error> {
/// let router = Router::<Event>::new(async |event: Event| {
///     println!("nobody asked for {:?}", event.r#type());
///     Ok(())
/// })
/// .on("charge.succeeded", |event| async move { ship(event).await })?;
/// assert_eq!(router.handle(event).await?, Handled::ByType);
/// # Ok(())
/// # }
/// # async fn ship(_: Event) -> Result<(), Error> { Ok(()) }
/// ```
pub struct Router<V, E = Error> {
    handlers: HashMap<Box<str>, Handler<V, E>>,
    fallback: Handler<V, E>,
}

type Handler<V, E> = Box<dyn Fn(V) -> Handling<E> + Send + Sync>;
type Handling<E> = Pin<Box<dyn Future<Output = Result<(), E>> + Send>>;

/// Who took an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Handled {
    /// The handler of its type.
    ByType,
    /// The fallback: no handler has its type.
    ByFallback,
    /// The fallback, and this version does not know the type: Stripe has added it since, or it is
    /// none.
    Unknown,
}

impl<V: Incoming, E> Router<V, E> {
    /// Starts with what takes the events that nobody else does: Stripe adds types, and an endpoint
    /// that is subscribed to all gets them.
    pub fn new<F>(fallback: impl Fn(V) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        Self {
            handlers: HashMap::new(),
            fallback: Box::new(move |event| Box::pin(fallback(event))),
        }
    }

    /// Sets the handler of a type.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the type is empty or has a handler already.
    pub fn on<F>(
        mut self,
        event_type: &str,
        handler: impl Fn(V) -> F + Send + Sync + 'static,
    ) -> Result<Self>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        if event_type.is_empty() || self.handlers.contains_key(event_type) {
            return Err(Error::new(ErrorKind::Config, "stripe.webhook.router")
                .with_message("type of event is empty or has a handler already")
                .with_context("type", event_type.escape_debug()));
        }
        let handler: Handler<V, E> = Box::new(move |event| Box::pin(handler(event)));
        self.handlers.insert(event_type.into(), handler);
        Ok(self)
    }

    /// Handles an event, and says who did.
    ///
    /// # Errors
    ///
    /// That of the handler.
    pub async fn handle(&self, event: V) -> Result<Handled, E> {
        match self.handlers.get(event.event_type()) {
            Some(handler) => handler(event).await.map(|()| Handled::ByType),
            None => {
                let handled = match event.is_known() {
                    Some(false) => Handled::Unknown,
                    _ => Handled::ByFallback,
                };
                (self.fallback)(event).await.map(|()| handled)
            }
        }
    }

    /// Returns the types that have handlers, to subscribe an endpoint to.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.handlers.keys().map(AsRef::as_ref)
    }
}

impl<V, E> fmt::Debug for Router<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut types: Vec<_> = self.handlers.keys().collect();
        types.sort();
        f.debug_struct("Router")
            .field("types", &types)
            .finish_non_exhaustive()
    }
}
