//! A receipt convinces only if it is true: every byte of it flipped, foreign chains, forged and short certificates.

use super::*;
use crate::*;

fn secret(byte: u8) -> SecretKey {
    SecretKey::from_seed(&[byte; 32])
}

fn set(bytes: &[u8]) -> ValidatorSet {
    let validators = bytes.iter().map(|byte| Validator {
        key: secret(*byte).public_key(),
        power: 1,
        jurisdiction: "PK".parse().unwrap(),
    });
    ValidatorSet::new(validators.collect()).unwrap()
}

fn chain() -> ChainId {
    ChainId::of_genesis(b"test genesis")
}

fn outcome(byte: u8) -> Outcome {
    Outcome {
        transaction: Some(TransactionId(Hash::from_bytes([byte; 32]))),
        instruction: InstructionHash(Hash::from_bytes([byte; 32])),
        operation: "Pay".parse().unwrap(),
        status: TransactionStatus::Acsc,
        refusal: None,
        clause: "5".parse().unwrap(),
        rulebook: 1,
        emergency: None,
        withheld: None,
        movement: Some(Movement {
            uetr: Uetr::from_random_bytes([byte; 16]),
            debtor_agent: "529900T8BM49AURSDO55".parse().unwrap(),
            creditor_agent: None,
            debtor_account: Some("1091234567890123".parse().unwrap()),
            creditor_account: None,
            currency: "PKR".parse().unwrap(),
            amount: Amount::from_minor(1_234_500),
            message_hash: None,
        }),
        booked: true,
    }
}

fn certify(header: &BlockHeader, signers: &[u8], validators: &ValidatorSet) -> CommitCertificate {
    let (height, round, block_hash) = (header.height, Round::ZERO, header.hash());
    let body = vote_bytes(VoteKind::Precommit, height, round, Some(block_hash));
    let mut signatures: Vec<CommitSignature> = signers
        .iter()
        .map(|byte| CommitSignature {
            validator: u16::try_from(validators.get(&secret(*byte).public_key()).unwrap().0)
                .unwrap(),
            signature: secret(*byte).sign(SigningDomain::Vote, &chain(), &body),
        })
        .collect();
    signatures.sort_by_key(|signature| signature.validator);
    CommitCertificate {
        height,
        round,
        block_hash,
        signatures,
    }
}

fn header(
    height: u64,
    validators: &ValidatorSet,
    next: &ValidatorSet,
    outcomes: &[Outcome],
) -> BlockHeader {
    BlockHeader {
        version: BLOCK_VERSION,
        chain_id: chain(),
        height: Height::new(height),
        time: Timestamp::from_millis(1_790_000_000_000),
        parent: Hash::from_bytes([3; 32]),
        transactions_root: Hash::from_bytes([4; 32]),
        receipts_root: receipts_root(outcomes),
        state_root: Hash::from_bytes([5; 32]),
        validators_hash: validators.hash(),
        next_validators_hash: next.hash(),
        proposer: secret(1).public_key(),
    }
}

/// A receipt of the second outcome of three at height 9, after the set changed at height 5.
fn receipt(signers: &[u8]) -> (Receipt, TrustAnchor) {
    let (first, second) = (set(&[1, 2, 3, 4]), set(&[2, 3, 4, 5]));
    let outcomes = [outcome(1), outcome(2), outcome(3)];
    let leaves: Vec<Hash> = outcomes.iter().map(Outcome::hash).collect();
    let change = header(5, &first, &second, &[]);
    let last = header(9, &second, &second, &outcomes);
    let receipt = Receipt {
        version: RECEIPT_VERSION,
        outcome: outcomes[1].clone(),
        path: merkle_path(&leaves, 1).unwrap(),
        certificate: certify(&last, signers, &second),
        header: last,
        validator_changes: vec![ValidatorChange {
            certificate: certify(&change, &[1, 2, 4], &first),
            header: change,
            next: second,
        }],
    };
    let anchor = TrustAnchor {
        chain_id: chain(),
        validators: first,
    };
    (receipt, anchor)
}

fn verify_file(bytes: &[u8], anchor: &TrustAnchor) -> Result<(), ReceiptError> {
    verify_receipt(&Receipt::from_file(bytes)?, anchor)
}

#[test]
fn a_true_receipt_convinces() {
    let (receipt, anchor) = receipt(&[2, 3, 4, 5]);
    verify_file(&receipt.to_file(), &anchor).unwrap();
}

#[test]
fn a_receipt_with_any_single_byte_flipped_is_refused() {
    let (receipt, anchor) = receipt(&[2, 3, 5]);
    let file = receipt.to_file();
    for position in 0..file.len() {
        for mask in [0x01, 0x20, 0x80] {
            let mut changed = file.clone();
            changed[position] ^= mask;
            assert!(
                verify_file(&changed, &anchor).is_err(),
                "byte {position} ^ {mask:#x}"
            );
        }
    }
}

#[test]
fn a_receipt_of_another_chain_is_refused_and_says_so() {
    let (receipt, mut anchor) = receipt(&[2, 3, 5]);
    anchor.chain_id = ChainId::of_genesis(b"another genesis");
    let error = verify_receipt(&receipt, &anchor).unwrap_err();
    assert!(matches!(error, ReceiptError::WrongChain { .. }), "{error}");
}

#[test]
fn another_genesis_validator_set_is_refused() {
    let (receipt, mut anchor) = receipt(&[2, 3, 5]);
    anchor.validators = set(&[1, 2, 3, 9]);
    let error = verify_receipt(&receipt, &anchor).unwrap_err();
    assert!(matches!(error, ReceiptError::Validators(_)), "{error}");
}

#[test]
fn a_short_certificate_is_refused() {
    let (receipt, anchor) = receipt(&[2, 3]);
    let error = verify_receipt(&receipt, &anchor).unwrap_err();
    assert_eq!(
        error.to_string(),
        "at height 9: the certificate carries voting power 2 of 4, not more than two thirds"
    );
}

#[test]
fn a_forged_or_doubled_signature_is_refused() {
    let (mut forged, anchor) = receipt(&[2, 3, 4, 5]);
    let other = forged.certificate.signatures[0].signature;
    forged.certificate.signatures[3].signature = other;
    let error = verify_receipt(&forged, &anchor).unwrap_err();
    assert!(error.to_string().contains("does not verify"), "{error}");

    let (mut doubled, anchor) = receipt(&[2, 3, 4]);
    let first = doubled.certificate.signatures[0].clone();
    doubled.certificate.signatures.insert(0, first);
    let error = verify_receipt(&doubled, &anchor).unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
}

#[test]
fn an_outcome_that_is_not_in_the_block_is_refused() {
    let (mut receipt, anchor) = receipt(&[2, 3, 5]);
    receipt.outcome = outcome(7);
    let error = verify_receipt(&receipt, &anchor).unwrap_err();
    assert!(matches!(error, ReceiptError::Outcome(_)), "{error}");
}

#[test]
fn a_hidden_or_invented_validator_change_is_refused() {
    let (mut hidden, anchor) = receipt(&[2, 3, 5]);
    hidden.validator_changes.clear();
    assert!(matches!(
        verify_receipt(&hidden, &anchor),
        Err(ReceiptError::Validators(_))
    ));

    let (mut invented, anchor) = receipt(&[2, 3, 5]);
    invented.validator_changes[0].next = set(&[6, 7, 8, 9]);
    assert!(matches!(
        verify_receipt(&invented, &anchor),
        Err(ReceiptError::NextValidators(_))
    ));

    let (mut repeated, anchor) = receipt(&[2, 3, 5]);
    let change = repeated.validator_changes[0].clone();
    repeated.validator_changes.push(change);
    assert!(matches!(
        verify_receipt(&repeated, &anchor),
        Err(ReceiptError::ChangeOrder(_))
    ));
}
