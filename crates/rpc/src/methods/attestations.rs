//! The Travel Rule: payments that wait for the attestation of their creditor agent, and the attestations given.
//!
//! Both sides of a payment see them, and their supervisors: that an attestation is missing is no secret of either.

use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::{MoneyView, View};
use karwan_ledger::{Attestation, AttestationKey, QueueEntry, QueuedLeg};
use karwan_types::{AccountNumber, Hash, InstructionHash, Lei, Timestamp, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `attestations.list`
#[derive(Debug)]
pub struct AttestationsList;

/// Of which payments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttestationsParams {
    /// Only of payments that this institution makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<View<Lei>>,
    /// Only of payments with this reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uetr: Option<View<Uetr>>,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// What waits, and what has been attested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttestationsAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The version of the rulebook in force, which an attestation names.
    pub rulebook: u32,
    /// The payments that wait for an attestation and that the caller may see.
    pub waiting: Vec<UnattestedView>,
    /// The attestations that the caller may see, in force or not.
    pub attestations: Vec<AttestationView>,
}

/// A payment that waits for the attestation of its creditor agent, with everything that the attestation repeats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnattestedView {
    /// The institution that pays.
    pub debtor_agent: View<Lei>,
    /// Its reference.
    pub uetr: View<Uetr>,
    /// The account debited.
    pub debtor_account: View<AccountNumber>,
    /// The institution that must attest.
    pub creditor_agent: View<Lei>,
    /// The account credited.
    pub creditor_account: View<AccountNumber>,
    /// How much.
    pub money: MoneyView,
    /// The commitment to the data of the parties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ivms_commitment: Option<View<Hash>>,
    /// The tag of the two persons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair_tag: Option<View<Hash>>,
    /// It is refused when it is not attested by then.
    pub until: View<Timestamp>,
}

/// An attestation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttestationView {
    /// The institution that pays.
    pub debtor_agent: View<Lei>,
    /// Its reference.
    pub uetr: View<Uetr>,
    /// The institution that attested.
    pub creditor_agent: View<Lei>,
    /// How much.
    pub money: MoneyView,
    /// The commitment to the data that it has.
    pub ivms_commitment: View<Hash>,
    /// The tag of the two persons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair_tag: Option<View<Hash>>,
    /// In force until then.
    pub expires: View<Timestamp>,
    /// The version of the rulebook under which it was given.
    pub rulebook: u32,
    /// The height at which it was given.
    pub height: u64,
    /// The instruction that gave it.
    pub instruction: View<InstructionHash>,
}

impl AttestationView {
    fn new(key: &AttestationKey, row: &Attestation) -> Self {
        Self {
            debtor_agent: View(key.payment.agent),
            uetr: View(key.payment.uetr),
            creditor_agent: View(key.creditor_agent),
            money: MoneyView::new(row.money.amount, row.money.currency),
            ivms_commitment: View(row.ivms_commitment),
            pair_tag: row.pair_tag.map(View),
            expires: View(row.expires),
            rulebook: row.rulebook,
            height: row.height.get(),
            instruction: View(row.instruction),
        }
    }
}

impl Method for AttestationsList {
    const NAME: &'static str = "attestations.list";
    type Params = AttestationsParams;
    type Answer = AttestationsAnswer;
}

impl Read for AttestationsList {
    fn at_least(params: &AttestationsParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: AttestationsParams) -> Result<AttestationsAnswer, Problem> {
        let (state, sight) = (&reading.snapshot.state, reading.sight());
        let wanted = |agent: &Lei, uetr: &Uetr| {
            let of_agent = params.agent.is_none_or(|one| one.0 == *agent);
            of_agent && params.uetr.is_none_or(|one| one.0 == *uetr)
        };
        let view = |entry: &QueueEntry, leg: &QueuedLeg| {
            let creditor = state.agent(&leg.terms.creditor_agent)?;
            let seen = sight.institution(&creditor) || sight.institution(&leg.key.agent);
            let usual = state.settlement_account(&creditor, &leg.terms.currency);
            let credit = leg.terms.creditor_account.as_ref().or(usual)?;
            let by = entry.attest_by.unwrap_or(entry.until);
            (seen && wanted(&leg.key.agent, &leg.key.uetr)).then(|| UnattestedView {
                debtor_agent: View(leg.key.agent),
                uetr: View(leg.key.uetr),
                debtor_account: View(leg.debit.clone()),
                creditor_agent: View(creditor),
                creditor_account: View(credit.clone()),
                money: MoneyView::new(leg.terms.amount, leg.terms.currency),
                ivms_commitment: leg.terms.ivms_commitment.map(View),
                pair_tag: leg.terms.pair_tag.map(View),
                until: View(by.min(entry.until)),
            })
        };
        let waiting = state.queue().flat_map(|(_, entry)| {
            let unattested = state.unattested(entry);
            let legs = entry.legs.iter();
            let legs = legs.filter(move |leg| unattested.contains(&leg.key));
            legs.filter_map(|leg| view(entry, leg)).collect::<Vec<_>>()
        });
        let given = state.attestations().filter(|(key, _)| {
            let seen =
                sight.institution(&key.creditor_agent) || sight.institution(&key.payment.agent);
            seen && wanted(&key.payment.agent, &key.payment.uetr)
        });
        Ok(AttestationsAnswer {
            as_of_height: reading.height(),
            rulebook: state.chain().rulebook,
            waiting: waiting.collect(),
            attestations: given
                .map(|(key, row)| AttestationView::new(key, row))
                .collect(),
        })
    }
}
