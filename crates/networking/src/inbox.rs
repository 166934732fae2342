//! The sending ends of the channels to the caller.
//!
//! What must hold: a reader waits here when its class's channel is full, which stops it from reading more from its peer
//! and nobody else; strangers can fill at most half of the consensus channel with their refusals.

use tokio::sync::mpsc;

use crate::{Class, Frame, Limits, NetworkEvent, NetworkEvents, Refusal};

/// The sending ends. Cloned into every reader.
#[derive(Clone, Debug)]
pub(crate) struct Inbox {
    consensus: mpsc::Sender<NetworkEvent>,
    bodies: mpsc::Sender<Frame>,
    sync: mpsc::Sender<Frame>,
}

/// The caller has dropped its receivers.
#[derive(Debug)]
pub(crate) struct Abandoned;

impl Inbox {
    /// The channels, with as many places as the limits say.
    pub(crate) fn new(limits: &Limits) -> (Self, NetworkEvents) {
        let classes = &limits.classes;
        let (consensus, consensus_events) = mpsc::channel(classes.consensus.inbound_frames_max);
        let (bodies, bodies_frames) = mpsc::channel(classes.bodies.inbound_frames_max);
        let (sync, sync_frames) = mpsc::channel(classes.sync.inbound_frames_max);
        let events = NetworkEvents {
            consensus: consensus_events,
            bodies: bodies_frames,
            sync: sync_frames,
        };
        let inbox = Self {
            consensus,
            bodies,
            sync,
        };
        (inbox, events)
    }

    /// Hands a frame to the caller; waits while its class's channel is full.
    pub(crate) async fn deliver(&self, frame: Frame) -> Result<(), Abandoned> {
        let delivered = match frame.class {
            Class::Consensus => return self.announce(NetworkEvent::Frame(frame)).await,
            Class::Bodies => self.bodies.send(frame).await,
            Class::Sync => self.sync.send(frame).await,
        };
        delivered.map_err(|_| Abandoned)
    }

    /// Hands an event to the caller; waits while the channel is full.
    pub(crate) async fn announce(&self, event: NetworkEvent) -> Result<(), Abandoned> {
        self.consensus.send(event).await.map_err(|_| Abandoned)
    }

    /// Hands an event over if there is a place for it now.
    pub(crate) fn try_announce(&self, event: NetworkEvent) {
        // A caller that is gone or busy while we stop does not need to know.
        let _ = self.consensus.try_send(event);
    }

    /// Reports a refusal, unless the channel is half full.
    pub(crate) fn refuse(&self, refusal: Refusal) {
        tracing::debug!(target: crate::LOG, %refusal, "turned away");
        if self.consensus.capacity() > self.consensus.max_capacity() / 2 {
            self.try_announce(NetworkEvent::Refused(refusal));
        }
    }

    /// Waits until the caller has dropped the consensus receiver.
    pub(crate) async fn abandoned(&self) {
        self.consensus.closed().await;
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should panic")]
mod tests {
    use super::*;

    #[test]
    fn strangers_fill_at_most_half_of_the_consensus_channel() {
        let mut limits = Limits::default();
        limits.classes.consensus.inbound_frames_max = 8;
        let (inbox, mut events) = Inbox::new(&limits);
        for _ in 0..20 {
            inbox.refuse(Refusal::HandshakeFailed { address: None });
        }
        let mut waiting = 0;
        while events.consensus.try_recv().is_ok() {
            waiting += 1;
        }
        assert_eq!(waiting, 4);
    }

    #[tokio::test]
    async fn each_class_has_a_channel_of_its_own() {
        let (inbox, mut events) = Inbox::new(&Limits::default());
        let peer = karwan_types::SecretKey::from_seed(&[1; 32]).public_key();
        for class in Class::ALL {
            let bytes = bytes::Bytes::from_static(class.name().as_bytes());
            inbox.deliver(Frame { peer, class, bytes }).await.unwrap();
        }
        let consensus = events.consensus.try_recv().unwrap();
        assert!(matches!(consensus, NetworkEvent::Frame(frame) if frame.class == Class::Consensus));
        assert_eq!(events.bodies.try_recv().unwrap().class, Class::Bodies);
        assert_eq!(events.sync.try_recv().unwrap().class, Class::Sync);
    }
}
