//! The Travel Rule: which customer payments may settle only with the data of their parties and the attestation of the
//! beneficiary's institution.
//!
//! The rule concerns payments for customers between two jurisdictions, or between two virtual-asset service providers, from a
//! threshold on: the amount alone, or summed with what settled between the same two persons within a window. Who the persons
//! are the ledger does not know. A payment carries a commitment to their data and a tag that is the same for the same two
//! persons; payments of two institutions without a tag count as if they were all between the same two, so that leaving it out
//! adds up more than one pair. Below the threshold it is the debtor agent's word that the same two persons have the same tag,
//! which only its supervisors can check; the creditor agent checks it where it attests.
//!
//! What must hold: nothing at or above the threshold settles without an attestation in force that says the same of the payment in
//! every field. It is asked again at every attempt. A payment that waits for its attestation holds nobody back.

use crate::due::Forgettable;
use crate::operations::terms::{PaymentKind, PaymentTerms};
use crate::queue::QueueEntry;
use crate::records::{Holder, InstructionKey, Money, ParticipantKind, Role};
use crate::rejection::Rejection;
use crate::state::State;
use crate::supervision::home;
use crate::window::SlidingSum;
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, CurrencyCode, Hash, Height, InstructionHash, Lei,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a payment carries of its parties' data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TravelData {
    /// The salted commitment to the IVMS101 data.
    pub ivms_commitment: Option<Hash>,
    /// The same for all payments between the same two persons.
    pub pair_tag: Option<Hash>,
}

/// Whose attestation of which payment. The attester is part of it, so that nobody can take the place of another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttestationKey {
    /// The payment.
    pub payment: InstructionKey,
    /// The institution that attests: the payment's creditor agent.
    pub creditor_agent: Lei,
}

/// What the beneficiary's institution has attested of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// The account debited.
    pub debtor_account: AccountNumber,
    /// The account credited.
    pub creditor_account: AccountNumber,
    /// How much.
    pub money: Money,
    /// The commitment to the data that it has seen.
    pub ivms_commitment: Hash,
    /// The tag of the two persons, which it has worked out again.
    pub pair_tag: Option<Hash>,
    /// In force until this block time, exclusive.
    pub expires: Timestamp,
    /// The version of the rulebook under which it was given.
    pub rulebook: u32,
    /// The instruction that gave it.
    pub instruction: InstructionHash,
    /// The height at which it was given.
    pub height: Height,
    /// The earliest time at which the row may be pruned.
    pub kept_until: Timestamp,
}

/// Between which two persons: institutions and currency in clear, the persons as a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PairKey {
    /// The originator's institution.
    pub debtor_agent: Lei,
    /// The beneficiary's institution.
    pub creditor_agent: Lei,
    /// The currency.
    pub currency: CurrencyCode,
    /// The two persons; none for all payments without a tag.
    pub tag: Option<Hash>,
}

/// What settled between two persons of late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairSum {
    /// By the hour.
    pub sum: SlidingSum,
    /// When nothing of it counts any more.
    pub kept_until: Timestamp,
}

/// What the rule asks about a payment that it may concern.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) payment: InstructionKey,
    pub(crate) kind: PaymentKind,
    pub(crate) creditor_agent: (Lei, AgentIdentification),
    /// From where to where, as far as that can be told.
    pub(crate) accounts: Option<(AccountNumber, AccountNumber)>,
    /// What moves.
    pub(crate) money: Money,
    /// What is attested: more than what moves when a part of a hold is paid.
    pub(crate) attested: Amount,
    pub(crate) data: TravelData,
}

/// What payments that are to settle in one moment add to the sums of their pairs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted(BTreeMap<PairKey, Amount>);

impl Counted {
    /// Counts payments that are to settle.
    pub(crate) fn add<'a>(
        &mut self,
        state: &State,
        payments: impl IntoIterator<Item = &'a PaymentTerms>,
    ) {
        for subject in payments.into_iter().filter_map(|one| subject(state, one)) {
            if state.travel_threshold(&subject).is_some() {
                let sum = self.0.entry(subject.pair()).or_insert(Amount::ZERO);
                *sum = plus(*sum, subject.money.amount);
            }
        }
    }
    fn of(&self, pair: &PairKey) -> Amount {
        self.0.get(pair).copied().unwrap_or(Amount::ZERO)
    }
}

fn plus(sum: Amount, amount: Amount) -> Amount {
    sum.checked_add(amount)
        .expect("amounts of 18 digits do not fill 128 bits")
}

/// A payment as the rule sees it; none when it cannot concern it. Most payments are dismissed here.
fn subject(state: &State, terms: &PaymentTerms) -> Option<Subject> {
    state.rules().common.travel_rule.as_ref()?;
    match terms.kind {
        PaymentKind::FinancialInstitution => return None,
        PaymentKind::Customer => {}
    }
    let debtor = state.agent(&terms.debtor_agent)?;
    let creditor = state.agent(&terms.creditor_agent)?;
    let debit = terms.debit_account(state);
    Some(Subject {
        payment: InstructionKey {
            agent: debtor,
            uetr: terms.uetr,
        },
        kind: terms.kind,
        creditor_agent: (creditor, terms.creditor_agent.clone()),
        accounts: debit.zip(terms.credit_account(state, creditor)),
        money: Money {
            currency: terms.currency,
            amount: terms.amount,
        },
        attested: terms.amount,
        data: TravelData {
            ivms_commitment: terms.ivms_commitment,
            pair_tag: terms.pair_tag,
        },
    })
}

impl Subject {
    fn pair(&self) -> PairKey {
        PairKey {
            debtor_agent: self.payment.agent,
            creditor_agent: self.creditor_agent.0,
            currency: self.money.currency,
            tag: self.data.pair_tag,
        }
    }
    fn attestation_key(&self) -> AttestationKey {
        AttestationKey {
            payment: self.payment,
            creditor_agent: self.creditor_agent.0,
        }
    }
}

impl Attestation {
    /// The first thing that it says otherwise than a payment; none when it is about this payment.
    pub(crate) fn differs(
        &self,
        accounts: Option<(&AccountNumber, &AccountNumber)>,
        money: Money,
        data: TravelData,
    ) -> Option<&'static str> {
        let (debit, credit) = accounts.unzip();
        let compared = [
            (debit == Some(&self.debtor_account), "debtor account"),
            (credit == Some(&self.creditor_account), "creditor account"),
            (money.currency == self.money.currency, "currency"),
            (money.amount == self.money.amount, "amount"),
            (
                data.ivms_commitment == Some(self.ivms_commitment),
                "IVMS101 commitment",
            ),
            (data.pair_tag == self.pair_tag, "pair tag"),
        ];
        let wrong = compared.iter().find(|(same, _)| !same);
        wrong.map(|(_, field)| *field)
    }
}

impl State {
    /// From which amount on the rule concerns a payment, and how many hours count together; none when it does not concern it.
    fn travel_threshold(&self, subject: &Subject) -> Option<(Amount, u16)> {
        match subject.kind {
            PaymentKind::FinancialInstitution => return None,
            PaymentKind::Customer => {}
        }
        let (debtor, creditor) = (subject.payment.agent, subject.creditor_agent.0);
        let (from, to) = (home(self, debtor)?, home(self, creditor)?);
        let is_provider = |lei| {
            let row = self.participant(&lei);
            row.is_some_and(|row| row.kind == ParticipantKind::Vasp)
        };
        let concerned = from != to || (is_provider(debtor) && is_provider(creditor));
        if !concerned || debtor == creditor {
            return None;
        }
        self.rules()
            .travel_threshold([from, to], subject.money.currency)
    }
    /// Whether the rule applies to a payment now, on top of what else is to settle in the same moment.
    fn travels(&self, time: Timestamp, subject: &Subject, besides: Amount) -> bool {
        let Some((threshold, hours)) = self.travel_threshold(subject) else {
            return false;
        };
        let settled = self.pair_sums.get(&subject.pair());
        let settled = settled.map_or(Amount::ZERO, |row| row.sum.total(time, hours));
        plus(plus(settled, besides), subject.money.amount) >= threshold
    }
    fn is_attested(&self, time: Timestamp, subject: &Subject) -> bool {
        let row = self.attestations.get(&subject.attestation_key());
        row.is_some_and(|row| {
            let accounts = subject.accounts.as_ref();
            let accounts = accounts.map(|(debit, credit)| (debit, credit));
            let money = Money {
                amount: subject.attested,
                ..subject.money
            };
            time < row.expires && row.differs(accounts, money, subject.data).is_none()
        })
    }
    /// Whether an institution can attest.
    pub(crate) fn has_compliance_key(&self, lei: Lei) -> bool {
        self.attesters.contains(&lei)
    }
    /// Who can attest. Keys are rotated and never lost, so nobody joins or leaves after genesis.
    pub(crate) fn derive_attesters(&mut self) {
        let compliance = self
            .keys
            .iter()
            .filter_map(|(_, record)| match record.holder {
                Holder::Participant(lei) if record.role == Role::Compliance => Some(lei),
                Holder::Participant(_)
                | Holder::Governor(_)
                | Holder::Regulator(_)
                | Holder::Auditor(_)
                | Holder::Court(_) => None,
            });
        self.attesters = compliance.collect();
    }
    /// All attestations.
    pub fn attestations(&self) -> impl Iterator<Item = (&AttestationKey, &Attestation)> {
        self.attestations.iter()
    }
    /// One attestation, in force or not.
    #[must_use]
    pub fn attestation(&self, key: &AttestationKey) -> Option<&Attestation> {
        self.attestations.get(key)
    }
    /// What settled between pairs of persons of late.
    pub fn pair_sums(&self) -> impl Iterator<Item = (&PairKey, &PairSum)> {
        self.pair_sums.iter()
    }
    /// The payments in an entry of the queue that wait for an attestation after the last block.
    #[must_use]
    pub fn unattested(&self, entry: &QueueEntry) -> Vec<InstructionKey> {
        let time = self.chain().time;
        let legs = entry.legs.iter().map(|leg| &leg.terms);
        held_back(self, time, legs, &Counted::default())
            .into_iter()
            .filter_map(|(index, _)| Some(entry.legs.get(index)?.key))
            .collect()
    }
    pub(crate) fn put_attestation(&mut self, key: AttestationKey, row: Attestation) {
        let forgettable = Forgettable::Attestation(key);
        if let Some(old) = self.attestations.get(&key) {
            self.forgettable
                .remove(&(old.kept_until, forgettable.clone()));
        }
        self.forgettable.insert((row.kept_until, forgettable));
        self.attestations.insert(key, row);
    }
    /// An attestation has expired: it goes, unless its payment is still remembered.
    pub(crate) fn forget_attestation(&mut self, time: Timestamp, key: AttestationKey) {
        let Some(row) = self.attestations.get(&key).cloned() else {
            return;
        };
        let Some(record) = self.record(&key.payment) else {
            self.attestations.remove(&key);
            return;
        };
        let kept = record.retained_until;
        let again = time.after(self.rules().common.retention_ms);
        let kept_until = if kept > time { kept } else { again };
        self.put_attestation(key, Attestation { kept_until, ..row });
    }
    pub(crate) fn forget_pair_sum(&mut self, key: &PairKey) {
        self.pair_sums.remove(key);
    }
    /// Rebuilds what is derived from the tables of this module. Whoever calls has emptied the indices.
    pub(crate) fn derive_travel_indices(&mut self) {
        for (key, row) in self.attestations.iter() {
            self.forgettable
                .insert((row.kept_until, Forgettable::Attestation(*key)));
        }
        for (key, row) in self.pair_sums.iter() {
            self.forgettable
                .insert((row.kept_until, Forgettable::PairSum(*key)));
        }
    }
}

/// What the rule needs before anything can be attested: the data of the parties, and an institution that can attest.
pub(crate) fn check_data(
    state: &State,
    time: Timestamp,
    terms: &PaymentTerms,
) -> Result<(), Rejection> {
    match subject(state, terms) {
        Some(subject) if state.travels(time, &subject, Amount::ZERO) => {
            check_subject_data(state, &subject)
        }
        Some(_) | None => Ok(()),
    }
}

fn check_subject_data(state: &State, subject: &Subject) -> Result<(), Rejection> {
    if subject.data.ivms_commitment.is_none() {
        let currency = subject.money.currency;
        return Err(Rejection::TravelDataMissing { currency });
    }
    let (creditor, agent) = &subject.creditor_agent;
    if state.has_compliance_key(*creditor) {
        return Ok(());
    }
    let agent = agent.clone();
    Err(Rejection::PayeeKeyNotSet { agent })
}

/// Which of payments that are to settle in one moment the rule holds back, and why.
fn held_back<'a>(
    state: &State,
    time: Timestamp,
    payments: impl IntoIterator<Item = &'a PaymentTerms>,
    counted: &Counted,
) -> Vec<(usize, Rejection)> {
    let mut held = Vec::new();
    if state.rules().common.travel_rule.is_none() {
        return held;
    }
    let mut earlier = Counted::default();
    for (index, terms) in payments.into_iter().enumerate() {
        let Some(subject) = subject(state, terms) else {
            continue;
        };
        let pair = subject.pair();
        let besides = plus(counted.of(&pair), earlier.of(&pair));
        if state.travels(time, &subject, besides) && !state.is_attested(time, &subject) {
            held.push((index, missing(state, &subject)));
        }
        earlier.add(state, [terms]);
    }
    held
}

fn missing(state: &State, subject: &Subject) -> Rejection {
    let agent = subject.creditor_agent.1.clone();
    let data = check_subject_data(state, subject);
    data.err()
        .unwrap_or(Rejection::AttestationMissing { agent })
}

/// Whether payments may settle in one moment as far as this rule goes, besides others that were counted; otherwise which may not.
pub(crate) fn check_attested<'a>(
    state: &State,
    time: Timestamp,
    payments: impl IntoIterator<Item = &'a PaymentTerms>,
    counted: &Counted,
) -> Result<(), (usize, Rejection)> {
    let held = held_back(state, time, payments, counted);
    // What no attestation can mend comes first.
    let worse = held.iter().find(|(_, rejection)| !rejection.waits());
    match worse.or(held.first()) {
        Some(failed) => Err(failed.clone()),
        None => Ok(()),
    }
}

/// The same for what is paid out of a hold.
pub(crate) fn check_subject(
    state: &State,
    time: Timestamp,
    subject: &Subject,
) -> Result<(), Rejection> {
    if state.travels(time, subject, Amount::ZERO) && !state.is_attested(time, subject) {
        return Err(missing(state, subject));
    }
    Ok(())
}

/// Whether payments wait for an attestation, and for nothing else that this rule asks for.
pub(crate) fn waits<'a>(
    state: &State,
    time: Timestamp,
    payments: impl IntoIterator<Item = &'a PaymentTerms>,
) -> bool {
    let held = held_back(state, time, payments, &Counted::default());
    let waits = |one: &(usize, Rejection)| matches!(one.1, Rejection::AttestationMissing { .. });
    !held.is_empty() && held.iter().all(waits)
}

/// Until when payments that wait for an attestation do so; none when they do not.
pub(crate) fn attest_by<'a>(
    state: &State,
    (time, from): (Timestamp, Timestamp),
    payments: impl IntoIterator<Item = &'a PaymentTerms>,
) -> Option<Timestamp> {
    let rules = state.rules().common.travel_rule.as_ref()?;
    waits(state, time, payments).then(|| time.max(from).after(rules.waiting_max_ms))
}

/// Counts payments that have settled towards the sums of their pairs.
pub(crate) fn consume<'a>(
    state: &mut State,
    time: Timestamp,
    payments: impl IntoIterator<Item = &'a PaymentTerms>,
) {
    if state.rules().common.travel_rule.is_none() {
        return;
    }
    for terms in payments {
        if let Some(subject) = subject(state, terms) {
            consume_subject(state, time, &subject);
        }
    }
}

/// The same for one payment as the rule sees it.
pub(crate) fn consume_subject(state: &mut State, time: Timestamp, subject: &Subject) {
    let Some((_, hours)) = state.travel_threshold(subject) else {
        return;
    };
    let key = subject.pair();
    let old = state.pair_sums.get(&key).cloned();
    let before = old.as_ref().map(|row| row.kept_until);
    let mut sum = old.map_or_else(SlidingSum::default, |row| row.sum);
    sum.add(time, hours, subject.money.amount);
    let kept_until = sum.ends(hours);
    if before != Some(kept_until) {
        let forgettable = Forgettable::PairSum(key);
        if let Some(before) = before {
            state.forgettable.remove(&(before, forgettable.clone()));
        }
        state.forgettable.insert((kept_until, forgettable));
    }
    state.pair_sums.insert(key, PairSum { sum, kept_until });
}
