//! No token is logged at any level by any test of this binary, run once more and watched.

use integration_testkit::leaks::Run;

#[test]
fn a_run_of_all_tests_shows_no_token_at_any_level() {
    let report = Run::new().skip("leaks::").search().unwrap();
    for kind in ["jwt", "signature"] {
        assert!(report.noted(kind) > 100, "{kind}: {report:?}");
    }
    assert!(report.searched() > 10_000, "{report:?}");
    assert!(report.leaks().is_empty(), "{report:#?}");
}
