#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod event;
mod id;
pub mod limits;
mod query;
mod retention;
mod state;
mod store;

pub mod dispatch;
#[cfg(feature = "sqlite")]
pub mod sqlite;

#[cfg(feature = "sqlite")]
pub use crate::sqlite::{SqliteConfig, SqliteStore};
pub use crate::{
    dispatch::{Deliver, Dispatcher, DispatcherConfig, Outcome, Route},
    event::{NewDelivery, NewEvent, Stored},
    id::{DeliveryId, EventId, UnixMillis},
    query::{
        AttemptView, Cursor, DeliveryFilter, DeliveryView, EventFilter, EventView, Page,
        PageRequest, RouteStats, Stats,
    },
    retention::RetentionPolicy,
    state::DeliveryState,
    store::{
        AttemptResult, ClaimRequest, Extension, Lease, ReplayFilter, Resolution, RouteSlots,
        Settled, Settlement, Store,
    },
};
pub use integration_core::{Error, ErrorKind, Result};
