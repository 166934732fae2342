//! What a rehearsal found, as one file with one spelling: the same bytes on every node, and a hash that a proposal of the
//! version can name.

use crate::rulebook::Rulebook;
use karwan_types::{
    Amount, ChainId, CurrencyCode, EmergencyRuleId, ExternalCode, Hash, HashDomain, Height,
    InstructionHash, Lei, Max35Text, Sentence, StableName, TransactionStatus, Uetr, encode,
    hash_of,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name of the report's format.
const FORMAT: &str = "karwan-impact/1";

/// What a version of the rulebook would have changed in a range of blocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImpactReport {
    /// `karwan-impact/1`.
    pub format: String,
    /// Which blocks were rehearsed.
    pub range: RehearsedRange,
    /// Which version was in force in the rehearsal.
    pub candidate: RehearsedCandidate,
    /// The payments and requests that had an answer in the range, in either run.
    pub payments: usize,
    /// Those of them whose answer flips.
    pub flipped: usize,
    /// Those that flip by the candidate itself.
    pub flipped_by_rule: usize,
    /// Flips by the clause that stands in a payment's way: afterwards, or before when it settles afterwards.
    pub by_clause: Vec<ClauseTotal>,
    /// What settles no longer and what settles now, by currency.
    pub by_currency: Vec<CurrencyTotal>,
    /// Every payment whose answer flips, in the order of its first answer.
    pub flips: Vec<Flip>,
}

/// A range of blocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RehearsedRange {
    /// The chain.
    pub chain_id: ChainId,
    /// The first block, in which the candidate is in force.
    pub from: Height,
    /// The last block.
    pub to: Height,
    /// Its hash.
    pub last_block: Hash,
    /// The versions that were in force in the range, by number.
    pub rulebooks: Vec<u32>,
}

/// A version by its number and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RehearsedCandidate {
    /// Its number.
    pub version: u32,
    /// The hash of the version as governors sign it.
    pub hash: Hash,
}

impl RehearsedCandidate {
    /// Names a version.
    #[must_use]
    pub fn of(rulebook: &Rulebook) -> Self {
        Self {
            version: rulebook.version,
            hash: hash_of(HashDomain::Rulebook, &[&encode(rulebook)]),
        }
    }
}

/// Why a payment's answer flips.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FlipCause {
    /// On the same ledger, at the same step, the rules as they were answer otherwise than the candidate. Payments of one
    /// instruction are one step, and so is everything that a block settles out of the queue.
    Rule,
    /// The rules as they were would have given the same answer: the money or the queue is another one by earlier flips.
    Consequence,
}

/// A payment whose answer flips.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flip {
    /// The block of its first answer in the range, as it was if it had one.
    pub height: Height,
    /// The place of that answer in the block.
    pub position: u32,
    /// The institution that instructs.
    pub agent: Lei,
    /// Its reference.
    pub uetr: Uetr,
    /// The instruction's hash.
    pub instruction: InstructionHash,
    /// The kind of instruction, for example `Pay`.
    pub operation: Max35Text,
    /// The institution credited.
    pub creditor_agent: Option<Lei>,
    /// The currency.
    pub currency: CurrencyCode,
    /// The amount in minor units.
    pub amount: Amount,
    /// Why it flips.
    pub cause: FlipCause,
    /// The answer at the end of the range as it was; none when the ledger knew nothing of it.
    pub before: Option<PaymentAnswer>,
    /// The answer at the end of the range under the candidate.
    pub after: Option<PaymentAnswer>,
}

/// An answer to a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentAnswer {
    /// The status.
    pub status: TransactionStatus,
    /// The ISO 20022 reason of a refusal.
    pub reason: Option<ExternalCode>,
    /// Our name for it.
    pub name: Option<StableName>,
    /// The refusal in a sentence.
    pub detail: Option<Sentence>,
    /// The clause that decided; none for an answer from before the range.
    pub clause: Option<Max35Text>,
    /// The version of the rulebook that decided; none for an answer from before the range.
    pub rulebook: Option<u32>,
    /// The emergency rule that decided on top of it.
    pub emergency: Option<EmergencyRuleId>,
}

impl PaymentAnswer {
    /// Whether another answer says the same: status and reason. A clause or a version of another number is no other answer.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        self.status == other.status && self.name == other.name
    }
    fn is_settled(&self) -> bool {
        matches!(
            self.status,
            TransactionStatus::Acsc | TransactionStatus::Accc
        )
    }
}

/// How many flips a clause stands behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClauseTotal {
    /// The clause.
    pub clause: Max35Text,
    /// How many.
    pub flips: usize,
}

/// What flips move in a currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrencyTotal {
    /// The currency.
    pub currency: CurrencyCode,
    /// What settled and settles no longer.
    pub no_longer_settled: ValueTotal,
    /// What did not settle and settles now.
    pub newly_settled: ValueTotal,
}

/// Payments and their value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueTotal {
    /// How many.
    pub payments: usize,
    /// Their sum in minor units.
    pub amount: Amount,
}

impl ValueTotal {
    fn add(&mut self, amount: Amount) {
        self.payments = self.payments.saturating_add(1);
        self.amount = Amount::from_minor(self.amount.minor().saturating_add(amount.minor()));
    }
}

impl ImpactReport {
    pub(super) fn new(
        range: RehearsedRange,
        candidate: RehearsedCandidate,
        payments: usize,
        flips: Vec<Flip>,
    ) -> Self {
        let by_rule = flips.iter().filter(|flip| flip.cause == FlipCause::Rule);
        Self {
            format: FORMAT.to_owned(),
            range,
            candidate,
            payments,
            flipped: flips.len(),
            flipped_by_rule: by_rule.count(),
            by_clause: by_clause(&flips),
            by_currency: by_currency(&flips),
            flips,
        }
    }
    /// The report as a file: JSON with one spelling.
    #[must_use]
    pub fn to_file(&self) -> Vec<u8> {
        let mut bytes =
            serde_json::to_vec_pretty(self).expect("a report has only text, numbers and lists");
        bytes.push(b'\n');
        bytes
    }
    /// The hash that a proposal of the version names.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Self::hash_of_file(&self.to_file())
    }
    /// The same from the bytes of a report.
    #[must_use]
    pub fn hash_of_file(bytes: &[u8]) -> Hash {
        hash_of(HashDomain::ImpactReport, &[bytes])
    }
}

impl Flip {
    /// The clause that stands in the payment's way: afterwards, or before when it settles afterwards.
    fn clause(&self) -> Option<&Max35Text> {
        let settles = self.after.as_ref().is_some_and(PaymentAnswer::is_settled);
        let answer = if settles { &self.before } else { &self.after };
        answer.as_ref()?.clause.as_ref()
    }
}

fn by_clause(flips: &[Flip]) -> Vec<ClauseTotal> {
    let mut totals: BTreeMap<&Max35Text, usize> = BTreeMap::new();
    for clause in flips.iter().filter_map(Flip::clause) {
        let total = totals.entry(clause).or_default();
        *total = total.saturating_add(1);
    }
    let total = |(clause, flips): (&Max35Text, usize)| ClauseTotal {
        clause: clause.clone(),
        flips,
    };
    totals.into_iter().map(total).collect()
}

fn by_currency(flips: &[Flip]) -> Vec<CurrencyTotal> {
    let mut totals: BTreeMap<CurrencyCode, CurrencyTotal> = BTreeMap::new();
    for flip in flips {
        let settled =
            |answer: &Option<PaymentAnswer>| answer.as_ref().is_some_and(PaymentAnswer::is_settled);
        let (before, after) = (settled(&flip.before), settled(&flip.after));
        if before == after {
            continue;
        }
        let total = totals
            .entry(flip.currency)
            .or_insert_with(|| CurrencyTotal {
                currency: flip.currency,
                no_longer_settled: ValueTotal::default(),
                newly_settled: ValueTotal::default(),
            });
        let side = if before {
            &mut total.no_longer_settled
        } else {
            &mut total.newly_settled
        };
        side.add(flip.amount);
    }
    totals.into_values().collect()
}
