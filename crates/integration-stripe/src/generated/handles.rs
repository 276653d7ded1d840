//! Where calls begin.

use super::Customers;
use crate::Client;

impl Client {
    /// Returns the calls about `customers`.
    #[must_use]
    pub fn customers(&self) -> Customers<'_> {
        Customers(self)
    }
}
