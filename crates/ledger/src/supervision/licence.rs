//! Licences: from an application to its end, and the check at every use.
//!
//! An institution has at most one licence for an activity; the key says which, so that its absence can be proved. A licence
//! ends by block time; what it was is kept, because an auditor asks for it.
//!
//! However a licence ends, its holder winds the business down first, and then its accounts are blocked until it is licensed again.

use super::{home, is_central_bank};
use crate::due::{Due, by_time};
use crate::exchange;
use crate::queue;
use crate::records::{AccountStatus, Money};
use crate::rejection::Rejection;
use crate::rulebook::{Activity, Permission, limit_of};
use crate::state::State;
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, CurrencyCode, Hash, Height, InstructionHash,
    JurisdictionCode, Lei, Max35Text, Outcome, Sentence, Timestamp, TransactionId,
    TransactionStatus,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// After so many payments from the queue an order refuses no more in its block.
const REFUSED_MAX: usize = 5_000;
/// The most documents of an application.
pub const CHECKLIST_MAX: usize = 64;
/// The most conditions of a licence.
pub const CONDITIONS_MAX: usize = 32;
/// The most currencies, corridors or amounts of a licence's scope.
pub const SCOPE_MAX: usize = 64;

/// Which licence: of whom, for what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LicenceKey {
    /// The institution.
    pub participant: Lei,
    /// The activity, by its code in the rulebook of the institution's jurisdiction.
    pub activity: Max35Text,
}

/// A licence, from its application on. Its key in the table is its [`LicenceKey`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// Where it stands.
    pub status: LicenceStatus,
    /// The documents of the application, in the order of the checklist.
    pub documents: Vec<ChecklistDocument>,
    /// The regulator's no-objection, if it was given: its reference.
    pub no_objection: Option<Max35Text>,
    /// What it covers.
    pub scope: LicenceScope,
    /// The regulator's conditions.
    pub conditions: Vec<Sentence>,
    /// In force from this time on.
    pub from: Timestamp,
    /// In force until this time, exclusive.
    pub until: Timestamp,
    /// The instruction of its last change.
    pub instruction: InstructionHash,
    /// The transaction that brought that instruction.
    pub transaction: TransactionId,
    /// The kind of that instruction.
    pub operation: Max35Text,
    /// When that was.
    pub changed: Timestamp,
}

/// Where a licence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LicenceStatus {
    /// The institution has applied.
    Applied,
    /// The regulator has no objection; the institution prepares.
    NoObjection,
    /// The regulator refused the application.
    Refused,
    /// In force from `from` until `until`.
    Granted,
    /// Suspended by the regulator.
    Suspended(Suspension),
    /// Taken away: only what winds the business down is allowed until this time, then the accounts are blocked.
    Revoked {
        /// Until when, exclusive.
        wind_down_until: Timestamp,
    },
    /// Its time ended; wound down like a revoked one.
    Expired {
        /// Until when, exclusive.
        wind_down_until: Timestamp,
    },
    /// The institution gave it back; wound down like a revoked one.
    Surrendered {
        /// Until when, exclusive; the time of the surrender when it was only an application.
        wind_down_until: Timestamp,
    },
}

/// How a licence is suspended. Returns and redemptions stay allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Lifted by itself at this time; none until the regulator lifts it.
    pub until: Option<Timestamp>,
    /// What becomes of the institution's payments in the queue.
    pub queued: QueuedPayments,
    /// Whether clients may take their money out.
    pub client_withdrawals: bool,
}

/// What becomes of the payments in the queue of a suspended institution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum QueuedPayments {
    /// They wait on.
    Wait,
    /// They are refused.
    Refuse,
}

/// What a licence covers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LicenceScope {
    /// The currencies, in order; none for all.
    pub currencies: Vec<CurrencyCode>,
    /// The jurisdictions of the counterparties, in order; none for all.
    pub corridors: Vec<JurisdictionCode>,
    /// The largest single payment in a currency, in the order of the currencies; none without a cap of its own.
    pub payment_max: Vec<Money>,
}

/// One document of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChecklistDocument {
    /// Which item of the activity's checklist it is for.
    pub item: Max35Text,
    /// Its hash; the document itself goes to the regulator.
    pub hash: Hash,
}

impl LicenceScope {
    /// Whether the lists are short and each entry stands once, in order.
    pub(crate) fn check(&self) -> Result<(), Rejection> {
        let ordered = self.currencies.windows(2).all(|two| two[0] < two[1])
            && self.corridors.windows(2).all(|two| two[0] < two[1])
            && self
                .payment_max
                .windows(2)
                .all(|two| two[0].currency < two[1].currency);
        let longest = self
            .currencies
            .len()
            .max(self.corridors.len())
            .max(self.payment_max.len());
        if longest > SCOPE_MAX || !ordered {
            return Err(Rejection::InvalidField {
                field: "scope",
                rule: "must have lists of at most 64 entries, each once and in order",
            });
        }
        Ok(())
    }
    fn covers(&self, used: &Use<'_>) -> bool {
        let currency = self.currencies.is_empty() || self.currencies.contains(&used.currency);
        let abroad = used.counterparty != used.jurisdiction;
        let listed = self.corridors.is_empty() || self.corridors.contains(&used.counterparty);
        currency && (listed || !abroad)
    }
}

/// On which side of a payment an institution acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Debtor,
    Creditor,
}

/// What an institution wants to do, as far as its licence is concerned.
pub(crate) struct Use<'a> {
    pub(crate) side: Side,
    pub(crate) agent: &'a AgentIdentification,
    pub(crate) participant: Lei,
    pub(crate) jurisdiction: JurisdictionCode,
    pub(crate) counterparty: JurisdictionCode,
    pub(crate) permissions: &'a [Permission],
    pub(crate) currency: CurrencyCode,
    pub(crate) amount: Amount,
    /// Whether it only takes money out of the business: what stays allowed while a licence is suspended or wound down.
    pub(crate) winds_down: bool,
}

impl LicenceStatus {
    /// Whether payments depended on it.
    pub(crate) fn concerns_payments(self) -> bool {
        match self {
            Self::Granted | Self::Suspended(_) | Self::Revoked { .. } => true,
            Self::Applied
            | Self::NoObjection
            | Self::Refused
            | Self::Expired { .. }
            | Self::Surrendered { .. } => false,
        }
    }
    /// Until when its holder winds the business down, exclusive, once it has ended.
    #[must_use]
    pub const fn wind_down_until(self) -> Option<Timestamp> {
        match self {
            Self::Revoked { wind_down_until }
            | Self::Expired { wind_down_until }
            | Self::Surrendered { wind_down_until } => Some(wind_down_until),
            Self::Applied
            | Self::NoObjection
            | Self::Refused
            | Self::Granted
            | Self::Suspended(_) => None,
        }
    }
}

impl Licence {
    /// What block time will bring about for it.
    pub(crate) fn due(&self, key: &LicenceKey) -> Option<(Timestamp, Due)> {
        let time = match self.status {
            LicenceStatus::Granted => self.until,
            LicenceStatus::Suspended(suspension) => {
                self.until.min(suspension.until.unwrap_or(self.until))
            }
            // A wind-down that has ended stays recorded as such, and is due no more.
            LicenceStatus::Revoked { wind_down_until }
            | LicenceStatus::Expired { wind_down_until }
            | LicenceStatus::Surrendered { wind_down_until }
                if wind_down_until > self.changed =>
            {
                wind_down_until
            }
            LicenceStatus::Revoked { .. }
            | LicenceStatus::Expired { .. }
            | LicenceStatus::Surrendered { .. }
            | LicenceStatus::Applied
            | LicenceStatus::NoObjection
            | LicenceStatus::Refused => return None,
        };
        Some((time, Due::LicenceChanges(key.clone())))
    }
    /// Whether it is applied for, in force, suspended or being wound down: until that is over nobody can apply again.
    pub(crate) fn is_open(&self, time: Timestamp) -> bool {
        match self.status {
            LicenceStatus::Applied
            | LicenceStatus::NoObjection
            | LicenceStatus::Granted
            | LicenceStatus::Suspended(_) => true,
            LicenceStatus::Refused => false,
            LicenceStatus::Revoked { wind_down_until }
            | LicenceStatus::Expired { wind_down_until }
            | LicenceStatus::Surrendered { wind_down_until } => time < wind_down_until,
        }
    }
    fn is_in_force(&self, time: Timestamp) -> bool {
        self.status == LicenceStatus::Granted && self.from <= time && time < self.until
    }
    /// Whether its holder goes on, now or later: granted, suspended, or still being wound down.
    fn keeps_accounts(&self, time: Timestamp) -> bool {
        match self.status {
            LicenceStatus::Granted | LicenceStatus::Suspended(_) => time < self.until,
            LicenceStatus::Revoked { wind_down_until }
            | LicenceStatus::Expired { wind_down_until }
            | LicenceStatus::Surrendered { wind_down_until } => time < wind_down_until,
            LicenceStatus::Applied | LicenceStatus::NoObjection | LicenceStatus::Refused => false,
        }
    }
    /// Whether it still allows to wind down: while it is suspended, and for a time after it has ended.
    fn winds_down(&self, time: Timestamp, clients: bool) -> bool {
        match self.status {
            LicenceStatus::Suspended(suspension) => !clients || suspension.client_withdrawals,
            LicenceStatus::Revoked { wind_down_until }
            | LicenceStatus::Expired { wind_down_until }
            | LicenceStatus::Surrendered { wind_down_until } => time < wind_down_until,
            LicenceStatus::Applied
            | LicenceStatus::NoObjection
            | LicenceStatus::Refused
            | LicenceStatus::Granted => false,
        }
    }
}

/// Check 8, and the part of check 7 that suspends: for each permission the institution has a licence in force that covers it.
pub(crate) fn check_licence(
    state: &State,
    time: Timestamp,
    used: &Use<'_>,
) -> Result<(), Rejection> {
    let activities = state.rules().activities(used.jurisdiction);
    if activities.is_empty() || is_central_bank(state, used.participant) {
        return Ok(());
    }
    let mut permissions = used.permissions.iter();
    permissions.try_for_each(|permission| check_permission(state, time, used, *permission))
}

fn check_permission(
    state: &State,
    time: Timestamp,
    used: &Use<'_>,
    permission: Permission,
) -> Result<(), Rejection> {
    let agent = || used.agent.clone();
    let mut refusal = Rejection::NoLicence {
        agent: agent(),
        permission: permission.words(),
        jurisdiction: used.jurisdiction,
    };
    let clients = used.permissions.contains(&Permission::ClientMoney);
    for activity in permitting(state, used.jurisdiction, permission) {
        let key = LicenceKey {
            participant: used.participant,
            activity: activity.code.clone(),
        };
        let Some(licence) = state.licences.get(&key) else {
            continue;
        };
        if licence.is_in_force(time) {
            if !licence.scope.covers(used) {
                refusal = Rejection::LicenceScope {
                    agent: agent(),
                    activity: activity.code.clone(),
                };
                continue;
            }
            match limit_of(&licence.scope.payment_max, used.currency) {
                Some(limit) if used.amount > limit => {
                    refusal = Rejection::LicenceCap {
                        agent: agent(),
                        currency: used.currency,
                    };
                }
                Some(_) | None => return Ok(()),
            }
        } else if used.winds_down && licence.winds_down(time, clients) {
            return Ok(());
        } else if let LicenceStatus::Suspended(suspension) = licence.status {
            let waits = suspension.queued == QueuedPayments::Wait;
            let activity = activity.code.clone();
            refusal = match used.side {
                Side::Debtor => Rejection::DebtorLicenceSuspended {
                    agent: agent(),
                    activity,
                    waits,
                },
                Side::Creditor => Rejection::CreditorLicenceSuspended {
                    agent: agent(),
                    activity,
                    waits,
                },
            };
        }
    }
    Err(refusal)
}

/// The activities of a jurisdiction that permit something, in the order of their codes.
fn permitting(
    state: &State,
    jurisdiction: JurisdictionCode,
    permission: Permission,
) -> impl Iterator<Item = &Activity> {
    let activities = state.rules().activities(jurisdiction).iter();
    activities.filter(move |activity| activity.permissions.contains(&permission))
}

/// What block time does to a licence: its end, the end of its suspension, or of its winding down.
pub(crate) fn advance_licence(
    state: &mut State,
    at: (Height, Timestamp),
    key: &LicenceKey,
    outcomes: &mut Vec<Outcome>,
) {
    let licence = state.licences.get(key).cloned();
    let mut licence = licence.expect("a licence that falls due is recorded");
    let brought = (licence.instruction, licence.transaction);
    match licence.status {
        LicenceStatus::Suspended(_) if licence.until > at.1 => {
            licence.status = LicenceStatus::Granted;
        }
        LicenceStatus::Granted | LicenceStatus::Suspended(_) => {
            let wind_down_until = wind_down_until(state, at.1, key.participant);
            licence.status = LicenceStatus::Expired { wind_down_until };
        }
        LicenceStatus::Revoked { .. }
        | LicenceStatus::Expired { .. }
        | LicenceStatus::Surrendered { .. } => block_accounts(state, at.1, key),
        LicenceStatus::Applied | LicenceStatus::NoObjection | LicenceStatus::Refused => {
            unreachable!("nothing falls due for an application")
        }
    }
    licence.changed = at.1;
    let operation = licence.operation.clone();
    state.put_licence(key.clone(), licence);
    exchange::withdraw_unlicensed(state, at.1, key.participant);
    super::resume(state);
    let mut execution = by_time(state, at, brought, "LicenceGrant", outcomes);
    execution.answer_as(operation, TransactionStatus::Canc);
}

/// Until when an institution winds down whose licence ends now and whose regulator has not said so.
pub(crate) fn wind_down_until(state: &State, time: Timestamp, participant: Lei) -> Timestamp {
    let rules = home(state, participant).map(|home| state.rules().supervision(home));
    rules.map_or(time, |rules| time.after(rules.wind_down_ms))
}

/// The end of a winding down: what is left on the accounts stays there until an authority decides. An institution that still
/// has a licence in force keeps its accounts.
fn block_accounts(state: &mut State, time: Timestamp, key: &LicenceKey) {
    let Some(jurisdiction) = home(state, key.participant) else {
        return;
    };
    let activities = state.rules().activities(jurisdiction);
    let other = |activity: &Activity| {
        let key = LicenceKey {
            participant: key.participant,
            activity: activity.code.clone(),
        };
        let licence = state.licences.get(&key);
        licence.is_some_and(|licence| licence.keeps_accounts(time))
    };
    if activities.iter().any(other) {
        return;
    }
    let owned = state
        .accounts
        .iter()
        .filter(|(_, row)| row.owner == key.participant);
    let numbers: Vec<_> = owned.map(|(number, _)| number.clone()).collect();
    for number in numbers {
        let row = state.accounts.get_mut(&number).expect("listed above");
        if !matches!(row.status, AccountStatus::Closed | AccountStatus::Blocked) {
            state.wound_down.insert(number, row.status);
            row.status = AccountStatus::Blocked;
        }
    }
}

/// Gives the accounts of an institution that is licensed again the status that they had before its winding down ended. What
/// somebody else has blocked stays so.
pub(crate) fn reopen_accounts(state: &mut State, participant: Lei) {
    let of = |state: &State, number: &AccountNumber| {
        let account = state.account(number);
        account.is_some_and(|account| account.owner == participant)
    };
    let blocked = state.wound_down.iter().map(|(number, _)| number);
    let own: Vec<_> = blocked
        .filter(|number| of(state, number))
        .cloned()
        .collect();
    for number in own {
        let before = state.wound_down.remove(&number).expect("listed above");
        let row = state.accounts.get_mut(&number).expect("it has an owner");
        if row.status == AccountStatus::Blocked {
            row.status = before;
        }
    }
}

/// Refuses what waits from or to an institution whose licence an order has suspended or taken away, as far as the order says so.
pub(crate) fn refuse_queued(
    state: &mut State,
    at: (Height, Timestamp),
    participant: Lei,
    outcomes: &mut Vec<Outcome>,
) {
    let concerned = |leg: &queue::QueuedLeg, state: &State| {
        leg.key.agent == participant || state.agent(&leg.terms.creditor_agent) == Some(participant)
    };
    let waiting = state
        .queue
        .iter()
        .filter(|(_, entry)| entry.legs.iter().any(|leg| concerned(leg, state)));
    let numbers: Vec<u64> = waiting.map(|(number, _)| *number).collect();
    let mut legs = 0usize;
    for number in numbers {
        // A block has a bounded number of outcomes; what is left is refused when its turn comes.
        if legs >= REFUSED_MAX {
            return;
        }
        let entry = state.queue_entry(number).clone();
        match queue::examine(state, at.1, &entry) {
            Err(failed) if !failed.1.waits() => {
                legs = legs.saturating_add(entry.legs.len());
                queue::refuse_leg(state, at, number, &failed, outcomes);
            }
            Ok(_) | Err(_) => {}
        }
    }
}
