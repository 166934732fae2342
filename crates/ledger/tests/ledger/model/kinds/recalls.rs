//! Returns, requests for them, and the answers.

use super::super::author::Author;
use super::super::books::{Model, Payment, Sum};
use super::super::instructions::{Item, Turn};
use super::super::payment_rules::amount_alone;
use super::super::recalls::{Back, Recall, Stands};
use super::super::signing::{Group, institution};
use super::{Authored, Modelled};
use crate::support::*;
use karwan_ledger::{Operation, RecallAnswer, RecallDecision, RecallRequest, Return};
use karwan_types::{AgentIdentification, TransactionStatus, Uetr};

pub(super) fn is_settled(one: &Payment) -> bool {
    matches!(
        one.status,
        TransactionStatus::Acsc | TransactionStatus::Accc
    )
}
/// Now and then one that no list has.
pub(super) fn reason(author: &mut Author, known: &[&str]) -> karwan_types::ExternalCode {
    let wrong = author.chance(2);
    let code = if wrong { "ZZZZ" } else { *author.pick(known) };
    code.parse().expect("a code")
}
/// The creditor agent of a payment, for what it gives back of it.
fn creditor(model: &Model, back: &Back<'_>) -> Result<Vec<Group>, u16> {
    let sum = &model.original(back.agent, back.uetr)?.sum;
    let money = Some((sum.currency, back.amount));
    Ok(institution(sum.creditor.ok_or(1401u16)?, money))
}

impl Authored for Return {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let sum = author.earlier(model, is_settled)?;
        let name = author.name();
        let back = Self {
            uetr: uetr(&name),
            original_agent: AgentIdentification::Lei(sum.agent),
            original_uetr: sum.uetr,
            amount: author.part_of(sum.amount),
            reason: reason(author, &["AC04", "FOCR", "CUST"]),
            message_hash: None,
        };
        Some(back.into())
    }
}
fn back_of(one: &Return) -> Back<'_> {
    Back {
        agent: &one.original_agent,
        uetr: one.original_uetr,
        amount: one.amount.minor(),
    }
}
impl Modelled for Return {
    fn alone(&self) -> Option<u16> {
        if self.reason.as_str() == "ZZZZ" {
            return Some(102);
        }
        amount_alone(self.amount.minor())
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        creditor(model, &back_of(self))
    }
    fn items(&self, model: &Model) -> Vec<Item> {
        model.item_of_return(&back_of(self), self.uetr)
    }
    fn perform(&self, model: &mut Model, turn: &Turn, open: &[Item]) -> Result<(), u16> {
        model.send_back(turn, &open[0], &back_of(self), false)
    }
}

impl Authored for RecallRequest {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let sum = author.earlier(model, is_settled)?;
        let one = Self {
            agent: AgentIdentification::Lei(sum.agent),
            uetr: sum.uetr,
            reason: reason(author, &["FRAD", "DUPL", "TECH"]),
            case: None,
        };
        Some(one.into())
    }
}
impl Modelled for RecallRequest {
    fn alone(&self) -> Option<u16> {
        (self.reason.as_str() == "ZZZZ").then_some(102)
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        Ok(institution(model.debtor(&self.agent)?, None))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let payment = model.original(&self.agent, self.uetr)?.clone();
        Model::returnable(&payment)?;
        let agent = payment.sum.agent;
        if model.open_recall(agent, self.uetr).is_some() {
            return Err(1410);
        }
        let rules = model.rulebook.common.recall.clone();
        let own = rules.windows.iter().find(|one| one.reason == self.reason);
        let window = own.map_or(rules.window_ms, |own| own.window_ms).millis();
        if model.time > payment.settled.expect("it is settled") + window {
            return Err(1409);
        }
        let answer_until = model.time + rules.answer_ms.millis();
        let row = model.payment_mut(agent, self.uetr);
        row.kept_until = row.kept_until.max(answer_until);
        let same = |one: &Recall| one.agent == agent && one.uetr == self.uetr;
        model.recalls.retain(|one| !same(one));
        model.recalls.push(Recall {
            agent,
            uetr: self.uetr,
            answer_until,
            stands: Stands::Waits,
        });
        Ok(())
    }
    fn done(&self) -> TransactionStatus {
        TransactionStatus::Pdng
    }
    fn concerns(&self, model: &Model) -> Option<Sum> {
        let payment = model.original(&self.agent, self.uetr).ok()?;
        Some(payment.sum.clone())
    }
}

impl Authored for RecallAnswer {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let open = |one: &&Recall| [Stands::Waits, Stands::Late].contains(&one.stands);
        let open: Vec<Recall> = model.recalls.iter().filter(open).cloned().collect();
        let sum = if open.is_empty() || author.chance(5) {
            if author.chance(90) {
                return None;
            }
            author.earlier(model, is_settled)?
        } else {
            let one = author.pick(&open).clone();
            model.payment(one.agent, one.uetr)?.sum.clone()
        };
        let decision = if author.chance(60) {
            let name = author.name();
            RecallDecision::Cancel {
                uetr: uetr(&name),
                amount: author.part_of(sum.amount),
                reason: reason(author, &["FOCR", "CUST"]),
                message_hash: None,
            }
        } else {
            let reason = reason(author, &["CUST", "LEGL", "NOAS"]);
            RecallDecision::Reject { reason }
        };
        let one = Self {
            original_agent: AgentIdentification::Lei(sum.agent),
            original_uetr: sum.uetr,
            decision,
        };
        Some(one.into())
    }
}
/// What goes back by an answer, under which name.
fn given(answer: &RecallAnswer) -> Option<(Back<'_>, Uetr)> {
    let RecallDecision::Cancel { uetr, amount, .. } = &answer.decision else {
        return None;
    };
    let back = Back {
        agent: &answer.original_agent,
        uetr: answer.original_uetr,
        amount: amount.minor(),
    };
    Some((back, *uetr))
}
impl Modelled for RecallAnswer {
    fn alone(&self) -> Option<u16> {
        match &self.decision {
            RecallDecision::Cancel { reason, .. } | RecallDecision::Reject { reason }
                if reason.as_str() == "ZZZZ" =>
            {
                Some(102)
            }
            RecallDecision::Cancel { amount, .. } => amount_alone(amount.minor()),
            RecallDecision::Reject { .. } => None,
        }
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        if let Some((back, _)) = given(self) {
            return creditor(model, &back);
        }
        let original = model.original(&self.original_agent, self.original_uetr)?;
        let amount = original.sum.amount;
        let (agent, uetr) = (&self.original_agent, self.original_uetr);
        creditor(
            model,
            &Back {
                agent,
                uetr,
                amount,
            },
        )
    }
    fn items(&self, model: &Model) -> Vec<Item> {
        let given = given(self);
        given.map_or_else(Vec::new, |(back, name)| model.item_of_return(&back, name))
    }
    fn perform(&self, model: &mut Model, turn: &Turn, open: &[Item]) -> Result<(), u16> {
        let original = model.original(&self.original_agent, self.original_uetr)?;
        let agent = original.sum.agent;
        if model.open_recall(agent, self.original_uetr).is_none() {
            return Err(1411);
        }
        match given(self) {
            Some((back, _)) => model.send_back(turn, &open[0], &back, true),
            None => {
                model.change_recall(agent, self.original_uetr, Stands::Rejected);
                Ok(())
            }
        }
    }
}
