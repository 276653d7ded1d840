//! TLS with the certificates of the platform, without any process-wide provider; and the randomness
//! that comes with it.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

#[cfg(feature = "aws-lc-rs")]
use rustls::crypto::aws_lc_rs as cryptography;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
use rustls::crypto::ring as cryptography;
use rustls::{
    ClientConfig, RootCertStore,
    client::WantsClientCert,
    crypto::{CryptoProvider, SecureRandom},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_platform_verifier::{BuilderVerifierExt, Verifier};

/// What a server may choose from, the best first.
///
/// reqwest takes a configuration of ours as it is: that another crate of the program has switched
/// HTTP/2 on in it changes nothing.
const PROTOCOLS: &[&[u8]] = if cfg!(feature = "http2") {
    &[b"h2", b"http/1.1"]
} else {
    &[b"http/1.1"]
};

/// A certificate whose holder may vouch for servers.
pub(super) type Root = CertificateDer<'static>;

/// The certificate that we present to a server that asks for one, with its key.
#[derive(Clone)]
pub(super) struct Identity(Arc<SingleCertAndKey>);

impl Identity {
    /// Reads a chain, our own certificate first, and its key; or the rule that they break.
    pub(super) fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, &'static str> {
        let chain = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| "client certificate is no pem")?;
        if chain.is_empty() {
            return Err("pem holds no client certificate");
        }
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| "pem holds no private key of the client certificate")?;
        let pair = CertifiedKey::from_der(chain, key, &provider())
            .map_err(|_| "client certificate or its private key cannot be read, or they differ")?;
        Ok(Self(Arc::new(pair.into())))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

/// Returns a configuration that trusts what the platform trusts, and these roots.
pub(super) fn platform(
    extra: &[Root],
    identity: Option<&Identity>,
) -> Result<ClientConfig, rustls::Error> {
    let builder =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    if extra.is_empty() {
        return Ok(finish(builder.with_platform_verifier()?, identity));
    }
    let verifier = Verifier::new_with_extra_roots(extra.iter().cloned(), provider())?;
    // The platform's own verifier: only its list is longer.
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    Ok(finish(builder, identity))
}

/// Returns the certificates of a PEM text, or the rule that it breaks.
pub(super) fn roots(pem: &[u8]) -> Result<Vec<Root>, &'static str> {
    let roots = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<Root>, _>>()
        .map_err(|_| "root certificate is no pem")?;
    if roots.is_empty() {
        return Err("pem holds no root certificate");
    }
    let mut store = RootCertStore::empty();
    for root in &roots {
        store
            .add(root.clone())
            .map_err(|_| "root certificate cannot be read")?;
    }
    Ok(roots)
}

/// Returns a configuration that trusts nobody, for a client that speaks plain HTTP only.
///
/// It costs nothing to build, where the platform's certificates take milliseconds to load.
pub(super) fn none() -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty());
    Ok(finish(builder, None))
}

fn finish(
    builder: rustls::ConfigBuilder<ClientConfig, WantsClientCert>,
    identity: Option<&Identity>,
) -> ClientConfig {
    let mut config = match identity {
        Some(Identity(pair)) => builder.with_client_cert_resolver(Arc::clone(pair) as _),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = PROTOCOLS.iter().map(|name| name.to_vec()).collect();
    config
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(cryptography::default_provider())
}

/// Returns a random UUID (version 4) from the generator that TLS draws its keys from; `None` when
/// the system gives no randomness.
pub(super) fn random_uuid() -> Option<String> {
    static SOURCE: OnceLock<&'static dyn SecureRandom> = OnceLock::new();
    let source = SOURCE.get_or_init(|| cryptography::default_provider().secure_random);
    let mut bytes = [0; 16];
    source.fill(&mut bytes).ok()?;
    let random = u128::from_be_bytes(bytes);
    let version = 0xf << 76;
    let variant = 0b11 << 62;
    let bits = (random & !(version | variant)) | (0x4 << 76) | (0b10 << 62);
    let digits = format!("{bits:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| digits.get(range).unwrap_or(""));
    Some(parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::random_uuid;

    #[test]
    fn a_random_uuid_has_its_shape_and_is_not_given_twice() {
        let uuids: std::collections::HashSet<_> =
            (0..1_000).map(|_| random_uuid().unwrap()).collect();
        assert_eq!(uuids.len(), 1_000);
        for uuid in uuids {
            let parts: Vec<_> = uuid.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12]);
            assert_eq!(uuid.chars().nth(14), Some('4'));
            assert!("89ab".contains(uuid.chars().nth(19).unwrap()), "{uuid}");
        }
    }
}
