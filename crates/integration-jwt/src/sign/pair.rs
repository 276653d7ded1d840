//! The material of a key, and what aws-lc does with it.

use aws_lc_rs::{
    encoding::{AsBigEndian as _, EcPrivateKeyBin},
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
        ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
        RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
        RSA_PSS_SHA512, RsaKeyPair, RsaSignatureEncoding,
    },
};
use integration_core::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

use crate::{
    algorithm::Algorithm,
    jwk,
    key::{Key, Verifier},
};

/// Why a key is not used.
pub(super) type Unfit = &'static str;

pub(super) enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Secret(Key),
}

impl Pair {
    pub(super) fn secret(algorithm: Algorithm, material: &[u8]) -> Result<Self, Unfit> {
        let verifier = jwk::secret(algorithm, material)?;
        Ok(Self::Secret(Key::new(None, vec![verifier])))
    }

    /// Reads PKCS #8, or the older encodings of RSA and curves.
    pub(super) fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, Unfit> {
        const UNFIT: Unfit = "it is no private key of this algorithm, or is encrypted or weak";
        if let Some(curve) = curve(algorithm) {
            let pair = EcdsaKeyPair::from_private_key_der(curve, der);
            return pair.map(Self::Ec).map_err(|_| UNFIT);
        }
        match algorithm {
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der);
                pair.map(Self::Ed).map_err(|_| UNFIT)
            }
            _ if encoding(algorithm).is_some() => {
                let pair = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der));
                pair.map(|pair| Self::Rsa(Box::new(pair)))
                    .map_err(|_| UNFIT)
            }
            _ => Err("algorithm is one of secrets"),
        }
    }

    pub(super) fn generate(algorithm: Algorithm) -> Result<Self> {
        let pair = match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::generate().map(Self::Ed),
            _ => match (curve(algorithm), encoding(algorithm)) {
                (Some(curve), _) => EcdsaKeyPair::generate(curve).map(Self::Ec),
                (None, Some(_)) => {
                    RsaKeyPair::generate(KeySize::Rsa2048).map(|pair| Self::Rsa(Box::new(pair)))
                }
                (None, None) => {
                    let rule = "a secret is not generated: nobody else would have it";
                    return Err(Error::new(ErrorKind::Config, "jwt.sign").with_message(rule));
                }
            },
        };
        pair.map_err(|_| failed("no key could be generated"))
    }

    pub(super) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        let signature = match self {
            Self::Rsa(pair) => encoding(algorithm).and_then(|encoding| {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = pair.sign(encoding, &random, message, &mut signature);
                signed.ok().map(|()| signature)
            }),
            Self::Ec(pair) => {
                let signature = pair.sign(&random, message).ok();
                signature.map(|signature| signature.as_ref().to_vec())
            }
            Self::Ed(pair) => {
                let signature = pair.try_sign(message).ok();
                signature.map(|signature| signature.as_ref().to_vec())
            }
            Self::Secret(key) => match key.verifier(algorithm) {
                Some(Verifier::Secret(key)) => Some(hmac::sign(key, message).as_ref().to_vec()),
                _ => None,
            },
        };
        signature.ok_or_else(|| failed("signing failed"))
    }

    pub(super) fn verifying_secret(&self, algorithm: Algorithm) -> Result<Key, Unfit> {
        match self {
            Self::Secret(key) if key.verifier(algorithm).is_some() => Ok(key.clone()),
            _ => Err("it is no secret"),
        }
    }

    /// The private number of a curve.
    pub(super) fn private(&self) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Ec(pair) => {
                let number: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().ok()?;
                Some(Zeroizing::new(number.as_ref().to_vec()))
            }
            Self::Ed(pair) => {
                let seed = pair.seed().ok()?.as_be_bytes().ok()?;
                Some(Zeroizing::new(seed.as_ref().to_vec()))
            }
            Self::Rsa(_) | Self::Secret(_) => None,
        }
    }
}

pub(super) fn curve(algorithm: Algorithm) -> Option<&'static EcdsaSigningAlgorithm> {
    match algorithm {
        Algorithm::Es256 => Some(&ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::Es384 => Some(&ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::Es512 => Some(&ECDSA_P521_SHA512_FIXED_SIGNING),
        _ => None,
    }
}

fn encoding(algorithm: Algorithm) -> Option<&'static RsaSignatureEncoding> {
    match algorithm {
        Algorithm::Rs256 => Some(&RSA_PKCS1_SHA256),
        Algorithm::Rs384 => Some(&RSA_PKCS1_SHA384),
        Algorithm::Rs512 => Some(&RSA_PKCS1_SHA512),
        Algorithm::Ps256 => Some(&RSA_PSS_SHA256),
        Algorithm::Ps384 => Some(&RSA_PSS_SHA384),
        Algorithm::Ps512 => Some(&RSA_PSS_SHA512),
        _ => None,
    }
}

fn failed(what: &'static str) -> Error {
    Error::new(ErrorKind::Other, "jwt.sign").with_message(what)
}
