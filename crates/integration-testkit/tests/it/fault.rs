//! The same seed gives the same faults.

use std::{io, time::Duration};

use integration_testkit::{Fault, FaultLayer};
use tokio::time::timeout;
use tower::{Layer, ServiceExt, service_fn};

type Made = fn(Fault) -> io::Result<u16>;

fn layer(seed: u64) -> FaultLayer<Made> {
    let make: Made = |fault| match fault {
        Fault::Status(status) => Ok(status),
        Fault::Garbage => Ok(999),
        Fault::Reset => Err(io::ErrorKind::ConnectionReset.into()),
        _ => Err(io::Error::other("injected")),
    };
    FaultLayer::new(seed, make)
}

#[test]
fn the_same_seed_gives_the_same_faults_at_their_rates() {
    let faults = |seed| {
        let layer = layer(seed)
            .with(0.1, Fault::Status(503))
            .with(0.2, Fault::Reset)
            .with(0.0, Fault::Stall);
        (0..10_000).map(|n| layer.fault(n)).collect::<Vec<_>>()
    };
    assert_eq!(faults(1), faults(1));
    assert_ne!(faults(1), faults(2));
    let count = |wanted| faults(3).iter().filter(|fault| **fault == wanted).count();
    assert!((900..1_100).contains(&count(Some(Fault::Status(503)))));
    assert!((1_850..2_150).contains(&count(Some(Fault::Reset))));
    assert_eq!(count(Some(Fault::Stall)), 0);
    assert!(layer(1).with(1.0, Fault::Error).fault(5).is_some());
}

#[tokio::test(start_paused = true)]
async fn every_fault_does_what_it_says() {
    let inner = service_fn(|_: ()| async { io::Result::Ok(200_u16) });
    let call = |fault| layer(1).with(1.0, fault).layer(inner).oneshot(());
    assert_eq!(call(Fault::Status(503)).await.unwrap(), 503);
    assert_eq!(call(Fault::Garbage).await.unwrap(), 999);
    let reset = call(Fault::Reset).await.unwrap_err();
    assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(
        call(Fault::Error).await.unwrap_err().to_string(),
        "injected"
    );
    let day = Duration::from_secs(86_400);
    assert!(timeout(day, call(Fault::Stall)).await.is_err());
    let late = call(Fault::Latency(day));
    assert_eq!(timeout(day * 2, late).await.unwrap().unwrap(), 200);
    let early = call(Fault::Latency(day));
    assert!(timeout(day / 2, early).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn clones_count_their_calls_together() {
    let inner = service_fn(|_: ()| async { io::Result::Ok(200_u16) });
    let layer = layer(9).with(0.5, Fault::Status(503));
    let services = [layer.layer(inner), layer.clone().layer(inner)];
    for number in 0..100 {
        let service = services[usize::from(number % 3 == 0)].clone();
        let expected = layer.fault(number).map_or(200, |_| 503);
        assert_eq!(service.oneshot(()).await.unwrap(), expected);
    }
    assert_eq!(layer.calls(), 100);
}

#[cfg(feature = "http")]
mod transport {
    use integration_core::{
        ErrorKind,
        http::{AttemptRequest, HttpConfig, Method, RawBody, ReqwestTransport, Transport},
    };
    use integration_testkit::{FaultTransport, Reply, ScriptedServer};

    use super::*;

    #[tokio::test]
    async fn every_fault_of_an_attempt_does_what_it_says() {
        let server = ScriptedServer::replies([Reply::ok("real")]).await.unwrap();
        let request = AttemptRequest::new(Method::GET, server.url("/").parse().unwrap());
        let send = async |fault, rate| {
            let inner = ReqwestTransport::new(HttpConfig::default());
            let transport = FaultTransport::new(inner, 3).with(rate, fault);
            let sent = transport.send(&request).await;
            assert_eq!(transport.attempts(), 1);
            sent.map_err(|error| error.kind())
        };
        assert_eq!(send(Fault::Reset, 0.0).await.unwrap().status, 200);
        assert_eq!(send(Fault::Status(503), 1.0).await.unwrap().status, 503);
        let refused = send(Fault::Error, 1.0).await.unwrap_err();
        assert_eq!(refused, ErrorKind::Connect);
        let reset = send(Fault::Reset, 1.0).await.unwrap_err();
        assert_eq!(reset, ErrorKind::ConnectionReset);
        let garbage = async || match send(Fault::Garbage, 1.0).await.unwrap().body {
            RawBody::Full(bytes) => bytes,
            other => panic!("{other:?}"),
        };
        let first = garbage().await;
        assert!(std::str::from_utf8(&first).is_err());
        assert_eq!(first, garbage().await, "the same for the same seed");
        let soon = Duration::from_millis(100);
        assert!(timeout(soon, send(Fault::Stall, 1.0)).await.is_err());
        assert_eq!(server.count(), 1, "only one attempt was real");
        let late = send(Fault::Latency(soon), 1.0);
        assert_eq!(late.await.unwrap().status, 200);
        assert!(
            timeout(soon / 2, send(Fault::Latency(soon), 1.0))
                .await
                .is_err()
        );
    }
}
