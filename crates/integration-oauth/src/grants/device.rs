//! Login of a device without a browser (RFC 8628).

use std::{fmt, time::Duration};

use integration_core::{Error, ErrorKind, ExposeSecret as _, Result, SecretString};
use serde_json::{Map, Value};
use tokio::{task::JoinHandle, time::sleep};

use crate::{
    error::{OAuthError, Trouble},
    provider::{Form, Provider, Spends, needed},
    scopes::Scopes,
    tokens::{TokenSet, answer},
};

const OPERATION: &str = "oauth.device";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Between two questions, when the server does not say.
const INTERVAL: Duration = Duration::from_secs(5);

/// What a server that is asked too often adds to it.
const SLOWER: Duration = Duration::from_secs(5);

/// Between two questions at most, whatever the server says.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);

/// How long a login may take at most, whatever the server says.
const LONGEST: Duration = Duration::from_secs(30 * 60);

impl Provider {
    /// Begins a login on a device: show the user the address and the code, then
    /// [`wait`](DeviceLogin::wait).
    ///
    /// `POST` to the device authorization endpoint. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the server has no such endpoint; those of the call.
    ///
    /// [RFC 8628, 3.1](https://www.rfc-editor.org/rfc/rfc8628#section-3.1)
    pub async fn device(&self, scopes: impl Into<Scopes>) -> Result<DeviceLogin> {
        let inner = &*self.inner;
        let known = self.metadata().await?;
        let url = needed(
            OPERATION,
            known.device.as_ref(),
            "device authorization endpoint",
        )?;
        let mut form = Form::default();
        form.set("client_id", self.client_id());
        self.set_scopes(&mut form, &scopes.into());
        let now = inner.clock.unix();
        let posted = inner.post(OPERATION, url, &known, form, Spends::Nothing, None);
        let came = posted.await?;
        let members = answer::members(OPERATION, &came, &inner.preset, now)?;
        DeviceLogin::read(self.clone(), &members, now)
            .ok_or_else(|| answer::unreadable(OPERATION, &came, "answer names no code or address"))
    }
}

/// A login that a user finishes on another device.
pub struct DeviceLogin {
    /// What the user types there.
    pub user_code: String,
    /// Where the user goes.
    pub verification_uri: String,
    /// Where the user goes without having to type, for a QR code.
    pub verification_uri_complete: Option<String>,
    /// Until when, since the Unix epoch; at most 30 min.
    pub expires_at: Duration,
    provider: Provider,
    device_code: SecretString,
    interval: Duration,
    /// A question that is under way: it goes on when nobody waits, so its answer is not lost.
    asked: Option<JoinHandle<Result<TokenSet>>>,
}

impl DeviceLogin {
    fn read(provider: Provider, members: &Map<String, Value>, now: Duration) -> Option<Self> {
        let text = |name: &str| members.get(name)?.as_str().filter(|text| !text.is_empty());
        // `verification_url` is Google's spelling.
        let uri = text("verification_uri").or_else(|| text("verification_url"))?;
        let seconds = |name: &str| match members.get(name)? {
            Value::String(text) => text.parse().ok(),
            value => value.as_u64(),
        };
        let lifetime = seconds("expires_in").map_or(LONGEST, Duration::from_secs);
        let interval = seconds("interval").map_or(INTERVAL, Duration::from_secs);
        Some(Self {
            user_code: text("user_code")?.to_owned(),
            verification_uri: uri.to_owned(),
            verification_uri_complete: text("verification_uri_complete").map(str::to_owned),
            expires_at: now + lifetime.min(LONGEST),
            device_code: text("device_code")?.into(),
            interval: interval.clamp(Duration::from_secs(1), LONGEST_INTERVAL),
            asked: None,
            provider,
        })
    }

    /// Asks the server until the user has decided, as often as it permits.
    ///
    /// Ends when the code expires, at the latest after 30 min. Cancel safe: a call after a dropped
    /// one goes on where that was, and an answer that came meanwhile is not lost.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::PermissionDenied`] when the user said no, [`ErrorKind::DeadlineExceeded`] when
    /// the code has expired; an [`OAuthError`] that is neither. While the server cannot be reached
    /// it is asked on, more and more slowly.
    pub async fn wait(&mut self) -> Result<TokenSet> {
        loop {
            if self.asked.is_none() {
                let left = self.expires_at.saturating_sub(self.now());
                if left.is_zero() {
                    return Err(expired());
                }
                sleep(self.interval.min(left)).await;
            }
            match self.ask().await {
                Ok(tokens) => return Ok(tokens),
                Err(error) => self.interval = self.next_interval(error)?,
            }
        }
    }

    fn now(&self) -> Duration {
        self.provider.clock().unix()
    }

    /// Asks once, in a task of its own, or waits for the question that is under way.
    async fn ask(&mut self) -> Result<TokenSet> {
        let asked = self.asked.get_or_insert_with(|| {
            let (provider, code) = (self.provider.clone(), self.device_code.clone());
            tokio::spawn(async move {
                let mut form = Form::grant(GRANT);
                form.set("device_code", code.expose_secret());
                form.set("client_id", provider.client_id());
                let key = provider.dpop_key(None)?;
                provider.request(OPERATION, form, Spends::Grant, key).await
            })
        });
        let answer = asked.await;
        self.asked = None;
        let stopped = |_| Err(Error::new(ErrorKind::Cancelled, OPERATION));
        answer.unwrap_or_else(stopped)
    }

    /// How long to wait after this error, or the error that ends it.
    fn next_interval(&self, error: Error) -> Result<Duration> {
        let slower = (self.interval + SLOWER).min(LONGEST_INTERVAL);
        let Some(said) = error.provider::<OAuthError>() else {
            return match Trouble::of(&error) {
                Trouble::Transient => Ok((self.interval * 2).min(LONGEST_INTERVAL)),
                _ => Err(error),
            };
        };
        match said.code.as_str() {
            "authorization_pending" => Ok(self.interval),
            "slow_down" => Ok(slower),
            "expired_token" => Err(expired()),
            "access_denied" => Err(Error::new(ErrorKind::PermissionDenied, OPERATION)
                .with_message("user did not agree")
                .with_provider(said.clone())),
            _ => match error.status() {
                Some(429 | 500..) => Ok(slower),
                _ => Err(error),
            },
        }
    }
}

fn expired() -> Error {
    Error::new(ErrorKind::DeadlineExceeded, OPERATION)
        .with_message("code has expired before the user decided")
}

impl fmt::Debug for DeviceLogin {
    /// Shows no code: whoever types it logs this device in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceLogin")
            .field("verification_uri", &self.verification_uri)
            .field("expires_at", &self.expires_at)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}
