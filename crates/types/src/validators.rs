//! Who votes at a height, with how much power, and what makes a quorum.

use crate::codec::encode;
use crate::hash::{Hash, HashDomain, hash_of};
use crate::identity::JurisdictionCode;
use crate::keys::PublicKey;
use crate::time::{Height, Round};
use serde::{Deserialize, Serialize};

/// The most validators in a set.
pub const VALIDATORS_MAX: usize = 128;
/// The most voting power of one validator.
pub const VALIDATOR_POWER_MAX: u64 = 1_000_000;

/// One validator of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Validator {
    /// Its consensus key: signs votes and proposals, nothing else.
    pub key: PublicKey,
    /// Its voting power, from 1 to [`VALIDATOR_POWER_MAX`].
    pub power: u64,
    /// The jurisdiction that runs it.
    pub jurisdiction: JurisdictionCode,
}

/// Why validators do not form a set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValidatorSetError {
    /// Nobody to vote.
    #[error("a validator set needs at least one validator")]
    Empty,
    /// Too many.
    #[error("{0} validators, more than the limit of {VALIDATORS_MAX}")]
    TooMany(usize),
    /// Power out of range.
    #[error("validator {0} must have a voting power from 1 to {VALIDATOR_POWER_MAX}")]
    Power(PublicKey),
    /// The same key twice, or keys out of order on the wire.
    #[error("validator {0} is listed twice or out of order")]
    Order(PublicKey),
}

/// The validators of a height, ordered by key, each once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Validator>", into = "Vec<Validator>")]
pub struct ValidatorSet {
    validators: Vec<Validator>,
    total_power: u64,
}

impl ValidatorSet {
    /// Orders and checks the validators.
    ///
    /// # Errors
    /// `ValidatorSetError` for an empty set, too many, a power out of range or a key listed twice.
    pub fn new(mut validators: Vec<Validator>) -> Result<Self, ValidatorSetError> {
        validators.sort_by_key(|validator| validator.key);
        Self::try_from(validators)
    }
    /// The validators in the order of their keys; a certificate names them by this position.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Validator> {
        self.validators.iter()
    }
    /// How many validators.
    #[must_use]
    pub fn len(&self) -> usize {
        self.validators.len()
    }
    /// Never: a set has at least one validator.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.validators.is_empty()
    }
    /// The sum of all voting power.
    #[must_use]
    pub fn total_power(&self) -> u64 {
        self.total_power
    }
    /// Whether `power` is strictly more than two thirds of the total.
    #[must_use]
    pub fn is_quorum(&self, power: u64) -> bool {
        u128::from(power).saturating_mul(3) > u128::from(self.total_power).saturating_mul(2)
    }
    /// A validator and its position by its key.
    #[must_use]
    pub fn get(&self, key: &PublicKey) -> Option<(usize, &Validator)> {
        let index = self
            .validators
            .binary_search_by_key(key, |validator| validator.key)
            .ok()?;
        Some((index, self.validators.get(index)?))
    }
    /// A validator by its position.
    #[must_use]
    pub fn by_index(&self, index: usize) -> Option<&Validator> {
        self.validators.get(index)
    }
    /// The hash that headers commit to.
    #[must_use]
    pub fn hash(&self) -> Hash {
        hash_of(HashDomain::ValidatorSet, &[&encode(self)])
    }
    /// Who proposes in a round: the power is laid out as a ring of slots, and each height and round moves on by a stride
    /// near the golden section that visits every slot, so that turns are spread in proportion to power.
    #[must_use]
    pub fn proposer(&self, height: Height, round: Round) -> &Validator {
        let total = u128::from(self.total_power);
        let turn = u128::from(height.get()).saturating_add(u128::from(round.get()));
        let mut slot = turn
            .checked_rem(total)
            .and_then(|turn| turn.checked_mul(stride(total)))
            .and_then(|slot| slot.checked_rem(total))
            .expect("the total power of a set is at least one and fits 64 bits");
        for validator in &self.validators {
            let power = u128::from(validator.power);
            match slot.checked_sub(power) {
                None => return validator,
                Some(rest) => slot = rest,
            }
        }
        unreachable!("a slot is below the total power, which the validators cover")
    }
}

/// The smallest number from 0.618 × `total` up that shares no divisor with it.
fn stride(total: u128) -> u128 {
    let start = (total.saturating_mul(618) / 1000).max(1);
    (start..)
        .find(|candidate| greatest_common_divisor(*candidate, total) == 1)
        .expect("one more than a multiple of the total is coprime to it")
}

fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    a
}

impl TryFrom<Vec<Validator>> for ValidatorSet {
    type Error = ValidatorSetError;
    fn try_from(validators: Vec<Validator>) -> Result<Self, ValidatorSetError> {
        if validators.is_empty() {
            return Err(ValidatorSetError::Empty);
        }
        if validators.len() > VALIDATORS_MAX {
            return Err(ValidatorSetError::TooMany(validators.len()));
        }
        let mut previous: Option<PublicKey> = None;
        let mut total_power = 0u64;
        for validator in &validators {
            if validator.power == 0 || validator.power > VALIDATOR_POWER_MAX {
                return Err(ValidatorSetError::Power(validator.key));
            }
            if previous.is_some_and(|previous| previous >= validator.key) {
                return Err(ValidatorSetError::Order(validator.key));
            }
            previous = Some(validator.key);
            total_power = total_power.saturating_add(validator.power);
        }
        Ok(Self {
            validators,
            total_power,
        })
    }
}

impl From<ValidatorSet> for Vec<Validator> {
    fn from(set: ValidatorSet) -> Self {
        set.validators
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(powers: &[u64]) -> ValidatorSet {
        let validators = powers.iter().zip(1u8..).map(|(power, byte)| Validator {
            key: PublicKey::from_bytes([byte; 32]),
            power: *power,
            jurisdiction: "PK".parse().unwrap(),
        });
        ValidatorSet::new(validators.collect()).unwrap()
    }

    #[test]
    fn a_quorum_is_strictly_more_than_two_thirds() {
        assert!(!set(&[1, 1, 1]).is_quorum(2));
        assert!(set(&[1, 1, 1]).is_quorum(3));
        assert!(set(&[1, 1, 1, 1]).is_quorum(3));
        assert!(!set(&[1, 1]).is_quorum(1));
        assert!(!set(&[2, 2, 2]).is_quorum(4));
        assert!(set(&[3, 2, 2]).is_quorum(5));
    }

    #[test]
    fn turns_to_propose_are_in_proportion_to_power() {
        for powers in [&[1, 1, 1, 1][..], &[3, 1, 1], &[1], &[5, 7, 11, 2]] {
            let set = set(powers);
            let mut turns = vec![0u64; powers.len()];
            for height in 1..=set.total_power() {
                let key = set.proposer(Height::new(height), Round::ZERO).key;
                turns[set.get(&key).unwrap().0] += 1;
            }
            assert_eq!(turns, powers);
        }
    }

    #[test]
    fn another_validator_proposes_when_a_round_fails() {
        let set = set(&[1, 1, 1, 1]);
        let first = set.proposer(Height::new(9), Round::ZERO).key;
        assert_ne!(first, set.proposer(Height::new(9), Round::new(1)).key);
    }

    #[test]
    fn a_set_out_of_order_on_the_wire_is_refused() {
        let set = set(&[1, 2]);
        let mut validators: Vec<Validator> = set.clone().into();
        assert_eq!(
            crate::codec::decode::<ValidatorSet>(&encode(&set), 1000).unwrap(),
            set
        );
        validators.reverse();
        assert!(crate::codec::decode::<ValidatorSet>(&encode(&validators), 1000).is_err());
    }
}
