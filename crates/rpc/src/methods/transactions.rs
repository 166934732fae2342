//! Submitting a transaction, and waiting until it is final.
//!
//! The contract: a submission is answered `accepted`, `duplicate`, `already_final`, `retry_later` or `rejected`; when the time
//! is over before that is known it is `pending`, which means "outcome unknown" and never "failed". Submitting the same bytes
//! again is always safe. A transaction is final when it is in a block, whatever came of it there; after its expiry either that
//! or its absence is certain.

use crate::backend::{Lookup, SubmitAnswer};
use crate::caller::Caller;
use crate::context::Context;
use crate::feed::Waiter;
use crate::limits::{FINAL_OUTCOMES_MAX, WAIT_MS_MAX};
use crate::method::{Act, Method};
use crate::problem::{Fault, Problem};
use crate::reading::{Placed, Reading};
use crate::view::{OutcomeView, RefusalView, View, waiting};
use futures::future::BoxFuture;
use karwan_ledger::{InstructionKey, Rejection, Rulebook, Transaction};
use karwan_types::{
    EncodedTransaction, Height, Outcome, TRANSACTION_BYTES_MAX, Timestamp, TransactionId,
    TransactionStatus,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// For what a submission waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// For nothing: the answer is `pending`.
    None,
    /// For the node's answer.
    #[default]
    Accepted,
    /// Until the transaction is in a block.
    Final,
}

/// `tx.submit`
#[derive(Debug)]
pub struct TxSubmit;

/// A transaction, and for what to wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TxSubmitParams {
    /// The transaction's canonical bytes in hexadecimal.
    pub transaction: String,
    /// For what to wait; `accepted` when absent.
    #[serde(default)]
    pub wait: Wait,
    /// How long to wait at most, in milliseconds; at most 9,000, which is also meant when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// What is known of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubmitWord {
    /// The node has taken it in; it promises no more.
    Accepted,
    /// It waits for a block already.
    Duplicate,
    /// It was in a block already when it was submitted.
    AlreadyFinal,
    /// The node does not take it in now.
    RetryLater,
    /// It cannot be included as it is.
    Rejected,
    /// Outcome unknown: the time was over first.
    Pending,
}

/// The answer to a submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubmitView {
    /// What is known of it.
    pub answer: SubmitWord,
    /// The transaction id.
    pub transaction: View<TransactionId>,
    /// The same in a sentence.
    pub sentence: String,
    /// What came of it, once it is in a block.
    #[serde(default, rename = "final", skip_serializing_if = "Option::is_none")]
    pub finality: Option<FinalView>,
    /// Why it is rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// When to try again, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// What came of a transaction in its block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FinalView {
    /// The height of the block.
    pub height: u64,
    /// The block's time.
    pub time: View<Timestamp>,
    /// How many outcomes have which status, of those that the caller may see.
    pub statuses: BTreeMap<String, u32>,
    /// The first outcomes that the caller may see, at most 16; the others are read with `payment.get`.
    pub outcomes: Vec<OutcomeView>,
}

impl Method for TxSubmit {
    const NAME: &'static str = "tx.submit";
    type Params = TxSubmitParams;
    type Answer = SubmitView;
}

impl Act for TxSubmit {
    fn act(
        context: Arc<Context>,
        caller: Caller,
        params: TxSubmitParams,
    ) -> BoxFuture<'static, Result<SubmitView, Problem>> {
        Box::pin(submit(context, caller, params))
    }
}

async fn submit(
    context: Arc<Context>,
    caller: Caller,
    params: TxSubmitParams,
) -> Result<SubmitView, Problem> {
    let deadline = deadline(params.timeout_ms);
    if params.transaction.len() > TRANSACTION_BYTES_MAX.saturating_mul(2) {
        let sentence = format!("the transaction has more than {TRANSACTION_BYTES_MAX} bytes");
        return Err(Problem::new(Fault::TooLarge, sentence));
    }
    let bytes = hex::decode(&params.transaction);
    let bytes = bytes.map_err(|_| Problem::invalid("the transaction must be hexadecimal"))?;
    let encoded = EncodedTransaction::new(bytes);
    let id = encoded.id();
    let valid_until = match Transaction::from_encoded(&encoded) {
        Ok(transaction) => transaction.valid_until,
        Err(rejection) => return Ok(context.answered(id, &SubmitAnswer::Rejected(rejection))),
    };
    let waiter = context.feed.wait(id);
    // Once given to the node it is on its way, even when the caller leaves.
    let submission = tokio::spawn(context.backend.submit(encoded));
    if params.wait == Wait::None {
        return Ok(SubmitView::pending(id));
    }
    let answer = match timeout_at(deadline, submission).await {
        Err(_) => return Ok(SubmitView::pending(id)),
        Ok(Err(error)) => {
            tracing::error!(%error, "a submission ended without an answer");
            return Err(Problem::internal());
        }
        Ok(Ok(answer)) => answer,
    };
    let view = context.answered(id, &answer);
    let waits = match answer {
        SubmitAnswer::AlreadyFinal => true,
        SubmitAnswer::Accepted | SubmitAnswer::Duplicate => params.wait == Wait::Final,
        SubmitAnswer::RetryLater { .. } | SubmitAnswer::Rejected(_) => false,
    };
    if !waits {
        return Ok(view);
    }
    let wait = Waiting {
        context: Arc::clone(&context),
        caller,
        transaction: id,
        valid_until: Some(valid_until),
        is_recent: answer != SubmitAnswer::AlreadyFinal,
        deadline,
    };
    match wait.run(waiter).await? {
        Known::Final(finality) => Ok(view.with(finality)),
        // It is final, but where cannot be told before the index has caught up.
        Known::Expired | Known::Nothing if answer == SubmitAnswer::AlreadyFinal => Ok(view),
        Known::Expired => {
            let rejection = Rejection::Expired { valid_until };
            Ok(context.answered(id, &SubmitAnswer::Rejected(rejection)))
        }
        Known::Nothing => Ok(SubmitView::pending(id)),
    }
}

impl Context {
    /// The node's answer in words, under the rulebook in force.
    fn answered(&self, id: TransactionId, answer: &SubmitAnswer) -> SubmitView {
        SubmitView::answered(id, answer, self.backend.snapshot().state.rules())
    }
}

impl SubmitView {
    fn new(answer: SubmitWord, transaction: TransactionId, sentence: &str) -> Self {
        Self {
            answer,
            transaction: View(transaction),
            sentence: sentence.to_owned(),
            finality: None,
            problem: None,
            retry_after_ms: None,
        }
    }
    fn pending(transaction: TransactionId) -> Self {
        let sentence = "outcome unknown: it may still become final; wait for it, or submit the same bytes again";
        Self::new(SubmitWord::Pending, transaction, sentence)
    }
    /// The answer of the node in words.
    pub(super) fn answered(
        transaction: TransactionId,
        answer: &SubmitAnswer,
        rules: &Rulebook,
    ) -> Self {
        let plain = |word, sentence| Self::new(word, transaction, sentence);
        match answer {
            SubmitAnswer::Accepted => plain(
                SubmitWord::Accepted,
                "the node has taken the transaction in; it is not final yet",
            ),
            SubmitAnswer::Duplicate => plain(
                SubmitWord::Duplicate,
                "the transaction waits for a block already",
            ),
            SubmitAnswer::AlreadyFinal => plain(
                SubmitWord::AlreadyFinal,
                "the transaction is in a block already",
            ),
            SubmitAnswer::RetryLater { reason, after } => Self {
                retry_after_ms: Some(after.millis()),
                ..plain(SubmitWord::RetryLater, reason.as_str())
            },
            SubmitAnswer::Rejected(rejection) => Self {
                problem: Some(Problem::refused(rejection, rules)),
                ..plain(SubmitWord::Rejected, &rejection.to_string())
            },
        }
    }
    fn with(self, finality: FinalView) -> Self {
        Self {
            sentence: format!("the transaction is final in block {}", finality.height),
            finality: Some(finality),
            ..self
        }
    }
}

/// `tx.wait`
#[derive(Debug)]
pub struct TxWait;

/// Which transaction, and how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TxWaitParams {
    /// The transaction id.
    pub transaction: View<TransactionId>,
    /// The transaction's expiry. When it is given and has passed, the answer is certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<View<Timestamp>>,
    /// How long to wait at most, in milliseconds; at most 9,000, which is also meant when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// What is known of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitWord {
    /// It is in a block.
    Final,
    /// It is in no block and never will be.
    Expired,
    /// Outcome unknown: the time was over first.
    Pending,
}

/// What came of waiting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitView {
    /// What is known of it.
    pub answer: WaitWord,
    /// The transaction id.
    pub transaction: View<TransactionId>,
    /// What came of it, once it is in a block.
    #[serde(default, rename = "final", skip_serializing_if = "Option::is_none")]
    pub finality: Option<FinalView>,
}

impl Method for TxWait {
    const NAME: &'static str = "tx.wait";
    type Params = TxWaitParams;
    type Answer = WaitView;
}

impl Act for TxWait {
    fn act(
        context: Arc<Context>,
        caller: Caller,
        params: TxWaitParams,
    ) -> BoxFuture<'static, Result<WaitView, Problem>> {
        Box::pin(async move {
            let transaction = params.transaction.0;
            let waiter = context.feed.wait(transaction);
            let wait = Waiting {
                context,
                caller,
                transaction,
                valid_until: params.valid_until.map(|time| time.0),
                is_recent: false,
                deadline: deadline(params.timeout_ms),
            };
            let (answer, finality) = match wait.run(waiter).await? {
                Known::Final(finality) => (WaitWord::Final, Some(finality)),
                Known::Expired => (WaitWord::Expired, None),
                Known::Nothing => (WaitWord::Pending, None),
            };
            Ok(WaitView {
                answer,
                transaction: View(transaction),
                finality,
            })
        })
    }
}

fn deadline(timeout_ms: Option<u64>) -> Instant {
    let timeout = timeout_ms.unwrap_or(WAIT_MS_MAX).min(WAIT_MS_MAX);
    Instant::now() + Duration::from_millis(timeout)
}

/// What is known of a transaction.
enum Known {
    Final(FinalView),
    Expired,
    Nothing,
}

/// What a look at the ledger tells.
enum Look {
    Found(FinalView),
    Absent,
    Unknown,
}

/// Somebody who waits for a transaction.
#[derive(Clone)]
struct Waiting {
    context: Arc<Context>,
    caller: Caller,
    transaction: TransactionId,
    valid_until: Option<Timestamp>,
    /// Whether the ledger still remembers the transaction if it holds it, so that the index need not be asked.
    is_recent: bool,
    deadline: Instant,
}

impl Waiting {
    /// The waiter was made first, so a block is either in the snapshot that is looked at here or is told to the waiter.
    async fn run(&self, mut waiter: Waiter) -> Result<Known, Problem> {
        let mut heights = self.context.backend.heights();
        heights.mark_unchanged();
        let state = &self.context.backend.snapshot().state;
        if !self.is_recent || state.holds_transaction(&self.transaction) {
            match self.look().await? {
                Look::Found(finality) => return Ok(Known::Final(finality)),
                Look::Absent | Look::Unknown => {}
            }
        }
        loop {
            let time = self.context.backend.snapshot().state.chain().time;
            if self
                .valid_until
                .is_some_and(|valid_until| valid_until < time)
            {
                return Ok(match self.look().await? {
                    Look::Found(finality) => Known::Final(finality),
                    Look::Absent => Known::Expired,
                    Look::Unknown => Known::Nothing,
                });
            }
            tokio::select! {
                height = &mut waiter.height => {
                    let height = height.map_err(|_| Problem::internal())?;
                    let found = self.read(Some(height)).await?;
                    return Ok(found.map_or(Known::Nothing, Known::Final));
                }
                changed = heights.changed() => if changed.is_err() {
                    return Ok(Known::Nothing);
                },
                () = tokio::time::sleep_until(self.deadline) => return Ok(Known::Nothing),
            }
        }
    }

    /// Looks for the transaction in the present snapshot. An index that is behind does not end the waiting.
    async fn look(&self) -> Result<Look, Problem> {
        match self.read(None).await {
            Ok(Some(finality)) => Ok(Look::Found(finality)),
            Ok(None) => Ok(Look::Absent),
            Err(problem) if problem.code == Fault::Behind.code() => Ok(Look::Unknown),
            Err(problem) => Err(problem),
        }
    }

    /// Reads what came of it, in the block of a height or wherever it is found.
    async fn read(&self, height: Option<Height>) -> Result<Option<FinalView>, Problem> {
        let this = self.clone();
        let read = move || {
            let snapshot = this.context.backend.snapshot();
            let reading = Reading::new(&this.context, snapshot, this.caller);
            let height = match height {
                Some(height) => Some(height),
                None => locate(&reading, this.transaction)?,
            };
            height
                .map(|height| finality(&reading, height, this.transaction))
                .transpose()
        };
        self.context.blocking(read).await
    }
}

/// The height of a transaction's block. What came of a transaction in its own block is older than anything else.
fn locate(reading: &Reading, transaction: TransactionId) -> Result<Option<Height>, Problem> {
    let page = reading.find(&Lookup::Transaction(transaction), None, 1)?;
    Ok(page.places.first().map(|place| place.height))
}

/// Why a payment that was put into the queue waits there now. An outcome of a recall has the reference of its payment, too.
fn why_waiting(reading: &Reading, outcome: &Outcome) -> Option<RefusalView> {
    let movement = outcome.movement.as_ref();
    let movement = movement.filter(|_| outcome.status == TransactionStatus::Pdng)?;
    let key = InstructionKey {
        agent: movement.debtor_agent,
        uetr: movement.uetr,
    };
    waiting(reading, &key)
}

fn finality(
    reading: &Reading,
    height: Height,
    transaction: TransactionId,
) -> Result<FinalView, Problem> {
    let block = reading.block(height)?;
    let mut statuses = BTreeMap::new();
    let mut outcomes = Vec::new();
    for (position, outcome) in (0u32..).zip(&block.frame.outcomes) {
        if outcome.transaction != Some(transaction) {
            continue;
        }
        let placed = Placed {
            block: Rc::clone(&block),
            position,
        };
        if !reading.may_see(&placed)? {
            continue;
        }
        *statuses.entry(outcome.status.to_string()).or_insert(0) += 1;
        if outcomes.len() < FINAL_OUTCOMES_MAX {
            let shown = placed.view().map(|view| OutcomeView {
                waiting: why_waiting(reading, outcome),
                ..view
            });
            outcomes.extend(shown);
        }
    }
    Ok(FinalView {
        height: height.get(),
        time: View(block.frame.block.header.time),
        statuses,
        outcomes,
    })
}
