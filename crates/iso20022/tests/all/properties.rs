//! What must hold for every message: the same file gives the same fields, and its form does not change them.

use crate::support::{CUSTOMER, INSTITUTION, Node, any_method, samples};
use karwan_iso20022::{Document, read};
use std::fs;

const ROUNDS: u64 = 300;

/// The messages to vary: our own, and the real ones that are read where they are at hand.
fn messages() -> Vec<String> {
    let mut messages = vec![CUSTOMER.to_owned(), INSTITUTION.to_owned()];
    if let Some(folder) = samples() {
        for name in ["cbpr_ur-2025-pacs008.xml", "cbpr_ur-2025-pacs009.xml"] {
            messages.push(fs::read_to_string(folder.join(name)).unwrap());
        }
    }
    messages
}

fn read_any(text: &str) -> Document {
    match read(text.as_bytes(), &any_method()) {
        Ok(document) => document,
        Err(refusal) => panic!("{refusal}\n{text}"),
    }
}

#[test]
fn prefixes_white_space_and_the_order_of_elements_change_nothing_but_the_hash() {
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    for message in messages() {
        let expected = read_any(&message);
        let tree = Node::parse(&message);
        for round in 0..ROUNDS {
            let mut random = fastrand::Rng::with_seed(seed.wrapping_add(round));
            let written = tree.write_anew(&mut random);
            let found = read_any(&written);
            assert_eq!(
                found.header, expected.header,
                "seed {seed} round {round}\n{written}"
            );
            for (found, expected) in found.transfers.iter().zip(&expected.transfers) {
                assert_eq!(
                    found.ledger, expected.ledger,
                    "seed {seed} round {round}\n{written}"
                );
                assert_eq!(found.agents, expected.agents, "seed {seed} round {round}");
                assert_eq!(
                    found.private.entries(),
                    expected.private.entries(),
                    "seed {seed} round {round}"
                );
                assert_eq!(found.regulatory_codes, expected.regulatory_codes);
            }
        }
    }
}

#[test]
fn the_same_file_twice_gives_the_same_fields_and_bytes() {
    for message in messages() {
        assert_eq!(read_any(&message), read_any(&message));
    }
}

#[test]
fn the_payload_reads_as_the_same_payment_and_has_itself_as_payload() {
    for message in messages() {
        for transfer in read_any(&message).transfers {
            let again = read(&transfer.payload, &any_method()).unwrap();
            assert_eq!(again.transfers, [transfer]);
        }
    }
}
