//! Instructions that wait for signatures: what an institution's checkers look at before they approve.
//!
//! The operation comes as the canonical bytes too, so that a checker's program computes the instruction hash itself and signs
//! what it has read, not what a server says.

use super::AsOfParams;
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::{MoneyView, View};
use karwan_ledger::{
    Holder, InstructionKey, Operation, PaymentTerms, PendingApproval, Record, Role, State,
};
use karwan_types::{
    AgentIdentification, CurrencyCode, InstructionHash, Lei, PublicKey, Timestamp, TransactionId,
    Uetr, encode,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// `approvals.list`
#[derive(Debug)]
pub struct ApprovalsList;

/// What waits for the caller's institution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalsAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The instructions, by hash.
    pub approvals: Vec<ApprovalView>,
}

/// An instruction that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalView {
    /// What a further signer approves.
    pub instruction: View<InstructionHash>,
    /// Its kind, for example `Pay`.
    pub operation: String,
    /// The transaction that brought it.
    pub transaction: View<TransactionId>,
    /// Until when approvals count.
    pub valid_until: View<Timestamp>,
    /// Who has signed.
    pub signers: Vec<SignerView>,
    /// How many payments it holds.
    pub payments: u32,
    /// Their sum, one entry for each currency.
    pub totals: Vec<MoneyView>,
}

/// Somebody who has signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignerView {
    /// The key.
    pub key: View<PublicKey>,
    /// Its role; absent when it is not registered any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<View<Role>>,
    /// Whether it is in force and counts.
    pub in_force: bool,
}

impl Method for ApprovalsList {
    const NAME: &'static str = "approvals.list";
    type Params = AsOfParams;
    type Answer = ApprovalsAnswer;
}

impl Read for ApprovalsList {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<ApprovalsAnswer, Problem> {
        let own = reading.caller.institution();
        let state = &reading.snapshot.state;
        let waiting = state.approvals();
        let waiting = waiting.filter(|(_, pending)| concerns(state, pending, own));
        Ok(ApprovalsAnswer {
            as_of_height: reading.height(),
            approvals: waiting
                .map(|(instruction, pending)| ApprovalView::new(state, *instruction, pending))
                .collect(),
        })
    }
}

/// `approvals.get`
#[derive(Debug)]
pub struct ApprovalsGet;

/// Which instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalsGetParams {
    /// Its hash.
    pub instruction: View<InstructionHash>,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// An instruction that waits, in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The instruction in short.
    pub approval: ApprovalView,
    /// The operation, to be read.
    pub operation: serde_json::Value,
    /// The operation's canonical bytes in hexadecimal, to be hashed and compared with `instruction`.
    pub operation_bytes: String,
}

impl Method for ApprovalsGet {
    const NAME: &'static str = "approvals.get";
    type Params = ApprovalsGetParams;
    type Answer = ApprovalAnswer;
}

impl Read for ApprovalsGet {
    fn at_least(params: &ApprovalsGetParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: ApprovalsGetParams) -> Result<ApprovalAnswer, Problem> {
        let instruction = params.instruction.0;
        let own = reading.caller.institution();
        let state = &reading.snapshot.state;
        let pending = state.approval(&instruction);
        let pending = pending
            .filter(|pending| concerns(state, pending, own))
            .ok_or_else(Problem::not_found)?;
        let operation = serde_json::to_value(&pending.operation).map_err(|error| {
            tracing::error!(%error, "an operation has no JSON form");
            Problem::internal()
        })?;
        Ok(ApprovalAnswer {
            as_of_height: reading.height(),
            approval: ApprovalView::new(state, instruction, pending),
            operation,
            operation_bytes: hex::encode(encode(&pending.operation)),
        })
    }
}

impl ApprovalView {
    fn new(state: &State, instruction: InstructionHash, pending: &PendingApproval) -> Self {
        let signer = |key: &PublicKey| {
            let record = state.key(key);
            SignerView {
                key: View(*key),
                role: record.map(|record| View(record.role)),
                in_force: record.is_some_and(|record| record.revoked_at.is_none()),
            }
        };
        let payments = payments(&pending.operation);
        let currencies: BTreeSet<CurrencyCode> = payments.iter().map(|one| one.currency).collect();
        let total = |currency: CurrencyCode| {
            let of_it = payments.iter().filter(|one| one.currency == currency);
            let sum = of_it.fold(0u128, |sum, one| sum.saturating_add(one.amount.minor()));
            MoneyView::new(karwan_types::Amount::from_minor(sum), currency)
        };
        Self {
            instruction: View(instruction),
            operation: pending.operation.name().to_owned(),
            transaction: View(pending.transaction),
            valid_until: View(pending.valid_until),
            signers: pending.signers.iter().map(signer).collect(),
            payments: u32::try_from(payments.len()).unwrap_or(u32::MAX),
            totals: currencies.into_iter().map(total).collect(),
        }
    }
}

/// Whether an instruction waits for an institution: it must sign, or has signed already.
fn concerns(state: &State, pending: &PendingApproval, own: Option<Lei>) -> bool {
    let Some(own) = own else {
        return false;
    };
    let holder = Holder::Participant(own);
    let signed = pending.signers.iter().filter_map(|key| state.key(key));
    signed.map(|record| record.holder).any(|one| one == holder)
        || parties(state, &pending.operation).contains(&own)
}

/// The payments inside an operation.
fn payments(operation: &Operation) -> &[PaymentTerms] {
    match operation {
        Operation::Pay(pay) => std::slice::from_ref(&pay.payment),
        Operation::Hold(hold) => std::slice::from_ref(&hold.payment),
        Operation::PayBulk(bulk) => &bulk.payments,
        Operation::Linked(linked) => &linked.legs,
        Operation::IssueRequest(_)
        | Operation::Issue(_)
        | Operation::RedeemRequest(_)
        | Operation::RedeemConfirm(_)
        | Operation::RedeemCancel(_)
        | Operation::Post(_)
        | Operation::Void(_)
        | Operation::Approve(_)
        | Operation::Cancel(_)
        | Operation::Return(_)
        | Operation::ConfirmCredit(_)
        | Operation::CurrencyHalt(_)
        | Operation::CurrencyResume(_)
        | Operation::RotateKey(_)
        | Operation::ValidatorSetChange(_) => &[],
    }
}

/// The institutions that must sign an operation, as far as the ledger can tell now.
fn parties(state: &State, operation: &Operation) -> BTreeSet<Lei> {
    let agent = |agent: &AgentIdentification| state.agent(agent);
    let issuer = |code: &CurrencyCode| state.currency(code).map(|currency| currency.issuer);
    let record = |agent: &AgentIdentification, uetr: Uetr| -> Option<&Record> {
        let agent = state.agent(agent)?;
        state.record(&InstructionKey { agent, uetr })
    };
    let creditor = |record: Option<&Record>| record.and_then(|one| one.movement.creditor_agent);
    let debtor = |record: Option<&Record>| record.map(|one| one.movement.debtor_agent);
    let issuer_of = |record: Option<&Record>| record.and_then(|one| issuer(&one.movement.currency));
    let found: Vec<Option<Lei>> = match operation {
        Operation::Pay(_) | Operation::Hold(_) | Operation::PayBulk(_) | Operation::Linked(_) => {
            let payments = payments(operation).iter();
            payments.map(|terms| agent(&terms.debtor_agent)).collect()
        }
        Operation::IssueRequest(request) => vec![agent(&request.agent)],
        Operation::RedeemRequest(request) => vec![agent(&request.agent)],
        Operation::Cancel(cancel) => vec![agent(&cancel.agent)],
        Operation::Issue(issue) => vec![issuer_of(record(&issue.agent, issue.uetr))],
        Operation::RedeemConfirm(one) => vec![issuer_of(record(&one.agent, one.uetr))],
        Operation::RedeemCancel(one) => vec![issuer_of(record(&one.agent, one.uetr))],
        Operation::Post(post) => {
            let hold = record(&post.agent, post.uetr);
            vec![debtor(hold), creditor(hold)]
        }
        Operation::Void(void) => {
            let hold = record(&void.agent, void.uetr);
            vec![debtor(hold), creditor(hold)]
        }
        Operation::Return(one) => {
            vec![creditor(record(&one.original_agent, one.original_uetr))]
        }
        Operation::ConfirmCredit(one) => vec![creditor(record(&one.agent, one.uetr))],
        Operation::CurrencyHalt(halt) => vec![issuer(&halt.currency)],
        Operation::CurrencyResume(resume) => vec![issuer(&resume.currency)],
        Operation::RotateKey(rotate) => vec![state.key(&rotate.old).and_then(institution)],
        // Governors approve validators; an approval waits for nobody.
        Operation::ValidatorSetChange(_) | Operation::Approve(_) => Vec::new(),
    };
    found.into_iter().flatten().collect()
}

fn institution(record: &karwan_ledger::KeyRecord) -> Option<Lei> {
    match record.holder {
        Holder::Participant(lei) => Some(lei),
        Holder::Governor(_) | Holder::Regulator(_) | Holder::Auditor(_) => None,
    }
}
