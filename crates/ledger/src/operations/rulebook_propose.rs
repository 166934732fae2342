//! `RulebookPropose`: the governors agree on a new version of the rulebook. It comes into force by block time, after the notice
//! that the version in force asks for.

use super::Execute;
use crate::authority::{Authority, Group, Need, SignerGroup};
use crate::execution::{Execution, Item};
use crate::records::{Holder, Role};
use crate::rejection::Rejection;
use crate::rulebook::{Clause, Quorum, Rulebook, RulebookError, RulebookRecord, RulebookStatus};
use crate::state::State;
use karwan_types::{DurationMs, Hash, JurisdictionCode, Timestamp, TransactionStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A new version, signed for every governor whose approval the changed parts need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RulebookPropose {
    /// The whole new version.
    #[schemars(extend("x-file" = true))]
    pub rulebook: Rulebook,
    /// The version that it changes. The proposal lapses when another one is in force at its activation.
    pub diff_from: u32,
    /// It comes into force at the first block at or after this time.
    pub activates: Timestamp,
    /// The hash of the document that the governments published.
    pub document_hash: Hash,
    /// The hash of the report of what the version would have changed in the past.
    pub impact_report_hash: Option<Hash>,
}

impl Execute for RulebookPropose {
    fn check_alone(&self) -> Result<(), Rejection> {
        self.rulebook
            .check()
            .map_err(|problem| Rejection::RulebookInvalid { problem })
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let groups = groups(
            self.base(state)?,
            &self.rulebook,
            &state.chain().jurisdictions,
        );
        if groups.is_empty() {
            return Err(Rejection::RulebookUnchanged);
        }
        Ok(Authority::new(groups))
    }
    fn validity_max(rules: &Rulebook) -> DurationMs {
        rules.common.proposal_validity_max_ms
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let state = &*execution.state;
        self.base(state)?;
        if let Some(jurisdiction) = self.rulebook.stranger(&state.chain().jurisdictions) {
            return Err(Rejection::JurisdictionUnknown { jurisdiction });
        }
        if let Some(problem) = locked_out(state, &self.rulebook) {
            return Err(Rejection::RulebookInvalid { problem });
        }
        let last = state.rulebooks().last().map_or(0, |(version, _)| *version);
        let next = last.saturating_add(1);
        if self.rulebook.version != next {
            return Err(Rejection::RulebookVersion { next });
        }
        let earliest = execution.time.after(state.rules().common.notice_min_ms);
        // Never in the block that approves it: no version changes in the middle of a block.
        if self.activates < earliest || self.activates <= execution.time {
            return Err(Rejection::RulebookNotice { earliest });
        }
        let record = RulebookRecord {
            rulebook: self.rulebook.clone(),
            status: RulebookStatus::Scheduled,
            diff_from: self.diff_from,
            activates: self.activates,
            proposal: Some(execution.instruction),
        };
        execution.state.put_rulebook(next, record);
        execution.done = TransactionStatus::Pdng;
        Ok(())
    }
    fn example() -> Self {
        let hour = DurationMs::from_millis(3_600_000);
        let mut rulebook = Rulebook::plain(hour, DurationMs::from_millis(30 * 86_400_000));
        rulebook.version = 2;
        Self {
            rulebook,
            diff_from: 1,
            activates: Timestamp::from_millis(1_790_000_000_000),
            document_hash: Hash::from_bytes([3; 32]),
            impact_report_hash: Some(Hash::from_bytes([4; 32])),
        }
    }
}

impl RulebookPropose {
    /// Which governors must approve the change from one version to another, on a ledger of these jurisdictions; nobody when
    /// nothing changes.
    #[must_use]
    pub fn approvals(
        base: &Rulebook,
        candidate: &Rulebook,
        jurisdictions: &[JurisdictionCode],
    ) -> Vec<SignerGroup> {
        Authority::new(groups(base, candidate, jurisdictions)).groups()
    }
    /// The version that is changed, which must be in force.
    fn base<'a>(&self, state: &'a State) -> Result<&'a Rulebook, Rejection> {
        let active = state.rules();
        if self.diff_from != active.version {
            return Err(Rejection::RulebookBase {
                base: self.diff_from,
                active: active.version,
            });
        }
        Ok(active)
    }
}

/// The governors whose approval the changed parts need.
fn groups(base: &Rulebook, candidate: &Rulebook, jurisdictions: &[JurisdictionCode]) -> Vec<Group> {
    let governor = |code: &JurisdictionCode| Holder::Governor(*code);
    let mut groups: Vec<Group> = national_changes(base, candidate)
        .iter()
        .map(|code| Group {
            holders: [governor(code)].into(),
            need: Need::AnySigner,
        })
        .collect();
    if let Some(quorum) = common_quorum(base, candidate) {
        groups.push(Group {
            holders: jurisdictions.iter().map(governor).collect(),
            need: match quorum {
                Quorum::All => Need::AllHolders,
                Quorum::TwoThirds => Need::TwoThirdsOfHolders,
            },
        });
    }
    groups
}

/// The jurisdictions whose own part or clauses differ.
fn national_changes(base: &Rulebook, candidate: &Rulebook) -> BTreeSet<JurisdictionCode> {
    let parts = base.national.iter().chain(&candidate.national);
    let parts = parts
        .map(|rules| rules.jurisdiction)
        .filter(|code| base.national(*code) != candidate.national(*code));
    let clauses = changed_clauses(base, candidate).filter_map(|clause| clause.jurisdiction);
    parts.chain(clauses).collect()
}

/// How many governors the changes of the common part need; none when it does not change.
fn common_quorum(base: &Rulebook, candidate: &Rulebook) -> Option<Quorum> {
    // The stricter of the old and the new quorum, so that a proposal cannot loosen what it must itself meet.
    let figures = (base.common != candidate.common).then_some(base.common.quorum);
    let clauses = changed_clauses(base, candidate)
        .filter(|clause| clause.jurisdiction.is_none())
        .map(|clause| clause.quorum);
    figures.into_iter().chain(clauses).max()
}

/// The clauses that one of the two has and the other has not in the same words.
fn changed_clauses<'a>(
    base: &'a Rulebook,
    candidate: &'a Rulebook,
) -> impl Iterator<Item = &'a Clause> {
    let missing = |here: &'a Rulebook, there: &'a Rulebook| {
        here.clauses.iter().filter(move |clause| {
            there.own_clause(clause.rule.as_str(), clause.jurisdiction) != Some(*clause)
        })
    };
    missing(base, candidate).chain(missing(candidate, base))
}

/// The first jurisdiction whose regulator or courts could not sign an order any more: no key can be added to the ledger.
fn locked_out(state: &State, candidate: &Rulebook) -> Option<RulebookError> {
    let jurisdictions = state.chain().jurisdictions.iter();
    let authorities = jurisdictions.flat_map(|code| {
        [Holder::Regulator(*code), Holder::Court(*code)].map(|holder| (*code, holder))
    });
    let lacks = |(code, holder): &(JurisdictionCode, Holder)| {
        let keys = state.keys().filter(|(_, record)| {
            record.holder == *holder && record.role == Role::Approver && record.revoked_at.is_none()
        });
        let keys = keys.count();
        keys > 0 && keys < usize::from(candidate.supervision(*code).order_signers)
    };
    let (code, _) = authorities.into_iter().find(lacks)?;
    Some(RulebookError {
        what: format!("supervision.order_signers of {code}"),
        rule: "is more than its regulator or its courts have keys in force",
    })
}
