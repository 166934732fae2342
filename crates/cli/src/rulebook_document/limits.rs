//! Limits of institutions in the published rulebook, in major units.

use karwan_ledger::{Direction, LimitRule, OnExceed, ParticipantKind};
use karwan_types::{Amount, CurrencyCode};
use serde::Deserialize;

/// What one kind of institution may pay or receive in a currency, and hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitDocument {
    kind: ParticipantKind,
    currency: CurrencyCode,
    direction: Direction,
    payment_max: Option<String>,
    day_max: Option<String>,
    holding_max: Option<String>,
    on_exceed: OnExceed,
}

impl LimitDocument {
    fn build(&self) -> anyhow::Result<LimitRule> {
        let figure = |text: &Option<String>| -> anyhow::Result<Option<Amount>> {
            let parsed = text.as_ref().map(|text| Amount::parse(text, self.currency));
            Ok(parsed.transpose()?)
        };
        Ok(LimitRule {
            kind: self.kind,
            currency: self.currency,
            direction: self.direction,
            payment_max: figure(&self.payment_max)?,
            day_max: figure(&self.day_max)?,
            holding_max: figure(&self.holding_max)?,
            on_exceed: self.on_exceed,
        })
    }
}

/// All limits of a part, in the order in which the ledger looks them up.
pub(super) fn build(limits: &[LimitDocument]) -> anyhow::Result<Vec<LimitRule>> {
    let limits = limits.iter().map(LimitDocument::build);
    let mut limits = limits.collect::<anyhow::Result<Vec<_>>>()?;
    limits.sort_by_key(|one| (one.kind, one.currency, one.direction));
    Ok(limits)
}
