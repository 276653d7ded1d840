//! A token taken apart, before any of it is believed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{header::Header, limits::MAX_TOKEN, rejection::Rejection};

/// The three parts of a token.
#[derive(Debug)]
pub(crate) struct Jws<'a> {
    pub(crate) header: Header,
    pub(crate) signed: &'a [u8],
    /// Not decoded before the signature is verified.
    payload: &'a str,
    pub(crate) signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    pub(crate) fn parse(token: &'a str) -> Result<Self, Rejection> {
        if token.len() > MAX_TOKEN {
            return Err(Rejection::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Rejection::NotThreeParts)?;
        let (header, payload) = signed.split_once('.').ok_or(Rejection::NotThreeParts)?;
        if payload.contains('.') || header.is_empty() || signature.is_empty() {
            return Err(Rejection::NotThreeParts);
        }
        Ok(Self {
            header: Header::parse(&decode(header)?)?,
            signed: signed.as_bytes(),
            payload,
            signature: decode(signature)?,
        })
    }

    pub(crate) fn payload(&self) -> Result<Vec<u8>, Rejection> {
        decode(self.payload)
    }
}

/// Decodes base64url without padding; unused bits must be zero, so each text has one spelling.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, Rejection> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| Rejection::NotBase64)
}
