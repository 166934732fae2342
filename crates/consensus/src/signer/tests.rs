use super::*;
use crate::cluster::hex;
use karwan_types::encode;

fn mark(height: u64, round: u32, step: Step, byte: u8) -> Watermark {
    Watermark {
        height: Height::new(height),
        round: Round::new(round),
        step,
        hash: Hash::from_bytes([byte; 32]),
    }
}

#[test]
fn a_later_position_advances_and_an_earlier_one_is_refused() {
    let stored = mark(5, 2, Step::Prevote, 1);
    for later in [
        mark(5, 2, Step::Precommit, 9),
        mark(5, 3, Step::Proposal, 9),
        mark(6, 0, Step::Proposal, 9),
    ] {
        assert_eq!(stored.admits(&later), Admission::Advance);
        assert_eq!(later.admits(&stored), Admission::Refuse);
    }
}

#[test]
fn the_same_position_is_signed_again_only_for_the_same_body() {
    let stored = mark(5, 2, Step::Prevote, 1);
    assert_eq!(stored.admits(&stored), Admission::Repeat);
    assert_eq!(
        stored.admits(&mark(5, 2, Step::Prevote, 2)),
        Admission::Refuse
    );
}

#[test]
fn every_part_of_a_request_changes_what_is_signed() {
    let vote = |kind, height, round, block| SignRequest::Vote {
        kind,
        height: Height::new(height),
        round: Round::new(round),
        block,
    };
    let block = Hash::from_bytes([1; 32]);
    let requests = [
        vote(VoteKind::Prevote, 1, 0, None),
        vote(VoteKind::Precommit, 1, 0, None),
        vote(VoteKind::Prevote, 2, 0, None),
        vote(VoteKind::Prevote, 1, 1, None),
        vote(VoteKind::Prevote, 1, 0, Some(block)),
        vote(VoteKind::Prevote, 1, 0, Some(Hash::ZERO)),
    ];
    for (number, one) in requests.iter().enumerate() {
        for other in &requests[number + 1..] {
            assert_ne!(one.body(), other.body());
            assert_ne!(one.watermark().hash, other.watermark().hash);
        }
    }
}

#[test]
fn the_stored_and_transmitted_forms_keep_their_bytes() {
    let request = SignRequest::Proposal {
        height: Height::new(3),
        round: Round::new(1),
        valid_round: Some(Round::ZERO),
        block: Hash::from_bytes([0xab; 32]),
    };
    let block = "ab".repeat(32);
    assert_eq!(
        hex(&encode(&request)),
        format!(
            "00000000{}{}01{}{block}",
            "0300000000000000", "01000000", "00000000"
        )
    );
    assert_eq!(
        hex(&encode(&mark(3, 1, Step::Precommit, 0xcd))),
        format!("030000000000000001000000{}{}", "02000000", "cd".repeat(32))
    );
    let body = LogEntry::Body {
        height: Height::new(3),
        block_hash: Hash::from_bytes([0xab; 32]),
        bytes: vec![1, 2, 3],
    };
    assert_eq!(
        hex(&encode(&body)),
        format!("000000000300000000000000{block}0300000000000000010203")
    );
}
