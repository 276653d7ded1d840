//! A port on which nobody listens.

use std::{io, net::SocketAddr};

use tokio::net::TcpSocket;

use crate::{Received, Reply, ScriptedServer};

/// A port of the loopback that refuses connections and stays ours, so that no other process can
/// take it meanwhile.
#[derive(Debug)]
pub struct RefusingPort {
    socket: TcpSocket,
    address: SocketAddr,
}

impl RefusingPort {
    /// Takes a free port.
    ///
    /// # Errors
    ///
    /// When the system has none.
    pub fn new() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// Returns `http://address` followed by `path`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Begins to listen, as a service that comes up.
    ///
    /// # Errors
    ///
    /// When the system refuses it.
    pub fn listen(
        self,
        script: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> io::Result<ScriptedServer> {
        ScriptedServer::on(self.socket.listen(1024)?, script)
    }
}
