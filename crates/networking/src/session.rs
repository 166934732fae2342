//! One connection's life: wait for its streams, say `Connected`, carry frames, say `Disconnected`.
//!
//! What must hold: a peer counts as connected only when all six streams are negotiated, so whoever refuses us, speaks
//! another version or is of another chain was never connected; the sessions of one peer follow one another, so their
//! events never interleave; when the task ends, its readers and writers have ended.

mod carry;

use std::sync::Arc;
use std::time::Duration;

use karwan_types::PublicKey;
use libp2p::Stream;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::inbox::Inbox;
use crate::outbound::{Ending, Outbound, Queued};
use crate::shared::Shared;
use crate::streams::Direction;
use crate::{Class, DisconnectReason, Limits, NetworkEvent, PeerRole, PerClass, Refusal};

/// How long queued frames may still flow when a connection ends in order.
const DRAIN_DEADLINE: Duration = Duration::from_secs(1);

/// How long a negotiation that failed may have failed because the connection is ending.
const DOUBT: Duration = Duration::from_millis(250);
/// How long a peer of another chain or version may stay, so that it learns from our answers what we learned from its.
const FAREWELL: Duration = Duration::from_millis(500);
/// How many streams a session waits for.
const STREAMS_EXPECTED: usize = Class::ALL.len() * 2;
/// Places that the channel to a session needs: one for each stream, one for the failure to open one.
pub(crate) const NEGOTIATIONS_MAX: usize = STREAMS_EXPECTED + 1;

/// What the negotiation of a stream came to, on its way from the driver.
#[derive(Debug)]
pub(crate) enum Negotiation {
    Opened {
        class: Class,
        direction: Direction,
        stream: Stream,
    },
    OtherProtocol,
}

/// Everything that a session needs.
pub(crate) struct Session {
    pub(crate) peer: PublicKey,
    pub(crate) role: PeerRole,
    pub(crate) shared: Arc<Shared>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) inbox: Inbox,
    pub(crate) ending: Ending,
    pub(crate) negotiations: mpsc::Receiver<Negotiation>,
    /// The session before, whose last event precedes our first.
    pub(crate) previous: Option<JoinHandle<()>>,
}

struct SessionStreams {
    inbound: PerClass<Option<Stream>>,
    outbound: PerClass<Option<Stream>>,
}

impl Session {
    /// Lives until [`Ending`] is used and everything has ended.
    pub(crate) async fn run(mut self) {
        if let Some(previous) = self.previous.take() {
            // A session that panicked has ended, too.
            let _ = previous.await;
        }
        match self.streams().await {
            Ok(streams) => self.carry(streams).await,
            Err(reason) => self.never_connected(reason),
        }
    }

    /// Waits for the streams of both directions.
    async fn streams(&mut self) -> Result<SessionStreams, DisconnectReason> {
        let ending = self.ending.clone();
        let deadline = self.limits.handshake_deadline;
        let collected = tokio::select! {
            biased;
            reason = ending.wait() => return Err(reason),
            collected = timeout(deadline, self.collect()) => collected,
        };
        let reason = match collected {
            Ok(Ok(streams)) => return Ok(streams),
            Ok(Err(reason)) => reason,
            Err(_elapsed) => DisconnectReason::StreamsDeadline,
        };
        if reason == DisconnectReason::OtherProtocol {
            // A stream that breaks off while its name is negotiated looks the same.
            if let Ok(ended) = timeout(DOUBT, ending.wait()).await {
                return Err(ended);
            }
            // Whoever closes first now, this remains what we found.
            let _ = timeout(FAREWELL, ending.wait()).await;
        }
        ending.end(reason);
        Err(reason)
    }

    async fn collect(&mut self) -> Result<SessionStreams, DisconnectReason> {
        let mut streams = SessionStreams {
            inbound: PerClass::default(),
            outbound: PerClass::default(),
        };
        for _ in 0..STREAMS_EXPECTED {
            match self.negotiations.recv().await {
                Some(Negotiation::Opened {
                    class,
                    direction: Direction::Inbound,
                    stream,
                }) => *streams.inbound.get_mut(class) = Some(stream),
                Some(Negotiation::Opened {
                    class,
                    direction: Direction::Outbound,
                    stream,
                }) => *streams.outbound.get_mut(class) = Some(stream),
                Some(Negotiation::OtherProtocol) => return Err(DisconnectReason::OtherProtocol),
                None => return Err(DisconnectReason::Lost),
            }
        }
        Ok(streams)
    }

    fn never_connected(&self, reason: DisconnectReason) {
        tracing::debug!(target: crate::LOG, peer = %self.peer, %reason, "connection never became usable");
        match reason {
            // The peer's configuration or ours is wrong, and will be at the next attempt: the operator should know.
            DisconnectReason::OtherProtocol
            | DisconnectReason::StreamsDeadline
            | DisconnectReason::DuplicateStream { .. } => self.inbox.refuse(Refusal::Unusable {
                peer: self.peer,
                reason,
            }),
            DisconnectReason::TooSlow
            | DisconnectReason::FrameTooLarge { .. }
            | DisconnectReason::FrameDeadline { .. }
            | DisconnectReason::WriteDeadline { .. }
            | DisconnectReason::Unresponsive
            | DisconnectReason::Replaced
            | DisconnectReason::ClosedByPeer
            | DisconnectReason::Lost
            | DisconnectReason::Shutdown => {}
        }
    }

    async fn carry(&self, streams: SessionStreams) {
        let (outbound, queues) = Outbound::new(&self.limits.classes, self.ending.clone());
        // The queues first: whoever hears `Connected` may send at once.
        self.shared.connect(self.peer, outbound);
        let connected = NetworkEvent::Connected {
            peer: self.peer,
            role: self.role,
        };
        let announced = tokio::select! {
            biased;
            announced = self.inbox.announce(connected) => announced.is_ok(),
            _ = self.ending.wait() => false,
        };
        if !announced {
            self.shared.disconnect(&self.peer);
            return;
        }
        tracing::info!(target: crate::LOG, peer = %self.peer, role = ?self.role, "connected");
        let reason = self.carry_frames(streams, queues).await;
        tracing::info!(target: crate::LOG, peer = %self.peer, %reason, "disconnected");
        self.announce_end(NetworkEvent::Disconnected {
            peer: self.peer,
            reason,
        })
        .await;
    }

    async fn carry_frames(
        &self,
        streams: SessionStreams,
        queues: PerClass<Option<mpsc::Receiver<Queued>>>,
    ) -> DisconnectReason {
        let (mut readers, mut writers) = self.start(streams, queues);
        let reason = loop {
            tokio::select! {
                reason = self.ending.wait() => break reason,
                Some(_) = readers.join_next() => {
                    if readers.is_empty() {
                        self.ending.end(DisconnectReason::ClosedByPeer);
                    }
                }
            }
        };
        self.shared.disconnect(&self.peer);
        match reason {
            // What we have queued may be the votes that the others need.
            DisconnectReason::Shutdown => drain(&mut writers).await,
            // What has arrived is still good.
            DisconnectReason::Lost | DisconnectReason::ClosedByPeer => drain(&mut readers).await,
            DisconnectReason::TooSlow
            | DisconnectReason::FrameTooLarge { .. }
            | DisconnectReason::FrameDeadline { .. }
            | DisconnectReason::WriteDeadline { .. }
            | DisconnectReason::DuplicateStream { .. }
            | DisconnectReason::OtherProtocol
            | DisconnectReason::StreamsDeadline
            | DisconnectReason::Unresponsive
            | DisconnectReason::Replaced => {}
        }
        writers.shutdown().await;
        readers.shutdown().await;
        reason
    }

    fn start(
        &self,
        mut streams: SessionStreams,
        mut queues: PerClass<Option<mpsc::Receiver<Queued>>>,
    ) -> (JoinSet<()>, JoinSet<()>) {
        let (mut readers, mut writers) = (JoinSet::new(), JoinSet::new());
        for class in Class::ALL {
            let lane = carry::Lane {
                peer: self.peer,
                class,
                limits: *self.limits.classes.get(class),
                write_deadline: self.limits.write_deadline,
                ending: self.ending.clone(),
            };
            if let Some(stream) = streams.inbound.get_mut(class).take() {
                readers.spawn(lane.clone().read(stream, self.inbox.clone()));
            }
            let queue = queues.get_mut(class).take();
            if let (Some(stream), Some(queue)) = (streams.outbound.get_mut(class).take(), queue) {
                writers.spawn(lane.write(stream, queue));
            }
        }
        (readers, writers)
    }

    /// A caller that stops us may no longer read, so the last event must not wait for it then.
    async fn announce_end(&self, event: NetworkEvent) {
        tokio::select! {
            biased;
            _ = self.inbox.announce(event.clone()) => {}
            () = self.shared.stop.cancelled() => self.inbox.try_announce(event),
        }
    }
}

async fn drain(tasks: &mut JoinSet<()>) {
    let all = async { while tasks.join_next().await.is_some() {} };
    // Whoever is not done by then is aborted by the caller.
    let _ = timeout(DRAIN_DEADLINE, all).await;
}
