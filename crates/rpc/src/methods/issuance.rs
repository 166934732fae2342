//! What a currency's issuer has outstanding, and which movements of the backing RTGS account it rests on.
//!
//! For those who oversee the currency only: the references belong to the issuer's account in another system.

use super::page_entries;
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::{MoneyView, View};
use karwan_ledger::{InstructionKey, RecordKind, RtgsReference};
use karwan_types::{AccountNumber, CurrencyCode, Lei, Max35Text, Timestamp, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `issuance.get`
#[derive(Debug)]
pub struct IssuanceGet;

/// Of which currency, and from where on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssuanceGetParams {
    /// The currency.
    pub currency: View<CurrencyCode>,
    /// Only references after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<View<Max35Text>>,
    /// The most references to show, at most 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// What is outstanding, and a page of what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IssuanceAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// Its time.
    pub time: View<Timestamp>,
    /// The issuer's contra account: its balance is minus what is outstanding.
    pub contra: View<AccountNumber>,
    /// Issued less redeemed.
    pub outstanding: MoneyView,
    /// Ever issued.
    pub issued: MoneyView,
    /// Ever redeemed.
    pub redeemed: MoneyView,
    /// The issues and redemptions of the currency, by their reference.
    pub references: Vec<BackingView>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// An issue or a redemption and the movement of the RTGS account behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackingView {
    /// The reference of the movement in the RTGS system.
    pub rtgs_reference: View<Max35Text>,
    /// The institution that asked.
    pub agent: View<Lei>,
    /// The reference of its request.
    pub uetr: View<Uetr>,
    /// What it was; absent when it is so long ago that the ledger has forgotten all but the reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub movement: Option<BackedMovementView>,
}

/// What an issue or a redemption moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackedMovementView {
    /// Whether money was issued or redeemed.
    pub kind: BackedKind,
    /// How much.
    pub amount: MoneyView,
    /// The time of the block that settled it.
    pub settled: View<Timestamp>,
}

/// In which direction a movement backs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BackedKind {
    /// The RTGS account was credited, money was issued.
    Issue,
    /// Money was redeemed, the RTGS account was debited.
    Redemption,
}

impl Method for IssuanceGet {
    const NAME: &'static str = "issuance.get";
    type Params = IssuanceGetParams;
    type Answer = IssuanceAnswer;
}

impl Read for IssuanceGet {
    fn at_least(params: &IssuanceGetParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: IssuanceGetParams) -> Result<IssuanceAnswer, Problem> {
        let (state, code) = (&reading.snapshot.state, params.currency.0);
        let row = state
            .currency(&code)
            .filter(|_| reading.sight().oversees(&code));
        let row = row.ok_or_else(Problem::not_found)?;
        let limit = page_entries(params.limit);
        let after = params.after.map(|after| after.0);
        let mut references: Vec<BackingView> = state
            .references_of(code)
            .filter(|(reference, _)| {
                after
                    .as_ref()
                    .is_none_or(|after| reference.reference > *after)
            })
            .take(limit.saturating_add(1))
            .map(|(reference, key)| backing(reading, reference, *key))
            .collect();
        let more = references.len() > limit;
        references.truncate(limit);
        Ok(IssuanceAnswer {
            as_of_height: reading.height(),
            time: View(state.chain().time),
            contra: View(row.contra.clone()),
            outstanding: MoneyView::new(row.outstanding(), code),
            issued: MoneyView::new(row.issued, code),
            redeemed: MoneyView::new(row.redeemed, code),
            references,
            more,
        })
    }
}

fn backing(reading: &Reading, reference: &RtgsReference, key: InstructionKey) -> BackingView {
    let record = reading.snapshot.state.record(&key);
    let movement = record.and_then(|record| {
        let kind = match record.kind {
            RecordKind::IssueRequest => BackedKind::Issue,
            RecordKind::Redemption => BackedKind::Redemption,
            RecordKind::Payment | RecordKind::Hold { .. } | RecordKind::Return { .. } => {
                return None;
            }
        };
        Some(BackedMovementView {
            kind,
            amount: MoneyView::new(record.movement.amount, record.movement.currency),
            settled: View(record.settled?),
        })
    });
    BackingView {
        rtgs_reference: View(reference.reference.clone()),
        agent: View(key.agent),
        uetr: View(key.uetr),
        movement,
    }
}
