//! Settled payments' messages on their way from node to node, and the outboxes of the institutions that this node serves.
//!
//! Settlement without information is not a payment: the debtor's node keeps the sealed message on disk until the node that
//! serves the creditor has it on disk, and that one keeps it until the creditor agent confirms the credit on the ledger.
//! Nothing is sent before the payment is final, and nobody on the way can read it.

use crate::published::Publisher;
use crate::wire::{CIPHERTEXT_BYTES_MAX, Delivery, DeliveryKey, Wire};
use bytes::Bytes;
use karwan_ledger::{InstructionKey, Record};
use karwan_networking::NetworkHandle;
use karwan_rpc::{BackendError, DeliverAnswer, Gateway, OutboxMessage, OutboxPlace, SealedMessage};
use karwan_types::{BlockFrame, Lei, PublicKey, Sentence, TransactionStatus, decode, encode};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most messages on their way out of this node.
pub(crate) const OUTGOING_MAX: usize = 10_000;
/// The most messages that wait for one institution.
pub(crate) const OUTBOX_MAX: usize = 10_000;
/// The largest stored delivery, in bytes.
const DELIVERY_BYTES_MAX: usize = CIPHERTEXT_BYTES_MAX + 1_024;

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliveryError {
    /// Too large.
    #[error("the sealed message has {0} bytes, more than the limit of {CIPHERTEXT_BYTES_MAX}")]
    TooLong(usize),
    /// Too many wait.
    #[error("{OUTGOING_MAX} messages wait to be delivered; try again later")]
    Full,
    /// The disk failed.
    #[error("the message cannot be stored")]
    Disk(#[from] io::Error),
}

/// Messages on disk, and what is known about them.
pub(crate) struct Deliveries {
    outgoing: PathBuf,
    outbox: PathBuf,
    served: BTreeSet<Lei>,
    publisher: Publisher,
    network: NetworkHandle,
    waiting: Mutex<BTreeMap<DeliveryKey, Lei>>,
}

impl Deliveries {
    /// Opens the directories and remembers what waits there.
    pub(crate) fn open(
        data: &Path,
        served: &[Lei],
        publisher: Publisher,
        network: NetworkHandle,
    ) -> io::Result<Self> {
        let (outgoing, outbox) = (data.join("outgoing"), data.join("outbox"));
        fs::create_dir_all(&outgoing)?;
        for lei in served {
            fs::create_dir_all(outbox.join(lei.as_str()))?;
        }
        let mut waiting = BTreeMap::new();
        for delivery in read_all(&outgoing, None, OUTGOING_MAX)? {
            waiting.insert(delivery.key, delivery.creditor);
        }
        let served = served.iter().copied().collect();
        Ok(Self {
            outgoing,
            outbox,
            served,
            publisher,
            network,
            waiting: Mutex::new(waiting),
        })
    }

    /// Keeps a message until its payment is final and the creditor's node has it. Durable when this returns.
    pub(crate) fn keep(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        if delivery.ciphertext.len() > CIPHERTEXT_BYTES_MAX {
            return Err(DeliveryError::TooLong(delivery.ciphertext.len()));
        }
        if self.waiting().len() >= OUTGOING_MAX {
            return Err(DeliveryError::Full);
        }
        write_durably(&self.outgoing, delivery)?;
        self.waiting().insert(delivery.key, delivery.creditor);
        self.send_if_final(delivery.key, None);
        Ok(())
    }

    /// A block was stored: sends what became final, forgets what was refused, and clears what was acknowledged.
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
                TransactionStatus::Acsc => self.send_if_final(key, None),
                TransactionStatus::Accc => {
                    if let Some(creditor) = movement.creditor_agent {
                        forget(&self.outbox.join(creditor.as_str()).join(file_name(&key)));
                    }
                    self.delivered(key);
                }
                TransactionStatus::Rjct | TransactionStatus::Canc => self.drop_if_over(key),
                TransactionStatus::Rcvd
                | TransactionStatus::Patc
                | TransactionStatus::Actc
                | TransactionStatus::Pdng
                | TransactionStatus::Acsp => {}
            }
        }
    }

    /// A peer is back: it may serve a creditor whose message waits.
    pub(crate) fn connected(&self, peer: PublicKey) {
        let keys: Vec<DeliveryKey> = self.waiting().keys().copied().collect();
        for key in keys {
            self.send_if_final(key, Some(peer));
        }
    }

    /// Sends everything that waits and is final once more.
    pub(crate) fn retry(&self) {
        let keys: Vec<DeliveryKey> = self.waiting().keys().copied().collect();
        for key in keys {
            self.drop_if_over(key);
            self.send_if_final(key, None);
        }
    }

    /// Takes a message in for an institution that this node serves; durable when it returns the key.
    pub(crate) fn take(&self, delivery: &Delivery) -> Option<DeliveryKey> {
        let record = self.record(&delivery.key)?;
        let meant = record.movement.creditor_agent == Some(delivery.creditor);
        if !meant
            || !self.served.contains(&delivery.creditor)
            || delivery.ciphertext.len() > CIPHERTEXT_BYTES_MAX
        {
            return None;
        }
        let directory = self.outbox.join(delivery.creditor.as_str());
        let stored = match record.status {
            TransactionStatus::Acsc if directory.join(file_name(&delivery.key)).exists() => Ok(()),
            TransactionStatus::Acsc if count(&directory) < OUTBOX_MAX => {
                write_durably(&directory, delivery)
            }
            // The creditor has confirmed the credit, so it has the message.
            TransactionStatus::Accc => Ok(()),
            TransactionStatus::Acsc
            | TransactionStatus::Rcvd
            | TransactionStatus::Patc
            | TransactionStatus::Actc
            | TransactionStatus::Pdng
            | TransactionStatus::Acsp
            | TransactionStatus::Rjct
            | TransactionStatus::Canc => return None,
        };
        match stored {
            Ok(()) => Some(delivery.key),
            Err(error) => {
                tracing::error!(%error, "a payment's message cannot be stored; its sender keeps it");
                None
            }
        }
    }

    /// The creditor's node has the message.
    pub(crate) fn delivered(&self, key: DeliveryKey) {
        if self.waiting().remove(&key).is_some() {
            forget(&self.outgoing.join(file_name(&key)));
        }
    }

    /// The messages that wait for an institution, by debtor agent and reference, after a place.
    pub(crate) fn outbox(
        &self,
        creditor: &Lei,
        after: Option<&DeliveryKey>,
        limit: usize,
    ) -> io::Result<Vec<Delivery>> {
        if !self.served.contains(creditor) {
            return Ok(Vec::new());
        }
        let after = after.map(file_name);
        read_all(
            &self.outbox.join(creditor.as_str()),
            after.as_deref(),
            limit.min(OUTBOX_MAX),
        )
    }

    fn send_if_final(&self, key: DeliveryKey, peer: Option<PublicKey>) {
        if !self.waiting().contains_key(&key) {
            return;
        }
        let settled = self.record(&key).is_some_and(|record| {
            matches!(
                record.status,
                TransactionStatus::Acsc | TransactionStatus::Accc
            )
        });
        if !settled {
            return;
        }
        let delivery = match read_one(&self.outgoing.join(file_name(&key))) {
            Ok(delivery) => delivery,
            Err(error) => {
                return tracing::error!(%error, uetr = %key.uetr, "a waiting message cannot be read");
            }
        };
        if self.served.contains(&delivery.creditor) {
            if self.take(&delivery).is_some() {
                self.delivered(key);
            }
            return;
        }
        let wire = Wire::Deliver(delivery);
        let (class, frame) = (wire.class(), Bytes::from(wire.to_bytes()));
        // Whoever is not reached now is reached when it connects.
        match peer {
            Some(peer) => drop(self.network.send(peer, class, frame)),
            None => drop(self.network.broadcast(class, &frame)),
        }
    }

    fn drop_if_over(&self, key: DeliveryKey) {
        let over = self.record(&key).is_some_and(|record| {
            matches!(
                record.status,
                TransactionStatus::Rjct | TransactionStatus::Canc
            )
        });
        if over {
            self.delivered(key);
        }
    }

    fn record(&self, key: &DeliveryKey) -> Option<Record> {
        let key = InstructionKey {
            agent: key.agent,
            uetr: key.uetr,
        };
        self.publisher.latest().state.record(&key).cloned()
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<DeliveryKey, Lei>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file_name(key: &DeliveryKey) -> String {
    format!("{}-{}.delivery", key.agent, key.uetr)
}

fn count(directory: &Path) -> usize {
    fs::read_dir(directory).map_or(0, Iterator::count)
}

/// A temporary file, synced, renamed, and the directory synced: after a crash the file is whole or not there.
fn write_durably(directory: &Path, delivery: &Delivery) -> io::Result<()> {
    let name = file_name(&delivery.key);
    let temporary = directory.join(format!("{name}.tmp"));
    let mut file = fs::File::create(&temporary)?;
    file.write_all(&encode(delivery))?;
    file.sync_all()?;
    fs::rename(&temporary, directory.join(name))?;
    fs::File::open(directory)?.sync_all()
}

fn forget(path: &Path) {
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "a delivered message cannot be removed")
        }
    }
}

fn read_one(path: &Path) -> io::Result<Delivery> {
    let bytes = fs::read(path)?;
    decode(&bytes, DELIVERY_BYTES_MAX)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
}

/// The stored messages in the order of their names, after a name, at most `max`; damaged ones are logged and left out.
fn read_all(directory: &Path, after: Option<&str>, max: usize) -> io::Result<Vec<Delivery>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.retain(|path| {
        let stored = path
            .extension()
            .is_some_and(|extension| extension == "delivery");
        let name = path.file_name().and_then(|name| name.to_str());
        stored && after.is_none_or(|after| name.is_some_and(|name| name > after))
    });
    paths.sort();
    paths.truncate(max);
    let mut deliveries = Vec::new();
    for path in paths {
        match read_one(&path) {
            Ok(delivery) => deliveries.push(delivery),
            Err(error) => {
                tracing::error!(%error, path = %path.display(), "a stored message is damaged");
            }
        }
    }
    Ok(deliveries)
}

/// The institutions' side of this node, as the RPC server sees it.
pub(crate) struct NodeGateway(pub(crate) Arc<Deliveries>);

impl Gateway for NodeGateway {
    fn deliver(
        &self,
        debtor_agent: Lei,
        message: SealedMessage,
    ) -> Result<DeliverAnswer, BackendError> {
        let key = DeliveryKey {
            agent: debtor_agent,
            uetr: message.uetr,
        };
        let delivery = Delivery {
            key,
            creditor: message.creditor_agent,
            ciphertext: message.sealed,
        };
        match self.0.keep(&delivery) {
            Ok(()) => Ok(DeliverAnswer::Kept),
            Err(error @ DeliveryError::Full) => Ok(DeliverAnswer::RetryLater {
                reason: Sentence::fitted(&error.to_string()),
            }),
            Err(error @ (DeliveryError::TooLong(_) | DeliveryError::Disk(_))) => {
                Err(BackendError {
                    what: "store a payment's message".to_owned(),
                    source: error.into(),
                })
            }
        }
    }
    fn serves(&self, creditor_agent: &Lei) -> bool {
        self.0.served.contains(creditor_agent)
    }
    fn outbox(
        &self,
        creditor_agent: Lei,
        after: Option<OutboxPlace>,
        limit: usize,
    ) -> Result<Vec<OutboxMessage>, BackendError> {
        let after = after.map(|place| DeliveryKey {
            agent: place.debtor_agent,
            uetr: place.uetr,
        });
        let found = self
            .0
            .outbox(&creditor_agent, after.as_ref(), limit)
            .map_err(|error| BackendError {
                what: "read an outbox".to_owned(),
                source: error.into(),
            })?;
        let message = |delivery: Delivery| OutboxMessage {
            place: OutboxPlace {
                debtor_agent: delivery.key.agent,
                uetr: delivery.key.uetr,
            },
            sealed: delivery.ciphertext,
        };
        Ok(found.into_iter().map(message).collect())
    }
}
