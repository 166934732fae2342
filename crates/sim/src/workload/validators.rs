//! Changes of the validator set.

use super::Thinker;
use crate::town::{governor, validator};
use karwan_ledger::{Operation, ValidatorSetChange};
use karwan_types::{JurisdictionCode, Validator};
use std::collections::BTreeSet;

impl Thinker<'_> {
    pub(super) fn validator_set_change(&mut self) -> (Operation, Vec<String>) {
        let current = self.current_validators();
        let validators = self.likely_validators();
        let homes = |set: &[Validator]| -> BTreeSet<JurisdictionCode> {
            set.iter().map(|one| one.jurisdiction).collect()
        };
        let jurisdictions = self.state.chain().jurisdictions.clone();
        let absent = self.rng.usize(0..jurisdictions.len() * 2);
        let mut signers: Vec<String> = jurisdictions
            .iter()
            .enumerate()
            .filter(|(number, _)| *number != absent)
            .map(|(_, code)| governor(*code))
            .collect();
        for leaving in homes(&current).difference(&homes(&validators)) {
            let issuer = self
                .town
                .issuers
                .values()
                .find(|one| one.jurisdiction == *leaving);
            let name = &issuer.expect("every jurisdiction has its issuer").name;
            signers.extend([format!("{name}/maker"), format!("{name}/checker")]);
        }
        (ValidatorSetChange { validators }.into(), signers)
    }

    fn current_validators(&self) -> Vec<Validator> {
        self.state.chain().next_validators.iter().cloned().collect()
    }

    /// Validators that may come into force: the network must be able to live with them.
    pub(super) fn likely_validators(&mut self) -> Vec<Validator> {
        if self.plan.set_changes {
            self.other_validators()
        } else {
            self.current_validators()
        }
    }

    /// Another set of the known keys, in which traitors have less than a third of the power.
    fn other_validators(&mut self) -> Vec<Validator> {
        loop {
            let equal = self.rng.bool();
            let validators: Vec<(usize, u64)> = (0..self.plan.key_holders())
                .filter(|_| self.rng.u8(0..6) > 0)
                .collect::<Vec<_>>()
                .into_iter()
                .map(|number| (number, if equal { 1 } else { self.rng.u64(1..=5) }))
                .collect();
            let total: u64 = validators.iter().map(|(_, power)| power).sum();
            let betraying: u64 = validators
                .iter()
                .filter(|(number, _)| self.plan.traitors.contains(number))
                .map(|(_, power)| power)
                .sum();
            if validators.len() >= 2 && betraying * 3 < total {
                return validators
                    .into_iter()
                    .map(|(number, power)| validator(number, power))
                    .collect();
            }
        }
    }
}
