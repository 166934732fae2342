//! What makes a rulebook sound. Checked for the genesis document and for every proposal.

use super::business_day::check_calendars;
use super::clause::rules;
use super::limits;
use super::{
    Activity, Clause, EMERGENCY_MAX, NationalRules, NationalTravelRules, Rulebook, TravelRules,
    limit_of,
};
use crate::checks::MINOR_MAX;
use crate::records::Money;
use crate::window::WINDOW_HOURS_MAX;
use karwan_types::{Amount, DurationMs, JurisdictionCode};
use std::collections::BTreeSet;

/// The most national parts.
pub(super) const NATIONAL_MAX: usize = 64;
/// The most clauses.
pub(super) const CLAUSES_MAX: usize = 2_000;
/// The most languages of a clause.
pub(super) const LANGUAGES_MAX: usize = 8;
/// The most entries of any list of limits or windows.
pub(super) const LIMITS_MAX: usize = 64;
/// The most payments that a liquidity-saving cycle may look at.
pub(super) const CYCLE_ENTRIES_MAX: u32 = 5_000;
/// The most payments that may wait for one account.
pub(super) const ACCOUNT_ENTRIES_MAX: u32 = 5_000;
/// The most quotes of one institution.
pub(super) const QUOTES_MAX: u32 = 10_000;
/// The widest band around a reference rate, in basis points: up to twice the rate.
pub(super) const BAND_BPS_MAX: u32 = 10_000;
/// The most activities of a jurisdiction, and the most entries of any list inside one.
const ACTIVITIES_MAX: usize = 64;
/// The most keys that a rulebook may ask for under an order: as many as a transaction can bring.
const ORDER_SIGNERS_MAX: u8 = 16;
/// The longest of every duration but retention: 100 years would fit, ten are plenty.
const DURATION_MAX: DurationMs = DurationMs::from_millis(10 * 366 * 86_400_000);

/// The shortest time that an instruction may be valid for: below it nobody could submit anything any more, a better rulebook
/// neither.
const VALIDITY_MIN: DurationMs = DurationMs::from_millis(60_000);

/// Why a rulebook is not sound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rulebook: {what} {rule}")]
pub struct RulebookError {
    /// Which part.
    pub what: String,
    /// Which rule it breaks.
    pub rule: &'static str,
}

pub(super) fn wrong(what: impl ToString, rule: &'static str) -> RulebookError {
    RulebookError {
        what: what.to_string(),
        rule,
    }
}

impl Rulebook {
    /// Whether the rulebook is sound by itself.
    ///
    /// # Errors
    /// `RulebookError` names the first part that is not.
    pub fn check(&self) -> Result<(), RulebookError> {
        if self.version == 0 {
            return Err(wrong("version", "counts from 1"));
        }
        self.check_common()?;
        self.check_national()?;
        self.check_clauses()
    }

    fn check_common(&self) -> Result<(), RulebookError> {
        let common = &self.common;
        check_limits("common.payment_max", &common.payment_max)?;
        check_signers("common", common.supervision.order_signers)?;
        limits::check("common", &common.limits)?;
        common.purposes.check()?;
        let queue = &common.queue;
        let recall = &common.recall;
        let ordered = recall
            .windows
            .windows(2)
            .all(|two| two[0].reason < two[1].reason);
        let rules = [
            (
                queue.cycle_entries_max <= CYCLE_ENTRIES_MAX,
                "common.queue.cycle_entries_max",
                "may be at most 5000",
            ),
            (
                queue.account_entries_max <= ACCOUNT_ENTRIES_MAX,
                "common.queue.account_entries_max",
                "may be at most 5000",
            ),
            (
                common.exchange.band_bps <= BAND_BPS_MAX,
                "common.exchange.band_bps",
                "may be at most 10000",
            ),
            (
                common.exchange.quotes_max <= QUOTES_MAX,
                "common.exchange.quotes_max",
                "may be at most 10000",
            ),
            (
                recall.windows.len() <= LIMITS_MAX && ordered,
                "common.recall.windows",
                "must be at most 64, each reason once and in order",
            ),
            (
                common.settlement_methods.len() <= LIMITS_MAX,
                "common.settlement_methods",
                "must be at most 64",
            ),
        ];
        first_broken(&rules)?;
        if let Some(travel) = &common.travel_rule {
            check_travel_rule(travel)?;
        }
        self.check_durations()
    }

    fn check_durations(&self) -> Result<(), RulebookError> {
        let common = &self.common;
        let (queue, recall) = (&common.queue, &common.recall);
        let windows = recall.windows.iter().map(|window| window.window_ms);
        let longest = windows.fold(recall.window_ms, DurationMs::max);
        let durations = [
            common.validity_max_ms,
            common.proposal_validity_max_ms,
            common.retention_ms,
            common.notice_min_ms,
            common.supervision.freeze_max_ms,
            common.supervision.wind_down_ms,
            queue.waiting_max_ms,
            recall.answer_ms,
            common.exchange.quote_validity_max_ms,
            common.exchange.settlement_max_ms,
            longest,
        ];
        first_broken(&[
            (
                durations.iter().all(|one| *one <= DURATION_MAX),
                "common",
                "has a duration above ten years",
            ),
            (
                common.validity_max_ms >= VALIDITY_MIN,
                "common.validity_max_ms",
                "must be at least a minute: nobody could submit anything any more",
            ),
            (
                common.proposal_validity_max_ms >= VALIDITY_MIN,
                "common.proposal_validity_max_ms",
                "must be at least a minute: nobody could propose a better rulebook any more",
            ),
            (
                common.supervision.wind_down_ms > DurationMs::ZERO,
                "common.supervision.wind_down_ms",
                "must leave time to wind a business down",
            ),
            (
                common.emergency_max_ms <= EMERGENCY_MAX,
                "common.emergency_max_ms",
                "may be at most 72 hours",
            ),
            (
                common.retention_ms >= recall.longest(),
                "common.retention_ms",
                "is shorter than the longest recall window and the time to answer: a payment would be forgotten before it can be returned",
            ),
        ])
    }

    fn check_national(&self) -> Result<(), RulebookError> {
        let ordered = |two: &[NationalRules]| two[0].jurisdiction < two[1].jurisdiction;
        if self.national.len() > NATIONAL_MAX || !self.national.windows(2).all(ordered) {
            return Err(wrong(
                "national",
                "must be at most 64, each jurisdiction once and in order",
            ));
        }
        for rules in &self.national {
            let what = format!("national {}", rules.jurisdiction);
            check_limits(&what, &rules.payment_max)?;
            let looser = |limit: &Money| {
                limit_of(&self.common.payment_max, limit.currency)
                    .is_some_and(|common| limit.amount > common)
            };
            if rules.payment_max.iter().any(looser) {
                return Err(wrong(what, "allows a larger payment than the common part"));
            }
            let (own, common) = (&rules.supervision, &self.common.supervision);
            let looser = own.order_signers < common.order_signers
                || own.freeze_max_ms > common.freeze_max_ms
                || own.wind_down_ms > common.wind_down_ms;
            if looser {
                return Err(wrong(
                    what,
                    "asks for fewer signers of an order, or allows a longer freeze or winding down, than the common part",
                ));
            }
            if own.wind_down_ms == DurationMs::ZERO {
                return Err(wrong(what, "leaves no time to wind a business down"));
            }
            check_signers(&what, own.order_signers)?;
            check_activities(&what, &rules.activities)?;
            check_calendars(&what, &rules.business_days)?;
            limits::check_national(&self.common.limits, rules)?;
            if let Some(travel) = &rules.travel_rule {
                check_national_travel_rule(&what, travel, self.common.travel_rule.as_ref())?;
            }
        }
        Ok(())
    }

    fn check_clauses(&self) -> Result<(), RulebookError> {
        let key = |clause: &Clause| (clause.rule.as_str().to_owned(), clause.jurisdiction);
        let ordered = |two: &[Clause]| key(&two[0]) < key(&two[1]);
        if self.clauses.len() > CLAUSES_MAX || !self.clauses.windows(2).all(ordered) {
            return Err(wrong(
                "clauses",
                "must be at most 2000, one for each rule and jurisdiction, in order",
            ));
        }
        let ids: BTreeSet<&str> = self
            .clauses
            .iter()
            .map(|clause| clause.id.as_str())
            .collect();
        if ids.len() != self.clauses.len() {
            return Err(wrong("clauses", "must each have their own id"));
        }
        let rules = rules();
        for clause in &self.clauses {
            let ordered = clause
                .texts
                .windows(2)
                .all(|two| two[0].language < two[1].language);
            if clause.texts.len() > LANGUAGES_MAX || !ordered {
                return Err(wrong(
                    &clause.id,
                    "has texts that are not at most 8, each language once and in order",
                ));
            }
            if !rules.contains(clause.rule.as_str()) {
                return Err(wrong(
                    &clause.id,
                    "names a rule that the ledger does not apply",
                ));
            }
        }
        let common = |rule: &str| {
            let is =
                |clause: &Clause| clause.rule.as_str() == rule && clause.jurisdiction.is_none();
            self.clauses.iter().any(is)
        };
        match rules.iter().find(|rule| !common(rule)) {
            Some(rule) => Err(wrong(format!("rule {rule}"), "has no common clause")),
            None => Ok(()),
        }
    }

    /// The first jurisdiction that has a part or a clause of its own but is not on this ledger.
    pub(crate) fn stranger(&self, jurisdictions: &[JurisdictionCode]) -> Option<JurisdictionCode> {
        let national = self.national.iter().map(|rules| rules.jurisdiction);
        let clauses = self.clauses.iter().filter_map(|clause| clause.jurisdiction);
        national
            .chain(clauses)
            .find(|code| !jurisdictions.contains(code))
    }
}

/// The first of several rules that does not hold.
fn first_broken(rules: &[(bool, &str, &'static str)]) -> Result<(), RulebookError> {
    match rules.iter().find(|(holds, ..)| !holds) {
        Some((_, what, rule)) => Err(wrong(what, rule)),
        None => Ok(()),
    }
}

/// Limits name each currency once, in order.
pub(super) fn check_limits(what: &str, limits: &[Money]) -> Result<(), RulebookError> {
    let ordered = limits
        .windows(2)
        .all(|two| two[0].currency < two[1].currency);
    if limits.len() > LIMITS_MAX || !ordered {
        return Err(wrong(
            what,
            "must be at most 64 amounts, each currency once and in order",
        ));
    }
    if !limits.iter().all(|limit| is_writable(limit.amount)) {
        return Err(wrong(what, "has an amount of more than 18 digits"));
    }
    Ok(())
}

/// Whether an amount is one that a payment could have: what figures are compared with fits beside it.
pub(super) fn is_writable(amount: Amount) -> bool {
    amount.minor() <= MINOR_MAX
}

/// A window is counted by the hour.
fn is_window(window: DurationMs) -> bool {
    let hours = window.millis() / 3_600_000;
    let whole = window.millis().is_multiple_of(3_600_000);
    whole && (1..=u64::from(WINDOW_HOURS_MAX)).contains(&hours)
}

fn check_travel_rule(travel: &TravelRules) -> Result<(), RulebookError> {
    check_limits("common.travel_rule.thresholds", &travel.thresholds)?;
    let attested = VALIDITY_MIN..=DURATION_MAX;
    first_broken(&[
        (
            is_window(travel.window_ms),
            "common.travel_rule.window_ms",
            "must be whole hours, from one to 31 days",
        ),
        (
            travel.waiting_max_ms <= DURATION_MAX,
            "common.travel_rule.waiting_max_ms",
            "may be at most ten years",
        ),
        (
            attested.contains(&travel.attestation_max_ms),
            "common.travel_rule.attestation_max_ms",
            "must be from a minute to ten years",
        ),
    ])
}

fn check_national_travel_rule(
    what: &str,
    own: &NationalTravelRules,
    common: Option<&TravelRules>,
) -> Result<(), RulebookError> {
    let what = format!("{what} travel_rule");
    let Some(common) = common else {
        let rule = "has a part of its own although the common part does not apply the rule";
        return Err(wrong(what, rule));
    };
    check_limits(&format!("{what}.thresholds"), &own.thresholds)?;
    let higher = |one: &Money| {
        let shared = limit_of(&common.thresholds, one.currency);
        shared.is_some_and(|shared| one.amount > shared)
    };
    if !is_window(own.window_ms) || own.window_ms < common.window_ms {
        let rule =
            "needs a window of whole hours, up to 31 days and no shorter than the common one";
        return Err(wrong(what, rule));
    }
    if own.thresholds.iter().any(higher) {
        return Err(wrong(what, "has a higher threshold than the common part"));
    }
    Ok(())
}

/// An order needs somebody's signature, and no more than a transaction can bring.
fn check_signers(what: &str, signers: u8) -> Result<(), RulebookError> {
    if (1..=ORDER_SIGNERS_MAX).contains(&signers) {
        return Ok(());
    }
    Err(wrong(
        format!("{what} supervision.order_signers"),
        "must be from 1 to 16",
    ))
}

/// Activities name each code once, in order, and so do the lists inside.
fn check_activities(what: &str, activities: &[Activity]) -> Result<(), RulebookError> {
    fn is_list<T: Ord>(list: &[T]) -> bool {
        list.len() <= ACTIVITIES_MAX && list.windows(2).all(|two| two[0] < two[1])
    }
    let ordered = activities.windows(2).all(|two| two[0].code < two[1].code);
    if activities.len() > ACTIVITIES_MAX || !ordered {
        return Err(wrong(
            format!("{what} activities"),
            "must be at most 64, each code once and in order",
        ));
    }
    for activity in activities {
        let lists = is_list(&activity.kinds)
            && is_list(&activity.permissions)
            && is_list(&activity.checklist);
        let what = format!("{what} activity {}", activity.code);
        if !lists {
            return Err(wrong(
                what,
                "has kinds, permissions or a checklist that are not at most 64, each once and in order",
            ));
        }
        if activity.kinds.is_empty() || activity.permissions.is_empty() {
            return Err(wrong(what, "needs a kind of institution and a permission"));
        }
        let term = activity.term_max_ms;
        if term > DURATION_MAX || term == DurationMs::from_millis(0) {
            return Err(wrong(what, "needs a term of at most ten years"));
        }
    }
    Ok(())
}
