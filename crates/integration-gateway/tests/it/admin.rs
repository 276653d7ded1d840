//! The interface for operators.

use integration_webhooks::Scheme;

use crate::served::{Place, SECRET, SOURCES};

#[test]
fn health_metrics_and_lists_are_told() {
    let place = Place::new("", SOURCES);
    let served = place.serve();
    assert_eq!(served.post(&Scheme::GitHub, b"{}").status, 200);
    assert_eq!(served.admin("GET /healthz", "").status, 200);
    let ready = served.admin("GET /readyz", "");
    assert_eq!(ready.status, 200, "{ready:?}");
    let page = served.admin("GET /metrics", "").body;
    let counted = "integration_gateway_received_total{source=\"github\",outcome=\"stored\"} 1";
    assert!(page.contains(counted), "{page}");
    let unknown = format!("GET /api/events/evt_{}", "0".repeat(32));
    for (request, status) in [
        ("GET /api/events", 200),
        ("GET /api/events?limit=1&source=github", 200),
        ("GET /api/events?sauce=github", 400),
        ("GET /api/events/evt_1", 400),
        (unknown.as_str(), 404),
        ("GET /api/dead", 200),
        ("GET /api/nothing", 404),
        ("GET /api/replay", 405),
    ] {
        assert_eq!(served.admin(request, "").status, status, "{request}");
    }
    let json = "content-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(
        served.admin("POST /api/dead/drop", json).status,
        400,
        "nothing is named"
    );
}

#[test]
fn a_token_is_asked_for_and_never_told() {
    let place = Place::new(
        "admin_token = \"env:TEST_SECRET\"\nlog = \"trace\"",
        SOURCES,
    );
    let served = place.serve();
    for (request, headers, status) in [
        ("GET /api/stats", String::new(), 401),
        (
            "GET /metrics",
            "authorization: Bearer wrong\r\n".to_owned(),
            401,
        ),
        (
            "GET /metrics",
            format!("authorization: Basic {SECRET}\r\n"),
            401,
        ),
        (
            "GET /metrics",
            format!("authorization: Bearer {SECRET}\r\n"),
            200,
        ),
        (
            "GET /api/stats",
            format!("authorization: bearer {SECRET}\r\n"),
            200,
        ),
        ("GET /healthz", String::new(), 200),
        ("GET /readyz", String::new(), 200),
    ] {
        let answer = served.admin(request, &headers);
        assert_eq!(answer.status, status, "{request} {headers}");
        assert!(!answer.body.contains(SECRET) && !answer.head.contains(SECRET));
    }
    assert_eq!(served.post(&Scheme::GitHub, b"{}").status, 200);
    let (_, log) = served.stop();
    assert!(
        !log.contains(SECRET),
        "the log at its finest shows no secret"
    );
}
