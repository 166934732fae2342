//! I10, the limits of the rulebook: what institutions paid and were paid in any 24 hours, added up from the answers of the
//! blocks. Nothing here knows how the ledger counts.
//!
//! A payment counts when it settles, a hold when it is made and as far as it is paid in the end; each while its institution has
//! a limit.

use super::Observation;
use karwan_ledger::{Direction, InstructionKey, ParticipantKind, RecordKind, Rulebook};
use karwan_types::{CurrencyCode, DurationMs, JurisdictionCode, Lei, Timestamp};
use std::collections::BTreeMap;

const DAY: DurationMs = DurationMs::from_millis(86_400_000);

/// Whose sum: of whom, in what, paid or received.
pub(crate) type Subject = (Lei, CurrencyCode, Direction);

/// What became of a hold in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HoldStep {
    Made,
    Freed,
}

/// A hold that was made or freed in a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeenHold {
    pub(crate) key: InstructionKey,
    pub(crate) step: HoldStep,
    pub(crate) creditor: Lei,
    pub(crate) currency: CurrencyCode,
    pub(crate) amount: i128,
}

/// Something that counts.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    pub(crate) subject: Subject,
    pub(crate) time: Timestamp,
    pub(crate) amount: i128,
    /// The hold that it stands for, while it is open.
    pub(crate) hold: Option<InstructionKey>,
}

/// The 24-hour limits of every institution by a rulebook.
pub(crate) fn day_limits(
    rulebook: &Rulebook,
    institutions: impl Iterator<Item = (Lei, ParticipantKind, JurisdictionCode)>,
) -> BTreeMap<Subject, i128> {
    let mut found: BTreeMap<Subject, i128> = BTreeMap::new();
    for (lei, kind, home) in institutions {
        let own = rulebook.national.iter();
        let own = own.filter(|part| part.jurisdiction == home);
        let rules = own.flat_map(|part| &part.limits);
        let rules = rulebook.common.limits.iter().chain(rules);
        for rule in rules.filter(|rule| rule.kind == kind) {
            let Some(most) = rule.day_max else { continue };
            let most = i128::try_from(most.minor()).expect("amounts have at most 18 digits");
            let subject = (lei, rule.currency, rule.direction);
            let limit = found.entry(subject).or_insert(most);
            *limit = most.min(*limit);
        }
    }
    found
}

/// What counts after a block, by what counted before it and what the block said.
pub(crate) fn follow(before: &Observation, now: &Observation) -> Vec<Counted> {
    let mut day = before.day.clone();
    let subjects = |debtor, creditor, currency| {
        [
            (debtor, currency, Direction::Debit),
            (creditor, currency, Direction::Credit),
        ]
    };
    let new = |subject, amount, hold| Counted {
        subject,
        time: now.time,
        amount,
        hold,
    };
    for one in now.holds.iter().filter(|one| one.step == HoldStep::Made) {
        for subject in subjects(one.key.agent, one.creditor, one.currency) {
            if one.key.agent != one.creditor && now.day_limits.contains_key(&subject) {
                day.push(new(subject, one.amount, Some(one.key)));
            }
        }
    }
    for one in now.holds.iter().filter(|one| one.step == HoldStep::Freed) {
        day.retain(|counted| counted.hold != Some(one.key));
    }
    for settled in &now.settled {
        let held = match settled.kind {
            Some(RecordKind::Payment) => false,
            Some(RecordKind::Hold { .. }) => true,
            Some(RecordKind::IssueRequest | RecordKind::Redemption | RecordKind::Return { .. })
            | None => continue,
        };
        let owner = |number| now.accounts[number].owner;
        let (from, to) = (owner(&settled.debit), owner(&settled.credit));
        for subject in subjects(from, to, settled.currency) {
            let own = |one: &&mut Counted| one.hold == Some(settled.key) && one.subject == subject;
            if let Some(open) = day.iter_mut().find(own).filter(|_| held) {
                (open.amount, open.hold) = (settled.amount, None);
            } else if from != to && now.day_limits.contains_key(&subject) {
                day.push(new(subject, settled.amount, None));
            }
        }
    }
    day.retain(|one| one.time.after(DAY) >= now.time);
    day
}

/// Nobody for whom something counted in this block has passed the limit that is in force.
pub(super) fn kept(_: &Observation, now: &Observation) -> Option<String> {
    now.day_limits.iter().find_map(|(subject, most)| {
        let own = now.day.iter().filter(|one| one.subject == *subject);
        let fresh = own
            .clone()
            .any(|one| one.time == now.time && one.amount > 0);
        let sum: i128 = own.map(|one| one.amount).sum();
        (fresh && sum > *most).then(|| format!("{subject:?}: {sum} in 24 hours, of {most}"))
    })
}
