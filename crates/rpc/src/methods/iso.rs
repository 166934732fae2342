//! The institution's gateway: foreign messages in, delivered messages out. The bytes are handed on as they are; what they
//! mean is the gateway's business.

use crate::backend::{Gateway, ImportResult, ImportedMessage, OutboxMessage};
use crate::caller::Caller;
use crate::context::Context;
use crate::limits::{LARGE_ANSWER_BYTES_MAX, XML_BYTES_MAX};
use crate::method::{Act, Method};
use crate::methods::transactions::SubmitView;
use crate::problem::{Fault, Problem};
use crate::view::View;
use futures::future::BoxFuture;
use karwan_types::{InstructionHash, Lei, TransactionId, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// `iso.import`
#[derive(Debug)]
pub struct IsoImport;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IsoImportParams {
    /// The XML, at most 1 MiB.
    pub xml: String,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportAnswer {
    /// One entry for each message inside.
    pub messages: Vec<ImportedMessageView>,
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportedMessageView {
    /// The message's kind, for example `pacs.008.001.08`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The payments' references.
    pub uetrs: Vec<View<Uetr>>,
    /// What a checker approves; absent for a refused message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<View<InstructionHash>>,
    /// What the node said to the transaction; absent when the institution signs elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted: Option<SubmitView>,
    /// The instruction without signatures, in hexadecimal, when the institution signs elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsigned_transaction: Option<String>,
    /// Why the message was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Problem>,
}

impl Method for IsoImport {
    const NAME: &'static str = "iso.import";
    type Params = IsoImportParams;
    type Answer = ImportAnswer;
}

impl Act for IsoImport {
    fn act(
        context: Arc<Context>,
        caller: Caller,
        params: IsoImportParams,
    ) -> BoxFuture<'static, Result<ImportAnswer, Problem>> {
        Box::pin(async move {
            if params.xml.len() > XML_BYTES_MAX {
                let sentence = format!("the message has more than {XML_BYTES_MAX} bytes");
                return Err(Problem::new(Fault::TooLarge, sentence));
            }
            let (gateway, agent) = gateway(&context, &caller)?;
            // An import that has begun goes on when the caller has left: its payments may be on their way.
            let import = tokio::spawn(gateway.import(agent, params.xml)).await;
            let messages = import.map_err(|_| Problem::internal())??;
            Ok(ImportAnswer {
                messages: messages.into_iter().map(ImportedMessageView::new).collect(),
            })
        })
    }
}

impl ImportedMessageView {
    fn new(message: ImportedMessage) -> Self {
        let mut view = Self {
            message: message.message,
            uetrs: message.uetrs.into_iter().map(View).collect(),
            instruction: None,
            submitted: None,
            unsigned_transaction: None,
            refused: None,
        };
        match message.result {
            ImportResult::Submitted {
                transaction,
                instruction,
                answer,
            } => {
                view.instruction = Some(View(instruction));
                view.submitted = Some(submitted(transaction, &answer));
            }
            ImportResult::Unsigned {
                transaction,
                instruction,
            } => {
                view.instruction = Some(View(instruction));
                view.unsigned_transaction = Some(hex::encode(transaction.as_bytes()));
            }
            ImportResult::Refused {
                iso_reason,
                sentence,
            } => {
                view.refused = Some(Problem {
                    name: "MESSAGE_REFUSED".to_owned(),
                    iso_reason: Some(iso_reason),
                    ..Problem::invalid(sentence.to_string())
                });
            }
        }
        view
    }
}

fn submitted(transaction: TransactionId, answer: &crate::backend::SubmitAnswer) -> SubmitView {
    SubmitView::answered(transaction, answer)
}

/// `iso.outbox`
#[derive(Debug)]
pub struct IsoOutbox;

/// From where on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IsoOutboxParams {
    /// Only messages after the one with this number; 0 for all.
    #[serde(default)]
    pub after: u64,
    /// The most messages to show, at most 1,000; 100 when absent. Fewer are shown when they are large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Messages that wait for the institution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutboxAnswer {
    /// The messages, by number. They leave the outbox when the credit is confirmed on the ledger.
    pub messages: Vec<OutboxMessageView>,
    /// Whether there may be more after the last one.
    pub more: bool,
}

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutboxMessageView {
    /// Its number.
    pub number: u64,
    /// The message's kind, for example `pacs.008.001.08`.
    pub message: String,
    /// The payment's debtor agent.
    pub debtor_agent: View<Lei>,
    /// The payment's reference.
    pub uetr: View<Uetr>,
    /// The height at which the payment settled.
    pub height: u64,
    /// The message.
    pub xml: String,
}

impl Method for IsoOutbox {
    const NAME: &'static str = "iso.outbox";
    type Params = IsoOutboxParams;
    type Answer = OutboxAnswer;
}

impl Act for IsoOutbox {
    fn act(
        context: Arc<Context>,
        caller: Caller,
        params: IsoOutboxParams,
    ) -> BoxFuture<'static, Result<OutboxAnswer, Problem>> {
        Box::pin(async move {
            let (gateway, agent) = gateway(&context, &caller)?;
            let limit = super::page_entries(params.limit);
            let read = move || Ok(gateway.outbox(agent, params.after, limit)?);
            let found = context.blocking(read).await?;
            let full = found.len() == limit;
            let (messages, cut) = fitting(found);
            Ok(OutboxAnswer {
                messages,
                more: full || cut,
            })
        })
    }
}

/// As many messages as fit an answer, in order, and whether some did not. Escaping can double an XML text.
fn fitting(found: Vec<OutboxMessage>) -> (Vec<OutboxMessageView>, bool) {
    let mut room = LARGE_ANSWER_BYTES_MAX / 2;
    let mut views = Vec::with_capacity(found.len());
    for message in found {
        let bytes = message.xml.len().saturating_add(512);
        if bytes > room && !views.is_empty() {
            return (views, true);
        }
        room = room.saturating_sub(bytes);
        views.push(OutboxMessageView {
            number: message.number,
            message: message.message,
            debtor_agent: View(message.debtor_agent),
            uetr: View(message.uetr),
            height: message.height.get(),
            xml: message.xml,
        });
    }
    (views, false)
}

fn gateway(context: &Context, caller: &Caller) -> Result<(Arc<dyn Gateway>, Lei), Problem> {
    let missing = || Problem::new(Fault::NoGateway, "this node serves no institution");
    let gateway = context.gateway.clone().ok_or_else(missing)?;
    let agent = caller.institution().ok_or_else(|| {
        Problem::new(Fault::Forbidden, "this method is for institutions, for themselves")
    })?;
    Ok((gateway, agent))
}
