//! The algorithms of RFC 7518 and RFC 8037 that sign.

use aws_lc_rs::{
    digest, hmac,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
        EcdsaVerificationAlgorithm, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
        RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
        RSA_PSS_2048_8192_SHA512, RsaParameters,
    },
};

/// How a token is signed. `none` is not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256, a secret of at least 32 bytes.
    Hs256,
    /// HMAC with SHA-384, a secret of at least 48 bytes.
    Hs384,
    /// HMAC with SHA-512, a secret of at least 64 bytes.
    Hs512,
    /// RSA, PKCS #1 v1.5, SHA-256.
    Rs256,
    /// RSA, PKCS #1 v1.5, SHA-384.
    Rs384,
    /// RSA, PKCS #1 v1.5, SHA-512.
    Rs512,
    /// RSA, PSS, SHA-256.
    Ps256,
    /// RSA, PSS, SHA-384.
    Ps384,
    /// RSA, PSS, SHA-512.
    Ps512,
    /// ECDSA on P-256.
    Es256,
    /// ECDSA on P-384.
    Es384,
    /// ECDSA on P-521.
    Es512,
    /// Ed25519, spelled `EdDSA` or `Ed25519`.
    EdDsa,
}

use Algorithm::{
    EdDsa, Es256, Es384, Es512, Hs256, Hs384, Hs512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512,
};

/// What an RSA key that names no algorithm may sign with.
pub(crate) const OF_RSA: [Algorithm; 6] = [Rs256, Rs384, Rs512, Ps256, Ps384, Ps512];

/// What a secret that names no algorithm may sign with, if it is long enough.
pub(crate) const OF_SECRETS: [Algorithm; 3] = [Hs256, Hs384, Hs512];

impl Algorithm {
    /// Returns the name as headers and keys spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Hs256 => "HS256",
            Hs384 => "HS384",
            Hs512 => "HS512",
            Rs256 => "RS256",
            Rs384 => "RS384",
            Rs512 => "RS512",
            Ps256 => "PS256",
            Ps384 => "PS384",
            Ps512 => "PS512",
            Es256 => "ES256",
            Es384 => "ES384",
            Es512 => "ES512",
            EdDsa => "EdDSA",
        }
    }

    /// Reads the name as headers and keys spell it; upper and lower case differ.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "HS256" => Hs256,
            "HS384" => Hs384,
            "HS512" => Hs512,
            "RS256" => Rs256,
            "RS384" => Rs384,
            "RS512" => Rs512,
            "PS256" => Ps256,
            "PS384" => Ps384,
            "PS512" => Ps512,
            "ES256" => Es256,
            "ES384" => Es384,
            "ES512" => Es512,
            "EdDSA" | "Ed25519" => EdDsa,
            _ => return None,
        })
    }

    /// The algorithm of a secret.
    pub(crate) fn hmac(self) -> Option<hmac::Algorithm> {
        match self {
            Hs256 => Some(hmac::HMAC_SHA256),
            Hs384 => Some(hmac::HMAC_SHA384),
            Hs512 => Some(hmac::HMAC_SHA512),
            _ => None,
        }
    }

    /// The algorithm of an RSA key.
    pub(crate) fn rsa(self) -> Option<&'static RsaParameters> {
        match self {
            Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
            Rs384 => Some(&RSA_PKCS1_2048_8192_SHA384),
            Rs512 => Some(&RSA_PKCS1_2048_8192_SHA512),
            Ps256 => Some(&RSA_PSS_2048_8192_SHA256),
            Ps384 => Some(&RSA_PSS_2048_8192_SHA384),
            Ps512 => Some(&RSA_PSS_2048_8192_SHA512),
            _ => None,
        }
    }

    /// The algorithm of a curve, with the bytes of a coordinate.
    pub(crate) fn of_curve(
        curve: &str,
    ) -> Option<(Self, &'static EcdsaVerificationAlgorithm, usize)> {
        match curve {
            "P-256" => Some((Es256, &ECDSA_P256_SHA256_FIXED, 32)),
            "P-384" => Some((Es384, &ECDSA_P384_SHA384_FIXED, 48)),
            "P-521" => Some((Es512, &ECDSA_P521_SHA512_FIXED, 66)),
            _ => None,
        }
    }

    /// The hash that `at_hash` and `c_hash` are made with.
    pub(crate) fn digest(self) -> &'static digest::Algorithm {
        match self {
            Hs256 | Rs256 | Ps256 | Es256 => &digest::SHA256,
            Hs384 | Rs384 | Ps384 | Es384 => &digest::SHA384,
            Hs512 | Rs512 | Ps512 | Es512 | EdDsa => &digest::SHA512,
        }
    }
}
