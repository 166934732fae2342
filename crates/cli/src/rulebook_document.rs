//! The rulebook as the governments publish it: amounts in major units, durations in words, and the clauses with their texts.
//!
//! [`RulebookDocument::build`] turns it into the typed version that governors sign; the ledger keeps the hashes of the texts.

mod limits;
mod purposes;
#[cfg(test)]
mod tests;

use crate::genesis_plan::minute_of_day;
use crate::rulebook_figures::figures;
use crate::words::duration;
use anyhow::Context;
use karwan_ledger::{
    Activity, BusinessDayRules, Clause, ClauseText, CommonRules, EndOfDayAction, ExchangeRules,
    LawReference, Money, NationalRules, NationalTravelRules, ParticipantKind, Permission,
    QueueRules, Quorum, RecallRules, RecallWindow, Rulebook, SupervisionRules, TravelRules,
};
use karwan_types::{
    Amount, CurrencyCode, Date, DurationMs, ExternalCode, HashDomain, JurisdictionCode, Max35Text,
    Sentence, Weekday, hash_of,
};
use limits::LimitDocument;
use purposes::PurposesDocument;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The largest rulebook document, in bytes.
pub(crate) const RULEBOOK_BYTES_MAX: usize = 4 << 20;

/// The rulebook of the development network, which came with this program.
pub(crate) const DEVNET_RULEBOOK: &str = include_str!("../../../node-config/rulebook.toml");

/// A rulebook, as it stands in TOML.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RulebookDocument {
    version: u32,
    common: CommonDocument,
    #[serde(default)]
    national: Vec<NationalDocument>,
    clauses: Vec<ClauseDocument>,
    #[serde(default)]
    sources: Vec<SourceDocument>,
}

/// Where a figure, and everything below it, comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceDocument {
    /// Its dotted path, for example `common.recall` or `national[PK]`.
    figure: String,
    law: LawReference,
}

/// Currency and amount in major units, for example `["PKR", "5000000.00"]`.
type PlannedMoney = (CurrencyCode, String);

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommonDocument {
    validity_max: String,
    proposal_validity_max: String,
    retention: String,
    settlement_methods: Vec<ExternalCode>,
    payment_max: Vec<PlannedMoney>,
    domestic_payments: bool,
    quorum: Quorum,
    notice_min: String,
    emergency_max: String,
    queue: QueueDocument,
    recall: RecallDocument,
    exchange: ExchangeDocument,
    supervision: SupervisionDocument,
    #[serde(default)]
    limits: Vec<LimitDocument>,
    /// None when the Travel Rule is off.
    travel_rule: Option<TravelDocument>,
    #[serde(default)]
    purposes: PurposesDocument,
}

/// The Travel Rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TravelDocument {
    window: String,
    waiting_max: String,
    attestation_max: String,
    thresholds: Vec<PlannedMoney>,
}

/// What one jurisdiction asks for beyond it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NationalTravelDocument {
    window: String,
    thresholds: Vec<PlannedMoney>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SupervisionDocument {
    order_signers: u8,
    freeze_max: String,
    wind_down: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QueueDocument {
    days_ahead_max: u16,
    waiting_max: String,
    account_entries_max: u32,
    cycle_blocks: u32,
    cycle_length: u32,
    cycle_entries_max: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecallDocument {
    window: String,
    answer: String,
    /// Reason and window, for example `["FRAD", "395d"]`.
    windows: Vec<(ExternalCode, String)>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExchangeDocument {
    band_bps: u32,
    fix_days_max: u16,
    quote_validity_max: String,
    quotes_max: u32,
    settlement_max: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NationalDocument {
    jurisdiction: JurisdictionCode,
    domestic_payments: bool,
    payment_max: Vec<PlannedMoney>,
    /// None for the common one.
    supervision: Option<SupervisionDocument>,
    travel_rule: Option<NationalTravelDocument>,
    #[serde(default)]
    activities: Vec<ActivityDocument>,
    #[serde(default)]
    business_days: Vec<BusinessDayDocument>,
    #[serde(default)]
    limits: Vec<LimitDocument>,
}

/// The calendar of a currency; times of its local day like `17:30`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BusinessDayDocument {
    currency: CurrencyCode,
    ends: String,
    customer_cut_off: Option<String>,
    weekend: Vec<Weekday>,
    holidays: Vec<Date>,
    end_of_day: EndOfDayAction,
    /// In major units.
    foreign_holding_max: Option<String>,
}

/// An activity that a jurisdiction licenses.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActivityDocument {
    code: Max35Text,
    name: Sentence,
    law: Option<LawReference>,
    kinds: Vec<ParticipantKind>,
    permissions: Vec<Permission>,
    #[serde(default)]
    checklist: Vec<Max35Text>,
    #[serde(default)]
    no_objection: bool,
    term_max: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClauseDocument {
    id: Max35Text,
    rule: Max35Text,
    jurisdiction: Option<JurisdictionCode>,
    law: Option<LawReference>,
    quorum: Quorum,
    /// By language.
    #[serde(default)]
    text: BTreeMap<String, String>,
}

impl RulebookDocument {
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        toml::from_str(text).context("the rulebook cannot be read")
    }

    /// The text of a clause in a language, if the document has it.
    pub(crate) fn text(&self, clause: &str, language: &str) -> Option<&str> {
        let clause = self.clauses.iter().find(|one| one.id.as_str() == clause)?;
        clause.text.get(language).map(String::as_str)
    }

    /// The version that governors sign, checked.
    pub(crate) fn build(&self) -> anyhow::Result<Rulebook> {
        let national = self.national.iter().map(|part| {
            let built = part.build(&self.common);
            built.with_context(|| format!("national {}", part.jurisdiction))
        });
        let clauses = self.clauses.iter().map(|clause| {
            let built = clause.build();
            built.with_context(|| format!("clause {}", clause.id))
        });
        let mut rulebook = Rulebook {
            version: self.version,
            common: self.common.build().context("common")?,
            national: national.collect::<anyhow::Result<_>>()?,
            clauses: clauses.collect::<anyhow::Result<_>>()?,
        };
        // People write clauses in the order in which they read; the ledger keeps them in the order in which it looks them up.
        let key = |clause: &Clause| (clause.rule.clone(), clause.jurisdiction);
        rulebook.clauses.sort_by_key(key);
        rulebook.national.sort_by_key(|part| part.jurisdiction);
        rulebook.check()?;
        self.check_sources(&rulebook)?;
        Ok(rulebook)
    }

    /// Every source must name something that is there.
    fn check_sources(&self, rulebook: &Rulebook) -> anyhow::Result<()> {
        let figures = figures(rulebook);
        for source in &self.sources {
            let known = figures.keys().any(|path| is_below(path, &source.figure));
            anyhow::ensure!(
                known,
                "sources: there is no figure {}; paths are written as karwan rulebook show writes them",
                source.figure
            );
        }
        Ok(())
    }

    /// Where a figure comes from: the nearest source above it.
    pub(crate) fn source(&self, path: &str) -> Option<&LawReference> {
        let above = self
            .sources
            .iter()
            .filter(|one| is_below(path, &one.figure));
        let nearest = above.max_by_key(|one| one.figure.len())?;
        Some(&nearest.law)
    }
}

impl CommonDocument {
    fn build(&self) -> anyhow::Result<CommonRules> {
        Ok(CommonRules {
            validity_max_ms: span("validity_max", &self.validity_max)?,
            proposal_validity_max_ms: span("proposal_validity_max", &self.proposal_validity_max)?,
            retention_ms: span("retention", &self.retention)?,
            settlement_methods: self.settlement_methods.clone(),
            payment_max: maxima(&self.payment_max)?,
            domestic_payments: self.domestic_payments,
            quorum: self.quorum,
            notice_min_ms: span("notice_min", &self.notice_min)?,
            emergency_max_ms: span("emergency_max", &self.emergency_max)?,
            queue: self.queue.build()?,
            recall: self.recall.build()?,
            exchange: self.exchange.build()?,
            supervision: self.supervision.build()?,
            limits: limits::build(&self.limits).context("limits")?,
            travel_rule: match &self.travel_rule {
                Some(travel) => Some(travel.build()?),
                None => None,
            },
            purposes: self.purposes.build().context("purposes")?,
        })
    }
}

impl QueueDocument {
    fn build(&self) -> anyhow::Result<QueueRules> {
        Ok(QueueRules {
            days_ahead_max: self.days_ahead_max,
            waiting_max_ms: span("queue.waiting_max", &self.waiting_max)?,
            account_entries_max: self.account_entries_max,
            cycle_blocks: self.cycle_blocks,
            cycle_length: self.cycle_length,
            cycle_entries_max: self.cycle_entries_max,
        })
    }
}

impl RecallDocument {
    fn build(&self) -> anyhow::Result<RecallRules> {
        let mut windows = Vec::with_capacity(self.windows.len());
        for (reason, window) in &self.windows {
            windows.push(RecallWindow {
                reason: reason.clone(),
                window_ms: span("recall.windows", window)?,
            });
        }
        windows.sort_by(|one, other| one.reason.cmp(&other.reason));
        Ok(RecallRules {
            windows,
            window_ms: span("recall.window", &self.window)?,
            answer_ms: span("recall.answer", &self.answer)?,
        })
    }
}

impl ExchangeDocument {
    fn build(&self) -> anyhow::Result<ExchangeRules> {
        let validity = &self.quote_validity_max;
        Ok(ExchangeRules {
            band_bps: self.band_bps,
            fix_days_max: self.fix_days_max,
            quote_validity_max_ms: span("exchange.quote_validity_max", validity)?,
            quotes_max: self.quotes_max,
            settlement_max_ms: span("exchange.settlement_max", &self.settlement_max)?,
        })
    }
}

impl NationalDocument {
    fn build(&self, common: &CommonDocument) -> anyhow::Result<NationalRules> {
        let supervision = self.supervision.as_ref().unwrap_or(&common.supervision);
        let activities = self.activities.iter().map(|activity| {
            let built = activity.build();
            built.with_context(|| format!("activity {}", activity.code))
        });
        let mut activities = activities.collect::<anyhow::Result<Vec<_>>>()?;
        activities.sort_by(|one, other| one.code.cmp(&other.code));
        let business_days = self.business_days.iter().map(|day| {
            let built = day.build();
            built.with_context(|| format!("business_days {}", day.currency))
        });
        let mut business_days = business_days.collect::<anyhow::Result<Vec<_>>>()?;
        business_days.sort_by_key(|day| day.currency);
        Ok(NationalRules {
            jurisdiction: self.jurisdiction,
            domestic_payments: self.domestic_payments,
            payment_max: maxima(&self.payment_max)?,
            activities,
            supervision: supervision.build()?,
            business_days,
            limits: limits::build(&self.limits).context("limits")?,
            travel_rule: match &self.travel_rule {
                Some(travel) => Some(travel.build()?),
                None => None,
            },
        })
    }
}

impl BusinessDayDocument {
    fn build(&self) -> anyhow::Result<BusinessDayRules> {
        let cut_off = self.customer_cut_off.as_deref().map(minute_of_day);
        let holding = self.foreign_holding_max.as_deref().map(|most| {
            Ok::<Money, anyhow::Error>(Money {
                currency: self.currency,
                amount: Amount::parse(most, self.currency)?,
            })
        });
        Ok(BusinessDayRules {
            currency: self.currency,
            ends_minute: minute_of_day(&self.ends)?,
            customer_cut_off_minute: cut_off.transpose()?,
            weekend: self.weekend.clone(),
            holidays: self.holidays.clone(),
            end_of_day: self.end_of_day,
            foreign_holding_max: holding.transpose()?,
        })
    }
}

impl TravelDocument {
    fn build(&self) -> anyhow::Result<TravelRules> {
        Ok(TravelRules {
            window_ms: span("travel_rule.window", &self.window)?,
            waiting_max_ms: span("travel_rule.waiting_max", &self.waiting_max)?,
            attestation_max_ms: span("travel_rule.attestation_max", &self.attestation_max)?,
            thresholds: maxima(&self.thresholds)?,
        })
    }
}

impl NationalTravelDocument {
    fn build(&self) -> anyhow::Result<NationalTravelRules> {
        Ok(NationalTravelRules {
            window_ms: span("travel_rule.window", &self.window)?,
            thresholds: maxima(&self.thresholds)?,
        })
    }
}

impl SupervisionDocument {
    fn build(&self) -> anyhow::Result<SupervisionRules> {
        Ok(SupervisionRules {
            order_signers: self.order_signers,
            freeze_max_ms: span("supervision.freeze_max", &self.freeze_max)?,
            wind_down_ms: span("supervision.wind_down", &self.wind_down)?,
        })
    }
}

impl ActivityDocument {
    fn build(&self) -> anyhow::Result<Activity> {
        let mut activity = Activity {
            code: self.code.clone(),
            name: self.name.clone(),
            law: self.law.clone(),
            kinds: self.kinds.clone(),
            permissions: self.permissions.clone(),
            checklist: self.checklist.clone(),
            no_objection: self.no_objection,
            term_max_ms: span("term_max", &self.term_max)?,
        };
        activity.kinds.sort_unstable();
        activity.permissions.sort_unstable();
        activity.checklist.sort();
        Ok(activity)
    }
}

impl ClauseDocument {
    fn build(&self) -> anyhow::Result<Clause> {
        let mut texts = Vec::with_capacity(self.text.len());
        for (language, text) in &self.text {
            texts.push(ClauseText {
                language: language.parse()?,
                hash: hash_of(HashDomain::ClauseText, &[text.as_bytes()]),
            });
        }
        Ok(Clause {
            id: self.id.clone(),
            rule: self.rule.clone(),
            jurisdiction: self.jurisdiction,
            law: self.law.clone(),
            texts,
            quorum: self.quorum,
        })
    }
}

/// Whether a path is that of a figure or lies below it.
fn is_below(path: &str, figure: &str) -> bool {
    let rest = path.strip_prefix(figure);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn span(name: &'static str, text: &str) -> anyhow::Result<DurationMs> {
    duration(text).map_err(anyhow::Error::msg).context(name)
}

pub(crate) fn maxima(planned: &[PlannedMoney]) -> anyhow::Result<Vec<Money>> {
    let mut limits = Vec::with_capacity(planned.len());
    for (currency, amount) in planned {
        limits.push(Money {
            currency: *currency,
            amount: Amount::parse(amount, *currency)?,
        });
    }
    limits.sort_by_key(|limit| limit.currency);
    Ok(limits)
}
