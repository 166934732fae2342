//! A whole message: header, group, payments, sums, bytes.

use crate::envelope::{Found, read_header};
use crate::group::{check_count, check_sums, read_group};
use crate::payload::Payloads;
use crate::profile::Profile;
use crate::refusal::Refusal;
use crate::transaction::read_transaction;
use crate::transfer::{CreditTransfer, Document};
use karwan_types::{HashDomain, hash_of};

/// Reads the message that was found in `text`.
pub(crate) fn read_message(
    found: &Found<'_>,
    text: &str,
    profile: &Profile,
) -> Result<Document, Refusal> {
    let header = found.header.as_ref().map(read_header).transpose()?;
    let message = found.document.required(found.kind.message_element())?;
    let group_header = message.required("GrpHdr")?;
    let transactions = message.all("CdtTrfTxInf");
    if transactions.is_empty() {
        return Err(message.missing("CdtTrfTxInf"));
    }
    let group = read_group(&group_header, found.kind, profile)?;
    check_count(&group_header, transactions.len())?;
    let mut payments = Vec::with_capacity(transactions.len());
    for transaction in &transactions {
        payments.push(read_transaction(transaction, &group, profile)?);
    }
    let ledger_fields: Vec<_> = payments.iter().map(|payment| &payment.ledger).collect();
    check_sums(&group_header, &ledger_fields)?;
    let payloads = Payloads::of(&found.document, &message, &group_header, text)?;
    let mut transfers = Vec::with_capacity(payments.len());
    for (payment, transaction) in payments.into_iter().zip(&transactions) {
        let payload = payloads.of_transaction(transaction);
        transfers.push(CreditTransfer {
            ledger: payment.ledger,
            private: payment.private,
            agents: payment.agents,
            regulatory_codes: payment.regulatory_codes,
            message_hash: hash_of(HashDomain::Payload, &[&payload]),
            payload,
        });
    }
    Ok(Document {
        header,
        kind: found.kind,
        message_id: group.message_id,
        created: group.created,
        transfers,
    })
}
