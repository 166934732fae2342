//! A small cluster in one thread: virtual time, a seeded network, journals that lose what was not synced.
//!
//! It plays the replica's part by the sequence in the crate's documentation, with blocks that hold nothing. It watches
//! every signature and every decision; a violation panics with the seed.

mod acts;
mod agreement;
mod chaos;
mod crash;
mod desk;
mod inputs;
mod journal;
mod restart;
mod traitor;
mod world;

use crate::{TimeoutLength, Timeouts};
use karwan_types::{
    ChainId, DurationMs, Hash, JurisdictionCode, SecretKey, Validator, ValidatorSet,
};

/// The chain of all tests.
pub(crate) fn chain() -> ChainId {
    ChainId(Hash::from_bytes([7; 32]))
}

/// The key of the validator with this number.
pub(crate) fn key(number: usize) -> SecretKey {
    let mut seed = [9; 32];
    seed[0] = u8::try_from(number).expect("tests use few validators");
    SecretKey::from_seed(&seed)
}

/// The set of validators 0, 1, 2... with these powers.
pub(crate) fn set(powers: &[u64]) -> ValidatorSet {
    let jurisdiction: JurisdictionCode = "PK".parse().expect("a jurisdiction");
    let validators = powers.iter().enumerate().map(|(number, power)| Validator {
        key: key(number).public_key(),
        power: *power,
        jurisdiction,
    });
    let validators = validators.filter(|validator| validator.power > 0);
    ValidatorSet::new(validators.collect()).expect("a sound set")
}

/// Short timeouts, in virtual time.
pub(crate) fn timeouts() -> Timeouts {
    let length = |first, increase| TimeoutLength {
        first: DurationMs::from_millis(first),
        increase: DurationMs::from_millis(increase),
    };
    Timeouts {
        propose: length(300, 100),
        prevote: length(100, 50),
        precommit: length(100, 50),
        rebroadcast: length(500, 0),
    }
}

/// The seeds of a test: as many as it needs in CI, or `KARWAN_SEEDS` of them for a long run.
pub(crate) fn seeds(usual: u64) -> std::ops::Range<u64> {
    let asked = std::env::var("KARWAN_SEEDS").ok();
    0..asked.map_or(usual, |text| {
        text.parse().expect("KARWAN_SEEDS is a number")
    })
}

/// Bytes as the golden vectors write them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
