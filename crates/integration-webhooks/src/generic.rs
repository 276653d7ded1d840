//! HMAC schemes described by configuration.

use serde::Deserialize;

/// An HMAC scheme by configuration: which header, which algorithm, what is signed.
///
/// The default is the commonest: lower-case hex HMAC-SHA256 of the body in `X-Signature-256`.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HmacScheme {
    /// Header that carries the signature. Default `x-signature-256`.
    pub header: String,
    /// Text before the signature in its header, such as `sha256=`. Default empty.
    pub prefix: String,
    /// Hash function. Default `sha256`.
    pub algorithm: HmacAlgorithm,
    /// Text form of the signature. Default `hex` (lower case).
    pub encoding: HmacEncoding,
    /// What is signed: literal text with `{body}` (once), `{timestamp}` and `{id}`. Default `{body}`.
    pub content: String,
    /// Header with the signed time in Unix seconds; needed by `{timestamp}`.
    #[serde(alias = "timestamp-header")]
    pub timestamp_header: Option<String>,
    /// Header with the event's id; a signed id if the content has `{id}`.
    #[serde(alias = "id-header")]
    pub id_header: Option<String>,
    /// JSON pointer to the event's id in the signed body, such as `/event_id`.
    #[serde(alias = "id-pointer")]
    pub id_pointer: Option<String>,
    /// Header with the event's type.
    #[serde(alias = "type-header")]
    pub type_header: Option<String>,
    /// JSON pointer to the event's type in the body, such as `/type`.
    #[serde(alias = "type-pointer")]
    pub type_pointer: Option<String>,
}

/// The hash function under an HMAC.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HmacAlgorithm {
    /// HMAC-SHA1, for senders that offer nothing else.
    Sha1,
    /// HMAC-SHA256.
    Sha256,
    /// HMAC-SHA512.
    Sha512,
}

/// The text form of an HMAC.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HmacEncoding {
    /// Lower-case hexadecimal.
    Hex,
    /// Standard alphabet, padded.
    Base64,
}

impl Default for HmacScheme {
    fn default() -> Self {
        Self {
            header: "x-signature-256".to_owned(),
            prefix: String::new(),
            algorithm: HmacAlgorithm::Sha256,
            encoding: HmacEncoding::Hex,
            content: "{body}".to_owned(),
            timestamp_header: None,
            id_header: None,
            id_pointer: None,
            type_header: None,
            type_pointer: None,
        }
    }
}
