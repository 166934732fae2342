//! Sending a settled payment back, whole or in part: what a return does by itself and what the answer to a recall does.
//!
//! What must hold: no more goes back than was paid, a return is never returned, and a return of all that is left answers
//! the recall that waits for it, so that no case stays open for money that is back already.

use super::post::find;
use super::terms::Priority;
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::posting::Transfer;
use crate::recalls::RecallStatus;
use crate::records::{AccountClass, InstructionKey, Record, RecordKind};
use crate::rejection::Rejection;
use crate::state::State;
use crate::{checks, limits, posting};
use karwan_types::{
    AgentIdentification, Amount, ExternalCode, Hash, Movement, RETURN_REASONS, Timestamp,
    TransactionStatus, Uetr, is_reason,
};

/// What goes back of which payment.
pub(super) struct SendBack<'a> {
    /// The reference of the return.
    pub(super) uetr: Uetr,
    pub(super) original_agent: &'a AgentIdentification,
    pub(super) original_uetr: Uetr,
    pub(super) amount: Amount,
    pub(super) reason: &'a ExternalCode,
    pub(super) message_hash: Option<Hash>,
}

/// Whether a return of a part closes the recall of its original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It is the answer.
    Answers,
    /// The rest may still be asked for.
    LeavesOpen,
}

impl SendBack<'_> {
    pub(super) fn check_alone(&self) -> Result<(), Rejection> {
        if !is_reason(RETURN_REASONS, self.reason) {
            return Err(Rejection::InvalidField {
                field: "reason",
                rule: "must be a return reason of ISO 20022, for example AC04 or FOCR",
            });
        }
        checks::amount_alone(self.amount)
    }
    /// The creditor agent of the original signs, for the amount that it gives back.
    pub(super) fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let (_, original) = find(state, self.original_agent, self.original_uetr)?;
        let movement = original.movement;
        let unknown = Rejection::OriginalUnknown {
            uetr: self.original_uetr,
        };
        Ok(Authority::of(
            movement.creditor_agent.ok_or(unknown)?,
            Some((movement.currency, self.amount)),
        ))
    }
    pub(super) fn items(&self, state: &State) -> Vec<Item> {
        let Ok((key, original)) = find(state, self.original_agent, self.original_uetr) else {
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
            kind: RecordKind::Return {
                original: key,
                reason: self.reason.clone(),
            },
            movement: Movement {
                uetr: self.uetr,
                debtor_agent: returner,
                creditor_agent: Some(key.agent),
                debtor_account: original.movement.creditor_account,
                creditor_account: original.movement.debtor_account,
                currency: original.movement.currency,
                amount: self.amount,
                message_hash: self.message_hash,
            },
        }]
    }
    /// Moves the money, and closes the original's recall when nothing is left to ask for or this is the answer.
    pub(super) fn settle(
        &self,
        execution: &mut Execution<'_>,
        open: &[Item],
        part: Part,
    ) -> Result<(), Rejection> {
        let (key, original) = find(execution.state, self.original_agent, self.original_uetr)?;
        let returned = self.returned_after(&original)?;
        let time = execution.time;
        self.transfer((execution.state, time), &original)?;
        let whole = returned == original.movement.amount;
        let mut record = original;
        record.returned = returned;
        execution.state.put_record(key, record);
        for item in open {
            execution.settled(item);
        }
        let is_open = execution
            .state
            .recall(&key)
            .is_some_and(|case| case.status.is_open());
        if let (Some(item), true) = (open.first(), is_open && (whole || part == Part::Answers)) {
            execution.change_recall(key, RecallStatus::Cancelled { by: item.key });
        }
        Ok(())
    }
    /// How much of the original is returned once this is.
    fn returned_after(&self, original: &Record) -> Result<Amount, Rejection> {
        let uetr = self.original_uetr;
        check_returnable(original, uetr)?;
        let returned = original
            .returned
            .checked_add(self.amount)
            .ok_or(Rejection::AmountDigits)?;
        if returned > original.movement.amount {
            return Err(Rejection::ExceedsPending { uetr });
        }
        Ok(returned)
    }
    fn transfer(
        &self,
        (state, time): (&mut State, Timestamp),
        original: &Record,
    ) -> Result<(), Rejection> {
        let movement = &original.movement;
        let returner = movement
            .creditor_agent
            .expect("a settled payment has its creditor agent");
        let returner = AgentIdentification::Lei(returner);
        let receiver = AgentIdentification::Lei(movement.debtor_agent);
        let debtor = checks::debtor_agent(state, &returner)?;
        let creditor = checks::creditor_agent(state, &receiver)?;
        checks::currency_moves(state, movement.currency)?;
        let route = checks::route(
            state,
            movement.currency,
            (debtor, &returner, movement.creditor_account.as_ref()),
            (creditor, &receiver, movement.debtor_account.as_ref()),
            &[AccountClass::Settlement, AccountClass::ClientSegregated],
        )?;
        checks::stops(state, time, &route)?;
        let transfers = [Transfer {
            debit: route.debit,
            credit: route.credit,
            amount: self.amount,
            class: Priority::Norm,
        }];
        limits::check(state, &transfers)?;
        posting::post(state, &transfers)?;
        limits::consume(state, &transfers);
        Ok(())
    }
}

/// A settled payment, of which something has not come back yet: it can be returned, and asked for.
pub(super) fn check_returnable(original: &Record, uetr: Uetr) -> Result<(), Rejection> {
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
    if original.returned == original.movement.amount {
        return Err(Rejection::ReturnedAlready { uetr });
    }
    Ok(())
}
