//! One file per way of signing: what it reads from the headers, what it signs, and what a
//! verified body says about itself.

pub(crate) mod form;
pub(crate) mod github;
pub(crate) mod hmac;
pub(crate) mod slack;
pub(crate) mod standard;
pub(crate) mod stripe;

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};
use integration_core::Result;

use crate::{
    claim::{Claim, HeaderId},
    event::Answer,
    key::{Key, KeyForm},
    rejection::Rejection,
    scheme::Scheme,
    sign::SignRequest,
};

/// A scheme made ready: configuration checked, header names parsed.
#[derive(Debug)]
pub(crate) enum Plan {
    Stripe,
    GitHub(github::Variant),
    Slack,
    Standard(standard::Flavour),
    Hmac(Box<hmac::Compiled>),
}

/// What a verified delivery says about itself.
#[derive(Debug, Default)]
pub(crate) struct Facts<'a> {
    /// An id from signed bytes of the body.
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) event_type: Option<Cow<'a, str>>,
    /// Set if the delivery is a handshake rather than an event.
    pub(crate) answer: Option<Answer>,
}

/// Headers that carry a signature, and what they sign.
pub(crate) type Signed = Vec<(HeaderName, HeaderValue)>;

impl Plan {
    /// Checks the scheme's configuration.
    pub(crate) fn new(scheme: &Scheme) -> Result<Self> {
        Ok(match scheme {
            Scheme::Stripe => Self::Stripe,
            Scheme::GitHub => Self::GitHub(github::Variant::Sha256),
            Scheme::GitHubSha1 => Self::GitHub(github::Variant::Sha1),
            Scheme::Slack => Self::Slack,
            Scheme::StandardWebhooks => Self::Standard(standard::Flavour::Plain),
            Scheme::Svix => Self::Standard(standard::Flavour::Svix),
            Scheme::Clerk => Self::Standard(standard::Flavour::Clerk),
            Scheme::Loops => Self::Standard(standard::Flavour::Loops),
            Scheme::SupabaseAuthHook => Self::Standard(standard::Flavour::Supabase),
            Scheme::Hmac(config) => Self::Hmac(Box::new(hmac::Compiled::new(config)?)),
        })
    }

    /// Returns how the scheme writes its secrets.
    pub(crate) fn key_form(&self) -> KeyForm {
        use crate::generic::HmacAlgorithm::{Sha1, Sha256};
        match self {
            Self::GitHub(github::Variant::Sha1) => KeyForm::Text(Sha1),
            Self::Stripe | Self::Slack | Self::GitHub(_) => KeyForm::Text(Sha256),
            Self::Standard(standard::Flavour::Supabase) => KeyForm::Supabase,
            Self::Standard(_) => KeyForm::Standard,
            Self::Hmac(compiled) => KeyForm::Text(compiled.algorithm()),
        }
    }

    /// Reads the headers, strictly and without believing them.
    pub(crate) fn claim<'h>(&self, headers: &'h HeaderMap) -> Result<Claim<'h>, Rejection> {
        match self {
            Self::Stripe => stripe::claim(headers),
            Self::GitHub(variant) => github::claim(*variant, headers),
            Self::Slack => slack::claim(headers),
            Self::Standard(flavour) => standard::claim(*flavour, headers),
            Self::Hmac(compiled) => compiled.claim(headers),
        }
    }

    /// Reads the body: only ever called after verification.
    pub(crate) fn facts<'a>(
        &self,
        headers: &'a HeaderMap,
        body: &'a [u8],
    ) -> Result<Facts<'a>, Rejection> {
        match self {
            Self::Stripe => Ok(stripe::facts(body)),
            Self::GitHub(_) => github::facts(headers, body),
            Self::Slack => Ok(slack::facts(body)),
            Self::Standard(flavour) => Ok(standard::facts(*flavour, body)),
            Self::Hmac(compiled) => compiled.facts(headers, body),
        }
    }

    /// Says whether the id in a header may be used although it is the sender's per attempt.
    pub(crate) fn header_id<'h>(&self, claim: &Claim<'h>) -> Option<HeaderId<'h>> {
        match self {
            Self::Standard(standard::Flavour::Supabase) => None,
            _ => claim.id,
        }
    }

    /// Says whether an event keeps this header: the sender's own, without the signature.
    pub(crate) fn keeps(&self, name: &HeaderName) -> bool {
        let own = |prefix: &str| name.as_str().starts_with(prefix);
        match self {
            Self::Stripe => own("stripe-") && *name != stripe::SIGNATURE,
            Self::GitHub(_) => own("x-github-"),
            Self::Slack => own("x-slack-") && *name != slack::SIGNATURE,
            Self::Standard(flavour) => flavour.keeps(name),
            Self::Hmac(compiled) => compiled.keeps(name),
        }
    }

    /// Returns every header the scheme cannot verify without, for explanations.
    pub(crate) fn signature_headers(&self) -> Vec<HeaderName> {
        match self {
            Self::Stripe => vec![stripe::SIGNATURE],
            Self::GitHub(variant) => vec![variant.header()],
            Self::Slack => vec![slack::TIMESTAMP, slack::SIGNATURE],
            Self::Standard(flavour) => flavour.names().to_vec(),
            Self::Hmac(compiled) => compiled.required_headers(),
        }
    }

    /// Signs a delivery as the sender would.
    pub(crate) fn sign(&self, key: &Key, request: &SignRequest<'_>) -> Result<Signed> {
        match self {
            Self::Stripe => stripe::sign(key, request),
            Self::GitHub(variant) => github::sign(*variant, key, request),
            Self::Slack => slack::sign(key, request),
            Self::Standard(flavour) => standard::sign(*flavour, key, request),
            Self::Hmac(compiled) => compiled.sign(key, request),
        }
    }
}
