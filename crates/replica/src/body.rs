//! A block's body with its signatures checked: the costly part, which needs no state and can be done in parallel.

use karwan_ledger::{Rejection, VerifiedTransaction};
use karwan_types::{Block, ChainId, EncodedTransaction, Hash, TransactionId};

/// A block whose every instruction was decoded and verified, or the first that could not be.
#[derive(Clone, Debug)]
pub struct CheckedBody {
    pub(crate) block: Block,
    pub(crate) hash: Hash,
    pub(crate) transactions: Result<Vec<VerifiedTransaction>, Rejection>,
}

impl CheckedBody {
    /// Checks every transaction; `known` may give those that were verified before, by their id, so that each signature
    /// is verified once per node.
    pub fn check(
        block: Block,
        chain_id: &ChainId,
        known: &dyn Fn(&TransactionId) -> Option<VerifiedTransaction>,
    ) -> Self {
        let verified = |encoded: &EncodedTransaction| match known(&encoded.id()) {
            Some(transaction) => Ok(transaction),
            None => VerifiedTransaction::from_encoded(encoded.clone(), chain_id),
        };
        let transactions = block.transactions.iter().map(verified).collect();
        let hash = block.hash();
        Self {
            block,
            hash,
            transactions,
        }
    }
    /// The block's hash.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }
    /// The block.
    #[must_use]
    pub fn block(&self) -> &Block {
        &self.block
    }
}
