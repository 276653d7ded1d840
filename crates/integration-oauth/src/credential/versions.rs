//! Two versions of a credential, and which one to use. No clock, no I/O.

use std::time::Duration;

use super::Credential;

/// How long the next one is left alone after it was refused. A provider may need a while until it
/// takes a new one everywhere.
pub(super) const LEFT_ALONE: Duration = Duration::from_secs(60);

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Version {
    /// The one that has worked so far.
    Current,
    /// The one that takes its place.
    Next,
}

/// What is stored.
#[derive(Clone, Debug)]
pub(super) struct Versions {
    pub(super) current: Credential,
    /// Since when it is used, since the Unix epoch.
    pub(super) since: Duration,
    pub(super) next: Option<Next>,
}

#[derive(Clone, Debug)]
pub(super) struct Next {
    pub(super) credential: Credential,
    /// When it was staged, since the Unix epoch.
    pub(super) since: Duration,
    /// Until when the provider takes the current one too, since the Unix epoch.
    pub(super) overlap_until: Duration,
}

impl Versions {
    pub(super) fn new(current: Credential, now: Duration) -> Self {
        Self {
            current,
            since: now,
            next: None,
        }
    }

    /// The one to try now. `refused_at` is when the next one was refused last.
    pub(super) fn pick(&self, now: Duration, refused_at: Option<Duration>) -> Version {
        let Some(next) = &self.next else {
            return Version::Current;
        };
        let is_left_alone = refused_at.is_some_and(|at| now.saturating_sub(at) < LEFT_ALONE);
        if is_left_alone && now < next.overlap_until {
            return Version::Current;
        }
        Version::Next
    }

    /// The one to try when this one was refused.
    pub(super) fn other(&self, refused: Version, now: Duration) -> Option<Version> {
        let next = self.next.as_ref()?;
        match refused {
            Version::Next => (now < next.overlap_until).then_some(Version::Current),
            Version::Current => Some(Version::Next),
        }
    }

    pub(super) fn get(&self, version: Version) -> &Credential {
        match (&self.next, version) {
            (Some(next), Version::Next) => &next.credential,
            _ => &self.current,
        }
    }

    /// The next one as the current one.
    pub(super) fn promoted(self) -> Self {
        match self.next {
            Some(next) => Self {
                current: next.credential,
                since: next.since,
                next: None,
            },
            None => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn staged() -> Versions {
        let next = Next {
            credential: Credential::bearer("new"),
            since: HOUR,
            overlap_until: HOUR * 3,
        };
        let mut versions = Versions::new(Credential::bearer("old"), Duration::ZERO);
        versions.next = Some(next);
        versions
    }

    #[test]
    fn the_next_one_is_tried_first_and_left_alone_for_a_while_when_refused() {
        let (versions, now) = (staged(), HOUR * 2);
        assert_eq!(versions.pick(now, None), Version::Next);
        assert_eq!(versions.pick(now, Some(now)), Version::Current);
        assert_eq!(versions.pick(now + LEFT_ALONE, Some(now)), Version::Next);
        assert_eq!(versions.other(Version::Next, now), Some(Version::Current));
        assert_eq!(versions.other(Version::Current, now), Some(Version::Next));
    }

    #[test]
    fn past_the_overlap_nothing_leads_back() {
        let (versions, end) = (staged(), HOUR * 3);
        assert_eq!(versions.pick(end, Some(end)), Version::Next);
        assert_eq!(versions.other(Version::Next, end), None);
    }

    #[test]
    fn alone_there_is_no_other() {
        let versions = staged().promoted();
        assert_eq!(versions.since, HOUR);
        assert_eq!(versions.pick(HOUR, None), Version::Current);
        assert_eq!(versions.other(Version::Current, HOUR), None);
    }
}
