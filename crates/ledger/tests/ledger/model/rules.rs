//! The model's rulebook: which version is in force, who must agree to the next, and what governments forbid meanwhile.

use super::books::Model;
use super::signing::{Group, Need};
use karwan_ledger::{
    EmergencyEnd, EmergencyMeasure, EmergencyRule, Holder, Money, Quorum, Rulebook, RulebookPropose,
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

    /// Each jurisdiction whose own part differs, and all or most of them when something common does.
    pub(crate) fn groups_for_rules(&self, one: &RulebookPropose) -> Result<Vec<Group>, u16> {
        if one.diff_from != self.rulebook.version {
            return Err(1602);
        }
        let (old, new) = (&self.rulebook, &one.rulebook);
        let mut groups = Vec::new();
        for place in &self.jurisdictions {
            let part = |book: &Rulebook| {
                let own = book
                    .national
                    .iter()
                    .find(|part| part.jurisdiction == *place);
                own.cloned()
            };
            let clauses = |book: &Rulebook| {
                let own = book.clauses.iter();
                let own = own.filter(|clause| clause.jurisdiction == Some(*place));
                own.cloned().collect::<Vec<_>>()
            };
            if part(old) != part(new) || clauses(old) != clauses(new) {
                groups.extend(self.governor(*place)?);
            }
        }
        let mut all = old.common != new.common && old.common.quorum == Quorum::All;
        let mut most = old.common != new.common && old.common.quorum == Quorum::TwoThirds;
        for (here, there) in [(old, new), (new, old)] {
            for clause in &here.clauses {
                if clause.jurisdiction.is_none() && !there.clauses.contains(clause) {
                    all |= clause.quorum == Quorum::All;
                    most |= clause.quorum == Quorum::TwoThirds;
                }
            }
        }
        if all || most {
            let holders = self.jurisdictions.iter();
            groups.push(Group {
                holders: holders.map(|place| Holder::Governor(*place)).collect(),
                need: if all { Need::Every } else { Need::TwoThirds },
            });
        }
        if groups.is_empty() {
            return Err(1605);
        }
        Ok(groups)
    }

    pub(crate) fn propose(&mut self, one: &RulebookPropose) -> Result<(), u16> {
        if one.diff_from != self.rulebook.version {
            return Err(1602);
        }
        if one.rulebook.version != self.versions + 1 {
            return Err(1603);
        }
        let notice = self.rulebook.common.notice_min_ms.millis();
        let from = one.activates.millis();
        if from < self.time + notice || from <= self.time {
            return Err(1604);
        }
        self.versions += 1;
        self.scheduled.push(Scheduled {
            rulebook: one.rulebook.clone(),
            base: one.diff_from,
            from,
        });
        Ok(())
    }

    /// A version whose time has come is in force, unless another one came first.
    pub(crate) fn bring_into_force(&mut self, version: u32) {
        let is = |one: &Scheduled| one.rulebook.version == version;
        let Some(place) = self.scheduled.iter().position(is) else {
            return;
        };
        let one = self.scheduled.remove(place);
        let (status, code) = if one.base == self.rulebook.version {
            self.rulebook = one.rulebook;
            (TransactionStatus::Acsc, None)
        } else {
            (TransactionStatus::Rjct, Some(1606))
        };
        self.say_by_name("RulebookPropose", status, code);
    }

    pub(crate) fn make_emergency(&mut self, one: &EmergencyRule) -> Result<(), u16> {
        let own = |rule: &&Emergency| rule.id.jurisdiction == one.jurisdiction;
        let number = self.emergencies.iter().filter(own).count() + 1;
        if usize::try_from(one.number).expect("small") != number {
            return Err(1608);
        }
        let until = one.until.millis();
        let longest = self.rulebook.common.emergency_max_ms.millis();
        if until <= self.time || until > self.time + longest {
            return Err(1607);
        }
        self.emergencies.push(Emergency {
            id: EmergencyRuleId {
                jurisdiction: one.jurisdiction,
                number: one.number,
            },
            measure: one.measure.clone(),
            until,
        });
        Ok(())
    }
    pub(crate) fn end_emergency(&mut self, one: &EmergencyEnd) -> Result<(), u16> {
        let time = self.time;
        let is = |rule: &&mut Emergency| {
            let id = rule.id;
            id.jurisdiction == one.jurisdiction && id.number == one.number && rule.until > time
        };
        self.emergencies.iter_mut().find(is).ok_or(1609u16)?.until = time;
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
