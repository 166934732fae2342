//! The licences that institutions hold before the ledger begins.

use super::{GenesisError, GenesisLicence, GenesisParticipant, invalid};
use crate::state::State;
use crate::supervision::{Licence, LicenceKey, LicenceStatus};
use karwan_types::{InstructionHash, TransactionId};

pub(super) fn add_licence(
    state: &mut State,
    holder: &GenesisParticipant,
    entry: &GenesisLicence,
) -> Result<(), GenesisError> {
    let wrong = |rule| invalid(format!("{} licence {}", holder.name, entry.activity), rule);
    let rules = state.rules();
    let Some(activity) = rules.activity(holder.jurisdiction, &entry.activity) else {
        return Err(wrong(
            "is for an activity that its jurisdiction does not license",
        ));
    };
    if !activity.kinds.contains(&holder.kind) {
        return Err(wrong(
            "is for an activity that this kind of institution cannot be licensed for",
        ));
    }
    let time = state.chain().time;
    if entry.until <= time || entry.until > time.after(activity.term_max_ms) {
        return Err(wrong(
            "must end after the genesis time, within the longest term of the activity",
        ));
    }
    if entry.scope.check().is_err() {
        return Err(wrong(
            "has a scope with lists of more than 64 entries, or out of order",
        ));
    }
    let key = LicenceKey {
        participant: holder.lei,
        activity: entry.activity.clone(),
    };
    // No instruction granted it: the document did.
    let document = state.chain().chain_id.0;
    let licence = Licence {
        status: LicenceStatus::Granted,
        documents: Vec::new(),
        no_objection: None,
        scope: entry.scope.clone(),
        conditions: Vec::new(),
        from: time,
        until: entry.until,
        instruction: InstructionHash(document),
        transaction: TransactionId(document),
        operation: "LicenceGrant".parse().expect("a short constant"),
        changed: time,
    };
    match state.licences.insert(key, licence) {
        None => Ok(()),
        Some(_) => Err(wrong("is listed twice")),
    }
}
