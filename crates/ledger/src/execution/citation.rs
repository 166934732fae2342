//! What an outcome cites: the clause of the rulebook in force, and the order behind it that it may not name.

use super::{Execution, text};
use crate::rejection::Rejection;
use crate::supervision::{self, FreezeKey};
use karwan_types::{
    EmergencyRuleId, JurisdictionCode, Movement, Outcome, Refusal, TransactionStatus, encode,
};

/// Why an outcome is as it is: the rule, and whose part of the rulebook or which emergency rule it comes from.
#[derive(Clone, Debug)]
pub(super) struct Citation {
    pub(super) rule: &'static str,
    jurisdiction: Option<JurisdictionCode>,
    emergency: Option<EmergencyRuleId>,
    /// The order that the outcome must not name.
    order: Option<FreezeKey>,
}

impl From<&'static str> for Citation {
    fn from(rule: &'static str) -> Self {
        Self {
            rule,
            jurisdiction: None,
            emergency: None,
            order: None,
        }
    }
}

impl From<&Rejection> for Citation {
    fn from(rejection: &Rejection) -> Self {
        Self {
            rule: rejection.rule(),
            jurisdiction: rejection.jurisdiction(),
            emergency: rejection.emergency(),
            order: rejection.order().cloned(),
        }
    }
}

impl Execution<'_> {
    pub(super) fn outcome(
        &self,
        status: TransactionStatus,
        refusal: Option<Refusal>,
        citation: Citation,
        movement: Option<Movement>,
    ) -> Outcome {
        let rules = self.state.rules();
        let clause = rules.clause(citation.rule, citation.jurisdiction);
        let withheld = citation.order.and_then(|order| {
            let payment = (self.instruction, movement.as_ref().map(|one| one.uetr));
            supervision::withheld(self.state, &order, &encode(&payment))
        });
        Outcome {
            transaction: self.cause,
            instruction: self.instruction,
            operation: text(self.operation),
            status,
            refusal,
            clause: clause.id.clone(),
            rulebook: rules.version,
            emergency: citation.emergency,
            withheld,
            movement,
            booked: false,
        }
    }
}
