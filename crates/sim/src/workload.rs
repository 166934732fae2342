//! What clients want: an instruction of any kind, mostly sensible, now and then wrong.
//!
//! Ideas are made from the latest agreed state, so that most of them can be done by the time they arrive. A kind that is
//! not known here is still sent, as its own example.

mod answers;
mod payments;

use crate::plan::Plan;
use crate::town::{Institution, Town, governor, validator};
use karwan_ledger::{Holder, InstructionKey, Operation, Record, State, ValidatorSetChange};
use karwan_types::{
    AgentIdentification, Amount, CurrencyCode, JurisdictionCode, Lei, Max35Text, Timestamp, Uetr,
    Validator,
};
use std::collections::BTreeSet;

/// Out of a hundred ideas this many are plain payments; the others are of any kind, all kinds alike.
const PAYMENTS_PERCENT: u8 = 45;

/// An instruction and who is to sign it, by the names of their keys.
#[derive(Clone, Debug)]
pub(crate) struct Idea {
    pub(crate) operation: Operation,
    pub(crate) signers: Vec<String>,
    /// How long it is valid, in milliseconds.
    pub(crate) valid_ms: u64,
}

/// Somebody who thinks of instructions.
pub(crate) struct Thinker<'a> {
    pub(crate) town: &'a mut Town,
    pub(crate) state: &'a State,
    pub(crate) rng: &'a mut fastrand::Rng,
    pub(crate) plan: &'a Plan,
    pub(crate) time: Timestamp,
    /// References used lately, some of which are used again.
    pub(crate) references: &'a [Uetr],
}

impl Thinker<'_> {
    /// Any instruction.
    pub(crate) fn think(&mut self) -> Idea {
        let kind = if self.rng.u8(0..100) < PAYMENTS_PERCENT {
            "Pay"
        } else {
            Operation::NAMES[self.rng.usize(0..Operation::NAMES.len())]
        };
        let (operation, signers) = self.of_kind(kind);
        let valid_ms = match self.rng.u8(0..20) {
            0 => self.rng.u64(100..3_000),
            1 => 4_000_000,
            _ => self.rng.u64(20_000..60_000),
        };
        Idea {
            operation,
            signers,
            valid_ms,
        }
    }

    fn of_kind(&mut self, kind: &str) -> (Operation, Vec<String>) {
        match kind {
            "Pay" => self.pay(),
            "PayBulk" => self.pay_bulk(),
            "Linked" => self.linked(),
            "Hold" => self.hold(),
            "Post" => self.post(),
            "Void" => self.void(),
            "Return" => self.send_back(),
            "IssueRequest" => self.issue_request(),
            "Issue" => self.issue(),
            "RedeemRequest" => self.redeem_request(),
            "RedeemConfirm" => self.redeem_confirm(),
            "RedeemCancel" => self.redeem_cancel(),
            "Approve" => self.approve(),
            "Cancel" => self.cancel(),
            "ConfirmCredit" => self.confirm_credit(),
            "CurrencyHalt" => self.currency_halt(),
            "CurrencyResume" => self.currency_resume(),
            "RotateKey" => self.rotate_key(),
            "ValidatorSetChange" => self.validator_set_change(),
            other => self.example(other),
        }
    }

    /// A kind that has been added to the ledger and not here.
    fn example(&mut self, kind: &str) -> (Operation, Vec<String>) {
        let operation = Operation::examples()
            .into_iter()
            .find(|example| example.name() == kind)
            .expect("every kind has its example");
        let bank = self.bank();
        (operation, vec![format!("{}/maker", bank.name)])
    }

    pub(crate) fn bank(&mut self) -> Institution {
        let chosen = self.rng.usize(0..self.town.banks.len());
        self.town.banks[chosen].clone()
    }

    pub(crate) fn currency(&mut self) -> CurrencyCode {
        let chosen = self.rng.usize(0..self.town.currencies.len());
        self.town.currencies[chosen]
    }

    pub(crate) fn issuer(&self, currency: CurrencyCode) -> Institution {
        self.town.issuers[&currency].clone()
    }

    pub(crate) fn uetr(&mut self) -> Uetr {
        if !self.references.is_empty() && self.rng.u8(0..25) == 0 {
            return self.references[self.rng.usize(0..self.references.len())];
        }
        let mut bytes = [0; 16];
        self.rng.fill(&mut bytes);
        Uetr::from_random_bytes(bytes)
    }

    pub(crate) fn amount(&mut self) -> Amount {
        let most = match self.rng.u8(0..12) {
            0 => 12_000_000,
            1..=3 => 2_000_000,
            _ => 90_000,
        };
        Amount::from_minor(u128::from(self.rng.u64(1..most)))
    }

    pub(crate) fn reference(&mut self) -> Max35Text {
        let number = self.rng.u32(0..5_000);
        format!("RTGS-{number}").parse().expect("short and plain")
    }

    /// An institution's name in a message, one of those it answers to.
    pub(crate) fn name(&mut self, institution: &Institution) -> AgentIdentification {
        institution.names[self.rng.usize(0..institution.names.len())].clone()
    }

    pub(crate) fn institution(&self, lei: &Lei) -> Option<Institution> {
        let mut all = self.town.banks.iter().chain(self.town.issuers.values());
        all.find(|institution| institution.lei == *lei).cloned()
    }

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
            1 => vec![format!("regulator {}", institution.jurisdiction)],
            2..=9 => vec![maker],
            _ => vec![maker, format!("{name}/checker"), format!("{name}/releaser")],
        }
    }

    /// A record that fits, if there is one.
    pub(crate) fn record(
        &mut self,
        fits: impl Fn(&Record) -> bool,
    ) -> Option<(InstructionKey, Record)> {
        let fitting: Vec<_> = self
            .state
            .records()
            .filter(|(_, record)| fits(record))
            .collect();
        if fitting.is_empty() {
            return None;
        }
        let (key, record) = fitting[self.rng.usize(0..fitting.len())];
        Some((*key, record.clone()))
    }

    fn validator_set_change(&mut self) -> (Operation, Vec<String>) {
        let current: Vec<Validator> = self.state.chain().next_validators.iter().cloned().collect();
        let validators = if self.plan.set_changes {
            self.other_validators()
        } else {
            current.clone()
        };
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

    /// The institution that holds a key.
    pub(crate) fn holder(&self, holder: Holder) -> Option<Institution> {
        match holder {
            Holder::Participant(lei) => self.institution(&lei),
            Holder::Governor(_) | Holder::Regulator(_) | Holder::Auditor(_) => None,
        }
    }
}
