//! Spending refresh tokens.

use std::time::Duration;

use integration_core::{Delivery, Error, ErrorKind, Result};
use tokio::time::timeout;

use crate::{
    manager::{
        cell::View,
        codec::Dated,
        inner::Inner,
        life::{Life, Renewal},
        refresher::Refresher,
    },
    tokens::TokenSet,
};

/// Which tokens of a connection are exchanged: each has a refresh token of its own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    main: bool,
    also: Vec<String>,
}

/// What came of it. With further tokens there may be something of both.
#[derive(Debug)]
pub(super) struct Exchanged {
    pub(super) next: Option<TokenSet>,
    pub(super) failure: Option<Error>,
}

impl Asked {
    pub(super) fn of(
        dated: &Dated,
        view: &View,
        is_background: bool,
        refresher: &dyn Refresher,
        inner: &Inner,
    ) -> Self {
        let refused = view.refused.as_ref();
        let refused = refused.filter(|refused| refused.version == view.held.version);
        let refused = refused.map(|refused| refused.name.as_deref());
        let unix = inner.clock.unix();
        let is_due = |set: &TokenSet| {
            let due = life_of(set, dated.obtained_at).refresh_at(&inner.config, 1.0);
            due.is_some_and(|due| unix >= due)
        };
        let tokens = &dated.tokens;
        let also: Vec<_> = tokens
            .also
            .iter()
            .filter(|(_, set)| refresher.can_refresh(set))
            .filter(|(name, set)| is_due(set) || refused == Some(Some(name.as_str())))
            .map(|(name, _)| name.clone())
            .collect();
        let is_wanted = is_due(tokens) || refused == Some(None) || is_background;
        let main = refresher.can_refresh(tokens) && (is_wanted || also.is_empty());
        Self { main, also }
    }

    /// Exchanges one token after the other, within the time for one.
    pub(super) async fn exchange(
        &self,
        refresher: &dyn Refresher,
        dated: &Dated,
        limit: Duration,
    ) -> Exchanged {
        let mut next = None;
        let exchanges = self.each(refresher, &dated.tokens, &mut next);
        let failure = match timeout(limit, exchanges).await {
            Ok(result) => result.err(),
            Err(_) => Some(
                Error::new(ErrorKind::AttemptTimeout, "oauth.refresh")
                    .with_message(format!("the provider took longer than {limit:?}"))
                    .with_delivery(Delivery::MaybeExecuted),
            ),
        };
        Exchanged { next, failure }
    }

    async fn each(
        &self,
        refresher: &dyn Refresher,
        held: &TokenSet,
        next: &mut Option<TokenSet>,
    ) -> Result<()> {
        if self.main {
            let answer = refresher.refresh(held).await?;
            *next = Some(answer.continuing(held));
        }
        for name in &self.also {
            let Some(set) = held.also.get(name) else {
                continue;
            };
            let answer = refresher.refresh(set).await?;
            let whole = next.get_or_insert_with(|| held.clone());
            whole.also.insert(name.clone(), answer.continuing(set));
        }
        Ok(())
    }
}

fn life_of(set: &TokenSet, obtained_at: Duration) -> Life {
    Life {
        obtained_at,
        expires_at: set.expires_at,
        is_guess: set.is_expiry_guessed,
        renewal: Renewal::Always,
        max_idle: None,
    }
}
