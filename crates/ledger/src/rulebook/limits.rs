//! Limits of institutions: the most that a kind of institution may pay or receive in a currency at once and in 24 hours, and
//! the most that it may hold.
//!
//! What must hold: a national figure is never above the common one of the same institution, currency and direction, and a
//! jurisdiction never lets wait what the common part refuses. What was used of a limit is not known here.

use super::check::{LIMITS_MAX, RulebookError, is_writable, wrong};
use super::{NationalRules, Rulebook};
use crate::records::ParticipantKind;
use karwan_types::{Amount, CurrencyCode, JurisdictionCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which way money goes, seen from an institution.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Direction {
    /// It pays.
    Debit,
    /// It is paid.
    Credit,
}

/// What becomes of a payment that would pass a 24-hour limit or the most that may be held, the milder first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OnExceed {
    /// It waits in the queue until there is room.
    Wait,
    /// It is refused.
    Refuse,
}

/// The limits of one kind of institution in one currency and direction. A figure that is absent limits nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitRule {
    /// The kind of institution; an issuer has no limits.
    pub kind: ParticipantKind,
    /// The currency.
    pub currency: CurrencyCode,
    /// Whether it is about what such an institution pays or about what it is paid.
    pub direction: Direction,
    /// The largest payment, in minor units. What is larger is refused in any case, because it would never fit.
    pub payment_max: Option<Amount>,
    /// The most in any 24 hours, in minor units.
    pub day_max: Option<Amount>,
    /// The most that may stand on all its accounts together, in minor units; for credits only.
    pub holding_max: Option<Amount>,
    /// What becomes of a payment that would pass one of the last two.
    pub on_exceed: OnExceed,
}

/// A figure that binds an institution, and whose part of the rulebook it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitFigure {
    /// In minor units.
    pub amount: Amount,
    /// The jurisdiction whose own figure it is; none for a common one.
    pub national: Option<JurisdictionCode>,
}

/// What binds an institution in a currency and direction: of each figure the tighter of the common and its own jurisdiction's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstitutionLimit {
    /// The largest payment.
    pub payment_max: Option<LimitFigure>,
    /// The most in any 24 hours.
    pub day_max: Option<LimitFigure>,
    /// The most that may be held.
    pub holding_max: Option<LimitFigure>,
    /// What becomes of a payment that would pass one of the last two.
    pub on_exceed: OnExceed,
}

/// A figure of a limit.
type FigureOf = fn(&LimitRule) -> Option<Amount>;

/// Every figure of a limit.
const FIGURES: [FigureOf; 3] = [
    |rule| rule.payment_max,
    |rule| rule.day_max,
    |rule| rule.holding_max,
];

impl LimitRule {
    const fn key(&self) -> (ParticipantKind, CurrencyCode, Direction) {
        (self.kind, self.currency, self.direction)
    }
}

/// The rule for a kind of institution, in a list that is in order.
fn find(
    limits: &[LimitRule],
    key: (ParticipantKind, CurrencyCode, Direction),
) -> Option<&LimitRule> {
    let place = limits.binary_search_by_key(&key, LimitRule::key);
    limits.get(place.ok()?)
}

impl Rulebook {
    /// Whether any institution is limited at all: most payments need look no further.
    pub(crate) fn has_limits(&self) -> bool {
        let mut parts = self.national.iter();
        !self.common.limits.is_empty() || parts.any(|part| !part.limits.is_empty())
    }
    /// What limits an institution of a kind and jurisdiction.
    #[must_use]
    pub fn limit(
        &self,
        kind: ParticipantKind,
        jurisdiction: JurisdictionCode,
        currency: CurrencyCode,
        direction: Direction,
    ) -> Option<InstitutionLimit> {
        let key = (kind, currency, direction);
        let common = find(&self.common.limits, key);
        let own = self.national(jurisdiction);
        let own = own.and_then(|part| find(&part.limits, key));
        let modes = [common, own].into_iter().flatten();
        let on_exceed = modes.map(|rule| rule.on_exceed).max()?;
        let tighter = |figure: FigureOf| {
            let figure = |rule: Option<&LimitRule>, national| {
                let amount = rule.and_then(figure);
                amount.map(|amount| LimitFigure { amount, national })
            };
            let figures = [figure(common, None), figure(own, Some(jurisdiction))];
            // Of two that are equal the common one is cited.
            figures.into_iter().flatten().min_by_key(|one| one.amount)
        };
        let [payment_max, day_max, holding_max] = FIGURES.map(tighter);
        Some(InstitutionLimit {
            payment_max,
            day_max,
            holding_max,
            on_exceed,
        })
    }
}

/// Limits name each kind, currency and direction once, in order, and each limits something.
pub(super) fn check(what: &str, limits: &[LimitRule]) -> Result<(), RulebookError> {
    let ordered = limits.windows(2).all(|two| two[0].key() < two[1].key());
    if limits.len() > LIMITS_MAX || !ordered {
        return Err(wrong(
            format!("{what} limits"),
            "must be at most 64, each kind of institution, currency and direction once and in order",
        ));
    }
    for limit in limits {
        if limit.kind == ParticipantKind::CentralBank {
            return Err(wrong(
                format!("{what} limits"),
                "cannot bind a central bank",
            ));
        }
        let unwritable = |figure: &FigureOf| figure(limit).is_some_and(|most| !is_writable(most));
        if FIGURES.iter().any(unwritable) {
            return Err(wrong(
                format!("{what} limits"),
                "have an amount of more than 18 digits",
            ));
        }
        if FIGURES.iter().all(|figure| figure(limit).is_none()) {
            return Err(wrong(
                format!("{what} limits"),
                "need a largest payment, a most in 24 hours or a most to be held",
            ));
        }
        if limit.direction == Direction::Debit && limit.holding_max.is_some() {
            return Err(wrong(
                format!("{what} limits"),
                "can say for credits only how much may be held",
            ));
        }
    }
    Ok(())
}

/// A national part is nowhere looser than the common one.
pub(super) fn check_national(
    common: &[LimitRule],
    part: &NationalRules,
) -> Result<(), RulebookError> {
    let what = format!("national {}", part.jurisdiction);
    check(&what, &part.limits)?;
    for own in &part.limits {
        let Some(common) = find(common, own.key()) else {
            continue;
        };
        let looser = |figure: &FigureOf| match (figure(own), figure(common)) {
            (Some(own), Some(common)) => own > common,
            (Some(_) | None, None) | (None, Some(_)) => false,
        };
        if FIGURES.iter().any(looser) || own.on_exceed < common.on_exceed {
            return Err(wrong(
                format!("{what} limits"),
                "are looser than the common ones",
            ));
        }
    }
    Ok(())
}
