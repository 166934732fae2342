//! Freezes: an authority stops the money of its own institutions, for a time that ends by itself unless a court confirms it.
//!
//! What freezes of one subject without a court last is counted together, until there was a pause as long as the longest of
//! them may be: a chain of orders cannot do without a court, whether they overlap or follow on one another.
//!
//! Customers are known to this ledger by salted commitments only, so that no order can name one here: an authority freezes the
//! account on which an institution keeps that client's money apart, or orders the institution to stop the customer in its gateway.

use super::{home, is_central_bank};
use crate::due::{Due, by_time};
use crate::records::Account;
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{
    AccountNumber, AgentIdentification, CurrencyCode, DurationMs, Hash, HashDomain, Height,
    InstructionHash, JurisdictionCode, Lei, Max35Text, Outcome, Sentence, Timestamp, TransactionId,
    TransactionStatus, encode, hash_of,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a freeze stops: always money of the freezing jurisdiction's own institutions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum FreezeSubject {
    /// One account.
    Account(AccountNumber),
    /// All accounts of one institution.
    Participant(Lei),
    /// All accounts in one currency.
    Currency(CurrencyCode),
    /// All payments with institutions of another jurisdiction.
    Corridor(JurisdictionCode),
}

/// Which freeze: whose, of what. One authority has at most one freeze of a subject, so that its absence can be proved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FreezeKey {
    /// The jurisdiction that freezes.
    pub jurisdiction: JurisdictionCode,
    /// What is frozen.
    pub subject: FreezeSubject,
}

/// A row's key in the table of freezes: one stretch for each jurisdiction, which begins with its boundary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FreezePlace {
    /// Whose stretch.
    pub jurisdiction: JurisdictionCode,
    /// Where in it.
    pub entry: FreezeEntry,
}

/// What stands in a jurisdiction's stretch of the table of freezes, in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FreezeEntry {
    /// Its beginning: what is absent beside it can be proved without showing another jurisdiction's freeze.
    Boundary,
    /// A freeze that has not ended.
    Freeze(FreezeSubject),
    /// What freezes that have ended leave behind.
    Past(FreezeSubject),
}

/// A row of the table of freezes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FreezeRow {
    /// Under [`FreezeEntry::Boundary`]: another value after every block.
    Boundary(Hash),
    /// Under [`FreezeEntry::Freeze`].
    Freeze(FreezeRecord),
    /// Under [`FreezeEntry::Past`].
    Past(PastFreezes),
}

/// What is remembered of freezes of one subject that ended without a court.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastFreezes {
    /// How long they lasted together, in milliseconds.
    pub lasted_ms: DurationMs,
    /// Until this time, exclusive, a new freeze of the subject goes on with this count.
    pub counts_until: Timestamp,
}

impl FreezeKey {
    /// Where the freeze stands in the table, or would stand.
    #[must_use]
    pub fn place(&self) -> FreezePlace {
        FreezePlace {
            jurisdiction: self.jurisdiction,
            entry: FreezeEntry::Freeze(self.subject.clone()),
        }
    }
    pub(crate) fn past(&self) -> FreezePlace {
        FreezePlace {
            jurisdiction: self.jurisdiction,
            entry: FreezeEntry::Past(self.subject.clone()),
        }
    }
}

impl FreezePlace {
    pub(crate) const fn boundary(jurisdiction: JurisdictionCode) -> Self {
        Self {
            jurisdiction,
            entry: FreezeEntry::Boundary,
        }
    }
    /// The freeze that stands here, or would stand.
    #[must_use]
    pub fn key(&self) -> Option<FreezeKey> {
        match &self.entry {
            FreezeEntry::Freeze(subject) => Some(FreezeKey {
                jurisdiction: self.jurisdiction,
                subject: subject.clone(),
            }),
            FreezeEntry::Boundary | FreezeEntry::Past(_) => None,
        }
    }
}

/// Which way is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FreezeMode {
    /// No debit.
    Debit,
    /// No credit.
    Credit,
    /// Neither.
    Full,
}

impl FreezeMode {
    const fn stops_debits(self) -> bool {
        matches!(self, Self::Debit | Self::Full)
    }
    const fn stops_credits(self) -> bool {
        matches!(self, Self::Credit | Self::Full)
    }
}

/// A freeze in force or still to begin; when it ends its row goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreezeRecord {
    /// Which way.
    pub mode: FreezeMode,
    /// From this time on.
    pub from: Timestamp,
    /// Until this time, exclusive; none when a court confirmed it without an end.
    pub until: Option<Timestamp>,
    /// The law that it rests on.
    pub legal_basis: Sentence,
    /// The hash of the order.
    pub order_hash: Hash,
    /// The hash of the court's order that confirmed it.
    pub court_order_hash: Option<Hash>,
    /// Whether money may still be redeemed at the issuer.
    pub redemption_allowed: bool,
    /// What hides the order in the receipts of what it stops.
    pub salt: Hash,
    /// How long freezes of the subject before it lasted without a court, as far as they count, in milliseconds.
    pub lasted_before_ms: DurationMs,
    /// The instruction that ordered it.
    pub instruction: InstructionHash,
    /// The transaction that brought the instruction.
    pub transaction: TransactionId,
}

impl FreezeRecord {
    /// What block time will bring about for it.
    pub(crate) fn due(&self, key: &FreezeKey) -> Option<(Timestamp, Due)> {
        self.until
            .map(|until| (until, Due::FreezeEnds(key.clone())))
    }
    fn is_in_force(&self, time: Timestamp) -> bool {
        self.from <= time && self.until.is_none_or(|until| time < until)
    }
    /// What it leaves behind when it ends at a time; nothing when a court confirmed it, or when it never began.
    fn leaves(&self, ends: Timestamp, longest: DurationMs) -> Option<PastFreezes> {
        let ends = self.until.map_or(ends, |until| until.min(ends));
        let own = ends.millis().saturating_sub(self.from.millis());
        let lasted = self.lasted_before_ms.millis().saturating_add(own);
        let counts = self.court_order_hash.is_none() && lasted > 0;
        counts.then_some(PastFreezes {
            lasted_ms: DurationMs::from_millis(lasted),
            counts_until: ends.after(longest),
        })
    }
    /// What a receipt holds of it instead of its clause: nothing to whoever does not know the salt. `payment` is the encoding
    /// of the instruction's hash and the payment's UETR, so that two receipts cannot be told to have the same reason.
    #[must_use]
    pub fn commitment(&self, key: &FreezeKey, clause: &Max35Text, payment: &[u8]) -> Hash {
        let order = encode(&(key, &self.order_hash, clause));
        hash_of(
            HashDomain::WithheldOrder,
            &[self.salt.as_bytes(), &order, payment],
        )
    }
}

/// Whether an account may be debited, as far as freezes go. `redeems` for a redemption at the issuer.
pub(crate) fn check_debit(
    state: &State,
    time: Timestamp,
    (number, account): (&AccountNumber, &Account),
    counterparty: Option<JurisdictionCode>,
    redeems: bool,
) -> Result<(), Rejection> {
    stopped(state, (number, account), counterparty, |freeze| {
        let allowed = redeems && freeze.redemption_allowed;
        freeze.is_in_force(time) && freeze.mode.stops_debits() && !allowed
    })
}

/// Whether an account may be credited, as far as freezes go.
pub(crate) fn check_credit(
    state: &State,
    time: Timestamp,
    (number, account): (&AccountNumber, &Account),
    counterparty: Option<JurisdictionCode>,
) -> Result<(), Rejection> {
    stopped(state, (number, account), counterparty, |freeze| {
        freeze.is_in_force(time) && freeze.mode.stops_credits()
    })
}

fn stopped(
    state: &State,
    (number, account): (&AccountNumber, &Account),
    counterparty: Option<JurisdictionCode>,
    stops: impl Fn(&FreezeRecord) -> bool,
) -> Result<(), Rejection> {
    // Most of the time nothing is frozen, and every payment comes by here.
    if state.is_nothing_frozen() || is_central_bank(state, account.owner) {
        return Ok(());
    }
    let Some(jurisdiction) = home(state, account.owner) else {
        return Ok(());
    };
    let corridor = counterparty
        .filter(|other| *other != jurisdiction)
        .map(FreezeSubject::Corridor);
    let subjects = [
        Some(FreezeSubject::Account(number.clone())),
        Some(FreezeSubject::Participant(account.owner)),
        Some(FreezeSubject::Currency(account.currency)),
        corridor,
    ];
    for subject in subjects.into_iter().flatten() {
        let key = FreezeKey {
            jurisdiction,
            subject,
        };
        if state.freeze(&key).is_some_and(&stops) {
            return Err(Rejection::StoppedByAuthority { order: key });
        }
    }
    Ok(())
}

/// Whether a jurisdiction may freeze something: only what belongs to its own institutions, and never an issuer's.
pub(crate) fn freezable(state: &State, key: &FreezeKey) -> Result<(), Rejection> {
    let own = |lei: Lei| -> Result<(), Rejection> {
        let foreign = home(state, lei) != Some(key.jurisdiction);
        if foreign || is_central_bank(state, lei) {
            return Err(Rejection::NotFreezable {
                jurisdiction: key.jurisdiction,
            });
        }
        Ok(())
    };
    match &key.subject {
        FreezeSubject::Account(number) => {
            let account = state.account(number);
            let missing = Rejection::NotFreezable {
                jurisdiction: key.jurisdiction,
            };
            own(account.ok_or(missing)?.owner)
        }
        FreezeSubject::Participant(lei) => match state.participant(lei) {
            Some(_) => own(*lei),
            None => Err(Rejection::DebtorAgentUnknown {
                agent: AgentIdentification::Lei(*lei),
            }),
        },
        FreezeSubject::Currency(currency) => {
            crate::checks::currency_known(state, *currency).map(|_| ())
        }
        FreezeSubject::Corridor(other) => {
            let known = state.chain().jurisdictions.contains(other);
            if !known || *other == key.jurisdiction {
                return Err(Rejection::JurisdictionUnknown {
                    jurisdiction: *other,
                });
            }
            Ok(())
        }
    }
}

/// A freeze that no court has confirmed in time is over.
pub(crate) fn end_freeze(
    state: &mut State,
    at: (Height, Timestamp),
    key: &FreezeKey,
    outcomes: &mut Vec<Outcome>,
) {
    let freeze = lift(state, at.1, key);
    let freeze = freeze.expect("a freeze that falls due is recorded");
    let brought = (freeze.instruction, freeze.transaction);
    let mut execution = by_time(state, at, brought, "Freeze", outcomes);
    execution.answer(TransactionStatus::Canc, None);
}

/// Takes a freeze off and remembers how long it lasted, so that another one cannot begin the count anew.
pub(crate) fn lift(state: &mut State, time: Timestamp, key: &FreezeKey) -> Option<FreezeRecord> {
    let freeze = state.take_freeze(key)?;
    let longest = state.rules().supervision(key.jurisdiction).freeze_max_ms;
    if let Some(past) = freeze.leaves(time, longest) {
        state.put_past_freezes(key, past);
    }
    super::resume(state);
    Some(freeze)
}

/// How long freezes of a subject have lasted without a court, as far as a new one goes on with their count, and until when it
/// would.
pub(crate) fn lasted(state: &State, time: Timestamp, key: &FreezeKey) -> Option<PastFreezes> {
    let row = state.freezes.get(&key.past())?;
    let FreezeRow::Past(past) = row else {
        return None;
    };
    (time < past.counts_until).then_some(*past)
}
