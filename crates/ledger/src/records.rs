//! What the ledger remembers: currencies, participants, keys, accounts, instructions under way and done.
//!
//! Plain values; the rules that change them are in `operations`, the rules that keep them sound in `posting`.

use crate::operations::Operation;
use crate::operations::terms::PaymentKind;
use crate::travel_rule::TravelData;
use karwan_types::{
    AccountDay, AccountNumber, Amount, Bic, ClearingMember, CurrencyCode, Date, ExternalCode, Hash,
    Height, InstructionHash, JurisdictionCode, Lei, Max35Text, Movement, PayloadRecipient,
    PublicKey, Refusal, Sentence, Timestamp, TransactionId, TransactionStatus, Uetr,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A sum of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// The currency.
    pub currency: CurrencyCode,
    /// How much, in minor units.
    pub amount: Amount,
}

/// A settlement currency and its issuer's rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Currency {
    /// The central bank that issues it.
    pub issuer: Lei,
    /// The issuer's contra account: its balance is minus what is outstanding.
    pub contra: AccountNumber,
    /// The largest single payment.
    pub payment_max: Amount,
    /// The smallest single payment.
    pub payment_min: Amount,
    /// The most that may be outstanding.
    pub supply_cap: Amount,
    /// The business date is the date at this offset from UTC, in minutes (PKR +300, KGS +360).
    pub utc_offset_minutes: i16,
    /// When the issuer takes requests: minutes of its local day, from inclusive, until exclusive.
    pub issuer_window: (u16, u16),
    /// Whether it moves.
    pub status: CurrencyStatus,
    /// Everything ever issued.
    pub issued: Amount,
    /// Everything ever redeemed.
    pub redeemed: Amount,
    /// The present business date.
    pub business_date: Date,
    /// When it ends by the calendar in force.
    pub day_ends: Timestamp,
}

impl Currency {
    /// What was issued and not redeemed, in minor units.
    #[must_use]
    pub fn outstanding(&self) -> Amount {
        self.issued
            .checked_sub(self.redeemed)
            .expect("no more is redeemed than was issued")
    }
}

/// Whether a currency moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CurrencyStatus {
    /// Payments settle.
    Active,
    /// Stopped by its issuer.
    Halted {
        /// The issuer's words.
        reason: Sentence,
    },
}

/// What an institution is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ParticipantKind {
    /// Issues and redeems its own currency.
    CentralBank,
    /// A licensed bank: may also ask its central bank for issue and redemption.
    Bank,
    /// A licensed virtual-asset service provider.
    Vasp,
    /// An electronic money institution.
    Emi,
    /// A payment system operator.
    Pso,
}

/// Whether an institution may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ParticipantStatus {
    /// In good standing.
    Active,
    /// Neither pays nor receives.
    Suspended,
}

/// An institution on the ledger. Its key in the table is its LEI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// The institution's name.
    pub name: Sentence,
    /// Its BIC, if it has one.
    pub bic: Option<Bic>,
    /// Its numbers in national clearing systems.
    pub members: Vec<ClearingMember>,
    /// To whom messages for it are encrypted when they are delivered off the ledger.
    pub payload_recipient: Option<PayloadRecipient>,
    /// The jurisdiction that licenses it.
    pub jurisdiction: JurisdictionCode,
    /// What it is.
    pub kind: ParticipantKind,
    /// Whether it may act.
    pub status: ParticipantStatus,
    /// Who must sign for it.
    pub policy: ApprovalPolicy,
}

/// Who must sign for an institution: the first tier that covers the instruction decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalPolicy {
    /// From the lowest to the highest amount; the last covers everything.
    pub tiers: Vec<ApprovalTier>,
}

/// How many signers of each role an instruction needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalTier {
    /// The currency and the highest amount that the tier covers; none covers everything. A tier that asks for no
    /// checker is the institution's automatic-release cap.
    pub up_to: Option<(CurrencyCode, Amount)>,
    /// Makers needed.
    pub makers: u8,
    /// Checkers needed.
    pub checkers: u8,
    /// Releasers needed.
    pub releasers: u8,
}

/// Who holds a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Holder {
    /// An institution.
    Participant(Lei),
    /// A jurisdiction's governor: approves validators and, with the others, the rulebook.
    Governor(JurisdictionCode),
    /// A jurisdiction's regulator: reads, licenses and freezes.
    Regulator(JurisdictionCode),
    /// An auditor in the scope of a jurisdiction: reads.
    Auditor(JurisdictionCode),
    /// The registrar of a jurisdiction's courts: confirms and lifts freezes.
    Court(JurisdictionCode),
}

/// What a key may do for its holder. One key holds one role.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Enters instructions.
    Maker,
    /// Checks them.
    Checker,
    /// Releases large ones.
    Releaser,
    /// Approves for a governor, or signs orders for a regulator or a court.
    Approver,
    /// Signs access tokens, never an instruction.
    Access,
    /// Attests payments for their beneficiary's institution, and signs nothing else.
    Compliance,
}

/// A registered key. Its key in the table is the public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// Who holds it.
    pub holder: Holder,
    /// What it may do.
    pub role: Role,
    /// Since when it is revoked, if it is.
    pub revoked_at: Option<Timestamp>,
}

/// What an account is for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountClass {
    /// An institution's own money.
    Settlement,
    /// Its clients' money, never used for the house.
    ClientSegregated,
    /// The issuer's side: minus what is outstanding.
    IssuerContra,
}

/// Whether an account may be debited and credited.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountStatus {
    /// Both.
    Open,
    /// Credits only.
    BlockedDebit,
    /// Debits only.
    BlockedCredit,
    /// Neither.
    Blocked,
    /// Closed.
    Closed,
}

/// An account of an institution. Its key in the table is the account number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Whose money.
    pub owner: Lei,
    /// In which currency.
    pub currency: CurrencyCode,
    /// What for.
    pub class: AccountClass,
    /// Whether it moves.
    pub status: AccountStatus,
    /// Booked balance in minor units. Negative only for an issuer's contra account.
    pub posted: i128,
    /// Held for open redemptions and holds, in minor units.
    pub held: Amount,
    /// What only URGT payments may use, in minor units.
    pub reserved_urgent: Amount,
    /// What only URGT and HIGH payments may use, in minor units.
    pub reserved_high: Amount,
    /// How far below zero it may go within the day, in minor units.
    pub credit_line: Amount,
    /// Whether credit was not repaid at the end of the business day, or the line was cut below what is used of it.
    pub overdue: bool,
    /// Whether its foreign owner held more at the end of the business day than it may overnight.
    pub above_overnight: bool,
    /// Its books of the present business day.
    pub day: AccountDay,
}

impl Account {
    /// An account with nothing on it, opened on a business date of its currency.
    #[must_use]
    pub const fn empty(
        date: Date,
        owner: Lei,
        currency: CurrencyCode,
        class: AccountClass,
        status: AccountStatus,
    ) -> Self {
        Self {
            owner,
            currency,
            class,
            status,
            posted: 0,
            held: Amount::ZERO,
            reserved_urgent: Amount::ZERO,
            reserved_high: Amount::ZERO,
            credit_line: Amount::ZERO,
            overdue: false,
            above_overnight: false,
            day: AccountDay::opened(date, 0),
        }
    }
}

/// Who limits what it pays whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LimitKey {
    /// The institution that limits itself.
    pub debtor: Lei,
    /// The other one.
    pub creditor: Lei,
    /// The currency.
    pub currency: CurrencyCode,
}

impl LimitKey {
    /// The same pair the other way round.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self {
            debtor: self.creditor,
            creditor: self.debtor,
            currency: self.currency,
        }
    }
}

/// A bilateral limit and what is used of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilateralLimit {
    /// The most that is paid net, in minor units.
    pub limit: Amount,
    /// What was paid less what was received since the limit was set, in minor units.
    pub position: i128,
}

/// The idempotency key: nobody can use up another institution's UETR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InstructionKey {
    /// The institution that instructs.
    pub agent: Lei,
    /// Its reference.
    pub uetr: Uetr,
}

/// The hours, counted from 1970, in which a hold counts towards the 24-hour limits of its two institutions: what is not paid in
/// the end is taken back there. None for a side that had no such limit when the hold was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedHours {
    /// Of its debtor.
    pub debit: Option<u64>,
    /// Of its creditor.
    pub credit: Option<u64>,
}

/// What kind of instruction a record is, with what its next step needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordKind {
    /// A payment, single, in bulk or linked.
    Payment,
    /// A request for issue; open while PDNG.
    IssueRequest,
    /// A request for redemption; the amount is held while PDNG.
    Redemption,
    /// A hold in favour of the creditor; the amount is held while PDNG.
    Hold {
        /// Released at the first block at or after this time.
        expires: Timestamp,
        /// Which message the payment is.
        payment: PaymentKind,
        /// Where it counts towards limits.
        counted: CountedHours,
        /// What it carries of its parties' data.
        travel: TravelData,
    },
    /// A return of another payment.
    Return {
        /// The payment returned.
        original: InstructionKey,
        /// Why.
        reason: ExternalCode,
    },
}

impl RecordKind {
    /// The name of the instruction that opens such a record.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Payment => "Pay",
            Self::IssueRequest => "IssueRequest",
            Self::Redemption => "RedeemRequest",
            Self::Hold { .. } => "Hold",
            Self::Return { .. } => "Return",
        }
    }
}

/// An instruction that moves or will move money, from its first recording until its retention ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The instruction's hash; another hash under the same key is a conflict.
    pub instruction: InstructionHash,
    /// The transaction that brought it.
    pub transaction: TransactionId,
    /// Its kind.
    pub kind: RecordKind,
    /// Its status.
    pub status: TransactionStatus,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
    /// The money side, with institutions and accounts as resolved when it was recorded.
    pub movement: Movement,
    /// How much of it has been returned.
    pub returned: Amount,
    /// The height of its last change.
    pub height: Height,
    /// The earliest time at which the record may be pruned, once it is terminal.
    pub retained_until: Timestamp,
    /// The time of the block that settled it, if one did: recall windows begin there.
    pub settled: Option<Timestamp>,
}

/// An instruction that waits for further signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingApproval {
    /// What waits.
    pub operation: Operation,
    /// The transaction that brought it.
    pub transaction: TransactionId,
    /// The references that it has taken, in the order of its payments.
    pub references: Vec<InstructionKey>,
    /// Until when approvals count.
    pub valid_until: Timestamp,
    /// Who has signed.
    pub signers: BTreeSet<PublicKey>,
}

/// A rule that one jurisdiction made for its own scope in an emergency. It only tightens the rulebook, and lapses by itself.
/// Its key in the table is its [`EmergencyRuleId`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmergencyRecord {
    /// What it does.
    pub measure: EmergencyMeasure,
    /// Until when, exclusive. Ending it early brings this forward.
    pub until: Timestamp,
    /// The law that it rests on.
    pub legal_basis: Sentence,
    /// The hash of the order.
    pub order_hash: Hash,
}

/// What an emergency rule does to payments of the jurisdiction's institutions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EmergencyMeasure {
    /// No payment above this much.
    PaymentMax(Money),
    /// No payment from or to institutions of another jurisdiction.
    CorridorStop {
        /// The other jurisdiction.
        other: JurisdictionCode,
    },
}

/// Which movement of an RTGS account backs an issue or a redemption; each is used once, for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RtgsReference {
    /// The currency.
    pub currency: CurrencyCode,
    /// The reference in the RTGS system.
    pub reference: Max35Text,
}
