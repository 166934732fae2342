//! `Return`: the creditor agent sends a settled payment back, whole or in part (pacs.004). A new payment; the original stays as it is.

use super::Execute;
use super::send_back::{Part, SendBack};
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{AgentIdentification, Amount, ExternalCode, Hash, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A return, signed for the creditor agent of the original.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Return {
    /// The reference of the return.
    #[schemars(extend("x-generated" = true))]
    pub uetr: Uetr,
    /// The debtor agent of the original.
    pub original_agent: AgentIdentification,
    /// The reference of the original.
    pub original_uetr: Uetr,
    /// How much, in minor units: at most what has not been returned yet.
    pub amount: Amount,
    /// Why, by the return reason codes (`AC04`, `FOCR`, …).
    pub reason: ExternalCode,
    /// The salted hash of the message as received; it covers everything in it.
    #[schemars(extend("x-hidden" = true))]
    pub message_hash: Option<Hash>,
}

impl Return {
    fn terms(&self) -> SendBack<'_> {
        SendBack {
            uetr: self.uetr,
            original_agent: &self.original_agent,
            original_uetr: self.original_uetr,
            amount: self.amount,
            reason: &self.reason,
            message_hash: self.message_hash,
        }
    }
}

impl Execute for Return {
    fn check_alone(&self) -> Result<(), Rejection> {
        self.terms().check_alone()
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        self.terms().authority(state)
    }
    fn items(&self, state: &State) -> Vec<Item> {
        self.terms().items(state)
    }
    fn execute(&self, execution: &mut Execution<'_>, open: &[Item]) -> Result<(), Rejection> {
        self.terms().settle(execution, open, Part::LeavesOpen)
    }
    fn example() -> Self {
        Self {
            uetr: "8a562c67-ca16-48ba-b074-65581be6f003"
                .parse()
                .expect("constant"),
            original_agent: "KRVNPKKA".parse().expect("constant"),
            original_uetr: "8a562c67-ca16-48ba-b074-65581be6f001"
                .parse()
                .expect("constant"),
            amount: Amount::from_minor(1_234_500),
            reason: "AC04".parse().expect("constant"),
            message_hash: Some(Hash::from_bytes([7; 32])),
        }
    }
}
