//! Who signs an idea: mostly all that may be needed, sometimes too few or somebody else.

use super::Thinker;
use crate::town::{Institution, auditor, court, governor, regulator, supervisor};
use karwan_ledger::{Holder, Operation, SIGNATURES_MAX, SignerGroup, SigningKeys};

impl Thinker<'_> {
    /// The keys that sign for an institution: mostly all that may be needed, sometimes too few or somebody else's.
    pub(crate) fn signers(&mut self, institution: &Institution) -> Vec<String> {
        let name = &institution.name;
        let maker = if self.rng.u8(0..6) == 0 {
            self.town.spare(self.state, name).0
        } else {
            format!("{name}/maker")
        };
        match self.rng.u8(0..40) {
            0 => vec![format!("{}/maker", self.bank().name)],
            1 => vec![regulator(institution.jurisdiction)],
            2..=9 => vec![maker],
            _ => vec![maker, format!("{name}/checker"), format!("{name}/releaser")],
        }
    }

    /// The keys that sign any instruction, by what the ledger says of it; those of some bank when it cannot tell.
    pub(super) fn signers_of(&mut self, operation: &Operation) -> Vec<String> {
        let mut names = Vec::new();
        for group in operation.signers(self.state) {
            let keys = group.keys;
            for holder in self.signing_holders(group) {
                let names_of = match keys {
                    SigningKeys::Compliance => self.compliance_key_of(holder),
                    SigningKeys::Instructing => self.keys_of(holder),
                };
                for name in names_of {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
        }
        self.leave_out_signed(operation, &mut names);
        if self.rng.u8(0..40) == 0 {
            let stranger = format!("{}/spare 0", self.bank().name);
            names.retain(|name| *name != stranger);
            names.insert(0, stranger);
        }
        names.truncate(SIGNATURES_MAX);
        if names.is_empty() {
            let bank = self.bank();
            names = self.signers(&bank);
        }
        names
    }

    /// Mostly as many of a group as are needed, sometimes all, sometimes one too few.
    fn signing_holders(&mut self, group: SignerGroup) -> Vec<Holder> {
        let mut holders: Vec<Holder> = group.holders.into_iter().collect();
        self.rng.shuffle(&mut holders);
        let many = match self.rng.u8(0..12) {
            0 if group.needed > 1 => group.needed - 1,
            1 => holders.len(),
            _ => group.needed,
        };
        holders.truncate(many);
        holders
    }

    /// The keys that a holder signs with; none for an institution that is not of this town.
    fn keys_of(&mut self, holder: Holder) -> Vec<String> {
        match holder {
            Holder::Participant(lei) => match self.institution(&lei) {
                Some(institution) => self.signers(&institution),
                None => Vec::new(),
            },
            Holder::Governor(code) => vec![governor(code)],
            Holder::Regulator(code) => vec![supervisor(code, 1), supervisor(code, 2)],
            Holder::Court(code) => vec![court(code, 1), court(code, 2)],
            Holder::Auditor(code) => vec![auditor(code)],
        }
    }

    /// The key with which an institution attests.
    fn compliance_key_of(&self, holder: Holder) -> Vec<String> {
        let institution = self.holder(holder);
        let key = |one: Institution| format!("{}/compliance", one.name);
        institution.map(key).into_iter().collect()
    }

    /// Whoever signed what waits does not sign its approval too, but now and then.
    fn leave_out_signed(&mut self, operation: &Operation, names: &mut Vec<String>) {
        let Operation::Approve(approve) = operation else {
            return;
        };
        let Some(pending) = self.state.approval(&approve.instruction) else {
            return;
        };
        if self.rng.u8(0..8) > 0 {
            names.retain(|name| {
                let key = self.town.key(name.clone()).public_key();
                !pending.signers.contains(&key)
            });
        }
    }
}
