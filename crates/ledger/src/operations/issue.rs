//! `Issue`: the central bank answers a request for issue, against one movement of the RTGS account.

use super::Execute;
use super::post::find;
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::records::{RecordKind, RtgsReference};
use crate::rejection::Rejection;
use crate::state::State;
use crate::supervision::Side;
use crate::{checks, posting};
use karwan_types::{AgentIdentification, Max35Text, TransactionStatus, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Issues what was asked for, signed for the issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Issue {
    /// The bank that asked.
    pub agent: AgentIdentification,
    /// The request.
    pub uetr: Uetr,
    /// The credit of the RTGS account that backs the issue; each backs one.
    pub rtgs_credit_reference: Max35Text,
}

impl Execute for Issue {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let (_, record) = find(state, &self.agent, self.uetr)?;
        let movement = record.movement;
        let issuer = checks::currency_known(state, movement.currency)?.issuer;
        Ok(Authority::of(
            issuer,
            Some((movement.currency, movement.amount)),
        ))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let (key, record) = find(execution.state, &self.agent, self.uetr)?;
        checks::open(
            &record,
            &RecordKind::IssueRequest,
            "a request for issue",
            self.uetr,
        )?;
        let (currency, amount) = (record.movement.currency, record.movement.amount);
        checks::currency_moves(execution.state, currency)?;
        let account =
            checks::settlement_account(execution.state, key.agent, &self.agent, currency)?;
        checks::issuer_licence(
            (execution.state, execution.time),
            (key.agent, &self.agent),
            (currency, amount),
            Side::Creditor,
        )?;
        checks::credit_is_free(execution.state, execution.time, &account)?;
        let row = checks::currency_known(execution.state, currency)?.clone();
        let issued = row
            .issued
            .checked_add(amount)
            .ok_or(Rejection::AmountDigits)?;
        let outstanding = issued
            .checked_sub(row.redeemed)
            .expect("no more is redeemed than was issued");
        if outstanding > row.supply_cap {
            return Err(Rejection::SupplyCap { currency });
        }
        let reference = RtgsReference {
            currency,
            reference: self.rtgs_credit_reference.clone(),
        };
        checks::unused_reference(execution.state, &reference)?;
        posting::transfer(execution.state, &row.contra, &account, amount)?;
        execution.state.references.insert(reference, key);
        execution
            .state
            .currencies
            .get_mut(&currency)
            .expect("found above")
            .issued = issued;
        execution.advance(key, |record| {
            record.status = TransactionStatus::Acsc;
            record.movement.debtor_account = Some(row.contra);
            record.movement.creditor_account = Some(account);
        });
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            uetr: "8a562c67-ca16-48ba-b074-65581be6f001"
                .parse()
                .expect("constant"),
            rtgs_credit_reference: "RTGS-CR-1".parse().expect("constant"),
        }
    }
}
