//! Versions of the rulebook, and emergency rules.

use super::super::author::Author;
use super::super::books::Model;
use super::super::instructions::{Item, Turn};
use super::super::rules::{Emergency, Scheduled};
use super::super::signing::{Group, Need};
use super::super::worlds::limit;
use super::{Authored, Modelled};
use crate::support::*;
use karwan_ledger::{
    Direction, EmergencyEnd, EmergencyMeasure, EmergencyRule, Holder, LimitRule, Money,
    NationalRules, OnExceed, Operation, Quorum, Rulebook, RulebookPropose,
};
use karwan_types::{Amount, EmergencyRuleId, Hash, JurisdictionCode, TransactionStatus};

/// The places of the test network, and one that is not on it.
const PLACES: [&str; 5] = ["PK", "KG", "KZ", "UZ", "TJ"];

fn some_place(author: &mut Author) -> JurisdictionCode {
    let place = author.random.usize(..PLACES.len());
    country(PLACES[place])
}

impl Authored for RulebookPropose {
    fn write(author: &mut Author, chain: &Chain, model: &Model) -> Option<Operation> {
        let mut rulebook = model.rulebook.clone();
        rulebook.version = model.versions + 1;
        for _ in 0..author.random.u32(1..3) {
            alter(author, &mut rulebook);
        }
        let mut one = Self {
            rulebook,
            diff_from: model.rulebook.version,
            activates: chain.upcoming().after(millis(author.random.u64(1..4_000))),
            document_hash: Hash::from_bytes([1; 32]),
            impact_report_hash: None,
        };
        match author.random.u32(..30) {
            0 => one.diff_from += 1,
            1 => one.rulebook.version += 1,
            2 => one.activates = chain.upcoming(),
            3..8 => one.activates = chain.upcoming().after(HOUR),
            _ => {}
        }
        Some(one.into())
    }
}

/// Changes one figure, mostly of those that what waits depends on.
fn alter(author: &mut Author, rulebook: &mut Rulebook) {
    let common = &mut rulebook.common;
    let queue = &mut common.queue;
    match author.random.u32(..18) {
        0 | 1 => queue.days_ahead_max = author.random.u16(..4),
        2 | 3 => queue.waiting_max_ms = millis(author.random.u64(..7_200_000)),
        4 => queue.account_entries_max = author.random.u32(..6),
        5 | 6 => queue.cycle_blocks = author.random.u32(..4),
        7 | 8 => queue.cycle_length = author.random.u32(..8),
        9 => {
            queue.cycle_entries_max = *author.pick(&[0, 1, 2, 3, 5, 5_000, 5_001]);
        }
        10 => common.domestic_payments = author.chance(70),
        11 => common.notice_min_ms = millis(author.random.u64(..3_000)),
        12 => common.quorum = *author.pick(&[Quorum::TwoThirds, Quorum::All]),
        13 => {
            let most = Amount::from_minor(u128::from(author.random.u64(10_000..100_000_000)));
            let currency = code("KGS");
            common.payment_max = vec![Money {
                currency,
                amount: most,
            }];
        }
        14 => {
            let place = some_place(author);
            let at_home = author.chance(50);
            let supervision = rulebook.common.supervision;
            rulebook.national = vec![NationalRules::plain(place, at_home, supervision)];
        }
        15 | 16 => common.limits = some_limits(author),
        _ => common.emergency_max_ms = millis(author.random.u64(1_000..7_200_000)),
    }
}

/// Tighter or looser limits of banks, or none.
fn some_limits(author: &mut Author) -> Vec<LimitRule> {
    let mut limits = Vec::new();
    for currency in ["KGS", "PKR"] {
        for direction in [Direction::Debit, Direction::Credit] {
            let mut figure = |percent| {
                let some = author.chance(percent);
                some.then(|| u128::from(author.random.u64(50_000..800_000)))
            };
            let mut figures = [figure(20), figure(60), figure(30)];
            if direction == Direction::Debit {
                figures[2] = None;
            }
            let on_exceed = *author.pick(&[OnExceed::Wait, OnExceed::Wait, OnExceed::Refuse]);
            if figures.iter().any(Option::is_some) {
                limits.push(limit(currency, direction, figures, on_exceed));
            }
        }
    }
    limits
}

impl Modelled for RulebookPropose {
    fn alone(&self) -> Option<u16> {
        let common = &self.rulebook.common;
        let looser = common.queue.cycle_entries_max > 5_000;
        let own = self.rulebook.national.iter().flat_map(|part| &part.limits);
        let looser_limit = own.into_iter().any(|own| {
            common.limits.iter().any(|one| {
                let same = (one.kind, one.currency, one.direction)
                    == (own.kind, own.currency, own.direction);
                let above = |own: Option<Amount>, common: Option<Amount>| {
                    own.zip(common).is_some_and(|(own, common)| own > common)
                };
                same && (above(own.payment_max, one.payment_max)
                    || above(own.day_max, one.day_max)
                    || above(own.holding_max, one.holding_max)
                    || own.on_exceed < one.on_exceed)
            })
        });
        (looser || looser_limit).then_some(1601)
    }
    /// Each jurisdiction whose own part differs, and all or most of them when something common does.
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        if self.diff_from != model.rulebook.version {
            return Err(1602);
        }
        let (old, new) = (&model.rulebook, &self.rulebook);
        let mut groups = Vec::new();
        for place in PLACES.map(country) {
            let part = |book: &Rulebook| {
                let own = book.national.iter().find(|part| part.jurisdiction == place);
                own.cloned()
            };
            let clauses = |book: &Rulebook| {
                let own = book.clauses.iter();
                let own = own.filter(|clause| clause.jurisdiction == Some(place));
                own.cloned().collect::<Vec<_>>()
            };
            if part(old) != part(new) || clauses(old) != clauses(new) {
                let holders = vec![Holder::Governor(place)];
                let need = Need::One;
                groups.push(Group { holders, need });
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
            let holders = model.jurisdictions.iter();
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
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        if self.diff_from != model.rulebook.version {
            return Err(1602);
        }
        let stranger = |part: &NationalRules| !model.jurisdictions.contains(&part.jurisdiction);
        if self.rulebook.national.iter().any(stranger) {
            return Err(1503);
        }
        if self.rulebook.version != model.versions + 1 {
            return Err(1603);
        }
        let notice = model.rulebook.common.notice_min_ms.millis();
        let from = self.activates.millis();
        if from < model.time + notice || from <= model.time {
            return Err(1604);
        }
        model.versions += 1;
        model.scheduled.push(Scheduled {
            rulebook: self.rulebook.clone(),
            base: self.diff_from,
            from,
        });
        Ok(())
    }
    fn done(&self) -> TransactionStatus {
        TransactionStatus::Pdng
    }
}

impl Authored for EmergencyRule {
    fn write(author: &mut Author, chain: &Chain, model: &Model) -> Option<Operation> {
        let jurisdiction = some_place(author);
        let own = |rule: &&Emergency| rule.id.jurisdiction == jurisdiction;
        let next = model.emergencies.iter().filter(own).count() + 1;
        let number = u32::try_from(next).expect("few");
        let measure = if author.chance(60) {
            let (_, currency) = *author.pick(&ISSUERS);
            EmergencyMeasure::PaymentMax(Money {
                currency: code(currency),
                amount: Amount::from_minor(u128::from(author.random.u64(1_000..1_000_000))),
            })
        } else {
            let other = some_place(author);
            EmergencyMeasure::CorridorStop { other }
        };
        let one = Self {
            jurisdiction,
            number: number + author.random.u32(..10) / 9,
            measure,
            until: chain
                .upcoming()
                .after(millis(author.random.u64(..7_300_000))),
            legal_basis: "an act".parse().expect("a sentence"),
            order_hash: Hash::from_bytes([2; 32]),
        };
        Some(one.into())
    }
}
impl Modelled for EmergencyRule {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        model.governor(self.jurisdiction)
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let own = |rule: &&Emergency| rule.id.jurisdiction == self.jurisdiction;
        let number = model.emergencies.iter().filter(own).count() + 1;
        if usize::try_from(self.number).expect("small") != number {
            return Err(1608);
        }
        let until = self.until.millis();
        let longest = model.rulebook.common.emergency_max_ms.millis();
        if until <= model.time || until > model.time + longest {
            return Err(1607);
        }
        model.emergencies.push(Emergency {
            id: EmergencyRuleId {
                jurisdiction: self.jurisdiction,
                number: self.number,
            },
            measure: self.measure.clone(),
            until,
        });
        Ok(())
    }
}

impl Authored for EmergencyEnd {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let ids: Vec<EmergencyRuleId> = model.emergencies.iter().map(|rule| rule.id).collect();
        if ids.is_empty() {
            return None;
        }
        let id = *author.pick(&ids);
        let one = Self {
            jurisdiction: id.jurisdiction,
            number: id.number,
        };
        Some(one.into())
    }
}
impl Modelled for EmergencyEnd {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        model.governor(self.jurisdiction)
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let time = model.time;
        let is = |rule: &&mut Emergency| {
            let id = rule.id;
            id.jurisdiction == self.jurisdiction && id.number == self.number && rule.until > time
        };
        let rule = model.emergencies.iter_mut().find(is);
        rule.ok_or(1609u16)?.until = time;
        Ok(())
    }
}
