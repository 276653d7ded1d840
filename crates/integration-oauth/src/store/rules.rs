//! What each operation does to a record. Every store reads one, applies a rule and writes it back
//! in one transaction, so that all of them behave alike.

use std::time::Duration;

use integration_core::{Error, ErrorKind, Result};

use super::{Change, Filter, Lease, Leasing, Page, Record, Swap};
use crate::{
    connection::{ConnectionKey, ConnectionState},
    limits::{LISTED, MAX_LISTED, MAX_NAME, MAX_SEALED},
};

/// Whether a record was changed, and must be written back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Yes,
    No,
}

/// The first version of a connection.
///
/// Its fence starts from the time in microseconds: a late owner of a connection that was deleted
/// and made again can then never hold the number of a lease of the new one.
pub(super) fn first(key: &ConnectionKey, change: Change, now: Duration) -> Record {
    let now = kept(now);
    Record {
        key: key.clone(),
        version: 1,
        state: change.state,
        sealed: change.sealed,
        expires_at: change.expires_at.map(kept),
        due_at: change.due_at.map(kept),
        fence: micros(now),
        lease: None,
        intent_at: None,
        parked: None,
        created_at: now,
        updated_at: now,
    }
}

pub(super) fn swap(
    record: &mut Record,
    version: u64,
    fence: Option<u64>,
    next: Change,
    now: Duration,
) -> Swap {
    if record.version != version || fence.is_some_and(|fence| fence != record.fence) {
        return Swap::Stale;
    }
    record.version += 1;
    record.state = next.state;
    record.sealed = next.sealed;
    record.expires_at = next.expires_at.map(kept);
    record.due_at = next.due_at.map(kept);
    record.updated_at = kept(now);
    // Both speak of the tokens that have just been replaced.
    record.intent_at = None;
    record.parked = None;
    if fence.is_some() {
        record.lease = None;
    }
    Swap::Done(record.version)
}

pub(super) fn written(swap: Swap) -> Written {
    match swap {
        Swap::Done(_) => Written::Yes,
        Swap::Stale => Written::No,
    }
}

pub(super) fn lease(
    record: &mut Record,
    owner: &str,
    ttl: Duration,
    now: Duration,
) -> (Leasing, Written) {
    let now = kept(now);
    if let Some(wait) = held_for(record, now) {
        let record = record.clone();
        return (Leasing::Held { wait, record }, Written::No);
    }
    record.fence += 1;
    let mut before = record.clone();
    record.lease = Some(Lease {
        owner: owner.to_owned(),
        until: kept(now.saturating_add(ttl)),
    });
    // An older intent is kept: of that exchange nobody has said yet how it ended.
    record.intent_at.get_or_insert(now);
    before.fence = record.fence;
    (Leasing::Granted { record: before }, Written::Yes)
}

pub(super) fn renew(record: &mut Record, fence: u64, ttl: Duration, now: Duration) -> Written {
    match &mut record.lease {
        Some(lease) if record.fence == fence => {
            lease.until = kept(now.saturating_add(ttl));
            Written::Yes
        }
        _ => Written::No,
    }
}

pub(super) fn release(record: &mut Record, fence: u64, keeps_intent: bool) -> Written {
    if record.fence != fence || record.lease.is_none() {
        return Written::No;
    }
    record.lease = None;
    if !keeps_intent {
        record.intent_at = None;
    }
    Written::Yes
}

/// Parks tokens, unless those of a later owner are parked already.
pub(super) fn park(record: &mut Record, fence: u64, sealed: Vec<u8>) -> Written {
    let later = record
        .parked
        .as_ref()
        .is_some_and(|(held, _)| *held > fence);
    if later || fence > record.fence {
        return Written::No;
    }
    record.parked = Some((fence, sealed));
    Written::Yes
}

pub(super) fn reseal(record: &mut Record, old: &[u8], new: Vec<u8>) -> Written {
    if record.sealed == old {
        record.sealed = new;
        return Written::Yes;
    }
    match &mut record.parked {
        Some((_, sealed)) if sealed == old => {
            *sealed = new;
            Written::Yes
        }
        _ => Written::No,
    }
}

/// How long to wait for the next version at most; `None` when it is there, or nobody works on it.
pub(super) fn awaited(record: Option<&Record>, version: u64, now: Duration) -> Option<Duration> {
    let record = record.filter(|record| record.version == version)?;
    held_for(record, now)
}

pub(super) fn matches(filter: &Filter, record: &Record) -> bool {
    let is = |wanted: &Option<String>, part: &str| wanted.as_deref().is_none_or(|it| it == part);
    is(&filter.tenant, record.key.tenant())
        && is(&filter.provider, record.key.provider())
        && filter.after.as_ref().is_none_or(|it| record.key > *it)
        && filter.due_before.is_none_or(|before| {
            record.state == ConnectionState::Active && record.due_at.is_some_and(|at| at < before)
        })
}

/// How many records a page holds at most.
pub(super) fn page_size(filter: &Filter) -> usize {
    match filter.limit {
        0 => LISTED,
        limit => limit.min(MAX_LISTED),
    }
}

/// Makes a page of one record more than it may hold.
pub(super) fn page(mut records: Vec<Record>, size: usize) -> Page {
    let has_more = records.len() > size;
    records.truncate(size);
    let last = records.last().filter(|_| has_more);
    let next = last.map(|record| record.key.clone());
    Page { records, next }
}

/// Refuses what no store keeps.
pub(super) fn check_sealed(sealed: &[u8]) -> Result<()> {
    if sealed.len() <= MAX_SEALED {
        return Ok(());
    }
    Err(refused(format!(
        "a sealed record has {} bytes, more than {MAX_SEALED}",
        sealed.len()
    )))
}

/// Refuses an owner that is not named, or at too great length.
pub(super) fn check_owner(owner: &str) -> Result<()> {
    if owner.is_empty() || owner.len() > MAX_NAME {
        return Err(refused(format!("an owner has 1 to {MAX_NAME} bytes")));
    }
    Ok(())
}

/// Times are kept to the microsecond in every store.
pub(super) fn kept(time: Duration) -> Duration {
    Duration::from_micros(micros(time))
}

/// Microseconds that fit the integers of a database.
pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros())
        .unwrap_or(u64::MAX)
        .min(i64::MAX.unsigned_abs())
}

fn held_for(record: &Record, now: Duration) -> Option<Duration> {
    let lease = record.lease.as_ref()?;
    lease.until.checked_sub(now).filter(|wait| !wait.is_zero())
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::Validation, "oauth.store").with_message(message)
}
