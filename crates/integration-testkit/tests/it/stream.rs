//! Bodies that are large, slow, or not what their head says.

use std::{io, time::Duration};

use integration_core::{Clock, SystemClock};
use integration_testkit::{Reply, ScriptedServer};
use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    time::{sleep, timeout},
};

use super::server::{SOON, answers, ask, read};

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

#[tokio::test]
async fn a_body_is_reset_at_every_offset() {
    for bytes in 0..=10 {
        let (text, end) = answers(Reply::ok("0123456789").reset_after(bytes)).await;
        assert!(text.contains("content-length: 10\r\n"), "{text}");
        let expected: String = "0123456789".chars().take(bytes).collect();
        assert_eq!(body(&text), expected);
        let error = end.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{bytes}");
    }
}

#[tokio::test]
async fn a_large_body_arrives_up_to_where_it_is_cut() {
    let cut = 3_000_000;
    let reply = Reply::of_size(4_000_000).cut_after(cut);
    let (text, end) = answers(reply).await;
    assert_eq!(body(&text).len(), cut);
    assert!(matches!(end, Some(Ok(0))), "{end:?}");
}

#[tokio::test]
async fn a_length_that_is_too_long_ends_before_it() {
    let (text, end) = answers(Reply::ok("0123").announce(10)).await;
    assert!(text.contains("content-length: 10\r\n"), "{text}");
    assert_eq!(body(&text), "0123");
    assert!(matches!(end, Some(Ok(0))), "{end:?}");
}

#[tokio::test]
async fn a_length_that_is_too_short_is_followed_by_the_rest() {
    for short in [0, 2] {
        let (text, end) = answers(Reply::ok("0123").announce(short)).await;
        assert!(text.contains(&format!("content-length: {short}\r\n")));
        assert_eq!(body(&text), "0123");
        assert!(end.is_none(), "the connection stays open: {end:?}");
    }
}

#[tokio::test]
async fn chunks_come_without_the_last_one() {
    let chunked = || Reply::ok("0123").chunked();
    let (whole, _) = answers(chunked()).await;
    assert_eq!(body(&whole), "4\r\n0123\r\n0\r\n\r\n");
    let (stalled, end) = answers(chunked().stall_after(4)).await;
    assert_eq!(body(&stalled), "4\r\n0123\r\n");
    assert!(end.is_none());
    let (cut, end) = answers(chunked().cut_after(4)).await;
    assert_eq!(body(&cut), "4\r\n0123\r\n");
    assert!(matches!(end, Some(Ok(0))), "{end:?}");
}

#[tokio::test]
async fn pieces_come_one_by_one_with_pauses() {
    let began = SystemClock.now();
    let pause = SOON / 4;
    let (text, _) = answers(Reply::ok("0123456789").chunked().pieces(4, pause)).await;
    assert_eq!(
        body(&text),
        "4\r\n0123\r\n4\r\n4567\r\n2\r\n89\r\n0\r\n\r\n"
    );
    assert!(SystemClock.now() - began >= pause * 2);
    let (_, end) = answers(Reply::ok("0123").pieces(0, SOON * 2)).await;
    assert!(end.is_none(), "the second piece takes longer than that");
}

#[tokio::test]
async fn a_compressed_body_says_so() {
    let (text, _) = answers(Reply::status(200).gzip("zip")).await;
    assert!(text.contains("content-encoding: gzip\r\n"), "{text}");
    assert!(text.contains("content-length: 3\r\n"), "{text}");
    assert_eq!(body(&text), "zip");
}

/// Takes this many bytes.
async fn take(stream: &mut TcpStream, mut bytes: usize) {
    let mut buffer = vec![0; 1 << 16];
    while bytes > 0 {
        let read = timeout(SOON * 10, stream.read(&mut buffer)).await.unwrap();
        bytes = bytes.saturating_sub(read.unwrap());
    }
}

#[tokio::test]
async fn ten_gigabytes_are_not_sent_before_they_are_taken() {
    let server = ScriptedServer::replies([Reply::of_size(10_000_000_000)])
        .await
        .unwrap();
    let mut stream = ask(server.address(), "/").await;
    take(&mut stream, 1_000_000).await;
    let mut before = 0;
    while before != server.sent() {
        before = server.sent();
        sleep(Duration::from_millis(50)).await;
    }
    assert!((1_000_000..20_000_000).contains(&before), "{before}");
    take(&mut stream, 50_000_000).await;
    assert!(server.sent() > 50_000_000);
}

#[tokio::test]
async fn a_body_without_end_goes_on_and_its_connection_can_be_dropped() {
    let server = ScriptedServer::replies([Reply::of_size(u64::MAX).chunked(), Reply::ok("next")])
        .await
        .unwrap();
    let mut stream = ask(server.address(), "/").await;
    take(&mut stream, 20_000_000).await;
    drop(stream);
    let (text, _) = read(&mut ask(server.address(), "/").await).await;
    assert_eq!(body(&text), "next");
}
