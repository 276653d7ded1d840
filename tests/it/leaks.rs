//! No secret is logged at any level by the logins and grants at a real authorization server, run once
//! more and watched.

use integration_e2e::peers::Peers;
use integration_testkit::leaks::Run;

/// Kinds of secrets that must have passed the server, so that something was looked for.
const KINDS: [&str; 12] = [
    "access_token",
    "authorization",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "dpop",
    "id_token",
    "nonce",
    "refresh_token",
    "state",
    "token",
];

#[test]
fn logins_and_grants_show_no_secret_at_any_level() {
    if Peers::find_package("oidc-provider").is_none() {
        return;
    }
    let run = Run::new().only("oauth_flows::").only("oauth_logins::");
    let report = run.search().unwrap();
    for kind in KINDS {
        assert!(report.noted(kind) > 0, "{kind}: {report:?}");
    }
    assert!(report.searched() > 100_000, "{report:?}");
    assert!(report.leaks().is_empty(), "{report:#?}");
}
