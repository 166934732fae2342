//! Recalls: what an institution asks back and what is asked back from it.

use super::AsOfParams;
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::RecallView;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `recalls.list`
#[derive(Debug)]
pub struct RecallsList;

/// The recalls in which the caller's institution asks or answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecallsAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The recalls of payments that the ledger remembers, by debtor agent and reference; the last one of each payment.
    pub recalls: Vec<RecallView>,
}

impl Method for RecallsList {
    const NAME: &'static str = "recalls.list";
    type Params = AsOfParams;
    type Answer = RecallsAnswer;
}

impl Read for RecallsList {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<RecallsAnswer, Problem> {
        let own = reading.caller.institution();
        let state = &reading.snapshot.state;
        let all = state
            .recalls()
            .filter_map(|(key, _)| RecallView::of(state, key));
        let recalls = all.filter(|recall| {
            let sides = [recall.debtor_agent.0, recall.creditor_agent.0];
            own.is_some_and(|own| sides.contains(&own))
        });
        Ok(RecallsAnswer {
            as_of_height: reading.height(),
            recalls: recalls.collect(),
        })
    }
}
