//! The past under another rulebook: the blocks of a range executed twice, as they were and with a candidate in force from the
//! first of them on, and every payment whose answer differs at the end.
//!
//! The run as it was is a validator's: every header is compared. The other run takes the same transactions at the same times,
//! and its consequences carry over: money that a refused payment did not move is still there for the next one. It says what
//! the rules do to the same instructions; that people would have sent others under other rules is beyond it.
//!
//! What must hold: the report depends on the blocks and the candidate alone. The candidate stays in force to the end of the
//! range, whatever versions came into force in it as it was.

mod answers;
mod report;

pub use report::{
    ClauseTotal, CurrencyTotal, Flip, FlipCause, ImpactReport, PaymentAnswer, RehearsedCandidate,
    RehearsedRange, ValueTotal,
};

use crate::block::InvalidBlock;
use crate::due::execute_due;
use crate::execution::execute_transaction;
use crate::rulebook::{Rulebook, RulebookError, RulebookRecord, RulebookStatus};
use crate::state::State;
use crate::transaction::VerifiedTransaction;
use answers::{Answers, PaymentKey, answers_of, left_out};
use karwan_types::{Block, Hash, Height, JurisdictionCode, Outcome, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Why a rehearsal cannot begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RehearsalError {
    /// The candidate is not sound.
    #[error(transparent)]
    Rulebook(#[from] RulebookError),
    /// The candidate has a part for somebody who is not there.
    #[error("the candidate has a part or a clause of {0}, which is no jurisdiction of this ledger")]
    Jurisdiction(JurisdictionCode),
}

/// A range of blocks being executed twice.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// The ledger as it was.
    past: State,
    /// The hash of the last block.
    parent: Hash,
    /// The ledger as it would have been.
    other: State,
    candidate: Rulebook,
    from: Height,
    /// The versions in force as it was.
    versions: BTreeSet<u32>,
    before: Answers,
    after: Answers,
    /// The payments that the candidate and the rules as they were answer differently on the same ledger.
    ruled: BTreeSet<PaymentKey>,
}

impl Rehearsal {
    /// Begins with the ledger after some block, and that block's hash; the chain id at genesis.
    ///
    /// # Errors
    /// `RehearsalError` when the candidate could not be in force on this ledger.
    pub fn begin(
        state: &State,
        parent: Hash,
        candidate: &Rulebook,
    ) -> Result<Self, RehearsalError> {
        candidate.check()?;
        if let Some(stranger) = candidate.stranger(&state.chain().jurisdictions) {
            return Err(RehearsalError::Jurisdiction(stranger));
        }
        Ok(Self {
            past: state.clone(),
            parent,
            other: put_in_force(state, candidate),
            candidate: candidate.clone(),
            from: state.chain().height.next(),
            versions: BTreeSet::new(),
            before: Answers::default(),
            after: Answers::default(),
            ruled: BTreeSet::new(),
        })
    }

    /// The ledger as it was after the last block.
    #[must_use]
    pub fn past(&self) -> &State {
        &self.past
    }

    /// Takes the next block, whose certificate the caller has verified.
    ///
    /// # Errors
    /// `InvalidBlock` when it does not follow, or executing it gives another result than its header states.
    pub fn block(
        &mut self,
        block: &Block,
        transactions: &[VerifiedTransaction],
    ) -> Result<(), InvalidBlock> {
        let draft = self.past.validate(self.parent, block, transactions)?;
        let height = block.header.height;
        self.before.see(
            height,
            0,
            answers_of(&self.past, transactions, &draft.outcomes),
        );
        let rules = Arc::clone(&self.past.rules);
        self.past = draft.state;
        self.parent = block.hash();
        self.versions.insert(self.past.rules().version);
        self.rehearse(block.header.time, transactions, rules);
        Ok(())
    }

    /// The block in the other run.
    fn rehearse(
        &mut self,
        time: Timestamp,
        transactions: &[VerifiedTransaction],
        mut rules: Arc<Rulebook>,
    ) {
        hold_back_versions(&mut self.other, time);
        let opened = self.other.open_block(time);
        let at = (opened.height, time);
        let mut step = Step {
            height: opened.height,
            position: 0,
        };
        self.both(&mut step, &rules, &[], |state, outcomes| {
            execute_due(state, at, outcomes);
        });
        // No version changes in the middle of a block.
        rules.clone_from(&self.past.rules);
        for transaction in transactions {
            if let Err(rejection) = self.other.check_includable(transaction, time) {
                let answers = left_out(&self.other, transaction, &rejection);
                self.ruled.extend(answers.iter().map(|(key, _)| *key));
                self.after.see(at.0, step.position, answers);
                continue;
            }
            let one = core::slice::from_ref(transaction);
            self.both(&mut step, &rules, one, |state, outcomes| {
                execute_transaction(state, at, transaction, outcomes);
            });
        }
        self.both(&mut step, &rules, &[], |state, outcomes| {
            state.close_block(opened, outcomes);
        });
        // Nobody asks for the books of what might have been.
        self.other.moved.clear();
    }

    /// Does a step of the other run, and on a copy of the same ledger under the rules as they were: where the two answer
    /// differently, it is the candidate itself that flips, and not the money that is there or missing by earlier flips.
    fn both(
        &mut self,
        step: &mut Step,
        rules: &Arc<Rulebook>,
        transactions: &[VerifiedTransaction],
        act: impl Fn(&mut State, &mut Vec<Outcome>),
    ) {
        let mut control = self.other.clone();
        control.rules = Arc::clone(rules);
        let (mut outcomes, mut controlled) = (Vec::new(), Vec::new());
        act(&mut self.other, &mut outcomes);
        act(&mut control, &mut controlled);
        let rehearsed = answers_of(&self.other, transactions, &outcomes);
        let control_answers = answers_of(&control, transactions, &controlled);
        self.ruled.extend(answers::different(
            (&self.other, &rehearsed),
            (&control, &control_answers),
        ));
        let answered = u32::try_from(outcomes.len()).unwrap_or(u32::MAX);
        self.after.see(step.height, step.position, rehearsed);
        step.position = step.position.saturating_add(answered);
    }

    /// What differs after the last block.
    #[must_use]
    pub fn report(&self) -> ImpactReport {
        let range = RehearsedRange {
            chain_id: self.past.chain().chain_id,
            from: self.from,
            to: self.past.chain().height,
            last_block: self.parent,
            rulebooks: self.versions.iter().copied().collect(),
        };
        let candidate = RehearsedCandidate::of(&self.candidate);
        let flips = self.flips();
        let payments = self.before.keys().chain(self.after.keys());
        let payments: BTreeSet<&PaymentKey> = payments.collect();
        ImpactReport::new(range, candidate, payments.len(), flips)
    }

    fn flips(&self) -> Vec<Flip> {
        let keys: BTreeSet<&PaymentKey> = self.before.keys().chain(self.after.keys()).collect();
        let mut flips: Vec<Flip> = keys
            .into_iter()
            .filter_map(|key| {
                let was = self.before.last(&self.past, key);
                let would = self.after.last(&self.other, key);
                let same = match (&was, &would) {
                    (Some(was), Some(would)) => was.is_as(would),
                    (None, None) => true,
                    (Some(_), None) | (None, Some(_)) => false,
                };
                let seen = self.before.seen(key).or_else(|| self.after.seen(key))?;
                (!same).then(|| Flip {
                    height: seen.first.0,
                    position: seen.first.1,
                    agent: key.0.agent,
                    uetr: key.0.uetr,
                    instruction: key.1,
                    operation: seen.operation.clone(),
                    creditor_agent: seen.movement.creditor_agent,
                    currency: seen.movement.currency,
                    amount: seen.movement.amount,
                    cause: if self.ruled.contains(key) {
                        FlipCause::Rule
                    } else {
                        FlipCause::Consequence
                    },
                    before: was,
                    after: would,
                })
            })
            .collect();
        flips.sort_by_key(|flip| (flip.height, flip.position, flip.agent, flip.uetr));
        flips
    }
}

/// Where a step of the other run stands.
struct Step {
    height: Height,
    /// The number of answers in the block before it.
    position: u32,
}

/// The ledger with a candidate in force.
fn put_in_force(state: &State, candidate: &Rulebook) -> State {
    let mut state = state.clone();
    let active = state.rules().version;
    if let Some(mut old) = state.rulebooks.get(&active).cloned() {
        old.status = RulebookStatus::Superseded;
        state.put_rulebook(active, old);
    }
    let record = RulebookRecord {
        rulebook: candidate.clone(),
        status: RulebookStatus::Active,
        diff_from: active,
        activates: state.chain().time,
        proposal: None,
    };
    state.put_rulebook(candidate.version, record);
    state.activate_rulebook(candidate.version);
    state
}

/// Versions that fall due in the range do not come into force in the other run: the question is what the candidate would
/// have done.
fn hold_back_versions(state: &mut State, time: Timestamp) {
    while let Some(next) = state.activations.get_min().copied() {
        if next.0 > time {
            return;
        }
        state.activations.remove(&next);
    }
}
