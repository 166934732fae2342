use super::*;
use crate::cluster::{chain, key, set};
use crate::message::Vote;
use karwan_types::{Signature, VoteKind};

fn vote(voter: usize, height: u64, round: u32) -> ConsensusMessage {
    let mut vote = Vote {
        kind: VoteKind::Prevote,
        height: Height::new(height),
        round: Round::new(round),
        block: None,
        validator: key(voter).public_key(),
        signature: Signature::from_bytes([0; 64]),
    };
    vote.signature = vote.request().sign_with(&key(voter), &chain());
    ConsensusMessage::Vote(vote)
}

fn keep(future: &mut FutureMessages, message: ConsensusMessage) -> Result<(), IgnoredReason> {
    future.keep(message, &chain(), &set(&[1, 1]))
}

#[test]
fn messages_come_out_for_their_height_and_lower_ones_are_gone() {
    let mut future = FutureMessages::default();
    for message in [vote(0, 2, 1), vote(1, 2, 0), vote(0, 3, 0), vote(5, 2, 0)] {
        keep(&mut future, message).unwrap();
    }
    assert!(future.is_begun(Height::new(2)));
    let taken = future.take(Height::new(2));
    let rounds: Vec<u32> = taken.iter().map(|message| message.round().get()).collect();
    assert_eq!(rounds, [0, 0, 1]);
    assert!(!future.is_begun(Height::new(2)));
    assert_eq!(future.take(Height::new(4)), []);
    assert_eq!(future.take(Height::new(3)), []);
}

#[test]
fn one_signer_cannot_use_up_what_another_needs() {
    let mut future = FutureMessages::default();
    let own = u32::try_from(FUTURE_MESSAGES_PER_VALIDATOR_MAX).unwrap();
    for round in 0..own {
        keep(&mut future, vote(0, 2, round)).unwrap();
    }
    let full = Err(IgnoredReason::FutureFull(Height::new(2)));
    assert_eq!(keep(&mut future, vote(0, 2, own)), full);
    assert_eq!(keep(&mut future, vote(0, 2, 0)), Ok(()), "held already");
    assert_eq!(keep(&mut future, vote(1, 2, 0)), Ok(()));
}

#[test]
fn a_message_in_another_name_takes_no_place_of_that_name() {
    let mut future = FutureMessages::default();
    let ConsensusMessage::Vote(mut forged) = vote(1, 2, 0) else {
        unreachable!("a vote was made");
    };
    forged.validator = key(0).public_key();
    let verdict = keep(&mut future, ConsensusMessage::Vote(forged));
    assert_eq!(verdict, Err(IgnoredReason::Signature(key(0).public_key())));
    assert!(!future.is_begun(Height::new(2)));
}

#[test]
fn unknown_signers_share_a_small_part_and_announce_nothing() {
    let mut future = FutureMessages::default();
    let share = u32::try_from(FUTURE_STRANGER_MESSAGES_MAX).unwrap();
    for round in 0..share {
        keep(&mut future, vote(5, 2, round)).unwrap();
    }
    let full = Err(IgnoredReason::FutureFull(Height::new(2)));
    assert_eq!(keep(&mut future, vote(6, 2, 0)), full);
    assert!(!future.is_begun(Height::new(2)));
    assert_eq!(keep(&mut future, vote(0, 2, 0)), Ok(()));
}
