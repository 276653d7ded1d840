//! A record as the columns of a database, and what both databases ask alike.

use std::time::Duration;

use integration_core::{Error, ErrorKind, Result};

#[cfg(any(feature = "sqlite", feature = "postgres"))]
use super::Filter;
use super::{Lease, Record, rules};
use crate::connection::{ConnectionKey, ConnectionState};

/// The columns behind the key, in the order of every statement.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) const COLUMNS: &str = "version, state, sealed, expires_at, due_at, fence, lease_owner, \
     lease_until, intent_at, parked_fence, parked, created_at, updated_at";

/// A record without its key. Databases have no unsigned integers; times are in microseconds.
#[derive(Debug)]
#[cfg_attr(feature = "keyring", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Columns {
    pub(super) version: i64,
    pub(super) state: String,
    #[cfg_attr(feature = "keyring", serde(with = "super::keyring::bytes"))]
    pub(super) sealed: Vec<u8>,
    pub(super) expires_at: Option<i64>,
    pub(super) due_at: Option<i64>,
    pub(super) fence: i64,
    pub(super) lease_owner: Option<String>,
    pub(super) lease_until: Option<i64>,
    pub(super) intent_at: Option<i64>,
    pub(super) parked_fence: Option<i64>,
    #[cfg_attr(feature = "keyring", serde(with = "super::keyring::bytes::option"))]
    pub(super) parked: Option<Vec<u8>>,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

impl Columns {
    pub(super) fn of(record: Record) -> Result<Self> {
        let (lease_owner, lease_until) = match record.lease {
            Some(lease) => (Some(lease.owner), Some(time(lease.until))),
            None => (None, None),
        };
        let (parked_fence, parked) = match record.parked {
            Some((fence, sealed)) => (Some(integer(fence)), Some(sealed)),
            None => (None, None),
        };
        Ok(Self {
            version: integer(record.version),
            state: word(&record.state)?,
            sealed: record.sealed,
            expires_at: record.expires_at.map(time),
            due_at: record.due_at.map(time),
            fence: integer(record.fence),
            lease_owner,
            lease_until,
            intent_at: record.intent_at.map(time),
            parked_fence,
            parked,
            created_at: time(record.created_at),
            updated_at: time(record.updated_at),
        })
    }

    pub(super) fn into_record(self, key: ConnectionKey) -> Result<Record> {
        let lease = self.lease_owner.zip(self.lease_until);
        let parked = self.parked_fence.zip(self.parked);
        Ok(Record {
            key,
            version: self.version.unsigned_abs(),
            state: serde_json::from_str(&self.state)
                .map_err(|_| damaged("a state that this program does not know"))?,
            sealed: self.sealed,
            expires_at: self.expires_at.map(moment),
            due_at: self.due_at.map(moment),
            fence: self.fence.unsigned_abs(),
            lease: lease.map(|(owner, until)| Lease {
                owner,
                until: moment(until),
            }),
            intent_at: self.intent_at.map(moment),
            parked: parked.map(|(fence, sealed)| (fence.unsigned_abs(), sealed)),
            created_at: moment(self.created_at),
            updated_at: moment(self.updated_at),
        })
    }
}

/// A value of a condition.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
#[derive(Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
}

/// The condition of a list and its values, which are numbered from `$1`.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) fn condition(filter: &Filter) -> Result<(String, Vec<Value>)> {
    let mut parts = Vec::new();
    let mut values = Vec::new();
    let mut place = |value: Value| {
        values.push(value);
        format!("${}", values.len())
    };
    if let Some(tenant) = &filter.tenant {
        parts.push(format!("tenant = {}", place(Value::Text(tenant.clone()))));
    }
    if let Some(provider) = &filter.provider {
        let provider = place(Value::Text(provider.clone()));
        parts.push(format!("provider = {provider}"));
    }
    if let Some(before) = filter.due_before {
        let active = place(Value::Text(word(&ConnectionState::Active)?));
        let before = place(Value::Integer(time(before)));
        parts.push(format!("state = {active} AND due_at < {before}"));
    }
    if let Some(key) = &filter.after {
        let text = |part: &str| Value::Text(part.to_owned());
        let [tenant, provider, account] =
            [key.tenant(), key.provider(), key.account()].map(|part| place(text(part)));
        parts.push(format!(
            "(tenant, provider, account) > ({tenant}, {provider}, {account})"
        ));
    }
    let condition = match parts.is_empty() {
        true => String::new(),
        false => format!("WHERE {}", parts.join(" AND ")),
    };
    Ok((condition, values))
}

/// A time as an integer of a database.
pub(super) fn time(time: Duration) -> i64 {
    integer(rules::micros(time))
}

fn moment(micros: i64) -> Duration {
    Duration::from_micros(micros.unsigned_abs())
}

fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn word(state: &ConnectionState) -> Result<String> {
    serde_json::to_string(state).map_err(|_| damaged("a state that cannot be written"))
}

fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::Storage, "oauth.store").with_message(format!("the store holds {what}"))
}
