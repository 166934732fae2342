//! The values of the ledger in their JSON form: words as text, with a pattern; proofs and headers exactly as they are hashed
//! and verified elsewhere, so that a client holds the same types as the node.

mod chain;
mod money;
mod outcome;
mod recall;

pub use chain::ValidatorView;
pub use money::{BalanceView, MoneyView};
pub use outcome::{MovementView, OutcomeView, RefusalView};
pub use recall::RecallView;
pub(crate) use recall::waiting;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// A value of the ledger in its JSON form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct View<T>(pub T);

impl<T: fmt::Display> fmt::Display for View<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<T: JsonSchema> JsonSchema for View<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
