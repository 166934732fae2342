use super::*;
use crate::cluster::{chain, hex, key, set};
use crate::signer::SignRequest;
use karwan_types::{Hash, Round, Signature, VoteKind, encode};

fn vote(validator: usize, kind: VoteKind, round: u32, block: Option<u8>) -> Vote {
    let mut vote = Vote {
        kind,
        height: Height::new(5),
        round: Round::new(round),
        block: block.map(|byte| Hash::from_bytes([byte; 32])),
        validator: key(validator).public_key(),
        signature: Signature::from_bytes([0; 64]),
    };
    vote.signature = vote.request().sign_with(&key(validator), &chain());
    vote
}

fn proposal(proposer: usize, valid_round: Option<u32>, block: u8) -> Proposal {
    let mut proposal = Proposal {
        height: Height::new(5),
        round: Round::new(3),
        valid_round: valid_round.map(Round::new),
        block: Hash::from_bytes([block; 32]),
        proposer: key(proposer).public_key(),
        signature: Signature::from_bytes([0; 64]),
    };
    let request: SignRequest = proposal.request();
    proposal.signature = request.sign_with(&key(proposer), &chain());
    proposal
}

fn check(first: Vote, second: Vote, verdict: Result<(), EvidenceError>) {
    let evidence = Evidence::Votes { first, second };
    assert_eq!(evidence.verify(&chain(), &set(&[1, 1, 1])), verdict);
}

#[test]
fn two_votes_of_one_kind_in_one_round_are_proof() {
    let kind = VoteKind::Prevote;
    check(vote(1, kind, 0, Some(1)), vote(1, kind, 0, Some(2)), Ok(()));
    check(vote(1, kind, 0, None), vote(1, kind, 0, Some(2)), Ok(()));
}

#[test]
fn two_proposals_in_one_round_are_proof_even_for_the_same_block() {
    for (first, second) in [
        (proposal(1, None, 1), proposal(1, None, 2)),
        (proposal(1, None, 1), proposal(1, Some(0), 1)),
    ] {
        let evidence = Evidence::Proposals { first, second };
        assert_eq!(evidence.verify(&chain(), &set(&[1, 1, 1])), Ok(()));
        assert_eq!(evidence.culprit(), key(1).public_key());
        assert_eq!(evidence.height(), Height::new(5));
    }
}

#[test]
fn what_an_honest_validator_signs_is_never_proof() {
    let (prevote, precommit) = (VoteKind::Prevote, VoteKind::Precommit);
    let unrelated = || Err(EvidenceError::Unrelated);
    check(
        vote(1, prevote, 0, Some(1)),
        vote(1, prevote, 1, Some(2)),
        unrelated(),
    );
    check(
        vote(1, prevote, 0, Some(1)),
        vote(1, precommit, 0, None),
        unrelated(),
    );
    check(
        vote(1, prevote, 0, Some(1)),
        vote(2, prevote, 0, None),
        unrelated(),
    );
    let twice = vote(1, prevote, 0, Some(1));
    check(twice.clone(), twice, Err(EvidenceError::NoConflict));
}

#[test]
fn forged_or_foreign_evidence_proves_nothing() {
    let kind = VoteKind::Prevote;
    let accused = key(1).public_key();
    let mut forged = vote(2, kind, 0, Some(2));
    forged.validator = accused;
    check(
        vote(1, kind, 0, Some(1)),
        forged,
        Err(EvidenceError::Signature(accused)),
    );
    let stranger = key(8).public_key();
    check(
        vote(8, kind, 0, Some(1)),
        vote(8, kind, 0, Some(2)),
        Err(EvidenceError::UnknownValidator(stranger)),
    );
    let evidence = Evidence::Votes {
        first: vote(1, kind, 0, Some(1)),
        second: vote(1, kind, 0, Some(2)),
    };
    let elsewhere = karwan_types::ChainId(Hash::ZERO);
    let verdict = evidence.verify(&elsewhere, &set(&[1, 1, 1]));
    assert_eq!(verdict, Err(EvidenceError::Signature(accused)));
}

#[test]
fn the_bytes_of_evidence_are_fixed() {
    let first = proposal(1, None, 1);
    let second = proposal(1, None, 2);
    let part = |proposal: &Proposal| hex(&encode(proposal));
    let expected = ["01000000", &part(&first), &part(&second)].concat();
    assert_eq!(
        hex(&encode(&Evidence::Proposals { first, second })),
        expected
    );
    let first = vote(1, VoteKind::Prevote, 0, None);
    let second = vote(1, VoteKind::Prevote, 0, Some(2));
    let part = |vote: &Vote| hex(&encode(vote));
    let expected = ["00000000", &part(&first), &part(&second)].concat();
    assert_eq!(hex(&encode(&Evidence::Votes { first, second })), expected);
}
