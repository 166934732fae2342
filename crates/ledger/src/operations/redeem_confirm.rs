//! `RedeemConfirm`: the central bank has credited the participant's RTGS account; the money leaves the ledger.

use super::Execute;
use super::post::find;
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::records::{RecordKind, RtgsReference};
use crate::rejection::Rejection;
use crate::state::State;
use crate::{checks, posting};
use karwan_types::{AgentIdentification, Max35Text, TransactionStatus, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Completes a redemption, signed for the issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RedeemConfirm {
    /// The participant that asked.
    pub agent: AgentIdentification,
    /// The request.
    pub uetr: Uetr,
    /// The debit of the backing RTGS account; each belongs to one redemption.
    pub rtgs_debit_reference: Max35Text,
}

impl Execute for RedeemConfirm {
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
            &RecordKind::Redemption,
            "a request for redemption",
            self.uetr,
        )?;
        let (currency, amount) = (record.movement.currency, record.movement.amount);
        checks::currency_moves(execution.state, currency)?;
        let reference = RtgsReference {
            currency,
            reference: self.rtgs_debit_reference.clone(),
        };
        checks::unused_reference(execution.state, &reference)?;
        let account = record
            .movement
            .debtor_account
            .expect("an open redemption has its account");
        let row = execution.state.account(&account);
        let row = row.expect("an open redemption was checked with its account");
        checks::debit_account(&account, row, currency)?;
        checks::redemption_is_free(execution.state, execution.time, &account)?;
        let row = checks::currency_known(execution.state, currency)?;
        if amount > row.outstanding() {
            return Err(Rejection::AboveOutstanding { currency });
        }
        let contra = row.contra.clone();
        posting::check_repaid(execution.state, &account)?;
        // What it has paid out on credit since it asked is not its own any more.
        let row = execution.state.account(&account);
        if row.is_some_and(|row| row.posted < posting::signed(amount)) {
            return Err(Rejection::InsufficientFunds { account });
        }
        posting::pay_held(execution.state, (&account, amount), &contra, amount);
        execution.state.references.insert(reference, key);
        let row = execution
            .state
            .currencies
            .get_mut(&currency)
            .expect("found above");
        row.redeemed = row
            .redeemed
            .checked_add(amount)
            .expect("no more is redeemed than was issued");
        execution.advance(key, |record| record.status = TransactionStatus::Acsc);
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            uetr: "8a562c67-ca16-48ba-b074-65581be6f001"
                .parse()
                .expect("constant"),
            rtgs_debit_reference: "RTGS-DR-1".parse().expect("constant"),
        }
    }
}
