//! What waits, the limits that it waits for, and what a cycle did.

use super::{Book, every, hash, time, uetr, word};
use karwan_ledger::{
    BilateralLimit, CycleRecord, CycleValue, InstructionKey, LimitKey, OnShortage, PaymentTerms,
    Priority, QueueEnd, QueueEntry, QueuedLeg,
};
use karwan_types::{Amount, InstructionHash, TransactionId};

pub(super) fn add(book: &mut Book) {
    for (name, choice) in every!(OnShortage { Queue, Refuse }) {
        book.value(name, &choice);
    }
    for (name, end) in every!(QueueEnd { Front, Back }) {
        book.value(name, &end);
    }
    let leg = QueuedLeg {
        key: InstructionKey {
            agent: word("529900T8BM49AURSDO55"),
            uetr: uetr(4),
        },
        terms: PaymentTerms::example(),
        debit: word("1091234567890123"),
    };
    let entry = QueueEntry {
        instruction: InstructionHash(hash(1)),
        transaction: TransactionId(hash(2)),
        legs: vec![leg.clone()],
        priority: Priority::High,
        place: 7,
        from: time(1),
        until: time(2),
        attest_by: Some(time(3)),
    };
    book.value("QueuedLeg", &leg);
    book.value("QueueEntry", &entry);
    let key = LimitKey {
        debtor: word("529900T8BM49AURSDO55"),
        creditor: word("5493001KJTIIGC8Y1R12"),
        currency: word("PKR"),
    };
    book.value("LimitKey", &key);
    let limit = BilateralLimit {
        limit: Amount::from_minor(5_000),
        position: -70,
    };
    book.value("BilateralLimit", &limit);
    let value = CycleValue {
        currency: word("PKR"),
        value: Amount::from_minor(900),
        liquidity: Amount::from_minor(100),
    };
    let cycle = CycleRecord {
        entries: 9,
        settled: [1, 2, 3],
        excluded: 3,
        values: vec![value.clone()],
    };
    book.value("CycleValue", &value);
    book.value("CycleRecord", &cycle);
}
