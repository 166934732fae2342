//! pacs.002 answers to the files of an import: one report for each file, one entry for each payment.

use crate::exit::Failure;
use crate::files;
use crate::network::refused;
use karwan_iso20022::{
    CreditTransfer, PaymentStatus, Profile, StatusReason, StatusReport, TransactionReport,
    write_status_report,
};
use karwan_rpc::{Client, OutcomeView, PaymentGetParams, View};
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
        let last = payment.transitions.last().and_then(status);
        if let (Some(uetr), Some(status)) = (&payment.uetr, last) {
            statuses.insert(uetr.0, status);
        }
    }
    let entry = |transfer: &CreditTransfer| {
        let status = statuses.get(&transfer.ledger.uetr)?.clone();
        Some(TransactionReport::of_transfer(transfer, status))
    };
    let report = StatusReport {
        message_id: Max35Text::parse(&transaction.to_string()[..35])?,
        created: now,
        header: None,
        transactions: transfers.iter().filter_map(entry).collect(),
    };
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let path = directory.join(format!("{stem}.pacs002.xml"));
    let xml = write_status_report(&report, &Profile::default());
    files::replace(&path, xml.as_bytes())?;
    Ok(path)
}

/// The status of an outcome in the words of pacs.002; none for a cancelled payment.
fn status(outcome: &OutcomeView) -> Option<PaymentStatus> {
    let reason = outcome.refusal.as_ref().and_then(|refusal| {
        Some(StatusReason {
            code: ExternalCode::parse(&refusal.iso_reason).ok()?,
            name: Some(refusal.name.clone()),
            sentence: refusal.sentence.clone(),
        })
    });
    match outcome.status.0 {
        TransactionStatus::Rcvd => Some(PaymentStatus::Received),
        TransactionStatus::Patc => Some(PaymentStatus::PartlyApproved),
        TransactionStatus::Actc => Some(PaymentStatus::TechnicallyAccepted),
        TransactionStatus::Pdng => Some(PaymentStatus::Pending(reason)),
        TransactionStatus::Acsp => Some(PaymentStatus::Settling),
        TransactionStatus::Acsc => Some(PaymentStatus::Settled { at: outcome.time.0 }),
        TransactionStatus::Accc => Some(PaymentStatus::Credited { at: None }),
        TransactionStatus::Rjct => reason.map(PaymentStatus::Rejected),
        TransactionStatus::Canc => None,
    }
}
