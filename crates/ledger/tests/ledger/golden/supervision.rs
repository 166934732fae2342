//! Licences and freezes with every field filled.

use super::{Book, every, hash, time, uetr, word};
use karwan_ledger::{
    Attestation, AttestationKey, ChecklistDocument, FreezeEntry, FreezeKey, FreezeMode,
    FreezeRecord, FreezeRow, FreezeSubject, InstructionKey, Licence, LicenceKey, LicenceScope,
    LicenceStatus, Money, PairKey, PairSum, PastFreezes, QueuedPayments, SlidingSum, Suspension,
};
use karwan_types::{Amount, DurationMs, Height, InstructionHash, TransactionId};

pub(super) fn add(book: &mut Book) {
    let key = LicenceKey {
        participant: word("529900T8BM49AURSDO55"),
        activity: word("SETTLEMENT"),
    };
    book.value("LicenceKey", &key);
    for (name, queued) in every!(QueuedPayments { Wait, Refuse }) {
        book.value(name, &queued);
    }
    let suspension = Suspension {
        until: Some(time(9)),
        queued: QueuedPayments::Refuse,
        client_withdrawals: true,
    };
    book.value("Suspension", &suspension);
    let statuses = every!(LicenceStatus {
        Applied => LicenceStatus::Applied,
        NoObjection => LicenceStatus::NoObjection,
        Refused => LicenceStatus::Refused,
        Granted => LicenceStatus::Granted,
        Suspended => LicenceStatus::Suspended(suspension),
        Revoked => LicenceStatus::Revoked { wind_down_until: time(8) },
        Expired => LicenceStatus::Expired { wind_down_until: time(7) },
        Surrendered => LicenceStatus::Surrendered { wind_down_until: time(6) },
    });
    for (name, status) in statuses {
        book.value(name, &status);
    }
    let licence = Licence {
        status: LicenceStatus::Granted,
        documents: vec![ChecklistDocument {
            item: word("BUSINESS-PLAN"),
            hash: hash(1),
        }],
        no_objection: Some(word("NOC-7")),
        scope: LicenceScope {
            currencies: vec![word("KGS"), word("PKR")],
            corridors: vec![word("KG")],
            payment_max: vec![Money {
                currency: word("PKR"),
                amount: Amount::from_minor(5_000),
            }],
        },
        conditions: vec![word("Quarterly report")],
        from: time(1),
        until: time(2),
        instruction: InstructionHash(hash(3)),
        transaction: TransactionId(hash(4)),
        operation: word("LicenceGrant"),
        changed: time(3),
    };
    book.value("ChecklistDocument", &licence.documents[0]);
    book.value("LicenceScope", &licence.scope);
    book.value("Licence", &licence);
    add_freezes(book);
    add_attestations(book);
}

fn add_attestations(book: &mut Book) {
    let payment = InstructionKey {
        agent: word("529900T8BM49AURSDO55"),
        uetr: uetr(4),
    };
    let key = AttestationKey {
        payment,
        creditor_agent: word("5493001KJTIIGC8Y1R12"),
    };
    book.value("AttestationKey", &key);
    let row = Attestation {
        debtor_account: word("PK-1"),
        creditor_account: word("KG-1"),
        money: Money {
            currency: word("PKR"),
            amount: Amount::from_minor(5_000),
        },
        ivms_commitment: hash(1),
        pair_tag: Some(hash(2)),
        expires: time(1),
        rulebook: 7,
        instruction: InstructionHash(hash(3)),
        height: Height::new(5),
        kept_until: time(2),
    };
    book.value("Attestation", &row);
    let pair = PairKey {
        debtor_agent: payment.agent,
        creditor_agent: key.creditor_agent,
        currency: word("PKR"),
        tag: Some(hash(2)),
    };
    book.value("PairKey", &pair);
    let sum = PairSum {
        sum: SlidingSum::default(),
        kept_until: time(3),
    };
    book.value("PairSum", &sum);
}

fn add_freezes(book: &mut Book) {
    let subjects = every!(FreezeSubject {
        Account => FreezeSubject::Account(word("1091234567890123")),
        Participant => FreezeSubject::Participant(word("529900T8BM49AURSDO55")),
        Currency => FreezeSubject::Currency(word("PKR")),
        Corridor => FreezeSubject::Corridor(word("KG")),
    });
    for (name, subject) in subjects {
        book.value(name, &subject);
    }
    let key = FreezeKey {
        jurisdiction: word("PK"),
        subject: FreezeSubject::Corridor(word("KG")),
    };
    book.value("FreezeKey", &key);
    for (name, mode) in every!(FreezeMode {
        Debit,
        Credit,
        Full
    }) {
        book.value(name, &mode);
    }
    let freeze = FreezeRecord {
        mode: FreezeMode::Full,
        from: time(1),
        until: Some(time(2)),
        legal_basis: word("PK AMLA 2010 s.9"),
        order_hash: hash(5),
        court_order_hash: Some(hash(6)),
        redemption_allowed: true,
        salt: hash(7),
        lasted_before_ms: DurationMs::from_millis(9),
        instruction: InstructionHash(hash(8)),
        transaction: TransactionId(hash(9)),
    };
    book.value("FreezeRecord", &freeze);
    book.value("FreezePlace", &key.place());
    let entries = every!(FreezeEntry {
        Boundary => FreezeEntry::Boundary,
        Freeze => FreezeEntry::Freeze(key.subject.clone()),
        Past => FreezeEntry::Past(key.subject.clone()),
    });
    for (name, entry) in entries {
        book.value(name, &entry);
    }
    let past = PastFreezes {
        lasted_ms: DurationMs::from_millis(10),
        counts_until: time(4),
    };
    book.value("PastFreezes", &past);
    let rows = every!(FreezeRow {
        Boundary => FreezeRow::Boundary(hash(3)),
        Freeze => FreezeRow::Freeze(freeze.clone()),
        Past => FreezeRow::Past(past),
    });
    for (name, row) in rows {
        book.value(name, &row);
    }
}
