//! A connection that does what hyper would not.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// Does what its [`Control`] was told.
pub(super) struct Wire {
    stream: TcpStream,
    control: Control,
    /// Bytes written to all connections of the server.
    sent: Arc<AtomicU64>,
}

/// Looks like a status line for a moment, so that a parser has something to refuse.
const GARBAGE: &[u8] = b"HTTP/9.9 \xff\xfe\0 garbage\r\n\r\n";

/// Tells a [`Wire`] how to end.
#[derive(Clone, Default)]
pub(super) struct Control(Arc<State>);

#[derive(Default)]
struct State {
    /// Ends when everything is written.
    close: AtomicBool,
    reset: AtomicBool,
    garbage: AtomicBool,
    /// Written behind what hyper writes.
    excess: Mutex<Bytes>,
}

impl Control {
    /// Closes the connection when all that hyper has to write now is written.
    pub(super) fn close(&self) {
        self.0.close.store(true, Ordering::Release);
    }

    /// Resets the connection when all that hyper has to write now is written.
    pub(super) fn reset(&self) {
        self.0.reset.store(true, Ordering::Release);
        self.close();
    }

    /// Writes garbage when the connection is dropped.
    pub(super) fn garble(&self) {
        self.0.garbage.store(true, Ordering::Release);
    }

    /// Writes these bytes behind all that hyper has to write now.
    pub(super) fn append(&self, excess: Bytes) {
        *self.0.excess.lock().unwrap_or_else(PoisonError::into_inner) = excess;
    }

    fn is_reset(&self) -> bool {
        self.0.reset.load(Ordering::Acquire)
    }
}

impl Wire {
    pub(super) fn new(stream: TcpStream, control: Control, sent: Arc<AtomicU64>) -> Self {
        Self {
            stream,
            control,
            sent,
        }
    }

    fn poll_excess(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let state = Arc::clone(&self.control.0);
        let mut excess = state.excess.lock().unwrap_or_else(PoisonError::into_inner);
        while !excess.is_empty() {
            let written = ready!(Pin::new(&mut *self).poll_write(cx, &excess))?;
            excess.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.control.0.garbage.load(Ordering::Acquire) {
            // So few bytes fit into the buffer of a socket that nothing was written to.
            let _ = self.stream.try_write(GARBAGE);
        }
        if self.control.is_reset() {
            // Without it the connection is closed in order, which is only another failure.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.sent.fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    // hyper flushes when it has written everything, so what we do here comes behind that.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_excess(cx))?;
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        if self.control.0.close.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::Error::other("ended by the script")));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.control.is_reset() {
            // An orderly shutdown would come before the reset.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
