//! Transactions whose signatures this node has verified, so that each is verified once.
//!
//! The key is the hash of body, keys and signatures together, and what is remembered is the cryptographic fact only:
//! execution always judges registration, role and revocation again. Anybody can have a transaction verified, so the memory
//! is bounded in number and in bytes, the oldest go first, and only so many clients' transactions wait to be verified.

use karwan_ledger::{Rejection, VerifiedTransaction};
use karwan_types::{ChainId, EncodedTransaction, TransactionId};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most transactions remembered.
const VERIFIED_MAX: usize = 50_000;
/// The most memory that they take, in bytes, by [`memory_bytes`].
const VERIFIED_BYTES_MAX: usize = 64 << 20;
/// How many times the length of its encoding a remembered transaction takes in memory: the encoding and its decoded parts.
const MEMORY_PER_ENCODED_BYTE: usize = 4;
/// What a remembered transaction takes besides, in bytes.
const MEMORY_BYTES_EACH: usize = 256;
/// The most transactions of clients that wait to be verified or are being verified.
const VERIFICATIONS_WAITING_MAX: usize = 256;

/// The memory of verified transactions.
pub(crate) struct VerifiedCache {
    inner: Mutex<Inner>,
    places: Arc<Semaphore>,
}

#[derive(Default)]
struct Inner {
    known: BTreeMap<TransactionId, VerifiedTransaction>,
    order: VecDeque<TransactionId>,
    /// The memory of all that are known.
    bytes: usize,
}

impl Default for VerifiedCache {
    fn default() -> Self {
        Self {
            inner: Mutex::default(),
            places: Arc::new(Semaphore::new(VERIFICATIONS_WAITING_MAX)),
        }
    }
}

impl VerifiedCache {
    /// A place among the transactions that wait to be verified, to be held until it is; none when all are taken.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }
    pub(crate) fn get(&self, id: &TransactionId) -> Option<VerifiedTransaction> {
        self.lock().known.get(id).cloned()
    }
    /// Verifies a transaction, or remembers that it was.
    pub(crate) fn verify(
        &self,
        encoded: EncodedTransaction,
        chain: &ChainId,
    ) -> Result<VerifiedTransaction, Rejection> {
        let id = encoded.id();
        if let Some(known) = self.get(&id) {
            return Ok(known);
        }
        let verified = VerifiedTransaction::from_encoded(encoded, chain)?;
        let mut inner = self.lock();
        inner.remember(verified.clone());
        inner.forget_oldest(VERIFIED_MAX, VERIFIED_BYTES_MAX);
        Ok(verified)
    }
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn remember(&mut self, transaction: VerifiedTransaction) {
        let (id, bytes) = (transaction.id(), memory_bytes(&transaction));
        if self.known.insert(id, transaction).is_none() {
            self.order.push_back(id);
            self.bytes = self.bytes.saturating_add(bytes);
        }
    }
    fn forget_oldest(&mut self, count_max: usize, bytes_max: usize) {
        while self.order.len() > count_max || self.bytes > bytes_max {
            let Some(oldest) = self.order.pop_front() else {
                return;
            };
            if let Some(forgotten) = self.known.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(memory_bytes(&forgotten));
            }
        }
    }
}

/// About what a remembered transaction takes in memory.
fn memory_bytes(transaction: &VerifiedTransaction) -> usize {
    let encoded = transaction.encoded().as_bytes().len();
    encoded
        .saturating_mul(MEMORY_PER_ENCODED_BYTE)
        .saturating_add(MEMORY_BYTES_EACH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use karwan_ledger::{ConfirmCredit, Transaction};
    use karwan_types::{AgentIdentification, Hash, SecretKey, Timestamp, Uetr};

    fn transaction(number: u8) -> VerifiedTransaction {
        let chain = ChainId(Hash::ZERO);
        let agent = "529900T8BM49AURSDO55".parse().expect("an LEI");
        let operation = ConfirmCredit {
            agent: AgentIdentification::Lei(agent),
            uetr: Uetr::from_random_bytes([number; 16]),
        };
        let encoded = Transaction::unsigned(chain, operation.into(), Timestamp::from_millis(1))
            .signed_by(&SecretKey::from_seed(&[7; 32]))
            .to_encoded();
        VerifiedTransaction::from_encoded(encoded, &chain).expect("it is well-formed and signed")
    }

    #[test]
    fn the_oldest_are_forgotten_when_there_are_too_many_or_they_take_too_much() {
        let all = [1, 2, 3, 4].map(transaction);
        let each = memory_bytes(&all[0]);
        let mut inner = Inner::default();
        for transaction in all.iter().chain(&all) {
            inner.remember(transaction.clone());
        }
        assert_eq!(inner.bytes, 4 * each);
        let mut check = |count_max, bytes_max, left: &[VerifiedTransaction]| {
            inner.forget_oldest(count_max, bytes_max);
            let expected: Vec<TransactionId> = left.iter().map(VerifiedTransaction::id).collect();
            assert_eq!(inner.order, expected);
            assert_eq!(inner.known.len(), left.len());
            assert_eq!(inner.bytes, left.len() * each);
        };
        check(9, 4 * each, &all);
        check(3, 9 * each, &all[1..]);
        check(3, 3 * each - 1, &all[2..]);
        check(3, 0, &[]);
    }

    #[test]
    fn only_so_many_wait_to_be_verified() {
        let cache = VerifiedCache::default();
        let mut places: Vec<_> = (0..VERIFICATIONS_WAITING_MAX)
            .map(|_| cache.place())
            .collect();
        assert!(places.iter().all(Option::is_some));
        assert!(cache.place().is_none());
        places.pop();
        assert!(cache.place().is_some());
    }
}
