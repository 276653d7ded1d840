//! What one call takes.

use super::Unit;

/// What a call takes of each unit: so many calls, and so many tokens or bytes.
///
/// A quota whose unit is not in the cost is not asked.
///
/// ```
/// use integration_core::rate_limit::{Cost, Unit};
///
/// let cost = Cost::calls(1).with("tokens", 1_500);
/// assert_eq!(cost.of(Unit::CALLS), 1);
/// assert_eq!(cost.of("tokens".into()), 1_500);
/// assert_eq!(cost.of("bytes".into()), 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    calls: u32,
    /// Units beside calls, the first `len` of them.
    others: [(Unit, u32); Self::MAX_UNITS],
    len: u8,
    /// More units were named than fit. Never admitted, as what was left out would not be counted.
    overflown: bool,
}

impl Cost {
    /// Units that a cost may name beside calls. A cost with more of them is never admitted.
    pub const MAX_UNITS: usize = 4;

    /// One call, and nothing else.
    pub const ONE: Self = Self::calls(1);

    /// Takes `calls` calls, and nothing else.
    #[must_use]
    pub const fn calls(calls: u32) -> Self {
        Self {
            calls,
            others: [(Unit::CALLS, 0); Self::MAX_UNITS],
            len: 0,
            overflown: false,
        }
    }

    /// Takes `amount` of `unit`; replaces what was said of that unit before.
    #[must_use]
    pub fn with(mut self, unit: impl Into<Unit>, amount: u32) -> Self {
        let unit = unit.into();
        if unit == Unit::CALLS {
            self.calls = amount;
            return self;
        }
        let len = usize::from(self.len);
        if let Some(place) = self.others[..len].iter_mut().find(|(of, _)| *of == unit) {
            place.1 = amount;
        } else if let Some(free) = self.others.get_mut(len) {
            *free = (unit, amount);
            self.len += 1;
        } else {
            self.overflown = true;
        }
        self
    }

    /// Returns what is taken of `unit`; 0 for a unit that was not named.
    #[must_use]
    pub fn of(&self, unit: Unit) -> u32 {
        if unit == Unit::CALLS {
            return self.calls;
        }
        let named = self.others.iter().take(usize::from(self.len));
        named
            .into_iter()
            .find_map(|(of, amount)| (*of == unit).then_some(*amount))
            .unwrap_or(0)
    }

    /// Returns what is taken of calls, without a search.
    #[inline]
    pub(super) const fn of_calls(&self) -> u32 {
        self.calls
    }

    /// Tells whether more units were named than fit.
    #[inline]
    pub(super) const fn is_overflown(&self) -> bool {
        self.overflown
    }
}

impl Default for Cost {
    fn default() -> Self {
        Self::ONE
    }
}
