//! Customers.

use crate::{
    op::handles,
    params::{choices, params},
    view::{List, Map, views},
};

views! {
    /// The object `customer`.
    Customer {
        id: &str = Required;
        object: &str = Required;
        email: &str = Nullable;
        metadata: Map<&str> = Optional;
    }
}

params! {
    /// Parameters of `stripe.customers.create`.
    CreateCustomer() {
        email: String;
        description: String, clear_description;
        metadata: crate::params::MapOf<String>, clear_metadata;
        preferred_locales: crate::params::ListOf<String>;
    }
    /// Parameters of `stripe.customers.list`.
    ListCustomers() {
        created: TimeRange;
        limit: i64;
    }
    /// A range.
    RangeParams(gt: i64) {
        lt: i64;
    }
}

choices! {
    /// A time or a range.
    TimeRange { At(i64), Range(RangeParams) }
}

handles! {
    /// Calls about `customers`.
    Customers {
        fn create(; CreateCustomer) -> Customer = post "stripe.customers.create" "/v1/customers";
        fn list(; ListCustomers) -> List<Customer> = list "stripe.customers.list" "/v1/customers";
        fn retrieve(customer) -> Customer = get "stripe.customers.retrieve" "/v1/customers/{customer}";
    }
}
