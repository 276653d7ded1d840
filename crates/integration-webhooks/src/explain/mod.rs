//! Tells an operator why a captured delivery does or does not verify.

mod variants;

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use integration_core::ExposeSecret as _;

use crate::{
    claim::Claim, event::Verified, key::Key, rejection::Rejection, scheme::Scheme, schemes::Plan,
    source::Source,
};

/// Most header names an explanation lists.
const MAX_NAMES_LISTED: usize = 32;

/// Why a delivery does or does not verify, for the operator's eyes: it says more than a sender may
/// learn, though never a secret nor the signature that would fit.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Why the delivery is refused; `None` if it verifies.
    pub rejection: Option<Rejection>,
    /// What was found out, one sentence each, the surest first.
    pub findings: Vec<String>,
}

impl Explanation {
    /// Says whether the delivery verifies.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.rejection.is_none()
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rejection {
            None => f.write_str("verified")?,
            Some(rejection) => write!(f, "refused: {rejection}")?,
        }
        self.findings
            .iter()
            .try_for_each(|finding| write!(f, "\n- {finding}"))
    }
}

impl Source {
    /// Verifies as [`verify`](Self::verify) does and looks for the cause of a refusal.
    ///
    /// It tries what usually goes wrong on the way: bodies changed by a proxy, secrets copied
    /// wrongly, clocks, header names of another scheme. Slow; not for the path of requests.
    #[must_use]
    pub fn explain(&self, headers: &HeaderMap, body: &Bytes, now: Duration) -> Explanation {
        let rejection = match self.verify(headers, body, now) {
            Ok(verified) => return accepted(&verified, now),
            Err(rejection) => rejection,
        };
        let findings = match (&rejection, self.plan.claim(headers)) {
            (Rejection::MissingHeader(_), _) => self.about_headers(headers),
            (_, Err(_)) => self.about_form(headers, body),
            (Rejection::SignatureMismatch { .. } | Rejection::NoUsableSecret, Ok(claim)) => {
                self.about_signature(&claim, body, now)
            }
            (_, Ok(claim)) => self.about_time(&claim, body, now),
        };
        Explanation {
            rejection: Some(rejection),
            findings,
        }
    }

    /// Which headers are there, and whose they look like.
    fn about_headers(&self, headers: &HeaderMap) -> Vec<String> {
        let mut names: Vec<_> = headers
            .keys()
            .map(HeaderName::as_str)
            .take(MAX_NAMES_LISTED)
            .collect();
        names.sort_unstable();
        let mut findings = vec![if names.is_empty() {
            "no header is present".to_owned()
        } else {
            format!("present: {}", names.join(", "))
        }];
        let others = Scheme::names()
            .iter()
            .filter(|name| **name != self.scheme().name());
        for scheme in others.filter_map(|name| name.parse::<Scheme>().ok()) {
            let Ok(plan) = Plan::new(&scheme) else {
                continue;
            };
            if plan
                .signature_headers()
                .iter()
                .all(|name| headers.contains_key(name))
            {
                findings.push(format!(
                    "the headers are those of the scheme `{}`",
                    scheme.name()
                ));
            }
        }
        findings
    }

    /// Whether a header that was refused for its form would do in another form. Time does not
    /// count here: captured deliveries are looked at late.
    fn about_form(&self, headers: &HeaderMap, body: &Bytes) -> Vec<String> {
        let fits = |headers: &HeaderMap| {
            let claim = self.plan.claim(headers);
            claim.is_ok_and(|claim| self.ring.iter().any(|(_, key)| claim.fits(key, body)))
        };
        let mut findings = Vec::new();
        for name in self.plan.signature_headers() {
            for (place, value) in headers.get_all(&name).iter().enumerate() {
                let written_so = variants::values(value).into_iter().find(|(_, changed)| {
                    let mut tried = headers.clone();
                    tried.insert(&name, changed.clone());
                    fits(&tried)
                });
                findings.extend(written_so.map(|(what, _)| {
                    format!(
                        "the signature matches with value {} of {name} {what}",
                        place + 1
                    )
                }));
            }
        }
        if findings.is_empty() {
            findings.push("no usual mistake in writing the headers makes it match".to_owned());
        }
        findings
    }

    /// How the clocks stand, and whether the signature is genuine all the same.
    fn about_time(&self, claim: &Claim<'_>, body: &Bytes, now: Duration) -> Vec<String> {
        let mut findings = Vec::new();
        if let Some(timestamp) = claim.timestamp {
            findings.push(format!(
                "signed at {timestamp}, the clock says {}",
                now.as_secs()
            ));
            let seconds = Claim {
                timestamp: Some(timestamp / 1000),
                ..Claim::default()
            };
            if seconds.check_time(now, self.tolerance()).is_ok() {
                findings.push("the timestamp is in milliseconds, seconds are due".to_owned());
            }
        }
        match self.ring.iter().position(|(_, key)| claim.fits(key, body)) {
            Some(number) => findings.push(format!(
                "the signature itself matches secret no. {number}: a late delivery, a replay, or a wrong clock"
            )),
            None => findings.extend(self.about_signature(claim, body, now)),
        }
        findings
    }

    /// What would have to be different for the signature to match.
    fn about_signature(&self, claim: &Claim<'_>, body: &Bytes, now: Duration) -> Vec<String> {
        let mut findings = Vec::new();
        if claim.signatures.is_empty() {
            findings.push("no signature in the header has this scheme's form".to_owned());
        }
        for (number, (secret, key)) in self.ring.iter().enumerate() {
            if !secret.is_in_force(now) && claim.fits(key, body) {
                findings.push(format!(
                    "it matches secret no. {number}, which is not in force now"
                ));
            }
            for (what, changed) in variants::bodies(body) {
                if claim.fits(key, &changed) {
                    findings.push(format!("it matches secret no. {number} if {what}"));
                }
            }
            for (what, key) in variants::keys(self.plan.key_form(), secret.value.expose_secret()) {
                if claim.fits(&key, body) {
                    findings.push(format!("it matches if secret no. {number} is {what}"));
                }
            }
        }
        findings.extend(self.about_kinds(claim));
        if findings.is_empty() {
            findings.push(
                "no usual cause found: another secret, or content changed on the way".to_owned(),
            );
        }
        findings
    }

    /// Whether symmetric signatures met asymmetric keys.
    fn about_kinds(&self, claim: &Claim<'_>) -> Option<String> {
        let keys = |kind: fn(&Key) -> bool| self.ring.iter().any(|(_, key)| kind(key));
        match (claim.has_mac(), claim.has_ed25519()) {
            (false, true) if !keys(Key::is_asymmetric) => {
                Some("all signatures are v1a: a whpk_ key is needed".to_owned())
            }
            (true, false) if !keys(|key| !key.is_asymmetric()) => {
                Some("all signatures are HMACs: a symmetric secret is needed".to_owned())
            }
            _ => None,
        }
    }
}

fn accepted(verified: &Verified, now: Duration) -> Explanation {
    let findings = match verified {
        Verified::Handshake(_) => {
            vec!["a handshake: the answer goes back, nothing is stored".to_owned()]
        }
        Verified::Event(event) => {
            let mut findings = vec![
                format!("secret no. {} matches", event.secret_no),
                format!("id {} ({:?})", event.id, event.id_origin),
                format!("type {}", event.event_type.as_deref().unwrap_or("unknown")),
            ];
            findings.extend(event.timestamp.map(|signed| match now.checked_sub(signed) {
                Some(age) => format!("timestamp {} s old", age.as_secs()),
                None => format!("timestamp {} s ahead", signed.saturating_sub(now).as_secs()),
            }));
            findings
        }
    };
    Explanation {
        rejection: None,
        findings,
    }
}
