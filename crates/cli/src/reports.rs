//! pacs.002 answers to the files of an import: one report for each file, one entry for each payment.

use crate::exit::Failure;
use crate::files;
use crate::network::refused;
use karwan_iso20022::{
    CreditTransfer, PaymentStatus, Profile, StatusReason, StatusReport, TransactionReport,
    write_status_report,
};
use karwan_rpc::{Client, PaymentGetParams, PaymentView, RefusalView, View};
use karwan_types::{ExternalCode, Max35Text, Timestamp, TransactionId, TransactionStatus};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The most payments that a report is asked for in one go; a file holds no more.
const PAYMENTS_MAX: u32 = 1_000;

/// Writes the report on a file's payments to `DIR/STEM.pacs002.xml`, with what came of them at the node.
pub(crate) async fn write(
    client: &Client,
    transfers: &[CreditTransfer],
    transaction: TransactionId,
    (file, directory, now): (&Path, &Path, Timestamp),
) -> Result<PathBuf, Failure> {
    let params = PaymentGetParams {
        transaction: Some(View(transaction)),
        limit: Some(PAYMENTS_MAX),
        ..PaymentGetParams::default()
    };
    let answer = client.payment_get(params).await.map_err(refused)?;
    let mut statuses = BTreeMap::new();
    for payment in &answer.payments {
        if let (Some(uetr), Some(status)) = (&payment.uetr, status(payment)) {
            statuses.insert(uetr.0, status);
        }
    }
    let entry = |transfer: &CreditTransfer| {
        let status = statuses.get(&transfer.ledger.uetr)?.clone();
        Some(TransactionReport::of_transfer(transfer, status))
    };
    let transactions = transfers.iter().filter_map(entry).collect();
    write_report(
        &transaction.to_string(),
        transactions,
        (file, directory, now),
    )
}

/// Writes a pacs.002 to `DIR/STEM.pacs002.xml`; its reference begins as `reference` does.
pub(crate) fn write_report(
    reference: &str,
    transactions: Vec<TransactionReport>,
    (file, directory, now): (&Path, &Path, Timestamp),
) -> Result<PathBuf, Failure> {
    let report = StatusReport {
        message_id: message_id(reference)?,
        created: now,
        header: None,
        transactions,
    };
    let xml = write_status_report(&report, &Profile::default());
    write_answer((file, directory), "pacs002", &xml)
}

/// Writes the answer to a file to `DIR/STEM.KIND.xml`.
pub(crate) fn write_answer(
    (file, directory): (&Path, &Path),
    kind: &str,
    xml: &str,
) -> Result<PathBuf, Failure> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let path = directory.join(format!("{stem}.{kind}.xml"));
    files::replace(&path, xml.as_bytes())?;
    Ok(path)
}

/// A reference of a message that follows from a hash.
pub(crate) fn message_id(hash: &str) -> anyhow::Result<Max35Text> {
    let text: String = hash.chars().take(35).collect();
    Ok(Max35Text::parse(&text)?)
}

/// The present status of a payment in the words of pacs.002; none for a cancelled one.
pub(crate) fn status(payment: &PaymentView) -> Option<PaymentStatus> {
    let settled = payment.settled.map(|time| time.0);
    match payment.status.0 {
        TransactionStatus::Rcvd => Some(PaymentStatus::Received),
        TransactionStatus::Patc => Some(PaymentStatus::PartlyApproved),
        TransactionStatus::Actc => Some(PaymentStatus::TechnicallyAccepted),
        TransactionStatus::Pdng => {
            let waiting = payment.waiting.as_ref().and_then(reason);
            Some(PaymentStatus::Pending(waiting))
        }
        TransactionStatus::Acsp => Some(PaymentStatus::Settling),
        TransactionStatus::Acsc => {
            let last = payment.transitions.last().map(|last| last.time.0);
            settled.or(last).map(|at| PaymentStatus::Settled { at })
        }
        TransactionStatus::Accc => Some(PaymentStatus::Credited { at: settled }),
        TransactionStatus::Rjct => {
            let refusal = payment.refusal.as_ref().and_then(reason);
            refusal.map(PaymentStatus::Rejected)
        }
        TransactionStatus::Canc => None,
    }
}

fn reason(refusal: &RefusalView) -> Option<StatusReason> {
    Some(StatusReason {
        code: ExternalCode::parse(&refusal.iso_reason).ok()?,
        name: Some(refusal.name.clone()),
        sentence: refusal.sentence.clone(),
    })
}
