//! A connection that can be reset instead of closed.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// Resets its connection when dropped after [`Resetter::reset`]; else closes it.
pub(super) struct Wire {
    stream: TcpStream,
    resetter: Resetter,
}

/// Looks like a status line for a moment, so that a parser has something to refuse.
const GARBAGE: &[u8] = b"HTTP/9.9 \xff\xfe\0 garbage\r\n\r\n";

/// Tells a [`Wire`] how to end.
#[derive(Clone, Default)]
pub(super) struct Resetter(Arc<Ending>);

#[derive(Default)]
struct Ending {
    reset: AtomicBool,
    garbage: AtomicBool,
}

impl Resetter {
    pub(super) fn reset(&self) {
        self.0.reset.store(true, Ordering::Release);
    }

    pub(super) fn garble(&self) {
        self.0.garbage.store(true, Ordering::Release);
    }

    fn is_reset(&self) -> bool {
        self.0.reset.load(Ordering::Acquire)
    }
}

impl Wire {
    pub(super) fn new(stream: TcpStream, resetter: Resetter) -> Self {
        Self { stream, resetter }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.resetter.0.garbage.load(Ordering::Acquire) {
            // So few bytes fit into the buffer of a socket that nothing was written to.
            let _ = self.stream.try_write(GARBAGE);
        }
        if self.resetter.is_reset() {
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
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.resetter.is_reset() {
            // An orderly shutdown would come before the reset.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
