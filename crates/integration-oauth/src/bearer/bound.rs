//! Proofs for tokens that are bound to a key.

use std::collections::HashMap;

use http::{HeaderMap, HeaderValue, Method};
use integration_core::{Error, ErrorKind, Result, SharedClock};
use integration_jwt::SigningKey;
use parking_lot::Mutex;
use url::Url;

use crate::{
    dpop::{self, DpopProof},
    manager::AccessToken,
};

/// Hosts of which a nonce is kept.
const MAX_NONCES: usize = 64;

/// What proofs are made of. The key is read once a version.
#[derive(Debug, Default)]
pub(super) struct Proofs(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    key: Option<(u64, SigningKey)>,
    /// The last nonce of each origin.
    nonces: HashMap<String, String>,
}

impl Proofs {
    /// Adds the proof for a request, if the token is bound to a key. Without one it is not sent.
    pub(super) fn sign(
        &self,
        token: &AccessToken,
        clock: &SharedClock,
        method: &Method,
        url: &Url,
        headers: &mut HeaderMap,
    ) -> Result<()> {
        if !token.is_bound() {
            return Ok(());
        }
        let jwk = token.dpop_key().ok_or_else(dpop::no_key)?;
        let mut kept = self.0.lock();
        let is_read = kept
            .key
            .as_ref()
            .is_some_and(|(version, _)| *version == token.version());
        if !is_read {
            kept.key = Some((token.version(), dpop::read_key(jwk)?));
        }
        let Some((_, key)) = &kept.key else {
            return Ok(());
        };
        let nonce = kept.nonces.get(&origin(url)).map(String::as_str);
        let secret = Some(token.secret());
        let proof = DpopProof::for_request(key, method, url, secret, nonce, clock.unix())?;
        let mut proof = HeaderValue::try_from(proof).map_err(|_| {
            Error::new(ErrorKind::Other, dpop::OPERATION).with_message("a proof fits no header")
        })?;
        proof.set_sensitive(true);
        headers.insert(dpop::HEADER, proof);
        Ok(())
    }

    /// Keeps the nonce of an answer for the next proof.
    pub(super) fn learn(&self, url: &Url, answer: &HeaderMap) {
        if let Some(nonce) = dpop::nonce(answer) {
            let mut kept = self.0.lock();
            if kept.nonces.len() >= MAX_NONCES {
                kept.nonces.clear();
            }
            kept.nonces.insert(origin(url), nonce);
        }
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
