//! TCP, then authentication and admission, then multiplexing, all within one deadline.
//!
//! What must hold: nothing is multiplexed for a peer that was not admitted; what a connection may hold in memory is
//! bounded; a connection that we close is gone soon, also when the peer no longer reads.

use std::collections::BTreeSet;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use libp2p::core::muxing::{StreamMuxer, StreamMuxerBox, StreamMuxerEvent};
use libp2p::core::transport::Boxed;
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::{PeerId, Transport, noise, tcp, yamux};
use tokio::time::{Sleep, sleep};

use crate::admission::Admission;

/// How long an orderly close may take before the socket is dropped.
pub(crate) const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// Streams that a connection may have by the multiplexer's count; see [`multiplexer`].
const MULTIPLEXED_STREAMS_MAX: usize = 3968;

/// The transport of this node's identity, open to the listed peers only.
pub(crate) fn transport(
    keypair: &Keypair,
    listed: BTreeSet<PeerId>,
    handshake_deadline: Duration,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, noise::Error> {
    let admission = Admission::new(noise::Config::new(keypair)?, listed);
    Ok(
        tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
            // Not the lazy version: the dialler must hear that it was admitted before it believes to be connected.
            .upgrade(Version::V1)
            .authenticate(admission)
            .multiplex(multiplexer())
            .timeout(handshake_deadline)
            .map(|(peer, muxer), _endpoint| (peer, StreamMuxerBox::new(Impatient::new(muxer))))
            .boxed(),
    )
}

/// The receive windows of a connection may grow by what the multiplexer's 1 GiB leaves after 256 KiB for every stream
/// that it would allow. That sum is not configurable through the library, the number of streams is: allowing many leaves
/// 32 MiB for growth. No peer gets that many, because the library stops at 256 streams that nobody has accepted and a
/// second stream of a class ends the connection.
fn multiplexer() -> yamux::Config {
    let mut config = yamux::Config::default();
    config.set_max_num_streams(MULTIPLEXED_STREAMS_MAX);
    config
}

/// A multiplexer whose closing takes at most [`CLOSE_DEADLINE`]. Without it, a peer that stops reading would keep a
/// closing connection, with all that is buffered in it, for as long as the system keeps retrying.
struct Impatient<M> {
    muxer: M,
    give_up: Option<Pin<Box<Sleep>>>,
}

impl<M> Impatient<M> {
    fn new(muxer: M) -> Self {
        Self {
            muxer,
            give_up: None,
        }
    }
}

impl<M> StreamMuxer for Impatient<M>
where
    M: StreamMuxer + Unpin,
    M::Error: Send + Sync + 'static,
{
    type Substream = M::Substream;
    type Error = io::Error;

    fn poll_inbound(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        Pin::new(&mut self.muxer)
            .poll_inbound(context)
            .map_err(io::Error::other)
    }

    fn poll_outbound(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        Pin::new(&mut self.muxer)
            .poll_outbound(context)
            .map_err(io::Error::other)
    }

    fn poll_close(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Self::Error>> {
        if let Poll::Ready(closed) = Pin::new(&mut self.muxer).poll_close(context) {
            return Poll::Ready(closed.map_err(io::Error::other));
        }
        let give_up = self
            .give_up
            .get_or_insert_with(|| Box::pin(sleep(CLOSE_DEADLINE)));
        ready!(give_up.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<StreamMuxerEvent, Self::Error>> {
        Pin::new(&mut self.muxer)
            .poll(context)
            .map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::poll_fn;
    use futures::io::Cursor;
    use tokio::time::Instant;

    /// A connection whose other end no longer reads.
    struct Stuck;

    impl StreamMuxer for Stuck {
        type Substream = Cursor<Vec<u8>>;
        type Error = io::Error;

        fn poll_inbound(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<io::Result<Self::Substream>> {
            Poll::Pending
        }

        fn poll_outbound(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<io::Result<Self::Substream>> {
            Poll::Pending
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<StreamMuxerEvent>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_connection_that_cannot_be_closed_in_order_is_given_up() {
        let mut stuck = Impatient::new(Stuck);
        let started = Instant::now();
        let closed = poll_fn(|context| Pin::new(&mut stuck).poll_close(context)).await;
        assert!(closed.is_err());
        assert!(started.elapsed() >= CLOSE_DEADLINE);
    }
}
