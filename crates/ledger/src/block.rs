//! From transactions to a block and back: what a proposer builds, and what a validator checks by executing it again.
//!
//! The header commits to the state after the block, so both do the same work on a clone of the state and compare. The
//! draft that was decided is adopted as it is and never executed twice.

use crate::authority::check_keys;
use crate::day_book;
use crate::due::execute_due;
use crate::execution::execute_transaction;
use crate::queue;
use crate::rejection::Rejection;
use crate::state::State;
use crate::supervision;
use crate::transaction::VerifiedTransaction;
use karwan_types::{
    BLOCK_BYTES_MAX, BLOCK_VERSION, Block, BlockHeader, EncodedTransaction, Hash, Height, Outcome,
    PublicKey, Timestamp, TransactionId, receipts_root, transactions_root,
};
use std::collections::BTreeSet;

/// The number of status transitions in a block at which it takes no further transaction. One approval may release a thousand
/// payments, so the size of the transactions alone does not bound the work and the stored frame.
pub const BLOCK_OUTCOMES_MAX: usize = 30_000;

/// A block executed on a clone of the state, not decided yet.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The block.
    pub block: Block,
    /// Its status transitions, the leaves of its receipts root.
    pub outcomes: Vec<Outcome>,
    /// The state after it.
    pub state: State,
}

/// Who builds a block, when, and on what.
#[derive(Clone, Copy, Debug)]
pub struct BlockSeat {
    /// The hash of the block before; the chain id for the first block.
    pub parent: Hash,
    /// The block's time, later than the parent's.
    pub time: Timestamp,
    /// The consensus key of the builder.
    pub proposer: PublicKey,
}

/// A block under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opened {
    pub(crate) height: Height,
    pub(crate) time: Timestamp,
    /// How many entries waited before it.
    waiting: usize,
}

/// Why a block cannot be voted for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBlock {
    /// Another format.
    #[error("the block has version {0}")]
    Version(u16),
    /// Not the next block of this chain.
    #[error("the block's {0} does not follow from the block before")]
    Sequence(&'static str),
    /// Too large.
    #[error("the transactions have {0} bytes, more than the limit of {BLOCK_BYTES_MAX}")]
    TooLarge(usize),
    /// Too much happens in it.
    #[error("the block has more transactions after status transition {BLOCK_OUTCOMES_MAX}")]
    TooManyOutcomes,
    /// The transactions handed in are not those of the block.
    #[error("the verified transactions are not those of the block")]
    Transactions,
    /// An instruction that may not be in this block.
    #[error("transaction {id} may not be in the block: {rejection}")]
    Instruction {
        /// The transaction.
        id: TransactionId,
        /// Why.
        rejection: Rejection,
    },
    /// Executing gives another result.
    #[error("executing the block gives another {0} than its header states")]
    Result(&'static str),
}

impl State {
    /// Whether a transaction can be included at `time`: not expired, not valid for too long, not on the ledger already.
    ///
    /// # Errors
    /// The `Rejection` to tell the sender.
    pub fn check_includable(
        &self,
        transaction: &VerifiedTransaction,
        time: Timestamp,
    ) -> Result<(), Rejection> {
        let valid_until = transaction.transaction().valid_until;
        if valid_until < time {
            return Err(Rejection::Expired { valid_until });
        }
        let operation = &transaction.transaction().operation;
        let latest = time.after(operation.validity_max(self.rules()));
        if valid_until > latest {
            return Err(Rejection::ValidTooLong { latest });
        }
        if self.holds_transaction(&transaction.id()) {
            return Err(Rejection::Duplicate);
        }
        Ok(())
    }

    /// Whether a node should take a transaction in: includable, and its signers are known and may sign it now.
    ///
    /// # Errors
    /// The `Rejection` to tell the sender.
    pub fn check_admissible(
        &self,
        transaction: &VerifiedTransaction,
        time: Timestamp,
    ) -> Result<(), Rejection> {
        self.check_includable(transaction, time)?;
        let body = transaction.transaction();
        let signers: BTreeSet<PublicKey> = body.signatures.iter().map(|entry| entry.key).collect();
        check_keys(self, &signers)?;
        match body.operation.authority(self) {
            Ok(authority) => authority.check_signers(self, &signers),
            // What the authority depends on may still be on its way, for example the request that an issue answers.
            Err(_) => Ok(()),
        }
    }

    /// Builds a block from the transactions that can be included, in order, and leaves out the others.
    #[must_use]
    pub fn draft(&self, seat: &BlockSeat, candidates: &[VerifiedTransaction]) -> Draft {
        let mut ids = BTreeSet::new();
        let mut bytes = 0usize;
        let mut taken = Vec::new();
        for transaction in candidates {
            let size = bytes.saturating_add(transaction.encoded().as_bytes().len());
            let fits = size <= BLOCK_BYTES_MAX;
            if fits
                && self.check_includable(transaction, seat.time).is_ok()
                && ids.insert(transaction.id())
            {
                bytes = size;
                taken.push(transaction.clone());
            }
        }
        self.execute(seat, &taken)
    }

    /// Executes a block on a clone and requires that it gives what its header states.
    ///
    /// # Errors
    /// `InvalidBlock` names the first thing wrong; such a block must not be voted for.
    pub fn validate(
        &self,
        parent: Hash,
        block: &Block,
        transactions: &[VerifiedTransaction],
    ) -> Result<Draft, InvalidBlock> {
        let header = &block.header;
        let chain = self.chain();
        if header.version != BLOCK_VERSION {
            return Err(InvalidBlock::Version(header.version));
        }
        let sequence = [
            (header.chain_id == chain.chain_id, "chain id"),
            (header.height == chain.height.next(), "height"),
            (header.parent == parent, "parent"),
            (header.time > chain.time, "time"),
            (chain.validators.get(&header.proposer).is_some(), "proposer"),
            (
                header.validators_hash == chain.validators.hash(),
                "validator set",
            ),
            (
                header.next_validators_hash == chain.next_validators.hash(),
                "next validator set",
            ),
        ];
        if let Some((_, part)) = sequence.iter().find(|(right, _)| !right) {
            return Err(InvalidBlock::Sequence(part));
        }
        self.check_transactions(block, transactions)?;
        let seat = BlockSeat {
            parent,
            time: header.time,
            proposer: header.proposer,
        };
        let draft = self.execute(&seat, transactions);
        if draft.block.transactions.len() < transactions.len() {
            return Err(InvalidBlock::TooManyOutcomes);
        }
        let result = &draft.block.header;
        let compared = [
            (
                result.transactions_root == header.transactions_root,
                "transactions root",
            ),
            (
                result.receipts_root == header.receipts_root,
                "receipts root",
            ),
            (result.state_root == header.state_root, "state root"),
        ];
        match compared.iter().find(|(right, _)| !right) {
            Some((_, part)) => Err(InvalidBlock::Result(part)),
            None => Ok(draft),
        }
    }

    fn check_transactions(
        &self,
        block: &Block,
        transactions: &[VerifiedTransaction],
    ) -> Result<(), InvalidBlock> {
        let encoded = |transaction: &VerifiedTransaction| transaction.encoded().clone();
        let given: Vec<EncodedTransaction> = transactions.iter().map(encoded).collect();
        if given != block.transactions {
            return Err(InvalidBlock::Transactions);
        }
        let bytes = given
            .iter()
            .fold(0usize, |sum, one| sum.saturating_add(one.as_bytes().len()));
        if bytes > BLOCK_BYTES_MAX {
            return Err(InvalidBlock::TooLarge(bytes));
        }
        let mut ids = BTreeSet::new();
        for transaction in transactions {
            let id = transaction.id();
            let invalid = |rejection| InvalidBlock::Instruction { id, rejection };
            self.check_includable(transaction, block.header.time)
                .map_err(invalid)?;
            if !ids.insert(id) {
                return Err(invalid(Rejection::Duplicate));
            }
        }
        Ok(())
    }

    /// The same for proposer, validator and auditor: what falls due, then the transactions in order as far as they fit,
    /// then the seal.
    fn execute(&self, seat: &BlockSeat, transactions: &[VerifiedTransaction]) -> Draft {
        let chain = self.chain().clone();
        let mut state = self.clone();
        let mut outcomes = Vec::with_capacity(transactions.len());
        let opened = state.open_block(seat.time);
        let at = (opened.height, opened.time);
        execute_due(&mut state, at, &mut outcomes);
        let mut executed: Vec<EncodedTransaction> = Vec::with_capacity(transactions.len());
        for transaction in transactions {
            if outcomes.len() >= BLOCK_OUTCOMES_MAX {
                break;
            }
            execute_transaction(&mut state, at, transaction, &mut outcomes);
            executed.push(transaction.encoded().clone());
        }
        state.close_block(opened, &mut outcomes);
        day_book::book(&mut state, opened.height, &outcomes);
        state.change_boundaries(&executed);
        state.seal();
        let header = BlockHeader {
            version: BLOCK_VERSION,
            chain_id: chain.chain_id,
            height: opened.height,
            time: seat.time,
            parent: seat.parent,
            transactions_root: transactions_root(&executed),
            receipts_root: receipts_root(&outcomes),
            state_root: state.root(),
            validators_hash: chain.validators.hash(),
            next_validators_hash: chain.next_validators.hash(),
            proposer: seat.proposer,
        };
        Draft {
            block: Block {
                header,
                transactions: executed,
            },
            outcomes,
            state,
        }
    }

    /// Opens the next block: its height, time and validators, and the turn of what waited for this time.
    pub(crate) fn open_block(&mut self, time: Timestamp) -> Opened {
        let chain = self.chain_mut();
        let height = chain.height.next();
        let change =
            (chain.next_validators != chain.validators).then(|| chain.next_validators.clone());
        let before = chain.time;
        chain.height = height;
        chain.time = time;
        chain.validators = chain.next_validators.clone();
        if let Some(next) = change {
            self.validator_changes.insert(height, next);
        }
        let waiting = self.queue.len();
        self.start_queue_entries(time);
        self.slide_windows(before, time);
        supervision::find_stopped(self, time);
        Opened {
            height,
            time,
            waiting,
        }
    }

    /// Closes a block: settles what can settle of what waits.
    pub(crate) fn close_block(&mut self, opened: Opened, outcomes: &mut Vec<Outcome>) {
        let at = (opened.height, opened.time);
        if self.orders_changed {
            supervision::find_stopped(self, opened.time);
        }
        queue::release(self, at, outcomes);
        if queue::is_cycle_due(self, opened.height, opened.waiting) {
            queue::run_cycle(self, at, outcomes);
            queue::release(self, at, outcomes);
        }
        self.cycle_asked = false;
    }

    /// Whether the accounts of every currency sum up to zero, and what is outstanding is what was issued and not redeemed.
    /// Walks all accounts.
    ///
    /// # Panics
    /// When they do not: the ledger has lost or made money, which is our own mistake and must not spread.
    pub fn assert_conserved(&self) {
        for (code, currency) in self.currencies() {
            let rows = self
                .accounts()
                .filter(|(_, account)| account.currency == *code);
            let sum = rows.fold(0i128, |sum, (_, account)| {
                sum.saturating_add(account.posted)
            });
            assert!(
                sum == 0,
                "the accounts in {code} must sum up to zero, not {sum}"
            );
            let contra = self
                .account(&currency.contra)
                .expect("every currency has its contra account")
                .posted;
            let outstanding = currency.outstanding();
            assert!(
                contra.unsigned_abs() == outstanding.minor(),
                "outstanding {code} must be minus the contra account"
            );
        }
    }
}
