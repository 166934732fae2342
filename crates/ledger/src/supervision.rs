//! Supervision: what licences allow, what freezes stop, and how both end.
//!
//! A licence is judged at block time by the activities of the rulebook in force; a jurisdiction without such a table asks for
//! no licence here, and central banks act by law. A freeze stops money of the freezing jurisdiction's own institutions only,
//! and never an issuer's. Payments that wait keep their place while they are stopped, and hold nobody else back.
//!
//! What must hold: a receipt never says that a freeze stopped a payment; it holds a salted commitment that the authority can
//! open. This module does not know what the documents behind orders and applications say, only their hashes.

mod freeze;
mod licence;
mod register;

pub use freeze::{
    FreezeEntry, FreezeKey, FreezeMode, FreezePlace, FreezeRecord, FreezeRow, FreezeSubject,
    PastFreezes,
};
pub(crate) use freeze::{check_credit, check_debit, end_freeze, freezable, lasted, lift};
pub use licence::{
    CHECKLIST_MAX, CONDITIONS_MAX, ChecklistDocument, Licence, LicenceKey, LicenceScope,
    LicenceStatus, QueuedPayments, SCOPE_MAX, Suspension,
};
pub(crate) use licence::{Side, Use, advance_licence, check_licence, wind_down_until};

use crate::authority::{Authority, Group, Need};
use crate::checks;
use crate::exchange;
use crate::execution::Execution;
use crate::queue;
use crate::records::{AccountClass, Holder, ParticipantKind};
use crate::rejection::Rejection;
use crate::rulebook::{Activity, Permission};
use crate::state::State;
use imbl::OrdSet;
use karwan_types::{
    AccountNumber, AgentIdentification, Hash, JurisdictionCode, Lei, Max35Text, Timestamp,
};

/// The rule behind every order.
const RULE: &str = "9";

/// The jurisdiction that licenses an institution.
pub(crate) fn home(state: &State, lei: Lei) -> Option<JurisdictionCode> {
    Some(state.participant(&lei)?.jurisdiction)
}

/// Whether an institution issues a currency: it is neither licensed nor frozen here.
pub(crate) fn is_central_bank(state: &State, lei: Lei) -> bool {
    let participant = state.participant(&lei);
    participant.is_some_and(|one| one.kind == ParticipantKind::CentralBank)
}

/// As many keys of a jurisdiction's regulator as the rulebook asks for under an order.
pub(crate) fn regulator(
    state: &State,
    jurisdiction: JurisdictionCode,
) -> Result<Authority, Rejection> {
    orders(state, jurisdiction, &[Holder::Regulator(jurisdiction)])
}

/// The same for the regulator of the jurisdiction that licenses an institution.
pub(crate) fn regulator_of(state: &State, lei: Lei) -> Result<Authority, Rejection> {
    let unknown = || Rejection::DebtorAgentUnknown {
        agent: AgentIdentification::Lei(lei),
    };
    regulator(state, home(state, lei).ok_or_else(unknown)?)
}

/// One of several authorities of a jurisdiction, by as many keys as the rulebook asks for under an order.
pub(crate) fn orders(
    state: &State,
    jurisdiction: JurisdictionCode,
    holders: &[Holder],
) -> Result<Authority, Rejection> {
    if !state.chain().jurisdictions.contains(&jurisdiction) {
        return Err(Rejection::JurisdictionUnknown { jurisdiction });
    }
    let signers = state.rules().supervision(jurisdiction).order_signers;
    Ok(Authority::new(vec![Group {
        holders: holders.iter().copied().collect(),
        need: Need::Signers(signers),
    }]))
}

/// What a payment uses the ledger for on one of its sides: the payment itself, and the keeping of client money.
pub(crate) fn permissions(
    state: &State,
    payment: Permission,
    account: Option<&AccountNumber>,
) -> Vec<Permission> {
    let row = account.and_then(|number| state.account(number));
    let clients = row.is_some_and(|row| row.class == AccountClass::ClientSegregated);
    let extra = clients.then_some(Permission::ClientMoney);
    [payment].into_iter().chain(extra).collect()
}

/// Finds out which payments that wait are stopped by an order: they keep their place, and nothing waits for them. Once for every
/// block and every order, because whoever stands in a queue looks at all before it.
pub(crate) fn find_stopped(state: &mut State, time: Timestamp) {
    state.orders_changed = false;
    state.stopped = OrdSet::new();
    if state.is_nothing_frozen() && state.suspended.is_empty() {
        return;
    }
    let queue = state.queue.iter();
    let stopped = queue.filter(|(_, entry)| queue::is_stopped(state, time, entry));
    state.stopped = stopped.map(|(number, _)| *number).collect();
}

/// What stands in a receipt instead of the order behind a refusal: whoever knows the order's salt can check it.
#[must_use]
pub(crate) fn withheld(state: &State, key: &FreezeKey, payment: &[u8]) -> Option<Hash> {
    let freeze = state.freeze(key)?;
    let clause = state.rules().clause(RULE, Some(key.jurisdiction));
    Some(freeze.commitment(key, &clause.id, payment))
}

/// Looks at everything that waits: an order has ended, and what it stopped may go on.
pub(crate) fn resume(state: &mut State) {
    state.orders_changed = true;
    state.mark_ready_where(|_| true);
}

/// An activity that the jurisdiction of an institution licenses.
pub(crate) fn activity(
    state: &State,
    participant: Lei,
    code: &Max35Text,
) -> Result<Activity, Rejection> {
    let jurisdiction = home(state, participant);
    let activity = jurisdiction.and_then(|home| state.rules().activity(home, code));
    activity.cloned().ok_or_else(|| Rejection::ActivityUnknown {
        activity: code.clone(),
    })
}

/// The licence, or application, of an institution for an activity.
pub(crate) fn find_licence(
    state: &State,
    agent: &AgentIdentification,
    activity: &Max35Text,
) -> Result<(LicenceKey, Licence), Rejection> {
    let key = LicenceKey {
        participant: checks::debtor_agent_known(state, agent)?,
        activity: activity.clone(),
    };
    let missing = Rejection::LicenceState {
        activity: activity.clone(),
        needed: "known: no application is on the ledger",
    };
    let licence = state.licence(&key).cloned().ok_or(missing)?;
    Ok((key, licence))
}

/// Records what an instruction made of a licence, and what follows for payments that wait.
pub(crate) fn record(execution: &mut Execution<'_>, key: LicenceKey, changed: Licence) {
    let licence = Licence {
        instruction: execution.instruction,
        transaction: execution.origin,
        operation: name(execution.operation),
        changed: execution.time,
        ..changed
    };
    let participant = key.participant;
    let before = execution.state.licence(&key).map(|licence| licence.status);
    let concerned = [before, Some(licence.status)].into_iter().flatten();
    let concerned = concerned.into_iter().any(LicenceStatus::concerns_payments);
    let granted = licence.status == LicenceStatus::Granted;
    execution.state.put_licence(key, licence);
    // An application that is given or taken back concerns nothing that waits.
    if !concerned {
        return;
    }
    if granted {
        licence::reopen_accounts(execution.state, participant);
    }
    exchange::withdraw_unlicensed(execution.state, execution.time, participant);
    let at = (execution.height, execution.time);
    licence::refuse_queued(execution.state, at, participant, execution.outcomes);
    resume(execution.state);
}

/// The name of a kind of instruction as it stands in a record.
pub(crate) fn name(operation: &'static str) -> Max35Text {
    operation.parse().expect("names are short constants")
}
