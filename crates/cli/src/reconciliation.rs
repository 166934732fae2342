//! What is outstanding of a currency against a statement of the RTGS account that backs it.
//!
//! What must hold: every movement of either side is matched, or listed with why it is not; what the lists do not explain of a
//! difference is told as a figure of its own, never left out. Matching is by reference, in full; amounts are compared, never
//! matched by. It knows no node and no file: both sides come as values.

use karwan_iso20022::{DateOrTime, EntryStatus, ReportEntry, Statement};
use karwan_types::{CurrencyCode, Max35Text, Timestamp};
use std::collections::BTreeMap;

/// An issue or a redemption on the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Backed {
    /// The reference of the RTGS movement behind it.
    pub(crate) reference: Max35Text,
    /// What it added to what is outstanding, and when; none when the ledger has forgotten all but the reference.
    pub(crate) movement: Option<(i128, Timestamp)>,
}

/// The ledger's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issuance {
    pub(crate) currency: CurrencyCode,
    /// Outstanding as of `time`, in minor units.
    pub(crate) outstanding: i128,
    pub(crate) time: Timestamp,
    pub(crate) references: Vec<Backed>,
}

/// The comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reconciliation {
    /// The time as of which both sides are compared.
    pub(crate) as_of: Timestamp,
    /// Outstanding then.
    pub(crate) outstanding: i128,
    /// The closing booked balance of the RTGS account.
    pub(crate) backing: i128,
    /// How many movements are on both sides with the same amount.
    pub(crate) matched: usize,
    /// Everything else.
    pub(crate) findings: Vec<Finding>,
    /// The part of the difference that no finding explains: it was there before the statement, or has no reference.
    pub(crate) unexplained: i128,
}

/// A movement that is not on both sides as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) kind: FindingKind,
    pub(crate) reference: String,
    /// What it added to what is outstanding, on the ledger, be it then or later.
    pub(crate) on_ledger: Option<i128>,
    /// How much of that is in what is outstanding as of the end of the statement.
    counted: i128,
    /// What it added to the balance of the RTGS account.
    pub(crate) in_statement: Option<i128>,
    /// When it happened, as far as it is told.
    pub(crate) at: String,
}

/// What is the matter with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FindingKind {
    /// Issued or redeemed within the statement's time, and not in the statement.
    OnlyOnLedger,
    /// Booked in the statement, and neither issued nor redeemed.
    OnlyInStatement,
    /// On both sides, with other amounts.
    OtherAmount,
    /// Issued or redeemed after the statement; booked in it or not.
    AfterTheStatement,
}

impl FindingKind {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::OnlyOnLedger => "only on the ledger",
            Self::OnlyInStatement => "only in the statement",
            Self::OtherAmount => "other amount",
            Self::AfterTheStatement => "after the statement",
        }
    }
}

impl Finding {
    /// How much of the difference it explains: backing less outstanding.
    fn explains(&self) -> i128 {
        self.in_statement.unwrap_or(0) - self.counted
    }
}

impl Reconciliation {
    /// Backing less outstanding.
    pub(crate) fn difference(&self) -> i128 {
        self.backing - self.outstanding
    }
    /// Whether the backing is what is outstanding.
    pub(crate) fn is_equal(&self) -> bool {
        self.difference() == 0
    }

    /// Compares as of the end of the statement, `until`, or as of what the ledger has reached if that is earlier. Movements of
    /// the ledger before `from` are in earlier statements.
    pub(crate) fn of(
        statement: &Statement,
        (from, until): (Timestamp, Timestamp),
        ledger: &Issuance,
    ) -> anyhow::Result<Self> {
        let closing = statement.closing();
        let closing = closing.ok_or_else(|| anyhow::anyhow!("the statement has no balance"))?;
        let as_of = until.min(ledger.time);
        let mut open: BTreeMap<&Max35Text, &Backed> = ledger
            .references
            .iter()
            .map(|backed| (&backed.reference, backed))
            .collect();
        let (mut findings, mut matched) = (Vec::new(), 0_usize);
        let booked = statement.entries.iter();
        for entry in booked.filter(|entry| entry.status == EntryStatus::Booked) {
            // A batch is one entry with several payments in it.
            let known: Vec<&Backed> = entry
                .references()
                .filter_map(|one| open.remove(one))
                .collect();
            match compare(entry, &known, as_of) {
                Some(finding) => findings.push(finding),
                None => matched += known.len(),
            }
        }
        findings.extend(open.into_values().filter_map(|backed| {
            let (minor, settled) = backed.movement?;
            let kind = if settled > as_of {
                FindingKind::AfterTheStatement
            } else if settled >= from {
                FindingKind::OnlyOnLedger
            } else {
                return None;
            };
            Some(Finding {
                kind,
                reference: backed.reference.to_string(),
                on_ledger: Some(minor),
                counted: if settled > as_of { 0 } else { minor },
                in_statement: None,
                at: settled.to_string(),
            })
        }));
        let later = ledger
            .references
            .iter()
            .filter_map(|backed| backed.movement);
        let later: i128 = later
            .filter(|(_, settled)| *settled > as_of && *settled <= ledger.time)
            .map(|(minor, _)| minor)
            .sum();
        let outstanding = ledger.outstanding - later;
        let explained: i128 = findings.iter().map(Finding::explains).sum();
        Ok(Self {
            as_of,
            outstanding,
            backing: closing.minor,
            matched,
            unexplained: closing.minor - outstanding - explained,
            findings,
        })
    }
}

/// None when both sides agree.
fn compare(entry: &ReportEntry, known: &[&Backed], as_of: Timestamp) -> Option<Finding> {
    if known.is_empty() {
        return Some(only_in_statement(entry));
    }
    // The ledger has forgotten how much one of them was: there is nothing to compare.
    let movements: Vec<_> = known.iter().map(|backed| backed.movement).collect();
    let movements: Vec<(i128, Timestamp)> = movements.into_iter().collect::<Option<_>>()?;
    let total: i128 = movements.iter().map(|(minor, _)| minor).sum();
    let counted = movements.iter().filter(|(_, settled)| *settled <= as_of);
    let counted: i128 = counted.map(|(minor, _)| minor).sum();
    let last = movements.iter().map(|(_, settled)| *settled).max()?;
    let kind = if last > as_of {
        FindingKind::AfterTheStatement
    } else if total != entry.minor {
        FindingKind::OtherAmount
    } else {
        return None;
    };
    let names: Vec<_> = known.iter().map(|one| one.reference.as_str()).collect();
    Some(Finding {
        kind,
        reference: names.join(" + "),
        on_ledger: Some(total),
        counted,
        in_statement: Some(entry.minor),
        at: last.to_string(),
    })
}

fn only_in_statement(entry: &ReportEntry) -> Finding {
    let mut names: Vec<_> = entry.references().map(Max35Text::as_str).collect();
    names.dedup();
    Finding {
        kind: FindingKind::OnlyInStatement,
        reference: names.join(" / "),
        on_ledger: None,
        counted: 0,
        in_statement: Some(entry.minor),
        at: match entry.booked {
            Some(DateOrTime::Date(date)) => date.to_string(),
            Some(DateOrTime::Time(time)) => time.to_string(),
            None => "-".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests;
