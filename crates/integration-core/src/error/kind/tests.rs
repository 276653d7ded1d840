use super::{Charge, Delivery, ErrorKind, ErrorKind::*, Health, Retriability, TABLE};

#[test]
fn the_table_is_in_the_order_of_the_kinds() {
    for (place, row) in TABLE.iter().enumerate() {
        assert_eq!(row.0 as usize, place, "{:?}", row.0);
    }
    assert_eq!(Other as usize, TABLE.len() - 1, "a kind has no row");
}

#[test]
fn every_kind_has_the_consequences_that_the_architecture_names() {
    use Delivery::*;
    use Health::{Failure, Neutral};
    use Retriability::{Always, IfIdempotent, Never};

    let groups: &[(&[ErrorKind], Delivery, Retriability, Health)] = &[
        (&[Config, Serialize], NotSent, Never, Neutral),
        (
            &[Validation, Unauthenticated, PermissionDenied, NotFound],
            Executed,
            Never,
            Neutral,
        ),
        (
            &[PreconditionFailed, Conflict, IdempotencyMismatch],
            Executed,
            Never,
            Neutral,
        ),
        (
            &[IdempotencyInProgress],
            MaybeExecuted,
            IfIdempotent,
            Neutral,
        ),
        (&[RateLimited], NotSent, Always, Neutral),
        (&[QuotaExhausted], NotSent, Never, Neutral),
        (
            &[Unavailable, Internal],
            MaybeExecuted,
            IfIdempotent,
            Failure,
        ),
        (&[Connect, Dns, TlsHandshake], NotSent, Always, Failure),
        (
            &[ConnectionReset, Incomplete, AttemptTimeout],
            MaybeExecuted,
            IfIdempotent,
            Failure,
        ),
        (
            &[DeadlineExceeded, Cancelled, Other],
            MaybeExecuted,
            Never,
            Neutral,
        ),
        (
            &[CircuitOpen, LimitedLocally, BulkheadFull, Paused],
            NotSent,
            Always,
            Neutral,
        ),
        (&[Decode, BodyTooLarge], Executed, Never, Neutral),
        (&[Storage], MaybeExecuted, IfIdempotent, Neutral),
    ];
    let mut seen = 0;
    for (kinds, delivery, retriability, health) in groups {
        for kind in *kinds {
            assert_eq!(kind.delivery(), *delivery, "{kind:?}");
            assert_eq!(kind.retriability(), *retriability, "{kind:?}");
            assert_eq!(kind.health(), *health, "{kind:?}");
            seen += 1;
        }
    }
    assert_eq!(seen, TABLE.len());
}

#[test]
fn a_final_failure_costs_the_budget_nothing() {
    for (kind, _, _, retriability, _, charge) in TABLE {
        let retried_by_a_provider = kind == Conflict;
        if retriability == Retriability::Never && !retried_by_a_provider {
            assert_eq!(charge, Charge::Free, "{kind:?}");
        }
    }
}

#[test]
fn a_status_stands_for_the_kind_of_the_table() {
    let rows = [
        (399, None),
        (400, Some(Validation)),
        (401, Some(Unauthenticated)),
        (402, Some(QuotaExhausted)),
        (403, Some(PermissionDenied)),
        (404, Some(NotFound)),
        (408, Some(Incomplete)),
        (409, Some(Conflict)),
        (410, Some(NotFound)),
        (412, Some(PreconditionFailed)),
        (418, Some(Other)),
        (422, Some(Validation)),
        (429, Some(RateLimited)),
        (500, Some(Internal)),
        (501, Some(Internal)),
        (502, Some(Unavailable)),
        (503, Some(Unavailable)),
        (504, Some(Unavailable)),
        (505, Some(Internal)),
        (599, Some(Internal)),
        (600, Some(Other)),
    ];
    for (status, kind) in rows {
        assert_eq!(ErrorKind::from_status(status), kind, "{status}");
    }
}

/// Reads a page of the documentation, or returns `None` where the crate was published alone.
fn page(name: &str) -> Option<String> {
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    if !docs.is_dir() {
        println!("skipped: this crate is here without its workspace");
        return None;
    }
    Some(std::fs::read_to_string(docs.join(name)).unwrap())
}

#[test]
fn every_kind_has_a_section_in_troubleshooting_and_no_other_has_one() {
    let Some(text) = page("TROUBLESHOOTING.md") else {
        return;
    };
    let told: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    let meant: Vec<_> = TABLE.iter().map(|row| format!("`{:?}`", row.0)).collect();
    assert_eq!(told, meant);
}

#[test]
fn the_table_of_the_documentation_says_what_the_code_does() {
    let Some(text) = page("RESILIENCE.md") else {
        return;
    };
    let (_, section) = text.split_once("\n## Kinds\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let told: Vec<_> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(str::to_owned)
        .collect();
    let meant: Vec<_> = TABLE
        .iter()
        .map(|(kind, ..)| {
            format!(
                "| `{kind:?}` | {:?} | {:?} | {:?} | {:?} |",
                kind.delivery(),
                kind.retriability(),
                kind.health(),
                kind.charge()
            )
        })
        .collect();
    assert_eq!(told, meant);
}
