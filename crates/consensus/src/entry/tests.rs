use super::*;
use crate::cluster::hex;
use crate::signer::LogEntry;
use crate::timeout::TimeoutKind;
use karwan_types::{CommitSignature, PublicKey, Signature, VoteKind, decode, encode};

/// The log entry has exactly these bytes, reads back, and knows its height.
fn check(entry: EngineEntry, parts: &[&str]) {
    assert_eq!(entry.height(), Height::new(5));
    let entry = LogEntry::Engine(entry);
    let bytes = encode(&entry);
    assert_eq!(hex(&bytes), ["01000000", &parts.concat()].concat());
    assert_eq!(decode::<LogEntry>(&bytes, 4096).unwrap(), entry);
    assert_eq!(entry.height(), Height::new(5));
}

const AT: &str = "050000000000000002000000";
const HEIGHT: Height = Height::new(5);
const ROUND: Round = Round::new(2);
const BLOCK: Hash = Hash::from_bytes([0xaa; 32]);

#[test]
fn the_bytes_of_entries_made_here_are_fixed() {
    let block = "aa".repeat(32);
    let proposed = EngineEntry::Proposed {
        height: HEIGHT,
        round: ROUND,
        block: BLOCK,
    };
    check(proposed, &["00000000", AT, &block]);
    let validated = EngineEntry::Validated {
        height: HEIGHT,
        round: ROUND,
        block: BLOCK,
        valid: true,
    };
    check(validated, &["01000000", AT, &block, "01"]);
    let timeout = Timeout {
        height: HEIGHT,
        round: ROUND,
        kind: TimeoutKind::Precommit,
    };
    check(
        EngineEntry::TimedOut(timeout),
        &["05000000", AT, "02000000"],
    );
}

#[test]
fn the_bytes_of_entries_made_of_messages_are_fixed() {
    let validator = PublicKey::from_bytes([0xbb; 32]);
    let signature = Signature::from_bytes([0xee; 64]);
    let (block, key, signed) = ("aa".repeat(32), "bb".repeat(32), "ee".repeat(64));
    let vote = Vote {
        kind: VoteKind::Prevote,
        height: HEIGHT,
        round: ROUND,
        block: None,
        validator,
        signature,
    };
    check(
        EngineEntry::Vote(vote),
        &["02000000", "00000000", AT, "00", &key, &signed],
    );
    let proposal = Proposal {
        height: HEIGHT,
        round: ROUND,
        valid_round: None,
        block: BLOCK,
        proposer: validator,
        signature,
    };
    check(
        EngineEntry::Proposal(proposal),
        &["03000000", AT, "00", &block, &key, &signed],
    );
    let polka = PolkaCertificate {
        height: HEIGHT,
        round: ROUND,
        block: BLOCK,
        signatures: vec![CommitSignature {
            validator: 3,
            signature,
        }],
    };
    check(
        EngineEntry::PolkaCertificate(polka),
        &["04000000", AT, &block, "0100000000000000", "0300", &signed],
    );
}
