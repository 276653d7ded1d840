//! What verifying one delivery of 1 KB costs, signature and extraction together.

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::{hint::black_box, time::Duration};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::HeaderMap;
use integration_webhooks::{
    Scheme, Secret, SecretString, Source,
    sign::{SignRequest, sign},
};

const NOW: Duration = Duration::from_secs(1_767_225_600);

fn verify(c: &mut Criterion) {
    let body = body();
    let symmetric = SecretString::from(format!("whsec_{}", "QUFB".repeat(8)));
    let asymmetric = SecretString::from(format!("whsk_{}=", "QUFB".repeat(10) + "QUE"));
    for (name, scheme, secret) in [
        ("stripe 1 KB", Scheme::Stripe, &symmetric),
        ("github 1 KB", Scheme::GitHub, &symmetric),
        (
            "standard-webhooks v1 1 KB",
            Scheme::StandardWebhooks,
            &symmetric,
        ),
        (
            "standard-webhooks v1a 1 KB",
            Scheme::StandardWebhooks,
            &asymmetric,
        ),
    ] {
        let request = SignRequest {
            id: "msg_1",
            timestamp: NOW,
            body: &body,
        };
        let mut headers: HeaderMap = sign(&scheme, secret, &request)
            .unwrap()
            .into_iter()
            .collect();
        headers.insert("content-type", "application/json".parse().unwrap());
        let source = Source::new("bench", scheme, vec![Secret::new(secret.clone())]).unwrap();
        c.bench_function(name, |b| {
            b.iter(|| {
                source
                    .verify(black_box(&headers), black_box(&body), NOW)
                    .unwrap()
            });
        });
    }
}

/// An event of the usual shape: what is looked for stands at both ends.
fn body() -> Bytes {
    let fields: String = (0..24)
        .map(|n| format!(r#""field_{n:02}":{{"value":"{n:016}"}},"#))
        .collect();
    let body = format!(
        r#"{{"id":"evt_1","object":"event","data":{{{fields}"n":1}},"type":"invoice.paid"}}"#
    );
    Bytes::from(body)
}

criterion_group!(benches, verify);
criterion_main!(benches);
