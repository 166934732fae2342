//! What clients want: an instruction of any kind, mostly sensible, now and then wrong.
//!
//! Ideas are made from the latest agreed state, so that most of them can be done by the time they arrive. The kinds that
//! belong together have ideas of their own here; every kind, those included, is also filled from its own description, so
//! that a kind added to the ledger is in the workload without a line here.

mod answers;
mod exchange;
mod filler;
mod payments;
mod signing;
mod supervision;
mod validators;

use crate::plan::Plan;
use crate::town::{Institution, Town};
use karwan_ledger::{Holder, InstructionKey, Operation, ParticipantKind, Record, State};
use karwan_types::{AgentIdentification, Amount, CurrencyCode, Lei, Max35Text, Timestamp, Uetr};

/// Out of a hundred ideas this many are plain payments; the others are of any kind, all kinds alike.
const PAYMENTS_PERCENT: u8 = 45;
/// Out of a hundred ideas of a kind that has ideas of its own, this many are filled from the description all the same.
const FILLED_PERCENT: u8 = 30;

/// Where an idea comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Somebody thought of it, for this kind.
    Thought,
    /// Filled from the description of its kind.
    Filled,
    /// The description could not be filled, so it is the example of its kind.
    Example,
}

/// An instruction and who is to sign it, by the names of their keys.
#[derive(Clone, Debug)]
pub(crate) struct Idea {
    pub(crate) operation: Operation,
    pub(crate) signers: Vec<String>,
    pub(crate) origin: Origin,
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
        let own = match self.rng.u8(0..100) {
            0..FILLED_PERCENT => None,
            _ => self.own_idea(kind),
        };
        let (operation, signers, origin) = match own {
            Some((operation, signers)) => (operation, signers, Origin::Thought),
            None => self.by_description(kind),
        };
        let valid_ms = match self.rng.u8(0..20) {
            0 => self.rng.u64(100..3_000),
            1 => 4_000_000,
            _ => self.rng.u64(20_000..60_000),
        };
        Idea {
            operation,
            signers,
            origin,
            valid_ms,
        }
    }

    /// A kind's own idea: it follows up what happened before better than its description could tell.
    fn own_idea(&mut self, kind: &str) -> Option<(Operation, Vec<String>)> {
        let idea = match kind {
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
            "RateFix" => self.rate_fix(),
            "Quote" => self.quote(),
            "QuoteWithdraw" => self.quote_withdraw(),
            "AcceptQuote" => self.accept_quote(),
            "PayVersusPayment" => self.pay_versus_payment(),
            "CancelExchange" => self.cancel_exchange(),
            "Attest" => self.attest(),
            "LicenceApply" => self.licence_apply(),
            "LicenceNoObjection" => self.licence_no_objection(),
            "LicenceGrant" => self.licence_grant(),
            "LicenceRefuse" => self.licence_refuse(),
            "LicenceReinstate" => self.licence_reinstate(),
            "Freeze" => self.freeze(),
            "FreezeConfirm" => self.freeze_confirm(),
            "Unfreeze" => self.unfreeze(),
            "RulebookPropose" => self.rulebook_propose(),
            "EmergencyEnd" => self.emergency_end(),
            _ => return None,
        };
        Some(idea)
    }

    /// A kind without ideas of its own, or one of those to see that its description serves.
    fn by_description(&mut self, kind: &str) -> (Operation, Vec<String>, Origin) {
        let (operation, origin) = self.filled(kind);
        let signers = self.signers_of(&operation);
        (operation, signers, origin)
    }

    pub(crate) fn bank(&mut self) -> Institution {
        let chosen = self.rng.usize(0..self.town.banks.len());
        self.town.banks[chosen].clone()
    }

    pub(crate) fn currency(&mut self) -> CurrencyCode {
        let chosen = self.rng.usize(0..self.town.currencies.len());
        self.town.currencies[chosen]
    }

    /// The central bank of a currency; some central bank for a currency that nobody issues, which a request may name.
    pub(crate) fn issuer(&self, currency: CurrencyCode) -> Institution {
        let issuers = &self.town.issuers;
        let any = || issuers.values().next().expect("there are central banks");
        issuers.get(&currency).unwrap_or_else(any).clone()
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

    /// The institution with a LEI, also when it came to the ledger after genesis.
    pub(crate) fn named(&self, lei: &Lei) -> Institution {
        self.institution(lei).unwrap_or_else(|| {
            let known = self.state.participant(lei);
            Institution {
                name: lei.to_string(),
                lei: *lei,
                names: vec![AgentIdentification::Lei(*lei)],
                jurisdiction: known.map_or(self.town.banks[0].jurisdiction, |row| row.jurisdiction),
                kind: known.map_or(ParticipantKind::Bank, |row| row.kind),
            }
        })
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

    /// The institution that holds a key.
    pub(crate) fn holder(&self, holder: Holder) -> Option<Institution> {
        match holder {
            Holder::Participant(lei) => self.institution(&lei),
            Holder::Governor(_) | Holder::Regulator(_) | Holder::Auditor(_) | Holder::Court(_) => {
                None
            }
        }
    }
}
