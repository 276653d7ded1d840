//! Standard Webhooks and its family: `id`, `timestamp` and a list of signatures over
//! `id.timestamp.body`, HMAC-SHA256 as `v1` or Ed25519 as `v1a`.

use http::{HeaderMap, HeaderName};
use integration_core::{Error, ErrorKind, Result};

use crate::{
    claim::{Candidate, Claim, HeaderId, MAX_SIGNATURES},
    encoding::{Tag, base64, unix_seconds},
    event::MAX_ID_BYTES,
    headers::{malformed, required},
    key::Key,
    pointer,
    rejection::Rejection,
    schemes::{Facts, Signed},
    sign::{SignRequest, mac, value},
};

/// The header names: id, timestamp, signature.
type Names = [HeaderName; 3];

const WEBHOOK: Names = [
    HeaderName::from_static("webhook-id"),
    HeaderName::from_static("webhook-timestamp"),
    HeaderName::from_static("webhook-signature"),
];

const SVIX: Names = [
    HeaderName::from_static("svix-id"),
    HeaderName::from_static("svix-timestamp"),
    HeaderName::from_static("svix-signature"),
];

/// Who speaks the scheme, with which differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    Plain,
    Svix,
    Clerk,
    Loops,
    Supabase,
}

impl Flavour {
    /// The names the flavour signs with.
    pub(crate) fn names(self) -> Names {
        match self {
            Self::Svix | Self::Clerk => SVIX,
            Self::Plain | Self::Loops | Self::Supabase => WEBHOOK,
        }
    }

    /// The names of this delivery. Svix also sends under the neutral names; one whole set is
    /// read, never a mixture.
    fn names_in(self, headers: &HeaderMap) -> Names {
        if self == Self::Svix && !SVIX.iter().any(|name| headers.contains_key(name)) {
            return WEBHOOK;
        }
        self.names()
    }

    pub(crate) fn keeps(self, name: &HeaderName) -> bool {
        let own = |prefix| name.as_str().starts_with(prefix);
        let [_, _, webhook_signature] = WEBHOOK;
        let [_, _, svix_signature] = SVIX;
        (own("webhook-") || own("svix-")) && *name != webhook_signature && *name != svix_signature
    }

    /// Where the body says what happened.
    fn type_path(self) -> &'static [&'static str] {
        match self {
            Self::Plain | Self::Svix | Self::Clerk => &["type"],
            Self::Loops => &["eventName"],
            Self::Supabase => &["metadata", "name"],
        }
    }
}

pub(crate) fn claim(flavour: Flavour, headers: &HeaderMap) -> Result<Claim<'_>, Rejection> {
    let [id_name, timestamp_name, signature_name] = flavour.names_in(headers);
    let id = required(headers, &id_name)?;
    check_id(id).map_err(|reason| malformed(&id_name, reason))?;
    let timestamp = unix_seconds(required(headers, &timestamp_name)?)
        .ok_or_else(|| malformed(&timestamp_name, "not Unix seconds"))?;
    let signatures = parse(
        required(headers, &signature_name)?,
        flavour == Flavour::Supabase,
    )
    .map_err(|reason| malformed(&signature_name, reason))?;
    Ok(Claim {
        before: before(id, timestamp),
        signatures,
        timestamp: Some(timestamp),
        id: Some(HeaderId::Signed(id)),
        ..Claim::default()
    })
}

pub(crate) fn facts(flavour: Flavour, body: &[u8]) -> Facts<'_> {
    let [event_type] = pointer::find(body, [flavour.type_path()]).unwrap_or_default();
    Facts {
        event_type,
        ..Facts::default()
    }
}

pub(crate) fn sign(flavour: Flavour, key: &Key, request: &SignRequest<'_>) -> Result<Signed> {
    check_id(request.id).map_err(|reason| {
        Error::new(ErrorKind::Config, "webhooks.sign").with_message(format!("the id is {reason}"))
    })?;
    let timestamp = request.timestamp.as_secs();
    let before = before(request.id, timestamp);
    let signature = if key.is_asymmetric() {
        let content = [&before, request.body].concat();
        let signature = key.ed25519(&content).ok_or_else(|| {
            Error::new(ErrorKind::Config, "webhooks.sign")
                .with_message("a whpk_ key only verifies, signing needs the whsk_ key")
        })?;
        format!("v1a,{}", base64(&signature))
    } else {
        format!(
            "v1,{}",
            base64(mac(key, [&before, request.body, b""])?.as_bytes())
        )
    };
    let [id_name, timestamp_name, signature_name] = flavour.names();
    Ok(vec![
        (id_name, value(request.id)?),
        (timestamp_name, value(&timestamp.to_string())?),
        (signature_name, value(&signature)?),
    ])
}

/// Reads the signature list: `v1,<base64>` and `v1a,<base64>` separated by one space, after a
/// comma too if `comma_joined`. Entries of other versions, or that do not decode, match nothing.
pub(crate) fn parse(header: &str, comma_joined: bool) -> Result<Vec<Candidate>, &'static str> {
    let mut signatures = Vec::new();
    let mut entries = header.split(' ').peekable();
    let mut seen = 0;
    while let Some(mut entry) = entries.next() {
        if comma_joined && entries.peek().is_some() {
            entry = entry.strip_suffix(',').unwrap_or(entry);
        }
        if entry.is_empty() {
            return Err("an entry is empty");
        }
        if seen == MAX_SIGNATURES {
            return Err("more than 16 signatures");
        }
        seen += 1;
        signatures.extend(
            entry
                .split_once(',')
                .and_then(|(version, text)| candidate(version, text)),
        );
    }
    Ok(signatures)
}

fn candidate(version: &str, text: &str) -> Option<Candidate> {
    match version {
        "v1" => Tag::from_base64(text.as_bytes()).map(Candidate::Mac),
        "v1a" => {
            let tag = Tag::from_base64(text.as_bytes())?;
            Some(Candidate::Ed25519(Box::new(
                tag.as_bytes().try_into().ok()?,
            )))
        }
        _ => None,
    }
}

/// An id with a full stop could be cut elsewhere: `a.1` + `2` and `a` + `1` begin alike when
/// joined. The specification forbids it for that reason.
fn check_id(id: &str) -> Result<(), &'static str> {
    match id {
        "" => Err("empty"),
        id if id.len() > MAX_ID_BYTES => Err("longer than 256 bytes"),
        id if id.contains('.') => Err("ambiguous: it has a full stop"),
        id if id.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(()),
        _ => Err("not visible ASCII"),
    }
}

fn before(id: &str, timestamp: u64) -> Vec<u8> {
    format!("{id}.{timestamp}.").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(header: &str, comma_joined: bool) -> Result<usize, &'static str> {
        parse(header, comma_joined).map(|signatures| signatures.len())
    }

    #[test]
    fn entries_of_unknown_versions_or_encodings_match_nothing() {
        assert_eq!(
            count("v1,AAA= v9,abc junk v1,AA v1a,AAA= v1,AAE=", false),
            Ok(2)
        );
    }

    #[test]
    fn a_comma_joins_only_where_the_sender_joins_so() {
        assert_eq!(count("v1,AAA=, v1,AAE=", true), Ok(2));
        assert_eq!(count("v1,AAA=, v1,AAE=", false), Ok(1));
        assert_eq!(count("v1,AAA=,v1,AAE=", true), Ok(0));
        assert_eq!(count("v1,AAA=,", true), Ok(0));
    }

    #[test]
    fn an_empty_entry_is_refused() {
        for wrong in [
            "",
            " ",
            "v1,AAA= ",
            " v1,AAA=",
            "v1,AAA=  v1,AAE=",
            "v1,AAA=\tv1,AAE= ",
        ] {
            assert!(parse(wrong, false).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn signatures_are_bounded() {
        let header = |count| vec!["v1,AAA="; count].join(" ");
        assert_eq!(count(&header(MAX_SIGNATURES), false), Ok(MAX_SIGNATURES));
        assert!(count(&header(MAX_SIGNATURES + 1), false).is_err());
    }

    #[test]
    fn ids_are_visible_bounded_and_without_full_stops() {
        assert_eq!(check_id(&"a".repeat(MAX_ID_BYTES)), Ok(()));
        for wrong in ["", "a.b", "a b", "a\u{7f}", &"a".repeat(MAX_ID_BYTES + 1)] {
            assert!(check_id(wrong).is_err(), "{wrong:?}");
        }
    }
}
