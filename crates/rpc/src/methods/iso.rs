//! The institution's gateway: the sealed messages of its payments go out, and those delivered to it come in. Reading,
//! signing and opening them is done where the institution's keys are, never on a node.

use crate::backend::{DeliverAnswer, Gateway, OutboxMessage, OutboxPlace, SealedMessage};
use crate::caller::Caller;
use crate::context::Context;
use crate::limits::{LARGE_ANSWER_BYTES_MAX, SEALED_BYTES_MAX};
use crate::method::{Act, Method};
use crate::problem::{Fault, Problem};
use crate::view::View;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use karwan_types::{Lei, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// `iso.deliver`
#[derive(Debug)]
pub struct IsoDeliver;

/// A payment's message for its creditor agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IsoDeliverParams {
    /// The payment's reference. The caller is its debtor agent.
    pub uetr: View<Uetr>,
    /// The creditor agent.
    pub creditor_agent: View<Lei>,
    /// The message as an age file for the creditor agent's registered payload key, in base64; at most 1 MiB and 64 KiB.
    pub sealed: String,
}

/// The message is on the node's disk and leaves when the payment is final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliverView {
    /// The payment's reference.
    pub uetr: View<Uetr>,
}

impl Method for IsoDeliver {
    const NAME: &'static str = "iso.deliver";
    type Params = IsoDeliverParams;
    type Answer = DeliverView;
}

impl Act for IsoDeliver {
    fn act(
        context: Arc<Context>,
        caller: Caller,
        params: IsoDeliverParams,
    ) -> BoxFuture<'static, Result<DeliverView, Problem>> {
        Box::pin(async move {
            let (gateway, agent) = gateway(&context, &caller)?;
            let message = params.message()?;
            let deliver = move || Ok(gateway.deliver(agent, message)?);
            match context.blocking(deliver).await? {
                DeliverAnswer::Kept => Ok(DeliverView { uetr: params.uetr }),
                DeliverAnswer::RetryLater { reason } => {
                    Err(Problem::new(Fault::Busy, reason.to_string()))
                }
            }
        })
    }
}

impl IsoDeliverParams {
    fn message(&self) -> Result<SealedMessage, Problem> {
        let sealed = STANDARD.decode(&self.sealed).map_err(|_| {
            Problem::invalid("sealed is not base64 (RFC 4648, with padding)".to_owned())
        })?;
        if sealed.len() > SEALED_BYTES_MAX {
            let sentence = format!("the sealed message has more than {SEALED_BYTES_MAX} bytes");
            return Err(Problem::new(Fault::TooLarge, sentence));
        }
        Ok(SealedMessage {
            uetr: self.uetr.0,
            creditor_agent: self.creditor_agent.0,
            sealed,
        })
    }
}

/// `iso.outbox`
#[derive(Debug)]
pub struct IsoOutbox;

/// From where on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IsoOutboxParams {
    /// Only messages after this one; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<OutboxPlaceView>,
    /// The most messages to show, at most 1,000; 100 when absent. Fewer are shown when they are large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The place of a message in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutboxPlaceView {
    /// The payment's debtor agent.
    pub debtor_agent: View<Lei>,
    /// The payment's reference.
    pub uetr: View<Uetr>,
}

/// Messages that wait for the institution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutboxAnswer {
    /// The messages, by debtor agent and reference. They leave the outbox when the credit is confirmed on the ledger.
    pub messages: Vec<OutboxMessageView>,
    /// Whether there may be more after the last one.
    pub more: bool,
}

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutboxMessageView {
    /// Which payment it belongs to.
    pub place: OutboxPlaceView,
    /// The message as an age file for the institution's payload key, in base64.
    pub sealed: String,
}

impl OutboxMessageView {
    pub(crate) fn new(message: &OutboxMessage) -> Self {
        Self {
            place: OutboxPlaceView {
                debtor_agent: View(message.place.debtor_agent),
                uetr: View(message.place.uetr),
            },
            sealed: STANDARD.encode(&message.sealed),
        }
    }
    /// The age file.
    ///
    /// # Errors
    /// `base64::DecodeError` when it is not base64.
    pub fn sealed_bytes(&self) -> Result<Vec<u8>, base64::DecodeError> {
        STANDARD.decode(&self.sealed)
    }
}

impl IsoDeliverParams {
    /// The parameters for an age file.
    #[must_use]
    pub fn new(uetr: Uetr, creditor_agent: Lei, sealed: &[u8]) -> Self {
        Self {
            uetr: View(uetr),
            creditor_agent: View(creditor_agent),
            sealed: STANDARD.encode(sealed),
        }
    }
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
            if !gateway.serves(&agent) {
                let sentence =
                    "this node keeps no outbox for your institution; ask the one that does";
                return Err(Problem::new(Fault::NoGateway, sentence));
            }
            let limit = super::page_entries(params.limit);
            let after = params.after.map(|place| OutboxPlace {
                debtor_agent: place.debtor_agent.0,
                uetr: place.uetr.0,
            });
            let read = move || Ok(gateway.outbox(agent, after, limit)?);
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

/// What the envelope of one message takes.
const ENVELOPE_BYTES: usize = 512;

/// As many messages as fit an answer, in order, and whether some did not.
fn fitting(found: Vec<OutboxMessage>) -> (Vec<OutboxMessageView>, bool) {
    let mut room = LARGE_ANSWER_BYTES_MAX - ENVELOPE_BYTES;
    let mut views = Vec::with_capacity(found.len());
    for message in found {
        let view = OutboxMessageView::new(&message);
        let bytes = view.sealed.len().saturating_add(ENVELOPE_BYTES);
        if bytes > room && !views.is_empty() {
            return (views, true);
        }
        room = room.saturating_sub(bytes);
        views.push(view);
    }
    (views, false)
}

fn gateway(context: &Context, caller: &Caller) -> Result<(Arc<dyn Gateway>, Lei), Problem> {
    let missing = || Problem::new(Fault::NoGateway, "this node serves no institution");
    let gateway = context.gateway.clone().ok_or_else(missing)?;
    let agent = caller.institution().ok_or_else(|| {
        Problem::new(
            Fault::Forbidden,
            "this method is for institutions, for themselves",
        )
    })?;
    Ok((gateway, agent))
}
