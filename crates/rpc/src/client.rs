//! The typed client over WebSocket: the same parameters and answers as the server, and its problems as errors.
//!
//! A connection ends with the node, the network, or the token that opened it. Connecting again is the caller's decision: a
//! submission may be repeated as it is, and a feed goes on after the last event handled.

use crate::limits::{BODY_BYTES_MAX, LARGE_ANSWER_BYTES_MAX};
use crate::method::Method;
use crate::methods::{
    AccountGet, AccountHistory, AccountsList, ApprovalsGet, ApprovalsList, AttestationsList,
    BlockGet, BlocksList, ChainHead, CreditList, CurrenciesList, CyclesList, EVENT_UNSUBSCRIBE,
    EmergenciesList, EventView, EventsSubscribe, EventsSubscribeParams, ExchangesList, FreezesList,
    IsoDeliver, IsoOutbox, IssuanceGet, LicencesList, LimitsList, LimitsUsage, NodeStatusGet,
    ParticipantsList, PaymentGet, ProposalsGet, ProposalsList, QueueList, QuotesList, RatesList,
    RecallsList, ReceiptGet, RpcDiscover, RulebookGet, RulebooksList, StateProve,
    StatementsEntries, StatementsGet, StatementsList, SubmitView, TxSubmit, TxSubmitParams, TxWait,
    ValidatorsGet, Wait,
};
use crate::problem::Problem;
use crate::token::TokenProvider;
use jsonrpsee::core::JsonRawValue;
use jsonrpsee::core::client::{ClientT, Error as JsonRpcError, Subscription, SubscriptionClientT};
use jsonrpsee::core::traits::ToRpcParams;
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee_ws_client::{HeaderMap, HeaderValue, WsClient, WsClientBuilder};
use karwan_types::EncodedTransaction;
use serde::Serialize;
use std::time::Duration;

/// Longer than any call takes on the server.
const CALL_LIMIT: Duration = Duration::from_secs(20);
/// How long a connection may take to open.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// The most calls under way on one connection.
const CALLS_MAX: usize = 4_096;
/// How many events may wait to be taken before a feed ends.
const EVENTS_WAITING_MAX: usize = 16_384;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The node says what is wrong.
    #[error("{}", .0.sentence)]
    Problem(Box<Problem>),
    /// The server's transport refuses the request, without more than this.
    #[error("the node refuses the request: {message} ({code})")]
    Refused {
        /// The JSON-RPC error code, or the HTTP status when no connection was made.
        code: i32,
        /// What it says.
        message: String,
    },
    /// No answer in time: what was asked for may have happened.
    #[error("the node did not answer in time")]
    TimedOut,
    /// There is no connection (any more).
    #[error("the node cannot be reached: {0}")]
    Unreachable(String),
    /// An answer that this client does not understand.
    #[error("the node's answer cannot be read: {0}")]
    Malformed(String),
}

impl ClientError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Problem(problem) => problem.retryable,
            Self::TimedOut | Self::Unreachable(_) => true,
            Self::Refused { .. } | Self::Malformed(_) => false,
        }
    }
}

impl From<JsonRpcError> for ClientError {
    fn from(error: JsonRpcError) -> Self {
        match error {
            JsonRpcError::Call(object) => Self::from(object),
            JsonRpcError::RequestTimeout => Self::TimedOut,
            JsonRpcError::ParseError(error) => Self::Malformed(error.to_string()),
            JsonRpcError::Transport(error) => match handshake_status(&error.to_string()) {
                Some(code) => Self::Refused {
                    code,
                    message: "the connection is not allowed".to_owned(),
                },
                None => Self::Unreachable(error.to_string()),
            },
            other @ (JsonRpcError::RestartNeeded(_)
            | JsonRpcError::InvalidSubscriptionId
            | JsonRpcError::InvalidRequestId(_)
            | JsonRpcError::Custom(_)
            | JsonRpcError::HttpNotImplemented
            | JsonRpcError::EmptyBatchRequest(_)
            | JsonRpcError::RegisterMethod(_)
            | JsonRpcError::ServiceDisconnect) => Self::Unreachable(other.to_string()),
        }
    }
}

impl From<ErrorObjectOwned> for ClientError {
    fn from(object: ErrorObjectOwned) -> Self {
        let data = object.data().map(JsonRawValue::get);
        match data.and_then(|data| serde_json::from_str(data).ok()) {
            Some(problem) => Self::Problem(Box::new(problem)),
            None => Self::Refused {
                code: object.code(),
                message: object.message().to_owned(),
            },
        }
    }
}

/// The HTTP status with which a server refused the handshake; the library tells it in words only.
fn handshake_status(message: &str) -> Option<i32> {
    let (_, status) = message.rsplit_once("status code: ")?;
    status.trim().parse().ok()
}

/// A connection to a node.
#[derive(Debug)]
pub struct Client {
    inner: WsClient,
}

/// Parameters by name.
struct Named<T>(T);

impl<T: Serialize> ToRpcParams for Named<T> {
    fn to_rpc_params(self) -> Result<Option<Box<JsonRawValue>>, serde_json::Error> {
        jsonrpsee::core::to_json_raw_value(&self.0).map(Some)
    }
}

macro_rules! typed {
    ($( $(#[$doc:meta])* $name:ident $method:ident; )*) => {
        impl Client {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// `ClientError`.
            pub async fn $name(
                &self,
                params: <$method as Method>::Params,
            ) -> Result<<$method as Method>::Answer, ClientError> {
                self.call::<$method>(params).await
            }
        )*}
    };
}

typed! {
    /// Submits a transaction.
    tx_submit TxSubmit;
    /// Waits until a transaction is final.
    tx_wait TxWait;
    /// A payment by its reference, transaction or instruction.
    payment_get PaymentGet;
    /// The receipt of an instruction.
    receipt_get ReceiptGet;
    /// A statement about an entry of the state.
    state_prove StateProve;
    /// An account's balance with its proof.
    account_get AccountGet;
    /// The accounts that the caller may see.
    accounts_list AccountsList;
    /// What moved on an account, newest first.
    account_history AccountHistory;
    /// The business days of an account that are over.
    statements_list StatementsList;
    /// One business day of an account.
    statements_get StatementsGet;
    /// The entries of a business day of an account.
    statements_entries StatementsEntries;
    /// A block with its certificate.
    block_get BlockGet;
    /// Where the chain stands.
    chain_head ChainHead;
    /// Who votes at the next heights.
    validators_get ValidatorsGet;
    /// The public register of institutions.
    participants_list ParticipantsList;
    /// The register of currencies.
    currencies_list CurrenciesList;
    /// How the node does.
    node_status NodeStatusGet;
    /// Hands a payment's sealed message to the node, for its creditor agent.
    iso_deliver IsoDeliver;
    /// The messages delivered to the institution.
    iso_outbox IsoOutbox;
    /// Instructions that wait for the institution's signatures.
    approvals_list ApprovalsList;
    /// One waiting instruction in full.
    approvals_get ApprovalsGet;
    /// Recalls in which the institution asks or answers.
    recalls_list RecallsList;
    /// Every version of the rulebook.
    rulebooks_list RulebooksList;
    /// A version of the rulebook in full.
    rulebook_get RulebookGet;
    /// The emergency rules of all jurisdictions.
    emergencies_list EmergenciesList;
    /// What waits for signatures of governors.
    proposals_list ProposalsList;
    /// One proposal of governors in full.
    proposals_get ProposalsGet;
    /// The payments that wait.
    queue_list QueueList;
    /// Bilateral limits.
    limits_list LimitsList;
    /// Intraday credit lines.
    credit_list CreditList;
    /// Limits of the rulebook, and what is used of them.
    limits_usage LimitsUsage;
    /// What is outstanding of a currency, and what it rests on.
    issuance_get IssuanceGet;
    /// The register of licences.
    licences_list LicencesList;
    /// The freezes of the caller's jurisdiction.
    freezes_list FreezesList;
    /// The payments that wait for an attestation, and the attestations given.
    attestations_list AttestationsList;
    /// The reference rates of the issuers.
    rates_list RatesList;
    /// The quotes that stand.
    quotes_list QuotesList;
    /// Exchanges, and what became of them.
    exchanges_list ExchangesList;
    /// What liquidity-saving cycles moved.
    cycles_list CyclesList;
    /// Whole blocks with their certificates.
    blocks_list BlocksList;
    /// The OpenRPC document.
    rpc_discover RpcDiscover;
}

impl Client {
    /// Connects to `ws://HOST:PORT`, with a token when the caller wants to see what has an owner.
    ///
    /// # Errors
    /// `ClientError::Refused` when the token or the host is not accepted, `ClientError::Unreachable` otherwise.
    pub async fn connect(
        url: &str,
        token: Option<&dyn TokenProvider>,
    ) -> Result<Self, ClientError> {
        let mut headers = HeaderMap::new();
        if let Some(provider) = token {
            let value = HeaderValue::try_from(format!("Bearer {}", provider.token()));
            let mut value = value.map_err(|_| ClientError::Refused {
                code: 401,
                message: "the token holds characters that no token has".to_owned(),
            })?;
            value.set_sensitive(true);
            headers.insert("authorization", value);
        }
        let bytes = |max: usize| u32::try_from(max).unwrap_or(u32::MAX);
        let inner = WsClientBuilder::new()
            .set_headers(headers)
            .max_request_size(bytes(BODY_BYTES_MAX))
            .max_response_size(bytes(LARGE_ANSWER_BYTES_MAX.saturating_mul(2)))
            .connection_timeout(CONNECT_LIMIT)
            .request_timeout(CALL_LIMIT)
            .max_concurrent_requests(CALLS_MAX)
            .max_buffer_capacity_per_subscription(EVENTS_WAITING_MAX)
            // One attempt; the library counts the first as a redirection.
            .max_redirections(1)
            .build(url)
            .await?;
        Ok(Self { inner })
    }

    /// Calls any method.
    ///
    /// # Errors
    /// `ClientError`.
    pub async fn call<M: Method>(&self, params: M::Params) -> Result<M::Answer, ClientError> {
        Ok(self.inner.request(M::NAME, Named(params)).await?)
    }

    /// Submits a transaction and waits for as long as `wait` says, at most as long as the server lets one call wait.
    ///
    /// # Errors
    /// `ClientError`.
    pub async fn submit(
        &self,
        transaction: &EncodedTransaction,
        wait: Wait,
    ) -> Result<SubmitView, ClientError> {
        let params = TxSubmitParams {
            transaction: hex::encode(transaction.as_bytes()),
            wait,
            timeout_ms: None,
        };
        self.tx_submit(params).await
    }

    /// Every event after the one with this number; what is new when there is none.
    ///
    /// # Errors
    /// `ClientError`.
    pub async fn events(&self, after: Option<u64>) -> Result<Events, ClientError> {
        let params = Named(EventsSubscribeParams { after });
        let name = EventsSubscribe::NAME;
        let inner = self
            .inner
            .subscribe(name, params, EVENT_UNSUBSCRIBE)
            .await?;
        Ok(Events { inner })
    }

    /// Whether the connection still stands.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.inner.is_connected()
    }
}

/// A feed of events.
#[derive(Debug)]
pub struct Events {
    inner: Subscription<EventView>,
}

impl Events {
    /// The next event. None when the feed has ended: with the connection, with the token, or because the caller took events
    /// too slowly. It goes on after the last event handled, with [`Client::events`].
    ///
    /// # Errors
    /// `ClientError::Malformed` for an event that this client does not understand.
    pub async fn next(&mut self) -> Option<Result<EventView, ClientError>> {
        let event = self.inner.next().await?;
        Some(event.map_err(|error| ClientError::Malformed(error.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::handshake_status;

    #[test]
    fn the_status_of_a_refused_handshake_is_read_from_the_words_of_the_library() {
        assert_eq!(
            handshake_status("Connection rejected with status code: 401"),
            Some(401)
        );
        assert_eq!(handshake_status("Connection refused"), None);
    }
}
