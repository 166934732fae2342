//! The register of licences, which is public, and the freezes of a jurisdiction, which its own supervisors see and nobody else.

use super::AsOfParams;
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::View;
use karwan_ledger::{
    FreezeKey, FreezeMode, FreezeRecord, FreezeSubject, Licence, LicenceKey, LicenceScope,
    LicenceStatus,
};
use karwan_types::{Hash, JurisdictionCode, Lei, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `licences.list`
#[derive(Debug)]
pub struct LicencesList;

/// The register of licences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LicencesAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The licences and applications, by institution and activity.
    pub licences: Vec<LicenceView>,
}

/// A licence, from its application on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LicenceView {
    /// The institution.
    pub participant: View<Lei>,
    /// The activity, by its code in the rulebook of the institution's jurisdiction.
    pub activity: String,
    /// APPLIED, NO_OBJECTION, REFUSED, GRANTED, SUSPENDED, REVOKED, EXPIRED or SURRENDERED.
    pub status: String,
    /// In force from this time on; absent before it was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<View<Timestamp>>,
    /// In force until this time, exclusive; absent before it was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<View<Timestamp>>,
    /// When its suspension or its winding down ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<View<Timestamp>>,
    /// What it covers.
    pub scope: View<LicenceScope>,
    /// The regulator's conditions.
    pub conditions: Vec<String>,
}

impl LicenceView {
    fn new(key: &LicenceKey, row: &Licence) -> Self {
        let (status, ends) = match row.status {
            LicenceStatus::Applied => ("APPLIED", None),
            LicenceStatus::NoObjection => ("NO_OBJECTION", None),
            LicenceStatus::Refused => ("REFUSED", None),
            LicenceStatus::Granted => ("GRANTED", None),
            LicenceStatus::Suspended(suspension) => ("SUSPENDED", suspension.until),
            LicenceStatus::Revoked { wind_down_until } => ("REVOKED", Some(wind_down_until)),
            LicenceStatus::Expired { wind_down_until } => ("EXPIRED", Some(wind_down_until)),
            LicenceStatus::Surrendered { wind_down_until } => {
                ("SURRENDERED", Some(wind_down_until))
            }
        };
        // An application has no term yet.
        let granted = row.until > Timestamp::from_millis(0);
        Self {
            participant: View(key.participant),
            activity: key.activity.to_string(),
            status: status.to_owned(),
            from: granted.then_some(View(row.from)),
            until: granted.then_some(View(row.until)),
            ends: ends.map(View),
            scope: View(row.scope.clone()),
            conditions: row.conditions.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Method for LicencesList {
    const NAME: &'static str = "licences.list";
    type Params = AsOfParams;
    type Answer = LicencesAnswer;
}

impl Read for LicencesList {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<LicencesAnswer, Problem> {
        let rows = reading.snapshot.state.licences();
        Ok(LicencesAnswer {
            as_of_height: reading.height(),
            licences: rows.map(|(key, row)| LicenceView::new(key, row)).collect(),
        })
    }
}

/// `freezes.list`
#[derive(Debug)]
pub struct FreezesList;

/// The freezes of the caller's jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FreezesAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// Those that have not ended, by subject.
    pub freezes: Vec<FreezeView>,
}

/// A freeze.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FreezeView {
    /// Who ordered it.
    pub jurisdiction: View<JurisdictionCode>,
    /// What is frozen.
    pub subject: View<FreezeSubject>,
    /// Which way.
    pub mode: View<FreezeMode>,
    /// From this time on.
    pub from: View<Timestamp>,
    /// Until this time, exclusive; absent when a court confirmed it without an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<View<Timestamp>>,
    /// Whether a court has confirmed it.
    pub confirmed: bool,
    /// Whether money may still be redeemed at the issuer.
    pub redemption_allowed: bool,
    /// The law that it rests on.
    pub legal_basis: String,
    /// The hash of the order, which a lifting names.
    pub order_hash: View<Hash>,
}

impl FreezeView {
    fn new(key: FreezeKey, row: &FreezeRecord) -> Self {
        Self {
            jurisdiction: View(key.jurisdiction),
            subject: View(key.subject),
            mode: View(row.mode),
            from: View(row.from),
            until: row.until.map(View),
            confirmed: row.court_order_hash.is_some(),
            redemption_allowed: row.redemption_allowed,
            legal_basis: row.legal_basis.to_string(),
            order_hash: View(row.order_hash),
        }
    }
}

impl Method for FreezesList {
    const NAME: &'static str = "freezes.list";
    type Params = AsOfParams;
    type Answer = FreezesAnswer;
}

impl Read for FreezesList {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<FreezesAnswer, Problem> {
        let sight = reading.sight();
        let rows = reading.snapshot.state.freezes();
        let own = rows.filter(|(key, _)| sight.supervises(key.jurisdiction));
        Ok(FreezesAnswer {
            as_of_height: reading.height(),
            freezes: own.map(|(key, row)| FreezeView::new(key, row)).collect(),
        })
    }
}
