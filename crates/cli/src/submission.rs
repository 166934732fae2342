//! Submitting a transaction and waiting for its fate. A time-out is "outcome unknown", never "failed".
//!
//! The same bytes may be submitted again at any time, so waiting longer is submitting again.

use crate::exit::{Exit, Failure, failure};
use crate::network::refused;
use crate::output::Output;
use crate::table::{Align, Cell, Table};
use clap::ValueEnum;
use karwan_rpc::{
    Client, ClientError, FinalView, OutcomeView, RefusalView, SubmitView, SubmitWord, Wait,
};
use karwan_types::EncodedTransaction;
use std::time::{Duration, Instant};

/// How long a command waits for finality before it says that the outcome is unknown.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The pause after a node that had no room and named no time.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// For what a command waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum WaitFor {
    /// Until the transaction is final
    #[default]
    Final,
    /// Until the node has taken it in, which promises nothing
    Accepted,
    /// For nothing
    None,
}

impl From<WaitFor> for Wait {
    fn from(wait: WaitFor) -> Self {
        match wait {
            WaitFor::Final => Self::Final,
            WaitFor::Accepted => Self::Accepted,
            WaitFor::None => Self::None,
        }
    }
}

/// Submits, and waits as long as `patience` allows.
pub(crate) async fn submit(
    client: &Client,
    transaction: &EncodedTransaction,
    wait: WaitFor,
    patience: Duration,
) -> Result<SubmitView, Failure> {
    let deadline = Instant::now() + patience;
    loop {
        let last = Instant::now() >= deadline;
        match client.submit(transaction, wait.into()).await {
            Ok(view) => match view.answer {
                SubmitWord::RetryLater if !last => {
                    let pause = view
                        .retry_after_ms
                        .map_or(RETRY_PAUSE, Duration::from_millis);
                    tokio::time::sleep(pause).await;
                }
                SubmitWord::Pending if wait == WaitFor::Final && !last => {}
                SubmitWord::Accepted
                | SubmitWord::Duplicate
                | SubmitWord::AlreadyFinal
                | SubmitWord::RetryLater
                | SubmitWord::Rejected
                | SubmitWord::Pending => return Ok(view),
            },
            Err(error) if error.is_retryable() && !last && client.is_connected() => {
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            // It may have arrived before the connection ended.
            Err(error @ (ClientError::TimedOut | ClientError::Unreachable(_))) => {
                let sentence = format!(
                    "outcome unknown: {error}; ask with karwan query payment --transaction {}, or give the same command with the same --uetr",
                    transaction.id()
                );
                return Err(failure(Exit::Unknown, sentence));
            }
            Err(error) => return Err(refused(error)),
        }
    }
}

/// Tells what came of a submission, and gives the exit code.
pub(crate) fn tell(view: &SubmitView, output: Output) -> Exit {
    output.json(view);
    output.note(format!("{}.", view.sentence));
    if let Some(problem) = &view.problem {
        output.note(format!(
            "{} {} ({}), rulebook clause {}",
            problem.iso_reason.as_deref().unwrap_or("-"),
            problem.name,
            problem.code,
            problem.clause.as_deref().unwrap_or("-")
        ));
    }
    let outcomes = view
        .finality
        .as_ref()
        .map_or(&[][..], |finality| &finality.outcomes);
    if !outcomes.is_empty() && !output.is_json() {
        output.line(outcome_table(outcomes).render(output).trim_end());
        for refusal in outcomes.iter().filter_map(reason) {
            output.note(format!(
                "{} {}: {}",
                refusal.iso_reason, refusal.name, refusal.sentence
            ));
        }
    }
    let Some(finality) = &view.finality else {
        return match view.answer {
            SubmitWord::Rejected => Exit::Negative,
            SubmitWord::Pending | SubmitWord::RetryLater => Exit::Unknown,
            SubmitWord::Accepted | SubmitWord::Duplicate | SubmitWord::AlreadyFinal => Exit::Ok,
        };
    };
    if finality.statuses.is_empty() {
        output.note("What came of it is not shown to a stranger, nor whether it still waits for signatures; give --as NAME to see it.");
        return Exit::Unknown;
    }
    if is_refused(finality) {
        Exit::Negative
    } else {
        Exit::Ok
    }
}

/// Whether something that was submitted is refused. Whoever rejects a recall refuses another institution's request, and has what
/// it wants.
pub(crate) fn is_refused(finality: &FinalView) -> bool {
    let rejected = |outcome: &&OutcomeView| {
        let refusal = outcome.refusal.as_ref();
        refusal.is_some_and(|refusal| refusal.name == "RECALL_REJECTED")
    };
    let rejected = finality.outcomes.iter().filter(rejected).count();
    let refused = finality.statuses.get("RJCT").copied().unwrap_or(0);
    usize::try_from(refused).unwrap_or(usize::MAX) > rejected
}

/// Why an outcome is as it is: why it was refused, or why it waits.
fn reason(outcome: &OutcomeView) -> Option<&RefusalView> {
    outcome.refusal.as_ref().or(outcome.waiting.as_ref())
}

/// Outcomes as a table.
pub(crate) fn outcome_table(outcomes: &[OutcomeView]) -> Table {
    let mut table = Table::new([
        ("HEIGHT", Align::Right),
        ("OPERATION", Align::Left),
        ("UETR", Align::Left),
        ("AMOUNT", Align::Right),
        ("STATUS", Align::Left),
        ("REASON", Align::Left),
    ]);
    for outcome in outcomes {
        let movement = outcome.movement.as_ref();
        let uetr = movement
            .map(|movement| movement.uetr.to_string())
            .unwrap_or_default();
        let money = movement
            .map(|movement| format!("{} {}", movement.money.amount, movement.money.currency))
            .unwrap_or_default();
        let reason = reason(outcome)
            .map(|refusal| format!("{} {}", refusal.iso_reason, refusal.name))
            .unwrap_or_default();
        table.row([
            outcome.height.into(),
            outcome.operation.as_str().into(),
            uetr.into(),
            money.into(),
            Cell::status(outcome.status),
            reason.into(),
        ]);
    }
    table
}
