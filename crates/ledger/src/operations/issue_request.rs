//! `IssueRequest`: a domestic bank has paid into its RTGS account and asks its central bank to issue the same on the ledger.

use super::Execute;
use crate::authority::Authority;
use crate::checks;
use crate::execution::{Execution, Item};
use crate::records::{InstructionKey, RecordKind};
use crate::rejection::Rejection;
use crate::state::State;
use crate::supervision::Side;
use karwan_types::{AgentIdentification, Amount, CurrencyCode, Max35Text, Movement, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A request for issue, signed for the bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IssueRequest {
    /// The reference of the request.
    #[schemars(extend("x-generated" = true))]
    pub uetr: Uetr,
    /// The bank.
    pub agent: AgentIdentification,
    /// The currency of its central bank.
    pub currency: CurrencyCode,
    /// How much, in minor units.
    pub amount: Amount,
    /// The payment into the RTGS account, as the bank references it.
    pub rtgs_reference: Max35Text,
}

impl Execute for IssueRequest {
    fn check_alone(&self) -> Result<(), Rejection> {
        checks::amount_alone(self.amount)
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let bank = checks::debtor_agent_known(state, &self.agent)?;
        Ok(Authority::of(bank, Some((self.currency, self.amount))))
    }
    fn items(&self, state: &State) -> Vec<Item> {
        let Some(bank) = state.agent(&self.agent) else {
            return Vec::new();
        };
        let issuer = state
            .currency(&self.currency)
            .map(|currency| currency.issuer);
        vec![Item {
            key: InstructionKey {
                agent: bank,
                uetr: self.uetr,
            },
            kind: RecordKind::IssueRequest,
            movement: Movement {
                uetr: self.uetr,
                debtor_agent: bank,
                creditor_agent: issuer,
                debtor_account: None,
                creditor_account: state.settlement_account(&bank, &self.currency).cloned(),
                currency: self.currency,
                amount: self.amount,
                message_hash: None,
            },
        }]
    }
    fn execute(&self, execution: &mut Execution<'_>, open: &[Item]) -> Result<(), Rejection> {
        let state = &*execution.state;
        let bank = checks::debtor_agent(state, &self.agent)?;
        checks::currency_moves(state, self.currency)?;
        checks::domestic_bank(
            state,
            bank,
            &self.agent,
            self.currency,
            "ask for issue of this currency",
        )?;
        checks::issuer_licence(
            (state, execution.time),
            (bank, &self.agent),
            (self.currency, self.amount),
            Side::Creditor,
        )?;
        checks::issuer_window(state, self.currency, execution.time)?;
        checks::settlement_account(state, bank, &self.agent, self.currency)?;
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
            rtgs_reference: "RTGS-1".parse().expect("constant"),
        }
    }
}
