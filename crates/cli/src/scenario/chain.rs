//! Where a scenario is performed: on the ledger alone, or on a network.

use super::document::Passing;
use karwan_ledger::{Account, State, Transaction};
use karwan_types::{
    AccountNumber, InstructionHash, Max35Text, Outcome, Refusal, Timestamp, TransactionStatus, Uetr,
};

/// A chain that the steps of a scenario are done on. The state is always that after the last block that was looked at.
pub(crate) trait Chain {
    /// The ledger after the last block.
    fn state(&self) -> &State;
    /// The time that the next block will have, as far as it can be told.
    fn now(&self) -> Timestamp;
    /// Submits a transaction and waits until it is final.
    fn submit(&mut self, transaction: &Transaction) -> anyhow::Result<Submitted>;
    /// Lets time pass.
    fn pass(&mut self, passing: Passing) -> anyhow::Result<Vec<Outcome>>;
    /// Called before each step, counted from 1.
    fn before_step(&mut self, number: usize, of: usize) -> anyhow::Result<()>;
    /// Asks whoever else keeps the ledger for an account, which must be as it is in [`Chain::state`].
    fn confirm_account(&mut self, number: &AccountNumber, account: &Account) -> anyhow::Result<()>;
    /// Asks the same about the status of an instruction, or of a payment in it.
    fn confirm_status(
        &mut self,
        instruction: InstructionHash,
        uetr: Option<Uetr>,
        status: TransactionStatus,
    ) -> anyhow::Result<()>;
    /// Called when every step has gone as expected.
    fn finish(&mut self) -> anyhow::Result<()>;
}

/// What became of a transaction.
#[derive(Debug)]
pub(crate) enum Submitted {
    /// Nothing of it is on the ledger.
    Refused { refusal: Refusal, clause: Max35Text },
    /// It is final; everything that happened since the step before, in order.
    Final(Vec<Outcome>),
}
