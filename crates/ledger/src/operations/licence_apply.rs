//! `LicenceApply`: an institution applies for the licence for an activity, with a document for each item of the checklist.

use super::Execute;
use crate::authority::Authority;
use crate::checks;
use crate::execution::{Execution, Item};
use crate::rejection::Rejection;
use crate::state::State;
use crate::supervision::{
    self, CHECKLIST_MAX, ChecklistDocument, Licence, LicenceKey, LicenceScope, LicenceStatus,
};
use karwan_types::{AgentIdentification, Hash, Max35Text, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An application, signed for the institution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LicenceApply {
    /// The institution.
    pub agent: AgentIdentification,
    /// The activity, by its code in the rulebook.
    #[schemars(extend("x-positional" = true))]
    pub activity: Max35Text,
    /// The documents, one for each item of the checklist, in its order.
    pub documents: Vec<ChecklistDocument>,
}

impl Execute for LicenceApply {
    fn check_alone(&self) -> Result<(), Rejection> {
        if self.documents.len() > CHECKLIST_MAX {
            return Err(Rejection::InvalidField {
                field: "documents",
                rule: "must be at most 64",
            });
        }
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let participant = checks::debtor_agent_known(state, &self.agent)?;
        Ok(Authority::of(participant, None))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let state = &*execution.state;
        let participant = checks::debtor_agent(state, &self.agent)?;
        let activity = supervision::activity(state, participant, &self.activity)?;
        let kind = state.participant(&participant).map(|one| one.kind);
        if !kind.is_some_and(|kind| activity.kinds.contains(&kind)) {
            return Err(Rejection::ActivityKind {
                activity: self.activity.clone(),
            });
        }
        let items = activity.checklist.iter();
        let mut brought = self.documents.iter();
        for item in items {
            if brought.next().is_none_or(|document| document.item != *item) {
                return Err(Rejection::Checklist { item: item.clone() });
            }
        }
        if let Some(extra) = brought.next() {
            let item = extra.item.clone();
            return Err(Rejection::Checklist { item });
        }
        let key = LicenceKey {
            participant,
            activity: self.activity.clone(),
        };
        let old = state.licence(&key);
        if old.is_some_and(|old| old.is_open(execution.time)) {
            return Err(Rejection::LicenceState {
                activity: self.activity.clone(),
                needed: "free to be applied for: an application or a licence is open, or is still being wound down",
            });
        }
        let licence = Licence {
            status: LicenceStatus::Applied,
            documents: self.documents.clone(),
            no_objection: None,
            scope: LicenceScope::default(),
            conditions: Vec::new(),
            from: Timestamp::from_millis(0),
            until: Timestamp::from_millis(0),
            instruction: execution.instruction,
            transaction: execution.origin,
            operation: supervision::name(execution.operation),
            changed: execution.time,
        };
        execution.state.put_licence(key, licence);
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            activity: "SETTLEMENT".parse().expect("constant"),
            documents: vec![ChecklistDocument {
                item: "BUSINESS-PLAN".parse().expect("constant"),
                hash: Hash::from_bytes([8; 32]),
            }],
        }
    }
}
