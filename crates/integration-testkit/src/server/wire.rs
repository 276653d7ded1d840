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

/// Tells a [`Wire`] how to end.
#[derive(Clone, Default)]
pub(super) struct Resetter(Arc<AtomicBool>);

impl Resetter {
    pub(super) fn reset(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Wire {
    pub(super) fn new(stream: TcpStream, resetter: Resetter) -> Self {
        Self { stream, resetter }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.resetter.0.load(Ordering::Acquire) {
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
        if self.resetter.0.load(Ordering::Acquire) {
            // An orderly shutdown would come before the reset.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
