//! A driver for very large numbers of payments: bulk instructions, no invariants after every block, only what a proposer and a
//! validator do.

use super::instructions::{bulk, pay};
use super::words::*;
use super::{Chain, network};
use karwan_ledger::{
    BULK_PAYMENTS_MAX, Draft, Genesis, GenesisDocument, PayBulk, Transaction, VerifiedTransaction,
};

/// A chain with many payments.
pub(crate) struct Backlog {
    pub(crate) chain: Chain,
}

impl Backlog {
    pub(crate) fn new() -> Self {
        Self::of(network())
    }
    pub(crate) fn of(document: GenesisDocument) -> Self {
        let genesis = Genesis::new(document).expect("the document is sound");
        Self {
            chain: Chain::from_genesis(&genesis),
        }
    }
    /// The `number`th bulk instruction of as many payments of one rupee as fit, more than its maker may release alone.
    pub(crate) fn bulk(number: usize) -> PayBulk {
        let payment = |index: usize| {
            let mut one = pay(INDUS, RAVI, "1.01 PKR", "");
            let name = format!("{number}/{index}");
            one.payment.uetr = uetr(&name);
            one
        };
        bulk((0..BULK_PAYMENTS_MAX).map(payment).collect())
    }
    /// Builds a block and validates it, without the invariants' naive walk over everything.
    pub(crate) fn block(&mut self, transactions: &[Transaction]) -> Draft {
        let verified: Vec<VerifiedTransaction> = transactions
            .iter()
            .map(|one| self.chain.verify(one).expect("its form is right"))
            .collect();
        let draft = self.chain.state.draft(&self.chain.seat(), &verified);
        let included: Vec<VerifiedTransaction> = verified
            .into_iter()
            .filter(|one| draft.block.transactions.contains(one.encoded()))
            .collect();
        let again = self
            .chain
            .state
            .validate(self.chain.parent, &draft.block, &included)
            .expect("a validator comes to the proposer's result");
        assert_eq!(again.block, draft.block);
        self.chain.parent = draft.block.hash();
        self.chain.state = draft.state.clone();
        self.chain.after(SECOND);
        draft
    }
}
