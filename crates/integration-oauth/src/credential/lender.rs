//! A credential of two versions as credentials of a client.

use std::{sync::Arc, time::Duration};

use integration_core::{
    Error, ErrorKind, Result,
    credentials::{Credentials, Generation, Lender, Lending, Lent, Rejection},
    http::{HeaderMap, HeaderName, Method, StatusCode},
};
use tokio::{
    runtime::Handle,
    time::{Instant, timeout_at},
};
use url::Url;

use super::{RotatingCredential, Version, rotating::Picked};

/// How often the store is asked, at most, whether another process has staged or promoted a version.
pub(super) const LOOKED_AGAIN: Duration = Duration::from_secs(60);

impl RotatingCredential {
    /// Returns this credential as credentials of a client of integration-core.
    ///
    /// Each attempt carries the version to try; the first success of the next one makes it the
    /// current one, and after a 401 the request is sent once more with the other one, if it can be
    /// sent again. Without another one the store is asked, once a minute, whether there is.
    ///
    /// ```
    /// use integration_core::http::Client;
    /// use integration_oauth::{Result, credential::RotatingCredential};
    ///
    /// fn client(rotating: &RotatingCredential) -> Result<Client> {
    ///     let builder = Client::standard("https://api.example.com/v1")?;
    ///     builder.credentials(rotating.credentials()?).build()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for [`Credential::TwoStep`](super::Credential::TwoStep), whose
    /// [source](super::TwoStepSource) is for the same.
    pub fn credentials(&self) -> Result<Credentials> {
        let (_, credential) = self.pick();
        let header = credential.headers()?.keys().next().cloned();
        let header = header.ok_or_else(|| {
            Error::new(ErrorKind::Config, "oauth.credential")
                .with_message("a credential of no headers is none")
        })?;
        Ok(Credentials::lent(Arc::new(Loan {
            rotating: self.clone(),
            header,
        })))
    }
}

/// A credential that is lent to a client.
#[derive(Debug)]
struct Loan {
    rotating: RotatingCredential,
    /// The first header of the first version.
    header: HeaderName,
}

impl Loan {
    fn lent(&self) -> Result<Lent> {
        let Picked {
            record,
            version,
            credential,
        } = self.rotating.picked();
        let headers = credential.headers()?;
        // What else there is to send, and under which names, `sign` adds.
        let value = headers
            .get(&self.header)
            .or_else(|| headers.values().next());
        let value = value.cloned().ok_or_else(|| {
            Error::new(ErrorKind::Config, "oauth.credential")
                .with_message("a credential of no headers is none")
        })?;
        Ok(Lent::new(value, numbered(record, version)))
    }
}

/// Which version of which record, as one number.
const fn numbered(record: u64, version: Version) -> Generation {
    Generation::new(record << 1 | matches!(version, Version::Next) as u64)
}

const fn named(generation: Generation) -> (u64, Version) {
    let version = match generation.number() & 1 {
        0 => Version::Current,
        _ => Version::Next,
    };
    (generation.number() >> 1, version)
}

impl Lender for Loan {
    fn header(&self) -> &HeaderName {
        &self.header
    }

    fn ready(&self) -> Option<Lent> {
        self.lent().ok()
    }

    fn lend(&self, _deadline: Instant) -> Lending<'_, Result<Lent>> {
        Box::pin(std::future::ready(self.lent()))
    }

    fn reject(
        &self,
        generation: Generation,
        _answer: &HeaderMap,
        deadline: Instant,
    ) -> Lending<'_, Rejection> {
        let (record, version) = named(generation);
        Box::pin(async move {
            let rotating = &self.rotating;
            if rotating.number() == record && rotating.looks_again(version) {
                // What cannot be read now is as it was.
                let _ = timeout_at(deadline, rotating.reload()).await;
            }
            if rotating.number() != record || rotating.refused(version).is_some() {
                return Rejection::TryAgain;
            }
            Rejection::Final
        })
    }

    fn answered(&self, generation: Generation, _: &Url, status: StatusCode, _: &HeaderMap) {
        let (record, version) = named(generation);
        let is_taken = status.is_success();
        if is_taken || status == StatusCode::UNAUTHORIZED {
            self.rotating.heard(version, is_taken);
        }
        if !is_taken || version == Version::Current {
            return;
        }
        let Some(staged_at) = self.rotating.begins_promotion(record) else {
            return;
        };
        let rotating = self.rotating.clone();
        let promotion = async move {
            rotating.promote_or_warn(staged_at).await;
            rotating.ends_promotion();
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(promotion)),
            Err(_) => self.rotating.ends_promotion(),
        }
    }

    fn sign(
        &self,
        generation: Generation,
        _method: &Method,
        _url: &Url,
        headers: &mut HeaderMap,
    ) -> Result<()> {
        let (_, version) = named(generation);
        for credential in self.rotating.both() {
            for name in credential.headers()?.keys() {
                headers.remove(name);
            }
        }
        headers.remove(&self.header);
        headers.extend(self.rotating.version(version).headers()?);
        Ok(())
    }
}
