//! What a run answers to each payment: the last status of every instruction that moves or would move money, from outcomes.
//!
//! A payment is an institution's reference and the hash of the instruction that claims it: two instructions under one
//! reference are a conflict, and each has its own answer.

use super::report::PaymentAnswer;
use crate::records::InstructionKey;
use crate::rejection::Rejection;
use crate::state::State;
use crate::transaction::VerifiedTransaction;
use karwan_types::{
    Height, InstructionHash, Max35Text, Movement, Outcome, Timestamp, TransactionId,
    TransactionStatus,
};
use std::collections::BTreeMap;

/// Which payment.
pub(super) type PaymentKey = (InstructionKey, InstructionHash);

/// An answer, and what it is the answer to.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    /// The place of its outcome among those of its step.
    offset: u32,
    operation: Max35Text,
    movement: Movement,
    answer: PaymentAnswer,
}

/// What a run has said to one payment.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Height and position of the first answer in the range.
    pub(super) first: (Height, u32),
    pub(super) operation: Max35Text,
    pub(super) movement: Movement,
    last: PaymentAnswer,
}

/// What a run has said.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers(BTreeMap<PaymentKey, Seen>);

impl Answers {
    /// Takes the answers of a step, whose first outcome has this position in its block.
    pub(super) fn see(
        &mut self,
        height: Height,
        position: u32,
        answers: Vec<(PaymentKey, Answered)>,
    ) {
        for (key, answered) in answers {
            let seen = self.0.entry(key).or_insert_with(|| Seen {
                first: (height, position.saturating_add(answered.offset)),
                operation: answered.operation.clone(),
                movement: answered.movement.clone(),
                last: answered.answer.clone(),
            });
            // An instruction that is sent again is told its answer again, under the clause of repetitions.
            if !seen.last.is_as(&answered.answer) {
                seen.last = answered.answer;
            }
        }
    }
    pub(super) fn keys(&self) -> impl Iterator<Item = &PaymentKey> {
        self.0.keys()
    }
    pub(super) fn seen(&self, key: &PaymentKey) -> Option<&Seen> {
        self.0.get(key)
    }
    /// The answer at the end of the range: the last one, or where the payment has stood since before the range.
    pub(super) fn last(&self, state: &State, key: &PaymentKey) -> Option<PaymentAnswer> {
        if let Some(seen) = self.0.get(key) {
            return Some(seen.last.clone());
        }
        let record = state.record(&key.0)?;
        (record.instruction == key.1).then(|| PaymentAnswer {
            status: record.status,
            reason: record.refusal.as_ref().map(|one| one.reason.clone()),
            name: record.refusal.as_ref().map(|one| one.name.clone()),
            detail: record.refusal.as_ref().map(|one| one.detail.clone()),
            clause: None,
            rulebook: None,
            emergency: None,
        })
    }
}

/// The answers to payments in the outcomes of transactions, or of block time when there are none. An instruction that is
/// refused as a whole is an answer to every payment in it.
pub(super) fn answers_of(
    state: &State,
    transactions: &[VerifiedTransaction],
    outcomes: &[Outcome],
) -> Vec<(PaymentKey, Answered)> {
    let mut answers = Vec::with_capacity(outcomes.len());
    let mut by_id: Option<BTreeMap<TransactionId, &VerifiedTransaction>> = None;
    for (outcome, offset) in outcomes.iter().zip(0u32..) {
        if let Some(movement) = &outcome.movement {
            answers.push(answered(outcome, offset, movement.clone()));
            continue;
        }
        let Some(id) = outcome.transaction else {
            continue;
        };
        let index = || transactions.iter().map(|one| (one.id(), one)).collect();
        let by_id = by_id.get_or_insert_with(index);
        let own = by_id
            .get(&id)
            .filter(|one| one.instruction_hash() == outcome.instruction);
        if let (Some(transaction), TransactionStatus::Rjct) = (own, outcome.status) {
            let movements = transaction.transaction().operation.movements(state);
            let answered = |one| answered(outcome, offset, one);
            answers.extend(movements.into_iter().map(answered));
        }
    }
    answers
}

fn key(movement: &Movement, instruction: InstructionHash) -> PaymentKey {
    let key = InstructionKey {
        agent: movement.debtor_agent,
        uetr: movement.uetr,
    };
    (key, instruction)
}

fn answered(outcome: &Outcome, offset: u32, movement: Movement) -> (PaymentKey, Answered) {
    let refusal = outcome.refusal.as_ref();
    let answer = PaymentAnswer {
        status: outcome.status,
        reason: refusal.map(|one| one.reason.clone()),
        name: refusal.map(|one| one.name.clone()),
        detail: refusal.map(|one| one.detail.clone()),
        clause: Some(outcome.clause.clone()),
        rulebook: Some(outcome.rulebook),
        emergency: outcome.emergency,
    };
    let key = key(&movement, outcome.instruction);
    let answered = Answered {
        offset,
        operation: outcome.operation.clone(),
        movement,
        answer,
    };
    (key, answered)
}

/// The answers to the payments of a transaction that could not have been in its block.
pub(super) fn left_out(
    state: &State,
    transaction: &VerifiedTransaction,
    rejection: &Rejection,
) -> Vec<(PaymentKey, Answered)> {
    let operation = &transaction.transaction().operation;
    let outcome = Outcome {
        transaction: Some(transaction.id()),
        instruction: transaction.instruction_hash(),
        operation: operation.name().parse().expect("names of kinds are short"),
        status: TransactionStatus::Rjct,
        refusal: Some(rejection.to_refusal()),
        clause: state.rules().cited(rejection).id.clone(),
        rulebook: state.rules().version,
        emergency: None,
        withheld: None,
        movement: None,
        booked: false,
    };
    let movements = operation.movements(state).into_iter();
    movements.map(|one| answered(&outcome, 0, one)).collect()
}

/// The payments that two ledgers answer differently in one step, or leave waiting for another length of time.
pub(super) fn different(
    (one, answers): (&State, &[(PaymentKey, Answered)]),
    (other, others): (&State, &[(PaymentKey, Answered)]),
) -> Vec<PaymentKey> {
    let last = |answers: &[(PaymentKey, Answered)]| -> BTreeMap<PaymentKey, PaymentAnswer> {
        let answers = answers.iter();
        answers
            .map(|(key, answered)| (*key, answered.answer.clone()))
            .collect()
    };
    let (ours, theirs) = (last(answers), last(others));
    let waits = |state: &State, key: &PaymentKey| -> Option<(Timestamp, Timestamp)> {
        state
            .queued(&key.0)
            .map(|(_, entry)| (entry.from, entry.until))
    };
    let differs = |key: &&PaymentKey| {
        let same = match (ours.get(key), theirs.get(key)) {
            (Some(one), Some(other)) => one.is_as(other),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        !same || waits(one, key) != waits(other, key)
    };
    let keys = ours.keys().chain(theirs.keys());
    keys.filter(differs).copied().collect()
}
