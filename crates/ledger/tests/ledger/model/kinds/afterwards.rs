//! What follows a payment: approvals, cancellation, confirmation.

use super::super::author::Author;
use super::super::books::{Model, Payment, Waiting, What};
use super::super::broken::Break;
use super::super::instructions::{Item, Turn};
use super::super::signing::{Group, institution, one_of};
use super::recalls::is_settled;
use super::{Authored, Modelled};
use crate::support::*;
use karwan_ledger::{Approve, Cancel, ConfirmCredit, Holder, Operation};
use karwan_types::{AgentIdentification, TransactionStatus};

impl Authored for Approve {
    fn write(author: &mut Author, chain: &Chain, model: &Model) -> Option<Operation> {
        let operation = |one: &Waiting| one.operation.clone();
        let waiting: Vec<Operation> = model.waiting.iter().map(operation).collect();
        if waiting.is_empty() && author.chance(80) {
            return None;
        }
        if waiting.is_empty() || author.chance(4) {
            return Some(chain.approve(halt("KZT")).into());
        }
        Some(chain.approve(author.pick(&waiting).clone()).into())
    }
}
impl Modelled for Approve {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let waiting = model
            .waiting
            .iter()
            .find(|one| one.hash == self.instruction);
        let groups = model.groups(&waiting.ok_or(406u16)?.operation)?;
        let holders = groups.into_iter().flat_map(|group| group.holders);
        Ok(one_of(holders.collect()))
    }
    fn perform(&self, _model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        panic!("an approval is counted, not performed")
    }
}

impl Authored for Cancel {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let waits = |one: &Payment| {
            let open = [TransactionStatus::Patc, TransactionStatus::Pdng].contains(&one.status);
            open && matches!(one.what, What::Payment | What::IssueRequest)
        };
        let earlier = author.earlier(model, waits);
        let Some(sum) = earlier else {
            let (of, name) = (author.bank(), author.name());
            return author.chance(20).then(|| cancel(of, &name).into());
        };
        let one = Self {
            agent: AgentIdentification::Lei(sum.agent),
            uetr: sum.uetr,
            reason: "CUST".parse().expect("a code"),
        };
        Some(one.into())
    }
}
impl Modelled for Cancel {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        Ok(institution(model.debtor(&self.agent)?, None))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let row = model.original(&self.agent, self.uetr)?.clone();
        let settled = [TransactionStatus::Acsc, TransactionStatus::Accc].contains(&row.status);
        let wrongly = settled && model.breaks(Break::CancelsSettled);
        if settled && !wrongly {
            let all_back = row.returned == row.sum.amount;
            return Err(if all_back { 1405 } else { 1404 });
        }
        let (agent, uetr) = (row.sum.agent, row.sum.uetr);
        if let Some(number) = model.queued(agent, uetr) {
            let legs = &model.entry(number).legs;
            if legs.iter().any(|leg| leg.agent != agent) {
                return Err(1723);
            }
            model.cancel_waiting(number);
            return Ok(());
        }
        let open_request = row.what == What::IssueRequest && row.status == TransactionStatus::Pdng;
        let open = row.status == TransactionStatus::Patc || open_request || wrongly;
        if !open {
            return Err(1403);
        }
        let exchange = model.exchange_of(&row.operation).is_some();
        if exchange && row.status == TransactionStatus::Patc {
            let is = |one: &Waiting| one.operation == row.operation;
            if let Some(place) = model.waiting.iter().position(is) {
                let waiting = model.waiting.remove(place);
                for item in model.still_open(&waiting) {
                    let canc = TransactionStatus::Canc;
                    model.change(item.sum.agent, item.sum.uetr, canc, None);
                }
            }
            return Ok(());
        }
        model.change(agent, uetr, TransactionStatus::Canc, None);
        let nothing_left = |waiting: &Waiting, model: &Model| {
            waiting.operation == row.operation && model.still_open(waiting).is_empty()
        };
        let place = model
            .waiting
            .iter()
            .position(|one| nothing_left(one, model));
        if let Some(place) = place {
            model.waiting.remove(place);
        }
        Ok(())
    }
}

impl Authored for ConfirmCredit {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let sum = author.earlier(model, is_settled)?;
        let (agent, uetr) = (AgentIdentification::Lei(sum.agent), sum.uetr);
        Some(Self { agent, uetr }.into())
    }
}
impl Modelled for ConfirmCredit {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let sum = &model.original(&self.agent, self.uetr)?.sum;
        let creditor = sum.creditor.ok_or(1401u16)?;
        Ok(one_of(vec![Holder::Participant(creditor)]))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let row = model.original(&self.agent, self.uetr)?;
        if matches!(row.what, What::IssueRequest | What::Redemption) {
            return Err(1402);
        }
        if row.status != TransactionStatus::Acsc {
            return Err(1403);
        }
        let (agent, uetr) = (row.sum.agent, row.sum.uetr);
        model.change(agent, uetr, TransactionStatus::Accc, None);
        Ok(())
    }
}
