//! A web site that logs its users in. With `GOOGLE_CLIENT_ID` and `GOOGLE_CLIENT_SECRET` set,
//! `cargo run -p integration-oauth --features axum --example web_login`, then open
//! <http://127.0.0.1:3000/login/google>.

use axum::{Router, response::AppendHeaders, routing::get};
use integration_oauth::{OAuth, Provider, Result, axum::LoginRoutes};

/// As it is registered with the provider.
const CALLBACK: &str = "http://127.0.0.1:3000/callback/google";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let google = Provider::preset("google")?.from_env()?;
    let app = app(google.redirect_uri(CALLBACK).build()?)?;
    let socket = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(socket, app).await?)
}

/// What a web site writes.
fn app(provider: Provider) -> Result<Router> {
    let oauth = OAuth::builder().provider(provider).in_memory()?.build()?;
    let logins = LoginRoutes::new(oauth).on_login(|login| async move {
        // A site in earnest keeps `account` under a random name, and has an address with https.
        let account = login.connection.key.account();
        let session = format!("session={account}; HttpOnly; SameSite=Lax");
        Ok(AppendHeaders([("set-cookie", session)]))
    });
    let home = Router::new().route("/", get(|| async { "Hello." }));
    Ok(home.merge(logins.router()))
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use integration_testkit::oauth::MockAuthServer;
    use tower::ServiceExt as _;

    use super::*;

    async fn open(app: &Router, path: &str, cookies: &str) -> (u16, String, Vec<String>) {
        let request = Request::get(path).header("cookie", cookies);
        let request = request.body(Body::empty()).unwrap();
        let answer = app.clone().oneshot(request).await.unwrap();
        let text = |name: &str| {
            let values = answer.headers().get_all(name).iter();
            values
                .map(|value| value.to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let to = text("location").pop().unwrap_or_default();
        (answer.status().as_u16(), to, text("set-cookie"))
    }

    #[tokio::test]
    async fn a_site_of_twelve_lines_begins_a_session_for_who_logged_in() {
        let server = MockAuthServer::start().await.unwrap();
        let provider = Provider::discover(server.issuer())
            .name("google")
            .client_id(MockAuthServer::CLIENT_ID)
            .client_secret(server.client_secret())
            .redirect_uri(CALLBACK);
        let app = app(provider.build().unwrap()).unwrap();
        let (status, address, cookies) = open(&app, "/login/google?return_to=/inbox", "").await;
        assert_eq!(status, 303);
        let back = server.log_in(&address).await.unwrap();
        let path = back.url.strip_prefix("http://127.0.0.1:3000").unwrap();
        let (status, address, cookies) = open(&app, path, &cookies[0]).await;
        assert_eq!((status, address.as_str()), (303, "/inbox"));
        assert!(cookies[0].starts_with("session=user-1; "), "{cookies:?}");
        assert_eq!(open(&app, "/", "").await.0, 200);
    }
}
