//! How a validator is described.

use std::{sync::Arc, time::Duration};

use integration_core::{Error, ErrorKind, Result, SharedClock, SystemClock, http::Client};

use crate::{
    algorithm::Algorithm,
    jwks::{JwksCache, JwksConfig},
    key_set::KeySet,
    profile::Profile,
    validator::{Keys, Rules, Validator},
};

/// Leeway at most: more than clocks ever differ, and a token would live on for long.
const MAX_LEEWAY: Duration = Duration::from_secs(300);

const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);

/// Where Google signs in; the tokens of Pub/Sub spell it either way.
const GOOGLE: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

const GOOGLE_KEYS: &str = "https://www.googleapis.com/oauth2/v3/certs";

/// Describes a [`Validator`].
#[derive(Debug)]
#[must_use]
pub struct ValidatorBuilder {
    issuers: Vec<String>,
    template: Option<String>,
    audience: Vec<String>,
    profile: Profile,
    algorithms: Vec<Algorithm>,
    leeway: Duration,
    clock: SharedClock,
    keys: Source,
    http: Option<Client>,
    jwks: JwksConfig,
}

#[derive(Debug)]
enum Source {
    Discovered,
    At(String),
    AtHand(KeySet),
    Shared(JwksCache),
}

impl ValidatorBuilder {
    pub(crate) fn new(issuer: String) -> Self {
        Self {
            issuers: vec![issuer],
            template: None,
            audience: Vec::new(),
            profile: Profile::Plain,
            algorithms: Vec::new(),
            leeway: DEFAULT_LEEWAY,
            clock: SystemClock::shared(),
            keys: Source::Discovered,
            http: None,
            jwks: JwksConfig::default(),
        }
    }

    /// Accepts tokens of all issuers of this form too, where `{tid}` and the like stand for the claim
    /// of that name: an issuer that writes itself differently for each customer, with one set of
    /// keys. `{tenantid}` stands for `tid`, as Microsoft has it.
    ///
    /// Whose customer a token is of is then for the caller to check.
    pub fn issuer_template(mut self, template: impl Into<String>) -> Self {
        self.template = Some(template.into());
        self
    }

    /// Accepts tokens for this audience, beside those named before. At least one is needed.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// Takes access tokens as RFC 9068 has them: `typ` is `at+jwt`; `sub`, `client_id`, `iat` and
    /// `jti` are required. Default: JWTs of no special kind.
    pub fn access_tokens(mut self) -> Self {
        self.profile = Profile::AccessToken;
        self
    }

    /// Takes ID tokens; the audience is the client id. Check them with
    /// [`check_bound`](Validator::check_bound).
    pub fn id_tokens(mut self) -> Self {
        self.profile = Profile::IdToken;
        self
    }

    /// Takes logout tokens of back-channel logout. Whoever takes them remembers their
    /// [`id`](crate::Claims::id) until they expire: they must not be taken twice.
    pub fn logout_tokens(mut self) -> Self {
        self.profile = Profile::LogoutToken;
        self
    }

    /// Takes sessions of Clerk that were issued to one of these origins (`azp`), such as
    /// `https://app.example.com`. They have no audience.
    ///
    /// Clerk leaves `azp` out where the origin of the browser is empty or `null`. Such a session is
    /// refused: it could have been issued to any page.
    ///
    /// [Reference](https://clerk.com/docs/guides/sessions/session-tokens)
    pub fn clerk_sessions<P: Into<String>>(mut self, parties: impl IntoIterator<Item = P>) -> Self {
        let parties = parties.into_iter().map(Into::into).collect();
        self.profile = Profile::Clerk { parties };
        if matches!(self.keys, Source::Discovered) {
            let issuer = self.issuers.first().map_or("", |issuer| issuer);
            self.keys = Source::At(format!("{issuer}/.well-known/jwks.json"));
        }
        self
    }

    /// Accepts these algorithms only. Default: those that the keys are for.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Sets how far clocks may differ; at most 5 min. Default: 60 s.
    pub const fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Uses keys that are at hand, and fetches none.
    pub fn keys(mut self, keys: KeySet) -> Self {
        self.keys = Source::AtHand(keys);
        self
    }

    /// Fetches the keys here, without discovery.
    pub fn jwks_uri(mut self, uri: impl Into<String>) -> Self {
        self.keys = Source::At(uri.into());
        self
    }

    /// Uses a cache that other validators use as well.
    pub fn jwks(mut self, cache: JwksCache) -> Self {
        self.keys = Source::Shared(cache);
        self
    }

    /// Sets how long keys are kept and how they are renewed.
    pub fn jwks_config(mut self, config: JwksConfig) -> Self {
        self.jwks = config;
        self
    }

    /// Fetches through this client. Default: one of its own, with the standard policies.
    pub fn http(mut self, client: Client) -> Self {
        self.http = Some(client);
        self
    }

    /// Sets the clock. Default: [`SystemClock`].
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Builds the validator; nothing is fetched yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the issuer or the audience is missing, a party of Clerk is, the
    /// leeway is out of its range, or an address is neither https nor on the loopback.
    pub fn build(self) -> Result<Validator> {
        self.check()?;
        let issuer = self.issuers.first().map_or("", |issuer| issuer);
        let fetched = |uri: Option<&str>| {
            let http = self
                .http
                .clone()
                .map_or_else(|| Client::builder().build(), Ok)?;
            let clock = Arc::clone(&self.clock);
            JwksCache::with_parts(issuer, uri, http, self.jwks.clone(), clock).map(Keys::Fetched)
        };
        let keys = match self.keys {
            Source::Discovered => fetched(None)?,
            Source::At(ref uri) => fetched(Some(uri))?,
            Source::AtHand(keys) => Keys::AtHand(keys),
            Source::Shared(cache) => Keys::Fetched(cache),
        };
        Ok(Validator {
            inner: Arc::new(Rules {
                issuers: self.issuers,
                template: self.template,
                audience: self.audience,
                profile: self.profile,
                algorithms: self.algorithms,
                leeway: self.leeway,
                clock: self.clock,
                keys,
            }),
            others: Vec::new(),
        })
    }

    fn check(&self) -> Result<()> {
        let any_empty = |texts: &[String]| texts.iter().any(String::is_empty);
        let parties = match &self.profile {
            Profile::Clerk { parties } => Some(parties.as_slice()),
            _ => None,
        };
        let mistake = if any_empty(&self.issuers) {
            "issuer is empty: set the `iss` of the tokens"
        } else if self.profile.has_audience() && self.audience.is_empty() {
            "audience is missing: set what the tokens name as `aud`, or a token for anybody passes"
        } else if any_empty(&self.audience) {
            "audience is empty: set what the tokens name as `aud`"
        } else if parties.is_some_and(|parties| parties.is_empty() || any_empty(parties)) {
            "clerk_sessions has no party: name the origins of your application"
        } else if self.leeway > MAX_LEEWAY {
            "leeway is more than 5 min: set at most that"
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Config, "jwt.validator").with_message(mistake))
    }
}

impl Validator {
    /// Starts a validator for sessions of a Supabase project, such as
    /// `https://PROJECT.supabase.co`, for users that are logged in (`aud` is `authenticated`).
    ///
    /// The project must sign with asymmetric keys; for the older secret set
    /// [`keys`](ValidatorBuilder::keys).
    ///
    /// [Reference](https://supabase.com/docs/guides/auth/jwt-fields)
    pub fn supabase(project: &str) -> ValidatorBuilder {
        let issuer = format!("{}/auth/v1", project.trim_end_matches('/'));
        let keys = format!("{issuer}/.well-known/jwks.json");
        let mut builder = Self::issuer(issuer)
            .audience("authenticated")
            .jwks_uri(keys);
        builder.profile = Profile::Supabase;
        builder
    }

    /// Starts a validator for pushes of Google Pub/Sub: `audience` as the subscription has it (by
    /// default the address of the endpoint), `service_account` the e-mail address that signs.
    ///
    /// [Reference](https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions)
    pub fn google_pubsub(
        audience: impl Into<String>,
        service_account: impl Into<String>,
    ) -> ValidatorBuilder {
        let mut builder = Self::issuer(GOOGLE[0])
            .audience(audience)
            .jwks_uri(GOOGLE_KEYS);
        builder.issuers = GOOGLE.map(str::to_owned).into();
        builder.profile = Profile::PubSub {
            service_account: service_account.into(),
        };
        builder
    }
}
