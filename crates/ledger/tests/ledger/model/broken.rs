//! Rules of the model that can be broken on purpose, one for each invariant, so that the invariants are seen to fail where the
//! rule is that keeps them; and the model's books in the form in which the invariants look at the ledger's.

use super::books::{Model, Payment, Said, What, whole};
use super::kinds::payments_of;
use super::supervision::{Frozen, Licensed};
use super::together::Exchange;
use crate::invariants::{
    HoldStep, Observation, SeenAccount, SeenCurrency, SeenFreeze, SeenHold, SeenInstitution,
    SeenLicence, SeenLimit, SeenRecord, Settled, day_limits, licensing,
};
use karwan_ledger::{
    CountedHours, FreezeMode, GenesisParticipant, InstructionKey, LimitKey, Operation,
    ParticipantKind, PaymentKind, Priority, RecordKind, Transaction, TravelData, instruction_hash,
};
use karwan_types::{ChainId, InstructionHash, Lei, Timestamp, TransactionId, TransactionStatus};

/// A rule that the model does not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// A payment credits less than it debits.
    LosesAUnit,
    /// A payment does not need funds.
    PaysWithoutFunds,
    /// An issue is credited a second time.
    IssuesTwice,
    /// What was held stays held.
    KeepsHolding,
    /// An instruction that has settled is done again when it is sent again.
    PaysAgain,
    /// A blocked account is debited.
    DebitsBlocked,
    /// An account frozen for debits is debited.
    DebitsFrozen,
    /// Nobody needs a licence.
    NeedsNoLicence,
    /// Nobody needs an attestation.
    NeedsNoAttestation,
    /// Payments between the same two persons do not count together.
    CountsNoPairs,
    /// Of two payments against each other one settles, and the other is refused.
    SettlesHalf,
    /// What an order stops holds back what stands behind it.
    StoppedHoldBack,
    /// The debtor's own limit is not looked at.
    PaysAboveLimits,
    /// The limits of the rulebook are not looked at.
    IgnoresWindows,
    /// An expired transaction is included.
    IncludesLate,
    /// Reject times are not looked at.
    SettlesTooLate,
    /// Client money pays for the house.
    SpendsClientMoney,
    /// What has settled is cancelled.
    CancelsSettled,
    /// A version of the rulebook comes into force beside the one before it.
    KeepsOldVersions,
    /// HIGH payments hold nobody back.
    LaxHigh,
    /// NORM payments hold each other back.
    StrictNorm,
    /// Reservations do not deplete.
    KeepsReservations,
    /// Nothing is looked at when a block ends, but for a cycle.
    ReleasesNothing,
    /// A moved payment stays where it was.
    MovesNothing,
    /// The cycle has no second step.
    NoPairs,
    /// The cycle has no third step.
    NoExclusion,
    /// The third step excludes the first payment of an account.
    ExcludesTheFirst,
    /// A strict payment is excluded alone.
    ExcludesAlone,
}

/// The rules of what waits. No invariant of the semantics speaks of them; the comparison does.
pub(crate) const OF_THE_QUEUE: &[Break] = &[
    Break::LaxHigh,
    Break::StrictNorm,
    Break::KeepsReservations,
    Break::ReleasesNothing,
    Break::MovesNothing,
    Break::NoPairs,
    Break::NoExclusion,
    Break::ExcludesTheFirst,
    Break::ExcludesAlone,
];

impl Model {
    /// Whether a rule is broken on purpose.
    pub(crate) fn breaks(&self, rule: Break) -> bool {
        self.broken == Some(rule)
    }

    /// Whether a waiting payment holds back what stands behind it.
    pub(crate) fn is_strict(&self, class: Priority) -> bool {
        match class {
            Priority::Urgt => true,
            Priority::High => !self.breaks(Break::LaxHigh),
            Priority::Norm => self.breaks(Break::StrictNorm),
        }
    }

    /// What the invariants look at, after a block with these transactions included.
    pub(crate) fn observation(
        &self,
        included: &[TransactionId],
        offered: &[Transaction],
    ) -> Observation {
        let accounts = self.accounts.iter().map(|one| {
            let seen = SeenAccount {
                owner: one.owner,
                currency: one.currency,
                class: one.class,
                status: one.status,
                posted: one.posted,
                held: one.held,
                line: one.line,
                overdue: one.overdue,
            };
            (one.number.clone(), seen)
        });
        let currencies = self.currencies.iter().map(|one| {
            let seen = SeenCurrency {
                contra: one.rules.contra.clone(),
                issued: one.issued,
                redeemed: one.redeemed,
            };
            (one.rules.code, seen)
        });
        let limits = self.limits.iter().map(|one| {
            let key = LimitKey {
                debtor: one.debtor,
                creditor: one.creditor,
                currency: one.currency,
            };
            let (limit, position) = (one.limit, one.position);
            (key, SeenLimit { limit, position })
        });
        let is_in = |one: &&Transaction| included.contains(&one.to_encoded().id());
        Observation {
            time: Timestamp::from_millis(self.time),
            accounts: accounts.collect(),
            currencies: currencies.collect(),
            records: self.payments.iter().map(record).collect(),
            settled: self
                .said
                .iter()
                .filter_map(|said| self.settled(said))
                .collect(),
            included: offered
                .iter()
                .filter(is_in)
                .map(|one| one.valid_until)
                .collect(),
            exchanges: self.exchanges.iter().map(exchange).collect(),
            holds: self.said.iter().filter_map(held).collect(),
            day: Vec::new(),
            day_limits: day_limits(
                &self.rulebook,
                self.participants
                    .iter()
                    .map(|one| (one.lei, one.kind, one.jurisdiction)),
            ),
            institutions: self.participants.iter().map(institution).collect(),
            freezes: self.freezes.iter().map(freeze).collect(),
            licences: self.licences.iter().map(licence).collect(),
            licensing: licensing(&self.rulebook),
            travel: self.seen_travel(),
            limits: limits.collect(),
            active_versions: self.in_force.clone(),
            cited_versions: [self.rulebook.version].into(),
        }
    }
    fn settled(&self, said: &Said) -> Option<Settled> {
        let fresh = said.status == TransactionStatus::Acsc && !said.repeated;
        let sum = said.sum.as_ref().filter(|_| fresh)?;
        let payment = self.payment(sum.agent, sum.uetr);
        let terms = payment.and_then(|payment| {
            let terms = payments_of(&payment.operation);
            terms.into_iter().find(|terms| terms.uetr == sum.uetr)
        });
        Some(Settled {
            key: key(payment?),
            kind: payment.map(kind),
            debit: sum.debit.clone()?,
            credit: sum.credit.clone()?,
            currency: sum.currency,
            amount: whole(sum.amount),
            reject_time: terms.and_then(|terms| terms.reject_time),
            payment: terms.map(|terms| terms.kind),
            travel: terms.map_or_else(TravelData::default, |terms| TravelData {
                ivms_commitment: terms.ivms_commitment,
                pair_tag: terms.pair_tag,
            }),
        })
    }
}

fn held(said: &Said) -> Option<SeenHold> {
    let step = match said.status {
        TransactionStatus::Pdng => HoldStep::Made,
        TransactionStatus::Canc => HoldStep::Freed,
        _ => return None,
    };
    let fresh = said.operation == "Hold" && !said.repeated;
    let sum = said.sum.as_ref().filter(|_| fresh)?;
    let (agent, uetr) = (sum.agent, sum.uetr);
    Some(SeenHold {
        key: InstructionKey { agent, uetr },
        step,
        creditor: sum.creditor?,
        currency: sum.currency,
        amount: whole(sum.amount),
    })
}
fn exchange(one: &Exchange) -> (InstructionHash, [InstructionKey; 2]) {
    let key = |(agent, uetr)| InstructionKey { agent, uetr };
    // Under the hash that the records have here.
    (hash_of(&one.operation), one.legs.map(key))
}
fn hash_of(operation: &Operation) -> InstructionHash {
    let chain = ChainId::of_genesis(b"the model has no chain");
    instruction_hash(&chain, operation)
}
fn institution(one: &GenesisParticipant) -> (Lei, SeenInstitution) {
    let seen = SeenInstitution {
        home: one.jurisdiction,
        issuer: one.kind == ParticipantKind::CentralBank,
        vasp: one.kind == ParticipantKind::Vasp,
    };
    (one.lei, seen)
}
fn freeze(one: &Frozen) -> SeenFreeze {
    SeenFreeze {
        place: one.place,
        subject: one.subject.clone(),
        stops_debits: matches!(one.mode, FreezeMode::Debit | FreezeMode::Full),
        redeemable: one.redeemable,
        from: Timestamp::from_millis(one.from),
        until: one.until.map(Timestamp::from_millis),
        order: one.order.to_string(),
    }
}
fn licence(one: &Licensed) -> SeenLicence {
    SeenLicence {
        holder: one.lei,
        activity: one.activity.clone(),
        status: one.status,
        from: Timestamp::from_millis(one.from),
        until: Timestamp::from_millis(one.until),
        changed: Timestamp::from_millis(one.changed),
    }
}
fn key(payment: &Payment) -> InstructionKey {
    let (agent, uetr) = (payment.sum.agent, payment.sum.uetr);
    InstructionKey { agent, uetr }
}
fn kind(payment: &Payment) -> RecordKind {
    match payment.what {
        What::Payment => RecordKind::Payment,
        What::IssueRequest => RecordKind::IssueRequest,
        What::Redemption => RecordKind::Redemption,
        What::Hold(until) => RecordKind::Hold {
            expires: Timestamp::from_millis(until),
            payment: PaymentKind::FinancialInstitution,
            counted: CountedHours::default(),
            travel: TravelData::default(),
        },
        What::Return => RecordKind::Return {
            original: key(payment),
            reason: "AC04".parse().expect("a code"),
        },
    }
}
fn record(payment: &Payment) -> (InstructionKey, SeenRecord) {
    let seen = SeenRecord {
        instruction: hash_of(&payment.operation),
        status: payment.status,
        kind: kind(payment),
        debit: payment.sum.debit.clone(),
        amount: whole(payment.sum.amount),
        kept_until: Timestamp::from_millis(payment.kept_until),
    };
    (key(payment), seen)
}
