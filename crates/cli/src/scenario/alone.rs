//! The ledger alone: one state, one transaction to a block, a second from block to block. No network, disk or clock.

use super::chain::{Chain, Submitted};
use super::document::Passing;
use anyhow::{Context, bail};
use karwan_ledger::{
    Account, BlockSeat, Genesis, Rejection, State, Transaction, VerifiedTransaction,
};
use karwan_types::{
    AccountNumber, DurationMs, Hash, InstructionHash, Outcome, PublicKey, Timestamp,
    TransactionStatus, Uetr,
};

/// The time from block to block, when a scenario does not say otherwise.
const BLOCK_INTERVAL: DurationMs = DurationMs::from_millis(1_000);

/// A chain of one machine without a network.
pub(crate) struct Alone {
    state: State,
    parent: Hash,
    proposer: PublicKey,
}

impl Alone {
    pub(crate) fn new(genesis: &Genesis) -> anyhow::Result<Self> {
        let validators = &genesis.document().validators;
        let proposer = validators
            .first()
            .context("genesis lists no validator")?
            .key;
        Ok(Self {
            state: genesis.state.clone(),
            parent: genesis.chain_id.0,
            proposer,
        })
    }

    /// One block, after which no currency may have become more or less.
    fn block(&mut self, time: Timestamp, transactions: &[VerifiedTransaction]) -> Vec<Outcome> {
        let seat = BlockSeat {
            parent: self.parent,
            time,
            proposer: self.proposer,
        };
        let draft = self.state.draft(&seat, transactions);
        draft.state.assert_conserved();
        self.parent = draft.block.header.hash();
        self.state = draft.state;
        draft.outcomes
    }

    fn refused(&self, rejection: &Rejection) -> Submitted {
        Submitted::Refused {
            refusal: rejection.to_refusal(),
            clause: self.state.rules().cited(rejection).id.clone(),
        }
    }
}

impl Chain for Alone {
    fn state(&self) -> &State {
        &self.state
    }

    fn now(&self) -> Timestamp {
        self.state.chain().time.after(BLOCK_INTERVAL)
    }

    fn submit(&mut self, transaction: &Transaction) -> anyhow::Result<Submitted> {
        let chain = self.state.chain().chain_id;
        let time = self.now();
        let verified = VerifiedTransaction::from_encoded(transaction.to_encoded(), &chain);
        let verified = match verified {
            Ok(verified) => verified,
            Err(rejection) => return Ok(self.refused(&rejection)),
        };
        // What a node asks before it takes a transaction in.
        if let Err(rejection) = self.state.check_admissible(&verified, time) {
            return Ok(self.refused(&rejection));
        }
        Ok(Submitted::Final(self.block(time, &[verified])))
    }

    fn pass(&mut self, passing: Passing) -> anyhow::Result<Vec<Outcome>> {
        let last = self.state.chain().time;
        let (time, count) = match passing {
            Passing::After(length) => (last.after(length), 1),
            Passing::At(time) => (time, 1),
            Passing::Blocks(count) => (self.now(), count),
        };
        if time <= last {
            bail!(
                "time does not go back: the last block is of {last}, and the next one would be of {time}"
            );
        }
        let mut outcomes = self.block(time, &[]);
        for _ in 1..count {
            outcomes.extend(self.block(self.now(), &[]));
        }
        Ok(outcomes)
    }

    fn before_step(&mut self, _: usize, _: usize) -> anyhow::Result<()> {
        Ok(())
    }

    fn confirm_account(&mut self, _: &AccountNumber, _: &Account) -> anyhow::Result<()> {
        Ok(())
    }

    fn confirm_status(
        &mut self,
        _: InstructionHash,
        _: Option<Uetr>,
        _: TransactionStatus,
    ) -> anyhow::Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}
