//! Connections: how many there may be, and how long one may sit there.
//!
//! A connection without a request under way ends after a while, whatever trickles in; one that does not take its answer ends
//! too. So nobody holds a place by being slow. WebSocket connections are kept by pings instead.

use crate::limits::Limits;
use crate::tally::{Place, Tally};
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Whether requests are under way on a connection.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    under_way: AtomicUsize,
    /// Grows each time a request ends, so that the time without one is counted from there.
    ended: AtomicU64,
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<Activity>);

impl Activity {
    pub(crate) fn begin(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::AcqRel);
        UnderWay(Arc::clone(self))
    }
    fn is_idle(&self) -> bool {
        self.under_way.load(Ordering::Acquire) == 0
    }
}

impl UnderWay {
    /// The request became a WebSocket, which stays under way as long as the connection.
    pub(crate) fn for_good(self) {
        self.0.under_way.fetch_add(1, Ordering::AcqRel);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::AcqRel);
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Who is at the other end, as requests see it.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    pub(crate) activity: Arc<Activity>,
}

impl Connected<IncomingStream<'_, LimitedListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, LimitedListener>) -> Self {
        Self {
            address: stream.remote_addr().ip(),
            activity: Arc::clone(&stream.io().activity),
        }
    }
}

/// A listener that closes what is too much.
#[derive(Debug)]
pub(crate) struct LimitedListener {
    inner: TcpListener,
    limits: Limits,
    places: Arc<Semaphore>,
    addresses: Arc<Tally<IpAddr>>,
}

impl LimitedListener {
    pub(crate) fn new(inner: TcpListener, limits: Limits) -> Self {
        Self {
            inner,
            limits,
            places: Arc::new(Semaphore::new(limits.connections_max)),
            addresses: Tally::new(limits.connections_per_address_max),
        }
    }
}

impl Listener for LimitedListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.inner).await;
            let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() else {
                tracing::warn!(%address, "closed a connection: the server has the most already");
                continue;
            };
            let Some(place) = self.addresses.enter(address.ip()) else {
                tracing::warn!(%address, "closed a connection: its address has the most already");
                continue;
            };
            // An answer is one small write; without this it could wait for an acknowledgement.
            if stream.set_nodelay(true).is_err() {
                continue;
            }
            let connection = Connection::new(stream, self.limits, permit, place);
            return (connection, address);
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    activity: Arc<Activity>,
    idle_for: Duration,
    idle: Pin<Box<Sleep>>,
    /// The request after whose end `idle` began.
    counted_from: u64,
    stall_for: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    _permit: OwnedSemaphorePermit,
    _place: Place<IpAddr>,
}

impl Connection {
    fn new(
        stream: TcpStream,
        limits: Limits,
        permit: OwnedSemaphorePermit,
        place: Place<IpAddr>,
    ) -> Self {
        let idle_for = Duration::from_millis(limits.idle_ms);
        Self {
            stream,
            activity: Arc::default(),
            idle_for,
            idle: Box::pin(sleep(idle_for)),
            counted_from: 0,
            stall_for: Duration::from_millis(limits.stall_ms),
            stalled: None,
            _permit: permit,
            _place: place,
        }
    }

    /// Whether there has been no request for too long. Wakes the task when there will have been.
    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.activity.is_idle() {
            return Poll::Pending;
        }
        let ended = self.activity.ended.load(Ordering::Acquire);
        if self.counted_from != ended {
            self.counted_from = ended;
            self.idle.as_mut().reset(Instant::now() + self.idle_for);
        }
        self.idle.as_mut().poll(context)
    }

    /// Passes the result of a write on, unless nothing has been taken for too long.
    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stall_for = self.stall_for;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(stall_for)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the peer takes nothing",
        )))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            return read;
        }
        ready!(self.poll_idle(context));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "no request for too long",
        )))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, written)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(context, written)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(context, flushed)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
