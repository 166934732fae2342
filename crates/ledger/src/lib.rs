//! What a settlement transaction means: a pure, deterministic state machine.
//!
//! Bytes become a [`Transaction`], then a [`VerifiedTransaction`]; a list of those becomes a [`Draft`] block on a clone of the
//! [`State`]; a decided draft is adopted. The same blocks give the same roots on every node, because nothing here reads a
//! clock, draws randomness, or iterates in an order that is not the keys' own.
//!
//! **Architecture invariant:** this crate does no I/O, knows no validator's key but the set's, and has no operation that
//! only a program could send: everything that changes the state is a signed instruction or the time of a block.

mod authority;
mod block;
mod business_day;
mod checkpoint;
mod checks;
mod credit;
mod day_book;
mod due;
mod exchange;
mod execution;
mod genesis;
mod limits;
mod netting;
mod operations;
mod posting;
mod purposes;
mod queue;
mod recalls;
mod records;
mod rehearsal;
mod rejection;
mod rulebook;
mod state;
mod state_tree;
mod supervision;
mod table;
mod transaction;
mod travel_rule;
mod usage;
mod window;

pub use authority::{SignerGroup, SigningKeys};
pub use block::{BLOCK_OUTCOMES_MAX, BlockSeat, Draft, InvalidBlock};
pub use business_day::{BusinessDayKey, BusinessDayRecord};
pub use checkpoint::{CheckpointError, ROW_BYTES_MAX};
pub use credit::{CreditLine, CreditLineKey, PLEDGES_MAX, Pledge, WHOLE_BPS};
pub use exchange::{
    CurrencyPair, ExchangeRecord, ExchangeStatus, QuoteRecord, QuoteStatus, RateFixKey,
    RateFixRecord,
};
pub use genesis::{
    GENESIS_BYTES_MAX, Genesis, GenesisAccount, GenesisCurrency, GenesisDocument, GenesisError,
    GenesisJurisdiction, GenesisKey, GenesisLicence, GenesisParticipant,
};
pub use operations::terms::{
    COMMITMENTS_MAX, ChargeBearer, OnShortage, PartyCommitment, PartyDatum, PaymentKind,
    PaymentTerms, Priority,
};
pub use operations::*;
pub use queue::{CycleRecord, CycleValue, QueueEntry, QueuedLeg};
pub use recalls::{RecallCase, RecallStatus};
pub use records::{
    Account, AccountClass, AccountStatus, ApprovalPolicy, ApprovalTier, BilateralLimit,
    CountedHours, Currency, CurrencyStatus, EmergencyMeasure, EmergencyRecord, Holder,
    InstructionKey, KeyRecord, LimitKey, Money, Participant, ParticipantKind, ParticipantStatus,
    PendingApproval, Record, RecordKind, Role, RtgsReference,
};
pub use rehearsal::{
    ClauseTotal, CurrencyTotal, Flip, FlipCause, ImpactReport, PaymentAnswer, Rehearsal,
    RehearsalError, RehearsedCandidate, RehearsedRange, ValueTotal,
};
pub use rejection::Rejection;
pub use rulebook::{
    Activity, BusinessDayRules, Clause, ClauseText, CommonRules, CorridorRule, Direction,
    EMERGENCY_MAX, EndOfDayAction, ExchangeRules, InstitutionLimit, LawReference, LimitFigure,
    LimitRule, LocalForm, LocalPurpose, NationalRules, NationalTravelRules, OnExceed, Permission,
    PurposeCode, PurposeRules, QueueRules, Quorum, RecallRules, RecallWindow, Rulebook,
    RulebookError, RulebookRecord, RulebookStatus, SupervisionRules, TravelRules,
};
pub use state::{ChainRecord, State};
pub use state_tree::{ProveError, StateTree, StateTreeEntry, StateTreeError, combine, prove};
pub use supervision::{
    CHECKLIST_MAX, CONDITIONS_MAX, ChecklistDocument, FreezeEntry, FreezeKey, FreezeMode,
    FreezePlace, FreezeRecord, FreezeRow, FreezeSubject, Licence, LicenceKey, LicenceScope,
    LicenceStatus, PastFreezes, QueuedPayments, SCOPE_MAX, Suspension,
};
pub use transaction::{
    InstructionSignature, SIGNATURES_MAX, Transaction, VerifiedTransaction, instruction_hash,
};
pub use travel_rule::{Attestation, AttestationKey, PairKey, PairSum, TravelData};
pub use usage::{Usage, UsageKey};
pub use window::SlidingSum;
