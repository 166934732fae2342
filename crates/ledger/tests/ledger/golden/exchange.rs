//! Reference rates and quotes.

use super::{Book, every, hash, time, uetr, word};
use karwan_ledger::{
    CurrencyPair, DealtSide, ExchangeRecord, ExchangeStatus, InstructionKey, QuoteRecord,
    QuoteStatus, RateFixKey, RateFixRecord,
};
use karwan_types::{Amount, DurationMs, Height, InstructionHash};

pub(super) fn add(book: &mut Book) {
    for (name, side) in every!(DealtSide { Buy, Sell }) {
        book.value(name, &side);
    }
    let pair = CurrencyPair::of(word("PKR"), word("KGS"));
    let key = RateFixKey {
        pair,
        date: word("2026-11-23"),
    };
    let fix = RateFixRecord {
        rate: word("3.2"),
        instruction: InstructionHash(hash(1)),
        retained_until: time(7),
    };
    book.value("CurrencyPair", &pair);
    book.value("RateFixKey", &key);
    book.value("RateFixRecord", &fix);
    let key = InstructionKey {
        agent: word("529900T8BM49AURSDO55"),
        uetr: uetr(4),
    };
    book.value("InstructionKey/quote", &key);
    let statuses = every!(ExchangeStatus {
        Proposed,
        Matched,
        Settled,
        Expired,
        Cancelled,
        Refused,
    });
    for (name, status) in statuses {
        let exchange = ExchangeRecord {
            legs: [
                key,
                InstructionKey {
                    uetr: uetr(5),
                    ..key
                },
            ],
            quote: Some(key),
            settle_till: time(8),
            status,
            height: Height::new(5),
            retained_until: time(9),
        };
        book.value(name, &status);
        book.value(&format!("ExchangeRecord/{name}"), &exchange);
    }
    for (name, status) in every!(QuoteStatus { Open, Withdrawn }) {
        let quote = QuoteRecord {
            instruction: InstructionHash(hash(2)),
            currency: word("PKR"),
            counter_currency: word("KGS"),
            rate: word("3.2"),
            minimum: Amount::from_minor(100),
            maximum: Amount::from_minor(500),
            remaining: Amount::from_minor(900),
            expires: time(5),
            settle_within_ms: DurationMs::from_millis(600_000),
            margin_bps: 25,
            to: Some(word("5493001KJTIIGC8Y1R12")),
            status,
            retained_until: time(6),
        };
        book.value(name, &status);
        book.value(&format!("QuoteRecord/{name}"), &quote);
    }
}
