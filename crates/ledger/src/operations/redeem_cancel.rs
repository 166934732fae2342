//! `RedeemCancel`: the central bank declines a redemption; what was held is released.

use super::Execute;
use super::post::find;
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::records::RecordKind;
use crate::rejection::Rejection;
use crate::state::State;
use crate::{checks, posting};
use karwan_types::{AgentIdentification, TransactionStatus, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Declines a redemption, signed for the issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RedeemCancel {
    /// The participant that asked.
    pub agent: AgentIdentification,
    /// The request.
    pub uetr: Uetr,
}

impl Execute for RedeemCancel {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let (_, record) = find(state, &self.agent, self.uetr)?;
        let issuer = checks::currency_known(state, record.movement.currency)?.issuer;
        Ok(Authority::of(issuer, None))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let (key, record) = find(execution.state, &self.agent, self.uetr)?;
        checks::open(
            &record,
            &RecordKind::Redemption,
            "a request for redemption",
            self.uetr,
        )?;
        let account = record
            .movement
            .debtor_account
            .expect("an open redemption has its account");
        posting::release(execution.state, &account, record.movement.amount);
        execution.advance(key, |record| record.status = TransactionStatus::Canc);
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            uetr: "8a562c67-ca16-48ba-b074-65581be6f001"
                .parse()
                .expect("constant"),
        }
    }
}
