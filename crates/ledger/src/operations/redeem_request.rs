//! `RedeemRequest`: a domestic participant asks for its money back in its RTGS account; the amount is held until the central bank answers.

use super::Execute;
use super::terms::Priority;
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::records::{InstructionKey, RecordKind};
use crate::rejection::Rejection;
use crate::state::State;
use crate::supervision::Side;
use crate::{checks, posting};
use karwan_types::{AccountNumber, AgentIdentification, Amount, CurrencyCode, Movement, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A request for redemption, signed for the participant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RedeemRequest {
    /// The reference of the request.
    #[schemars(extend("x-generated" = true))]
    pub uetr: Uetr,
    /// The participant.
    pub agent: AgentIdentification,
    /// The currency.
    pub currency: CurrencyCode,
    /// How much, in minor units.
    pub amount: Amount,
    /// The RTGS account to be credited.
    pub rtgs_account: AccountNumber,
}

impl Execute for RedeemRequest {
    fn check_alone(&self) -> Result<(), Rejection> {
        checks::amount_alone(self.amount)
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let participant = checks::debtor_agent_known(state, &self.agent)?;
        Ok(Authority::of(
            participant,
            Some((self.currency, self.amount)),
        ))
    }
    fn items(&self, state: &State) -> Vec<Item> {
        let Some(participant) = state.agent(&self.agent) else {
            return Vec::new();
        };
        let currency = state.currency(&self.currency);
        vec![Item {
            key: InstructionKey {
                agent: participant,
                uetr: self.uetr,
            },
            kind: RecordKind::Redemption,
            movement: Movement {
                uetr: self.uetr,
                debtor_agent: participant,
                creditor_agent: currency.map(|currency| currency.issuer),
                debtor_account: state
                    .settlement_account(&participant, &self.currency)
                    .cloned(),
                creditor_account: currency.map(|currency| currency.contra.clone()),
                currency: self.currency,
                amount: self.amount,
                message_hash: None,
            },
        }]
    }
    fn execute(&self, execution: &mut Execution<'_>, open: &[Item]) -> Result<(), Rejection> {
        let state = &*execution.state;
        let participant = checks::debtor_agent(state, &self.agent)?;
        checks::currency_moves(state, self.currency)?;
        checks::domestic_bank(
            state,
            participant,
            &self.agent,
            self.currency,
            "redeem this currency",
        )?;
        checks::issuer_licence(
            (state, execution.time),
            (participant, &self.agent),
            (self.currency, self.amount),
            Side::Debtor,
        )?;
        checks::issuer_window(state, self.currency, execution.time)?;
        let account = checks::settlement_account(state, participant, &self.agent, self.currency)?;
        let row = state.account(&account).expect("found above");
        checks::debit_account(&account, row, self.currency)?;
        checks::redemption_is_free(state, execution.time, &account)?;
        checks::redeemable(state, (&account, row), self.amount)?;
        posting::hold(execution.state, &account, self.amount, Priority::Norm)?;
        for item in open {
            execution.pending(item);
        }
        Ok(())
    }
    fn example() -> Self {
        Self {
            uetr: "8a562c67-ca16-48ba-b074-65581be6f001"
                .parse()
                .expect("constant"),
            agent: "KRVNPKKA".parse().expect("constant"),
            currency: "PKR".parse().expect("constant"),
            amount: Amount::from_minor(1_000_000),
            rtgs_account: "RTGS-PK-0001".parse().expect("constant"),
        }
    }
}
