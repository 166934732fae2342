//! Every method: its parameters, its answer, and how it is answered. Which of them exist, and for whom, is in `policy`.

mod accounts;
mod approvals;
mod attestations;
mod blocks;
mod chain;
mod credit;
mod events;
mod exchange;
mod iso;
mod issuance;
mod node;
mod payments;
mod proofs;
mod queue;
mod recalls;
mod registers;
mod rulebook;
mod statements;
mod supervision;
mod transactions;
mod usage;

pub use accounts::{
    AccountAnswer, AccountDayView, AccountGet, AccountGetParams, AccountHistory,
    AccountHistoryParams, AccountView, AccountsAnswer, AccountsList, AccountsListParams,
    HistoryAnswer,
};
pub use approvals::{
    ApprovalAnswer, ApprovalView, ApprovalsAnswer, ApprovalsGet, ApprovalsGetParams, ApprovalsList,
    ProposalsGet, ProposalsList, SignerView,
};
pub use attestations::{
    AttestationView, AttestationsAnswer, AttestationsList, AttestationsParams, UnattestedView,
};
pub use blocks::{BlocksAnswer, BlocksList, BlocksListParams, WholeBlockError, WholeBlockView};
pub use chain::{
    BlockAnswer, BlockGet, BlockGetParams, ChainHead, HeadAnswer, ValidatorsAnswer, ValidatorsGet,
};
pub use credit::{CreditAnswer, CreditLineView, CreditList, PledgeView};
pub(crate) use events::subscribe;
pub use events::{
    BlockEventView, EVENT_NOTIFICATION, EVENT_UNSUBSCRIBE, EventView, EventsSubscribe,
    EventsSubscribeParams, MessageEventView,
};
pub use exchange::{
    ExchangeLegView, ExchangeView, ExchangesAnswer, ExchangesList, ExchangesListParams,
    QuoteReferenceView, QuoteView, QuotesAnswer, QuotesList, RateView, RatesAnswer, RatesList,
};
pub use iso::{
    DeliverView, IsoDeliver, IsoDeliverParams, IsoOutbox, IsoOutboxParams, OutboxAnswer,
    OutboxMessageView, OutboxPlaceView,
};
pub use issuance::{
    BackedKind, BackedMovementView, BackingView, IssuanceAnswer, IssuanceGet, IssuanceGetParams,
};
pub use node::{NodeAnswer, NodeStatusGet, RpcDiscover};
pub use payments::{
    PaymentAnswer, PaymentGet, PaymentGetParams, PaymentView, ReceiptAnswer, ReceiptGet,
    ReceiptGetParams,
};
pub use proofs::{ProofSubject, StateProve, StateProveAnswer, StateProveParams};
pub use queue::{
    CycleView, CyclesAnswer, CyclesList, LimitView, LimitsAnswer, LimitsList, QueueAnswer,
    QueueEntryView, QueueList, QueueListParams,
};
pub use recalls::{RecallsAnswer, RecallsList};
pub use registers::{
    CurrenciesAnswer, CurrenciesList, CurrencyView, ParticipantView, ParticipantsAnswer,
    ParticipantsList,
};
pub use rulebook::{
    EmergenciesAnswer, EmergenciesList, EmergencyView, RulebookAnswer, RulebookGet,
    RulebookGetParams, RulebookVersionView, RulebooksAnswer, RulebooksList,
};
pub use statements::{
    EntriesAnswer, EntryView, StatementAnswer, StatementView, StatementsAnswer, StatementsEntries,
    StatementsEntriesParams, StatementsGet, StatementsGetParams, StatementsList,
    StatementsListParams,
};
pub use supervision::{
    FreezeView, FreezesAnswer, FreezesList, LicenceView, LicencesAnswer, LicencesList,
};
pub use transactions::{
    FinalView, SubmitView, SubmitWord, TxSubmit, TxSubmitParams, TxWait, TxWaitParams, Wait,
    WaitView, WaitWord,
};
pub use usage::{LimitsUsage, UsageAnswer, UsageView};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of a method that needs none but the height to answer at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AsOfParams {
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// How many entries a page has.
fn page_entries(limit: Option<u32>) -> usize {
    use crate::limits::{PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX};
    let entries = limit
        .unwrap_or(PAGE_ENTRIES_DEFAULT)
        .clamp(1, PAGE_ENTRIES_MAX);
    usize::try_from(entries).expect("a page is small")
}
