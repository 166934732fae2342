//! The bytes of every word of Karwan, and what is hashed and signed over them, as `tests/golden/types.txt` has them.
//!
//! What must hold: a receipt, a block or a signature of today reads the same in years. Roots of Merkle trees and the
//! preimages of the state tree are pinned beside their code.

#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

#[path = "golden/book.rs"]
mod book;
#[path = "golden/encoded.rs"]
mod encoded;

use book::Book;
use core::fmt::Debug;
use core::str::FromStr;
use encoded::every;
use karwan_types::{
    AccountDay, AccountNumber, AgentIdentification, Amount, BLOCK_VERSION, Bic, Block, BlockFrame,
    BlockHeader, ChainId, ClearingMember, CommitCertificate, CommitSignature, CommitmentSecret,
    CurrencyCode, Date, DurationMs, EncodedTransaction, ExternalCode, Hash, HashDomain, Height,
    InstructionHash, JurisdictionCode, Lei, Max35Text, Movement, Outcome, PayloadRecipient,
    RECEIPT_VERSION, Rate, Receipt, Refusal, Round, STATE_STATEMENT_VERSION, SecretKey, Sentence,
    SigningDomain, StableName, StateKey, StateLeaf, StateProof, StateRow, StateStatement,
    StatementEntry, Timestamp, TransactionId, TransactionStatus, TrustAnchor, Uetr, Validator,
    ValidatorChange, ValidatorSet, VoteKind, Weekday, follow_entry, hash_of, merkle_path,
    proposal_bytes, receipts_root, state_node_hash, state_root, state_table_hash, state_value_hash,
    transactions_root, verify, verify_receipt, verify_token, vote_bytes,
};

const DEBTOR: &str = "529900T8BM49AURSDO55";
const CREDITOR: &str = "5493001KJTIIGC8Y1R12";

#[test]
fn the_bytes_of_every_word_are_the_committed_ones() {
    let mut book = Book::default();
    identifiers(&mut book);
    quantities(&mut book);
    hashes(&mut book);
    signatures(&mut book);
    votes(&mut book);
    outcomes(&mut book);
    statements(&mut book);
    blocks(&mut book);
    receipts(&mut book);
    state_proofs(&mut book);
    book.require_every_type();
    book.compare("types.txt");
}

#[test]
fn a_changed_a_new_and_a_lost_line_are_named() {
    let mut book = Book::default();
    book.bytes("One", &[1]);
    book.bytes("Long", &[7; 600]);
    let text = book.text();
    assert_eq!(book.difference(&text), None);
    let check = |committed: &str, expected: &str| {
        let difference = book.difference(committed).unwrap();
        assert!(difference.contains(expected), "{difference}");
    };
    check(
        &text.replace("One 01", "One 02"),
        "bytes on the wire changed: One",
    );
    check(
        &text.replace("length:600", "length:601"),
        "bytes on the wire changed: Long",
    );
    check("One 01\n", "no golden bytes yet: Long");
    check(
        &format!("{text}Old 03\n"),
        "golden bytes that nothing makes any more: Old",
    );
    check(&format!("{text}One 01\n"), "another order or repeated");
}

fn word<T: FromStr>(text: &str) -> T
where
    T::Err: Debug,
{
    text.parse().unwrap()
}

fn hash(byte: u8) -> Hash {
    Hash::from_bytes([byte; 32])
}

fn secret(byte: u8) -> SecretKey {
    SecretKey::from_seed(&[byte; 32])
}

fn chain() -> ChainId {
    ChainId::of_genesis(b"golden genesis")
}

fn uetr() -> Uetr {
    word("8a562c67-ca16-48ba-b074-65581be6f001")
}

fn clearing_member() -> ClearingMember {
    ClearingMember {
        system: word("KGBIK"),
        member: word("109001"),
    }
}

fn identifiers(book: &mut Book) {
    book.value("JurisdictionCode", &word::<JurisdictionCode>("KG"));
    book.value("Lei", &word::<Lei>(DEBTOR));
    book.value("Bic", &word::<Bic>("HABBPKKA001"));
    book.value("Bic/head-office", &word::<Bic>("HABBPKKA"));
    book.value("Uetr", &uetr());
    book.value(
        "Max35Text",
        &word::<Max35Text>("INV-2026/11 (A), no. 7+8'?:"),
    );
    book.value("ExternalCode", &word::<ExternalCode>("GDDS"));
    book.value(
        "AccountNumber",
        &word::<AccountNumber>("1091234567890123/KGS"),
    );
    book.value(
        "AccountNumber/iban",
        &word::<AccountNumber>("PK36SCBL0000001123456702"),
    );
    let recipient = format!("age1{}", "q".repeat(58));
    book.value("PayloadRecipient", &word::<PayloadRecipient>(&recipient));
    book.value("StableName", &word::<StableName>("INSUFFICIENT_FUNDS"));
    book.value("Sentence", &word::<Sentence>("Кербен, کاروان: a caravan"));
    book.value("ClearingMember", &clearing_member());
    for (name, agent) in every!(AgentIdentification {
        Bic => AgentIdentification::Bic(word("HABBPKKA001")),
        ClearingMember => AgentIdentification::ClearingMember(clearing_member()),
        Lei => AgentIdentification::Lei(word(DEBTOR)),
    }) {
        book.value(name, &agent);
    }
}

fn quantities(book: &mut Book) {
    book.value("CurrencyCode", &word::<CurrencyCode>("PKR"));
    book.value("Amount", &Amount::from_minor(1_234_500));
    book.value("Amount/largest", &Amount::from_minor(u128::MAX));
    book.value("Rate", &word::<Rate>("3.125"));
    book.value("Rate/smallest", &word::<Rate>("0.0000000001"));
    book.value("Rate/largest", &word::<Rate>("99999999999"));
    book.value("Height", &Height::new(0x0102_0304_0506_0708));
    book.value("Round", &Round::new(0x0102_0304));
    book.value("DurationMs", &DurationMs::from_millis(14_400_000));
    book.value("Timestamp", &Timestamp::from_millis(1_790_000_000_000));
    book.value("Timestamp/latest", &Timestamp::MAX);
    book.value("Date", &word::<Date>("2026-11-23"));
}

fn hashes(book: &mut Book) {
    for (name, domain) in every!(HashDomain {
        Genesis,
        Header,
        Transaction,
        Instruction,
        Outcome,
        MerkleLeaf,
        MerkleNode,
        MerkleRoot,
        StateLeaf,
        StateNode,
        StateTable,
        StateRoot,
        StateValue,
        ValidatorSet,
        Payload,
        ClauseText,
        Commitment,
        ExecutedOrder,
        WithheldOrder,
        SignedBody,
        DerivedReference,
        FreezeBoundary,
        Rulebook,
        RulebookDocument,
        ImpactReport,
        StatementEntry,
        StatementSeal,
    }) {
        book.bytes(name, hash_of(domain, &[b"preimage"]).as_bytes());
    }
    book.value("Hash", &hash(0xa5));
    book.value("ChainId", &chain());
    book.value("TransactionId", &TransactionId(hash(1)));
    book.value("InstructionHash", &InstructionHash(hash(2)));
    let salt = CommitmentSecret::from_bytes([3; 32]).salt(&uetr());
    book.bytes("PaymentSalt", salt.as_bytes());
    let commitment = salt.commit("debtor", "Aziz Акматов");
    book.bytes("PaymentSalt.commit", commitment.as_bytes());
}

fn signatures(book: &mut Book) {
    let (key, chain) = (secret(1), chain());
    book.value("PublicKey", &key.public_key());
    for (name, domain) in every!(SigningDomain {
        Instruction,
        Vote,
        Proposal,
        PayloadReceipt,
    }) {
        let signature = key.sign(domain, &chain, b"body");
        verify(&key.public_key(), domain, &chain, b"body", &signature).unwrap();
        book.bytes(name, &signature.to_bytes());
    }
    let token = key.sign_token("header.payload");
    verify_token(&key.public_key(), "header.payload", &token).unwrap();
    book.bytes("SecretKey.sign_token", &token.to_bytes());
    book.value("Signature", &token);
}

fn votes(book: &mut Book) {
    for (name, kind) in every!(VoteKind { Prevote, Precommit }) {
        book.value(name, &kind);
    }
    let (height, round) = (Height::new(5), Round::new(2));
    let precommit = vote_bytes(VoteKind::Precommit, height, round, Some(hash(6)));
    book.bytes("vote_bytes/precommit", &precommit);
    let nil = vote_bytes(VoteKind::Prevote, height, round, None);
    book.bytes("vote_bytes/prevote-nil", &nil);
    let first = proposal_bytes(height, round, None, hash(6));
    book.bytes("proposal_bytes/first", &first);
    let again = proposal_bytes(height, round, Some(Round::new(1)), hash(6));
    book.bytes("proposal_bytes/again", &again);
}

fn validator(seed: u8) -> Validator {
    Validator {
        key: secret(seed).public_key(),
        power: 10 + u64::from(seed),
        jurisdiction: word(if seed.is_multiple_of(2) { "KG" } else { "PK" }),
    }
}

fn set(seeds: &[u8]) -> ValidatorSet {
    let validators = seeds.iter().map(|seed| validator(*seed));
    ValidatorSet::new(validators.collect()).unwrap()
}

/// The precommits of all these validators.
fn certify(header: &BlockHeader, seeds: &[u8], validators: &ValidatorSet) -> CommitCertificate {
    let (height, round, block_hash) = (header.height, Round::new(2), header.hash());
    let body = vote_bytes(VoteKind::Precommit, height, round, Some(block_hash));
    let mut signatures: Vec<CommitSignature> = seeds
        .iter()
        .map(|seed| {
            let key = secret(*seed);
            let (position, _) = validators.get(&key.public_key()).unwrap();
            CommitSignature {
                validator: u16::try_from(position).unwrap(),
                signature: key.sign(SigningDomain::Vote, &chain(), &body),
            }
        })
        .collect();
    signatures.sort_by_key(|signature| signature.validator);
    let certificate = CommitCertificate {
        height,
        round,
        block_hash,
        signatures,
    };
    certificate.verify(&chain(), validators).unwrap();
    certificate
}

fn movement() -> Movement {
    Movement {
        uetr: uetr(),
        debtor_agent: word(DEBTOR),
        creditor_agent: Some(word(CREDITOR)),
        debtor_account: Some(word("PK36SCBL0000001123456702")),
        creditor_account: Some(word("1091234567890123")),
        currency: word("PKR"),
        amount: Amount::from_minor(1_234_500),
        message_hash: Some(hash(7)),
    }
}

fn refusal() -> Refusal {
    Refusal {
        reason: word("AM04"),
        code: 1301,
        name: word("INSUFFICIENT_FUNDS"),
        detail: word("account 1091234567890123 does not hold enough available funds"),
    }
}

fn settled() -> Outcome {
    Outcome {
        transaction: Some(TransactionId(hash(1))),
        instruction: InstructionHash(hash(2)),
        operation: word("Pay"),
        status: TransactionStatus::Acsc,
        refusal: None,
        clause: word("4.14"),
        rulebook: 3,
        emergency: None,
        withheld: None,
        movement: Some(movement()),
        booked: true,
    }
}

fn refused() -> Outcome {
    Outcome {
        status: TransactionStatus::Rjct,
        refusal: Some(refusal()),
        clause: word("PK-10"),
        emergency: Some(karwan_types::EmergencyRuleId {
            jurisdiction: word("PK"),
            number: 4,
        }),
        booked: false,
        ..settled()
    }
}

/// What block time brought about, for an instruction that concerns no amount.
fn by_time() -> Outcome {
    Outcome {
        transaction: None,
        operation: word("Hold"),
        status: TransactionStatus::Canc,
        movement: None,
        booked: false,
        ..settled()
    }
}

fn statements(book: &mut Book) {
    let entry = StatementEntry {
        height: Height::new(3),
        agent: word("529900T8BM49AURSDO55"),
        uetr: uetr(),
        counterparty: word("1091234567890123"),
        amount: -1_234_500,
        balance: 7,
    };
    book.value("StatementEntry", &entry);
    book.bytes("follow_entry", follow_entry(Hash::ZERO, &entry).as_bytes());
    let mut day = AccountDay::opened(word("2026-11-23"), 1_234_507);
    day.book(word("2026-11-24"), &entry);
    book.value("AccountDay", &day);
    let sealed = day.closed(7);
    book.value("SealedDay", &sealed);
    book.bytes("SealedDay.seal", sealed.seal(hash(9)).as_bytes());
    for (name, day) in every!(Weekday {
        Mon,
        Tue,
        Wed,
        Thu,
        Fri,
        Sat,
        Sun,
    }) {
        book.value(name, &day);
    }
}

fn outcomes(book: &mut Book) {
    for (name, status) in every!(TransactionStatus {
        Rcvd,
        Patc,
        Actc,
        Pdng,
        Acsp,
        Acsc,
        Accc,
        Rjct,
        Canc,
    }) {
        book.value(name, &status);
    }
    book.value("Movement", &movement());
    let least = Movement {
        creditor_agent: None,
        debtor_account: None,
        creditor_account: None,
        message_hash: None,
        ..movement()
    };
    book.value("Movement/least", &least);
    book.value("Refusal", &refusal());
    for (name, outcome) in [
        ("settled", settled()),
        ("refused", refused()),
        ("by-time", by_time()),
    ] {
        if let Some(rule) = &outcome.emergency {
            book.value("EmergencyRuleId", rule);
        }
        book.value(&format!("Outcome/{name}"), &outcome);
        book.bytes(&format!("Outcome.hash/{name}"), outcome.hash().as_bytes());
    }
}

fn transactions() -> Vec<EncodedTransaction> {
    vec![
        EncodedTransaction::new(b"first transaction".to_vec()),
        EncodedTransaction::new(b"second transaction".to_vec()),
    ]
}

fn header(height: u64, validators: &ValidatorSet, next: &ValidatorSet) -> BlockHeader {
    BlockHeader {
        version: BLOCK_VERSION,
        chain_id: chain(),
        height: Height::new(height),
        time: Timestamp::from_millis(1_790_000_000_000 + height),
        parent: hash(3),
        transactions_root: transactions_root(&transactions()),
        receipts_root: receipts_root(&[settled(), refused(), by_time()]),
        state_root: hash(5),
        validators_hash: validators.hash(),
        next_validators_hash: next.hash(),
        proposer: secret(1).public_key(),
    }
}

fn blocks(book: &mut Book) {
    let (old, new) = (set(&[1, 2, 3, 4]), set(&[2, 3, 4, 5]));
    book.value("Validator", &validator(1));
    book.value("ValidatorSet", &old);
    book.bytes("ValidatorSet.hash", old.hash().as_bytes());
    for (name, transaction) in ["first", "second"].into_iter().zip(transactions()) {
        book.value(&format!("EncodedTransaction/{name}"), &transaction);
        book.bytes(
            &format!("EncodedTransaction.id/{name}"),
            transaction.id().0.as_bytes(),
        );
    }
    let header = header(5, &old, &new);
    let certificate = certify(&header, &[1, 2, 4], &old);
    book.bytes("transactions_root", header.transactions_root.as_bytes());
    book.bytes("receipts_root", header.receipts_root.as_bytes());
    book.value("BlockHeader", &header);
    book.bytes("BlockHeader.hash", header.hash().as_bytes());
    book.value("CommitSignature", &certificate.signatures[0]);
    book.value("CommitCertificate", &certificate);
    let block = Block {
        header,
        transactions: transactions(),
    };
    book.value("Block", &block);
    let frame = BlockFrame {
        block,
        certificate,
        outcomes: vec![settled(), refused(), by_time()],
    };
    book.value("BlockFrame", &frame);
}

/// The second outcome of height 9, after the validators changed at height 5: it convinces, and its file has one spelling.
fn receipts(book: &mut Book) {
    let (old, new) = (set(&[1, 2, 3, 4]), set(&[2, 3, 4, 5]));
    let change = header(5, &old, &new);
    let last = header(9, &new, &new);
    let leaves = [settled().hash(), refused().hash(), by_time().hash()];
    let change = ValidatorChange {
        certificate: certify(&change, &[1, 2, 4], &old),
        header: change,
        next: new.clone(),
    };
    let receipt = Receipt {
        version: RECEIPT_VERSION,
        outcome: refused(),
        path: merkle_path(&leaves, 1).unwrap(),
        certificate: certify(&last, &[2, 3, 4, 5], &new),
        header: last,
        validator_changes: vec![change.clone()],
    };
    let anchor = TrustAnchor {
        chain_id: chain(),
        validators: old,
    };
    verify_receipt(&receipt, &anchor).unwrap();
    book.value("MerklePath", &receipt.path);
    book.value("ValidatorChange", &change);
    book.value("Receipt", &receipt);
    let file = receipt.to_file();
    assert_eq!(Receipt::from_file(&file).unwrap(), receipt);
    book.bytes("Receipt.file", &file);
}

/// One entry of a table of two, between two other tables, with a path that leads to the root.
fn state_proofs(book: &mut Book) {
    let key = |bytes: &[u8]| StateKey::new(bytes).unwrap();
    let leaf = |own: &[u8], value_hash: Hash, next: Option<&[u8]>| StateLeaf {
        key: key(own),
        value_hash,
        next_key: next.map(key),
    };
    let sentinel = leaf(b"", Hash::ZERO, Some(b"alice"));
    let alice = leaf(b"alice", state_value_hash(b"10"), Some(b"bob"));
    let bob = leaf(b"bob", state_value_hash(b"20"), None);
    let left = state_node_hash(&sentinel.hash(), &alice.hash());
    let right = state_node_hash(&bob.hash(), &Hash::ZERO);
    let before = state_table_hash("chain", 2, &hash(1));
    let after = state_table_hash("records", 9, &hash(2));
    let table = state_table_hash("accounts", 3, &state_node_hash(&left, &right));
    let root = state_root(&[before, table, after]);
    let proof = StateProof {
        table: "accounts".to_owned(),
        leaf_count: 3,
        slot: 1,
        leaf: alice.clone(),
        siblings: vec![sentinel.hash(), right],
        tables_before: vec![before],
        tables_after: vec![after],
    };
    proof
        .verify_presence(&root, "accounts", b"alice", b"10")
        .unwrap();
    book.value("StateKey", &alice.key);
    book.value("StateLeaf", &alice);
    book.value("StateLeaf/last", &bob);
    book.value("StateProof", &proof);
    book.bytes("StateProof.root", root.as_bytes());
    state_statements(book, &proof, root);
}

/// What the state of height 9 holds for alice: it convinces, and its file has one spelling.
fn state_statements(book: &mut Book, proof: &StateProof, root: Hash) {
    let validators = set(&[1, 2, 3, 4]);
    let header = BlockHeader {
        state_root: root,
        ..header(9, &validators, &validators)
    };
    let statement = StateStatement {
        version: STATE_STATEMENT_VERSION,
        table: "accounts".to_owned(),
        key: proof.leaf.key.clone(),
        row: Some(StateRow::new(b"10".to_vec()).unwrap()),
        proof: proof.clone(),
        certificate: certify(&header, &[1, 2, 3], &validators),
        header,
        validator_changes: Vec::new(),
    };
    let anchor = TrustAnchor {
        chain_id: chain(),
        validators,
    };
    statement.verify(&anchor).unwrap();
    book.value("StateRow", statement.row.as_ref().unwrap());
    book.value("StateStatement", &statement);
    let file = statement.to_file();
    assert_eq!(StateStatement::from_file(&file).unwrap(), statement);
    book.bytes("StateStatement.file", &file);
}
