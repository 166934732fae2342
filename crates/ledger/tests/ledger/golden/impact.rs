//! The report of a rehearsal: proposals name the hash of its file, so its spelling may not change unnoticed.

use super::{Book, chain, every, hash, uetr, word};
use karwan_ledger::{
    ClauseTotal, CurrencyTotal, Flip, FlipCause, ImpactReport, PaymentAnswer, RehearsedCandidate,
    RehearsedRange, ValueTotal,
};
use karwan_types::{Amount, EmergencyRuleId, Height, InstructionHash, TransactionStatus};

fn answer(status: TransactionStatus, refused: bool) -> PaymentAnswer {
    PaymentAnswer {
        status,
        reason: refused.then(|| word("AM13")),
        name: refused.then(|| word("ABOVE_RULEBOOK_MAXIMUM")),
        detail: refused.then(|| word("500.00 PKR is above the largest payment")),
        clause: Some(word("C-4.10")),
        rulebook: Some(2),
        emergency: refused.then(|| EmergencyRuleId {
            jurisdiction: word("PK"),
            number: 1,
        }),
    }
}

pub(super) fn add(book: &mut Book) {
    for (name, cause) in every!(FlipCause { Rule, Consequence }) {
        book.value(name, &cause);
    }
    let value = ValueTotal {
        payments: 1,
        amount: Amount::from_minor(50_000),
    };
    let flip = Flip {
        height: Height::new(7),
        position: 3,
        agent: word("529900T8BM49AURSDO55"),
        uetr: uetr(4),
        instruction: InstructionHash(hash(1)),
        operation: word("Pay"),
        creditor_agent: Some(word("5493001KJTIIGC8Y1R12")),
        currency: word("PKR"),
        amount: Amount::from_minor(50_000),
        cause: FlipCause::Rule,
        before: Some(answer(TransactionStatus::Acsc, false)),
        after: Some(answer(TransactionStatus::Rjct, true)),
    };
    let report = ImpactReport {
        format: "karwan-impact/1".to_owned(),
        range: RehearsedRange {
            chain_id: chain(),
            from: Height::new(1),
            to: Height::new(9),
            last_block: hash(2),
            rulebooks: vec![1],
        },
        candidate: RehearsedCandidate {
            version: 2,
            hash: hash(3),
        },
        payments: 5,
        flipped: 1,
        flipped_by_rule: 1,
        by_clause: vec![ClauseTotal {
            clause: word("C-4.10"),
            flips: 1,
        }],
        by_currency: vec![CurrencyTotal {
            currency: word("PKR"),
            no_longer_settled: value,
            newly_settled: ValueTotal::default(),
        }],
        flips: vec![flip],
    };
    book.value("PaymentAnswer", &answer(TransactionStatus::Rjct, true));
    book.value("ValueTotal", &value);
    book.value("Flip", &report.flips[0]);
    book.value("RehearsedRange", &report.range);
    book.value("RehearsedCandidate", &report.candidate);
    book.value("ClauseTotal", &report.by_clause[0]);
    book.value("CurrencyTotal", &report.by_currency[0]);
    book.value("ImpactReport", &report);
    book.bytes("ImpactReport.file", &report.to_file());
    book.bytes("ImpactReport.hash", report.hash().as_bytes());
}
