//! Real handshakes on the loopback, and connections that never come about.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use integration_core::{
    Delivery, ErrorKind, GaveUp, Retriability,
    http::{Client, ClientBuilder, HttpConfig},
};
use integration_testkit::{Reply, ScriptedServer};
use rcgen::{Certificate, CertifiedKey, KeyPair};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig, crypto::ring, pki_types::PrivateKeyDer,
        server::WebPkiClientVerifier,
    },
};

use crate::support::{now, quick};

/// Answers every request on a TLS port with 200, under a certificate of its own.
struct TlsServer {
    address: SocketAddr,
    /// The certificate, which vouches for itself.
    pem: String,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    /// The first line of the first request.
    first_line: Arc<OnceLock<String>>,
    task: JoinHandle<()>,
}

impl TlsServer {
    async fn start(name: &str) -> Self {
        Self::asking(name, None, &[]).await
    }

    /// Takes nobody but who has this certificate, and would speak these protocols, the best first.
    async fn asking(name: &str, client: Option<&Certificate>, protocols: &[&str]) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = match client {
            None => config.with_no_client_auth(),
            Some(client) => {
                let mut roots = RootCertStore::empty();
                roots.add(client.der().clone()).unwrap();
                let roots = Arc::new(roots);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                config.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let mut config = config
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|name| (*name).into()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::<AtomicUsize>::default();
        let requests = Arc::<AtomicUsize>::default();
        let first_line = Arc::<OnceLock<String>>::default();
        let counter = Arc::clone(&connections);
        let noted = (Arc::clone(&requests), Arc::clone(&first_line));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(acceptor.clone(), stream, noted.clone()));
            }
        });
        Self {
            address,
            pem: made.cert.pem(),
            connections,
            requests,
            first_line,
            task,
        }
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}/", self.address)
    }

    fn counts(&self) -> (usize, usize) {
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        (count(&self.connections), count(&self.requests))
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes one request, whose head is all that is read of it.
async fn serve(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    (requests, first_line): (Arc<AtomicUsize>, Arc<OnceLock<String>>),
) -> io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    requests.fetch_add(1, Ordering::Relaxed);
    let head = String::from_utf8_lossy(&head);
    first_line.get_or_init(|| head.lines().next().unwrap_or_default().to_owned());
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\ndone";
    stream.write_all(answer).await?;
    stream.shutdown().await
}

fn builder() -> ClientBuilder {
    Client::builder().policies(quick())
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_final_and_nothing_was_sent() {
    let server = TlsServer::start("127.0.0.1").await;
    let client = builder().build().unwrap();
    let error = client.get(&server.url("https")).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TlsHandshake);
    assert_eq!(error.retriability(), Retriability::Never);
    assert_eq!(error.gave_up(), Some(GaveUp::NotRetryable));
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(error.message(), "certificate of the server is not trusted");
    assert_eq!(server.counts(), (1, 0));
}

#[tokio::test]
async fn a_certificate_of_an_extra_root_is_trusted() {
    let server = TlsServer::start("127.0.0.1").await;
    let client = builder()
        .root_certificate_pem(server.pem.as_bytes())
        .unwrap()
        .build()
        .unwrap();
    let response = client.post(&server.url("https")).send().await.unwrap();
    assert_eq!(
        (response.body().as_ref(), response.attempts()),
        (&b"done"[..], 1)
    );
    assert_eq!(server.counts(), (1, 1));

    // The root vouches for its own servers only.
    let other = TlsServer::start("127.0.0.1").await;
    let error = client.get(&other.url("https")).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TlsHandshake);
    assert_eq!(other.counts(), (1, 0));
}

#[tokio::test]
async fn a_certificate_of_another_name_is_final_though_its_root_is_trusted() {
    let server = TlsServer::start("other.example").await;
    let client = builder()
        .root_certificate_pem(server.pem.as_bytes())
        .unwrap()
        .build()
        .unwrap();
    let error = client.get(&server.url("https")).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TlsHandshake);
    assert_eq!(error.gave_up(), Some(GaveUp::NotRetryable));
    assert_eq!(server.counts(), (1, 0));
}

#[test]
fn a_root_that_is_none_is_refused() {
    let block =
        |body: &str| format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    for pem in [String::new(), "garbage".into(), block("AAAA"), block("???")] {
        let error = builder().root_certificate_pem(pem.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{pem}");
        assert!(error.to_string().contains("root certificate"), "{error}");
    }
}

fn client_certificate() -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed(["client.example".to_owned()]).unwrap()
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_is_shown_ours() {
    let ours = client_certificate();
    let server = TlsServer::asking("127.0.0.1", Some(&ours.cert), &[]).await;
    let trusting = || {
        builder()
            .root_certificate_pem(server.pem.as_bytes())
            .unwrap()
    };
    let with = |certificate: &CertifiedKey<KeyPair>| {
        let key = certificate.signing_key.serialize_pem().into();
        let builder = trusting().client_certificate_pem(certificate.cert.pem().as_bytes(), &key);
        builder.unwrap().build().unwrap()
    };
    let url = server.url("https");
    let answer = with(&ours).get(&url).send().await.unwrap();
    assert_eq!(answer.body().as_ref(), b"done");

    let other = with(&client_certificate());
    let none = trusting().build().unwrap();
    for client in [other, none] {
        client.get(&url).max_attempts(1).send().await.unwrap_err();
    }
    assert_eq!(server.counts().1, 1);

    // Who does not ask is not shown any.
    let plain = TlsServer::start("127.0.0.1").await;
    let key = ours.signing_key.serialize_pem().into();
    let client = builder()
        .root_certificate_pem(plain.pem.as_bytes())
        .unwrap();
    let client = client.client_certificate_pem(ours.cert.pem().as_bytes(), &key);
    let client = client.unwrap().build().unwrap();
    client.get(&plain.url("https")).send().await.unwrap();
}

#[test]
fn a_client_certificate_without_its_own_key_is_refused_and_neither_is_shown() {
    let (ours, other) = (client_certificate(), client_certificate());
    let (chain, key) = (ours.cert.pem(), ours.signing_key.serialize_pem());
    let foreign = other.signing_key.serialize_pem();
    let rows = [
        (&*chain, &*foreign),
        (&*chain, ""),
        (&*chain, &*chain),
        ("", &*key),
        ("garbage", &*key),
        (&*key, &*key),
    ];
    for (chain, key) in rows {
        let refused = builder().client_certificate_pem(chain.as_bytes(), &key.into());
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("client certificate"), "{error}");
        let secret = ours.signing_key.serialize_pem();
        let line = secret.lines().nth(1).unwrap();
        assert!(!format!("{error:?}").contains(line));
    }
    let good = builder().client_certificate_pem(chain.as_bytes(), &key.as_str().into());
    assert!(!format!("{good:?}").contains(key.lines().nth(1).unwrap()));
}

/// The server knows the first words of HTTP/2 and no more. Without the feature:
/// `cargo test -p integration-core --no-default-features --features http,ring --test it tls`.
#[tokio::test]
async fn a_server_of_both_is_spoken_to_in_http2_with_the_feature_and_without_it_in_the_other() {
    let server = TlsServer::asking("127.0.0.1", None, &["h2", "http/1.1"]).await;
    let client = builder()
        .root_certificate_pem(server.pem.as_bytes())
        .unwrap()
        .build()
        .unwrap();
    let answer = client.get(&server.url("https")).send().await;
    let spoken = server.first_line.get().map(String::as_str);
    if cfg!(feature = "http2") {
        assert_eq!(spoken, Some("PRI * HTTP/2.0"));
    } else {
        assert_eq!(spoken, Some("GET / HTTP/1.1"));
        assert_eq!(answer.unwrap().body().as_ref(), b"done");
    }
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_a_failure_and_no_answer() {
    let server = TlsServer::start("127.0.0.1").await;
    let client = builder().build().unwrap();
    let error = client.post(&server.url("http")).send().await.unwrap_err();
    let kind = error.kind();
    assert!(
        matches!(kind, ErrorKind::ConnectionReset | ErrorKind::Incomplete),
        "{kind:?}"
    );
    assert_eq!(error.gave_up(), Some(GaveUp::NotRetryable));
    assert_eq!(server.counts(), (1, 0));
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_a_failed_handshake() {
    let server = ScriptedServer::replies([Reply::ok("")]).await.unwrap();
    let url = server.url("/").replace("http://", "https://");
    let error = builder()
        .build()
        .unwrap()
        .post(&url)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TlsHandshake);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(error.gave_up(), Some(GaveUp::AttemptsUsed));
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn a_connection_that_is_not_taken_is_tried_again_for_any_method() {
    let full = FullBacklog::new().await;
    let http = HttpConfig::default().with_connect_timeout(Duration::from_millis(150));
    let client = builder().http(http).build().unwrap();
    let started = now();
    let error = client.post(&full.url()).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.message(), "connection timed out");
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(error.gave_up(), Some(GaveUp::AttemptsUsed));
    assert_eq!(error.attempts().len(), 3);
    assert!(now() - started >= Duration::from_millis(450));
    assert!(now() - started < Duration::from_secs(2));
}

/// A port that listens, takes nobody, and has no room for more to wait.
struct FullBacklog {
    listener: TcpListener,
    _waiting: Vec<JoinHandle<io::Result<TcpStream>>>,
}

impl FullBacklog {
    async fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let waiting: Vec<_> = (0..8)
            .map(|_| tokio::spawn(TcpStream::connect(address)))
            .collect();
        // A connection on the loopback takes no time, so one that takes some has found no room.
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!waiting.iter().all(JoinHandle::is_finished));
        Self {
            listener,
            _waiting: waiting,
        }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.listener.local_addr().unwrap())
    }
}
