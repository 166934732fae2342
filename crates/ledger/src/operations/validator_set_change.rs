//! `ValidatorSetChange`: the governors of more than two thirds of the jurisdictions agree on new validators, who vote from the height after the next one on.

use super::Execute;
use crate::authority::{Authority, Group, Need};
use crate::execution::{Execution, Item};
use crate::records::Holder;
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{JurisdictionCode, VALIDATORS_MAX, Validator, ValidatorSet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The whole new validator set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ValidatorSetChange {
    /// All validators, in any order.
    #[schemars(extend("x-positional" = true))]
    pub validators: Vec<Validator>,
}

impl Execute for ValidatorSetChange {
    fn check_alone(&self) -> Result<(), Rejection> {
        if self.validators.len() > VALIDATORS_MAX {
            return Err(Rejection::InvalidField {
                field: "validators",
                rule: "must be at most 128",
            });
        }
        for validator in &self.validators {
            karwan_types::PublicKey::parse(*validator.key.as_bytes()).map_err(|error| {
                Rejection::ValidatorSetInvalid {
                    problem: error.to_string(),
                }
            })?;
        }
        self.set().map(|_| ())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let chain = state.chain();
        let governors = chain
            .jurisdictions
            .iter()
            .map(|code| Holder::Governor(*code))
            .collect();
        let mut groups = vec![Group {
            holders: governors,
            need: Need::TwoThirdsOfHolders,
        }];
        // No jurisdiction loses its last validator without its issuer's consent.
        let homes = |set: &ValidatorSet| -> BTreeSet<JurisdictionCode> {
            set.iter().map(|validator| validator.jurisdiction).collect()
        };
        let staying = homes(&self.set()?);
        for leaving in homes(&chain.next_validators).difference(&staying) {
            let issuers = state
                .currencies()
                .map(|(_, currency)| currency.issuer)
                .filter(|issuer| {
                    state
                        .participant(issuer)
                        .is_some_and(|participant| participant.jurisdiction == *leaving)
                });
            let holders: BTreeSet<Holder> = issuers.map(Holder::Participant).collect();
            if !holders.is_empty() {
                groups.push(Group {
                    holders,
                    need: Need::Policy(None),
                });
            }
        }
        Ok(Authority::new(groups))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let chain = execution.state.chain();
        let unknown =
            |validator: &&Validator| !chain.jurisdictions.contains(&validator.jurisdiction);
        if let Some(stranger) = self.validators.iter().find(unknown) {
            return Err(Rejection::JurisdictionUnknown {
                jurisdiction: stranger.jurisdiction,
            });
        }
        let registered = |validator: &&Validator| execution.state.key(&validator.key).is_some();
        if let Some(signer) = self.validators.iter().find(registered) {
            return Err(Rejection::RoleConflict { key: signer.key });
        }
        if chain.next_validators != chain.validators {
            return Err(Rejection::ValidatorChangePending);
        }
        let set = self.set()?;
        execution.state.chain_mut().next_validators = set;
        Ok(())
    }
    fn example() -> Self {
        let validator = |byte: u8, code: &str| Validator {
            key: karwan_types::SecretKey::from_seed(&[byte; 32]).public_key(),
            power: 1,
            jurisdiction: code.parse().expect("constant"),
        };
        Self {
            validators: vec![validator(1, "PK"), validator(2, "KG")],
        }
    }
}

impl ValidatorSetChange {
    fn set(&self) -> Result<ValidatorSet, Rejection> {
        ValidatorSet::new(self.validators.clone()).map_err(|error| Rejection::ValidatorSetInvalid {
            problem: error.to_string(),
        })
    }
}
