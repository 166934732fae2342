//! The public registers: institutions and currencies, without keys and without holdings.

use super::AsOfParams;
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::{MoneyView, View};
use karwan_ledger::{Currency, CurrencyStatus, Participant, ParticipantKind, ParticipantStatus};
use karwan_types::{Bic, CurrencyCode, Date, JurisdictionCode, Lei, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `participants.list`
#[derive(Debug)]
pub struct ParticipantsList;

/// The register of institutions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParticipantsAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The institutions, by LEI.
    pub participants: Vec<ParticipantView>,
}

/// An institution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParticipantView {
    /// Its LEI.
    pub lei: View<Lei>,
    /// Its name.
    pub name: String,
    /// Its BIC, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bic: Option<View<Bic>>,
    /// Its numbers in national clearing systems, as `SYSTEM:NUMBER`.
    pub members: Vec<String>,
    /// To whom messages for it are encrypted: an age recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_recipient: Option<String>,
    /// The jurisdiction that licenses it.
    pub jurisdiction: View<JurisdictionCode>,
    /// What it is.
    pub kind: View<ParticipantKind>,
    /// Whether it may act.
    pub status: View<ParticipantStatus>,
}

impl ParticipantView {
    fn new(lei: Lei, row: &Participant) -> Self {
        let members = row.members.iter();
        Self {
            lei: View(lei),
            name: row.name.to_string(),
            bic: row.bic.map(View),
            members: members
                .map(|one| format!("{}:{}", one.system, one.member))
                .collect(),
            payload_recipient: row.payload_recipient.as_ref().map(ToString::to_string),
            jurisdiction: View(row.jurisdiction),
            kind: View(row.kind),
            status: View(row.status),
        }
    }
}

impl Method for ParticipantsList {
    const NAME: &'static str = "participants.list";
    type Params = AsOfParams;
    type Answer = ParticipantsAnswer;
}

impl Read for ParticipantsList {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<ParticipantsAnswer, Problem> {
        let rows = reading.snapshot.state.participants();
        Ok(ParticipantsAnswer {
            as_of_height: reading.height(),
            participants: rows
                .map(|(lei, row)| ParticipantView::new(*lei, row))
                .collect(),
        })
    }
}

/// `currencies.list`
#[derive(Debug)]
pub struct CurrenciesList;

/// The register of currencies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CurrenciesAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The currencies, by code.
    pub currencies: Vec<CurrencyView>,
}

/// A currency and its issuer's rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CurrencyView {
    /// Its code.
    pub code: View<CurrencyCode>,
    /// Digits after the decimal point.
    pub minor_digits: u32,
    /// The central bank that issues it.
    pub issuer: View<Lei>,
    /// The smallest single payment.
    pub payment_min: MoneyView,
    /// The largest single payment.
    pub payment_max: MoneyView,
    /// The offset of the business date from UTC, in minutes.
    pub utc_offset_minutes: i16,
    /// When the issuer takes requests: minutes of its local day, from inclusive, until exclusive.
    pub issuer_window_minutes: [u16; 2],
    /// Its present business date.
    pub business_date: View<Date>,
    /// When that ends by the calendar in force.
    pub day_ends: View<Timestamp>,
    /// Why it is halted; absent while it moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halted: Option<String>,
}

impl CurrencyView {
    fn new(code: CurrencyCode, row: &Currency) -> Self {
        Self {
            code: View(code),
            minor_digits: code.minor_digits(),
            issuer: View(row.issuer),
            payment_min: MoneyView::new(row.payment_min, code),
            payment_max: MoneyView::new(row.payment_max, code),
            utc_offset_minutes: row.utc_offset_minutes,
            issuer_window_minutes: [row.issuer_window.0, row.issuer_window.1],
            business_date: View(row.business_date),
            day_ends: View(row.day_ends),
            halted: match &row.status {
                CurrencyStatus::Active => None,
                CurrencyStatus::Halted { reason } => Some(reason.to_string()),
            },
        }
    }
}

impl Method for CurrenciesList {
    const NAME: &'static str = "currencies.list";
    type Params = AsOfParams;
    type Answer = CurrenciesAnswer;
}

impl Read for CurrenciesList {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<CurrenciesAnswer, Problem> {
        let rows = reading.snapshot.state.currencies();
        Ok(CurrenciesAnswer {
            as_of_height: reading.height(),
            currencies: rows
                .map(|(code, row)| CurrencyView::new(*code, row))
                .collect(),
        })
    }
}
