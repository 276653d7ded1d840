//! The generic scheme: an HMAC described by configuration.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};
use integration_core::{Error, ErrorKind, Result};

use crate::{
    claim::{Candidate, Claim, HeaderId},
    encoding::{Tag, base64, hex, unix_seconds},
    event::MAX_ID_BYTES,
    generic::{HmacAlgorithm, HmacEncoding, HmacScheme},
    headers::{malformed, optional, required},
    key::Key,
    pointer,
    rejection::Rejection,
    schemes::{Facts, Signed, hmac::template::Template},
    sign::{SignRequest, mac, value},
};

pub(crate) mod template;

/// Longest prefix before a signature, in bytes.
pub const MAX_PREFIX_BYTES: usize = 64;

/// A checked [`HmacScheme`].
#[derive(Debug)]
pub(crate) struct Compiled {
    header: HeaderName,
    prefix: String,
    algorithm: HmacAlgorithm,
    encoding: HmacEncoding,
    template: Template,
    timestamp_header: Option<HeaderName>,
    id_header: Option<HeaderName>,
    id_pointer: Option<Vec<String>>,
    type_header: Option<HeaderName>,
    type_pointer: Option<Vec<String>>,
}

impl Compiled {
    pub(crate) fn new(config: &HmacScheme) -> Result<Self> {
        let template = Template::parse(&config.content).map_err(|why| fault("content", why))?;
        let compiled = Self {
            header: name("header", &config.header)?,
            prefix: config.prefix.clone(),
            algorithm: config.algorithm,
            encoding: config.encoding,
            timestamp_header: named("timestamp_header", config.timestamp_header.as_ref())?,
            id_header: named("id_header", config.id_header.as_ref())?,
            id_pointer: pointed("id_pointer", config.id_pointer.as_ref())?,
            type_header: named("type_header", config.type_header.as_ref())?,
            type_pointer: pointed("type_pointer", config.type_pointer.as_ref())?,
            template,
        };
        compiled.check()
    }

    /// A time or an id must be signed to be worth reading, and must be read to be signed.
    fn check(self) -> Result<Self> {
        if self.template.has_timestamp() != self.timestamp_header.is_some() {
            return Err(fault(
                "timestamp_header",
                "goes with {timestamp} in the content",
            ));
        }
        if self.template.has_id() && self.id_header.is_none() {
            return Err(fault("id_header", "is needed by {id} in the content"));
        }
        let plain = self.prefix.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !plain || self.prefix.len() > MAX_PREFIX_BYTES {
            return Err(fault("prefix", "is at most 64 bytes of visible ASCII"));
        }
        let read = [&self.timestamp_header, &self.id_header, &self.type_header];
        if read.into_iter().flatten().any(|name| *name == self.header) {
            return Err(fault("header", "carries the signature and nothing else"));
        }
        Ok(self)
    }

    pub(crate) fn algorithm(&self) -> HmacAlgorithm {
        self.algorithm
    }

    pub(crate) fn claim<'h>(&self, headers: &'h HeaderMap) -> Result<Claim<'h>, Rejection> {
        let signature = required(headers, &self.header)?;
        let signature = self
            .parse(signature)
            .map_err(|why| malformed(&self.header, why))?;
        let timestamp = match &self.timestamp_header {
            Some(name) => Some(
                unix_seconds(required(headers, name)?)
                    .ok_or_else(|| malformed(name, "not Unix seconds"))?,
            ),
            None => None,
        };
        let id = self.header_id(headers)?;
        let signed_id = match id {
            Some(HeaderId::Signed(id)) => id,
            _ => "",
        };
        let (before, after) = self.template.around_body(signed_id, timestamp);
        Ok(Claim {
            before,
            after,
            signatures: vec![Candidate::Mac(signature)],
            timestamp,
            id,
        })
    }

    fn header_id<'h>(&self, headers: &'h HeaderMap) -> Result<Option<HeaderId<'h>>, Rejection> {
        let Some(name) = &self.id_header else {
            return Ok(None);
        };
        if !self.template.has_id() {
            let id = optional(headers, name)?.filter(|id| !id.is_empty());
            return Ok(id.map(HeaderId::Unsigned));
        }
        let id = required(headers, name)?;
        if id.is_empty() || id.len() > MAX_ID_BYTES {
            return Err(malformed(name, "empty or longer than 256 bytes"));
        }
        if !self.template.is_unambiguous(id) {
            return Err(malformed(
                name,
                "ambiguous: it has the text that follows it when signed",
            ));
        }
        Ok(Some(HeaderId::Signed(id)))
    }

    /// Reads the signature header's value: the prefix, then the encoding, nothing else.
    pub(crate) fn parse(&self, header: &str) -> Result<Tag, &'static str> {
        let text = header
            .strip_prefix(&self.prefix)
            .ok_or("the prefix is missing")?;
        match self.encoding {
            HmacEncoding::Hex => Tag::from_hex(text.as_bytes()).ok_or("not lower-case hex"),
            HmacEncoding::Base64 => Tag::from_base64(text.as_bytes()).ok_or("not padded base64"),
        }
    }

    pub(crate) fn facts<'a>(
        &self,
        headers: &'a HeaderMap,
        body: &'a [u8],
    ) -> Result<Facts<'a>, Rejection> {
        let header_type = match &self.type_header {
            Some(name) => optional(headers, name)?.map(Cow::Borrowed),
            None => None,
        };
        let none: &[String] = &[];
        let [id, body_type] = match (self.id_pointer.as_deref(), self.type_pointer.as_deref()) {
            (None, None) => [None, None],
            (id, event_type) => {
                pointer::find(body, [id.unwrap_or(none), event_type.unwrap_or(none)])
                    .unwrap_or_default()
            }
        };
        // The signed word counts more than the header nobody signed.
        let event_type = body_type.or(header_type);
        Ok(Facts {
            id,
            event_type,
            answer: None,
        })
    }

    pub(crate) fn keeps(&self, name: &HeaderName) -> bool {
        [&self.timestamp_header, &self.id_header, &self.type_header]
            .into_iter()
            .flatten()
            .any(|own| own == name)
    }

    pub(crate) fn required_headers(&self) -> Vec<HeaderName> {
        let id = self.id_header.as_ref().filter(|_| self.template.has_id());
        [self.timestamp_header.as_ref(), id, Some(&self.header)]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    pub(crate) fn sign(&self, key: &Key, request: &SignRequest<'_>) -> Result<Signed> {
        let timestamp = request.timestamp.as_secs();
        if self.template.has_id()
            && (request.id.is_empty()
                || request.id.len() > MAX_ID_BYTES
                || !self.template.is_unambiguous(request.id))
        {
            return Err(Error::new(ErrorKind::Config, "webhooks.sign")
                .with_message("the id is empty, too long or ambiguous in the signed content"));
        }
        let (before, after) = self.template.around_body(request.id, Some(timestamp));
        let tag = mac(key, [&before, request.body, &after])?;
        let text = match self.encoding {
            HmacEncoding::Hex => hex(tag.as_bytes()),
            HmacEncoding::Base64 => base64(tag.as_bytes()),
        };
        let mut signed = vec![(
            self.header.clone(),
            value(&format!("{}{text}", self.prefix))?,
        )];
        if let Some(name) = &self.timestamp_header {
            signed.push((name.clone(), value(&timestamp.to_string())?));
        }
        if let Some(name) = &self.id_header {
            signed.push((name.clone(), value(request.id)?));
        }
        Ok(signed)
    }
}

fn name(key: &'static str, text: &str) -> Result<HeaderName> {
    text.parse().map_err(|_| fault(key, "is not a header name"))
}

fn named(key: &'static str, text: Option<&String>) -> Result<Option<HeaderName>> {
    text.map(|text| name(key, text)).transpose()
}

fn pointed(key: &'static str, text: Option<&String>) -> Result<Option<Vec<String>>> {
    text.map(|text| pointer::parse(text).map_err(|why| fault(key, why)))
        .transpose()
}

fn fault(key: &'static str, why: &'static str) -> Error {
    Error::new(ErrorKind::Config, "webhooks.hmac").with_message(format!("`{key}`: {why}"))
}
