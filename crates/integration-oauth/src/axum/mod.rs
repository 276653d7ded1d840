//! Routes for a web site: login, callback and logout.
//!
//! | route | what it does |
//! |---|---|
//! | `GET /login/{provider}?return_to=/x` | sends the browser to the provider |
//! | `GET` and `POST /callback/{provider}` | finishes the login and sends the browser to `/x` |
//! | `POST /logout` | ends the session here, then at the provider |
//! | `GET /logged-out` | takes the browser that comes back from there |
//! | `POST /backchannel-logout/{provider}` | takes logouts that the provider posts |
//!
//! The address of the callback is the one that is registered with the provider, such as
//! `https://app.example.com/callback/google`. Each provider has its own: a code of one cannot be
//! brought to another. Put the routes elsewhere with [`Router::nest`](axum::Router::nest).
//!
//! Pages of errors are plain and show no word of a request. What went wrong is in the log, as an
//! event of `tracing`.

mod answer;
mod callback;
mod login;
mod logout;
mod routes;

pub use self::routes::LoginRoutes;
