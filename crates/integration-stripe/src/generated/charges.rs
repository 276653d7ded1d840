//! Charges.

use super::Customer;
use crate::view::{Expandable, open_enums, views};

views! {
    /// The object `charge`.
    Charge {
        amount: i64 = Required;
        currency: &str = Required;
        customer: Expandable<Customer> = Nullable;
        id: &str = Required;
        object: &str = Required;
        status: ChargeStatus = Required;
    }
}

open_enums! {
    /// Words of `charge.status`.
    ChargeStatus { Failed = "failed", Pending = "pending", Succeeded = "succeeded" }
}
