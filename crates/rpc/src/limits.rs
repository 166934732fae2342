//! Every limit of the server, by name. Sizes are checked before anything is allocated for what a stranger claims.

use karwan_types::TRANSACTION_BYTES_MAX;

/// The most bytes of an HTTP body or a WebSocket message: the largest transaction in hexadecimal, or the largest
/// sealed message in base64, with room for the envelope.
pub const BODY_BYTES_MAX: usize = (2 << 20) + (64 << 10);
/// The most bytes of a method's parameters, unless its row in the policy table names another limit.
pub const PARAMS_BYTES_MAX: usize = 256 << 10;
/// The most bytes of the parameters of `tx.submit`.
pub const SUBMIT_PARAMS_BYTES_MAX: usize = 2 * TRANSACTION_BYTES_MAX + (4 << 10);
/// The most bytes of one sealed message in `iso.deliver`: 1 MiB of XML and what its envelope and encryption add.
pub const SEALED_BYTES_MAX: usize = (1 << 20) + (64 << 10);
/// The most calls in one batch. Batches are for HTTP; over a WebSocket calls are concurrent anyway.
pub const BATCH_CALLS_MAX: u32 = 20;
/// The deepest nesting of arrays and objects in a request, the envelope and a batch included.
pub const JSON_DEPTH_MAX: usize = 32;
/// The most bytes of a method's answer, unless its row in the policy table names another limit.
pub const ANSWER_BYTES_MAX: usize = 64 << 10;
/// The most bytes of the largest answers: a page of a block, a page of payments, a receipt.
pub const LARGE_ANSWER_BYTES_MAX: usize = 5 << 20;
/// The most bytes of a page of whole blocks: the largest block after a nearly full page, in base64.
pub const BLOCKS_ANSWER_BYTES_MAX: usize = 8 << 20;
/// The longest that one call may take, in milliseconds.
pub const CALL_MS_MAX: u64 = 10_000;
/// The longest that a caller may ask to wait for finality in one call, in milliseconds.
pub const WAIT_MS_MAX: u64 = 9_000;
/// The longest that a read waits for the height it asks for, in milliseconds.
pub const HEIGHT_WAIT_MS_MAX: u64 = 5_000;
/// The longest that an HTTP request may take from its head to its answer, in milliseconds.
pub const REQUEST_MS_MAX: u64 = 15_000;
/// The most entries of one page.
pub const PAGE_ENTRIES_MAX: u32 = 1_000;
/// The entries of a page when the caller names no number.
pub const PAGE_ENTRIES_DEFAULT: u32 = 100;
/// The most outcomes that `tx.submit` and `tx.wait` show; the others are read with `payment.get`.
pub const FINAL_OUTCOMES_MAX: usize = 16;
/// The most places that one lookup walks through before it asks for a narrower question.
pub const PLACES_WALKED_MAX: usize = 20_000;
/// The most blocks behind the newest one that are searched without the index.
pub const UNINDEXED_BLOCKS_MAX: u64 = 256;
/// The days of accounts that are kept in memory, of all accounts together; a day takes about 200 bytes.
pub const BOOKED_DAYS_MAX: usize = 200_000;
/// The outcomes of an account after which a call leaves the rest of its history to the next one.
pub const BOOK_OUTCOMES_PER_CALL: usize = 50_000;
/// The places of an account's history that are asked of the index at a time.
pub const BOOK_PAGE: usize = 1_000;
/// The memory that calls and answers of the whole server may take together, in KiB.
pub const BUDGET_KIB: u32 = 256 << 10;
/// The memory that calls and answers of one connection may take together, in KiB.
pub const CONNECTION_BUDGET_KIB: u32 = 64 << 10;
/// The longest access token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 2_048;
/// The longest life of an access token, in seconds.
pub const TOKEN_SECONDS_MAX: u64 = 15 * 60;
/// How far the clock of a token's issuer may run ahead, in seconds.
pub const TOKEN_SKEW_SECONDS: u64 = 60;

/// The limits that an operator may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most connections at a time.
    pub connections_max: usize,
    /// The most connections at a time from one address.
    pub connections_per_address_max: usize,
    /// The most subscriptions on one connection.
    pub subscriptions_per_connection_max: u32,
    /// The most subscriptions of one access key, or of one address for callers without a token.
    pub subscriptions_per_caller_max: usize,
    /// How long a connection may stay without a request under way, in milliseconds, whatever trickles in.
    pub idle_ms: u64,
    /// How long a caller may take no byte of an answer that is being sent, in milliseconds.
    pub stall_ms: u64,
    /// The longest that one call may take, in milliseconds; at most [`CALL_MS_MAX`].
    pub call_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 128,
            connections_per_address_max: 64,
            subscriptions_per_connection_max: 8,
            subscriptions_per_caller_max: 16,
            idle_ms: 30_000,
            stall_ms: 30_000,
            call_ms: CALL_MS_MAX,
        }
    }
}
