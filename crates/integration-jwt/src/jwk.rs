//! JSON Web Keys: which of them may verify, and with what.

use aws_lc_rs::{
    hmac,
    signature::{ED25519, ParsedPublicKey, RsaPublicKeyComponents},
};
use serde_json::{Map, Value};

use crate::{
    algorithm::{Algorithm, OF_RSA, OF_SECRETS},
    jws::decode,
    key::{Key, Verifier},
    limits::MIN_RSA_BITS,
    weak_rsa,
};

/// Why a key is not used.
type Unfit = &'static str;

/// Bits of an RSA modulus at most: a larger one only costs time.
const MAX_RSA_BITS: usize = 8192;

/// Bytes of an RSA exponent at most; practically all have three.
const MAX_EXPONENT: usize = 8;

pub(crate) fn parse(jwk: &Map<String, Value>) -> Result<Key, Unfit> {
    if text(jwk, "use")?.is_some_and(|of| of != "sig") {
        return Err("`use` is not `sig`");
    }
    check_operations(jwk)?;
    let named = text(jwk, "alg")?
        .map(|name| Algorithm::of_name(name).ok_or("`alg` is no algorithm of signatures"))
        .transpose()?;
    let kid = text(jwk, "kid")?.map(str::to_owned);
    let verifiers = match text(jwk, "kty")? {
        Some("RSA") => rsa(jwk, named)?,
        Some("EC") => vec![curve(jwk)?],
        Some("OKP") => vec![edwards(jwk)?],
        Some("oct") => secrets(jwk, named)?,
        _ => return Err("`kty` is not one that signs"),
    };
    let fits = |named| verifiers.iter().all(|(of, _)| *of == named);
    match named.is_none_or(fits) {
        true => Ok(Key::new(kid, verifiers)),
        false => Err("`alg` is not of this type of key"),
    }
}

fn check_operations(jwk: &Map<String, Value>) -> Result<(), Unfit> {
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(|of| of == "verify") => Ok(()),
        Some(_) => Err("`key_ops` lacks `verify`"),
    }
}

fn rsa(
    jwk: &Map<String, Value>,
    named: Option<Algorithm>,
) -> Result<Vec<(Algorithm, Verifier)>, Unfit> {
    let (modulus, exponent) = (number(jwk, "n")?, number(jwk, "e")?);
    check_rsa(&modulus, &exponent)?;
    let algorithms = named.map_or_else(|| OF_RSA.to_vec(), |one| vec![one]);
    let components = RsaPublicKeyComponents {
        n: &modulus,
        e: &exponent,
    };
    let prepare = |algorithm: Algorithm| {
        let parameters = algorithm.rsa().ok_or("`alg` is not of RSA")?;
        let key = components.to_parsed_public_key(parameters);
        let key = key.map_err(|_| "`n` and `e` are no RSA key")?;
        Ok((algorithm, Verifier::Public(key)))
    };
    algorithms.into_iter().map(prepare).collect()
}

fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<(), Unfit> {
    let bits = |bytes: &[u8]| match bytes.first() {
        Some(first) => bytes.len() * 8 - first.leading_zeros() as usize,
        None => 0,
    };
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits(modulus)) {
        return Err("`n` has fewer than 2048 or more than 8192 bits");
    }
    let is_odd = |bytes: &[u8]| bytes.last().is_some_and(|last| last % 2 == 1);
    if !is_odd(modulus) || !is_odd(exponent) || exponent == [1] || exponent.len() > MAX_EXPONENT {
        return Err("`n` or `e` is no number of an RSA key");
    }
    match weak_rsa::is_roca(modulus) {
        true => Err("`n` is of a generator whose keys can be factored (ROCA)"),
        false => Ok(()),
    }
}

fn curve(jwk: &Map<String, Value>) -> Result<(Algorithm, Verifier), Unfit> {
    let named = text(jwk, "crv")?.and_then(Algorithm::of_curve);
    let (algorithm, verification, length) = named.ok_or("`crv` is not supported")?;
    let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
    if x.len() != length || y.len() != length {
        return Err("`x` or `y` has not the length of the curve");
    }
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    let key = ParsedPublicKey::new(verification, point);
    let key = key.map_err(|_| "`x` and `y` are no point of the curve")?;
    Ok((algorithm, Verifier::Public(key)))
}

fn edwards(jwk: &Map<String, Value>) -> Result<(Algorithm, Verifier), Unfit> {
    if text(jwk, "crv")? != Some("Ed25519") {
        return Err("`crv` is not supported");
    }
    let key = ParsedPublicKey::new(&ED25519, bytes(jwk, "x")?);
    let key = key.map_err(|_| "`x` is no Ed25519 key")?;
    Ok((Algorithm::EdDsa, Verifier::Public(key)))
}

fn secrets(
    jwk: &Map<String, Value>,
    named: Option<Algorithm>,
) -> Result<Vec<(Algorithm, Verifier)>, Unfit> {
    let material = bytes(jwk, "k")?;
    if let Some(algorithm) = named {
        return Ok(vec![secret(algorithm, &material)?]);
    }
    let fitting: Vec<_> = OF_SECRETS
        .iter()
        .filter_map(|algorithm| secret(*algorithm, &material).ok())
        .collect();
    match fitting.is_empty() {
        true => Err("secret is shorter than 32 bytes"),
        false => Ok(fitting),
    }
}

/// Prepares a secret that is at least as long as the hash, as RFC 7518 section 3.2 demands.
pub(crate) fn secret(
    algorithm: Algorithm,
    material: &[u8],
) -> Result<(Algorithm, Verifier), Unfit> {
    let hash = algorithm.hmac().ok_or("algorithm is not of HMAC")?;
    if material.len() < hash.digest_algorithm().output_len() {
        return Err("secret is shorter than its hash");
    }
    let key = Box::new(hmac::Key::new(hash, material));
    Ok((algorithm, Verifier::Secret(key)))
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Unfit> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err("a member is no string"),
    }
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, Unfit> {
    let text = text(jwk, name)?.ok_or("a member of its type of key is missing")?;
    decode(text).map_err(|_| "a member is not base64url")
}

/// A number without leading zeros, which some issuers add.
fn number(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, Unfit> {
    let padded = bytes(jwk, name)?;
    Ok(padded.into_iter().skip_while(|byte| *byte == 0).collect())
}
