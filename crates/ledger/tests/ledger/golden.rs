//! The bytes of every instruction, of every row of the state, of the genesis document, and what a block of them comes to,
//! as `tests/golden/ledger.txt` has them.
//!
//! What must hold: a signed instruction keeps its id and its meaning, the number of a refusal is never used for another one,
//! and the same blocks give the same state root in every release. Everything here is fixed: nothing is taken from the test network.

#[path = "../../../types/tests/golden/book.rs"]
mod book;
#[path = "../../../types/tests/golden/encoded.rs"]
mod encoded;

mod exchange;
mod genesis;
mod impact;
mod instructions;
mod queue;
mod rows;
mod rules;
mod supervision;

use book::Book;
use core::fmt::Debug;
use core::str::FromStr;
use encoded::every;
use karwan_types::{ChainId, Hash, SecretKey, Timestamp, Uetr};

#[test]
fn the_bytes_of_the_ledger_are_the_committed_ones() {
    let mut book = Book::default();
    instructions::add(&mut book);
    rows::add(&mut book);
    rules::add(&mut book);
    queue::add(&mut book);
    exchange::add(&mut book);
    supervision::add(&mut book);
    genesis::add(&mut book);
    impact::add(&mut book);
    book.require_every_type();
    book.compare("ledger.txt");
}

fn word<T: FromStr>(text: &str) -> T
where
    T::Err: Debug,
{
    text.parse().unwrap()
}

fn hash(byte: u8) -> Hash {
    Hash::from_bytes([byte; 32])
}

fn secret(byte: u8) -> SecretKey {
    SecretKey::from_seed(&[byte; 32])
}

fn chain() -> ChainId {
    ChainId::of_genesis(b"golden genesis")
}

/// A reference that ends in this digit.
fn uetr(digit: u8) -> Uetr {
    word(&format!("8a562c67-ca16-48ba-b074-65581be6f00{digit}"))
}

/// Monday, 21 September 2026, 14:13:20 UTC, and so many seconds.
fn time(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000 + 1_000 * seconds)
}
