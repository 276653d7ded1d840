use std::{io, net::SocketAddr, time::Duration};

use integration_testkit::{RefusingPort, Reply, ScriptedServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

pub(super) const SOON: Duration = Duration::from_millis(200);

pub(super) async fn ask(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        format!("POST {path} HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\nx-a: 1\r\n\r\nbody");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Reads until the peer ends or is silent.
pub(super) async fn read(stream: &mut TcpStream) -> (String, Option<io::Result<usize>>) {
    let mut text = Vec::new();
    loop {
        match timeout(SOON, stream.read_buf(&mut text)).await {
            Ok(Ok(n)) if n > 0 => {}
            Ok(end) => return (String::from_utf8_lossy(&text).into_owned(), Some(end)),
            Err(_) => return (String::from_utf8_lossy(&text).into_owned(), None),
        }
    }
}

pub(super) async fn answers(reply: Reply) -> (String, Option<io::Result<usize>>) {
    let server = ScriptedServer::replies([reply]).await.unwrap();
    read(&mut ask(server.address(), "/").await).await
}

#[tokio::test]
async fn a_request_is_remembered_as_it_came() {
    let server = ScriptedServer::replies([Reply::ok("hi").header("x-b", "2")])
        .await
        .unwrap();
    let (text, _) = read(&mut ask(server.address(), "/p?q=1").await).await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(
        text.contains("x-b: 2\r\n") && text.contains("content-length: 2\r\n"),
        "{text}"
    );
    assert!(text.ends_with("\r\n\r\nhi"), "{text}");
    server.wait_for(1).await;
    let received = &server.received()[0];
    assert_eq!((received.number, received.method.as_str()), (0, "POST"));
    assert_eq!(
        (received.path.as_str(), received.header("x-a")),
        ("/p?q=1", "1")
    );
    assert_eq!(received.body, "body");
}

#[tokio::test]
async fn the_last_reply_is_repeated() {
    let server = ScriptedServer::replies([Reply::status(500), Reply::status(204)])
        .await
        .unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let (text, _) = read(&mut ask(server.address(), "/").await).await;
        seen.push(text.split(' ').nth(1).unwrap().to_owned());
    }
    assert_eq!(seen, ["500", "204", "204"]);
    assert!(ScriptedServer::replies([]).await.is_err());
}

#[tokio::test]
async fn a_silent_server_says_nothing_and_holds_the_connection() {
    let (text, end) = answers(Reply::silence()).await;
    assert!(text.is_empty() && end.is_none());
}

#[tokio::test]
async fn a_closing_server_ends_in_order_and_a_resetting_one_does_not() {
    let (text, end) = answers(Reply::close()).await;
    assert!(text.is_empty() && matches!(end, Some(Ok(0))), "{end:?}");
    let (text, end) = answers(Reply::reset()).await;
    assert!(text.is_empty());
    assert_eq!(
        end.unwrap().unwrap_err().kind(),
        io::ErrorKind::ConnectionReset
    );
}

#[tokio::test]
async fn a_stalled_body_stops_after_its_bytes_and_a_cut_one_ends() {
    let (text, end) = answers(Reply::ok("0123456789").stall_after(4)).await;
    assert!(
        text.contains("content-length: 10") && text.ends_with("\r\n\r\n0123"),
        "{text}"
    );
    assert!(end.is_none());
    let (text, end) = answers(Reply::ok("0123456789").stall_after(0)).await;
    assert!(text.ends_with("\r\n\r\n") && end.is_none(), "{text}");
    let (text, end) = answers(Reply::ok("0123456789").cut_after(4)).await;
    assert!(text.ends_with("\r\n\r\n0123"), "{text}");
    assert!(end.is_some());
}

#[tokio::test]
async fn a_chunked_body_tells_no_length() {
    let (text, _) = answers(Reply::ok("0123456789").chunked()).await;
    assert!(text.contains("transfer-encoding: chunked"), "{text}");
    assert!(!text.contains("content-length"), "{text}");
}

#[tokio::test]
async fn a_delayed_answer_comes_later() {
    let (text, end) = answers(Reply::ok("late").delay(SOON * 2)).await;
    assert!(text.is_empty() && end.is_none());
}

#[tokio::test]
async fn a_refusing_port_refuses_until_it_listens() {
    let port = RefusingPort::new().unwrap();
    let address: SocketAddr = port.url("").trim_start_matches("http://").parse().unwrap();
    let error = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    let server = port.listen(|_| Reply::ok("up")).unwrap();
    assert_eq!(server.address(), address);
    let (text, _) = read(&mut ask(address, "/").await).await;
    assert!(text.ends_with("up"), "{text}");
}

#[tokio::test]
async fn a_dropped_server_ends_its_connections() {
    let server = ScriptedServer::replies([Reply::silence()]).await.unwrap();
    let mut stream = ask(server.address(), "/").await;
    server.wait_for(1).await;
    drop(server);
    let (_, end) = read(&mut stream).await;
    assert!(end.is_some());
}

#[tokio::test]
async fn garbage_is_no_http_and_then_the_end() {
    let (text, end) = answers(Reply::garbage()).await;
    assert!(text.starts_with("HTTP/9.9"), "{text:?}");
    assert!(matches!(end, Some(Ok(0) | Err(_))), "{end:?}");
}
