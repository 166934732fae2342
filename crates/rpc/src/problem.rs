//! What goes wrong, as callers see it: one shape for errors of the server and for refusals of the ledger.
//!
//! Codes and names are stable and documented in the OpenRPC document. Sentences say what, whose, which rule and how to mend
//! it; they never tell what is inside the node, nor whether something exists that the caller may not see.

use crate::backend::BackendError;
use jsonrpsee::types::ErrorObjectOwned;
use karwan_ledger::{Rejection, Rulebook};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which part of the world a problem belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The request itself.
    Request,
    /// Who asks.
    Access,
    /// What the ledger holds.
    Ledger,
    /// The node's present condition.
    Node,
    /// The ledger's rules refuse the instruction.
    Rejection,
}

/// A problem: the `data` of every error of this server, and part of the answers to a submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Which part of the world it belongs to.
    pub kind: ProblemKind,
    /// The stable number: negative for errors of the server, positive for refusals of the ledger.
    pub code: i32,
    /// The stable name, for example `BEHIND` or `INSUFFICIENT_FUNDS`.
    pub name: String,
    /// The clause of the rulebook, for refusals of the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    /// The ISO 20022 external status reason, for refusals of the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iso_reason: Option<String>,
    /// What, whose, which rule and how to mend it.
    pub sentence: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// The height that the node has reached, where that is the problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
}

macro_rules! faults {
    ($( $(#[doc = $doc:literal])* $code:literal $label:literal $kind:ident $retryable:literal $name:ident; )*) => {
        /// The errors of the server itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault { $( $(#[doc = $doc])* $name, )* }

        impl Fault {
            /// All of them, for the documentation.
            pub const ALL: &'static [Self] = &[ $( Self::$name ),* ];

            /// The JSON-RPC error code.
            #[must_use]
            pub const fn code(self) -> i32 {
                match self { $( Self::$name => $code, )* }
            }
            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$name => $label, )* }
            }
            /// Which part of the world it belongs to.
            #[must_use]
            pub const fn kind(self) -> ProblemKind {
                match self { $( Self::$name => ProblemKind::$kind, )* }
            }
            /// Whether the same request may succeed later.
            #[must_use]
            pub const fn retryable(self) -> bool {
                match self { $( Self::$name => $retryable, )* }
            }
            /// What it means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $( Self::$name => concat!($($doc),*), )* }
            }
        }
    };
}

faults! {
    /// The parameters are not those of the method.
    -32602 "INVALID_PARAMS" Request false InvalidParams;
    /// The node made a mistake of its own.
    -32603 "INTERNAL" Node true Internal;
    /// The method needs an access token, or the token given is not valid (any more).
    -32040 "UNAUTHENTICATED" Access false Unauthenticated;
    /// The token is valid, but its holder or its scope does not reach this method, or the request's host or origin is not allowed.
    -32041 "FORBIDDEN" Access false Forbidden;
    /// There is nothing here that the caller may see.
    -32042 "NOT_FOUND" Ledger false NotFound;
    /// The node has not reached the height that was asked for.
    -32043 "BEHIND" Node true Behind;
    /// The node has no room for the call now.
    -32044 "BUSY" Node true Busy;
    /// The call took too long; what it asked for may have happened.
    -32045 "TIMED_OUT" Node true TimedOut;
    /// The request is larger than the method allows.
    -32046 "TOO_LARGE" Request false TooLarge;
    /// The request is nested too deeply.
    -32047 "TOO_DEEP" Request false TooDeep;
    /// The node cannot read or write its disk; its operator has been told.
    -32048 "UNAVAILABLE" Node true Unavailable;
    /// The answer is too large; ask for less.
    -32049 "ANSWER_TOO_LARGE" Request false AnswerTooLarge;
    /// This node serves no institution.
    -32050 "NO_GATEWAY" Node false NoGateway;
}

impl Problem {
    /// A problem of the server.
    #[must_use]
    pub fn new(fault: Fault, sentence: impl Into<String>) -> Self {
        Self {
            kind: fault.kind(),
            code: fault.code(),
            name: fault.name().to_owned(),
            clause: None,
            iso_reason: None,
            sentence: sentence.into(),
            retryable: fault.retryable(),
            height: None,
        }
    }
    pub(crate) fn not_found() -> Self {
        Self::new(
            Fault::NotFound,
            "nothing under this reference that you may see is on the ledger",
        )
    }
    pub(crate) fn behind(height: u64, sentence: impl Into<String>) -> Self {
        Self {
            height: Some(height),
            ..Self::new(Fault::Behind, sentence)
        }
    }
    pub(crate) fn invalid(sentence: impl Into<String>) -> Self {
        Self::new(Fault::InvalidParams, sentence)
    }
    pub(crate) fn internal() -> Self {
        Self::new(
            Fault::Internal,
            "the node made a mistake; its operator finds it in the log",
        )
    }
}

impl Problem {
    /// A refusal of the ledger, with the clause of the rulebook in force.
    pub(crate) fn refused(rejection: &Rejection, rules: &Rulebook) -> Self {
        Self {
            kind: ProblemKind::Rejection,
            code: i32::from(rejection.code()),
            name: rejection.name().to_owned(),
            clause: Some(rules.cited(rejection).id.to_string()),
            iso_reason: Some(rejection.reason().to_owned()),
            sentence: rejection.to_string(),
            retryable: false,
            height: None,
        }
    }
}

impl From<BackendError> for Problem {
    fn from(error: BackendError) -> Self {
        tracing::error!(error = %error, cause = %error.source, "a query failed");
        Self::new(
            Fault::Unavailable,
            "the node cannot read or write its disk; try another node",
        )
    }
}

impl From<Problem> for ErrorObjectOwned {
    fn from(problem: Problem) -> Self {
        Self::owned(problem.code, problem.sentence.clone(), Some(problem))
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;
    use std::collections::BTreeSet;

    #[test]
    fn codes_and_names_are_unique_and_apart_from_those_of_the_library() {
        let codes: BTreeSet<i32> = Fault::ALL.iter().map(|fault| fault.code()).collect();
        let names: BTreeSet<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        assert_eq!(
            (codes.len(), names.len()),
            (Fault::ALL.len(), Fault::ALL.len())
        );
        assert!(codes.iter().all(|code| !(-32011..=-32000).contains(code)));
    }
}
