//! The shared rulebook: every figure and every clause that the governments agreed on, as one typed value.
//!
//! A rulebook has a common part, one national part for each jurisdiction that has rules of its own, and clauses: the law
//! behind each rule that the ledger applies. Exactly one version is in force at a height; the versions before it are kept.
//! Rules are data: nothing in this crate's code holds a figure of any country.
//!
//! What must hold, and is checked before a version can be proposed: every rule that the code applies has a clause to cite, a
//! national part is at most as permissive as the common one, and nothing is forgotten before it can no longer be recalled.

mod business_day;
mod check;
mod clause;
mod limits;
mod purposes;
mod supervision;
mod travel_rule;

pub use business_day::{BusinessDayRules, EndOfDayAction};
pub(crate) use business_day::{HOLIDAYS_MAX, MINUTES_PER_DAY};
pub use check::RulebookError;
pub use clause::{Clause, ClauseText, LawReference};
pub use limits::{Direction, InstitutionLimit, LimitFigure, LimitRule, OnExceed};
pub use purposes::{CorridorRule, LocalForm, LocalPurpose, PurposeCode, PurposeRules};
pub use supervision::{Activity, Permission, SupervisionRules};
pub use travel_rule::{NationalTravelRules, TravelRules};

use crate::records::Money;
use crate::rejection::Rejection;
use karwan_types::{DurationMs, ExternalCode, JurisdictionCode, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest that an emergency rule of one jurisdiction may last: 72 hours.
pub const EMERGENCY_MAX: DurationMs = DurationMs::from_millis(72 * 3_600_000);

/// One version of the rulebook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rulebook {
    /// Its number; versions count up from 1.
    pub version: u32,
    /// What all jurisdictions share.
    pub common: CommonRules,
    /// What one jurisdiction decides for itself, in the order of their codes.
    pub national: Vec<NationalRules>,
    /// The clauses, in the order of rule and jurisdiction.
    pub clauses: Vec<Clause>,
}

/// The common part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommonRules {
    /// How far ahead an instruction may expire, and how long a hold may last, in milliseconds.
    pub validity_max_ms: DurationMs,
    /// How far ahead a proposal of governors may expire, in milliseconds: governments take longer than banks.
    pub proposal_validity_max_ms: DurationMs,
    /// How long a settled payment can still be returned, in milliseconds after its expiry.
    pub retention_ms: DurationMs,
    /// The settlement methods that messages may ask for (`CLRG`, `INDA`, `INGA`).
    pub settlement_methods: Vec<ExternalCode>,
    /// The largest payment in a currency that no national part may exceed.
    pub payment_max: Vec<Money>,
    /// Whether institutions of a jurisdiction without a part of its own may pay each other.
    pub domestic_payments: bool,
    /// How many governors must approve a change of the common part.
    pub quorum: Quorum,
    /// The shortest time between the approval of a version and its activation, in milliseconds.
    pub notice_min_ms: DurationMs,
    /// The longest that an emergency rule may last, in milliseconds; at most 72 hours.
    pub emergency_max_ms: DurationMs,
    /// The queue and its liquidity-saving mechanism.
    pub queue: QueueRules,
    /// Recalls and returns.
    pub recall: RecallRules,
    /// Foreign exchange.
    pub exchange: ExchangeRules,
    /// How far the orders of every regulator go.
    pub supervision: SupervisionRules,
    /// What institutions may pay, receive and hold, in the order of kind, currency and direction.
    pub limits: Vec<LimitRule>,
    /// The Travel Rule; none when it is off.
    pub travel_rule: Option<TravelRules>,
    /// What payments for customers may be made for.
    pub purposes: PurposeRules,
}

/// How payments wait for funds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueRules {
    /// How many days ahead of its settlement date a payment may be sent.
    pub days_ahead_max: u16,
    /// How long a payment without a reject time waits for funds, in milliseconds.
    pub waiting_max_ms: DurationMs,
    /// The most payments that wait for one account.
    pub account_entries_max: u32,
    /// The liquidity-saving mechanism runs every so many blocks while payments wait; 0 for never by itself.
    pub cycle_blocks: u32,
    /// It also runs when this many payments wait.
    pub cycle_length: u32,
    /// The most payments that one cycle looks at, in the order of the queue.
    pub cycle_entries_max: u32,
}

/// Quotes, and how exchanges settle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeRules {
    /// How far a quote may lie from the latest reference rate, in basis points of it.
    pub band_bps: u32,
    /// For how many days after its date a reference rate is the latest one: over a weekend there is no new one.
    pub fix_days_max: u16,
    /// How far ahead a quote may expire, in milliseconds.
    pub quote_validity_max_ms: DurationMs,
    /// The most quotes of one institution that stand at a time.
    pub quotes_max: u32,
    /// How long both sides of an exchange may wait for funds, in milliseconds after its match.
    pub settlement_max_ms: DurationMs,
}

/// How long after settlement a payment can be recalled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecallRules {
    /// Windows by reason, in the order of the codes.
    pub windows: Vec<RecallWindow>,
    /// The window of every other reason, in milliseconds after settlement.
    pub window_ms: DurationMs,
    /// How long the creditor agent has to answer, in milliseconds.
    pub answer_ms: DurationMs,
}

/// The recall window of one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecallWindow {
    /// The cancellation reason, for example `FRAD`.
    pub reason: ExternalCode,
    /// In milliseconds after settlement.
    pub window_ms: DurationMs,
}

impl RecallRules {
    /// How long after settlement the last answer to the last recall may come.
    pub(crate) fn longest(&self) -> DurationMs {
        let windows = self.windows.iter().map(|window| window.window_ms);
        let longest = windows.fold(self.window_ms, DurationMs::max);
        DurationMs::from_millis(longest.millis().saturating_add(self.answer_ms.millis()))
    }
}

/// How many governors must agree.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Quorum {
    /// More than two thirds of them.
    TwoThirds,
    /// Every one.
    All,
}

/// What one jurisdiction decides for itself. It can only tighten what is common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NationalRules {
    /// Whose.
    pub jurisdiction: JurisdictionCode,
    /// Whether its institutions may pay each other here: bank secrecy belongs to each state's own RTGS system.
    pub domestic_payments: bool,
    /// The largest payment of its institutions in a currency, if lower than the common one.
    pub payment_max: Vec<Money>,
    /// The activities that it licenses, in the order of their codes; none when it asks for no licence here.
    pub activities: Vec<Activity>,
    /// How far the orders of its regulator go.
    pub supervision: SupervisionRules,
    /// The calendars of the currencies that its central bank issues, in the order of their codes. A currency without one ends
    /// its business day at midnight, every day.
    pub business_days: Vec<BusinessDayRules>,
    /// What its institutions may pay, receive and hold, in the same order as the common limits and nowhere looser.
    pub limits: Vec<LimitRule>,
    /// Its own part of the Travel Rule.
    pub travel_rule: Option<NationalTravelRules>,
}

impl NationalRules {
    /// A part that decides nothing but whether institutions of the jurisdiction may pay each other.
    #[must_use]
    pub const fn plain(
        jurisdiction: JurisdictionCode,
        domestic_payments: bool,
        supervision: SupervisionRules,
    ) -> Self {
        Self {
            jurisdiction,
            domestic_payments,
            payment_max: Vec::new(),
            activities: Vec::new(),
            supervision,
            business_days: Vec::new(),
            limits: Vec::new(),
            travel_rule: None,
        }
    }
}

/// Where a version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RulebookStatus {
    /// Approved; waits for its activation.
    Scheduled,
    /// In force.
    Active,
    /// Was in force.
    Superseded,
    /// Its base was no longer in force when it was to be activated.
    Lapsed,
}

/// A version on the ledger. Its key in the table is its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulebookRecord {
    /// The version.
    pub rulebook: Rulebook,
    /// Where it stands.
    pub status: RulebookStatus,
    /// The version that it changes; 0 for the first.
    pub diff_from: u32,
    /// It is in force from the first block at or after this time.
    pub activates: Timestamp,
    /// The instruction that proposed it; none for the version of the genesis document.
    pub proposal: Option<karwan_types::InstructionHash>,
}

impl Rulebook {
    /// A rulebook with the mildest rules: no maxima, no national parts, and a plain clause for every rule. A beginning for
    /// tests and for a network's own.
    #[must_use]
    pub fn plain(validity_max_ms: DurationMs, retention_ms: DurationMs) -> Self {
        let day = DurationMs::from_millis(86_400_000);
        Self {
            version: 1,
            common: CommonRules {
                validity_max_ms,
                proposal_validity_max_ms: DurationMs::from_millis(30 * 86_400_000),
                retention_ms,
                settlement_methods: vec!["CLRG".parse().expect("a constant code")],
                payment_max: Vec::new(),
                domestic_payments: true,
                quorum: Quorum::All,
                notice_min_ms: DurationMs::from_millis(0),
                emergency_max_ms: EMERGENCY_MAX,
                queue: QueueRules {
                    days_ahead_max: 0,
                    waiting_max_ms: day,
                    account_entries_max: 1_000,
                    cycle_blocks: 10,
                    cycle_length: 100,
                    cycle_entries_max: 5_000,
                },
                recall: RecallRules {
                    windows: Vec::new(),
                    window_ms: retention_ms,
                    answer_ms: DurationMs::from_millis(0),
                },
                exchange: ExchangeRules {
                    band_bps: 10_000,
                    fix_days_max: 7,
                    quote_validity_max_ms: day,
                    quotes_max: 1_000,
                    settlement_max_ms: day,
                },
                supervision: SupervisionRules {
                    order_signers: 1,
                    freeze_max_ms: DurationMs::from_millis(30 * 86_400_000),
                    wind_down_ms: DurationMs::from_millis(90 * 86_400_000),
                },
                limits: Vec::new(),
                travel_rule: None,
                purposes: PurposeRules::default(),
            },
            national: Vec::new(),
            clauses: Clause::plain(),
        }
    }
    /// A jurisdiction's own rules, if it has any.
    #[must_use]
    pub fn national(&self, jurisdiction: JurisdictionCode) -> Option<&NationalRules> {
        let place = self
            .national
            .binary_search_by_key(&jurisdiction, |rules| rules.jurisdiction);
        self.national.get(place.ok()?)
    }
    /// The clause that a refusal cites under this version.
    #[must_use]
    pub fn cited(&self, rejection: &Rejection) -> &Clause {
        self.clause(rejection.rule(), rejection.jurisdiction())
    }
    /// The clause behind a rule of the code: the jurisdiction's own where it has one, otherwise the common one.
    pub(crate) fn clause(&self, rule: &str, jurisdiction: Option<JurisdictionCode>) -> &Clause {
        let own = jurisdiction.and_then(|_| self.own_clause(rule, jurisdiction));
        own.or_else(|| self.own_clause(rule, None))
            .expect("a rulebook in force has a clause for every rule")
    }
    /// The clause behind a rule in one part: a jurisdiction's, or the common one. Clauses are in the order of rule and part.
    pub(crate) fn own_clause(
        &self,
        rule: &str,
        jurisdiction: Option<JurisdictionCode>,
    ) -> Option<&Clause> {
        let key = (rule, jurisdiction);
        let place = self
            .clauses
            .binary_search_by(|clause| (clause.rule.as_str(), clause.jurisdiction).cmp(&key));
        self.clauses.get(place.ok()?)
    }
    /// The recall window of a reason.
    #[must_use]
    pub fn recall_window(&self, reason: &ExternalCode) -> DurationMs {
        let recall = &self.common.recall;
        let own = recall.windows.iter().find(|one| one.reason == *reason);
        own.map_or(recall.window_ms, |window| window.window_ms)
    }
}

/// The largest amount that a list of limits allows in a currency.
pub(crate) fn limit_of(
    limits: &[Money],
    currency: karwan_types::CurrencyCode,
) -> Option<karwan_types::Amount> {
    let of_currency = limits.iter().find(|limit| limit.currency == currency);
    of_currency.map(|limit| limit.amount)
}
