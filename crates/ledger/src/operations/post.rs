//! `Post`: pays out of a hold, at most what is held; the remainder is released.

use super::Execute;
use super::terms::{Priority, check_payment_licence};
use crate::authority::Authority;
use crate::business_day::check_overnight;
use crate::execution::{Execution, Item, Route};
use crate::posting::Transfer;
use crate::records::{InstructionKey, Money, Record, RecordKind};
use crate::rejection::Rejection;
use crate::state::State;
use crate::supervision::Side;
use crate::travel_rule::{self, Subject};
use crate::usage::{self, Flow};
use crate::{checks, limits, posting};
use karwan_types::{AgentIdentification, Amount, TransactionStatus, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pays out of a hold. Signed for the creditor agent or the debtor agent of the hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Post {
    /// The debtor agent of the hold.
    pub agent: AgentIdentification,
    /// The hold.
    pub uetr: Uetr,
    /// How much to pay, in minor units.
    pub amount: Amount,
}

impl Execute for Post {
    fn check_alone(&self) -> Result<(), Rejection> {
        checks::amount_alone(self.amount)
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let (_, record) = find(state, &self.agent, self.uetr)?;
        Ok(either_side(&record, Some(self.amount)))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let (key, record) = open_hold(execution, &self.agent, self.uetr)?;
        let held = record.movement.amount;
        check_licences(execution, &record, self.amount)?;
        if self.amount > held {
            return Err(Rejection::ExceedsPending { uetr: self.uetr });
        }
        checks::currency_moves(execution.state, record.movement.currency)?;
        let (debit, credit) = (accounts(&record).0, accounts(&record).1);
        let currency = record.movement.currency;
        let row = |number| {
            execution
                .state
                .account(number)
                .expect("a hold was checked with its accounts")
        };
        checks::debit_account(&debit, row(&debit), currency)?;
        checks::credit_account(&credit, row(&credit), currency)?;
        check_rulebook(execution, &record, self.amount)?;
        let route = Route {
            debit: debit.clone(),
            credit: credit.clone(),
        };
        checks::stops(execution.state, execution.time, &route)?;
        check_overnight(execution.state, &credit)?;
        // What counted when the hold was made counts no second time; what may be held is judged now.
        let paid: Vec<Flow> = usage::held(&record, self.amount).into_iter().collect();
        usage::check(execution.state, execution.time, &paid).map_err(|(_, why)| why)?;
        let transfers = [Transfer {
            debit: debit.clone(),
            credit: credit.clone(),
            amount: self.amount,
            class: Priority::Norm,
        }];
        limits::check(execution.state, &transfers)?;
        let subject = travelling(&key, &record, self.amount);
        if let Some(subject) = &subject {
            travel_rule::check_subject(execution.state, execution.time, subject)?;
        }
        posting::check_repaid(execution.state, &debit)?;
        posting::pay_held(execution.state, (&debit, held), &credit, self.amount);
        limits::consume(execution.state, &transfers);
        let left = held.checked_sub(self.amount).unwrap_or_default();
        usage::give_back(execution.state, &record, left);
        usage::consume(execution.state, execution.time, &paid);
        if let Some(subject) = &subject {
            travel_rule::consume_subject(execution.state, execution.time, subject);
        }
        execution.advance(key, |record| {
            record.status = TransactionStatus::Acsc;
            record.movement.amount = self.amount;
        });
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            uetr: "8a562c67-ca16-48ba-b074-65581be6f001"
                .parse()
                .expect("constant"),
            amount: Amount::from_minor(1_000),
        }
    }
}

/// What the rulebook and emergency rules say by now to a payment of this amount. Its purpose was judged when the hold was made.
fn check_rulebook(
    execution: &Execution<'_>,
    record: &Record,
    amount: Amount,
) -> Result<(), Rejection> {
    let movement = &record.movement;
    let sides = (
        movement.debtor_agent,
        movement.creditor_agent.unwrap_or(movement.debtor_agent),
    );
    let money = Money {
        currency: movement.currency,
        amount,
    };
    checks::rulebook(execution.state, execution.time, sides, money)
}

/// A hold that is posted is a payment of this moment and of this amount, for licences too.
fn check_licences(
    execution: &Execution<'_>,
    record: &Record,
    amount: Amount,
) -> Result<(), Rejection> {
    let RecordKind::Hold { payment, .. } = record.kind else {
        return Ok(());
    };
    let movement = &record.movement;
    let (debtor, creditor) = (movement.debtor_agent, movement.creditor_agent);
    let Some(creditor) = creditor else {
        return Ok(());
    };
    let sides = [
        (Side::Debtor, debtor, &movement.debtor_account, creditor),
        (Side::Creditor, creditor, &movement.creditor_account, debtor),
    ];
    sides
        .into_iter()
        .try_for_each(|(side, lei, account, other)| {
            check_payment_licence(
                (execution.state, execution.time),
                (side, &AgentIdentification::Lei(lei), lei, account.as_ref()),
                other,
                (payment, movement.currency, amount),
            )
        })
}

/// What is paid out of a hold, as the Travel Rule sees it: attested is the whole that was held.
fn travelling(key: &InstructionKey, record: &Record, amount: Amount) -> Option<Subject> {
    let RecordKind::Hold {
        payment, travel, ..
    } = record.kind
    else {
        return None;
    };
    let movement = &record.movement;
    let creditor = movement.creditor_agent?;
    let debit = movement.debtor_account.clone();
    Some(Subject {
        payment: *key,
        kind: payment,
        creditor_agent: (creditor, AgentIdentification::Lei(creditor)),
        accounts: debit.zip(movement.creditor_account.clone()),
        money: Money {
            currency: movement.currency,
            amount,
        },
        attested: movement.amount,
        data: travel,
    })
}

/// The record that an agent's reference names.
pub(super) fn find(
    state: &State,
    agent: &AgentIdentification,
    uetr: Uetr,
) -> Result<(InstructionKey, Record), Rejection> {
    let lei = checks::debtor_agent_known(state, agent)?;
    let key = InstructionKey { agent: lei, uetr };
    let record = state
        .record(&key)
        .cloned()
        .ok_or(Rejection::OriginalUnknown { uetr })?;
    Ok((key, record))
}

/// A hold that is open.
pub(super) fn open_hold(
    execution: &Execution<'_>,
    agent: &AgentIdentification,
    uetr: Uetr,
) -> Result<(InstructionKey, Record), Rejection> {
    let (key, record) = find(execution.state, agent, uetr)?;
    let RecordKind::Hold { expires, .. } = record.kind else {
        return Err(Rejection::OriginalKind {
            uetr,
            needed: "a hold",
        });
    };
    let released = matches!(
        record.status,
        TransactionStatus::Pdng | TransactionStatus::Canc
    );
    if released && expires <= execution.time {
        return Err(Rejection::HoldExpired { uetr });
    }
    if record.status != TransactionStatus::Pdng {
        return Err(Rejection::OriginalStatus {
            uetr,
            status: record.status.as_str(),
        });
    }
    Ok((key, record))
}

/// The debtor side or the creditor side of a record may sign.
pub(super) fn either_side(record: &Record, amount: Option<Amount>) -> Authority {
    let movement = &record.movement;
    let money = amount.map(|amount| (movement.currency, amount));
    let creditor = movement.creditor_agent.unwrap_or(movement.debtor_agent);
    Authority::one_of([movement.debtor_agent, creditor], money)
}

/// The accounts of a hold.
pub(super) fn accounts(
    record: &Record,
) -> (karwan_types::AccountNumber, karwan_types::AccountNumber) {
    let movement = &record.movement;
    let debit = movement
        .debtor_account
        .clone()
        .expect("an open hold has its debtor account");
    let credit = movement
        .creditor_account
        .clone()
        .expect("an open hold has its creditor account");
    (debit, credit)
}
