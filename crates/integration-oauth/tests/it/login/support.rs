//! A site of ours in front of a mock authorization server.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, Response, header},
    response::AppendHeaders,
};
use integration_oauth::{
    OAuth, Provider,
    axum::LoginRoutes,
    seal::{KeyRing, SealingKey},
    store::MemoryStore,
};
use integration_testkit::{
    leaks,
    oauth::{Callback, MockAuthBuilder, MockAuthServer},
};
use tower::ServiceExt as _;

pub(crate) const REDIRECT: &str = "http://127.0.0.1:3000/callback/demo";

pub(crate) struct Site {
    pub(crate) server: MockAuthServer,
    pub(crate) oauth: OAuth,
    pub(crate) store: Arc<MemoryStore>,
}

/// What came back: everything a browser sees.
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) cookies: Vec<String>,
    pub(crate) body: String,
    pub(crate) head: String,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::with(MockAuthServer::builder()).await
    }

    pub(crate) async fn with(server: MockAuthBuilder) -> Self {
        let server = server.start().await.unwrap();
        let provider = provider(&server).build().unwrap();
        let store = Arc::new(MemoryStore::new());
        Self {
            oauth: oauth(provider, &store),
            server,
            store,
        }
    }

    pub(crate) fn routes(&self) -> LoginRoutes {
        LoginRoutes::new(self.oauth.clone())
            .adapt(|login, _| login.scopes(["openid", "offline_access"]))
            .on_login(|login| async move {
                let user = login.connection.key.account().to_owned();
                Ok(AppendHeaders([("set-cookie", format!("session={user}"))]))
            })
    }

    pub(crate) fn app(&self) -> Router {
        self.routes().router()
    }

    /// Goes to the provider as a browser that was sent there.
    pub(crate) async fn visit(&self, seen: &Seen) -> Callback {
        self.server.log_in(&seen.location).await.unwrap()
    }
}

pub(crate) fn provider(server: &MockAuthServer) -> integration_oauth::ProviderBuilder {
    Provider::discover(server.issuer())
        .name("demo")
        .client_id(MockAuthServer::CLIENT_ID)
        .client_secret(server.client_secret())
        .redirect_uri(REDIRECT)
}

pub(crate) fn oauth(provider: Provider, store: &Arc<MemoryStore>) -> OAuth {
    let key = SealingKey::generate("k1").unwrap();
    OAuth::builder()
        .provider(provider)
        .store(store.clone())
        .flows(store.clone())
        .vault(Arc::new(KeyRing::new(key)))
        .build()
        .unwrap()
}

/// Sends a request with these cookies.
pub(crate) async fn send(app: &Router, request: Request<Body>) -> Seen {
    leaks::note_request(&request.uri().to_string(), request.headers(), b"");
    seen(app.clone().oneshot(request).await.unwrap()).await
}

pub(crate) async fn get(app: &Router, path: &str, cookies: &str) -> Seen {
    let request = Request::get(path).header(header::COOKIE, cookies);
    send(app, request.body(Body::empty()).unwrap()).await
}

pub(crate) async fn post(app: &Router, path: &str, cookies: &str, form: &str) -> Seen {
    let request = Request::post(path)
        .header(header::COOKIE, cookies)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(app, request.body(Body::from(form.to_owned())).unwrap()).await
}

async fn seen(response: Response<Body>) -> Seen {
    let headers = response.headers();
    leaks::note_answer(headers, b"");
    let text = |value: &header::HeaderValue| value.to_str().unwrap().to_owned();
    let cookies = headers.get_all(header::SET_COOKIE).iter().map(text);
    let lines = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", text(value)));
    Seen {
        status: response.status().as_u16(),
        location: headers.get(header::LOCATION).map(text).unwrap_or_default(),
        cookies: cookies.collect(),
        head: lines.collect(),
        body: {
            let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
            String::from_utf8(bytes.to_vec()).unwrap()
        },
    }
}

impl Seen {
    /// The `Cookie` header of a browser that took what was set, and forgot what was removed.
    pub(crate) fn jar(&self) -> String {
        let kept = self.cookies.iter().filter(|set| !set.contains("Max-Age=0"));
        let pairs = kept.filter_map(|set| set.split(';').next());
        pairs.collect::<Vec<_>>().join("; ")
    }
}

/// The path and query of an address of ours.
pub(crate) fn path(url: &str) -> &str {
    url.strip_prefix("http://127.0.0.1:3000").unwrap()
}

/// The fields of a callback as a form.
pub(crate) fn form(callback: &Callback) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(&callback.fields);
    form.finish()
}

/// The last value of a field that was sent to the provider, in a query or a form.
pub(crate) fn sent(site: &Site, name: &str) -> String {
    let received = site.server.server().received();
    let mut values = received.iter().rev().filter_map(|request| {
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        let both = [query.as_bytes(), &request.body];
        let mut fields = both.into_iter().flat_map(form_urlencoded::parse);
        fields.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    });
    values.next().unwrap()
}
