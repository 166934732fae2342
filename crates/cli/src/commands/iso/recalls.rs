//! Recalls out of the ledger: a camt.056 for the institution that is asked, a camt.029 for the one that asked.
//!
//! The messages are made of what stands on the ledger, and nothing in them is taken from the node's word: a receipt, verified here,
//! proves the case, and the request that it names is made again from the message's own fields and has the same hash.

use super::export::Export;
use crate::commands::verify::check;
use crate::exit::Failure;
use crate::files;
use crate::network::refused;
use crate::reports::message_id;
use anyhow::{Context, ensure};
use karwan_iso20022::{
    Assignment, CancellationRequest, OriginalPayment, Resolution, ResolutionAnswer,
    ReturnReference, write_cancellation_request, write_resolution,
};
use karwan_ledger::{Genesis, RecallRequest, instruction_hash};
use karwan_rpc::{AsOfParams, Client, RecallView, ReceiptGetParams};
use karwan_types::{AgentIdentification, ExternalCode, Lei, Max35Text, Receipt, TransactionStatus};
use std::path::PathBuf;

impl Export<'_> {
    /// Writes every recall that waits for this institution, and every answer to its own.
    pub(super) async fn recalls(
        &self,
        client: &Client,
        own: Lei,
    ) -> Result<(Vec<PathBuf>, Vec<String>), Failure> {
        let answer = client
            .recalls_list(AsOfParams::default())
            .await
            .map_err(refused)?;
        let (mut written, mut problems) = (Vec::new(), Vec::new());
        for recall in &answer.recalls {
            let asked = recall.creditor_agent.0 == own;
            let is_open = recall.status == "PDCR";
            // Who is asked needs the open ones, who asks the others.
            if asked != is_open {
                continue;
            }
            match self.recall(client, recall).await {
                Ok(path) => written.push(path),
                Err(problem) => problems.push(format!("recall of {}: {problem}", recall.uetr)),
            }
        }
        Ok((written, problems))
    }

    async fn recall(&self, client: &Client, recall: &RecallView) -> Result<PathBuf, Failure> {
        let params = ReceiptGetParams {
            instruction: Some(recall.instruction),
            // Not of the request that waited for signatures, which named no payment yet.
            uetr: Some(recall.uetr),
            agent: Some(recall.debtor_agent),
            ..ReceiptGetParams::default()
        };
        let answer = client.receipt_get(params).await.map_err(refused)?;
        let receipt = check(&answer.receipt.0.to_file(), &self.genesis)?;
        let case = Case::proven(recall, &receipt, &self.genesis)?;
        let (kind, xml) = if case.answer == ResolutionAnswer::Pending {
            ("camt056", write_cancellation_request(&case.request))
        } else {
            let asked = case.request.assignment;
            let resolution = Resolution {
                assignment: Assignment {
                    from: asked.to,
                    to: asked.from,
                    ..asked
                },
                status_id: None,
                original: case.request.original,
                answer: case.answer,
            };
            ("camt029", write_resolution(&resolution))
        };
        let (agent, uetr) = (&recall.debtor_agent, &recall.uetr);
        let path = self.args.out.join(format!("{agent}-{uetr}.{kind}.xml"));
        files::replace(&path, xml.as_bytes())?;
        Ok(path)
    }
}

/// A recall as the messages tell it.
struct Case {
    request: CancellationRequest,
    answer: ResolutionAnswer,
}

impl Case {
    /// The case, if the receipt proves it.
    fn proven(recall: &RecallView, receipt: &Receipt, genesis: &Genesis) -> anyhow::Result<Self> {
        let outcome = &receipt.outcome;
        let movement = outcome.movement.as_ref();
        let movement = movement.context("its receipt names no payment")?;
        let reason: ExternalCode = recall.reason.parse().context("its reason is no code")?;
        let case = recall.case.as_deref().map(str::parse::<Max35Text>);
        let case = case.transpose().context("its case is no reference")?;
        let (debtor, creditor) = (recall.debtor_agent.0, recall.creditor_agent.0);
        ensure!(
            outcome.operation.as_str() == "RecallRequest"
                && movement.uetr == recall.uetr.0
                && movement.debtor_agent == debtor
                && movement.creditor_agent == Some(creditor),
            "its receipt is of another payment"
        );
        // The request names its agent by any of the agent's identifications.
        let is_made = names_of(genesis, debtor).into_iter().any(|agent| {
            let request = RecallRequest {
                agent,
                uetr: recall.uetr.0,
                reason: reason.clone(),
                case: case.clone(),
            };
            instruction_hash(&genesis.chain_id, &request.into()) == outcome.instruction
        });
        ensure!(is_made, "the debtor agent signed another request than this");
        let amount = (movement.amount, movement.currency);
        Ok(Self {
            answer: answer(recall, receipt)?,
            request: CancellationRequest {
                assignment: Assignment {
                    header: None,
                    id: message_id(&outcome.instruction.to_string())?,
                    from: message_name(genesis, debtor),
                    to: message_name(genesis, creditor),
                    created: receipt.header.time,
                    case,
                },
                cancellation_id: None,
                original: OriginalPayment {
                    amount: Some(amount),
                    settlement_date: Some(recall.settled.0),
                    ..OriginalPayment::of_uetr(recall.uetr.0)
                },
                reason,
            },
        })
    }
}

/// What came of it, from the receipt alone; the return that closed it is proven by its own receipt when its message is opened.
fn answer(recall: &RecallView, receipt: &Receipt) -> anyhow::Result<ResolutionAnswer> {
    let status = receipt.outcome.status;
    if status == TransactionStatus::Pdng {
        return Ok(ResolutionAnswer::Pending);
    }
    if status == TransactionStatus::Canc {
        let back = recall.return_uetr.zip(recall.return_amount.as_ref());
        return Ok(ResolutionAnswer::Cancelled(back.map(|(uetr, money)| {
            ReturnReference {
                uetr: uetr.0,
                amount: money.minor.0,
                currency: money.currency.0,
            }
        })));
    }
    let refusal = receipt.outcome.refusal.as_ref();
    let refusal = refusal.context("its receipt has no reason")?;
    Ok(ResolutionAnswer::Rejected {
        reason: refusal.reason.clone(),
        sentence: None,
    })
}

/// Every identification of an institution of the genesis file.
fn names_of(genesis: &Genesis, lei: Lei) -> Vec<AgentIdentification> {
    let mut names = vec![AgentIdentification::Lei(lei)];
    if let Some(row) = genesis.state.participant(&lei) {
        names.extend(row.bic.map(AgentIdentification::Bic));
        let members = row.members.iter().cloned();
        names.extend(members.map(AgentIdentification::ClearingMember));
    }
    names
}

/// How messages name an institution: by its BIC, else by its LEI.
fn message_name(genesis: &Genesis, lei: Lei) -> AgentIdentification {
    let bic = genesis.state.participant(&lei).and_then(|row| row.bic);
    bic.map_or(AgentIdentification::Lei(lei), AgentIdentification::Bic)
}
