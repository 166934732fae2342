//! Delivered messages in the event feed of the institution that they are for.
//!
//! A feed hands every message that waits in the institution's outbox over once, those that are there when it begins and those
//! that arrive. A message that is not confirmed on the ledger is handed over again by the next feed, so none is lost however a
//! feed ends. Messages have no place in the chain; they carry the number of the event before them.

use super::{EventView, MessageEventView};
use crate::backend::{Gateway, OutboxMessage, OutboxPlace};
use crate::caller::Caller;
use crate::context::Context;
use crate::methods::OutboxMessageView;
use crate::problem::Problem;
use jsonrpsee::SubscriptionSink;
use jsonrpsee::core::to_json_raw_value;
use karwan_types::{Hash, HashDomain, Lei, hash_of};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::watch;

/// The most messages read from the outbox in one go.
const PAGE: usize = 100;

/// The outbox as one feed sees it.
pub(super) struct Mail {
    gateway: Arc<dyn Gateway>,
    agent: Lei,
    arrivals: watch::Receiver<u64>,
    /// Whether the outbox has not been looked at since something arrived.
    due: bool,
    /// What this feed has handed over, of what still waits.
    sent: BTreeSet<(OutboxPlace, Hash)>,
}

impl Mail {
    /// The mail of a caller whose token reaches the gateway, on the node that keeps its outbox.
    pub(super) fn of(context: &Context, caller: &Caller) -> Option<Self> {
        let gateway = context.gateway.clone()?;
        let agent = caller.institution()?;
        let reaches = matches!(caller, Caller::Known(reader) if reader.scopes.gateway);
        if !reaches || !gateway.serves(&agent) {
            return None;
        }
        Some(Self {
            arrivals: gateway.arrivals(),
            agent,
            gateway,
            due: true,
            sent: BTreeSet::new(),
        })
    }

    /// Until there is something to look for.
    pub(super) async fn arrived(mail: Option<&mut Self>) {
        if let Some(mail) = mail
            && mail.arrivals.changed().await.is_ok()
        {
            mail.due = true;
            return;
        }
        // Nothing will arrive any more; what ends the feed is something else.
        std::future::pending::<()>().await;
    }

    /// Hands over what this feed has not handed over yet; whether the feed still stands.
    pub(super) async fn hand_over(
        &mut self,
        context: &Context,
        sink: &SubscriptionSink,
        sequence: u64,
    ) -> Result<bool, Problem> {
        if !self.due {
            return Ok(true);
        }
        self.due = false;
        let (mut after, mut waiting) = (None, BTreeSet::new());
        loop {
            let (gateway, agent) = (Arc::clone(&self.gateway), self.agent);
            let read = move || Ok(gateway.outbox(agent, after, PAGE)?);
            let page = context.blocking(read).await?;
            for message in &page {
                let key = (
                    message.place,
                    hash_of(HashDomain::Payload, &[&message.sealed]),
                );
                waiting.insert(key);
                if self.sent.insert(key) && sink.send(json(message, sequence)?).await.is_err() {
                    return Ok(false);
                }
            }
            after = page.last().map(|last| last.place);
            if after.is_none() {
                break;
            }
        }
        // What has been confirmed need not be remembered.
        self.sent = waiting;
        Ok(true)
    }
}

fn json(
    message: &OutboxMessage,
    sequence: u64,
) -> Result<Box<jsonrpsee::core::JsonRawValue>, Problem> {
    let event = EventView::Message(Box::new(MessageEventView {
        sequence,
        message: OutboxMessageView::new(message),
    }));
    to_json_raw_value(&event).map_err(|error| {
        tracing::error!(%error, "an event has no JSON form");
        Problem::internal()
    })
}
