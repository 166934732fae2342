//! A state written to bytes and read back is the same state; other bytes are refused or give another root.

use crate::support::*;
use karwan_ledger::State;

/// A state with something in every table.
fn full() -> Chain {
    let mut chain = Chain::new();
    chain.check(pay(INDUS, NARYN, "10 PKR", "a"), &all(INDUS), "ACSC");
    chain.check(pay(INDUS, NARYN, "5000 PKR", "b"), &[maker(INDUS)], "PATC");
    let expires = chain.now().after(HOUR);
    chain.check(
        hold(INDUS, NARYN, "10 PKR", "c", expires),
        &all(INDUS),
        "PDNG",
    );
    chain.check(issue_request(INDUS, "10 PKR", "d"), &all(INDUS), "PDNG");
    chain.check(issue(INDUS, "d", "CR-1"), &all(PK_ISSUER), "ACSC, ACSC");
    chain
}

#[test]
fn a_restored_state_has_the_same_root_and_behaves_the_same_ever_after() {
    let mut chain = full();
    let mut restored = chain.clone();
    let bytes = chain.state.to_checkpoint();
    restored.state = State::from_checkpoint(&bytes).unwrap();
    assert_eq!(restored.state.to_checkpoint(), bytes);
    assert_eq!(restored.state.next_due(), chain.state.next_due());
    for chain in [&mut chain, &mut restored] {
        let payment = pay(INDUS, NARYN, "5000 PKR", "b");
        chain.check(chain.approve(payment), &[checker(INDUS)], "ACSC, ACSC");
        chain.check(send_back(INDUS, "a", "1 PKR", "e"), &all(NARYN), "ACSC");
        chain.after(HOUR).check_time("CANC");
        chain.after(DAY).check_time("");
        chain.after(DAY).check_time("");
    }
    assert_eq!(restored.state.root(), chain.state.root());
    assert_eq!(restored.parent, chain.parent);
    chain.replay();
}

#[test]
fn a_checkpoint_cut_short_or_lengthened_is_refused() {
    let bytes = full().state.to_checkpoint();
    for end in (0..bytes.len()).step_by(7) {
        assert!(
            State::from_checkpoint(&bytes[..end]).is_err(),
            "{end} bytes"
        );
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(State::from_checkpoint(&longer).is_err());
}

#[test]
fn a_changed_checkpoint_is_refused_or_has_another_root() {
    let chain = full();
    let (root, bytes) = (chain.state.root(), chain.state.to_checkpoint());
    let seed = 7;
    let mut random = fastrand::Rng::with_seed(seed);
    for round in 0..2_000 {
        let mut changed = bytes.clone();
        let place = random.usize(..changed.len());
        changed[place] ^= random.u8(1..);
        if let Ok(state) = State::from_checkpoint(&changed) {
            assert_ne!(
                state.root(),
                root,
                "seed {seed}, round {round}, byte {place}"
            );
        }
    }
}

#[test]
fn a_checkpoint_that_claims_more_than_it_has_is_refused_before_anything_is_allocated() {
    let bytes = full().state.to_checkpoint();
    for place in 0..bytes.len().saturating_sub(8) {
        let mut hostile = bytes.clone();
        hostile[place..place + 8].copy_from_slice(&u64::MAX.to_le_bytes());
        // Whatever it says, it is answered without a panic.
        let _ = State::from_checkpoint(&hostile).is_ok();
    }
}
