//! Transactions that wait for a block, in order of arrival, within limits of number, bytes and share of one institution.
//!
//! What waits here is verified and was includable when it came; whether it still is, is judged when a block is built. One
//! signer may fill a quarter of the number and of the bytes, so that it cannot starve the others.

use karwan_ledger::{State, VerifiedTransaction};
use karwan_types::{BLOCK_BYTES_MAX, PublicKey, Timestamp, TransactionId};
use std::collections::{BTreeMap, VecDeque};

/// The most transactions that wait.
pub const MEMPOOL_TRANSACTIONS_MAX: usize = 40_000;
/// The most bytes that wait.
pub const MEMPOOL_BYTES_MAX: usize = 64 << 20;
/// The most transactions that one block takes.
const BLOCK_TRANSACTIONS_MAX: usize = 10_000;

/// What waits for a block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mempool {
    order: VecDeque<TransactionId>,
    waiting: BTreeMap<TransactionId, VerifiedTransaction>,
    shares: BTreeMap<PublicKey, Share>,
    bytes: usize,
}

/// What waits of one signer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Share {
    transactions: usize,
    bytes: usize,
}

/// How many signers fill everything together at least.
const SHARES: usize = 4;

/// Whether there was room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offered {
    Taken,
    Known,
    Full,
}

impl Mempool {
    pub(crate) fn offer(&mut self, transaction: VerifiedTransaction) -> Offered {
        let id = transaction.id();
        if self.waiting.contains_key(&id) {
            return Offered::Known;
        }
        let size = transaction.encoded().as_bytes().len();
        let payer = payer(&transaction);
        let share = self.shares.get(&payer).copied().unwrap_or_default();
        let full = self.waiting.len() >= MEMPOOL_TRANSACTIONS_MAX
            || self.bytes.saturating_add(size) > MEMPOOL_BYTES_MAX
            || share.transactions >= MEMPOOL_TRANSACTIONS_MAX / SHARES
            || share.bytes.saturating_add(size) > MEMPOOL_BYTES_MAX / SHARES;
        if full {
            return Offered::Full;
        }
        self.bytes = self.bytes.saturating_add(size);
        let share = Share {
            transactions: share.transactions.saturating_add(1),
            bytes: share.bytes.saturating_add(size),
        };
        self.shares.insert(payer, share);
        self.order.push_back(id);
        self.waiting.insert(id, transaction);
        Offered::Taken
    }
    pub(crate) fn get(&self, id: &TransactionId) -> Option<&VerifiedTransaction> {
        self.waiting.get(id)
    }
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
    /// The oldest transactions, about one block of them.
    pub(crate) fn candidates(&self) -> Vec<VerifiedTransaction> {
        let mut bytes = 0usize;
        let oldest = self
            .order
            .iter()
            .filter_map(|id| self.waiting.get(id))
            .take(BLOCK_TRANSACTIONS_MAX);
        let fitting = oldest.take_while(|transaction| {
            bytes = bytes.saturating_add(transaction.encoded().as_bytes().len());
            bytes <= BLOCK_BYTES_MAX
        });
        fitting.cloned().collect()
    }
    /// All that waits, oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &VerifiedTransaction> {
        self.order.iter().filter_map(|id| self.waiting.get(id))
    }
    /// Forgets what was included and what can never be included any more.
    pub(crate) fn settle(&mut self, state: &State, time: Timestamp) {
        let gone: Vec<TransactionId> = self
            .waiting
            .values()
            .filter(|transaction| state.check_includable(transaction, time).is_err())
            .map(VerifiedTransaction::id)
            .collect();
        for id in &gone {
            let Some(transaction) = self.waiting.remove(id) else {
                continue;
            };
            let size = transaction.encoded().as_bytes().len();
            self.bytes = self.bytes.saturating_sub(size);
            let payer = payer(&transaction);
            let share = self.shares.get(&payer).copied().unwrap_or_default();
            let left = Share {
                transactions: share.transactions.saturating_sub(1),
                bytes: share.bytes.saturating_sub(size),
            };
            if left.transactions == 0 {
                self.shares.remove(&payer);
            } else {
                self.shares.insert(payer, left);
            }
        }
        if !gone.is_empty() {
            let waiting = &self.waiting;
            self.order.retain(|id| waiting.contains_key(id));
        }
    }
}

/// Whose share a transaction counts against: its first signer's key stands for the institution.
fn payer(transaction: &VerifiedTransaction) -> PublicKey {
    transaction
        .transaction()
        .signatures
        .first()
        .map(|entry| entry.key)
        .expect("a verified transaction has at least one signature")
}
