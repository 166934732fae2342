//! What is seen of a ledger after a block, as plain values that a test can also falsify.

use super::windows::{Counted, HoldStep, SeenHold, Subject, day_limits, follow};
use crate::model::kinds::payments_of;
use karwan_ledger::{
    AccountClass, AccountStatus, Activity, FreezeKey, FreezeMode, FreezeRecord, FreezeSubject,
    InstructionKey, Licence, LicenceKey, LicenceStatus, LimitKey, NationalTravelRules, PairKey,
    ParticipantKind, PaymentKind, PaymentTerms, Permission, RecordKind, Rulebook, RulebookStatus,
    State, Transaction, TravelData, TravelRules,
};
use karwan_types::{
    AccountNumber, Block, CurrencyCode, InstructionHash, JurisdictionCode, Lei, Max35Text, Outcome,
    Timestamp, TransactionStatus, Uetr,
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
pub(crate) struct SeenAccount {
    pub(crate) owner: Lei,
    pub(crate) currency: CurrencyCode,
    pub(crate) class: AccountClass,
    pub(crate) status: AccountStatus,
    pub(crate) posted: i128,
    pub(crate) held: i128,
    pub(crate) line: i128,
    pub(crate) overdue: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct SeenCurrency {
    pub(crate) contra: AccountNumber,
    pub(crate) issued: i128,
    pub(crate) redeemed: i128,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct SeenLimit {
    pub(crate) limit: i128,
    pub(crate) position: i128,
}

#[derive(Clone, Debug)]
pub(crate) struct SeenRecord {
    pub(crate) instruction: InstructionHash,
    pub(crate) status: TransactionStatus,
    pub(crate) kind: RecordKind,
    pub(crate) debit: Option<AccountNumber>,
    pub(crate) amount: i128,
    /// Until when it may not be forgotten, once nothing follows.
    pub(crate) kept_until: Timestamp,
}

impl SeenRecord {
    /// Whether a block of that time may have forgotten it.
    pub(crate) fn is_forgotten(&self, time: Timestamp) -> bool {
        self.status.is_terminal() && self.kept_until < time
    }
}

/// One outcome of the block that says that money moved.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    pub(crate) key: InstructionKey,
    pub(crate) kind: Option<RecordKind>,
    pub(crate) debit: AccountNumber,
    pub(crate) credit: AccountNumber,
    pub(crate) currency: CurrencyCode,
    pub(crate) amount: i128,
    /// As the instruction said when it came in.
    pub(crate) reject_time: Option<Timestamp>,
    /// Which message it is, when the instruction says so.
    pub(crate) payment: Option<PaymentKind>,
    /// The commitment to the data of its parties, and the tag of these.
    pub(crate) travel: TravelData,
}

impl Settled {
    /// Whether it is a payment between institutions for themselves.
    pub(crate) fn is_for_the_house(&self) -> bool {
        self.payment == Some(PaymentKind::FinancialInstitution)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct SeenInstitution {
    pub(crate) home: JurisdictionCode,
    /// Whether it issues a currency.
    pub(crate) issuer: bool,
    /// Whether it deals in virtual assets.
    pub(crate) vasp: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct SeenFreeze {
    pub(crate) place: JurisdictionCode,
    pub(crate) subject: FreezeSubject,
    pub(crate) stops_debits: bool,
    pub(crate) redeemable: bool,
    pub(crate) from: Timestamp,
    pub(crate) until: Option<Timestamp>,
    /// Which order it is: a later one of the same subject is another.
    pub(crate) order: String,
}

#[derive(Clone, Debug)]
pub(crate) struct SeenLicence {
    pub(crate) holder: Lei,
    pub(crate) activity: Max35Text,
    pub(crate) status: LicenceStatus,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    /// When it last changed.
    pub(crate) changed: Timestamp,
}

/// The activities that jurisdictions license, with what they permit.
pub(crate) type Licensing = BTreeMap<JurisdictionCode, Vec<(Max35Text, Vec<Permission>)>>;

/// What a rulebook licenses.
pub(crate) fn licensing(rulebook: &Rulebook) -> Licensing {
    let activity = |one: &Activity| (one.code.clone(), one.permissions.clone());
    let parts = rulebook.national.iter();
    let parts = parts.filter(|part| !part.activities.is_empty());
    parts
        .map(|part| {
            let activities = part.activities.iter().map(activity);
            (part.jurisdiction, activities.collect())
        })
        .collect()
}

/// What the rulebook in force says of the Travel Rule, what has been attested, and what has settled between two persons.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeenTravel {
    pub(crate) rules: Option<TravelRules>,
    pub(crate) national: Vec<(JurisdictionCode, NationalTravelRules)>,
    pub(crate) attested: Vec<SeenAttestation>,
    /// All of it, this block's too.
    pub(crate) travelled: Vec<(Timestamp, PairKey, i128)>,
}

impl SeenTravel {
    pub(crate) fn of_rules(rulebook: &Rulebook) -> Self {
        let own = |part: &karwan_ledger::NationalRules| {
            Some((part.jurisdiction, part.travel_rule.clone()?))
        };
        Self {
            rules: rulebook.common.travel_rule.clone(),
            national: rulebook.national.iter().filter_map(own).collect(),
            ..Self::default()
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct SeenAttestation {
    pub(crate) payment: InstructionKey,
    pub(crate) creditor: Lei,
    pub(crate) accounts: (AccountNumber, AccountNumber),
    pub(crate) currency: CurrencyCode,
    pub(crate) amount: i128,
    pub(crate) travel: TravelData,
    pub(crate) expires: Timestamp,
}

/// The ledger after a block, and what the block said.
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    pub(crate) time: Timestamp,
    pub(crate) accounts: BTreeMap<AccountNumber, SeenAccount>,
    pub(crate) currencies: BTreeMap<CurrencyCode, SeenCurrency>,
    pub(crate) records: BTreeMap<InstructionKey, SeenRecord>,
    pub(crate) settled: Vec<Settled>,
    /// The expiry of every transaction of the block.
    pub(crate) included: Vec<Timestamp>,
    /// Every exchange in the register with its two payments.
    pub(crate) exchanges: Vec<(InstructionHash, [InstructionKey; 2])>,
    pub(crate) limits: BTreeMap<LimitKey, SeenLimit>,
    /// The holds that were made or freed in the block.
    pub(crate) holds: Vec<SeenHold>,
    /// What counts towards 24-hour limits, as far as whoever looks on has followed it.
    pub(crate) day: Vec<Counted>,
    pub(crate) day_limits: BTreeMap<Subject, i128>,
    pub(crate) institutions: BTreeMap<Lei, SeenInstitution>,
    pub(crate) freezes: Vec<SeenFreeze>,
    pub(crate) licences: Vec<SeenLicence>,
    pub(crate) licensing: Licensing,
    pub(crate) travel: SeenTravel,
    /// The versions of the rulebook that are in force.
    pub(crate) active_versions: Vec<u32>,
    /// The versions that the answers of the block cite.
    pub(crate) cited_versions: BTreeSet<u32>,
}

/// Follows a chain block by block and stops at the first broken invariant.
#[derive(Clone)]
pub(crate) struct Watch {
    last: Observation,
    /// Every payment ever instructed, by instruction and reference.
    terms: BTreeMap<(InstructionHash, Uetr), PaymentTerms>,
    travelled: Vec<(Timestamp, PairKey, i128)>,
}

impl Watch {
    pub(crate) fn new(state: &State) -> Self {
        Self {
            last: observe(state),
            terms: BTreeMap::new(),
            travelled: Vec::new(),
        }
    }
    pub(crate) fn last(&self) -> &Observation {
        &self.last
    }
    /// Looks at the state after a block.
    pub(crate) fn see(&mut self, state: &State, block: &Block, outcomes: &[Outcome]) {
        let mut now = observe(state);
        for encoded in &block.transactions {
            let transaction =
                Transaction::from_encoded(encoded).expect("a block holds transactions");
            now.included.push(transaction.valid_until);
            let instruction = transaction.instruction_hash();
            for terms in payments_of(&transaction.operation) {
                self.terms.insert((instruction, terms.uetr), terms.clone());
            }
        }
        now.settled = outcomes
            .iter()
            .filter_map(|outcome| self.settled(state, outcome))
            .collect();
        now.holds = outcomes.iter().filter_map(hold).collect();
        now.day = follow(&self.last, &now);
        for settled in &now.settled {
            self.travelled.extend(super::travelled(&now, settled));
        }
        now.travel.travelled.clone_from(&self.travelled);
        now.cited_versions
            .extend(outcomes.iter().map(|outcome| outcome.rulebook));
        for outcome in outcomes {
            let refused = outcome.status == TransactionStatus::Rjct;
            assert_eq!(refused, outcome.refusal.is_some(), "{outcome:?}");
        }
        state.assert_conserved();
        for (name, check) in super::CHECKS {
            if let Some(problem) = check(&self.last, &now) {
                panic!("{name}: {problem}, at height {}", block.header.height);
            }
        }
        self.last = now;
    }
    /// A movement of money; an answer that is only repeated (clause 4.5) is none.
    fn settled(&self, state: &State, outcome: &Outcome) -> Option<Settled> {
        let fresh = outcome.status == TransactionStatus::Acsc && outcome.clause.as_str() != "4.5";
        let movement = outcome.movement.as_ref().filter(|_| fresh)?;
        let key = InstructionKey {
            agent: movement.debtor_agent,
            uetr: movement.uetr,
        };
        let terms = self.terms.get(&(outcome.instruction, movement.uetr));
        Some(Settled {
            key,
            kind: state.record(&key).map(|record| record.kind.clone()),
            debit: movement.debtor_account.clone().expect("settled"),
            credit: movement.creditor_account.clone().expect("settled"),
            currency: movement.currency,
            amount: signed(movement.amount.minor()),
            reject_time: terms.and_then(|terms| terms.reject_time),
            payment: terms.map(|terms| terms.kind),
            travel: terms.map_or_else(TravelData::default, |terms| TravelData {
                ivms_commitment: terms.ivms_commitment,
                pair_tag: terms.pair_tag,
            }),
        })
    }
}

/// A hold that was made or freed, by what the block said.
fn hold(outcome: &Outcome) -> Option<SeenHold> {
    let fresh = outcome.operation.as_str() == "Hold" && outcome.clause.as_str() != "4.5";
    let step = match outcome.status {
        TransactionStatus::Pdng => HoldStep::Made,
        TransactionStatus::Canc => HoldStep::Freed,
        _ => return None,
    };
    let movement = outcome.movement.as_ref().filter(|_| fresh)?;
    Some(SeenHold {
        key: InstructionKey {
            agent: movement.debtor_agent,
            uetr: movement.uetr,
        },
        step,
        creditor: movement.creditor_agent?,
        currency: movement.currency,
        amount: signed(movement.amount.minor()),
    })
}

fn signed(minor: u128) -> i128 {
    i128::try_from(minor).expect("amounts have at most 18 digits")
}

fn institutions(state: &State) -> BTreeMap<Lei, SeenInstitution> {
    let participants = state.participants();
    let seen = participants.map(|(lei, one)| {
        let issuer = one.kind == ParticipantKind::CentralBank;
        let home = one.jurisdiction;
        let seen = SeenInstitution {
            home,
            issuer,
            vasp: one.kind == ParticipantKind::Vasp,
        };
        (*lei, seen)
    });
    seen.collect()
}
fn freeze((key, one): (FreezeKey, &FreezeRecord)) -> SeenFreeze {
    SeenFreeze {
        place: key.jurisdiction,
        subject: key.subject.clone(),
        stops_debits: matches!(one.mode, FreezeMode::Debit | FreezeMode::Full),
        redeemable: one.redemption_allowed,
        from: one.from,
        until: one.until,
        order: one.transaction.to_string(),
    }
}
fn licence((key, one): (&LicenceKey, &Licence)) -> SeenLicence {
    SeenLicence {
        holder: key.participant,
        activity: key.activity.clone(),
        status: one.status,
        from: one.from,
        until: one.until,
        changed: one.changed,
    }
}

fn travel(state: &State) -> SeenTravel {
    let attested = state.attestations().map(|(key, one)| SeenAttestation {
        payment: key.payment,
        creditor: key.creditor_agent,
        accounts: (one.debtor_account.clone(), one.creditor_account.clone()),
        currency: one.money.currency,
        amount: signed(one.money.amount.minor()),
        travel: TravelData {
            ivms_commitment: Some(one.ivms_commitment),
            pair_tag: one.pair_tag,
        },
        expires: one.expires,
    });
    SeenTravel {
        attested: attested.collect(),
        ..SeenTravel::of_rules(state.rules())
    }
}

fn account(account: &karwan_ledger::Account) -> SeenAccount {
    SeenAccount {
        owner: account.owner,
        currency: account.currency,
        class: account.class,
        status: account.status,
        posted: account.posted,
        held: signed(account.held.minor()),
        line: signed(account.credit_line.minor()),
        overdue: account.overdue,
    }
}

fn observe(state: &State) -> Observation {
    let record = |record: &karwan_ledger::Record| SeenRecord {
        instruction: record.instruction,
        status: record.status,
        kind: record.kind.clone(),
        debit: record.movement.debtor_account.clone(),
        amount: signed(record.movement.amount.minor()),
        kept_until: record.retained_until,
    };
    Observation {
        time: state.chain().time,
        accounts: state
            .accounts()
            .map(|(number, row)| (number.clone(), account(row)))
            .collect(),
        currencies: state
            .currencies()
            .map(|(code, row)| {
                let seen = SeenCurrency {
                    contra: row.contra.clone(),
                    issued: signed(row.issued.minor()),
                    redeemed: signed(row.redeemed.minor()),
                };
                (*code, seen)
            })
            .collect(),
        records: state
            .records()
            .map(|(key, row)| (*key, record(row)))
            .collect(),
        settled: Vec::new(),
        included: Vec::new(),
        exchanges: state
            .exchanges()
            .map(|(instruction, row)| (*instruction, row.legs))
            .collect(),
        limits: state
            .limits()
            .map(|(key, row)| {
                let limit = signed(row.limit.minor());
                let position = row.position;
                (*key, SeenLimit { limit, position })
            })
            .collect(),
        holds: Vec::new(),
        day: Vec::new(),
        day_limits: day_limits(
            state.rules(),
            state
                .participants()
                .map(|(lei, one)| (*lei, one.kind, one.jurisdiction)),
        ),
        institutions: institutions(state),
        freezes: state.freezes().map(freeze).collect(),
        licences: state.licences().map(licence).collect(),
        licensing: licensing(state.rules()),
        travel: travel(state),
        active_versions: state
            .rulebooks()
            .filter(|(_, one)| one.status == RulebookStatus::Active)
            .map(|(version, _)| *version)
            .collect(),
        cited_versions: [state.rules().version].into(),
    }
}
