//! Transactions whose signatures this node has verified, so that each is verified once.
//!
//! The key is the hash of body, keys and signatures together, and what is remembered is the cryptographic fact only:
//! execution always judges registration, role and revocation again. Bounded; the oldest go first.

use karwan_ledger::{Rejection, VerifiedTransaction};
use karwan_types::{ChainId, EncodedTransaction, TransactionId};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most transactions remembered.
const VERIFIED_MAX: usize = 50_000;

/// The memory of verified transactions.
#[derive(Default)]
pub(crate) struct VerifiedCache {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    known: BTreeMap<TransactionId, VerifiedTransaction>,
    order: VecDeque<TransactionId>,
}

impl VerifiedCache {
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
        if inner.known.insert(id, verified.clone()).is_none() {
            inner.order.push_back(id);
        }
        while inner.order.len() > VERIFIED_MAX {
            if let Some(oldest) = inner.order.pop_front() {
                inner.known.remove(&oldest);
            }
        }
        Ok(verified)
    }
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
