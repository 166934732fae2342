//! Orders that take no reference, remembered until they expire, so that nobody executes them again.

use super::Execution;
use karwan_types::{HashDomain, InstructionHash, Timestamp, TransactionId, encode, hash_of};

impl Execution<'_> {
    /// Whether the very same order has executed: what takes no reference could otherwise be executed again by anybody who has
    /// seen it, with its signatures in another order. Signed anew, with another expiry, it is another order.
    pub(super) fn is_done(&self) -> bool {
        let done = done(self.instruction, self.valid_until);
        self.state.holds_transaction(&done)
    }
    pub(super) fn remember_done(&mut self) {
        let done = done(self.instruction, self.valid_until);
        self.state.remember_transaction(done, self.valid_until);
    }
}

/// What stands among the transactions for an order that has executed, until it has expired.
fn done(instruction: InstructionHash, valid_until: Timestamp) -> TransactionId {
    let body = encode(&(instruction, valid_until));
    TransactionId(hash_of(HashDomain::ExecutedOrder, &[&body]))
}
