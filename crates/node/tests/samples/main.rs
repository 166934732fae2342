//! Real messages settle end to end: read by the gateway, signed by a maker, ordered and signed by four validators, proven by
//! a receipt. The network is in this process with a virtual clock, because the messages carry settlement dates of the past.
//!
//! The messages are not part of the project; without them beside it the tests say so and pass.

#![expect(clippy::unwrap_used, reason = "a failing test should panic")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]

mod network;

use karwan_iso20022::{CreditTransfer, Profile, SettlementMethod, read};
use karwan_ledger::Pay;
use karwan_node::gateway::to_terms;
use karwan_types::{CommitmentSecret, DurationMs, TransactionStatus, verify_receipt};
use network::Network;
use std::path::PathBuf;

/// The real pacs.008.001.08 and pacs.009.001.08 messages that carry a UETR.
const SAMPLES: [&str; 4] = [
    "cbpr_ur-2025-pacs008.xml",
    "cbpr_ur-2025-pacs008-usecase-p8.1.1.a-AtoB.xml",
    "cbpr_ur-2025-pacs008-usecase-p8.1.1.a-CtoD.xml",
    "cbpr_ur-2025-pacs009.xml",
];

fn sample(name: &str) -> Option<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/iso20022-samples");
    std::fs::read(folder.join(name)).ok()
}

fn transfer(xml: &[u8]) -> CreditTransfer {
    let settlement_methods = [
        SettlementMethod::Clearing,
        SettlementMethod::InstructedAgent,
        SettlementMethod::InstructingAgent,
    ]
    .into();
    let profile = Profile {
        settlement_methods,
        ..Profile::default()
    };
    let document = read(xml, &profile).unwrap();
    assert_eq!(document.transfers.len(), 1);
    document.transfers.into_iter().next().unwrap()
}

#[test]
fn real_messages_that_carry_a_uetr_settle_on_a_network_with_their_agents_and_currencies() {
    for name in SAMPLES {
        let Some(xml) = sample(name) else {
            println!("skipped: no sample messages beside the project");
            return;
        };
        let transfer = transfer(&xml);
        let noon = transfer
            .ledger
            .settlement_date
            .start()
            .after(DurationMs::from_millis(12 * 3_600_000));
        let mut network = Network::for_payment(&transfer.ledger, noon);
        let payment = to_terms(&transfer, &CommitmentSecret::from_bytes([7; 32]));
        let receipt = network.settle(Pay { payment }.into());
        let movement = receipt.outcome.movement.clone().unwrap();
        assert_eq!(
            receipt.outcome.status,
            TransactionStatus::Acsc,
            "{name}: {:?}",
            receipt.outcome.refusal
        );
        assert_eq!(movement.uetr, transfer.ledger.uetr);
        assert_eq!(movement.amount, transfer.ledger.amount);
        verify_receipt(&receipt, &network.anchor()).unwrap();
        network.assert_agreed();
        println!(
            "{name}: {} {} settled",
            movement.currency,
            movement.amount.to_decimal(movement.currency)
        );
    }
}
