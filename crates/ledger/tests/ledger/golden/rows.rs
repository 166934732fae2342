//! The rows of the state's tables with every field filled, and every variant of what stands in them.

use super::{Book, chain, every, hash, secret, time, uetr, word};
use karwan_ledger::{
    Account, AccountClass, AccountStatus, ApprovalPolicy, ApprovalTier, BusinessDayKey,
    BusinessDayRecord, ChainRecord, CountedHours, CreditLine, CreditLineKey, Currency,
    CurrencyStatus, Direction, Holder, InstructionKey, KeyRecord, Operation, Participant,
    ParticipantKind, ParticipantStatus, PaymentKind, PendingApproval, Pledge, RecallCase,
    RecallDecision, RecallStatus, Record, RecordKind, Role, RtgsReference, SlidingSum,
    StateTreeEntry, TravelData, UsageKey,
};
use karwan_types::{
    AccountDay, Amount, ClearingMember, Height, InstructionHash, Lei, Movement, Refusal, StateKey,
    TransactionId, TransactionStatus, Validator, ValidatorSet,
};
use std::collections::BTreeSet;

pub(super) fn add(book: &mut Book) {
    chain_row(book);
    currencies(book);
    participants(book);
    keys(book);
    accounts(book);
    records(book);
    recalls(book);
    approvals(book);
    usage(book);
    let entry = StateTreeEntry {
        slot: 7,
        key: StateKey::new(b"key").unwrap(),
        value_hash: hash(8),
    };
    book.value("StateTreeEntry", &entry);
}

fn usage(book: &mut Book) {
    let counted = CountedHours {
        debit: None,
        credit: Some(490_003),
    };
    book.value("CountedHours", &counted);
    let key = UsageKey {
        participant: debtor(),
        currency: word("PKR"),
        direction: Direction::Debit,
    };
    book.value("UsageKey", &key);
    // Only the ledger adds to a sum.
    let sum: SlidingSum =
        serde_json::from_str(r#"{"buckets":[[490000,"7"],[490003,"5"]]}"#).unwrap();
    book.value("SlidingSum", &sum);
}

fn debtor() -> Lei {
    word("529900T8BM49AURSDO55")
}

fn creditor() -> Lei {
    word("5493001KJTIIGC8Y1R12")
}

pub(super) fn validator(seed: u8, jurisdiction: &str) -> Validator {
    Validator {
        key: secret(seed).public_key(),
        power: 10 + u64::from(seed),
        jurisdiction: word(jurisdiction),
    }
}

fn chain_row(book: &mut Book) {
    let (first, second) = (validator(1, "PK"), validator(2, "KG"));
    let row = ChainRecord {
        chain_id: chain(),
        height: Height::new(5),
        time: time(0),
        validators: ValidatorSet::new(vec![first.clone()]).unwrap(),
        next_validators: ValidatorSet::new(vec![first, second]).unwrap(),
        jurisdictions: vec![word("KG"), word("PK")],
        rulebook: 3,
        queue_entries: 8,
    };
    book.value("ChainRecord", &row);
}

fn currencies(book: &mut Book) {
    let statuses = every!(CurrencyStatus {
        Active => CurrencyStatus::Active,
        Halted => CurrencyStatus::Halted { reason: word("RTGS outage") },
    });
    for (name, status) in statuses {
        book.value(name, &status);
    }
    let currency = Currency {
        issuer: debtor(),
        contra: word("PKR-CONTRA"),
        payment_max: Amount::from_minor(800_000_000),
        payment_min: Amount::from_minor(100),
        supply_cap: Amount::from_minor(2_000_000_000),
        utc_offset_minutes: -210,
        issuer_window: (480, 1_080),
        status: CurrencyStatus::Active,
        issued: Amount::from_minor(500_000_000),
        redeemed: Amount::from_minor(3_000),
        business_date: word("2026-11-23"),
        day_ends: time(86_400),
    };
    book.value("Currency", &currency);
    let reference = RtgsReference {
        currency: word("PKR"),
        reference: word("RTGS-CR-1"),
    };
    book.value("RtgsReference", &reference);
}

pub(super) fn tier(up_to: Option<u128>, makers: u8, checkers: u8, releasers: u8) -> ApprovalTier {
    ApprovalTier {
        up_to: up_to.map(|minor| (word("PKR"), Amount::from_minor(minor))),
        makers,
        checkers,
        releasers,
    }
}

pub(super) fn payload_recipient() -> String {
    format!("age1{}", "q".repeat(58))
}

fn participants(book: &mut Book) {
    let kinds = every!(ParticipantKind {
        CentralBank,
        Bank,
        Vasp,
        Emi,
        Pso,
    });
    for (name, kind) in kinds {
        book.value(name, &kind);
    }
    for (name, status) in every!(ParticipantStatus { Active, Suspended }) {
        book.value(name, &status);
    }
    let policy = ApprovalPolicy {
        tiers: vec![tier(Some(100_000), 1, 0, 0), tier(None, 1, 2, 3)],
    };
    book.value("ApprovalTier", &policy.tiers[0]);
    book.value("ApprovalTier/last", &policy.tiers[1]);
    book.value("ApprovalPolicy", &policy);
    let participant = Participant {
        name: word("Кербен Bank"),
        bic: Some(word("GOLSKGKA")),
        members: vec![ClearingMember {
            system: word("KGBIK"),
            member: word("109001"),
        }],
        payload_recipient: Some(word(&payload_recipient())),
        jurisdiction: word("KG"),
        kind: ParticipantKind::Bank,
        status: ParticipantStatus::Suspended,
        policy,
    };
    book.value("Participant", &participant);
    let least = Participant {
        bic: None,
        members: Vec::new(),
        payload_recipient: None,
        ..participant
    };
    book.value("Participant/least", &least);
}

fn keys(book: &mut Book) {
    let holders = every!(Holder {
        Participant => Holder::Participant(debtor()),
        Governor => Holder::Governor(word("PK")),
        Regulator => Holder::Regulator(word("KG")),
        Auditor => Holder::Auditor(word("KZ")),
        Court => Holder::Court(word("UZ")),
    });
    for (name, holder) in holders {
        book.value(name, &holder);
    }
    let roles = every!(Role {
        Maker,
        Checker,
        Releaser,
        Approver,
        Access,
        Compliance,
    });
    for (name, role) in roles {
        book.value(name, &role);
    }
    let key = KeyRecord {
        holder: Holder::Participant(debtor()),
        role: Role::Releaser,
        revoked_at: Some(time(9)),
    };
    book.value("KeyRecord", &key);
    let in_force = KeyRecord {
        revoked_at: None,
        ..key
    };
    book.value("KeyRecord/in-force", &in_force);
}

fn accounts(book: &mut Book) {
    let classes = every!(AccountClass {
        Settlement,
        ClientSegregated,
        IssuerContra,
    });
    for (name, class) in classes {
        book.value(name, &class);
    }
    let statuses = every!(AccountStatus {
        Open,
        BlockedDebit,
        BlockedCredit,
        Blocked,
        Closed,
    });
    for (name, status) in statuses {
        book.value(name, &status);
    }
    let account = Account {
        owner: debtor(),
        currency: word("PKR"),
        class: AccountClass::ClientSegregated,
        status: AccountStatus::BlockedDebit,
        posted: 1_234_500,
        held: Amount::from_minor(500),
        reserved_urgent: Amount::from_minor(70),
        reserved_high: Amount::from_minor(80),
        credit_line: Amount::from_minor(90),
        overdue: true,
        above_overnight: false,
        day: AccountDay {
            date: word("2026-11-23"),
            opening: 1_000_000,
            entries: 3,
            digest: hash(4),
            before: hash(5),
        },
    };
    book.value("Account", &account);
    let contra = Account {
        class: AccountClass::IssuerContra,
        posted: -1_234_500,
        ..account
    };
    book.value("Account/contra", &contra);
    business_days(book);
}

fn business_days(book: &mut Book) {
    let key = BusinessDayKey {
        currency: word("PKR"),
        date: word("2026-11-23"),
    };
    book.value("BusinessDayKey", &key);
    let record = BusinessDayRecord {
        first: Height::new(7),
        opened: time(9),
    };
    book.value("BusinessDayRecord", &record);
    let key = CreditLineKey {
        participant: debtor(),
        currency: word("PKR"),
    };
    book.value("CreditLineKey", &key);
    let line = CreditLine {
        account: word("PK-1"),
        limit: Some(Amount::from_minor(70_000)),
        pledges: vec![Pledge {
            reference: word("PIB-2031-07"),
            value: Amount::from_minor(100_000),
            haircut_bps: 500,
        }],
    };
    book.value("CreditLine", &line);
    book.value("Pledge", &line.pledges[0]);
}

fn instruction_key(digit: u8) -> InstructionKey {
    InstructionKey {
        agent: debtor(),
        uetr: uetr(digit),
    }
}

fn records(book: &mut Book) {
    book.value("InstructionKey", &instruction_key(1));
    let kinds = every!(RecordKind {
        Payment => RecordKind::Payment,
        IssueRequest => RecordKind::IssueRequest,
        Redemption => RecordKind::Redemption,
        Hold => RecordKind::Hold {
            expires: time(60),
            payment: PaymentKind::Customer,
            counted: CountedHours { debit: Some(490_000), credit: None },
            travel: TravelData {
                ivms_commitment: Some(hash(5)),
                pair_tag: Some(hash(6)),
            },
        },
        Return => RecordKind::Return { original: instruction_key(2), reason: word("AC04") },
    });
    let travel = TravelData {
        ivms_commitment: Some(hash(5)),
        pair_tag: None,
    };
    book.value("TravelData", &travel);
    for (name, kind) in kinds {
        let record = Record {
            instruction: InstructionHash(hash(1)),
            transaction: TransactionId(hash(2)),
            kind: kind.clone(),
            status: TransactionStatus::Rjct,
            refusal: Some(Refusal {
                reason: word("AM04"),
                code: 1301,
                name: word("INSUFFICIENT_FUNDS"),
                detail: word("account PK-1 does not hold enough available funds"),
            }),
            movement: Movement {
                uetr: uetr(1),
                debtor_agent: debtor(),
                creditor_agent: Some(creditor()),
                debtor_account: Some(word("PK-1")),
                creditor_account: Some(word("KG-1")),
                currency: word("PKR"),
                amount: Amount::from_minor(1_234_500),
                message_hash: Some(hash(7)),
            },
            returned: Amount::from_minor(500),
            height: Height::new(5),
            retained_until: time(86_400),
            settled: Some(time(30)),
        };
        book.value(name, &kind);
        book.value(&format!("Record/{name}"), &record);
    }
}

fn recalls(book: &mut Book) {
    let decisions = every!(RecallDecision {
        Cancel => RecallDecision::Cancel {
            uetr: uetr(4),
            amount: Amount::from_minor(1_234_500),
            reason: word("FOCR"),
            message_hash: Some(hash(7)),
        },
        Reject => RecallDecision::Reject { reason: word("CUST") },
    });
    for (name, decision) in decisions {
        book.value(name, &decision);
    }
    let statuses = every!(RecallStatus {
        Pending => RecallStatus::Pending,
        Overdue => RecallStatus::Overdue,
        Cancelled => RecallStatus::Cancelled { by: instruction_key(4) },
        Rejected => RecallStatus::Rejected { reason: word("CUST") },
    });
    for (name, status) in statuses {
        let case = RecallCase {
            instruction: InstructionHash(hash(1)),
            transaction: TransactionId(hash(2)),
            case: Some(word("CASE-1")),
            reason: word("FRAD"),
            opened: time(60),
            answer_until: time(120),
            status: status.clone(),
            height: Height::new(6),
        };
        book.value(name, &status);
        book.value(&format!("RecallCase/{name}"), &case);
    }
}

fn approvals(book: &mut Book) {
    let waiting = PendingApproval {
        operation: Operation::examples().remove(0),
        transaction: TransactionId(hash(2)),
        references: vec![instruction_key(2), instruction_key(1)],
        valid_until: time(3_600),
        signers: BTreeSet::from([secret(1).public_key(), secret(2).public_key()]),
    };
    book.value("PendingApproval", &waiting);
}
