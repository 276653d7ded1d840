use integration_core::ExposeSecret;
use integration_testkit::Canary;

#[test]
fn an_absent_secret_passes() {
    let canary = Canary::new();
    canary.assert_absent("nothing here");
    canary.assert_hidden_by(&canary.secret());
    canary.assert_hidden_by(&canary);
}

#[test]
#[should_panic(expected = "a secret leaks after: key=")]
fn a_leaked_secret_fails_with_the_text_before_it() {
    let canary = Canary::new();
    canary.assert_absent(&format!("key={} and more", canary.as_str()));
}

#[test]
#[should_panic(expected = "a secret leaks")]
fn a_leak_by_debug_fails() {
    let canary = Canary::new();
    canary.assert_hidden_by(&canary.as_str());
}

#[test]
fn two_canaries_differ_and_show_the_same_secret_everywhere() {
    let (first, second) = (Canary::new(), Canary::new());
    assert_ne!(first.as_str(), second.as_str());
    assert_eq!(first.secret().expose_secret(), first.as_str());
    assert_eq!(first.as_str().len(), 40);
}
