use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use proptest::prelude::*;
use tracing_subscriber::fmt::{MakeWriter, format::FmtSpan};

use super::{
    Exchange, Observers, Passing, Target, TracingObserver, from_fn,
    spans::{self, Request},
};
use crate::{
    circuit_breaker::CircuitState,
    error::ErrorKind,
    observer::{Event, Happening, Observer},
};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Runs `work` and returns all that it logs at TRACE.
fn logged(work: impl FnOnce()) -> String {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(lines.clone())
        .without_time()
        .finish();
    tracing::subscriber::with_default(subscriber, work);
    String::from_utf8(lines.0.lock().clone()).unwrap()
}

fn event(what: Happening) -> Event<'static> {
    Event {
        operation: "demo.get",
        key: "demo:443",
        what,
    }
}

#[test]
fn a_target_shows_host_port_and_path_alone() {
    let rows = [
        (
            "https://u:p@h.example/v1/x?k=1#f",
            "https://h.example:443/v1/x",
        ),
        ("http://h:8080", "http://h:8080"),
        ("https://a@b@h/x@y/z", "https://h:443/***/z"),
        ("http://[::1]:81/p", "http://[::1]:81/p"),
        ("http://[::1]/p", "http://[::1]:80/p"),
        ("https://h?u@q", "https://h:443"),
        ("/v1/x?k=1", "/v1/x"),
        ("u:p@h/p", ""),
        ("s3cret", ""),
        ("", ""),
    ];
    for (url, shown) in rows {
        assert_eq!(Target::new(url).to_string(), shown, "{url}");
    }
}

#[test]
fn parts_of_a_path_that_look_like_secrets_are_masked() {
    let rows = [
        ("/v1/charges/ch_123/refunds", "/v1/charges/ch_123/refunds"),
        (
            "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
            "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
        ),
        (
            "/x/8c2d3f52-62bb-4cc1-9c7e-6d2d2f4f3a10",
            "/x/8c2d3f52-62bb-4cc1-9c7e-6d2d2f4f3a10",
        ),
        (
            "/bot123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/send",
            "/***/send",
        ),
        (
            "/services/T012AB3CD/B012AB3CD/abcdefGHIJKLmnopqrstuvwx",
            "/services/T012AB3CD/B012AB3CD/***",
        ),
        ("/mail/jo@example.com", "/mail/***"),
        ("/mail/jo%40example.com", "/mail/***"),
        ("/a;token=1/b", "/***/b"),
        ("/card/4242424242424242", "/card/***"),
        ("/a\nb/c", "/***/c"),
        ("//", "//"),
    ];
    for (path, shown) in rows {
        let url = format!("https://h{path}");
        assert_eq!(Target::new(&url).path().to_string(), shown);
    }
    let long = format!("https://h{}", "/part".repeat(100));
    let shown = Target::new(&long).path().to_string();
    assert!(shown.len() < 300 && shown.ends_with("/***"), "{shown}");
}

proptest! {
    #[test]
    fn no_query_and_no_credentials_are_ever_shown(
        before in "\\PC*", user in "[a-z]{9}", password in "[a-z]{9}", query in "[a-z]{9}",
    ) {
        let before = before.replace(['?', '#', '/', '\\'], "");
        let urls = [
            format!("https://{before}{user}:{password}@h/p?{query}"),
            format!("https://{user}:{password}@h/{before}?{query}"),
            format!("{user}:{password}@h/{before}#{query}"),
        ];
        for url in urls {
            let shown = format!("{:?}", Target::new(&url));
            for secret in [&user, &password, &query] {
                prop_assert!(!shown.contains(secret.as_str()), "{}", shown);
            }
        }
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn every_happening_and_exchange_is_one_line_with_its_numbers() {
    let kind = ErrorKind::Internal;
    let delay = Duration::from_millis(1500);
    let rows = [
        (
            Happening::AttemptStarted { attempt: 2 },
            "TRACE",
            "attempt started operation=demo.get key=demo:443 attempt=2",
        ),
        (
            Happening::AttemptEnded {
                attempt: 2,
                kind: Some(kind),
                elapsed: delay,
            },
            "TRACE",
            "attempt=2 kind=\"internal\" elapsed_ms=1500.0",
        ),
        (Happening::Hedged { attempt: 2 }, "DEBUG", "attempt=2"),
        (
            Happening::RetryScheduled { attempt: 1, delay },
            "DEBUG",
            "delay_ms=1500.0",
        ),
        (
            Happening::Waiting { delay, kind },
            "DEBUG",
            "delay_ms=1500.0",
        ),
        (Happening::Refused { kind }, "DEBUG", "kind=\"internal\""),
        (Happening::Paused { wait: delay }, "INFO", "wait_ms=1500.0"),
        (
            Happening::CircuitChanged {
                to: CircuitState::Open,
            },
            "WARN",
            "to=\"open\"",
        ),
        (
            Happening::CircuitChanged {
                to: CircuitState::HalfOpen,
            },
            "INFO",
            "to=\"half_open\"",
        ),
        (Happening::Joined, "DEBUG", "equal call joined"),
        (
            Happening::ServedFromCache,
            "DEBUG",
            "answered from the cache",
        ),
        (
            Happening::CallEnded {
                attempts: 3,
                kind: None,
                gave_up: None,
                elapsed: delay,
            },
            "DEBUG",
            "attempts=3 kind=\"ok\" elapsed_ms=1500.0",
        ),
        (
            Happening::CallDropped { attempts: 1 },
            "DEBUG",
            "attempts=1",
        ),
    ];
    for (what, level, part) in rows {
        let text = logged(|| TracingObserver::new().on_event(&event(what)));
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.trim_start().starts_with(level) && text.contains(part),
            "{text}"
        );
    }
    let target = Target::new("https://u:p@h/v1?q=1");
    let rows = [
        (
            Passing::Request { bytes: Some(5) },
            "request sent operation=demo.get key=k attempt=2 method=POST host=h port=443 path=/v1 bytes=5",
        ),
        (
            Passing::Answer {
                status: 503,
                elapsed: delay,
                bytes: Some(7),
                request_id: Some("r-1"),
            },
            "path=/v1 status=503 elapsed_ms=1500.0 bytes=7 request_id=r-1",
        ),
        (
            Passing::Answer {
                status: 200,
                elapsed: delay,
                bytes: None,
                request_id: Some("r\nforged line"),
            },
            "status=200 elapsed_ms=1500.0 request_id=***",
        ),
        (
            Passing::Failure {
                kind,
                elapsed: delay,
            },
            "path=/v1 kind=\"internal\" elapsed_ms=1500.0",
        ),
    ];
    for (what, part) in rows {
        let exchange = Exchange::new("demo.get", "k", "POST", target, what).with_attempt(2);
        let text = logged(|| TracingObserver::new().on_exchange(&exchange));
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.trim_start().starts_with("DEBUG") && text.contains(part),
            "{text}"
        );
    }
}

#[test]
fn a_name_cannot_forge_a_line() {
    let text = logged(|| {
        TracingObserver::new().on_event(&Event {
            operation: "a\nERROR forged",
            key: "\u{1b}[31m",
            what: Happening::Joined,
        });
    });
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn spans_have_the_names_of_open_telemetry() {
    let text = logged(|| {
        let request = Request::new("demo.get", "h:443", "GET", "https://u:p@h/v1/x?q=1")
            .with_template("/v1/{id}");
        let call = spans::call_span(&request);
        let first = spans::attempt_span(&call, &request, 1, 0);
        spans::end_attempt(&first, Some(503), Some(ErrorKind::Unavailable));
        drop(first);
        let second = spans::attempt_span(&call, &request, 2, 1);
        spans::end_attempt(&second, Some(200), None);
        drop(second);
        spans::end_call(&call, 2, None, Some(ErrorKind::AttemptTimeout));
    });
    let lines: Vec<_> = text.lines().collect();
    let [call, first, first_end, second, second_end, call_end] = lines[..] else {
        panic!("{text}");
    };
    for part in [
        "otel.name=demo.get",
        "otel.kind=\"internal\"",
        "http.request.method=\"GET\"",
        "server.address=\"h\"",
        "server.port=443",
        "url.template=\"/v1/{id}\"",
    ] {
        assert!(call.contains(part), "{part}: {call}");
    }
    for part in [
        "otel.name=GET /v1/{id}",
        "otel.kind=\"client\"",
        "url.full=https://h:443/v1/x",
        "call{",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    assert!(!first.contains("resend_count"), "{first}");
    assert!(first_end.contains("status_code=503") && first_end.contains("error.type=503"));
    assert!(second.contains("http.request.resend_count=1"), "{second}");
    assert!(!second_end.contains("error.type"), "{second_end}");
    assert!(call_end.contains("integration.attempts=2"), "{call_end}");
    assert!(
        call_end.contains("error.type=\"attempt_timeout\""),
        "{call_end}"
    );
}

#[test]
fn a_foreign_method_is_no_name() {
    let text = logged(|| {
        let request = Request::new("demo.get", "k", "S3CRET", "https://h/");
        let call = spans::call_span(&request);
        drop(spans::attempt_span(&call, &request, 1, 0));
    });
    assert!(
        !text.contains("S3CRET") && text.contains("otel.name=HTTP"),
        "{text}"
    );
}

#[test]
fn a_traced_future_that_is_dropped_says_so() {
    let text = logged(|| {
        let request = Request::new("demo.get", "k", "GET", "https://h/");
        let span = spans::call_span(&request);
        drop(spans::traced(
            span,
            std::future::pending::<()>(),
            |_, ()| {},
        ));
    });
    assert!(text.contains("error.type=\"cut_off\""), "{text}");
}

#[tokio::test]
async fn a_span_that_no_subscriber_wants_does_not_exist_and_nothing_is_recorded() {
    // Not without any: the interest of the subscribers of other tests is kept for the process.
    let info = tracing_subscriber::fmt().with_max_level(tracing::Level::INFO);
    let _guard = tracing::subscriber::set_default(info.with_writer(io::sink).finish());
    let request = Request::new("demo.get", "k", "GET", "https://h/");
    let call = spans::call_span(&request);
    let attempt = spans::attempt_span(&call, &request, 1, 0);
    assert!(call.is_disabled() && attempt.is_disabled());
    let ends = AtomicU32::new(0);
    let future = spans::traced(attempt, async { 7 }, |_, _| {
        ends.fetch_add(1, Ordering::SeqCst);
    });
    assert_eq!(future.await, 7);
    assert_eq!(ends.into_inner(), 0);
}

#[test]
fn observers_are_told_in_the_order_of_their_adding() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let observer = |name: &'static str| {
        let log = log.clone();
        Arc::new(from_fn(move |event: &Event<'_>| {
            log.lock().push((name, event.what));
        }))
    };
    let all = Observers::new().with(observer("a")).with(observer("b"));
    all.on_event(&event(Happening::Joined));
    all.on_event(&event(Happening::ServedFromCache));
    let expected = [
        ("a", Happening::Joined),
        ("b", Happening::Joined),
        ("a", Happening::ServedFromCache),
        ("b", Happening::ServedFromCache),
    ];
    assert_eq!(*log.lock(), expected);
}
