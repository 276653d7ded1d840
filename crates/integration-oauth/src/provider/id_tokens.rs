//! Who judges the tokens that say who logged in.

use std::sync::Arc;

use integration_core::{Error, ErrorKind, Result};
use integration_jwt::{Algorithm, JwksCache, JwksConfig, Key, KeySet, Validator, ValidatorBuilder};
use url::Url;

use super::{Inner, Metadata, Provider, needed};

const OPERATION: &str = "oauth.id_tokens";

/// The keys of a server, and where they are from.
pub(crate) struct Keys {
    url: Url,
    cache: JwksCache,
}

impl Provider {
    /// Returns who judges ID tokens: those of this issuer, for our client, with the algorithm that
    /// was agreed. Its keys are fetched with its first check and shared by all it is asked for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the provider has no issuer or no keys; those of the discovery.
    pub async fn id_tokens(&self) -> Result<Validator> {
        let known = self.metadata().await?;
        self.judge(&known)?.id_tokens().build()
    }

    /// Returns who judges logout tokens of back-channel logout.
    ///
    /// # Errors
    ///
    /// As [`id_tokens`](Self::id_tokens).
    pub async fn logout_tokens(&self) -> Result<Validator> {
        let known = self.metadata().await?;
        self.judge(&known)?.logout_tokens().build()
    }

    /// What the validators of all kinds of tokens have in common.
    pub(crate) fn judge(&self, known: &Metadata) -> Result<ValidatorBuilder> {
        let inner = &*self.inner;
        let issuer = known.issuer.as_deref().ok_or_else(|| {
            Error::new(ErrorKind::Config, OPERATION)
                .with_message("provider has no issuer, so it has no ID tokens")
        })?;
        let mut builder = Validator::issuer(issuer)
            .audience(self.client_id())
            .clock(Arc::clone(&inner.clock));
        if let Some(template) = &inner.preset.issuer_template {
            builder = builder.issuer_template(template.as_str());
        }
        let algorithms = inner.agreed(known);
        if let (Some(algorithm), Some(secret)) = (algorithms.first(), &inner.identity.secret)
            && is_of_secrets(*algorithm)
        {
            let key = Key::hmac(*algorithm, secret)?;
            return Ok(builder.algorithms(algorithms).keys(KeySet::new(vec![key])));
        }
        let keys = inner.keys(issuer, known)?;
        Ok(builder.algorithms(algorithms).jwks(keys))
    }
}

impl Inner {
    /// What ID tokens may be signed with; empty for whatever the keys are for.
    fn agreed(&self, known: &Metadata) -> Vec<Algorithm> {
        if !self.id_token_algorithms.is_empty() {
            return self.id_token_algorithms.clone();
        }
        let listed = |name: &str| known.id_token_algorithms.iter().any(|of| of == name);
        // The default of registration (OpenID Connect Registration, 2), which every server has.
        if listed(Algorithm::Rs256.name()) {
            return vec![Algorithm::Rs256];
        }
        let public = PUBLIC.iter().filter(|algorithm| listed(algorithm.name()));
        public.copied().collect()
    }

    fn keys(&self, issuer: &str, known: &Metadata) -> Result<JwksCache> {
        let url = needed(OPERATION, known.jwks.as_ref(), "address of keys")?;
        let mut kept = self.keys.lock();
        if let Some(keys) = kept.as_ref().filter(|keys| keys.url == *url) {
            return Ok(keys.cache.clone());
        }
        let config = JwksConfig::default();
        let (http, clock) = (self.http.clone(), Arc::clone(&self.clock));
        let cache = JwksCache::with_parts(issuer, Some(url.as_str()), http, config, clock)?;
        *kept = Some(Keys {
            url: url.clone(),
            cache: cache.clone(),
        });
        Ok(cache)
    }
}

/// Everything but secrets.
const PUBLIC: [Algorithm; 10] = [
    Algorithm::Es256,
    Algorithm::EdDsa,
    Algorithm::Ps256,
    Algorithm::Es384,
    Algorithm::Ps384,
    Algorithm::Rs384,
    Algorithm::Es512,
    Algorithm::Ps512,
    Algorithm::Rs512,
    Algorithm::Rs256,
];

fn is_of_secrets(algorithm: Algorithm) -> bool {
    !PUBLIC.contains(&algorithm)
}
