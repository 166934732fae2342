//! The law of the ledger: versions of the rulebook and emergency rules. Public, because receipts cite them and everybody is
//! bound by them.

use super::AsOfParams;
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::{MoneyView, View};
use karwan_ledger::{
    EmergencyMeasure, EmergencyRecord, RehearsedCandidate, Rulebook, RulebookRecord, RulebookStatus,
};
use karwan_types::{EmergencyRuleId, Hash, InstructionHash, JurisdictionCode, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `rulebooks.list`
#[derive(Debug)]
pub struct RulebooksList;

/// Every version of the rulebook that governors approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RulebooksAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The versions, by number.
    pub rulebooks: Vec<RulebookVersionView>,
}

/// A version of the rulebook in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RulebookVersionView {
    /// Its number.
    pub version: u32,
    /// Where it stands.
    pub status: View<RulebookStatus>,
    /// The version that it changes; 0 for the first.
    pub diff_from: u32,
    /// It is in force from the first block at or after this time.
    pub activates: View<Timestamp>,
    /// The instruction that proposed it; absent for the version of the genesis document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<View<InstructionHash>>,
    /// How many clauses it has.
    pub clauses: u32,
    /// The hash of the version as governors sign it.
    pub hash: View<Hash>,
}

impl RulebookVersionView {
    fn new(record: &RulebookRecord) -> Self {
        let rulebook = &record.rulebook;
        Self {
            version: rulebook.version,
            status: View(record.status),
            diff_from: record.diff_from,
            activates: View(record.activates),
            proposal: record.proposal.map(View),
            clauses: u32::try_from(rulebook.clauses.len()).unwrap_or(u32::MAX),
            hash: View(RehearsedCandidate::of(rulebook).hash),
        }
    }
}

impl Method for RulebooksList {
    const NAME: &'static str = "rulebooks.list";
    type Params = AsOfParams;
    type Answer = RulebooksAnswer;
}

impl Read for RulebooksList {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<RulebooksAnswer, Problem> {
        let versions = reading.snapshot.state.rulebooks();
        Ok(RulebooksAnswer {
            as_of_height: reading.height(),
            rulebooks: versions
                .map(|(_, record)| RulebookVersionView::new(record))
                .collect(),
        })
    }
}

/// `rulebook.get`
#[derive(Debug)]
pub struct RulebookGet;

/// Which version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RulebookGetParams {
    /// Its number; absent for the one in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// A version of the rulebook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RulebookAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The version in short.
    pub summary: RulebookVersionView,
    /// The version itself. Amounts are minor units, durations milliseconds; of the clauses' texts the ledger keeps hashes.
    pub rulebook: View<Rulebook>,
}

impl Method for RulebookGet {
    const NAME: &'static str = "rulebook.get";
    type Params = RulebookGetParams;
    type Answer = RulebookAnswer;
}

impl Read for RulebookGet {
    fn at_least(params: &RulebookGetParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: RulebookGetParams) -> Result<RulebookAnswer, Problem> {
        let state = &reading.snapshot.state;
        let version = params.version.unwrap_or(state.rules().version);
        let (_, record) = state
            .rulebooks()
            .find(|(number, _)| **number == version)
            .ok_or_else(Problem::not_found)?;
        Ok(RulebookAnswer {
            as_of_height: reading.height(),
            summary: RulebookVersionView::new(record),
            rulebook: View(record.rulebook.clone()),
        })
    }
}

/// `emergencies.list`
#[derive(Debug)]
pub struct EmergenciesList;

/// The emergency rules of all jurisdictions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmergenciesAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The rules, by jurisdiction and number.
    pub emergencies: Vec<EmergencyView>,
}

/// A rule that one jurisdiction made in an emergency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmergencyView {
    /// Whose rule it is.
    pub jurisdiction: View<JurisdictionCode>,
    /// Its number there.
    pub number: u32,
    /// Whether it binds at the time of the last block.
    pub in_force: bool,
    /// Until when, exclusive.
    pub until: View<Timestamp>,
    /// No payment of the jurisdiction's institutions above this much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_max: Option<MoneyView>,
    /// No payment between the jurisdiction's institutions and those of this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corridor_stop: Option<View<JurisdictionCode>>,
    /// The law that it rests on.
    pub legal_basis: String,
    /// The hash of the order.
    pub order_hash: View<Hash>,
}

impl EmergencyView {
    fn new(id: &EmergencyRuleId, record: &EmergencyRecord, now: Timestamp) -> Self {
        let (payment_max, corridor_stop) = match &record.measure {
            EmergencyMeasure::PaymentMax(money) => {
                (Some(MoneyView::new(money.amount, money.currency)), None)
            }
            EmergencyMeasure::CorridorStop { other } => (None, Some(View(*other))),
        };
        Self {
            jurisdiction: View(id.jurisdiction),
            number: id.number,
            in_force: record.until > now,
            until: View(record.until),
            payment_max,
            corridor_stop,
            legal_basis: record.legal_basis.to_string(),
            order_hash: View(record.order_hash),
        }
    }
}

impl Method for EmergenciesList {
    const NAME: &'static str = "emergencies.list";
    type Params = AsOfParams;
    type Answer = EmergenciesAnswer;
}

impl Read for EmergenciesList {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<EmergenciesAnswer, Problem> {
        let state = &reading.snapshot.state;
        let now = state.chain().time;
        Ok(EmergenciesAnswer {
            as_of_height: reading.height(),
            emergencies: state
                .emergencies()
                .map(|(id, record)| EmergencyView::new(id, record, now))
                .collect(),
        })
    }
}
