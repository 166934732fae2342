//! Purposes of payments: which are known, what each is called in national lists, and what a corridor allows for each.
//!
//! A corridor is an ordered pair of jurisdictions, of the debtor's and of the creditor's institution; a rule may leave either
//! open. Of several rules for a payment the one that names more decides, and of two that name one the debtor's side. A corridor
//! for which there is no rule at all asks for no purpose.
//!
//! What must hold: every rule is about a purpose that is known, and every national code has the form of its country.

use super::check::{LIMITS_MAX, RulebookError, wrong};
use super::{LawReference, Rulebook};
use crate::records::Money;
use karwan_types::{ExternalCode, JurisdictionCode, Max35Text, Sentence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most purposes, and the most rules about them.
const PURPOSES_MAX: usize = 512;
/// The most national codes of one purpose.
const LOCAL_CODES_MAX: usize = 64;
/// The most digits of a national code: as many as the field of a payment has characters.
const DIGITS_MAX: u8 = 35;

/// What payments for customers are made for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PurposeRules {
    /// The form of national codes, in the order of the jurisdictions.
    pub forms: Vec<LocalForm>,
    /// The purposes that are known, in the order of their codes.
    pub codes: Vec<PurposeCode>,
    /// What corridors allow, in the order of corridor and purpose.
    pub corridors: Vec<CorridorRule>,
}

/// The form of the national codes of one country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalForm {
    /// Whose.
    pub jurisdiction: JurisdictionCode,
    /// How many digits they have, and nothing else.
    pub digits: u8,
}

/// A purpose, with its names in national lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PurposeCode {
    /// Its code in the external code set of ISO 20022 (`ExternalPurpose1Code`), for example `GDDS`.
    pub code: ExternalCode,
    /// Its name.
    pub name: Sentence,
    /// The codes of national lists that belong to it, in the order of jurisdiction and code.
    pub local: Vec<LocalPurpose>,
}

/// A code of a national list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalPurpose {
    /// Whose list.
    pub jurisdiction: JurisdictionCode,
    /// The code: PK 4 digits, KG 8 digits.
    pub code: Max35Text,
}

/// What a corridor allows for one purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorridorRule {
    /// The jurisdiction of the debtor's institution; none for any.
    pub from: Option<JurisdictionCode>,
    /// The jurisdiction of the creditor's institution; none for any.
    pub to: Option<JurisdictionCode>,
    /// The purpose.
    pub purpose: ExternalCode,
    /// Whether it is allowed.
    pub allowed: bool,
    /// The largest payment in a currency, in the order of the currencies.
    pub payment_max: Vec<Money>,
    /// Whether the payment must bring what the authorities are told, as a commitment.
    pub documents: bool,
    /// Whether it is listed in the reports to the authorities.
    pub report: bool,
    /// The law behind it, if there is one.
    pub law: Option<LawReference>,
}

impl CorridorRule {
    fn key(
        &self,
    ) -> (
        Option<JurisdictionCode>,
        Option<JurisdictionCode>,
        &ExternalCode,
    ) {
        (self.from, self.to, &self.purpose)
    }
    fn is_of(&self, from: JurisdictionCode, to: JurisdictionCode) -> bool {
        self.from.is_none_or(|own| own == from) && self.to.is_none_or(|own| own == to)
    }
}

impl PurposeRules {
    /// Whether payments from one jurisdiction to another need a purpose.
    #[must_use]
    pub fn has_table(&self, from: JurisdictionCode, to: JurisdictionCode) -> bool {
        self.corridors.iter().any(|rule| rule.is_of(from, to))
    }
    /// A purpose that is known.
    #[must_use]
    pub fn code(&self, code: &ExternalCode) -> Option<&PurposeCode> {
        let place = self.codes.binary_search_by(|one| one.code.cmp(code));
        self.codes.get(place.ok()?)
    }
    /// What payments from one jurisdiction to another may be made for.
    #[must_use]
    pub fn rule(
        &self,
        (from, to): (JurisdictionCode, JurisdictionCode),
        purpose: &ExternalCode,
    ) -> Option<&CorridorRule> {
        let corridors = [
            (Some(from), Some(to)),
            (Some(from), None),
            (None, Some(to)),
            (None, None),
        ];
        corridors.into_iter().find_map(|(from, to)| {
            let key = (from, to, purpose);
            let place = self.corridors.binary_search_by(|rule| rule.key().cmp(&key));
            self.corridors.get(place.ok()?)
        })
    }
    /// Whether a code has the form of a jurisdiction's list.
    fn is_form(&self, jurisdiction: JurisdictionCode, code: &Max35Text) -> bool {
        let place = self
            .forms
            .binary_search_by_key(&jurisdiction, |form| form.jurisdiction);
        let form = place.ok().and_then(|place| self.forms.get(place));
        let text = code.as_str();
        form.is_some_and(|form| {
            text.len() == usize::from(form.digits) && text.bytes().all(|byte| byte.is_ascii_digit())
        })
    }
    /// The only purpose to which a code of a national list belongs; none when it belongs to none or to several.
    #[must_use]
    pub fn of_local(&self, code: &Max35Text) -> Option<&ExternalCode> {
        let has = |one: &&PurposeCode| one.local.iter().any(|local| local.code == *code);
        let mut found = self.codes.iter().filter(has);
        let only = found.next()?;
        found.next().is_none().then_some(&only.code)
    }
    pub(super) fn check(&self) -> Result<(), RulebookError> {
        let what = "common.purposes";
        let ordered = self
            .forms
            .windows(2)
            .all(|two| two[0].jurisdiction < two[1].jurisdiction)
            && self.codes.windows(2).all(|two| two[0].code < two[1].code)
            && self
                .corridors
                .windows(2)
                .all(|two| two[0].key() < two[1].key());
        let longest = self.codes.len().max(self.corridors.len());
        if self.forms.len() > LIMITS_MAX || longest > PURPOSES_MAX || !ordered {
            return Err(wrong(
                what,
                "must have at most 64 forms, 512 codes and 512 corridors, each once and in order",
            ));
        }
        let digits = 1..=DIGITS_MAX;
        if !self.forms.iter().all(|form| digits.contains(&form.digits)) {
            return Err(wrong(what, "has a form that has not from 1 to 35 digits"));
        }
        for one in &self.codes {
            let ordered = one.local.windows(2).all(|two| two[0] < two[1]);
            let formed = |local: &LocalPurpose| self.is_form(local.jurisdiction, &local.code);
            if one.local.len() > LOCAL_CODES_MAX || !ordered || !one.local.iter().all(formed) {
                return Err(wrong(
                    format!("{what} {}", one.code),
                    "has national codes that are not at most 64, in order, and each of the form of its country",
                ));
            }
        }
        for rule in &self.corridors {
            let what = format!("{what} corridor for {}", rule.purpose);
            super::check::check_limits(&what, &rule.payment_max)?;
            if self.code(&rule.purpose).is_none() {
                return Err(wrong(what, "is about a purpose that is not in the list"));
            }
        }
        Ok(())
    }
}

impl Rulebook {
    /// What payments for customers may be made for.
    #[must_use]
    pub const fn purposes(&self) -> &PurposeRules {
        &self.common.purposes
    }
}
