//! Executing one transaction: authority, idempotency, quorum, then the operation.
//!
//! Every status transition becomes one outcome, in order. A refusal is an outcome too; it changes nothing but the record
//! that it happened.

mod citation;
mod executed;

use citation::Citation;

use crate::authority::{Authority, acts_for, check_keys};
use crate::operations::Operation;
use crate::records::{InstructionKey, PendingApproval, Record, RecordKind};
use crate::rejection::Rejection;
use crate::state::State;
use crate::supervision;
use crate::transaction::VerifiedTransaction;
use karwan_types::{
    AccountNumber, Amount, Height, InstructionHash, Max35Text, Movement, Outcome, PublicKey,
    Refusal, Timestamp, TransactionId, TransactionStatus,
};
use std::collections::BTreeSet;

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
    /// The status of an instruction without references once it has executed: PDNG when block time has still to do its part.
    pub(crate) done: TransactionStatus,
    /// The payment that an instruction without references is about, so that both its sides learn of the outcome.
    pub(crate) concerns: Option<Movement>,
}

/// The rule that an executed instruction cites.
const EXECUTED: &str = "4.14";
/// The rule that a waiting instruction cites.
const WAITING: &str = "4.4";
/// The rule that a queued instruction cites.
const QUEUED: &str = "6";
/// The rule that the course of a recall cites.
const RECALLED: &str = "5";
/// The kind of instruction whose outcomes tell the course of a recall.
const RECALL: &str = "RecallRequest";
/// The rule that a repeated instruction cites.
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
    if state.orders_changed {
        supervision::find_stopped(state, time);
    }
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
        done: TransactionStatus::Acsc,
        concerns: None,
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
        check_keys(self.state, signers)?;
        let authority = operation.authority(self.state)?;
        authority.check_signers(self.state, signers)?;
        if let Operation::Approve(approve) = operation {
            return self.approve(approve.instruction, signers);
        }
        if self.counts(&authority, signers) {
            self.count(operation, signers);
            return Ok(());
        }
        if let Some(until) = self.outlives(signers) {
            return Err(Rejection::ExpiresEarlier { until });
        }
        let items = operation.items(self.state);
        let waits = self.state.approval(&self.instruction).is_some();
        if items.is_empty() && !waits && self.is_done() {
            return Err(Rejection::Duplicate);
        }
        if !waits && self.state.exchange(&self.instruction).is_some() {
            // It is matched or over: the other side's signature comes too late to begin it anew.
            items.iter().for_each(|item| self.repeat(item));
            return Ok(());
        }
        let open = self.take_references(operation, &items, signers);
        if open.is_empty() && !items.is_empty() {
            return Ok(());
        }
        if self.state.approval(&self.instruction).is_some() {
            self.answer(TransactionStatus::Patc, None);
            return Ok(());
        }
        operation.register(self);
        if authority.is_met(self.state, signers) {
            self.run(operation, &open);
        } else {
            self.wait(operation, signers, &open);
        }
        Ok(())
    }

    /// Whether these signatures under an instruction that waits already bring it further, like an approval. Its signers have
    /// agreed to it until their own expiry only: one that ends before the waiting does counts when nothing else is missing, so
    /// that nobody is bound for longer than signed, and nobody shortens what others have agreed to.
    fn counts(&self, authority: &Authority, signers: &BTreeSet<PublicKey>) -> bool {
        let Some(pending) = self.state.approval(&self.instruction) else {
            return false;
        };
        let waits = pending.valid_until >= self.time;
        if !waits || signers.is_subset(&pending.signers) {
            return false;
        }
        let together = signers.union(&pending.signers).copied().collect();
        self.valid_until >= pending.valid_until || authority.is_met(self.state, &together)
    }

    /// Until when an instruction waits to which these signatures would be new. Asked when they did not count.
    fn outlives(&self, signers: &BTreeSet<PublicKey>) -> Option<Timestamp> {
        let pending = self.state.approval(&self.instruction)?;
        let waits = pending.valid_until >= self.time;
        let new = !signers.is_subset(&pending.signers);
        (waits && new).then_some(pending.valid_until)
    }

    /// Counts the further signatures that came with the instruction itself. When nothing follows yet, the answer is the stored one.
    fn count(&mut self, operation: &Operation, signers: &BTreeSet<PublicKey>) {
        let Some(mut pending) = self.state.take_approval(&self.instruction) else {
            return;
        };
        pending.signers.extend(signers);
        if pending.references.is_empty() {
            self.remember_done();
        }
        let said = self.outcomes.len();
        self.of_waiting(self.instruction, &pending).proceed(pending);
        if self.outcomes.len() > said {
            return;
        }
        let items = operation.items(self.state);
        for item in &items {
            self.repeat(item);
        }
        if items.is_empty() {
            self.answer(TransactionStatus::Patc, None);
        }
    }

    /// The stored answer to an item of this instruction, if it was recorded.
    fn repeat(&mut self, item: &Item) {
        let record = self.state.record(&item.key).cloned();
        if let Some(record) = record.filter(|record| record.instruction == self.instruction) {
            // The money as recorded: a sweep or a hold may have paid less than it asked for.
            self.push(
                record.movement,
                record.status,
                record.refusal,
                REPEATED.into(),
            );
        }
    }

    /// What a further signature does to an instruction that waits.
    fn of_waiting(
        &mut self,
        instruction: InstructionHash,
        pending: &PendingApproval,
    ) -> Execution<'_> {
        Execution {
            state: self.state,
            height: self.height,
            time: self.time,
            cause: self.cause,
            origin: pending.transaction,
            instruction,
            operation: pending.operation.name(),
            valid_until: pending.valid_until,
            outcomes: self.outcomes,
            done: TransactionStatus::Acsc,
            concerns: None,
        }
    }

    /// Check 5: which items are new. A repeated one gets its stored answer, a conflicting one is refused. A reference of an
    /// institution for which nobody has signed yet is not taken, so that nobody can use up another's.
    fn take_references(
        &mut self,
        operation: &Operation,
        items: &[Item],
        signers: &BTreeSet<PublicKey>,
    ) -> Vec<Item> {
        let mut open = Vec::with_capacity(items.len());
        let mut conflict = None;
        for (index, item) in items.iter().enumerate() {
            match self.state.record(&item.key).cloned() {
                None if acts_for(self.state, signers, item.key.agent) => open.push(item.clone()),
                None => {}
                Some(record) if record.instruction == self.instruction => self.repeat(item),
                Some(_) => {
                    conflict.get_or_insert(index);
                    self.push_conflict(item);
                }
            }
        }
        if let (true, Some(leg)) = (operation.is_atomic(), conflict) {
            self.refuse_siblings(&open, leg);
            return Vec::new();
        }
        open
    }

    /// A reference that another instruction has taken; that instruction's record stays as it is.
    fn push_conflict(&mut self, item: &Item) {
        let rejection = Rejection::UetrConflict {
            uetr: item.key.uetr,
        };
        self.push(
            item.movement.clone(),
            TransactionStatus::Rjct,
            Some(rejection.to_refusal()),
            Citation::from(&rejection),
        );
    }

    /// All or none: one leg whose reference is taken refuses the others.
    fn refuse_siblings(&mut self, open: &[Item], leg: usize) {
        let cause = "UETR_CONFLICT";
        for item in open {
            self.refuse(item, &Rejection::LegFailed { leg, cause });
        }
    }

    /// Records an instruction that has too few signatures.
    fn wait(&mut self, operation: &Operation, signers: &BTreeSet<PublicKey>, open: &[Item]) {
        let approval = PendingApproval {
            operation: operation.clone(),
            transaction: self.origin,
            references: open.iter().map(|item| item.key).collect(),
            valid_until: operation.open_until(self.valid_until),
            signers: signers.clone(),
        };
        self.state.put_approval(self.instruction, approval);
        for item in open {
            self.transition(item, TransactionStatus::Patc, None, WAITING.into());
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
            .filter(|pending| pending.valid_until >= self.time)
            .cloned()
            .ok_or_else(missing)?;
        for key in signers {
            if !pending.signers.insert(*key) {
                return Err(Rejection::AlreadySigned { key: *key });
            }
        }
        self.answer(TransactionStatus::Acsc, None);
        self.state.take_approval(&instruction);
        self.of_waiting(instruction, &pending).proceed(pending);
        Ok(())
    }

    /// Goes on with an instruction that has got a further signature.
    fn proceed(&mut self, mut pending: PendingApproval) {
        let conflict = self.take_late_references(&mut pending);
        let open = open_items(self.state, self.instruction, &pending);
        if let Some(leg) = conflict {
            return self.refuse_siblings(&open, leg);
        }
        let met = pending
            .operation
            .authority(self.state)
            .is_ok_and(|authority| authority.is_met(self.state, &pending.signers));
        if !met {
            self.state.put_approval(self.instruction, pending);
            return;
        }
        // Otherwise every payment of it was cancelled meanwhile.
        if !open.is_empty() || pending.references.is_empty() {
            self.run(&pending.operation, &open);
        }
    }

    /// Takes the references of an institution whose first signature came later: only payments that settle together have several
    /// debtors. Returns the first leg whose reference is taken by another instruction.
    fn take_late_references(&mut self, pending: &mut PendingApproval) -> Option<usize> {
        if !pending.operation.is_atomic() {
            return None;
        }
        let items = pending.operation.items(self.state);
        for (leg, item) in items.iter().enumerate() {
            let known = pending.references.contains(&item.key);
            if known || !acts_for(self.state, &pending.signers, item.key.agent) {
                continue;
            }
            if self.state.record(&item.key).is_some() {
                self.push_conflict(item);
                return Some(leg);
            }
            self.transition(item, TransactionStatus::Patc, None, WAITING.into());
            pending.references.push(item.key);
        }
        // Legs and references are compared in the order of the legs.
        let place = |key: &InstructionKey| items.iter().position(|item| item.key == *key);
        pending.references.sort_by_key(place);
        None
    }

    /// Executes an instruction that has its signatures.
    fn run(&mut self, operation: &Operation, open: &[Item]) {
        if open.is_empty() {
            self.remember_done();
        }
        match operation.execute(self, open) {
            Ok(()) if open.is_empty() => self.answer(self.done, None),
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
        let citation = match (rejection, status) {
            (Some(rejection), _) => rejection.into(),
            (None, TransactionStatus::Patc) => WAITING.into(),
            (None, _) => EXECUTED.into(),
        };
        let concerns = self.concerns.clone();
        let refusal = rejection.map(Rejection::to_refusal);
        let outcome = self.outcome(status, refusal, citation, concerns);
        self.outcomes.push(outcome);
    }

    /// An outcome of a recall: what became of a request that an earlier instruction brought, for both sides of its payment.
    pub(crate) fn answer_recall(
        &mut self,
        instruction: InstructionHash,
        (status, refusal): (TransactionStatus, Option<Refusal>),
        movement: Movement,
    ) {
        let base = self.outcome(status, refusal, RECALLED.into(), Some(movement));
        self.outcomes.push(Outcome {
            instruction,
            operation: text(RECALL),
            ..base
        });
    }

    /// An outcome that block time gives an instruction whose kind only the record knows.
    pub(crate) fn answer_as(&mut self, operation: Max35Text, status: TransactionStatus) {
        let base = self.outcome(status, None, EXECUTED.into(), None);
        self.outcomes.push(Outcome { operation, ..base });
    }

    /// Refuses one item and keeps its reference used up.
    pub(crate) fn refuse(&mut self, item: &Item, rejection: &Rejection) {
        self.transition(
            item,
            TransactionStatus::Rjct,
            Some(rejection.to_refusal()),
            rejection.into(),
        );
    }

    /// Settles one item.
    pub(crate) fn settled(&mut self, item: &Item) {
        self.transition(item, TransactionStatus::Acsc, None, EXECUTED.into());
    }

    /// Leaves one item open for its next step.
    pub(crate) fn pending(&mut self, item: &Item) {
        self.transition(item, TransactionStatus::Pdng, None, EXECUTED.into());
    }

    /// Leaves one item waiting in the queue.
    pub(crate) fn queued(&mut self, item: &Item) {
        self.transition(item, TransactionStatus::Pdng, None, QUEUED.into());
    }

    /// Records an item's new status and its outcome.
    fn transition(
        &mut self,
        item: &Item,
        status: TransactionStatus,
        refusal: Option<Refusal>,
        citation: Citation,
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
            settled: (status == TransactionStatus::Acsc).then_some(self.time),
        };
        let booked = record.settled.is_some();
        self.state.follow_exchange(&record);
        self.state.put_record(item.key, record);
        let base = self.outcome(status, refusal, citation, Some(item.movement.clone()));
        self.outcomes.push(Outcome { booked, ..base });
    }

    /// Refuses a record that waited in the queue.
    pub(crate) fn advance_refused(&mut self, key: InstructionKey, rejection: &Rejection) {
        self.advance_citing(key, rejection.into(), |record| {
            record.status = TransactionStatus::Rjct;
            record.refusal = Some(rejection.to_refusal());
        });
    }

    /// Changes the status of a record that another instruction opened, with an outcome under that instruction.
    pub(crate) fn advance(&mut self, key: InstructionKey, change: impl FnOnce(&mut Record)) {
        self.advance_citing(key, EXECUTED.into(), change);
    }

    fn advance_citing(
        &mut self,
        key: InstructionKey,
        citation: Citation,
        change: impl FnOnce(&mut Record),
    ) {
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
        let booked = record.status == TransactionStatus::Acsc && record.settled.is_none();
        if booked {
            record.settled = Some(self.time);
        }
        if record.status.is_terminal() {
            let retention = self.state.rules().common.retention_ms;
            record.retained_until = record.retained_until.max(self.time.after(retention));
        }
        let base = self.outcome(
            record.status,
            record.refusal.clone(),
            citation,
            Some(record.movement.clone()),
        );
        let outcome = Outcome {
            instruction: record.instruction,
            operation: text(record.kind.name()),
            booked,
            ..base
        };
        self.state.follow_exchange(&record);
        self.state.put_record(key, record);
        self.outcomes.push(outcome);
    }

    /// Forgets that an instruction waits when its last payment was cancelled.
    pub(crate) fn drop_approval_if_empty(&mut self, instruction: InstructionHash) {
        let Some(pending) = self.state.approval(&instruction) else {
            return;
        };
        if open_items(self.state, instruction, pending).is_empty() {
            self.state.take_approval(&instruction);
        }
    }

    /// Cancels everything that still waits for the signatures of an instruction.
    pub(crate) fn withdraw_waiting(&mut self, instruction: InstructionHash) {
        let Some(pending) = self.state.take_approval(&instruction) else {
            return;
        };
        for item in open_items(self.state, instruction, &pending) {
            self.advance(item.key, |record| record.status = TransactionStatus::Canc);
        }
    }

    fn push(
        &mut self,
        movement: Movement,
        status: TransactionStatus,
        refusal: Option<Refusal>,
        citation: Citation,
    ) {
        let outcome = self.outcome(status, refusal, citation, Some(movement));
        self.outcomes.push(outcome);
    }

    fn retained_until(&self) -> Timestamp {
        let retention = self.state.rules().common.retention_ms;
        self.valid_until.max(self.time).after(retention)
    }
}

/// The payments of a waiting instruction that were not cancelled meanwhile, as they were recorded.
pub(crate) fn open_items(
    state: &State,
    instruction: InstructionHash,
    pending: &PendingApproval,
) -> Vec<Item> {
    let open = |key: &InstructionKey| {
        let record = state.record(key)?;
        let waits = record.instruction == instruction && record.status == TransactionStatus::Patc;
        waits.then(|| Item {
            key: *key,
            kind: record.kind.clone(),
            movement: record.movement.clone(),
        })
    };
    pending.references.iter().filter_map(open).collect()
}

fn text(constant: &str) -> Max35Text {
    constant
        .parse()
        .expect("names and clauses are short constants")
}
