//! A whole message: header, group, payments, sums, bytes.

use crate::cancellation::CancellationRequest;
use crate::catalogue::MessageKind;
use crate::cursor::Cursor;
use crate::envelope::{Found, Header, read_header};
use crate::group::{check_count, check_sums, read_group};
use crate::payload::Payloads;
use crate::payment_return::PaymentReturn;
use crate::profile::Profile;
use crate::refusal::Refusal;
use crate::resolution::Resolution;
use crate::status_request::StatusRequest;
use crate::transaction::read_transaction;
use crate::transfer::{CreditTransfer, Document, TransferKind};
use karwan_types::{HashDomain, hash_of};

/// A message that was read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Message {
    /// pacs.008 or pacs.009: payments.
    Transfers(Document),
    /// pacs.004: a return.
    Return(PaymentReturn),
    /// camt.056: a payment is to be cancelled or recalled.
    Cancellation(CancellationRequest),
    /// camt.029: the answer to a recall.
    Resolution(Resolution),
    /// pacs.028: where payments stand.
    StatusRequest(StatusRequest),
}

impl Message {
    /// The message definition, for example `pacs.008.001.08`.
    #[must_use]
    pub const fn definition(&self) -> &'static str {
        match self {
            Self::Transfers(document) => document.kind.definition(),
            Self::Return(_) => MessageKind::Return.definition(),
            Self::Cancellation(_) => MessageKind::Cancellation.definition(),
            Self::Resolution(_) => MessageKind::Resolution.definition(),
            Self::StatusRequest(_) => MessageKind::StatusRequest.definition(),
        }
    }
}

/// Reads the message that was found in `text`.
pub(crate) fn read_message(
    found: &Found<'_>,
    text: &str,
    profile: &Profile,
) -> Result<Message, Refusal> {
    let header = found.header.as_ref().map(read_header).transpose()?;
    let message = found.document.required(found.kind.message_element())?;
    Ok(match found.kind {
        MessageKind::Transfer(kind) => {
            let whole = (&found.document, &message, text);
            Message::Transfers(read_transfers(whole, kind, header, profile)?)
        }
        MessageKind::Return => {
            let payload = text[found.document.element().span.clone()]
                .as_bytes()
                .to_vec();
            Message::Return(PaymentReturn::read(&message, header, payload, profile)?)
        }
        MessageKind::Cancellation => {
            Message::Cancellation(CancellationRequest::read(&message, header)?)
        }
        MessageKind::Resolution => {
            Message::Resolution(Resolution::read(&message, header, profile)?)
        }
        MessageKind::StatusRequest => {
            Message::StatusRequest(StatusRequest::read(&message, header)?)
        }
    })
}

fn read_transfers(
    (document, message, text): (&Cursor<'_>, &Cursor<'_>, &str),
    kind: TransferKind,
    header: Option<Header>,
    profile: &Profile,
) -> Result<Document, Refusal> {
    let group_header = message.required("GrpHdr")?;
    let transactions = message.all("CdtTrfTxInf");
    if transactions.is_empty() {
        return Err(message.missing("CdtTrfTxInf"));
    }
    let group = read_group(&group_header, kind, profile)?;
    check_count(&group_header, transactions.len())?;
    let mut payments = Vec::with_capacity(transactions.len());
    for transaction in &transactions {
        payments.push(read_transaction(transaction, &group, profile)?);
    }
    let ledger_fields: Vec<_> = payments.iter().map(|payment| &payment.ledger).collect();
    check_sums(&group_header, &ledger_fields)?;
    let payloads = Payloads::of(document, message, &group_header, text)?;
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
        kind,
        message_id: group.message_id,
        created: group.created,
        transfers,
    })
}
