//! From the policy table to a running module: size, depth, who asks, whether it may, memory, time; then the method.

use crate::context::{Context, Session, Share};
use crate::depth::is_shallow;
use crate::limits::JSON_DEPTH_MAX;
use crate::method::{Answering, Call};
use crate::methods::{EVENT_NOTIFICATION, EVENT_UNSUBSCRIBE, subscribe};
use crate::policy::{Row, Run, TABLE};
use crate::problem::{Fault, Problem};
use jsonrpsee::core::{JsonRawValue, RegisterMethodError};
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::{ResponsePayload, RpcModule, SubscriptionCloseResponse};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Parameters lie inside an envelope, which may lie inside a batch.
const PARAMS_DEPTH_MAX: usize = JSON_DEPTH_MAX - 2;

type Payload = ResponsePayload<'static, Box<JsonRawValue>>;

/// A module with one method for each row of the table, and no other.
pub(crate) fn module(context: Arc<Context>) -> Result<RpcModule<Context>, RegisterMethodError> {
    let mut module = RpcModule::from_arc(context);
    for row in TABLE {
        match row.run {
            Run::Call(run) => {
                module.register_async_method(row.name, move |params, context, extensions| {
                    let session = extensions.get::<Arc<Session>>().cloned();
                    let params = params.as_str().unwrap_or_default().to_owned();
                    answer(row, run, context, session, params)
                })?;
            }
            Run::Events => {
                module.register_subscription(
                    row.name,
                    EVENT_NOTIFICATION,
                    EVENT_UNSUBSCRIBE,
                    move |params, pending, context, extensions| {
                        let session = extensions.get::<Arc<Session>>().cloned();
                        let params = params.as_str().unwrap_or_default().to_owned();
                        async move {
                            let Some(session) = session else {
                                pending.reject(Problem::internal()).await;
                                return SubscriptionCloseResponse::None;
                            };
                            subscribe(row, params, pending, context, session).await
                        }
                    },
                )?;
            }
        }
    }
    Ok(module)
}

async fn answer(
    row: &'static Row,
    run: fn(Call) -> Answering,
    context: Arc<Context>,
    session: Option<Arc<Session>>,
    params: String,
) -> Payload {
    let share = match admit(row, &context, session.as_deref(), &params) {
        Ok(share) => Arc::new(share),
        Err(problem) => return refuse(problem),
    };
    let Some(session) = session else {
        return refuse(Problem::internal());
    };
    let limit = Duration::from_millis(context.limits.call_ms);
    let call = Call {
        context,
        caller: session.caller.clone(),
        params,
        share: Arc::clone(&share),
    };
    let payload = match timeout(limit, run(call)).await {
        Ok(Ok(answer)) if answer.get().len() <= row.answer_bytes_max => {
            ResponsePayload::success(answer)
        }
        Ok(Ok(_)) => {
            let sentence = "the answer is too large; ask for less with limit";
            refuse(Problem::new(Fault::AnswerTooLarge, sentence))
        }
        Ok(Err(problem)) => refuse(problem),
        Err(_) => {
            let sentence = "the call took too long; what it asked for may have happened";
            refuse(Problem::new(Fault::TimedOut, sentence))
        }
    };
    // The memory is free again once the answer has left for the connection, or the connection is gone.
    let (payload, sent) = payload.notify_on_completion();
    tokio::spawn(async move {
        let _ = sent.await;
        drop(share);
    });
    payload
}

/// Everything that is checked before a method sees its parameters.
fn admit(
    row: &Row,
    context: &Context,
    session: Option<&Session>,
    params: &str,
) -> Result<Share, Problem> {
    let session = session.ok_or_else(Problem::internal)?;
    if params.len() > row.params_bytes_max {
        let max = row.params_bytes_max;
        let sentence = format!("the parameters of {} have more than {max} bytes", row.name);
        return Err(Problem::new(Fault::TooLarge, sentence));
    }
    if !is_shallow(params.as_bytes(), PARAMS_DEPTH_MAX) {
        return Err(too_deep());
    }
    let snapshot = context.backend.snapshot();
    session.caller.check(context.clock.now(), &snapshot.state)?;
    row.access.admit(&snapshot.state, &session.caller)?;
    session.share(context, params.len().saturating_add(row.answer_bytes_max))
}

pub(crate) fn too_deep() -> Problem {
    let sentence = format!("the request is nested more than {JSON_DEPTH_MAX} levels deep");
    Problem::new(Fault::TooDeep, sentence)
}

fn refuse(problem: Problem) -> Payload {
    ResponsePayload::error(ErrorObjectOwned::from(problem))
}
