//! What one engine makes of its own log.

use super::desk::{BLOCK, Desk, proposal, signed_vote, validators, vote};
use super::journal::Journal;
use super::{chain, key, timeouts};
use crate::{Engine, EngineConfig, EngineEntry, Input, LogEntry, Output, Signer};
use karwan_types::{Height, Round, VoteKind};

#[test]
fn a_restarted_validator_says_again_what_it_said_and_signs_nothing_anew() {
    let mut desk = Desk::running();
    desk.hear(proposal(desk.proposer, 1, 0, BLOCK));
    let judged = desk.feed(Input::Validated {
        height: Height::new(1),
        block: BLOCK,
        valid: true,
    });
    let prevote = Output::Send(vote(desk.local, VoteKind::Prevote, 1, 0, Some(BLOCK)));
    assert!(judged.contains(&prevote));
    let (entries, points) = (desk.journal.entries(), desk.journal.points);
    let mut again = Desk::waiting();
    let outputs = again
        .engine
        .recover(Height::new(1), validators(), &entries, &mut again.journal);
    assert!(outputs.contains(&prevote), "{outputs:?}");
    assert!(again.journal.points < points);
    assert!(again.journal.entries().is_empty(), "nothing is appended");
    let said = again.engine.messages_for_reconnect().messages;
    assert_eq!(
        said,
        [vote(desk.local, VoteKind::Prevote, 1, 0, Some(BLOCK))]
    );
}

#[test]
fn a_proposer_that_lost_power_before_its_proposal_offers_the_same_block_again() {
    let turn = validators().proposer(Height::new(1), Round::ZERO).key;
    let number = (0..4).find(|n| key(*n).public_key() == turn).unwrap();
    let mut journal = Journal::new(key(number));
    let config = EngineConfig {
        chain_id: chain(),
        local: Some(turn),
        timeouts: timeouts(),
    };
    let height = Height::new(1);
    let entry = EngineEntry::Proposed {
        height,
        round: Round::ZERO,
        block: BLOCK,
    };
    journal.append(&LogEntry::Engine(entry.clone()));
    journal.sync();
    let mut engine = Engine::new(config, height, validators());
    let outputs = engine.recover(height, validators(), &[entry], &mut journal);
    let sent = outputs.contains(&Output::Send(proposal(number, 1, 0, BLOCK)));
    assert!(sent, "{outputs:?}");
    let resent = Output::ResendBody {
        height,
        block: BLOCK,
    };
    assert!(outputs.contains(&resent));
    let asked = outputs
        .iter()
        .any(|output| matches!(output, Output::BuildBlock { .. }));
    assert!(!asked, "a second block would be refused by the watermark");
}

#[test]
#[should_panic(expected = "the replica must start each height once")]
fn a_height_is_not_started_twice() {
    Desk::running().start(1);
}

#[test]
#[should_panic(expected = "holds an entry that this node would not have written")]
fn a_log_that_was_altered_is_noticed() {
    let mut desk = Desk::waiting();
    let mut forged = signed_vote(&chain(), desk.others[0], VoteKind::Prevote, (1, 0), None);
    forged.block = Some(BLOCK);
    let entries = [EngineEntry::Vote(forged)];
    desk.engine
        .recover(Height::new(1), validators(), &entries, &mut desk.journal);
}
