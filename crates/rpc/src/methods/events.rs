//! The event feed: every status transition that the caller may see, and the end of every block, in the order of the chain.
//!
//! An event's number is its place in the chain, so it is the same on every node and after every restart: whoever continues
//! after the last number it has handled misses nothing and sees nothing twice. An institution's feed hands over its delivered
//! messages, too. The end of a block is an event too, so that the
//! number moves on even when nothing concerns the caller. A feed ends when its token does.

mod mail;

use super::OutboxMessageView;
use crate::backend::{Located, Snapshot};
use crate::caller::Caller;
use crate::context::{Context, Session};
use crate::method::{Method, parse};
use crate::policy::Row;
use crate::problem::{Fault, Problem};
use crate::reading::{Placed, Reading};
use crate::view::{OutcomeView, View};
use jsonrpsee::core::{JsonRawValue, SubscriptionError, to_json_raw_value};
use jsonrpsee::{PendingSubscriptionSink, SubscriptionCloseResponse, SubscriptionSink};
use karwan_types::{Hash, Height, Timestamp};
use mail::Mail;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use std::sync::Arc;

/// The name under which events arrive.
pub const EVENT_NOTIFICATION: &str = "events.event";
/// The method that ends a feed.
pub const EVENT_UNSUBSCRIBE: &str = "events.unsubscribe";

/// `events.subscribe`
#[derive(Debug)]
pub struct EventsSubscribe;

/// From where on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsSubscribeParams {
    /// The number of the last event that the caller has handled; 0 for everything since genesis, absent for what is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventView {
    /// The status of an instruction has changed.
    Outcome(Box<OutcomeView>),
    /// The message of a payment that the caller has received, sealed for it: the caller's token has the scope `gateway`, and
    /// this node keeps its outbox.
    Message(Box<MessageEventView>),
    /// A block is final, and everything in it that the caller may see has been told.
    Block(BlockEventView),
}

/// A delivered message. It is handed over again by the next feed until the credit is confirmed on the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageEventView {
    /// The number of the event before it, after which a feed goes on.
    pub sequence: u64,
    /// The message.
    pub message: OutboxMessageView,
}

/// A final block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockEventView {
    /// The event's number: after all outcomes of the block.
    pub sequence: u64,
    /// The height.
    pub height: u64,
    /// The block's hash.
    pub hash: View<Hash>,
    /// The block's time.
    pub time: View<Timestamp>,
    /// How many transactions it holds.
    pub transactions: u32,
}

impl EventView {
    /// The event's number.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        match self {
            Self::Outcome(outcome) => outcome.sequence,
            Self::Message(message) => message.sequence,
            Self::Block(block) => block.sequence,
        }
    }
}

impl Method for EventsSubscribe {
    const NAME: &'static str = "events.subscribe";
    type Params = EventsSubscribeParams;
    type Answer = EventView;
}

/// Serves one subscription until it ends.
pub(crate) async fn subscribe(
    row: &Row,
    params: String,
    pending: PendingSubscriptionSink,
    context: Arc<Context>,
    session: Arc<Session>,
) -> SubscriptionCloseResponse {
    let caller = session.caller.clone();
    let admitted = admit(row, &params, &context, &caller);
    let (after, _place) = match admitted {
        Ok(admitted) => admitted,
        Err(problem) => {
            pending.reject(problem).await;
            return SubscriptionCloseResponse::None;
        }
    };
    let Ok(sink) = pending.accept().await else {
        return SubscriptionCloseResponse::None;
    };
    match feed(&context, &caller, &sink, after).await {
        Ok(()) => SubscriptionCloseResponse::None,
        Err(problem) => to_json_raw_value(&problem)
            .map_or(SubscriptionCloseResponse::None, |json| {
                SubscriptionCloseResponse::NotifErr(SubscriptionError::from_json(json))
            }),
    }
}

type Admitted = (Located, crate::tally::Place<crate::caller::Identity>);

fn admit(row: &Row, params: &str, context: &Context, caller: &Caller) -> Result<Admitted, Problem> {
    if params.len() > row.params_bytes_max {
        return Err(Problem::new(Fault::TooLarge, "the parameters are too long"));
    }
    let params: EventsSubscribeParams = parse(params)?;
    let snapshot = context.backend.snapshot();
    caller.check(context.clock.now(), &snapshot.state)?;
    row.access.admit(&snapshot.state, caller)?;
    let place = context.subscriptions.enter(caller.identity());
    let place = place.ok_or_else(|| {
        let sentence = "this caller has the most subscriptions already; end one of them";
        Problem::new(Fault::Busy, sentence)
    })?;
    let now = Located::end_of(snapshot.height());
    Ok((params.after.map_or(now, Located::from_sequence), place))
}

/// Sends every event after a place, block by block, for ever. Ends with the connection, or with the token.
async fn feed(
    context: &Arc<Context>,
    caller: &Caller,
    sink: &SubscriptionSink,
    after: Located,
) -> Result<(), Problem> {
    let mut heights = context.backend.heights();
    let mut after = after;
    let mut mail = Mail::of(context, caller);
    loop {
        let tip = heights.borrow_and_update().get();
        let first = if after == Located::end_of(after.height) {
            after.height.get().saturating_add(1)
        } else {
            after.height.get().max(1)
        };
        for number in first..=tip {
            let snapshot = context.backend.snapshot();
            caller.check(context.clock.now(), &snapshot.state)?;
            for event in block_events(context, caller, snapshot, (number, after)).await? {
                if sink.send(event).await.is_err() {
                    return Ok(());
                }
            }
            after = Located::end_of(Height::new(number));
        }
        if let Some(mail) = &mut mail
            && !mail.hand_over(context, sink, after.sequence()).await?
        {
            return Ok(());
        }
        tokio::select! {
            () = sink.closed() => return Ok(()),
            changed = heights.changed() => if changed.is_err() {
                return Ok(());
            },
            () = Mail::arrived(mail.as_mut()) => {}
            () = expiry(context, caller) => {}
        }
        let snapshot = context.backend.snapshot();
        caller.check(context.clock.now(), &snapshot.state)?;
    }
}

/// Until the caller's token has expired; for ever for a caller without one.
async fn expiry(context: &Context, caller: &Caller) {
    match caller {
        Caller::Anonymous(_) => std::future::pending().await,
        Caller::Known(reader) => {
            let left = reader.expires.since(context.clock.now());
            tokio::time::sleep(std::time::Duration::from_millis(left.millis())).await;
        }
    }
}

/// The events of one block after a place, as JSON.
async fn block_events(
    context: &Arc<Context>,
    caller: &Caller,
    snapshot: Arc<Snapshot>,
    (number, after): (u64, Located),
) -> Result<Vec<Box<JsonRawValue>>, Problem> {
    let (shared, caller) = (Arc::clone(context), caller.clone());
    let read = move || {
        let reading = Reading::new(&shared, snapshot, caller);
        let block = reading.block(Height::new(number))?;
        let header = &block.frame.block.header;
        let mut events = Vec::new();
        for (position, _) in (0u32..).zip(&block.frame.outcomes) {
            let placed = Placed {
                block: Rc::clone(&block),
                position,
            };
            if placed.place() > after && reading.may_see(&placed)? {
                events.extend(placed.view().map(Box::new).map(EventView::Outcome));
            }
        }
        events.push(EventView::Block(BlockEventView {
            sequence: Located::end_of(header.height).sequence(),
            height: header.height.get(),
            hash: View(block.frame.block.hash()),
            time: View(header.time),
            transactions: u32::try_from(block.frame.block.transactions.len()).unwrap_or(u32::MAX),
        }));
        let json = events.iter().map(to_json_raw_value);
        json.collect::<Result<_, _>>().map_err(|error| {
            tracing::error!(%error, "an event has no JSON form");
            Problem::internal()
        })
    };
    context.blocking(read).await
}
