//! The server that the clients call: hyper, in a child of the bench.

use std::{
    convert::Infallible,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    pin::Pin,
    process::{Child, Command, Stdio},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::{
    Request, Response,
    body::{Body, Frame, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::LocalSet,
};

use crate::fused;

/// The argument that makes the bench the server.
pub(crate) const ROLE: &str = "--serve";
pub(crate) const PATH: &str = "/v1/customers/cus_000000000007";
pub(crate) const BODY: &str = r#"{"id":"cus_000000000007","object":"customer","created":1767225600,"email":"jenny.rosen@example.com","name":"Jenny Rosen","balance":0,"currency":"eur","livemode":false,"metadata":{"tier":"gold","seats":"12"}}"#;

/// Where the answer comes in pieces, without an announced length.
pub(crate) const STREAM: &str = "/v1/answers/stream";
const PIECE: &[u8] = &[b'w'; 1 << 10];
const PIECES: usize = 16;
/// Bytes of a streamed answer.
pub(crate) const STREAMED: usize = PIECES * PIECE.len();

/// The child; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    pub(crate) fn spawn() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(ROLE)
            .stdout(Stdio::piped())
            .spawn()
            .expect("child starts");
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().parse().expect("an address");
        Self { child, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves on one thread until killed; prints its address first.
#[expect(clippy::print_stdout, reason = "the parent reads the address there")]
pub(crate) fn serve() {
    let tasks = LocalSet::new();
    fused::runtime().block_on(tasks.run_until(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::task::spawn_local(connection(stream));
        }
    }));
}

async fn connection(stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    // A client that goes away is no surprise.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .await;
}

async fn answer(
    request: Request<Incoming>,
) -> Result<Response<Either<Full<Bytes>, Pieces>>, Infallible> {
    if request.uri().path() == STREAM {
        return Ok(Response::new(Either::Right(Pieces(PIECES))));
    }
    let body = Full::new(Bytes::from_static(BODY.as_bytes()));
    let mut response = Response::new(Either::Left(body));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

/// A body of so many pieces, which are ready at once.
#[derive(Debug)]
struct Pieces(usize);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(left) = self.0.checked_sub(1) else {
            return Poll::Ready(None);
        };
        self.0 = left;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(PIECE)))))
    }
}
