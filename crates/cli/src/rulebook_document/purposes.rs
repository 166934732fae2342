//! Purposes of payments in the published rulebook: short lists of words, amounts in major units.

use super::{PlannedMoney, maxima};
use anyhow::Context;
use karwan_ledger::{
    CorridorRule, LawReference, LocalForm, LocalPurpose, PurposeCode, PurposeRules,
};
use karwan_types::{ExternalCode, JurisdictionCode, Max35Text, Sentence};
use serde::Deserialize;

/// What payments for customers may be made for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PurposesDocument {
    /// Jurisdiction and number of digits, for example `["PK", 4]`.
    #[serde(default)]
    forms: Vec<(JurisdictionCode, u8)>,
    #[serde(default)]
    codes: Vec<PurposeDocument>,
    #[serde(default)]
    corridors: Vec<CorridorDocument>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PurposeDocument {
    code: ExternalCode,
    name: Sentence,
    /// Jurisdiction and national code, for example `["PK", "9101"]`.
    #[serde(default)]
    local: Vec<(JurisdictionCode, Max35Text)>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CorridorDocument {
    /// None for any jurisdiction.
    from: Option<JurisdictionCode>,
    to: Option<JurisdictionCode>,
    /// The purposes for which this holds.
    purposes: Vec<ExternalCode>,
    allowed: bool,
    #[serde(default)]
    payment_max: Vec<PlannedMoney>,
    #[serde(default)]
    documents: bool,
    #[serde(default)]
    report: bool,
    law: Option<LawReference>,
}

impl PurposesDocument {
    /// The typed table, in the order in which the ledger looks it up.
    pub(super) fn build(&self) -> anyhow::Result<PurposeRules> {
        let form = |(jurisdiction, digits): &(JurisdictionCode, u8)| LocalForm {
            jurisdiction: *jurisdiction,
            digits: *digits,
        };
        let mut forms: Vec<LocalForm> = self.forms.iter().map(form).collect();
        forms.sort_by_key(|one| one.jurisdiction);
        let mut codes: Vec<PurposeCode> = self.codes.iter().map(PurposeDocument::build).collect();
        codes.sort_by(|one, other| one.code.cmp(&other.code));
        let mut corridors = Vec::new();
        for corridor in &self.corridors {
            corridors.extend(corridor.build().context("corridors")?);
        }
        let key = |one: &CorridorRule| (one.from, one.to, one.purpose.clone());
        corridors.sort_by_key(key);
        Ok(PurposeRules {
            forms,
            codes,
            corridors,
        })
    }
}

impl PurposeDocument {
    fn build(&self) -> PurposeCode {
        let local = |(jurisdiction, code): &(JurisdictionCode, Max35Text)| LocalPurpose {
            jurisdiction: *jurisdiction,
            code: code.clone(),
        };
        let mut local: Vec<LocalPurpose> = self.local.iter().map(local).collect();
        local.sort();
        PurposeCode {
            code: self.code.clone(),
            name: self.name.clone(),
            local,
        }
    }
}

impl CorridorDocument {
    fn build(&self) -> anyhow::Result<Vec<CorridorRule>> {
        let payment_max = maxima(&self.payment_max)?;
        let rule = |purpose: &ExternalCode| CorridorRule {
            from: self.from,
            to: self.to,
            purpose: purpose.clone(),
            allowed: self.allowed,
            payment_max: payment_max.clone(),
            documents: self.documents,
            report: self.report,
            law: self.law.clone(),
        };
        Ok(self.purposes.iter().map(rule).collect())
    }
}
