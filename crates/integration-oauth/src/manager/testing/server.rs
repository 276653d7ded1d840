use std::{collections::VecDeque, sync::Arc, time::Duration};

use async_trait::async_trait;
use integration_core::{Error, ErrorKind, ExposeSecret, Result, SharedClock};
use parking_lot::Mutex;
use tokio::time::sleep;

use crate::{
    error::OAuthError, manager::refresher::Refresher, preset::RefreshRules, scopes::Scopes,
    tokens::TokenSet,
};

/// How the server takes the next request. Without one of these it answers after 100 ms.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Does its work at once and answers so much later.
    Late(Duration),
    /// Refuses with this word and does nothing.
    Refusal(&'static str),
    /// Answers that it is down, and does nothing.
    Down,
    /// Leaves further scopes out.
    Scopes(Scopes),
}

/// An authorization server that rotates refresh tokens and takes reuse for a theft.
#[derive(Debug)]
pub(crate) struct SimServer {
    clock: SharedClock,
    pub(crate) rules: RefreshRules,
    pub(crate) lifetime: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    script: VecDeque<Answer>,
    /// The refresh token that is good now; the one of number n is `r<n>`.
    current: u64,
    /// When it was handed out, since the Unix epoch.
    rotated_at: Duration,
    is_revoked: bool,
    calls: u32,
    /// Which token each call brought, in order.
    spent: Vec<String>,
    revoked: Vec<String>,
    /// Exchanges whose answer came when nobody waited for it any more.
    unheard: u32,
    /// Exchanges that changed nothing: it was down, or the token was worth nothing already.
    refused: u32,
}

impl SimServer {
    pub(crate) fn new(clock: SharedClock) -> Self {
        Self {
            clock,
            rules: RefreshRules::default(),
            lifetime: Duration::from_secs(3600),
            state: Mutex::default(),
        }
    }

    /// The tokens of a new login.
    pub(crate) fn login(&self) -> TokenSet {
        let mut state = self.state.lock();
        state.current += 1;
        state.is_revoked = false;
        self.tokens(state.current)
    }

    pub(crate) fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state.lock().script.extend(answers);
    }

    pub(crate) fn clear_script(&self) {
        self.state.lock().script.clear();
    }

    pub(crate) fn calls(&self) -> u32 {
        self.state.lock().calls
    }

    pub(crate) fn spent(&self) -> Vec<String> {
        self.state.lock().spent.clone()
    }

    pub(crate) fn revocations(&self) -> Vec<String> {
        self.state.lock().revoked.clone()
    }

    pub(crate) fn unheard(&self) -> u32 {
        self.state.lock().unheard
    }

    /// How often a token came a second time, beyond the times when it could not be known whether
    /// it had been taken.
    pub(crate) fn needless_repeats(&self, deaths: u32) -> u32 {
        let state = self.state.lock();
        let spent: std::collections::BTreeSet<_> = state.spent.iter().collect();
        let repeats = state.spent.len() - spent.len();
        let excused = state.refused + state.unheard + deaths;
        u32::try_from(repeats).unwrap().saturating_sub(excused)
    }

    /// The newest refresh token, if the server still honours it.
    pub(crate) fn newest(&self) -> Option<String> {
        let state = self.state.lock();
        (!state.is_revoked).then(|| format!("r{}", state.current))
    }

    fn tokens(&self, number: u64) -> TokenSet {
        TokenSet::new(format!("a{number}"))
            .with_refresh_token(format!("r{number}"))
            .with_expires_at(self.clock.unix() + self.lifetime)
            .with_scopes(Scopes::from(["read", "write"]))
    }

    fn work(&self, token: &str) -> Result<TokenSet> {
        let mut state = self.state.lock();
        let refused = || refusal("invalid_grant");
        if state.is_revoked {
            state.refused += 1;
            return Err(refused());
        }
        if token == format!("r{}", state.current) {
            state.current += 1;
            state.rotated_at = self.clock.unix();
            return Ok(self.tokens(state.current));
        }
        let window = self.rules.reuse_window_s.map(Duration::from_secs);
        let age = self.clock.unix().saturating_sub(state.rotated_at);
        let is_last = token == format!("r{}", state.current.saturating_sub(1));
        if is_last && window.is_some_and(|window| age <= window) {
            return Ok(self.tokens(state.current));
        }
        state.is_revoked = true;
        state.refused += 1;
        Err(refused())
    }
}

fn refusal(word: &str) -> Error {
    Error::new(ErrorKind::Validation, "oauth.refresh")
        .with_status(400)
        .with_provider(OAuthError::new(word))
}

fn shown(held: &TokenSet) -> String {
    let token = held.refresh_token.as_ref();
    token.map_or_else(String::new, |token| token.expose_secret().to_owned())
}

#[async_trait]
impl Refresher for SimServer {
    fn name(&self) -> &str {
        "demo"
    }

    fn rules(&self) -> &RefreshRules {
        &self.rules
    }

    async fn refresh(&self, held: &TokenSet) -> Result<TokenSet> {
        let token = shown(held);
        let answer = {
            let mut state = self.state.lock();
            state.calls += 1;
            state.spent.push(token.clone());
            state.script.pop_front()
        };
        match answer {
            None => {
                let worked = self.work(&token).map(|set| TokenSet {
                    token_type: held.token_type.clone(),
                    ..set
                });
                self.state.lock().unheard += 1;
                sleep(Duration::from_millis(100)).await;
                self.state.lock().unheard -= 1;
                worked
            }
            Some(Answer::Late(wait)) => {
                let worked = self.work(&token);
                self.state.lock().unheard += 1;
                sleep(wait).await;
                self.state.lock().unheard -= 1;
                worked
            }
            Some(Answer::Refusal(word)) => Err(refusal(word)),
            Some(Answer::Down) => {
                self.state.lock().refused += 1;
                Err(Error::new(ErrorKind::Unavailable, "oauth.refresh"))
            }
            Some(Answer::Scopes(scopes)) => Ok(self.work(&token)?.with_scopes(scopes)),
        }
    }

    async fn revoke(&self, held: &TokenSet) -> Result<()> {
        self.state.lock().revoked.push(shown(held));
        Ok(())
    }
}

impl SimServer {
    pub(crate) fn shared() -> Arc<dyn Refresher> {
        Arc::new(Self::new(integration_core::SystemClock::shared()))
    }
}
