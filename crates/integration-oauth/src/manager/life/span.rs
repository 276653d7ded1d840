//! How long tokens last, and when in that time they are replaced.

use std::time::Duration;

use crate::manager::config::LifeConfig;

/// What the background leaves to the hash of a connection, of the time before it is due.
const SPREAD: u32 = 4;

/// How long tokens last. All times are since the Unix epoch: a machine that slept has aged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) obtained_at: Duration,
    /// `None` for tokens that last until they are refused.
    pub(crate) expires_at: Option<Duration>,
    /// Whether nobody but us says so.
    pub(crate) is_guess: bool,
    pub(crate) renewal: Renewal,
    /// After which time without use the refresh token dies.
    pub(crate) max_idle: Option<Duration>,
}

/// Whether tokens can be replaced without their user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renewal {
    Never,
    Until(Duration),
    Always,
}

impl Renewal {
    pub(crate) fn is_possible(self, unix: Duration) -> bool {
        match self {
            Self::Never => false,
            Self::Until(end) => unix < end,
            Self::Always => true,
        }
    }
}

impl Life {
    /// When a caller has the tokens replaced; `chance` is at least 0 and below 1.
    pub(crate) fn refresh_at(&self, config: &LifeConfig, chance: f64) -> Option<Duration> {
        if self.renewal == Renewal::Never {
            return None;
        }
        let end = self.expires_at?;
        Some(end.saturating_sub(self.early(config, chance)?))
    }

    /// When the background replaces the tokens: a little before a caller would have to.
    pub(crate) fn due_at(&self, config: &LifeConfig, spread: f64) -> Option<Duration> {
        if self.renewal == Renewal::Never {
            // To tell of the end, which nobody can put off.
            return self.expires_at.filter(|_| !self.is_guess);
        }
        let ahead = self.expires_at.and_then(|end| {
            let early = self.early(config, 1.0)?;
            let further = early.min(self.lifetime()? / SPREAD).mul_f64(spread);
            Some(end.saturating_sub(early).saturating_sub(further))
        });
        let idle = self.max_idle.map(|idle| {
            let half = idle / 2;
            self.obtained_at + half + (half / 2).mul_f64(spread)
        });
        let last = match self.renewal {
            Renewal::Until(end) => {
                let tenth = end.saturating_sub(self.obtained_at) / 10;
                Some(end.saturating_sub(tenth + tenth.mul_f64(spread)))
            }
            Renewal::Never | Renewal::Always => None,
        };
        [ahead, idle, last].into_iter().flatten().min()
    }

    /// When the tokens are no longer sent; `None` when that is for the API to say.
    pub(crate) fn ends_at(&self) -> Option<Duration> {
        self.expires_at.filter(|_| !self.is_guess)
    }

    fn lifetime(&self) -> Option<Duration> {
        let end = self.expires_at?;
        Some(end.saturating_sub(self.obtained_at))
    }

    /// How long before the end the tokens are replaced: by chance, so that processes which began
    /// together do not all come at once.
    fn early(&self, config: &LifeConfig, chance: f64) -> Option<Duration> {
        let lifetime = self.lifetime()?;
        let part = lifetime.mul_f64(f64::from(config.early_percent) / 100.0);
        let early = config.max_early.mul_f64(chance).min(part);
        Some(early.max(config.min_early).min(lifetime / 2))
    }
}
