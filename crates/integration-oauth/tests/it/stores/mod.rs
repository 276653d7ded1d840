//! Every store does the same: one suite over all of them.

mod connections;
mod flows;
#[cfg(feature = "keyring")]
mod keyring;
mod leases;
mod memory;
mod model;
#[cfg(feature = "postgres")]
mod postgres;
pub(crate) mod rig;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(all(feature = "postgres", feature = "sqlite"))]
pub(crate) use self::postgres::{config as postgres_config, fresh_schema as postgres_schema};

/// Makes a test of each behaviour for the store that `$rig` sets up.
macro_rules! conformance {
    ($rig:path, $($attribute:tt)*) => {
        crate::stores::conformance! { @ $rig, { $($attribute)* }
            connections {
                a_connection_is_read_back_as_it_was_written,
                a_first_version_is_written_once,
                a_swap_needs_the_last_version,
                of_many_swaps_of_one_version_one_is_done,
                every_name_is_kept_as_it_is_and_apart,
                every_state_is_kept,
                a_connection_that_was_made_again_has_later_fences,
                resealing_changes_the_seal_alone,
                resealing_reaches_parked_tokens,
                pages_go_through_all_in_order,
                a_filter_holds_in_all_its_parts,
                only_active_connections_are_due,
                what_is_too_large_is_refused,
                what_is_not_there_is_missing,
            }
            leases {
                one_owner_at_a_time_has_the_lease,
                of_many_owners_one_gets_the_lease,
                an_ended_lease_is_taken_over_with_its_intent,
                a_late_owner_writes_nothing_and_parks,
                tokens_of_a_later_owner_stay_parked,
                a_renewed_lease_lasts,
                a_released_lease_is_free_and_its_intent_is_as_told,
                a_write_without_a_fence_leaves_the_lease,
                waiting_ends_with_the_next_version,
                waiting_ends_with_the_release,
                waiting_ends_with_the_lease,
                waiting_ends_at_its_limit,
                nobody_waits_where_there_is_nothing_to_wait_for,
            }
            flows {
                a_login_is_taken_once,
                of_many_that_take_a_login_one_gets_it,
                a_login_past_its_time_is_not_there,
                a_login_that_is_too_large_is_refused,
                a_full_store_puts_out_what_ends_first,
            }
            model { any_order_of_calls_does_what_the_model_does, }
        }
    };
    (@ $rig:path, $attribute:tt $($group:ident { $($name:ident,)* })*) => {
        $(mod $group { $(crate::stores::conformance! { @@ $rig, $attribute, $group, $name })* })*
    };
    (@@ $rig:path, { $($attribute:tt)* }, $group:ident, $name:ident) => {
        #[tokio::test($($attribute)*)]
        async fn $name() {
            if let Some(rig) = $rig().await {
                crate::stores::$group::$name(&rig).await;
            }
        }
    };
}
use conformance;
