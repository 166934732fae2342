//! What a method is: a name, parameters and an answer. The client needs no more; the server adds how it is answered.

use crate::caller::Caller;
use crate::context::{Context, Share};
use crate::problem::Problem;
use crate::reading::Reading;
use futures::future::BoxFuture;
use jsonrpsee::core::{JsonRawValue, to_json_raw_value};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// A method by its name, parameters and answer.
pub trait Method: 'static {
    /// The name, for example `payment.get`.
    const NAME: &'static str;
    /// The parameters, by name.
    type Params: Serialize + DeserializeOwned + JsonSchema + Send + 'static;
    /// The answer.
    type Answer: Serialize + DeserializeOwned + JsonSchema + Send + 'static;
}

/// A method that reads one snapshot.
pub(crate) trait Read: Method {
    /// The height that the caller has seen elsewhere.
    fn at_least(params: &Self::Params) -> Option<u64>;
    /// Answers. May read the disk.
    fn read(reading: &Reading, params: Self::Params) -> Result<Self::Answer, Problem>;
}

/// A method that does more than to read one snapshot.
pub(crate) trait Act: Method {
    fn act(
        context: Arc<Context>,
        caller: Caller,
        params: Self::Params,
    ) -> BoxFuture<'static, Result<Self::Answer, Problem>>;
}

/// An answer on its way, as JSON.
pub(crate) type Answering = BoxFuture<'static, Result<Box<JsonRawValue>, Problem>>;

/// A call that the policy admits.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) context: Arc<Context>,
    pub(crate) caller: Caller,
    pub(crate) params: String,
    /// The memory set aside for it, also while it works on after its caller has left.
    pub(crate) share: Arc<Share>,
}

pub(crate) fn run_read<M: Read>(call: Call) -> Answering {
    Box::pin(async move {
        let params: M::Params = parse(&call.params)?;
        let context = Arc::clone(&call.context);
        let snapshot = call.context.snapshot_at(M::at_least(&params)).await?;
        call.context
            .blocking(move || {
                let _share = call.share;
                let reading = Reading::new(&context, snapshot, call.caller);
                json(&M::read(&reading, params)?)
            })
            .await
    })
}

pub(crate) fn run_act<M: Act>(call: Call) -> Answering {
    Box::pin(async move {
        let params = parse(&call.params)?;
        json(&M::act(call.context, call.caller, params).await?)
    })
}

/// Parameters by name; none at all, and an empty list, stand for none.
pub(crate) fn parse<T: DeserializeOwned>(params: &str) -> Result<T, Problem> {
    let text = match params.trim() {
        "" | "[]" | "null" => "{}",
        text => text,
    };
    if !text.starts_with('{') {
        return Err(Problem::invalid(
            "parameters are given by name, in an object",
        ));
    }
    serde_json::from_str(text)
        .map_err(|error| Problem::invalid(format!("the parameters do not fit: {error}")))
}

fn json<T: Serialize>(answer: &T) -> Result<Box<JsonRawValue>, Problem> {
    to_json_raw_value(answer).map_err(|error| {
        tracing::error!(%error, "an answer has no JSON form");
        Problem::internal()
    })
}
