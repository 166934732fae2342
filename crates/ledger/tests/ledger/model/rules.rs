//! The model's rulebook: which version is in force, and what governments forbid meanwhile.

use super::books::Model;
use super::broken::Break;
use super::signing::{Group, Need};
use karwan_ledger::{
    EmergencyMeasure, Holder, Money, PartyDatum, PaymentKind, PaymentTerms, Rulebook,
};
use karwan_types::{CurrencyCode, EmergencyRuleId, JurisdictionCode, Lei, TransactionStatus};

/// A version that was approved and waits for its time.
#[derive(Clone, Debug)]
pub(crate) struct Scheduled {
    pub(crate) rulebook: Rulebook,
    pub(crate) base: u32,
    pub(crate) from: u64,
}

/// A rule that one jurisdiction made.
#[derive(Clone, Debug)]
pub(crate) struct Emergency {
    pub(crate) id: EmergencyRuleId,
    pub(crate) measure: EmergencyMeasure,
    pub(crate) until: u64,
}

impl Model {
    pub(crate) fn governor(&self, place: JurisdictionCode) -> Result<Vec<Group>, u16> {
        if !self.jurisdictions.contains(&place) {
            return Err(1503);
        }
        let holders = vec![Holder::Governor(place)];
        let need = Need::One;
        Ok(vec![Group { holders, need }])
    }

    /// A version whose time has come is in force, unless another one came first.
    pub(crate) fn bring_into_force(&mut self, version: u32) {
        let is = |one: &Scheduled| one.rulebook.version == version;
        let Some(place) = self.scheduled.iter().position(is) else {
            return;
        };
        let one = self.scheduled.remove(place);
        let (status, code) = if one.base == self.rulebook.version {
            if !self.breaks(Break::KeepsOldVersions) {
                self.in_force.clear();
            }
            self.in_force.push(one.rulebook.version);
            self.ever_in_force.push(one.rulebook.version);
            let limited = |book: &Rulebook| {
                let parts = book.national.iter().map(|part| &part.limits);
                parts
                    .chain([&book.common.limits])
                    .any(|all| !all.is_empty())
            };
            let concerns = limited(&self.rulebook) || limited(&one.rulebook);
            self.rulebook = one.rulebook;
            if concerns {
                self.touch_all(|_| true);
            }
            (TransactionStatus::Acsc, None)
        } else {
            (TransactionStatus::Rjct, Some(1606))
        };
        self.say_by_name("RulebookPropose", status, code);
    }

    /// What the rulebook says to what a customer's payment is for.
    pub(crate) fn meant(
        &self,
        (debtor, creditor): (Lei, Lei),
        terms: &PaymentTerms,
    ) -> Result<(), u16> {
        if terms.kind != PaymentKind::Customer || debtor == creditor {
            return Ok(());
        }
        let home = |lei| self.participant(lei).expect("found before").jurisdiction;
        let (from, to) = (home(debtor), home(creditor));
        let table = &self.rulebook.common.purposes;
        let mut rules: Vec<_> = table
            .corridors
            .iter()
            .filter(|rule| rule.from.is_none_or(|own| own == from))
            .filter(|rule| rule.to.is_none_or(|own| own == to))
            .collect();
        if rules.is_empty() {
            return Ok(());
        }
        let purpose = terms.purpose.as_ref().ok_or(1104u16)?;
        rules.retain(|rule| rule.purpose == *purpose);
        // Of two that leave one side open the one that names the debtor's decides.
        rules.sort_by_key(|rule| (rule.from.is_none(), rule.to.is_none()));
        let rule = rules.first().ok_or(1105u16)?;
        if let Some(local) = &terms.local_purpose {
            let code = table.codes.iter().find(|one| one.code == *purpose);
            let mut names = code.expect("every rule is about a known one").local.iter();
            if !names.any(|one| {
                one.code == *local && (one.jurisdiction == from || one.jurisdiction == to)
            }) {
                return Err(1106);
            }
        }
        if !rule.allowed {
            return Err(1107);
        }
        let mut caps = rule.payment_max.iter();
        if caps.any(|cap| cap.currency == terms.currency && terms.amount > cap.amount) {
            return Err(1108);
        }
        let mut told = terms.commitments.iter();
        if rule.documents && !told.any(|one| one.datum == PartyDatum::RegulatoryReporting) {
            return Err(1109);
        }
        Ok(())
    }

    /// What the rulebook and the emergency rules say to a payment between two institutions.
    pub(crate) fn lawful(
        &self,
        (debtor, creditor): (Lei, Lei),
        (currency, amount): (CurrencyCode, u128),
    ) -> Result<(), u16> {
        let home = |lei| self.participant(lei).expect("found before").jurisdiction;
        let (from, to) = (home(debtor), home(creditor));
        let above = |limits: &[Money]| {
            let limit = limits.iter().find(|limit| limit.currency == currency);
            limit.is_some_and(|limit| amount > limit.amount.minor())
        };
        if above(&self.rulebook.common.payment_max) {
            return Err(1008);
        }
        for part in &self.rulebook.national {
            let concerned = part.jurisdiction == from || part.jurisdiction == to;
            if concerned && above(&part.payment_max) {
                return Err(1008);
            }
        }
        if from == to && debtor != creditor {
            let own = self.rulebook.national.iter();
            let own = own.filter(|part| part.jurisdiction == from);
            let allowed = own.map(|part| part.domestic_payments).next();
            if !allowed.unwrap_or(self.rulebook.common.domestic_payments) {
                return Err(1101);
            }
        }
        for rule in self
            .emergencies
            .iter()
            .filter(|rule| rule.until > self.time)
        {
            let at = rule.id.jurisdiction;
            let stopped = match &rule.measure {
                EmergencyMeasure::PaymentMax(limit) => {
                    (at == from || at == to)
                        && limit.currency == currency
                        && amount > limit.amount.minor()
                }
                EmergencyMeasure::CorridorStop { other } => {
                    debtor != creditor
                        && ((at == from && *other == to) || (at == to && *other == from))
                }
            };
            if stopped {
                return Err(1102);
            }
        }
        Ok(())
    }
}
