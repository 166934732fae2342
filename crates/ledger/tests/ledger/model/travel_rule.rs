//! The model's Travel Rule: one list of attestations, one of everything that has settled between two persons.

use super::books::{Model, What, whole};
use super::broken::Break;
use super::kinds::payments_of;
use crate::invariants::{SeenAttestation, SeenTravel};
use karwan_ledger::{
    InstructionKey, Money, PairKey, ParticipantKind, PaymentKind, PaymentTerms, Role, TravelData,
};
use karwan_types::{AccountNumber, CurrencyCode, Hash, Lei, Timestamp, Uetr};

/// What an institution has attested.
#[derive(Clone, Debug)]
pub(crate) struct Attested {
    pub(crate) agent: Lei,
    pub(crate) uetr: Uetr,
    pub(crate) creditor: Lei,
    pub(crate) debit: AccountNumber,
    pub(crate) credit: AccountNumber,
    pub(crate) currency: CurrencyCode,
    pub(crate) amount: u128,
    pub(crate) ivms: Hash,
    pub(crate) tag: Option<Hash>,
    pub(crate) expires: u64,
}

/// What settled between two persons.
#[derive(Clone, Debug)]
pub(crate) struct Travelled {
    time: u64,
    pair: Pair,
    amount: u128,
}

/// Whose institutions, in which currency, which persons.
type Pair = (Lei, Lei, CurrencyCode, Option<Hash>);

/// A payment as the rule sees it.
#[derive(Clone, Debug)]
pub(crate) struct Journey {
    pub(crate) agent: Lei,
    pub(crate) uetr: Uetr,
    pub(crate) creditor: Lei,
    pub(crate) accounts: Option<(AccountNumber, AccountNumber)>,
    pub(crate) currency: CurrencyCode,
    pub(crate) amount: u128,
    /// What was attested: all of a hold, although a part of it is paid.
    pub(crate) whole: u128,
    pub(crate) ivms: Option<Hash>,
    pub(crate) tag: Option<Hash>,
}

impl Journey {
    fn pair(&self) -> Pair {
        (self.agent, self.creditor, self.currency, self.tag)
    }
}

impl Model {
    /// A customer payment between two institutions of this network.
    fn journey(&self, terms: &PaymentTerms) -> Option<Journey> {
        let agent = self.who(&terms.debtor_agent)?;
        let creditor = self.who(&terms.creditor_agent)?;
        let number = |owner, given: &Option<AccountNumber>| {
            let usual = || Some(self.usual_account(owner, terms.currency)?.number.clone());
            given.clone().or_else(usual)
        };
        let debit = number(agent, &terms.debtor_account);
        (terms.kind == PaymentKind::Customer).then(|| Journey {
            agent,
            uetr: terms.uetr,
            creditor,
            accounts: debit.zip(number(creditor, &terms.creditor_account)),
            currency: terms.currency,
            amount: terms.amount.minor(),
            whole: terms.amount.minor(),
            ivms: terms.ivms_commitment,
            tag: terms.pair_tag,
        })
    }
    /// What a hold pays.
    pub(crate) fn journey_of_hold(&self, agent: Lei, uetr: Uetr, amount: u128) -> Option<Journey> {
        let row = self.payment(agent, uetr)?;
        let terms = *payments_of(&row.operation).first()?;
        let (debit, credit) = (row.sum.debit.clone(), row.sum.credit.clone());
        Some(Journey {
            amount,
            accounts: debit.zip(credit),
            ..self.journey(terms)?
        })
    }
    /// From how much on, and how many hours count, if it concerns a payment at all.
    fn threshold(&self, journey: &Journey) -> Option<(u128, u64)> {
        let common = self.rulebook.common.travel_rule.as_ref()?;
        let row = |lei| self.participant(lei).expect("looked up before");
        let (one, other) = (row(journey.agent), row(journey.creditor));
        let abroad = one.jurisdiction != other.jurisdiction;
        let assets = one.kind == ParticipantKind::Vasp && other.kind == ParticipantKind::Vasp;
        if journey.agent == journey.creditor || !(abroad || assets) {
            return None;
        }
        let mut thresholds: Vec<Money> = common.thresholds.clone();
        let mut windows = vec![common.window_ms.millis()];
        for part in &self.rulebook.national {
            let own = [one.jurisdiction, other.jurisdiction].contains(&part.jurisdiction);
            if let Some(rules) = part.travel_rule.as_ref().filter(|_| own) {
                thresholds.extend(&rules.thresholds);
                windows.push(rules.window_ms.millis());
            }
        }
        thresholds.retain(|one| one.currency == journey.currency);
        let lowest = thresholds.iter().map(|one| one.amount.minor()).min()?;
        Some((lowest, windows.iter().max()? / 3_600_000))
    }
    /// Whether a payment needs an attestation, if these settle before it.
    fn travels(&self, journey: &Journey, before: &[Journey]) -> bool {
        let Some((threshold, hours)) = self.threshold(journey) else {
            return false;
        };
        let first = (self.time / 3_600_000).saturating_sub(hours);
        let own = self
            .travelled
            .iter()
            .filter(|one| one.pair == journey.pair());
        let counted = own.filter(|one| one.time / 3_600_000 >= first);
        let settled: u128 = counted.map(|one| one.amount).sum();
        let before = before.iter().filter(|one| one.pair() == journey.pair());
        let before: u128 = before.map(|one| one.amount).sum();
        let counts = !self.breaks(Break::CountsNoPairs);
        let sum = if counts { settled + before } else { 0 };
        sum + journey.amount >= threshold
    }
    fn is_attested(&self, journey: &Journey) -> bool {
        let accounts = journey.accounts.as_ref();
        self.breaks(Break::NeedsNoAttestation)
            || self.attested.iter().any(|one| {
                (one.agent, one.uetr, one.creditor)
                    == (journey.agent, journey.uetr, journey.creditor)
                    && accounts == Some(&(one.debit.clone(), one.credit.clone()))
                    && (one.currency, one.amount) == (journey.currency, journey.whole)
                    && (Some(one.ivms), one.tag) == (journey.ivms, journey.tag)
                    && self.time < one.expires
            })
    }
    pub(crate) fn can_attest(&self, lei: Lei) -> bool {
        self.keys.iter().any(|key| {
            let own = key.holder == karwan_ledger::Holder::Participant(lei);
            own && key.role == Role::Compliance && !key.revoked
        })
    }
    fn lacks_data(&self, journey: &Journey) -> Result<(), u16> {
        if journey.ivms.is_none() {
            return Err(1110);
        }
        if !self.can_attest(journey.creditor) {
            return Err(1113);
        }
        Ok(())
    }
    /// Whether the data of a payment's parties is missing, or anybody who could attest them.
    pub(crate) fn data_missing(&self, terms: &PaymentTerms) -> Result<(), u16> {
        match self.journey(terms) {
            Some(journey) if self.travels(&journey, &[]) => self.lacks_data(&journey),
            Some(_) | None => Ok(()),
        }
    }
    /// Whether payments may settle in one moment after others, or which of them the rule holds back.
    pub(crate) fn travel_checked(
        &self,
        payments: &[&PaymentTerms],
        others: &[&PaymentTerms],
    ) -> Result<(), (usize, u16)> {
        let mut before: Vec<Journey> = others.iter().filter_map(|one| self.journey(one)).collect();
        let mut held: Vec<(usize, u16)> = Vec::new();
        for (place, terms) in payments.iter().enumerate() {
            let Some(journey) = self.journey(terms) else {
                continue;
            };
            if self.travels(&journey, &before) && !self.is_attested(&journey) {
                held.push((place, self.lacks_data(&journey).err().unwrap_or(1111)));
            }
            before.push(journey);
        }
        let worse = held.iter().find(|(_, code)| *code != 1111);
        match worse.or(held.first()) {
            Some(failed) => Err(*failed),
            None => Ok(()),
        }
    }
    /// Whether an attestation is all that payments wait for.
    pub(crate) fn waits_for_attestation(&self, payments: &[&PaymentTerms]) -> bool {
        let checked = self.travel_checked(payments, &[]);
        checked.is_err_and(|(_, code)| code == 1111)
    }
    /// The same for one payment that settles by itself.
    pub(crate) fn attested_alone(&self, terms: &PaymentTerms) -> Result<(), u16> {
        self.travel_checked(&[terms], &[]).map_err(|(_, code)| code)
    }
    pub(crate) fn hold_attested(&self, journey: &Journey) -> Result<(), u16> {
        if self.travels(journey, &[]) && !self.is_attested(journey) {
            return Err(self.lacks_data(journey).err().unwrap_or(1111));
        }
        Ok(())
    }
    /// Payments have settled.
    pub(crate) fn count_travelled(&mut self, payments: &[&PaymentTerms]) {
        for terms in payments {
            if let Some(journey) = self.journey(terms) {
                self.count_journey(&journey);
            }
        }
    }
    pub(crate) fn count_journey(&mut self, journey: &Journey) {
        if self.threshold(journey).is_some() {
            self.travelled.push(Travelled {
                time: self.time,
                pair: journey.pair(),
                amount: journey.amount,
            });
        }
    }
    /// Until when payments that wait for an attestation do.
    pub(crate) fn attest_by(&self, payments: &[&PaymentTerms], from: u64) -> Option<u64> {
        let rules = self.rulebook.common.travel_rule.as_ref()?;
        let waits = self.waits_for_attestation(payments);
        waits.then(|| from.max(self.time) + rules.waiting_max_ms.millis())
    }
    /// What the ledger has of a payment's data; none while it waits for signatures.
    pub(crate) fn data_on_the_books(&self, agent: Lei, uetr: Uetr) -> Option<[Option<Hash>; 2]> {
        let row = self.payment(agent, uetr)?;
        let held = matches!(row.what, What::Hold(_));
        if !held && self.queued(agent, uetr).is_none() {
            return None;
        }
        let terms = payments_of(&row.operation);
        let terms = terms.into_iter().find(|terms| terms.uetr == uetr);
        terms.map_or(Some([None, None]), |terms| {
            Some([terms.ivms_commitment, terms.pair_tag])
        })
    }
    /// For the invariants.
    pub(crate) fn seen_travel(&self) -> SeenTravel {
        let attested = self.attested.iter().map(|one| SeenAttestation {
            payment: InstructionKey {
                agent: one.agent,
                uetr: one.uetr,
            },
            creditor: one.creditor,
            accounts: (one.debit.clone(), one.credit.clone()),
            currency: one.currency,
            amount: whole(one.amount),
            travel: TravelData {
                ivms_commitment: Some(one.ivms),
                pair_tag: one.tag,
            },
            expires: Timestamp::from_millis(one.expires),
        });
        let travelled = self.travelled.iter().map(|one| {
            let (debtor_agent, creditor_agent, currency, tag) = one.pair;
            let pair = PairKey {
                debtor_agent,
                creditor_agent,
                currency,
                tag,
            };
            (Timestamp::from_millis(one.time), pair, whole(one.amount))
        });
        SeenTravel {
            attested: attested.collect(),
            travelled: travelled.collect(),
            ..SeenTravel::of_rules(&self.rulebook)
        }
    }
}
