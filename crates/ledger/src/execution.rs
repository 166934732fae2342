//! Executing one transaction: authority, idempotency, quorum, then the operation; and what block time brings about.
//!
//! Every status transition becomes one outcome, in order. A refusal is an outcome too; it changes nothing but the record
//! that it happened.

use crate::operations::Operation;
use crate::records::{InstructionKey, PendingApproval, Record, RecordKind};
use crate::rejection::Rejection;
use crate::state::{Due, State};
use crate::transaction::VerifiedTransaction;
use crate::{posting, records};
use karwan_types::{
    AccountNumber, Amount, Height, InstructionHash, Max35Text, Movement, Outcome, PublicKey,
    Refusal, Timestamp, TransactionId, TransactionStatus,
};
use std::collections::BTreeSet;

/// The most things that block time brings about in one block; the rest waits for the next.
const DUE_PER_BLOCK_MAX: usize = 10_000;

/// The two accounts of a payment.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) debit: AccountNumber,
    pub(crate) credit: AccountNumber,
}

/// One reference that an instruction takes, and the money it stands for.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) key: InstructionKey,
    pub(crate) kind: RecordKind,
    pub(crate) movement: Movement,
}

/// One instruction being executed.
pub(crate) struct Execution<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) height: Height,
    pub(crate) time: Timestamp,
    /// The transaction that causes this; none when block time does.
    pub(crate) cause: Option<TransactionId>,
    /// The transaction that brought the instruction.
    pub(crate) origin: TransactionId,
    pub(crate) instruction: InstructionHash,
    pub(crate) operation: &'static str,
    pub(crate) valid_until: Timestamp,
    pub(crate) outcomes: &'a mut Vec<Outcome>,
}

/// The clause that an executed instruction cites.
const EXECUTED: &str = "4.14";
/// The clause that a waiting instruction cites.
const WAITING: &str = "4.4";
/// The clause that a repeated instruction cites.
const REPEATED: &str = "4.5";

/// Executes one verified transaction that the block may hold.
pub(crate) fn execute_transaction(
    state: &mut State,
    (height, time): (Height, Timestamp),
    transaction: &VerifiedTransaction,
    outcomes: &mut Vec<Outcome>,
) {
    let body = transaction.transaction();
    let signers: BTreeSet<PublicKey> = body.signatures.iter().map(|entry| entry.key).collect();
    state.remember_transaction(transaction.id(), body.valid_until);
    let mut execution = Execution {
        state,
        height,
        time,
        cause: Some(transaction.id()),
        origin: transaction.id(),
        instruction: transaction.instruction_hash(),
        operation: body.operation.name(),
        valid_until: body.valid_until,
        outcomes,
    };
    if let Err(rejection) = execution.submit(&body.operation, &signers) {
        execution.answer(TransactionStatus::Rjct, Some(&rejection));
    }
}

impl Execution<'_> {
    /// Checks 4 and 5, then waits for signatures or executes. An error refuses the instruction as a whole without using up a reference.
    fn submit(
        &mut self,
        operation: &Operation,
        signers: &BTreeSet<PublicKey>,
    ) -> Result<(), Rejection> {
        let authority = operation.authority(self.state)?;
        authority.check_signers(self.state, signers)?;
        if let Operation::Approve(approve) = operation {
            return self.approve(approve.instruction, signers);
        }
        let items = operation.items(self.state);
        let open = self.take_references(&items)?;
        if open.is_empty() && !items.is_empty() {
            return Ok(());
        }
        if self.state.approval(&self.instruction).is_some() {
            self.answer(TransactionStatus::Patc, None);
            return Ok(());
        }
        if authority.is_met(self.state, signers) {
            self.run(operation, &open);
        } else {
            self.wait(operation, signers, &open);
        }
        Ok(())
    }

    /// Check 5: which items are new. A repeated one gets its stored answer, a conflicting one is refused.
    fn take_references(&mut self, items: &[Item]) -> Result<Vec<Item>, Rejection> {
        let mut open = Vec::with_capacity(items.len());
        let all_or_none = self.operation == "Linked";
        for item in items {
            match self.state.record(&item.key).cloned() {
                None => open.push(item.clone()),
                Some(record) if record.instruction == self.instruction => {
                    self.push(
                        item.movement.clone(),
                        record.status,
                        record.refusal,
                        REPEATED,
                    );
                }
                Some(_) => {
                    let rejection = Rejection::UetrConflict {
                        uetr: item.key.uetr,
                    };
                    if all_or_none {
                        return Err(rejection);
                    }
                    self.push(
                        item.movement.clone(),
                        TransactionStatus::Rjct,
                        Some(rejection.to_refusal()),
                        rejection.clause(),
                    );
                }
            }
        }
        Ok(open)
    }

    /// Records an instruction that has too few signatures.
    fn wait(&mut self, operation: &Operation, signers: &BTreeSet<PublicKey>, open: &[Item]) {
        let approval = PendingApproval {
            operation: operation.clone(),
            transaction: self.origin,
            valid_until: self.valid_until,
            signers: signers.clone(),
        };
        self.state.put_approval(self.instruction, approval);
        for item in open {
            self.transition(item, TransactionStatus::Patc, None, WAITING);
        }
        if open.is_empty() {
            self.answer(TransactionStatus::Patc, None);
        }
    }

    /// Counts further signatures; at the quorum the instruction executes at this block's time.
    fn approve(
        &mut self,
        instruction: InstructionHash,
        signers: &BTreeSet<PublicKey>,
    ) -> Result<(), Rejection> {
        let missing = || Rejection::NothingToApprove { instruction };
        let mut pending = self
            .state
            .approval(&instruction)
            .cloned()
            .ok_or_else(missing)?;
        for key in signers {
            if !pending.signers.insert(*key) {
                return Err(Rejection::AlreadySigned { key: *key });
            }
        }
        self.answer(TransactionStatus::Acsc, None);
        let met = pending
            .operation
            .authority(self.state)
            .is_ok_and(|authority| authority.is_met(self.state, &pending.signers));
        if !met {
            self.state.take_approval(&instruction);
            self.state.put_approval(instruction, pending);
            return Ok(());
        }
        self.state.take_approval(&instruction);
        let open = open_items(self.state, &pending.operation, instruction);
        if open.is_empty() && !pending.operation.items(self.state).is_empty() {
            // Every payment of it was cancelled meanwhile.
            return Ok(());
        }
        let mut original = Execution {
            state: self.state,
            height: self.height,
            time: self.time,
            cause: self.cause,
            origin: pending.transaction,
            instruction,
            operation: pending.operation.name(),
            valid_until: pending.valid_until,
            outcomes: self.outcomes,
        };
        original.run(&pending.operation, &open);
        Ok(())
    }

    /// Executes an instruction that has its signatures.
    fn run(&mut self, operation: &Operation, open: &[Item]) {
        match operation.execute(self, open) {
            Ok(()) if open.is_empty() => self.answer(TransactionStatus::Acsc, None),
            Ok(()) => {}
            Err(rejection) if open.is_empty() => {
                self.answer(TransactionStatus::Rjct, Some(&rejection))
            }
            Err(rejection) => {
                for item in open {
                    self.refuse(item, &rejection);
                }
            }
        }
    }

    /// An outcome of the instruction as a whole.
    pub(crate) fn answer(&mut self, status: TransactionStatus, rejection: Option<&Rejection>) {
        let clause = match (rejection, status) {
            (Some(rejection), _) => rejection.clause(),
            (None, TransactionStatus::Patc) => WAITING,
            (None, _) => EXECUTED,
        };
        let outcome = self.outcome(status, rejection.map(Rejection::to_refusal), clause, None);
        self.outcomes.push(outcome);
    }

    /// Refuses one item and keeps its reference used up.
    pub(crate) fn refuse(&mut self, item: &Item, rejection: &Rejection) {
        self.transition(
            item,
            TransactionStatus::Rjct,
            Some(rejection.to_refusal()),
            rejection.clause(),
        );
    }

    /// Settles one item.
    pub(crate) fn settled(&mut self, item: &Item) {
        self.transition(item, TransactionStatus::Acsc, None, EXECUTED);
    }

    /// Leaves one item open for its next step.
    pub(crate) fn pending(&mut self, item: &Item) {
        self.transition(item, TransactionStatus::Pdng, None, EXECUTED);
    }

    /// Records an item's new status and its outcome.
    fn transition(
        &mut self,
        item: &Item,
        status: TransactionStatus,
        refusal: Option<Refusal>,
        clause: &str,
    ) {
        let record = Record {
            instruction: self.instruction,
            transaction: self.origin,
            kind: item.kind.clone(),
            status,
            refusal: refusal.clone(),
            movement: item.movement.clone(),
            returned: Amount::ZERO,
            height: self.height,
            retained_until: self.retained_until(),
        };
        self.state.put_record(item.key, record);
        self.push(item.movement.clone(), status, refusal, clause);
    }

    /// Changes the status of a record that another instruction opened, with an outcome under that instruction.
    pub(crate) fn advance(&mut self, key: InstructionKey, change: impl FnOnce(&mut Record)) {
        let mut record = self
            .state
            .record(&key)
            .cloned()
            .expect("the record was found before");
        let before = record.status;
        change(&mut record);
        assert!(
            record.status >= before,
            "the status of {} may not go back",
            key.uetr
        );
        record.height = self.height;
        if record.status.is_terminal() {
            let retention = self.state.chain().parameters.retention_ms;
            record.retained_until = record.retained_until.max(self.time.after(retention));
        }
        let outcome = Outcome {
            transaction: self.cause,
            instruction: record.instruction,
            operation: text(record.kind.name()),
            status: record.status,
            refusal: record.refusal.clone(),
            clause: text(EXECUTED),
            rulebook: self.state.chain().parameters.rulebook,
            movement: Some(record.movement.clone()),
        };
        self.state.put_record(key, record);
        self.outcomes.push(outcome);
    }

    /// Forgets that an instruction waits when its last payment was cancelled.
    pub(crate) fn drop_approval_if_empty(&mut self, instruction: InstructionHash) {
        let Some(pending) = self.state.approval(&instruction) else {
            return;
        };
        if open_items(self.state, &pending.operation, instruction).is_empty() {
            self.state.take_approval(&instruction);
        }
    }

    fn push(
        &mut self,
        movement: Movement,
        status: TransactionStatus,
        refusal: Option<Refusal>,
        clause: &str,
    ) {
        let outcome = self.outcome(status, refusal, clause, Some(movement));
        self.outcomes.push(outcome);
    }

    fn outcome(
        &self,
        status: TransactionStatus,
        refusal: Option<Refusal>,
        clause: &str,
        movement: Option<Movement>,
    ) -> Outcome {
        Outcome {
            transaction: self.cause,
            instruction: self.instruction,
            operation: text(self.operation),
            status,
            refusal,
            clause: text(clause),
            rulebook: self.state.chain().parameters.rulebook,
            movement,
        }
    }

    fn retained_until(&self) -> Timestamp {
        let retention = self.state.chain().parameters.retention_ms;
        self.valid_until.max(self.time).after(retention)
    }
}

/// The items of a waiting instruction that were not cancelled meanwhile.
fn open_items(state: &State, operation: &Operation, instruction: InstructionHash) -> Vec<Item> {
    let waits = |item: &Item| {
        state.record(&item.key).is_some_and(|record| {
            record.instruction == instruction && record.status == TransactionStatus::Patc
        })
    };
    operation.items(state).into_iter().filter(waits).collect()
}

fn text(constant: &str) -> Max35Text {
    constant
        .parse()
        .expect("names and clauses are short constants")
}

impl RecordKind {
    /// The name of the instruction that opens such a record.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Payment => "Pay",
            Self::IssueRequest => "IssueRequest",
            Self::Redemption => "RedeemRequest",
            Self::Hold { .. } => "Hold",
            Self::Return { .. } => "Return",
        }
    }
}

/// What block time brings about, before the block's transactions: expired holds are released, instructions whose
/// signatures did not come are refused, and what need not be remembered is forgotten.
pub(crate) fn execute_due(
    state: &mut State,
    (height, time): (Height, Timestamp),
    outcomes: &mut Vec<Outcome>,
) {
    for _ in 0..DUE_PER_BLOCK_MAX {
        let Some((at, due)) = state.due.get_min().copied() else {
            return;
        };
        let ripe = match due {
            Due::HoldExpires(_) => at <= time,
            // These may still be used at exactly their time.
            Due::ApprovalExpires(_) | Due::ForgetTransaction(_) | Due::PruneRecord(_) => at < time,
        };
        if !ripe && at >= time {
            // Nothing at a later time can be ripe; something else at this very time may be.
            let hold_now = state
                .due
                .iter()
                .take_while(|(other, _)| *other <= time)
                .find_map(|entry| match entry.1 {
                    Due::HoldExpires(key) => Some((entry.0, key)),
                    Due::ApprovalExpires(_) | Due::ForgetTransaction(_) | Due::PruneRecord(_) => {
                        None
                    }
                });
            let Some((at, key)) = hold_now else { return };
            state.due.remove(&(at, Due::HoldExpires(key)));
            expire_hold(state, (height, time), key, outcomes);
            continue;
        }
        state.due.remove(&(at, due));
        match due {
            Due::HoldExpires(key) => expire_hold(state, (height, time), key, outcomes),
            Due::ApprovalExpires(instruction) => {
                expire_approval(state, (height, time), instruction, outcomes)
            }
            Due::ForgetTransaction(id) => {
                state.transactions.remove(&id);
            }
            Due::PruneRecord(key) => state.prune_record(&key),
        }
    }
}

fn expire_hold(
    state: &mut State,
    at: (Height, Timestamp),
    key: InstructionKey,
    outcomes: &mut Vec<Outcome>,
) {
    let record = state
        .record(&key)
        .cloned()
        .expect("a hold that falls due has its record");
    let account = record
        .movement
        .debtor_account
        .clone()
        .expect("a hold has its account");
    posting::release(state, &account, record.movement.amount);
    let mut execution = by_time(state, at, &record, outcomes);
    execution.advance(key, |record| record.status = TransactionStatus::Canc);
}

fn expire_approval(
    state: &mut State,
    at: (Height, Timestamp),
    instruction: InstructionHash,
    outcomes: &mut Vec<Outcome>,
) {
    let Some(pending) = state.take_approval(&instruction) else {
        return;
    };
    let items = pending.operation.items(state);
    let open = open_items(state, &pending.operation, instruction);
    let mut execution = Execution {
        state,
        height: at.0,
        time: at.1,
        cause: None,
        origin: pending.transaction,
        instruction,
        operation: pending.operation.name(),
        valid_until: pending.valid_until,
        outcomes,
    };
    for item in &open {
        execution.refuse(item, &Rejection::ApprovalTimeout);
    }
    if items.is_empty() {
        execution.answer(TransactionStatus::Rjct, Some(&Rejection::ApprovalTimeout));
    }
}

fn by_time<'a>(
    state: &'a mut State,
    (height, time): (Height, Timestamp),
    record: &records::Record,
    outcomes: &'a mut Vec<Outcome>,
) -> Execution<'a> {
    Execution {
        state,
        height,
        time,
        cause: None,
        origin: record.transaction,
        instruction: record.instruction,
        operation: record.kind.name(),
        valid_until: time,
        outcomes,
    }
}
