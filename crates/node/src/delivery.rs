//! Payments' messages on their way from node to node, and the outboxes of the institutions that this node serves.
//!
//! Settlement without information is not a payment: the debtor's node keeps the sealed message on disk until the node that
//! serves the creditor has it on disk, and that one keeps it until the creditor agent confirms the credit on the ledger.
//! Nobody on the way can read it.
//!
//! Nothing is sent before the payment is final, with one exception: a payment that waits for the attestation of its creditor agent
//! cannot become final before that institution has read who pays whom. Its message is sent as soon as it waits. What the
//! creditor agent learns early is a payment that it is asked to take; when it is refused in the end, the outbox forgets it.
//!
//! The nodes are not trusted with each other's messages, and an age file cannot be judged without the key to it. So an
//! outbox keeps one message of each peer for a payment, and the institution opens whichever is meant. What remains: a peer
//! that says falsely that it has stored a message makes its sender forget it, because who serves whom is not on the ledger.

mod gateway;
mod shelf;

pub(crate) use gateway::NodeGateway;

use crate::published::Publisher;
use crate::wire::{CIPHERTEXT_BYTES_MAX, Delivery, DeliveryKey, Wire};
use bytes::Bytes;
use karwan_ledger::{InstructionKey, Record, State};
use karwan_networking::{NetworkHandle, SendError};
use karwan_replica::Recipient;
use karwan_rpc::LARGE_ANSWER_BYTES_MAX;
use karwan_types::{BlockFrame, DurationMs, Hash, Lei, PublicKey, TransactionStatus};
use shelf::{Entry, Others, Shelf, Variant};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The most messages on their way out of this node. Like the next two limits it may be passed by as many messages as are
/// being stored at the same time.
const OUTGOING_MAX: usize = 10_000;
/// The most messages on their way out of one institution.
const OUTGOING_PER_AGENT_MAX: usize = 1_000;
/// The most messages that wait for one institution.
const OUTBOX_MAX: usize = 10_000;
/// The most messages that an outbox keeps for one payment, each from another peer.
const VARIANTS_MAX: usize = 8;
/// The most bytes of messages in one reading of an outbox; the message that passes it is still shown.
const OUTBOX_READ_BYTES_MAX: usize = 8 << 20;
/// The most messages sent again at a time.
const RESENT_MAX: usize = 256;
/// The most messages sent to a peer when it connects; the others follow when they are sent again.
const SENT_ON_CONNECTION_MAX: usize = 16;
/// The most bytes of messages sent again at a time; the message that passes it is still sent.
const RESENT_BYTES_MAX: usize = 16 << 20;
/// How long a message waits for a payment that the ledger does not know: seven days.
const UNKNOWN_PAYMENT_MAX: DurationMs = DurationMs::from_millis(7 * 24 * 3_600_000);

// The server tells that there is more when an answer is full, so what is read must fill one.
const _: () = assert!(OUTBOX_READ_BYTES_MAX > LARGE_ANSWER_BYTES_MAX);

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliveryError {
    /// Too large.
    #[error("the sealed message has {0} bytes, more than the limit of {CIPHERTEXT_BYTES_MAX}")]
    TooLong(usize),
    /// Too many wait.
    #[error("{OUTGOING_MAX} messages wait to be delivered; try again later")]
    Full,
    /// Too many of the institution wait.
    #[error(
        "{OUTGOING_PER_AGENT_MAX} messages of this institution wait to be delivered; try again later"
    )]
    AgentFull,
    /// The disk failed.
    #[error("the message cannot be stored")]
    Disk(#[from] io::Error),
}

/// What became of a message that may be sent.
enum Sending {
    /// It waits: nobody may have it yet, or its file cannot be read.
    Waits,
    /// So many bytes are queued, or handed to an outbox of this node.
    Sent(usize),
    /// No queue has room.
    NoRoom,
}

/// Messages on disk, and what is known about them. Every method uses the disk: call it on a thread that may block.
pub(crate) struct Deliveries {
    outgoing: Shelf,
    /// The outboxes of the institutions served here.
    outboxes: BTreeMap<Lei, Shelf>,
    publisher: Publisher,
    network: NetworkHandle,
    /// Counts the messages that have arrived in the outboxes.
    arrivals: watch::Sender<u64>,
    /// The payment whose message was sent again last.
    resent: Mutex<Option<DeliveryKey>>,
}

impl Deliveries {
    /// Opens the directories and remembers what waits there.
    pub(crate) fn open(
        data: &Path,
        served: &[Lei],
        publisher: Publisher,
        network: NetworkHandle,
    ) -> io::Result<Self> {
        let outgoing = Shelf::open(data.join("outgoing"))?;
        outgoing.forget_replaced();
        let outbox = data.join("outbox");
        let mut outboxes = BTreeMap::new();
        for lei in served {
            outboxes.insert(*lei, Shelf::open(outbox.join(lei.as_str()))?);
        }
        Ok(Self {
            outgoing,
            outboxes,
            publisher,
            network,
            arrivals: watch::Sender::new(0),
            resent: Mutex::new(None),
        })
    }

    /// Whether the outbox of an institution is here.
    pub(crate) fn serves(&self, creditor: &Lei) -> bool {
        self.outboxes.contains_key(creditor)
    }

    /// Keeps a message until its payment is final, or waits for an attestation, and the creditor's node has it. Durable when this returns.
    pub(crate) fn keep(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        if delivery.ciphertext.len() > CIPHERTEXT_BYTES_MAX {
            return Err(DeliveryError::TooLong(delivery.ciphertext.len()));
        }
        // The debtor agent is the caller, so that no institution replaces another's message.
        if self.outgoing.of_payment(&delivery.key).is_empty() {
            if self.outgoing.len() >= OUTGOING_MAX {
                return Err(DeliveryError::Full);
            }
            if self.outgoing.len_of(&delivery.key.agent) >= OUTGOING_PER_AGENT_MAX {
                return Err(DeliveryError::AgentFull);
            }
        }
        let variant = Variant::of_content(delivery.content());
        self.outgoing.put(variant, delivery, Others::Go)?;
        self.send_payment(&delivery.key);
        Ok(())
    }

    /// A block was stored: sends what became final or waits for an attestation, forgets what was refused, and clears what was acknowledged.
    pub(crate) fn on_block(&self, frame: &BlockFrame) {
        for outcome in &frame.outcomes {
            let Some(movement) = &outcome.movement else {
                continue;
            };
            let key = DeliveryKey {
                agent: movement.debtor_agent,
                uetr: movement.uetr,
            };
            match outcome.status {
                // A payment that waits may wait for the attestation of whoever reads its message.
                TransactionStatus::Acsc | TransactionStatus::Pdng => self.send_payment(&key),
                TransactionStatus::Accc => {
                    let creditor = movement.creditor_agent.as_ref();
                    if let Some(outbox) = creditor.and_then(|creditor| self.outboxes.get(creditor))
                    {
                        outbox.remove_payment(&key);
                    }
                    self.outgoing.remove_payment(&key);
                }
                // Another instruction may have been refused under the reference of one that stands.
                TransactionStatus::Rjct | TransactionStatus::Canc => {
                    if self.record(&key).is_some_and(|record| is_over(&record)) {
                        self.outgoing.remove_payment(&key);
                    }
                }
                TransactionStatus::Rcvd
                | TransactionStatus::Patc
                | TransactionStatus::Actc
                | TransactionStatus::Acsp => {}
            }
        }
    }

    /// A peer is back: it may serve a creditor whose message waits.
    pub(crate) fn connected(&self, peer: PublicKey) {
        let entries = self.outgoing.entries();
        self.send_some(
            entries.iter(),
            Recipient::Peer(peer),
            SENT_ON_CONNECTION_MAX,
        );
    }

    /// Forgets what nobody needs any more, also if the block that said so was missed, and sends some of what is wanted
    /// once more, going on where the last time ended.
    pub(crate) fn retry(&self) {
        self.sweep();
        let entries = self.outgoing.entries();
        let last = *self.resent();
        let start = entries.partition_point(|entry| last.is_some_and(|last| entry.key <= last));
        let (before, after) = entries.split_at(start);
        let turn = after.iter().chain(before);
        if let Some(last) = self.send_some(turn, Recipient::All, RESENT_MAX) {
            *self.resent() = Some(last);
        }
    }

    /// Takes a peer's message in for an institution that this node serves; durable when it returns the content's hash.
    pub(crate) fn take(&self, from: PublicKey, delivery: &Delivery) -> Option<Hash> {
        let outbox = self.outboxes.get(&delivery.creditor)?;
        let record = self.record(&delivery.key)?;
        if record.movement.creditor_agent != Some(delivery.creditor)
            || delivery.ciphertext.len() > CIPHERTEXT_BYTES_MAX
        {
            return None;
        }
        let stored = match record.status {
            TransactionStatus::Pdng if !self.is_unattested(&delivery.key) => false,
            TransactionStatus::Acsc | TransactionStatus::Pdng => {
                let stored = store(outbox, from, delivery);
                self.arrivals
                    .send_modify(|count| *count = count.wrapping_add(1));
                stored
            }
            // The creditor has confirmed the credit, so it has the message.
            TransactionStatus::Accc => true,
            TransactionStatus::Rcvd
            | TransactionStatus::Patc
            | TransactionStatus::Actc
            | TransactionStatus::Acsp
            | TransactionStatus::Rjct
            | TransactionStatus::Canc => false,
        };
        stored.then(|| delivery.content())
    }

    /// A peer says that the creditor's node has the message with this content. Said of other content, it means nothing.
    pub(crate) fn delivered(&self, key: DeliveryKey, content: Hash) {
        let variant = Variant::of_content(content);
        self.outgoing.remove(&Entry { key, variant });
    }

    /// The messages that wait for an institution, by debtor agent and reference, after a place: at most `limit`, and no more
    /// once [`OUTBOX_READ_BYTES_MAX`] are read. Damaged ones are logged and left out.
    ///
    /// A place with several messages is shown from a random one of them on. A page may end inside a place, and the next
    /// begins after it, so this is what keeps a message from being hidden for ever behind the others of its place.
    pub(crate) fn outbox(
        &self,
        creditor: &Lei,
        after: Option<DeliveryKey>,
        limit: usize,
    ) -> io::Result<Vec<Delivery>> {
        let Some(outbox) = self.outboxes.get(creditor) else {
            return Ok(Vec::new());
        };
        let mut entries = match after {
            Some(key) => outbox.after(key),
            None => outbox.entries(),
        };
        let [first, ..] = RandomState::new().hash_one(()).to_le_bytes();
        for place in entries.chunk_by_mut(|one, other| one.key == other.key) {
            let first = usize::from(first) % place.len();
            place.rotate_left(first);
        }
        let (mut found, mut bytes) = (Vec::new(), 0);
        for entry in entries {
            if found.len() >= limit || bytes >= OUTBOX_READ_BYTES_MAX {
                break;
            }
            match outbox.read(&entry) {
                Ok(delivery) => {
                    bytes += delivery.ciphertext.len();
                    found.push(delivery);
                }
                // Confirmed a moment ago.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    tracing::error!(%error, uetr = %entry.key.uetr, "a stored message is damaged");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    fn send_payment(&self, key: &DeliveryKey) {
        // Whoever is not reached now is reached when it connects, or when the message is sent again.
        for entry in self.outgoing.of_payment(key) {
            self.send_if_wanted(&entry, Recipient::All);
        }
    }

    /// Sends messages in this order until a limit is reached or there is no room; returns the last one's payment.
    fn send_some<'entry>(
        &self,
        entries: impl Iterator<Item = &'entry Entry>,
        to: Recipient,
        messages_max: usize,
    ) -> Option<DeliveryKey> {
        let (mut last, mut messages, mut bytes) = (None, 0, 0);
        for entry in entries {
            match self.send_if_wanted(entry, to) {
                Sending::Waits => {}
                Sending::Sent(sent) => {
                    last = Some(entry.key);
                    messages += 1;
                    bytes += sent;
                }
                Sending::NoRoom => break,
            }
            if messages >= messages_max || bytes >= RESENT_BYTES_MAX {
                break;
            }
        }
        last
    }

    fn send_if_wanted(&self, entry: &Entry, to: Recipient) -> Sending {
        let settled = self.record(&entry.key).is_some_and(|record| {
            matches!(
                record.status,
                TransactionStatus::Acsc | TransactionStatus::Accc
            )
        });
        if !settled && !self.is_unattested(&entry.key) {
            return Sending::Waits;
        }
        let delivery = match self.outgoing.read(entry) {
            Ok(delivery) => delivery,
            // Delivered a moment ago.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Sending::Waits,
            Err(error) => {
                tracing::error!(%error, uetr = %entry.key.uetr, "a waiting message cannot be read");
                return Sending::Waits;
            }
        };
        let bytes = delivery.ciphertext.len();
        if self.serves(&delivery.creditor) {
            if self.take(self.network.public_key(), &delivery).is_some() {
                self.outgoing.remove(entry);
            }
            return Sending::Sent(bytes);
        }
        if self.queue(delivery, to) {
            Sending::Sent(bytes)
        } else {
            Sending::NoRoom
        }
    }

    /// Hands a message to the network; false when whoever is meant is away or has no room for it.
    fn queue(&self, delivery: Delivery, to: Recipient) -> bool {
        let wire = Wire::Deliver(delivery);
        let (class, frame) = (wire.class(), Bytes::from(wire.to_bytes()));
        match to {
            Recipient::Peer(peer) => self.network.send(peer, class, frame).is_ok(),
            Recipient::All => {
                let connected = self.network.connected().len();
                let refused = self.network.broadcast(class, &frame);
                let full = refused
                    .iter()
                    .filter(|(_, error)| matches!(error, SendError::Full))
                    .count();
                full < connected
            }
        }
    }

    fn sweep(&self) {
        let published = self.publisher.latest();
        let shelves = std::iter::once(&self.outgoing).chain(self.outboxes.values());
        for shelf in shelves {
            for entry in shelf.entries() {
                if is_needless(&published.state, shelf, &entry) {
                    shelf.remove(&entry);
                }
            }
        }
    }

    /// Whether a payment waits for the attestation of its creditor agent.
    fn is_unattested(&self, key: &DeliveryKey) -> bool {
        let published = self.publisher.latest();
        let state = &published.state;
        let payment = instruction(key);
        let queued = state.queued(&payment);
        queued.is_some_and(|(_, entry)| state.unattested(entry).contains(&payment))
    }

    fn record(&self, key: &DeliveryKey) -> Option<Record> {
        self.publisher
            .latest()
            .state
            .record(&instruction(key))
            .cloned()
    }

    fn resent(&self) -> MutexGuard<'_, Option<DeliveryKey>> {
        self.resent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn instruction(key: &DeliveryKey) -> InstructionKey {
    InstructionKey {
        agent: key.agent,
        uetr: key.uetr,
    }
}

/// Whether no message will be wanted for a payment: it was not made, or the creditor agent has confirmed it.
fn is_over(record: &Record) -> bool {
    matches!(
        record.status,
        TransactionStatus::Accc | TransactionStatus::Rjct | TransactionStatus::Canc
    )
}

/// Whether a message is for a payment that is over, or for one that the ledger does not know and will hardly come to know.
/// A payment that waits on the ledger ends there by itself, so its message waits as long as it does.
fn is_needless(state: &State, shelf: &Shelf, entry: &Entry) -> bool {
    match state.record(&instruction(&entry.key)) {
        Some(record) => is_over(record),
        // By block time: a node that catches up knows few payments and must not think that its messages are old.
        None => shelf
            .modified(entry)
            .is_some_and(|stored| state.chain().time.since(stored) > UNKNOWN_PAYMENT_MAX),
    }
}

/// Stores a peer's message, unless it is there; false when there is no room or the disk fails.
fn store(outbox: &Shelf, from: PublicKey, delivery: &Delivery) -> bool {
    let entry = Entry {
        key: delivery.key,
        variant: Variant::of_sender(&from),
    };
    let variants = outbox.of_payment(&delivery.key);
    if variants.contains(&entry) {
        let stored = outbox.read(&entry);
        if stored.is_ok_and(|stored| stored.ciphertext == delivery.ciphertext) {
            return true;
        }
    } else if variants.len() >= VARIANTS_MAX || outbox.len() >= OUTBOX_MAX {
        return false;
    }
    match outbox.put(entry.variant, delivery, Others::Stay) {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "a payment's message cannot be stored; its sender keeps it");
            false
        }
    }
}
