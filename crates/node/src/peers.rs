//! Between the network and the replica: decoding what peers send, checking it in parallel, answering for the block log.
//!
//! Votes go straight to the owner. Bodies and transactions are verified on the blocking pool first, each signature once
//! per node. Requests for stored blocks are answered from the block log without the replica.

use crate::delivery::Deliveries;
use crate::metrics::Metrics;
use crate::owner::{Message, OwnerHandle};
use crate::recovery::read_frame;
use crate::verified::VerifiedCache;
use crate::wire::Wire;
use bytes::Bytes;
use karwan_networking::{Class, Frame, NetworkEvent, NetworkEvents, NetworkHandle};
use karwan_replica::{CheckedBody, Event, FRAMES_PER_REQUEST_MAX, PeerMessage};
use karwan_storage::BlockReader;
use karwan_types::{ChainId, EncodedTransaction, Height, PublicKey, encode};
use std::sync::Arc;

/// The most bytes of stored blocks in one answer; the first block is always sent.
const FRAMES_BYTES_MAX: usize = 8 << 20;
/// The most transactions that one message may forward.
const FORWARDED_MAX: usize = 2_000;

/// What the tasks between network and replica share.
#[derive(Clone)]
pub(crate) struct PeerTasks {
    pub(crate) chain: ChainId,
    pub(crate) owner: OwnerHandle,
    pub(crate) network: NetworkHandle,
    pub(crate) reader: BlockReader,
    pub(crate) verified: Arc<VerifiedCache>,
    pub(crate) deliveries: Arc<Deliveries>,
    pub(crate) metrics: Arc<Metrics>,
}

impl PeerTasks {
    /// Serves the network until it closes.
    pub(crate) fn spawn(self, events: NetworkEvents) -> Vec<tokio::task::JoinHandle<()>> {
        let NetworkEvents {
            mut consensus,
            mut bodies,
            mut sync,
        } = events;
        let (first, second, third) = (self.clone(), self.clone(), self);
        vec![
            tokio::spawn(async move {
                while let Some(event) = consensus.recv().await {
                    first.on_event(event).await;
                }
            }),
            tokio::spawn(async move {
                while let Some(frame) = bodies.recv().await {
                    second.on_frame(frame).await;
                }
            }),
            tokio::spawn(async move {
                while let Some(frame) = sync.recv().await {
                    third.on_frame(frame).await;
                }
            }),
        ]
    }

    async fn on_event(&self, event: NetworkEvent) {
        match event {
            NetworkEvent::Connected { peer, role } => {
                tracing::info!(%peer, ?role, "peer connected");
                self.urgent(Event::Connected(peer)).await;
                // Files are read elsewhere: the next event may be a vote.
                let deliveries = Arc::clone(&self.deliveries);
                tokio::task::spawn_blocking(move || deliveries.connected(peer));
            }
            NetworkEvent::Disconnected { peer, reason } => {
                tracing::info!(%peer, %reason, "peer disconnected");
                self.urgent(Event::Disconnected(peer)).await;
            }
            NetworkEvent::Frame(frame) => self.on_frame(frame).await,
            NetworkEvent::Refused(refusal) => {
                self.metrics.refused_peer();
                tracing::warn!(%refusal, "connection refused");
            }
        }
    }

    async fn on_frame(&self, frame: Frame) {
        let Frame { peer, class, bytes } = frame;
        match Wire::from_bytes(&bytes, class) {
            Ok(Wire::Replica(message)) => self.on_message(peer, message).await,
            Ok(Wire::Deliver(delivery)) => {
                let deliveries = Arc::clone(&self.deliveries);
                let key = delivery.key;
                let take = move || deliveries.take(peer, &delivery);
                if let Ok(Some(content)) = tokio::task::spawn_blocking(take).await {
                    self.send(peer, &Wire::Delivered { key, content });
                }
            }
            Ok(Wire::Delivered { key, content }) => {
                let deliveries = Arc::clone(&self.deliveries);
                let forget = move || deliveries.delivered(key, content);
                if tokio::task::spawn_blocking(forget).await.is_err() {
                    tracing::error!(uetr = %key.uetr, "a delivered message could not be forgotten");
                }
            }
            Err(error) => tracing::warn!(%peer, %error, "a message could not be read"),
        }
    }

    async fn on_message(&self, from: PublicKey, message: PeerMessage) {
        match message {
            PeerMessage::Body(block) => {
                let (chain, verified) = (self.chain, Arc::clone(&self.verified));
                let check = move || CheckedBody::check(block, &chain, &|id| verified.get(id));
                if let Ok(body) = tokio::task::spawn_blocking(check).await {
                    self.urgent(Event::Body { from, body }).await;
                }
            }
            PeerMessage::Transactions(transactions) => {
                self.on_transactions(from, transactions).await
            }
            PeerMessage::FramesWanted(first) => self.answer_frames(from, first).await,
            PeerMessage::Frames(frames) => {
                let event = Event::Peer {
                    from,
                    message: PeerMessage::Frames(frames),
                };
                self.bulk(event).await;
            }
            PeerMessage::Consensus(_) | PeerMessage::Status(_) | PeerMessage::BodyWanted { .. } => {
                self.urgent(Event::Peer { from, message }).await;
            }
        }
    }

    async fn on_transactions(&self, from: PublicKey, transactions: Vec<EncodedTransaction>) {
        if transactions.len() > FORWARDED_MAX {
            tracing::warn!(%from, count = transactions.len(), "too many transactions in one message");
            return;
        }
        let (chain, verified) = (self.chain, Arc::clone(&self.verified));
        let verify = move || -> Vec<_> {
            let checked = transactions
                .into_iter()
                .map(|encoded| verified.verify(encoded, &chain));
            checked.filter_map(Result::ok).collect()
        };
        for transaction in tokio::task::spawn_blocking(verify)
            .await
            .unwrap_or_default()
        {
            self.bulk(Event::Forwarded(transaction)).await;
        }
    }

    /// Stored blocks from a height on, as many as fit one answer.
    async fn answer_frames(&self, to: PublicKey, first: Height) {
        let reader = self.reader.clone();
        let read = move || {
            let mut frames = Vec::new();
            let mut bytes = 0;
            let mut height = first.max(Height::new(1));
            while height <= reader.last()
                && frames.len() < FRAMES_PER_REQUEST_MAX
                && bytes < FRAMES_BYTES_MAX
            {
                match read_frame(&reader, height) {
                    Ok(frame) => {
                        bytes += encode(&frame).len();
                        frames.push(frame);
                    }
                    Err(error) => {
                        tracing::error!(%height, %error, "a stored block cannot be served");
                        break;
                    }
                }
                height = height.next();
            }
            frames
        };
        let frames = tokio::task::spawn_blocking(read).await.unwrap_or_default();
        self.send(to, &Wire::Replica(PeerMessage::Frames(frames)));
    }

    fn send(&self, to: PublicKey, wire: &Wire) {
        let class: Class = wire.class();
        if let Err(error) = self.network.send(to, class, Bytes::from(wire.to_bytes())) {
            tracing::debug!(peer = %to, %error, "an answer was not queued");
        }
    }

    async fn urgent(&self, event: Event) {
        // The owner stops only when the process does.
        let _ = self.owner.urgent.send(Message::Event(event)).await;
    }
    async fn bulk(&self, event: Event) {
        let _ = self.owner.bulk.send(Message::Event(event)).await;
    }
}
