//! What the rulebook limits institutions to, and what they have used of it.
//!
//! Usage tells what an institution turns over and holds: it is shown to the institution and to those who supervise it, never to
//! its counterparties, nor to the issuer of another country's money.

use super::AsOfParams;
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::{BalanceView, MoneyView, View};
use karwan_ledger::{Direction, InstitutionLimit, LimitFigure, OnExceed, Usage, UsageKey};
use karwan_types::{Lei, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `limits.usage`
#[derive(Debug)]
pub struct LimitsUsage;

/// Limits of the rulebook with their usage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UsageAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The limits of the institutions that the caller may see, by institution, currency and direction.
    pub limits: Vec<UsageView>,
}

/// What an institution may pay or be paid in a currency, and what it has used of that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UsageView {
    /// The institution.
    pub agent: View<Lei>,
    /// What it pays, or what it is paid.
    pub direction: View<Direction>,
    /// What becomes of a payment for which there is no room.
    pub on_exceed: View<OnExceed>,
    /// The largest single payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_max: Option<MoneyView>,
    /// The most in any 24 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_max: Option<MoneyView>,
    /// What counts towards it, by the hour: what was paid in the hour in which the window begins counts as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_used: Option<MoneyView>,
    /// When the oldest part of that stops counting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub makes_room_at: Option<View<Timestamp>>,
    /// The most that it may hold on all its accounts in the currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holding_max: Option<MoneyView>,
    /// What it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<BalanceView>,
}

impl UsageView {
    fn new(key: UsageKey, limit: InstitutionLimit, usage: Usage) -> Self {
        let money = |figure: LimitFigure| MoneyView::new(figure.amount, key.currency);
        let used = MoneyView::new(usage.used, key.currency);
        let held = BalanceView::new(usage.held, key.currency);
        Self {
            agent: View(key.participant),
            direction: View(key.direction),
            on_exceed: View(limit.on_exceed),
            payment_max: limit.payment_max.map(money),
            day_max: limit.day_max.map(money),
            day_used: limit.day_max.map(|_| used),
            makes_room_at: usage
                .makes_room
                .filter(|_| limit.day_max.is_some())
                .map(View),
            holding_max: limit.holding_max.map(money),
            held: limit.holding_max.map(|_| held),
        }
    }
}

impl Method for LimitsUsage {
    const NAME: &'static str = "limits.usage";
    type Params = AsOfParams;
    type Answer = UsageAnswer;
}

impl Read for LimitsUsage {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<UsageAnswer, Problem> {
        let sight = reading.sight();
        let state = &reading.snapshot.state;
        let mut limits = Vec::new();
        for (lei, _) in state.participants() {
            if !sight.institution(lei) {
                continue;
            }
            for (currency, _) in state.currencies() {
                for direction in [Direction::Debit, Direction::Credit] {
                    let key = UsageKey {
                        participant: *lei,
                        currency: *currency,
                        direction,
                    };
                    let found = state.limit_and_usage(key);
                    limits.extend(found.map(|(limit, usage)| UsageView::new(key, limit, usage)));
                }
            }
        }
        Ok(UsageAnswer {
            as_of_height: reading.height(),
            limits,
        })
    }
}
