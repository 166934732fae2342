//! Instructions of every kind, the hash that further signers approve, a transaction with its signatures and its id, and
//! the numbers of refusals.

use super::{Book, chain, every, hash, secret, time, uetr, word};
use karwan_ledger::{
    ChargeBearer, InstructionSignature, Operation, PartyCommitment, PartyDatum, Pay, PaymentKind,
    PaymentTerms, Priority, Rejection, Transaction, VerifiedTransaction, instruction_hash,
};
use karwan_types::encode;

pub(super) fn add(book: &mut Book) {
    operations(book);
    terms(book);
    transaction(book);
    for (number, reason, clause, name) in Rejection::CATALOGUE {
        let bytes = encode(&(*number, *reason, *clause, *name));
        book.bytes(&format!("Rejection.{number}"), &bytes);
    }
}

fn operations(book: &mut Book) {
    let examples = Operation::examples();
    let names: Vec<&str> = examples.iter().map(Operation::name).collect();
    assert_eq!(names, Operation::NAMES);
    for operation in &examples {
        let name = format!("Operation::{}", operation.name());
        assert_eq!(operation.check_alone(), Ok(()), "{name}");
        book.value(&name, operation);
        let instruction = instruction_hash(&chain(), operation);
        book.bytes(
            &format!("{name}.instruction_hash"),
            instruction.0.as_bytes(),
        );
    }
}

fn terms(book: &mut Book) {
    for (name, kind) in every!(PaymentKind {
        FinancialInstitution,
        Customer,
    }) {
        book.value(name, &kind);
    }
    for (name, priority) in every!(Priority { Urgt, High, Norm }) {
        book.value(name, &priority);
    }
    for (name, bearer) in every!(ChargeBearer {
        Debt,
        Cred,
        Shar,
        Slev,
    }) {
        book.value(name, &bearer);
    }
    let data = every!(PartyDatum {
        Debtor,
        DebtorAccount,
        Creditor,
        CreditorAccount,
        UltimateDebtor,
        UltimateCreditor,
        Remittance,
        RegulatoryReporting,
        InitiatingParty,
        AgentInstructions,
    });
    for (name, datum) in &data {
        book.value(name, datum);
        book.bytes(&format!("{name}.label"), datum.label().as_bytes());
    }
    let commitments = data.map(|(_, datum)| PartyCommitment {
        datum,
        commitment: hash(datum.label().len().try_into().unwrap()),
    });
    book.value("PartyCommitment", &commitments[0]);
    let full = PaymentTerms {
        debtor_account: Some(word("PK36SCBL0000001123456702")),
        from_time: Some(time(1)),
        till_time: Some(time(2)),
        reject_time: Some(time(3)),
        local_purpose: Some(word("11010201")),
        commitments: commitments.to_vec(),
        ..PaymentTerms::example()
    };
    book.value("PaymentTerms", &PaymentTerms::example());
    book.value("PaymentTerms/full", &full);
    let least = PaymentTerms {
        kind: PaymentKind::FinancialInstitution,
        instruction_id: None,
        uetr: uetr(4),
        settlement_date: None,
        creditor_account: None,
        charge_bearer: None,
        purpose: None,
        commitments: Vec::new(),
        message_hash: None,
        ivms_commitment: None,
        pair_tag: None,
        ..PaymentTerms::example()
    };
    book.value("PaymentTerms/least", &least);
}

/// A maker and a checker sign: both signatures are over the same instruction and expiry.
fn transaction(book: &mut Book) {
    let pay = Pay {
        payment: PaymentTerms::example(),
    };
    let transaction = Transaction::unsigned(chain(), pay.into(), time(3_600))
        .signed_by(&secret(1))
        .signed_by(&secret(2));
    let encoded = transaction.to_encoded();
    assert_eq!(Transaction::from_encoded(&encoded).unwrap(), transaction);
    let verified = VerifiedTransaction::from_encoded(encoded.clone(), &chain()).unwrap();
    let first: &InstructionSignature = &transaction.signatures[0];
    book.value("InstructionSignature", first);
    book.value("Transaction", &transaction);
    book.bytes("Transaction.encoded", encoded.as_bytes());
    book.bytes("Transaction.id", verified.id().0.as_bytes());
    book.bytes(
        "Transaction.instruction_hash",
        verified.instruction_hash().0.as_bytes(),
    );
}
