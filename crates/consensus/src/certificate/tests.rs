use super::*;
use crate::cluster::{chain, key, set};

const HEIGHT: Height = Height::new(5);
const ROUND: Round = Round::new(2);
const BLOCK: Hash = Hash::from_bytes([1; 32]);

/// The numbers of the validators by their position in the set.
fn voters(set: &ValidatorSet) -> Vec<usize> {
    let number = |wanted| (0..9).find(|number| key(*number).public_key() == wanted);
    set.iter()
        .map(|validator| number(validator.key).unwrap())
        .collect()
}

fn signature(voter: usize, kind: VoteKind, block: Option<Hash>) -> Signature {
    let body = vote_bytes(kind, HEIGHT, ROUND, block);
    key(voter).sign(SigningDomain::Vote, &chain(), &body)
}

fn polka(set: &ValidatorSet, positions: &[u16]) -> PolkaCertificate {
    let voters = voters(set);
    let signatures = positions.iter().map(|position| CommitSignature {
        validator: *position,
        signature: signature(
            voters[usize::from(*position)],
            VoteKind::Prevote,
            Some(BLOCK),
        ),
    });
    PolkaCertificate {
        height: HEIGHT,
        round: ROUND,
        block: BLOCK,
        signatures: signatures.collect(),
    }
}

fn votes(
    set: &ValidatorSet,
    kind: RoundCertificateKind,
    votes: &[(u16, VoteKind, Option<Hash>)],
) -> RoundCertificate {
    let voters = voters(set);
    let signatures = votes.iter().map(|(position, kind, block)| RoundSignature {
        kind: *kind,
        block: *block,
        validator: *position,
        signature: signature(voters[usize::from(*position)], *kind, *block),
    });
    RoundCertificate {
        height: HEIGHT,
        round: ROUND,
        kind,
        signatures: signatures.collect(),
    }
}

#[test]
fn a_polka_needs_strictly_more_than_two_thirds() {
    let set = set(&[1, 1, 1]);
    assert_eq!(polka(&set, &[0, 1, 2]).verify(&chain(), &set), Ok(()));
    let (signed, total) = (2, 3);
    assert_eq!(
        polka(&set, &[0, 2]).verify(&chain(), &set),
        Err(CertificateError::NoQuorum { signed, total }.into())
    );
}

#[test]
fn nobody_is_counted_twice() {
    let set = set(&[1, 1, 1]);
    for positions in [[0, 0, 1], [1, 0, 2]] {
        let verdict = polka(&set, &positions).verify(&chain(), &set);
        assert_eq!(verdict, Err(CertificateError::Order(0).into()));
    }
}

#[test]
fn a_signature_over_anything_else_does_not_count() {
    let set = set(&[1, 1, 1]);
    let mut other_block = polka(&set, &[0, 1, 2]);
    other_block.block = Hash::ZERO;
    let mut other_round = polka(&set, &[0, 1, 2]);
    other_round.round = Round::ZERO;
    for altered in [other_block, other_round] {
        let verdict = altered.verify(&chain(), &set);
        assert!(matches!(
            verdict,
            Err(VotesError::Certificate(CertificateError::Signature(_)))
        ));
    }
}

#[test]
fn a_round_is_skipped_to_on_strictly_more_than_one_third() {
    let set = set(&[1, 1, 1]);
    let prevote = |position| (position, VoteKind::Prevote, None);
    let precommit = |position| (position, VoteKind::Precommit, Some(BLOCK));
    let skip = RoundCertificateKind::Skip;
    let enough = votes(&set, skip, &[prevote(0), precommit(2)]);
    assert_eq!(enough.verify(&chain(), &set), Ok(()));
    let (signed, total) = (1, 3);
    assert_eq!(
        votes(&set, skip, &[prevote(0)]).verify(&chain(), &set),
        Err(VotesError::NoHonestVote { signed, total })
    );
}

#[test]
fn a_round_ends_on_precommits_of_more_than_two_thirds_and_on_nothing_else() {
    let set = set(&[1, 1, 1]);
    let precommit = |position, block| (position, VoteKind::Precommit, block);
    let ends = RoundCertificateKind::Precommits;
    let all = [
        precommit(0, None),
        precommit(1, Some(BLOCK)),
        precommit(2, None),
    ];
    assert_eq!(votes(&set, ends, &all).verify(&chain(), &set), Ok(()));
    assert!(votes(&set, ends, &all[..2]).verify(&chain(), &set).is_err());
    let mut mixed = all;
    mixed[1].1 = VoteKind::Prevote;
    assert_eq!(
        votes(&set, ends, &mixed).verify(&chain(), &set),
        Err(VotesError::NotPrecommit(1))
    );
}
