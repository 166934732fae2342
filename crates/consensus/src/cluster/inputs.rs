//! What one engine makes of inputs that are early, late, foreign, forged or not asked for.

use super::desk::{
    BLOCK, Desk, OTHER, commit, proposal, reason, repeated_proposal, signed_vote, validators, vote,
};
use super::{chain, key};
use crate::{
    ConsensusMessage, FUTURE_HEIGHTS_MAX, IgnoredReason, Input, Output, PolkaCertificate,
    ROUND_MAX, RoundCertificate, RoundCertificateKind, Timeout, TimeoutKind, VotesError,
};
use karwan_types::{CertificateError, ChainId, CommitSignature, Hash, Height, Round, VoteKind};

#[test]
fn a_block_is_asked_for_once_and_voted_for_after_it_was_judged() {
    let mut desk = Desk::running();
    let proposal = proposal(desk.proposer, 1, 0, BLOCK);
    let asked = desk.hear(proposal.clone());
    assert!(matches!(
        asked[..],
        [Output::ValidateBlock { block: BLOCK, .. }]
    ));
    let again = desk.hear(proposal);
    assert_eq!(reason(&again), IgnoredReason::KnownProposal);
    let outputs = desk.feed(Input::Validated {
        height: Height::new(1),
        block: BLOCK,
        valid: true,
    });
    let prevote = vote(desk.local, VoteKind::Prevote, 1, 0, Some(BLOCK));
    assert!(outputs.contains(&Output::Send(prevote)), "{outputs:?}");
    assert!(!desk.journal.durable.is_empty());
}

#[test]
fn a_block_proposed_twice_in_a_round_with_another_past_is_evidence_and_nothing_else() {
    let mut desk = Desk::running();
    let turn = validators().proposer(Height::new(1), Round::new(2)).key;
    let proposer = (0..4).find(|n| key(*n).public_key() == turn).unwrap();
    desk.hear(repeated_proposal(proposer, 1, 2, None, BLOCK));
    for valid_round in [0, 1, 0] {
        let other = desk.hear(repeated_proposal(proposer, 1, 2, Some(valid_round), BLOCK));
        assert_eq!(reason(&other), IgnoredReason::Contradiction(turn));
    }
    let decided = desk.feed(Input::Synced {
        certificate: commit(&[0, 1, 2], 1, BLOCK),
        validators: validators(),
    });
    let Some(Output::Decided { evidence, .. }) = decided.last() else {
        panic!("no decision but {decided:?}");
    };
    assert_eq!(evidence.len(), 2);
    for proof in evidence {
        assert_eq!(proof.verify(&chain(), &validators()), Ok(()));
        assert_eq!(proof.culprit(), turn);
    }
}

#[test]
fn a_decision_carries_a_certificate_that_verifies_and_the_next_height_waits_to_be_started() {
    let mut desk = Desk::running();
    let certificate = desk.decide();
    assert_eq!(certificate.verify(&chain(), &validators()), Ok(()));
    assert!(desk.journal.is_synced());
    assert_eq!(desk.engine.height(), Height::new(2));
    assert_eq!(desk.engine.round(), None);
    assert!(desk.engine.messages_for_reconnect().messages.is_empty());
}

#[test]
fn an_early_vote_announces_its_height_once_and_counts_when_it_begins() {
    let mut desk = Desk::running();
    let early = vote(desk.others[1], VoteKind::Prevote, 2, 0, None);
    assert_eq!(desk.hear(early.clone()), []);
    desk.hear(proposal(desk.proposer, 1, 0, BLOCK));
    let synced = desk.feed(Input::Synced {
        certificate: commit(&[0, 1, 2], 1, BLOCK),
        validators: validators(),
    });
    let height = Height::new(2);
    assert_eq!(synced.last(), Some(&Output::HeightBegun { height }));
    assert_eq!(desk.hear(early), []);
    desk.start(2);
    desk.hear(vote(desk.others[0], VoteKind::Prevote, 2, 0, None));
    let waits = Timeout {
        height,
        round: Round::ZERO,
        kind: TimeoutKind::Propose,
    };
    let outputs = desk.feed(Input::TimedOut(waits));
    let precommit = vote(desk.local, VoteKind::Precommit, 2, 0, None);
    assert!(outputs.contains(&Output::Send(precommit)), "{outputs:?}");
}

#[test]
fn messages_of_other_heights_and_rounds_far_ahead_are_ignored() {
    let mut desk = Desk::running();
    desk.decide();
    desk.start(2);
    let voter = desk.others[0];
    let old = desk.hear(vote(voter, VoteKind::Precommit, 1, 0, Some(BLOCK)));
    assert!(matches!(reason(&old), IgnoredReason::OldHeight { .. }));
    let far = 3 + FUTURE_HEIGHTS_MAX;
    let future = desk.hear(vote(voter, VoteKind::Prevote, far, 0, None));
    assert!(matches!(
        reason(&future),
        IgnoredReason::FutureHeight { .. }
    ));
    let round = desk.hear(vote(voter, VoteKind::Prevote, 2, 11, None));
    assert!(matches!(reason(&round), IgnoredReason::FutureRound { .. }));
    let limit = desk.hear(vote(voter, VoteKind::Prevote, 2, ROUND_MAX.get() + 1, None));
    assert!(matches!(reason(&limit), IgnoredReason::Limit(_)));
}

#[test]
fn foreign_and_forged_messages_are_ignored_with_their_reason() {
    let mut desk = Desk::running();
    let (voter, proposer) = (desk.others[0], desk.proposer);
    let voter_key = key(voter).public_key();

    let stranger = desk.hear(vote(9, VoteKind::Prevote, 1, 0, None));
    assert_eq!(
        reason(&stranger),
        IgnoredReason::UnknownValidator(key(9).public_key())
    );

    let elsewhere = ChainId(Hash::from_bytes([8; 32]));
    let foreign = signed_vote(&elsewhere, voter, VoteKind::Prevote, (1, 0), None);
    let foreign = desk.hear(ConsensusMessage::Vote(foreign));
    assert_eq!(reason(&foreign), IgnoredReason::Signature(voter_key));

    let mut altered = signed_vote(&chain(), voter, VoteKind::Prevote, (1, 0), None);
    altered.block = Some(BLOCK);
    let altered = desk.hear(ConsensusMessage::Vote(altered));
    assert_eq!(reason(&altered), IgnoredReason::Signature(voter_key));

    let out_of_turn = desk.hear(proposal(voter, 1, 0, BLOCK));
    assert!(matches!(
        reason(&out_of_turn),
        IgnoredReason::NotProposer { .. }
    ));

    let ahead = desk.hear(repeated_proposal(proposer, 1, 0, Some(0), BLOCK));
    assert!(matches!(reason(&ahead), IgnoredReason::ValidRound { .. }));
}

#[test]
fn certificates_that_prove_nothing_are_ignored() {
    let mut desk = Desk::running();
    let [a, b] = desk.others;
    let signatures = |kind: VoteKind, voters: &[usize]| -> Vec<CommitSignature> {
        let mut all: Vec<_> = voters
            .iter()
            .map(|voter| {
                let vote = signed_vote(&chain(), *voter, kind, (1, 0), Some(BLOCK));
                let (position, _) = validators().get(&vote.validator).unwrap();
                CommitSignature {
                    validator: u16::try_from(position).unwrap(),
                    signature: vote.signature,
                }
            })
            .collect();
        all.sort_by_key(|signature| signature.validator);
        all
    };
    let polka = |signatures| {
        ConsensusMessage::PolkaCertificate(PolkaCertificate {
            height: Height::new(1),
            round: Round::ZERO,
            block: BLOCK,
            signatures,
        })
    };
    let short = desk.hear(polka(signatures(VoteKind::Prevote, &[a, b])));
    let no_quorum = CertificateError::NoQuorum {
        signed: 2,
        total: 4,
    };
    assert_eq!(reason(&short), IgnoredReason::Votes(no_quorum.into()));
    let mut twice = signatures(VoteKind::Prevote, &[a, b]);
    twice.insert(0, twice[0].clone());
    let twice = reason(&desk.hear(polka(twice)));
    let order = |reason| matches!(reason, VotesError::Certificate(CertificateError::Order(_)));
    assert!(matches!(twice, IgnoredReason::Votes(error) if order(error.clone())));
    let wrong_kind = desk.hear(polka(signatures(
        VoteKind::Precommit,
        &[a, b, desk.proposer],
    )));
    assert!(matches!(reason(&wrong_kind), IgnoredReason::Votes(_)));
    let mut unknown = signatures(VoteKind::Prevote, &[a]);
    unknown[0].validator = 4;
    let unknown = desk.hear(polka(unknown));
    let error = CertificateError::UnknownValidator(4);
    assert_eq!(reason(&unknown), IgnoredReason::Certificate(error));
    let crowd = vec![signatures(VoteKind::Prevote, &[a])[0].clone(); 129];
    assert!(matches!(
        reason(&desk.hear(polka(crowd))),
        IgnoredReason::Limit(_)
    ));
    let empty = desk.hear(ConsensusMessage::RoundCertificate(RoundCertificate {
        height: Height::new(1),
        round: Round::new(1),
        kind: RoundCertificateKind::Skip,
        signatures: Vec::new(),
    }));
    assert!(matches!(
        reason(&empty),
        IgnoredReason::Votes(VotesError::NoHonestVote { .. })
    ));
}

#[test]
fn answers_that_were_not_asked_for_and_stale_timers_are_ignored() {
    let mut desk = Desk::running();
    let height = Height::new(1);
    let proposed = desk.feed(Input::Proposed {
        height,
        round: Round::ZERO,
        block: OTHER,
    });
    assert_eq!(reason(&proposed), IgnoredReason::NotAsked);
    let judged = desk.feed(Input::Validated {
        height,
        block: OTHER,
        valid: true,
    });
    assert_eq!(reason(&judged), IgnoredReason::NotAsked);
    for (height, kind) in [(1, TimeoutKind::Precommit), (2, TimeoutKind::Propose)] {
        let stale = desk.feed(Input::TimedOut(Timeout {
            height: Height::new(height),
            round: Round::ZERO,
            kind,
        }));
        assert_eq!(reason(&stale), IgnoredReason::StaleTimeout);
    }
}

#[test]
fn a_synced_block_ends_its_height_begun_or_not_and_a_forged_one_does_not() {
    for mut desk in [Desk::waiting(), Desk::running()] {
        let mut synced = |certificate| {
            desk.feed(Input::Synced {
                certificate,
                validators: validators(),
            })
        };
        let short = synced(commit(&[0, 1], 1, BLOCK));
        assert!(matches!(reason(&short), IgnoredReason::Certificate(_)));
        let ahead = synced(commit(&[0, 1, 2], 2, BLOCK));
        assert!(matches!(reason(&ahead), IgnoredReason::FutureHeight { .. }));
        let certificate = commit(&[0, 1, 3], 1, BLOCK);
        let decided = synced(certificate.clone());
        let expected = Output::Decided {
            certificate: certificate.clone(),
            evidence: Vec::new(),
        };
        assert_eq!(decided.last(), Some(&expected));
        let again = synced(certificate);
        assert!(matches!(reason(&again), IgnoredReason::OldHeight { .. }));
        assert_eq!(desk.engine.height(), Height::new(2));
    }
}

#[test]
fn a_round_begins_with_a_synced_log() {
    let mut desk = Desk::running();
    for voter in [desk.proposer, desk.others[0]] {
        desk.hear(vote(voter, VoteKind::Prevote, 1, 1, None));
    }
    assert_eq!(desk.engine.round(), Some(Round::new(1)));
    assert!(desk.journal.is_synced());
}

#[test]
fn a_quorum_for_a_block_is_seen_before_the_block_is_judged() {
    let mut desk = Desk::running();
    let [a, b] = desk.others;
    desk.hear(vote(a, VoteKind::Prevote, 1, 0, Some(BLOCK)));
    desk.hear(vote(b, VoteKind::Prevote, 1, 0, Some(BLOCK)));
    assert!(!desk.engine.has_quorum(&BLOCK));
    desk.hear(vote(desk.proposer, VoteKind::Prevote, 1, 0, Some(BLOCK)));
    assert!(desk.engine.has_quorum(&BLOCK));
    assert!(!desk.engine.has_quorum(&OTHER));
}
