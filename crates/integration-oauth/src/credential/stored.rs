//! Two versions as bytes, for a vault alone. A later version is refused, as with tokens.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use integration_core::{Error, ErrorKind, ExposeSecret, Result, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    Credential, kind,
    versions::{Next, Versions},
};
use crate::{
    by_name::{self, Named},
    clearing,
};

const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<'a> {
    v: u64,
    #[serde(borrow)]
    current: Kind<'a>,
    since: Duration,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    next: Option<StoredNext<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredNext<'a> {
    #[serde(borrow)]
    credential: Kind<'a>,
    since: Duration,
    overlap_until: Duration,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Kind<'a> {
    ApiKey {
        header: Cow<'a, str>,
        prefix: Cow<'a, str>,
        #[serde(borrow)]
        key: Cow<'a, str>,
    },
    Basic {
        user: Cow<'a, str>,
        #[serde(borrow)]
        password: Cow<'a, str>,
    },
    Header(#[serde(borrow, with = "by_name")] Vec<Named<'a, Cow<'a, str>>>),
    TwoStep(#[serde(borrow, with = "by_name")] Vec<Named<'a, Cow<'a, str>>>),
}

pub(super) fn encode(versions: &Versions) -> Result<Zeroizing<Vec<u8>>> {
    let next = versions.next.as_ref().map(|next| StoredNext {
        credential: Kind::borrowed(&next.credential),
        since: next.since,
        overlap_until: next.overlap_until,
    });
    let stored = Stored {
        v: VERSION,
        current: Kind::borrowed(&versions.current),
        since: versions.since,
        next,
    };
    clearing::to_json(&stored).map_err(|_| {
        let error = Error::new(ErrorKind::Serialize, "oauth.credential");
        error.with_message("the credential cannot be written")
    })
}

pub(super) fn decode(bytes: &[u8]) -> Result<Versions> {
    // The error of the parser may quote what it read, so it is not passed on.
    let stored: Option<Stored<'_>> = serde_json::from_slice(bytes).ok();
    let Some(stored) = stored.filter(|stored| stored.v == VERSION) else {
        return Err(Error::new(ErrorKind::Decode, "oauth.credential").with_message(
            "the stored credential is not one that this program knows: start the newer one that \
             wrote it",
        ));
    };
    Ok(Versions {
        current: stored.current.into_credential(),
        since: stored.since,
        next: stored.next.map(|next| Next {
            credential: next.credential.into_credential(),
            since: next.since,
            overlap_until: next.overlap_until,
        }),
    })
}

impl<'a> Kind<'a> {
    fn borrowed(credential: &'a Credential) -> Self {
        let named = |values: &'a BTreeMap<String, SecretString>| {
            let pairs = values.iter();
            let pair = |(name, value): (&'a String, &'a SecretString)| {
                (Cow::from(name), Cow::from(value.expose_secret()))
            };
            pairs.map(pair).collect()
        };
        match credential {
            Credential::ApiKey {
                header,
                prefix,
                key,
            } => Self::ApiKey {
                header: Cow::from(header),
                prefix: Cow::from(prefix),
                key: Cow::from(key.expose_secret()),
            },
            Credential::Basic { user, password } => Self::Basic {
                user: Cow::from(user),
                password: Cow::from(password.expose_secret()),
            },
            Credential::Header { headers } => Self::Header(named(headers)),
            Credential::TwoStep { fields } => Self::TwoStep(named(fields)),
        }
    }

    fn into_credential(self) -> Credential {
        let named = |values: Vec<Named<'a, Cow<'a, str>>>| {
            let pairs = values.into_iter();
            kind::named(pairs.map(|(name, value)| (name, value.into_owned())))
        };
        match self {
            Self::ApiKey {
                header,
                prefix,
                key,
            } => Credential::ApiKey {
                header: header.into_owned(),
                prefix: prefix.into_owned(),
                key: key.into_owned().into(),
            },
            Self::Basic { user, password } => Credential::Basic {
                user: user.into_owned(),
                password: password.into_owned().into(),
            },
            Self::Header(values) => Credential::Header {
                headers: named(values),
            },
            Self::TwoStep(values) => Credential::TwoStep {
                fields: named(values),
            },
        }
    }
}
