//! What regulators license, and how far their orders go: tables of the rulebook, one for each jurisdiction.

use super::{LawReference, Rulebook};
use crate::records::ParticipantKind;
use karwan_types::{DurationMs, JurisdictionCode, Max35Text, Sentence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an institution uses the ledger for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Permission {
    /// Payments between institutions for themselves (pacs.009).
    InstitutionPayment,
    /// Payments for customers (pacs.008).
    CustomerPayment,
    /// Issue and redemption with the central bank.
    IssueAndRedemption,
    /// Quotes and exchange of currencies.
    Exchange,
    /// Keeping and moving clients' money on accounts of its own class.
    ClientMoney,
}

impl Permission {
    /// For sentences.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::InstitutionPayment => "payments between institutions",
            Self::CustomerPayment => "payments for customers",
            Self::IssueAndRedemption => "issue and redemption",
            Self::Exchange => "exchange of currencies",
            Self::ClientMoney => "keeping client money",
        }
    }
}

/// An activity that a jurisdiction licenses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Activity {
    /// Its code, for example `SETTLEMENT`.
    pub code: Max35Text,
    /// Its name in the law.
    pub name: Sentence,
    /// The law that it comes from.
    pub law: Option<LawReference>,
    /// Which kinds of institution may apply, in order.
    pub kinds: Vec<ParticipantKind>,
    /// What a licence for it permits, in order.
    pub permissions: Vec<Permission>,
    /// The documents that an application must bring, in order.
    pub checklist: Vec<Max35Text>,
    /// Whether the regulator must state that it has no objection before it may grant.
    pub no_objection: bool,
    /// The longest term of a licence, in milliseconds.
    pub term_max_ms: DurationMs,
}

/// How far the orders of a regulator go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SupervisionRules {
    /// How many keys of the regulator, or of the court, must sign an order; a jurisdiction may ask for more, never for fewer.
    pub order_signers: u8,
    /// How long a freeze lasts at most without a court, in milliseconds; a jurisdiction may allow less, never more.
    pub freeze_max_ms: DurationMs,
    /// How long an institution winds its business down when its licence has expired or was given back, in milliseconds; a
    /// jurisdiction may allow less, never more.
    pub wind_down_ms: DurationMs,
}

impl Rulebook {
    /// The activities that a jurisdiction licenses, in the order of their codes; none when it asks for no licence here.
    #[must_use]
    pub fn activities(&self, jurisdiction: JurisdictionCode) -> &[Activity] {
        self.national(jurisdiction)
            .map_or(&[], |rules| &rules.activities)
    }
    /// An activity by its code.
    #[must_use]
    pub fn activity(&self, jurisdiction: JurisdictionCode, code: &Max35Text) -> Option<&Activity> {
        let activities = self.activities(jurisdiction);
        let place = activities.binary_search_by(|one| one.code.cmp(code));
        activities.get(place.ok()?)
    }
    /// How far the orders of a jurisdiction's regulator go.
    #[must_use]
    pub fn supervision(&self, jurisdiction: JurisdictionCode) -> SupervisionRules {
        self.national(jurisdiction)
            .map_or(self.common.supervision, |rules| rules.supervision)
    }
}
