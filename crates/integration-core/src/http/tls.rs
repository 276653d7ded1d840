//! TLS with ring and the certificates of the platform, without any process-wide provider.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    client::WantsClientCert,
    crypto::{CryptoProvider, ring},
};
use rustls_platform_verifier::BuilderVerifierExt;

/// Returns a configuration that trusts what the platform trusts.
pub(super) fn platform() -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?;
    Ok(finish(builder))
}

/// Returns a configuration that trusts nobody, for a client that speaks plain HTTP only.
///
/// It costs nothing to build, where the platform's certificates take milliseconds to load.
pub(super) fn none() -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty());
    Ok(finish(builder))
}

fn finish(builder: rustls::ConfigBuilder<ClientConfig, WantsClientCert>) -> ClientConfig {
    let mut config = builder.with_no_client_auth();
    // reqwest takes a configuration of ours as it is and adds no protocols.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
