//! Instructions that wait for signatures: what an institution's checkers look at before they approve.
//!
//! The operation comes as the canonical bytes too, so that a checker's program computes the instruction hash itself and signs
//! what it has read, not what a server says.

use super::AsOfParams;
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::{MoneyView, View};
use karwan_ledger::{Holder, PendingApproval, Role, State};
use karwan_types::{CurrencyCode, InstructionHash, PublicKey, Timestamp, TransactionId, encode};
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
        Ok(list(reading, |pending| concerns(reading, pending)))
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
        get(reading, params.instruction.0, |pending| {
            concerns(reading, pending)
        })
    }
}

/// `proposals.list`
#[derive(Debug)]
pub struct ProposalsList;

impl Method for ProposalsList {
    const NAME: &'static str = "proposals.list";
    type Params = AsOfParams;
    type Answer = ApprovalsAnswer;
}

impl Read for ProposalsList {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<ApprovalsAnswer, Problem> {
        let state = &reading.snapshot.state;
        Ok(list(reading, |pending| is_proposal(state, pending)))
    }
}

/// `proposals.get`
#[derive(Debug)]
pub struct ProposalsGet;

impl Method for ProposalsGet {
    const NAME: &'static str = "proposals.get";
    type Params = ApprovalsGetParams;
    type Answer = ApprovalAnswer;
}

impl Read for ProposalsGet {
    fn at_least(params: &ApprovalsGetParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: ApprovalsGetParams) -> Result<ApprovalAnswer, Problem> {
        let state = &reading.snapshot.state;
        get(reading, params.instruction.0, |pending| {
            is_proposal(state, pending)
        })
    }
}

fn list(reading: &Reading, shown: impl Fn(&PendingApproval) -> bool) -> ApprovalsAnswer {
    let state = &reading.snapshot.state;
    let waiting = state.approvals().filter(|(_, pending)| shown(pending));
    ApprovalsAnswer {
        as_of_height: reading.height(),
        approvals: waiting
            .map(|(instruction, pending)| ApprovalView::new(state, *instruction, pending))
            .collect(),
    }
}

fn get(
    reading: &Reading,
    instruction: InstructionHash,
    shown: impl Fn(&PendingApproval) -> bool,
) -> Result<ApprovalAnswer, Problem> {
    let state = &reading.snapshot.state;
    let pending = state.approval(&instruction);
    let pending = pending
        .filter(|pending| shown(pending))
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
        let payments = pending.operation.movements(state);
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

/// Whether an instruction waits for the caller's institution, or for the regulator or the courts of the jurisdiction that the
/// caller supervises for: they must sign, or have signed already.
fn concerns(reading: &Reading, pending: &PendingApproval) -> bool {
    let (state, sight) = (&reading.snapshot.state, reading.sight());
    let own = reading.caller.institution();
    let is_own = |holder: &Holder| match holder {
        Holder::Participant(lei) => Some(*lei) == own,
        // Who signs orders reads with another key of the same authority.
        Holder::Regulator(code) | Holder::Court(code) => sight.supervises(*code),
        Holder::Governor(_) | Holder::Auditor(_) => false,
    };
    let signed = pending.signers.iter().filter_map(|key| state.key(key));
    let groups = pending.operation.signers(state);
    signed.map(|record| record.holder).any(|one| is_own(&one))
        || groups.iter().flat_map(|group| &group.holders).any(is_own)
}

/// Whether an instruction waits for governors alone: law in the making is public, and governors have no key that reads.
fn is_proposal(state: &State, pending: &PendingApproval) -> bool {
    let groups = pending.operation.signers(state);
    let governor = |holder: &Holder| match holder {
        Holder::Governor(_) => true,
        Holder::Participant(_) | Holder::Regulator(_) | Holder::Auditor(_) | Holder::Court(_) => {
            false
        }
    };
    let mut holders = groups.iter().flat_map(|group| &group.holders).peekable();
    holders.peek().is_some() && holders.all(governor)
}
