//! The server that the client calls: a child of the bench with one connection.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

/// The argument that makes the bench the server.
pub(crate) const ROLE: &str = "--serve";

const BODY: &str = r#"{"id":"pi_1","object":"payment_intent","amount":1200,"amount_capturable":0,"amount_received":1200,"capture_method":"automatic","client_secret":"pi_1_secret_2","confirmation_method":"automatic","created":1767225600,"currency":"eur","customer":null,"latest_charge":"ch_1","livemode":false,"metadata":{},"payment_method":"pm_1","payment_method_types":["card"],"status":"succeeded"}"#;

/// The child; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: String,
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
        let address = line.trim().to_owned();
        Self { child, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Prints its address, then serves one connection until the client goes away; there is no second one,
/// so that a client which does not reuse the first fails.
pub(crate) fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    let (stream, _) = listener.accept().unwrap();
    drop(listener);
    answer_all(&stream);
}

/// Answers until the client goes away.
fn answer_all(stream: &TcpStream) {
    stream.set_nodelay(true).unwrap();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_1\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let mut reader = BufReader::new(stream);
    let mut body = Vec::new();
    while let Some(length) = head(&mut reader) {
        body.resize(length, 0);
        let read = reader.read_exact(&mut body);
        let mut writer = stream;
        if read
            .and_then(|()| writer.write_all(answer.as_bytes()))
            .is_err()
        {
            return;
        }
    }
}

/// Reads the head of a request; the length of its body, or nothing when the client is gone.
fn head(reader: &mut BufReader<&TcpStream>) -> Option<usize> {
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            return Some(length);
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
}
