//! Clients that are known by their certificate (RFC 8705), at a server that asks for one.

use integration_core::http::Client;
use integration_e2e::oidc::OidcServer;
use integration_oauth::{Provider, Trouble, preset::AuthMethod};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use serde_json::json;

use super::{builder, provider, said};

/// Where the server listens with TLS, and asks for certificates.
const SECURE: &str = "mtls:/token";

/// A certificate and its key, in PEM.
struct Pair {
    chain: String,
    key: String,
}

impl Pair {
    fn of(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        Self {
            chain: params.self_signed(&key).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    fn signed_by(issuer: &CertifiedIssuer<'_, KeyPair>, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        Self {
            chain: params(name).signed_by(&key, issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

struct Rig {
    server: OidcServer,
    /// Vouches for the server.
    root: String,
    /// Vouches for clients.
    authority: CertifiedIssuer<'static, KeyPair>,
    self_signed: Pair,
}

async fn rig() -> Option<Rig> {
    let mut authority = params("authority of the clients");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = CertifiedIssuer::self_signed(authority, key).unwrap();
    let own = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let own = Pair::of(&own);
    let self_signed = Pair::of(&params("whoever"));
    let mutual = json!({
        "cert": own.chain, "key": own.key, "ca": authority.pem(), "selfSigned": self_signed.chain,
    });
    Some(Rig {
        server: OidcServer::start_with(&[("MTLS", &mutual.to_string())]).await?,
        root: own.chain,
        authority,
        self_signed,
    })
}

impl Rig {
    /// A client that shows this certificate, if any.
    fn client(&self, id: &str, shown: Option<&Pair>) -> Provider {
        let mut http = Client::builder()
            .root_certificate_pem(self.root.as_bytes())
            .unwrap();
        if let Some(Pair { chain, key }) = shown {
            let key = key.as_str().into();
            http = http.client_certificate_pem(chain.as_bytes(), &key).unwrap();
        }
        let builder = builder(&self.server, id).auth(AuthMethod::Mtls);
        builder.http(http.build().unwrap()).build().unwrap()
    }
}

#[tokio::test]
async fn a_client_is_known_by_its_certificate_at_the_alias_of_the_endpoint() {
    let Some(rig) = rig().await else { return };
    let named = Pair::signed_by(&rig.authority, "svc-tls");
    let api = provider(&rig.server, "api", "api-secret");
    for (id, shown) in [("svc-tls", &named), ("svc-self", &rig.self_signed)] {
        rig.server.reset().await;
        let client = rig.client(id, Some(shown));
        let tokens = client.client_credentials(["api:read"]).await.unwrap();
        let hits = (
            rig.server.hits(SECURE).await,
            rig.server.hits("/token").await,
        );
        assert_eq!(hits, (1, 0), "{id}");
        // The token is bound to the certificate.
        let said = api.introspect(&tokens.access_token).await.unwrap();
        assert_eq!(said.client_id.as_deref(), Some(id));
        assert!(said.certificate_thumbprint.is_some(), "{id}");
    }
}

#[tokio::test]
async fn who_shows_no_certificate_calls_the_endpoint_itself() {
    let Some(rig) = rig().await else { return };
    let svc = provider(&rig.server, "svc", "svc-secret");
    let tokens = svc.client_credentials(["api:read"]).await.unwrap();
    let said = provider(&rig.server, "api", "api-secret")
        .introspect(&tokens.access_token)
        .await
        .unwrap();
    assert!(said.is_active && said.certificate_thumbprint.is_none());
    let hits = (
        rig.server.hits(SECURE).await,
        rig.server.hits("/token").await,
    );
    assert_eq!(hits, (0, 1));
    let known = svc.metadata().await.unwrap();
    assert_eq!(known.token.as_ref().unwrap().scheme(), "http");
}

#[tokio::test]
async fn a_certificate_that_is_missing_or_of_somebody_else_is_no_client() {
    let Some(rig) = rig().await else { return };
    let other_name = Pair::signed_by(&rig.authority, "svc-other");
    let other_authority = Pair::of(&params("svc-tls"));
    let rows = [
        ("svc-tls", None),
        ("svc-tls", Some(&other_name)),
        ("svc-tls", Some(&other_authority)),
        ("svc-self", None),
        ("svc-self", Some(&other_authority)),
    ];
    for (id, shown) in rows {
        let client = rig.client(id, shown);
        let error = client.client_credentials(["api:read"]).await.unwrap_err();
        assert_eq!(Trouble::of(&error), Trouble::Config, "{id}");
        assert_eq!(said::<()>(Err(error)), "invalid_client", "{id}");
    }
    assert_eq!(rig.server.hits(SECURE).await, 5);
}
