use super::*;
use crate::certificate::{RoundCertificateKind, RoundSignature};
use crate::cluster::hex;
use karwan_types::CommitSignature;

fn signature() -> Signature {
    Signature::from_bytes([0xee; 64])
}

fn vote() -> Vote {
    Vote {
        kind: VoteKind::Precommit,
        height: Height::new(5),
        round: Round::new(2),
        block: Some(Hash::from_bytes([0xaa; 32])),
        validator: PublicKey::from_bytes([0xbb; 32]),
        signature: signature(),
    }
}

fn proposal() -> Proposal {
    Proposal {
        height: Height::new(5),
        round: Round::new(2),
        valid_round: Some(Round::new(1)),
        block: Hash::from_bytes([0xaa; 32]),
        proposer: PublicKey::from_bytes([0xbb; 32]),
        signature: signature(),
    }
}

fn polka(signatures: usize) -> ConsensusMessage {
    let one = CommitSignature {
        validator: 3,
        signature: signature(),
    };
    ConsensusMessage::PolkaCertificate(PolkaCertificate {
        height: Height::new(5),
        round: Round::new(2),
        block: Hash::from_bytes([0xaa; 32]),
        signatures: vec![one; signatures],
    })
}

fn votes(signatures: usize) -> ConsensusMessage {
    let one = RoundSignature {
        kind: VoteKind::Prevote,
        block: Some(Hash::from_bytes([0xaa; 32])),
        validator: 3,
        signature: signature(),
    };
    ConsensusMessage::RoundCertificate(RoundCertificate {
        height: Height::new(5),
        round: Round::new(2),
        kind: RoundCertificateKind::Skip,
        signatures: vec![one; signatures],
    })
}

/// The message has exactly these bytes, and they read back as it.
fn check(message: &ConsensusMessage, parts: &[&str]) {
    let bytes = message.encode();
    assert_eq!(hex(&bytes), parts.concat());
    assert_eq!(&ConsensusMessage::decode(&bytes).unwrap(), message);
}

#[test]
fn the_bytes_of_every_message_are_fixed() {
    let (height, round) = ("0500000000000000", "02000000");
    let (block, key, signature) = ("aa".repeat(32), "bb".repeat(32), "ee".repeat(64));
    let one = "0100000000000000";
    check(
        &ConsensusMessage::Vote(vote()),
        &[
            "00000000", "01000000", height, round, "01", &block, &key, &signature,
        ],
    );
    let nil = Vote {
        kind: VoteKind::Prevote,
        block: None,
        ..vote()
    };
    check(
        &ConsensusMessage::Vote(nil),
        &[
            "00000000", "00000000", height, round, "00", &key, &signature,
        ],
    );
    check(
        &ConsensusMessage::Proposal(proposal()),
        &[
            "01000000",
            height,
            round,
            "0101000000",
            &block,
            &key,
            &signature,
        ],
    );
    check(
        &polka(1),
        &["02000000", height, round, &block, one, "0300", &signature],
    );
    let skipped = ["00000000", "01", &block, "0300", &signature].concat();
    check(
        &votes(1),
        &["03000000", height, round, "01000000", one, &skipped],
    );
}

#[test]
fn the_largest_certificate_fits_and_a_larger_one_is_refused() {
    for largest in [polka(VALIDATORS_MAX), votes(VALIDATORS_MAX)] {
        let bytes = largest.encode();
        assert!(bytes.len() <= CONSENSUS_MESSAGE_BYTES_MAX);
        assert_eq!(ConsensusMessage::decode(&bytes).unwrap(), largest);
    }
    for larger in [polka(VALIDATORS_MAX + 1), votes(VALIDATORS_MAX + 1)] {
        let refused = ConsensusMessage::decode(&larger.encode());
        assert!(matches!(refused, Err(MessageError::TooManySignatures(129))));
    }
}

#[test]
fn a_round_that_honest_validators_never_reach_is_refused() {
    let far = Vote {
        round: Round::new(ROUND_MAX.get() + 1),
        ..vote()
    };
    let refused = ConsensusMessage::decode(&ConsensusMessage::Vote(far).encode());
    assert!(matches!(refused, Err(MessageError::RoundTooHigh(_))));
}

#[test]
fn truncated_extended_and_altered_kinds_are_refused() {
    let bytes = ConsensusMessage::Vote(vote()).encode();
    for length in 0..bytes.len() {
        assert!(
            ConsensusMessage::decode(&bytes[..length]).is_err(),
            "{length}"
        );
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(ConsensusMessage::decode(&longer).is_err());
    let mut unknown = bytes;
    unknown[0] = 4;
    assert!(ConsensusMessage::decode(&unknown).is_err());
    let oversize = vec![0; CONSENSUS_MESSAGE_BYTES_MAX + 1];
    assert!(ConsensusMessage::decode(&oversize).is_err());
}
