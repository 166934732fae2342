//! The networks on which random sequences run: the test network, and two in which money is short.

use crate::support::*;
use karwan_ledger::{Genesis, GenesisDocument};
use karwan_types::Amount;

/// All of them; a sequence runs on one, by its seed.
pub(crate) fn worlds() -> Vec<GenesisDocument> {
    let rich = {
        let mut document = network();
        let queue = &mut document.rulebook.common.queue;
        (queue.days_ahead_max, queue.cycle_blocks) = (1, 5);
        document
    };
    let tight = {
        let mut document = poor([40_000, 0, 15_000, 90_000]);
        let queue = &mut document.rulebook.common.queue;
        (queue.days_ahead_max, queue.cycle_blocks, queue.cycle_length) = (2, 3, 6);
        queue.waiting_max_ms = millis(7_200_000);
        document
    };
    let crowded = {
        let mut document = poor([0, 0, 20_000]);
        let queue = &mut document.rulebook.common.queue;
        (queue.cycle_blocks, queue.cycle_length) = (0, 4);
        (queue.account_entries_max, queue.cycle_entries_max) = (4, 7);
        document
    };
    vec![tight, rich, crowded]
}

/// The test network with these balances in turn, in minor units, where one maker is enough.
fn poor<const N: usize>(balances: [u128; N]) -> GenesisDocument {
    let mut document = network();
    let mut turn = balances.iter().cycle();
    for participant in &mut document.participants {
        for account in &mut participant.accounts {
            let balance = turn.next().expect("a circle has no end");
            account.opening = Amount::from_minor(*balance);
        }
        let bank = BANKS.iter().any(|bank| bank.lei() == participant.lei);
        if bank {
            participant.policy = vec![tier(None, 1, 0, 0)];
        }
    }
    document
}

/// The genesis of each, made once.
pub(crate) fn geneses() -> Vec<Genesis> {
    let genesis = |document| Genesis::new(document).expect("the document is sound");
    worlds().into_iter().map(genesis).collect()
}

/// The genesis that belongs to a seed: every second one of the network in which money is short.
pub(crate) fn of_seed(geneses: &[Genesis], seed: u64) -> &Genesis {
    match seed % 4 {
        0 => &geneses[1],
        1 => &geneses[2],
        _ => &geneses[0],
    }
}
