//! `Return`: the creditor agent sends a settled payment back, whole or in part (pacs.004). A new payment; the original stays as it is.

use super::Execute;
use super::post::find;
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::records::{AccountClass, InstructionKey, RecordKind};
use crate::rejection::Rejection;
use crate::state::State;
use crate::{checks, posting};
use karwan_types::{AgentIdentification, Amount, ExternalCode, Movement, TransactionStatus, Uetr};
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
}

impl Execute for Return {
    fn check_alone(&self) -> Result<(), Rejection> {
        checks::amount_alone(self.amount)
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let (_, original) = find(state, &self.original_agent, self.original_uetr)?;
        let movement = original.movement;
        let unknown = Rejection::OriginalUnknown {
            uetr: self.original_uetr,
        };
        Ok(Authority::of(
            movement.creditor_agent.ok_or(unknown)?,
            Some((movement.currency, self.amount)),
        ))
    }
    fn items(&self, state: &State) -> Vec<Item> {
        let Ok((key, original)) = find(state, &self.original_agent, self.original_uetr) else {
            return Vec::new();
        };
        let Some(returner) = original.movement.creditor_agent else {
            return Vec::new();
        };
        vec![Item {
            key: InstructionKey {
                agent: returner,
                uetr: self.uetr,
            },
            kind: RecordKind::Return { original: key },
            movement: Movement {
                uetr: self.uetr,
                debtor_agent: returner,
                creditor_agent: Some(key.agent),
                debtor_account: original.movement.creditor_account,
                creditor_account: original.movement.debtor_account,
                currency: original.movement.currency,
                amount: self.amount,
                message_hash: None,
            },
        }]
    }
    fn execute(&self, execution: &mut Execution<'_>, open: &[Item]) -> Result<(), Rejection> {
        let (key, original) = find(execution.state, &self.original_agent, self.original_uetr)?;
        let uetr = self.original_uetr;
        match original.kind {
            RecordKind::Payment | RecordKind::Hold { .. } => {}
            RecordKind::Return { .. } => return Err(Rejection::ReturnOfReturn { uetr }),
            RecordKind::IssueRequest | RecordKind::Redemption => {
                return Err(Rejection::OriginalKind {
                    uetr,
                    needed: "a payment",
                });
            }
        }
        if !matches!(
            original.status,
            TransactionStatus::Acsc | TransactionStatus::Accc
        ) {
            return Err(Rejection::OriginalStatus {
                uetr,
                status: original.status.as_str(),
            });
        }
        let (currency, paid) = (original.movement.currency, original.movement.amount);
        if original.returned == paid {
            return Err(Rejection::ReturnedAlready { uetr });
        }
        let returned = original
            .returned
            .checked_add(self.amount)
            .ok_or(Rejection::AmountDigits)?;
        if returned > paid {
            return Err(Rejection::ExceedsPending { uetr });
        }
        let (returner, receiver) = (
            original.movement.creditor_agent,
            original.movement.debtor_agent,
        );
        let returner =
            AgentIdentification::Lei(returner.expect("a settled payment has its creditor agent"));
        let receiver = AgentIdentification::Lei(receiver);
        let debtor = checks::debtor_agent(execution.state, &returner)?;
        let creditor = checks::creditor_agent(execution.state, &receiver)?;
        checks::currency_moves(execution.state, currency)?;
        let route = checks::route(
            execution.state,
            currency,
            (
                debtor,
                &returner,
                original.movement.creditor_account.as_ref(),
            ),
            (
                creditor,
                &receiver,
                original.movement.debtor_account.as_ref(),
            ),
            &[AccountClass::Settlement, AccountClass::ClientSegregated],
        )?;
        posting::transfer(execution.state, &route.debit, &route.credit, self.amount)?;
        let mut record = original;
        record.returned = returned;
        execution.state.put_record(key, record);
        for item in open {
            execution.settled(item);
        }
        Ok(())
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
        }
    }
}
