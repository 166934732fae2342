//! The policy table: one row for every method, saying who may call it and how large it may be.
//!
//! The server is built by going through this table, so a method without a row does not exist. Default deny: a row names who
//! is let in; what a caller then sees of the ledger is decided by `caller`, value by value.

use crate::caller::{Caller, Sight};
use crate::limits::{
    ANSWER_BYTES_MAX, BLOCKS_ANSWER_BYTES_MAX, BODY_BYTES_MAX, LARGE_ANSWER_BYTES_MAX,
    PARAMS_BYTES_MAX, SUBMIT_PARAMS_BYTES_MAX,
};
use crate::method::{Act, Answering, Call, Method, Read, run_act, run_read};
use crate::methods::{
    AccountGet, AccountHistory, AccountsList, ApprovalsGet, ApprovalsList, AttestationsList,
    BlockGet, BlocksList, ChainHead, CreditList, CurrenciesList, CyclesList, EmergenciesList,
    EventsSubscribe, ExchangesList, FreezesList, IsoDeliver, IsoOutbox, IssuanceGet, LicencesList,
    LimitsList, LimitsUsage, NodeStatusGet, ParticipantsList, PaymentGet, ProposalsGet,
    ProposalsList, QueueList, QuotesList, RatesList, RecallsList, ReceiptGet, RpcDiscover,
    RulebookGet, RulebooksList, StateProve, StatementsEntries, StatementsGet, StatementsList,
    TxSubmit, TxWait, ValidatorsGet,
};
use crate::problem::{Fault, Problem};
use karwan_ledger::State;
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// Who may call a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone; the answer is the same for all.
    Public,
    /// Anyone; what has an owner is in the answer only for those who may see it.
    PublicInPart,
    /// Whoever holds a token with the scope `read`; what it may not see is not there.
    Owned,
    /// Whoever holds a token with the scope `read` for an institution; the answer is about that institution.
    Institution,
    /// Whoever holds a token with the scope `gateway` for an institution.
    Gateway,
    /// Whoever holds a token with the scope `read` of a regulator or an auditor whose jurisdiction runs a validator: that
    /// jurisdiction stores every block already.
    WholeBlocks,
}

impl Access {
    /// What it means, for the documentation.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Public => "anyone",
            Self::PublicInPart => "anyone; what has an owner is shown to those who may see it",
            Self::Owned => "a token with scope read; what its holder may not see is not found",
            Self::Institution => "a token with scope read of an institution, about itself",
            Self::Gateway => "a token with scope gateway of an institution, for itself",
            Self::WholeBlocks => {
                "a token with scope read of a regulator or an auditor of a jurisdiction that runs a validator"
            }
        }
    }

    /// Whether a caller is let in.
    pub(crate) fn admit(self, state: &State, caller: &Caller) -> Result<(), Problem> {
        let scopes = match caller {
            Caller::Known(reader) => Some(reader.scopes),
            Caller::Anonymous(_) => None,
        };
        let (scope, institution) = match self {
            Self::Public | Self::PublicInPart => return Ok(()),
            Self::Owned | Self::WholeBlocks => (scopes.map(|scopes| scopes.read), false),
            Self::Institution => (scopes.map(|scopes| scopes.read), true),
            Self::Gateway => (scopes.map(|scopes| scopes.gateway), true),
        };
        let Some(scope) = scope else {
            let sentence = "this method needs an access token in the Authorization header";
            return Err(Problem::new(Fault::Unauthenticated, sentence));
        };
        let forbidden = |sentence: &str| Err(Problem::new(Fault::Forbidden, sentence));
        if !scope {
            return forbidden("the token's scope does not reach this method");
        }
        if institution && caller.institution().is_none() {
            return forbidden("this method is for institutions, about themselves");
        }
        if self == Self::Owned && Sight::new(state, caller).is_blind() {
            return forbidden("the holder of this key reads nothing");
        }
        if self == Self::WholeBlocks && !Sight::new(state, caller).whole_blocks() {
            return forbidden(
                "whole blocks hold everybody's instructions: they are for regulators and auditors of a jurisdiction that \
                 runs a validator; its operator reads them from the node's directory",
            );
        }
        Ok(())
    }
}

/// How a method is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Run {
    /// One answer to one call.
    Call(fn(Call) -> Answering),
    /// A feed over a WebSocket.
    Events,
}

/// The schemas of a method's parameters and answer.
#[derive(Debug)]
pub(crate) struct Schemas {
    pub(crate) params: Schema,
    pub(crate) answer: Schema,
}

/// One method.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) access: Access,
    pub(crate) summary: &'static str,
    pub(crate) params_bytes_max: usize,
    pub(crate) answer_bytes_max: usize,
    pub(crate) describe: fn(&mut SchemaGenerator) -> Schemas,
    pub(crate) run: Run,
}

impl Row {
    const fn read<M: Read>(access: Access, summary: &'static str) -> Self {
        Self::new::<M>(access, summary, Run::Call(run_read::<M>))
    }
    const fn act<M: Act>(access: Access, summary: &'static str) -> Self {
        Self::new::<M>(access, summary, Run::Call(run_act::<M>))
    }
    const fn new<M: Method>(access: Access, summary: &'static str, run: Run) -> Self {
        Self {
            name: M::NAME,
            access,
            summary,
            params_bytes_max: PARAMS_BYTES_MAX,
            answer_bytes_max: ANSWER_BYTES_MAX,
            describe: describe::<M>,
            run,
        }
    }
    const fn params_bytes(mut self, max: usize) -> Self {
        self.params_bytes_max = max;
        self
    }
    const fn answer_bytes(mut self, max: usize) -> Self {
        self.answer_bytes_max = max;
        self
    }
}

fn describe<M: Method>(generator: &mut SchemaGenerator) -> Schemas {
    Schemas {
        params: M::Params::json_schema(generator),
        answer: generator.subschema_for::<M::Answer>(),
    }
}

use Access::{Gateway, Institution, Owned, Public, PublicInPart, WholeBlocks};

const LARGE: usize = LARGE_ANSWER_BYTES_MAX;

/// Every method.
pub(crate) static TABLE: &[Row] = &[
    Row::act::<TxSubmit>(PublicInPart, "Submits a signed transaction.")
        .params_bytes(SUBMIT_PARAMS_BYTES_MAX),
    Row::act::<TxWait>(PublicInPart, "Waits until a transaction is final."),
    Row::read::<PaymentGet>(
        Owned,
        "A payment by its reference, transaction or instruction.",
    )
    .answer_bytes(LARGE),
    Row::read::<ReceiptGet>(
        Owned,
        "The receipt that proves what came of an instruction.",
    )
    .answer_bytes(LARGE),
    Row::read::<AccountGet>(Owned, "An account's balance with its proof."),
    Row::read::<AccountsList>(Owned, "The accounts that the caller may see.").answer_bytes(LARGE),
    Row::read::<AccountHistory>(Owned, "What moved on an account, newest first.")
        .answer_bytes(LARGE),
    Row::read::<StatementsList>(Owned, "The business days of an account that are over.")
        .answer_bytes(LARGE),
    Row::read::<StatementsGet>(Owned, "One business day of an account, over or present."),
    Row::read::<StatementsEntries>(
        Owned,
        "The entries of a business day of an account, or those with a reference.",
    )
    .answer_bytes(LARGE),
    Row::read::<StateProve>(
        Owned,
        "A statement that proves an account, a licence or a freeze, or that there is none.",
    )
    .answer_bytes(LARGE),
    Row::read::<BlockGet>(PublicInPart, "A block with its certificate.").answer_bytes(LARGE),
    Row::read::<ChainHead>(Public, "Where the chain stands."),
    Row::read::<ValidatorsGet>(Public, "Who votes at the next heights."),
    Row::read::<ParticipantsList>(Public, "The public register of institutions.")
        .answer_bytes(LARGE),
    Row::read::<CurrenciesList>(Public, "The register of currencies."),
    Row::read::<NodeStatusGet>(Public, "How the node does."),
    Row::act::<IsoDeliver>(
        Gateway,
        "Keeps a payment's sealed message until it has reached the creditor agent's node.",
    )
    .params_bytes(BODY_BYTES_MAX),
    Row::act::<IsoOutbox>(Gateway, "The messages delivered to the institution.")
        .answer_bytes(LARGE),
    Row::read::<ApprovalsList>(
        Owned,
        "Instructions that wait for signatures of the institution, or of the authorities that the caller supervises for.",
    )
    .answer_bytes(LARGE),
    Row::read::<ApprovalsGet>(
        Owned,
        "One waiting instruction in full, to be checked before it is approved.",
    )
    .answer_bytes(LARGE),
    Row::read::<RecallsList>(
        Institution,
        "Recalls in which the institution asks or answers.",
    )
    .answer_bytes(LARGE),
    Row::new::<EventsSubscribe>(
        PublicInPart,
        "Every status transition that the caller may see, and every block, from any point on.",
        Run::Events,
    ),
    Row::read::<RulebooksList>(Public, "Every version of the rulebook.").answer_bytes(LARGE),
    Row::read::<RulebookGet>(Public, "A version of the rulebook in full.").answer_bytes(LARGE),
    Row::read::<EmergenciesList>(Public, "The emergency rules of all jurisdictions.")
        .answer_bytes(LARGE),
    Row::read::<ProposalsList>(Public, "What waits for signatures of governors.")
        .answer_bytes(LARGE),
    Row::read::<ProposalsGet>(
        Public,
        "One proposal of governors in full, to be checked before it is approved.",
    )
    .answer_bytes(LARGE),
    Row::read::<QueueList>(
        Owned,
        "The payments that wait, of debtors that the caller may see.",
    )
    .answer_bytes(LARGE),
    Row::read::<LimitsList>(
        Owned,
        "Bilateral limits, of debtors that the caller may see.",
    )
    .answer_bytes(LARGE),
    Row::read::<CreditList>(
        Owned,
        "Intraday credit lines and their collateral, of institutions and currencies that the caller may see.",
    )
    .answer_bytes(LARGE),
    Row::read::<LimitsUsage>(
        Owned,
        "Limits of the rulebook and what is used of them, of institutions that the caller may see.",
    )
    .answer_bytes(LARGE),
    Row::read::<CyclesList>(
        Owned,
        "What liquidity-saving cycles moved in the currencies that the caller oversees.",
    )
    .answer_bytes(LARGE),
    Row::read::<IssuanceGet>(
        Owned,
        "What is outstanding of a currency that the caller oversees, and the RTGS references that it rests on.",
    )
    .answer_bytes(LARGE),
    Row::read::<LicencesList>(Public, "The register of licences.").answer_bytes(LARGE),
    Row::read::<FreezesList>(
        Owned,
        "The freezes of the caller's own jurisdiction, for its supervisors.",
    )
    .answer_bytes(LARGE),
    Row::read::<AttestationsList>(
        Owned,
        "The payments that wait for an attestation and the attestations given, of payments whose sides the caller may see.",
    )
    .answer_bytes(LARGE),
    Row::read::<RatesList>(Public, "The reference rates of the issuers.").answer_bytes(LARGE),
    Row::read::<QuotesList>(
        Owned,
        "The quotes that the caller has given, may accept or supervises.",
    )
    .answer_bytes(LARGE),
    Row::read::<ExchangesList>(
        Owned,
        "Exchanges, of institutions that the caller may see, and what became of them.",
    )
    .answer_bytes(LARGE),
    Row::read::<BlocksList>(
        WholeBlocks,
        "Whole blocks with their certificates, to be executed again.",
    )
    .answer_bytes(BLOCKS_ANSWER_BYTES_MAX),
    Row::read::<RpcDiscover>(Public, "The OpenRPC document of this server.").answer_bytes(LARGE),
];

/// A method and who may call it, for documentation and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyRow {
    /// The method.
    pub method: &'static str,
    /// Who may call it.
    pub access: Access,
}

/// The policy table.
#[must_use]
pub fn policy() -> Vec<PolicyRow> {
    let row = |row: &Row| PolicyRow {
        method: row.name,
        access: row.access,
    };
    TABLE.iter().map(row).collect()
}
