//! Private JSON Web Keys, read and written.

use aws_lc_rs::{
    rsa::KeyPairComponents,
    signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair, RsaPublicKeyComponents},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::pair::{Pair, Unfit, curve};
use crate::{algorithm::Algorithm, jws::decode};

pub(super) fn parse(jwk: &Map<String, Value>) -> Result<(Algorithm, Pair), Unfit> {
    if jwk.get("use").is_some_and(|of| of != "sig") {
        return Err("`use` is not `sig`");
    }
    if let Some(operations) = jwk.get("key_ops") {
        let operations = operations.as_array().ok_or("`key_ops` is no array")?;
        if !operations.iter().any(|of| of == "sign") {
            return Err("`key_ops` lacks `sign`");
        }
    }
    let named = jwk.get("alg").map(|name| {
        let name = name.as_str().ok_or("`alg` is no string")?;
        Algorithm::of_name(name).ok_or("`alg` is no algorithm of signatures")
    });
    let named = named.transpose()?;
    let (algorithm, pair) = match jwk.get("kty").and_then(Value::as_str) {
        Some("RSA") => {
            let algorithm = named.unwrap_or(Algorithm::Rs256);
            algorithm.rsa().ok_or("`alg` is not of RSA")?;
            (algorithm, rsa(jwk)?)
        }
        Some("EC") => of_curve(jwk)?,
        Some("OKP") => (Algorithm::EdDsa, edwards(jwk)?),
        Some("oct") => {
            let algorithm = named.unwrap_or(Algorithm::Hs256);
            (algorithm, Pair::secret(algorithm, &bytes(jwk, "k")?)?)
        }
        _ => return Err("`kty` is not one that signs"),
    };
    match named.is_none_or(|named| named == algorithm) {
        true => Ok((algorithm, pair)),
        false => Err("`alg` is not of this type of key"),
    }
}

fn rsa(jwk: &Map<String, Value>) -> Result<Pair, Unfit> {
    let number = |name| -> Result<_, Unfit> {
        let padded = bytes(jwk, name)?;
        let start = padded.iter().take_while(|byte| **byte == 0).count();
        Ok(Zeroizing::new(padded.iter().skip(start).copied().collect()))
    };
    let parts: KeyPairComponents<Zeroizing<Vec<u8>>> = KeyPairComponents {
        public_key: RsaPublicKeyComponents {
            n: number("n")?,
            e: number("e")?,
        },
        d: number("d")?,
        p: number("p")?,
        q: number("q")?,
        dP: number("dp")?,
        dQ: number("dq")?,
        qInv: number("qi")?,
    };
    let pair = RsaKeyPair::from_components(&parts);
    let pair = pair.map_err(|_| "its numbers are no RSA key of 2048 to 8192 bits")?;
    Ok(Pair::Rsa(Box::new(pair)))
}

fn of_curve(jwk: &Map<String, Value>) -> Result<(Algorithm, Pair), Unfit> {
    let name = jwk.get("crv").and_then(Value::as_str);
    let (algorithm, _, length) = name
        .and_then(Algorithm::of_curve)
        .ok_or("`crv` is not supported")?;
    let signing = curve(algorithm).ok_or("`crv` is not supported")?;
    let (x, y, d) = (bytes(jwk, "x")?, bytes(jwk, "y")?, bytes(jwk, "d")?);
    if x.len() != length || y.len() != length || d.len() != length {
        return Err("`x`, `y` or `d` has not the length of the curve");
    }
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    let pair = EcdsaKeyPair::from_private_key_and_public_key(signing, &d, &point);
    let pair = pair.map_err(|_| "`x`, `y` and `d` are no pair of the curve")?;
    Ok((algorithm, Pair::Ec(pair)))
}

fn edwards(jwk: &Map<String, Value>) -> Result<Pair, Unfit> {
    if jwk.get("crv").and_then(Value::as_str) != Some("Ed25519") {
        return Err("`crv` is not supported");
    }
    let pair = Ed25519KeyPair::from_seed_and_public_key(&bytes(jwk, "d")?, &bytes(jwk, "x")?);
    pair.map(Pair::Ed)
        .map_err(|_| "`x` and `d` are no pair of Ed25519")
}

/// The public half; `None` for a secret.
pub(super) fn public(pair: &Pair) -> Option<Map<String, Value>> {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = match pair {
        Pair::Rsa(pair) => {
            let parts = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
            json!({"kty": "RSA", "n": encode(&parts.n), "e": encode(&parts.e)})
        }
        Pair::Ec(pair) => {
            let (_, point) = pair.public_key().as_ref().split_first()?;
            let (x, y) = point.split_at(point.len() / 2);
            let name = match x.len() {
                32 => "P-256",
                48 => "P-384",
                _ => "P-521",
            };
            json!({"kty": "EC", "crv": name, "x": encode(x), "y": encode(y)})
        }
        Pair::Ed(pair) => {
            json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref())})
        }
        Pair::Secret(_) => return None,
    };
    match jwk {
        Value::Object(jwk) => Some(jwk),
        _ => None,
    }
}

/// The private number of a key of a curve, as a member has it.
pub(super) fn private(pair: &Pair) -> Option<String> {
    let number = pair.private()?;
    Some(URL_SAFE_NO_PAD.encode(&*number))
}

fn bytes(jwk: &Map<String, Value>, name: &'static str) -> Result<Zeroizing<Vec<u8>>, Unfit> {
    let text = jwk.get(name).and_then(Value::as_str);
    let text = text.ok_or("a member of a private key is missing: is it a public one?")?;
    let bytes = decode(text).map_err(|_| "a member is not base64url")?;
    Ok(Zeroizing::new(bytes))
}
