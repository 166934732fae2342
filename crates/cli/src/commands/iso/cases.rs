//! Messages about payments that were made: cancellations and recalls, their answers, returns, questions for the status.
//!
//! An institution that wants its money back need not know whether the payment has settled: the ledger's state decides between a
//! cancellation and a recall, and where the payment settles in between, its answer does.

use super::Row;
use super::desk::Desk;
use crate::exit::Failure;
use crate::reports;
use crate::words::now;
use karwan_iso20022::{
    Assignment, CancellationRequest, MessageDefinition, OriginalMessage, OriginalPayment,
    PaymentReturn, PaymentStatus, Resolution, ResolutionAnswer, StatusReason, StatusRequest,
    TransactionReport, write_resolution,
};
use karwan_node::gateway::{to_answer, to_cancel, to_recall, to_return, to_returning_answer};
use karwan_rpc::{PaymentView, RefusalView, SubmitView};
use karwan_types::{
    CurrencyCode, ExternalCode, HashDomain, RECALL_REJECTION_REASONS, hash_of, is_reason,
};

/// The refusal of a cancellation that came too late.
const SETTLED_ALREADY: &str = "SETTLED_ALREADY";
/// The return reason that says that a request for cancellation is followed.
const FOLLOWS_RECALL: &str = "FOCR";

impl Desk<'_> {
    /// camt.056: cancels what has not settled, recalls what has.
    pub(super) async fn cancel(&self, request: &CancellationRequest) -> Result<Row, Failure> {
        let asks = &request.assignment.from;
        let original = self.original(Some(asks), request.original.uetr).await?;
        let has_settled = original.is_some_and(|payment| payment.settled.is_some());
        let mut view = if has_settled {
            self.submit(to_recall(request)).await?
        } else {
            self.submit(to_cancel(request)).await?
        };
        if refusal(&view).is_some_and(|refusal| refusal.name == SETTLED_ALREADY) {
            view = self.submit(to_recall(request)).await?;
        }
        if let (Some(directory), Some(answer)) = (self.reports, answer_to_request(&view)) {
            let xml = write_resolution(&resolution_of(request, answer, &view)?);
            reports::write_answer((self.file, directory), "camt029", &xml)?;
        }
        Ok(Row::submitted(1, &view))
    }

    /// camt.029: answers a recall.
    pub(super) async fn answer(&self, resolution: &Resolution) -> Result<Row, Failure> {
        let answer = match to_answer(resolution) {
            Ok(answer) => answer,
            Err(none) => return Ok(Row::declined(format!("CH17 {none}"))),
        };
        let asks = &resolution.assignment.to;
        let back = match &resolution.answer {
            ResolutionAnswer::Cancelled(back) => *back,
            ResolutionAnswer::Pending | ResolutionAnswer::Rejected { .. } => None,
        };
        let original = self.original(Some(asks), resolution.original.uetr).await?;
        if let (Some(back), Some(original)) = (&back, &original)
            && let Some(row) = other_currency(original, back.currency)
        {
            return Ok(row);
        }
        let view = self.submit(answer).await?;
        if let Some(back) = back {
            let mut told = resolution.original.clone();
            told.message = Some(OriginalMessage {
                id: resolution.assignment.id.clone(),
                definition: definition("camt.029.001.09"),
                created: Some(resolution.assignment.created),
            });
            told.transaction_id = resolution.status_id.clone();
            self.report_return(&told, Some(back.uetr), &view)?;
        }
        Ok(Row::submitted(1, &view))
    }

    /// pacs.004: sends money back. With the reason FOCR it answers an open recall.
    pub(super) async fn give_back(&self, back: &PaymentReturn) -> Result<Row, Failure> {
        let original = self.original(Some(&back.to), back.original.uetr).await?;
        if let Some(row) = original
            .as_ref()
            .and_then(|original| other_currency(original, back.currency))
        {
            return Ok(row);
        }
        let recall = original.and_then(|original| original.recall);
        let is_asked = recall.is_some_and(|recall| recall.status == "PDCR");
        let message = (back.uetr(), back.payload.as_slice());
        self.importer
            .deliver_one(self.client, self.genesis, message, &back.to)
            .await?;
        let secret = &self.importer.commitment;
        let view = if is_asked && back.reason.as_str() == FOLLOWS_RECALL {
            self.submit(to_returning_answer(back, secret)).await?
        } else {
            self.submit(to_return(back, secret)).await?
        };
        let mut told = back.original.clone();
        told.message = Some(OriginalMessage {
            id: back.message_id.clone(),
            definition: definition("pacs.004.001.09"),
            created: Some(back.created),
        });
        told.transaction_id = Some(back.return_id.clone());
        self.report_return(&told, Some(back.uetr()), &view)?;
        Ok(Row::submitted(1, &view))
    }

    /// pacs.002 on a return, as its sender named it.
    fn report_return(
        &self,
        told: &OriginalPayment,
        uetr: Option<karwan_types::Uetr>,
        view: &SubmitView,
    ) -> Result<(), Failure> {
        let (Some(directory), Some(finality)) = (self.reports, &view.finality) else {
            return Ok(());
        };
        let settled = finality.outcomes.iter().any(|outcome| {
            let movement = outcome.movement.as_ref();
            let own = movement.is_some_and(|movement| Some(movement.uetr.0) == uetr);
            own && outcome.status.to_string() == "ACSC"
        });
        let status = if settled {
            PaymentStatus::Settled {
                at: finality.time.0,
            }
        } else if let Some(refusal) = refusal(view) {
            PaymentStatus::Rejected(StatusReason {
                code: code(&refusal.iso_reason)?,
                name: Some(refusal.name.clone()),
                sentence: refusal.sentence.clone(),
            })
        } else {
            PaymentStatus::PartlyApproved
        };
        let transactions = vec![TransactionReport::of_original(told, status)];
        let place = (self.file, directory, now());
        reports::write_report(&view.transaction.to_string(), transactions, place)?;
        Ok(())
    }

    /// pacs.028: says where payments stand, as far as the caller may see them. Submits nothing.
    pub(super) async fn tell(&self, request: &StatusRequest) -> Result<Row, Failure> {
        let (mut told, mut statuses, mut untold) = (Vec::new(), Vec::new(), Vec::new());
        for asked in &request.payments {
            let uetr = asked.original.uetr;
            let Some(payment) = self.original(None, uetr).await? else {
                untold.push(format!("{uetr} is not known"));
                continue;
            };
            statuses.push(payment.status.to_string());
            match reports::status(&payment) {
                Some(status) => told.push(TransactionReport::of_original(&asked.original, status)),
                // pacs.002 has no word for it; whoever cancelled was told by a camt.029.
                None => untold.push(format!("{uetr} was cancelled")),
            }
        }
        if let (Some(directory), false) = (self.reports, told.is_empty()) {
            let parts = [request.message_id.as_str(), &request.created.to_string()];
            let reference = hash_of(HashDomain::Payload, &parts.map(str::as_bytes));
            let place = (self.file, directory, now());
            reports::write_report(&reference.to_string(), told, place)?;
        }
        statuses.sort();
        statuses.dedup();
        Ok(Row {
            payments: request.payments.len(),
            status: if statuses.is_empty() {
                "unknown".to_owned()
            } else {
                statuses.join("+")
            },
            height: None,
            negative: !untold.is_empty(),
            reason: untold.join(", "),
        })
    }
}

/// Money of another currency than the original's cannot be its return; the ledger's instruction names no currency.
fn other_currency(original: &PaymentView, currency: CurrencyCode) -> Option<Row> {
    let mut movements = original
        .transitions
        .iter()
        .filter_map(|one| one.movement.as_ref());
    let paid = movements.next()?.money.currency.0;
    let sentence = || {
        format!(
            "AM11 The payment was made in {paid} and is to go back in {currency}. Return it in {paid}."
        )
    };
    (paid != currency).then(|| Row::declined(sentence()))
}

/// Why something that was submitted was refused in its block.
fn refusal(view: &SubmitView) -> Option<&RefusalView> {
    let outcomes = &view.finality.as_ref()?.outcomes;
    outcomes.iter().find_map(|outcome| outcome.refusal.as_ref())
}

/// What is answered to a request once it is final: cancelled, waiting for the creditor agent (or for further signers), or refused.
fn answer_to_request(view: &SubmitView) -> Option<ResolutionAnswer> {
    let finality = view.finality.as_ref()?;
    let Some(refusal) = refusal(view) else {
        return Some(if finality.statuses.contains_key("CANC") {
            ResolutionAnswer::Cancelled(None)
        } else {
            ResolutionAnswer::Pending
        });
    };
    // What has no code among those of camt.029 is told in words.
    let own = code(&refusal.iso_reason).ok();
    let own =
        own.filter(|code| is_reason(RECALL_REJECTION_REASONS, code) || code.as_str() == "NOOR");
    Some(ResolutionAnswer::Rejected {
        reason: own.unwrap_or_else(|| "NARR".parse().expect("a code of four letters")),
        sentence: Some(format!("{} {}", refusal.name, refusal.sentence)),
    })
}

/// The ledger answers in the place of the institution that the request went to.
fn resolution_of(
    request: &CancellationRequest,
    answer: ResolutionAnswer,
    view: &SubmitView,
) -> anyhow::Result<Resolution> {
    let asked = &request.assignment;
    Ok(Resolution {
        assignment: Assignment {
            header: None,
            id: reports::message_id(&view.transaction.to_string())?,
            from: asked.to.clone(),
            to: asked.from.clone(),
            created: now(),
            case: asked.case.clone(),
        },
        status_id: request.cancellation_id.clone(),
        original: request.original.clone(),
        answer,
    })
}

fn code(text: &str) -> anyhow::Result<ExternalCode> {
    Ok(text.parse()?)
}

fn definition(text: &str) -> MessageDefinition {
    MessageDefinition::parse(text).expect("a definition that is read")
}
