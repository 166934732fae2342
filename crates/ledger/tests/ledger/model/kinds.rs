//! What the tests know of each kind of instruction: who writes random ones, and what the naive model makes of them.
//!
//! A new kind is one line in the table below, and the functions that the line speaks of in a file of their own. A kind that is
//! `modelled` is compared with the ledger in everything; one that is `observed` is written and watched over by the
//! invariants only, and its line says why. A kind without a line fails a test by its name.

mod afterwards;
mod attestations;
mod credit;
mod exchange;
mod freezes;
mod holds;
mod issue;
mod issuers;
mod keys;
mod licences;
mod payments;
mod queue;
pub(crate) mod quotes;
mod recalls;
mod rulebook;

use super::author::Author;
use super::books::{Model, Sum};
use super::instructions::{Item, Turn};
use super::signing::Group;
use crate::support::Chain;
use karwan_ledger::{Operation, PaymentTerms};
use karwan_types::TransactionStatus;

/// A kind of which random instructions are written.
pub(crate) trait Authored {
    /// One that follows from what is on the books, mostly a sound one. None when there is nothing that it could be about.
    fn write(author: &mut Author, chain: &Chain, model: &Model) -> Option<Operation>
    where
        Self: Sized;
    /// The payments that it names.
    fn payments(&self) -> Vec<&PaymentTerms> {
        Vec::new()
    }
}

/// A kind of which the naive model knows everything.
pub(crate) trait Modelled: Authored {
    /// What is wrong with it before any ledger is asked.
    fn alone(&self) -> Option<u16> {
        None
    }
    /// Who must sign.
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16>;
    /// The references that it takes.
    fn items(&self, _model: &Model) -> Vec<Item> {
        Vec::new()
    }
    /// Does it, or says by its number why not. `open` holds the items that are neither settled nor refused.
    fn perform(&self, model: &mut Model, turn: &Turn, open: &[Item]) -> Result<(), u16>;
    /// What is said of one without references when it was done.
    fn done(&self) -> TransactionStatus {
        TransactionStatus::Acsc
    }
    /// The payment that is named with it.
    fn concerns(&self, _model: &Model) -> Option<Sum> {
        None
    }
}

/// One line of the table.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    /// How often it is written, compared with the others.
    pub(crate) weight: u32,
    pub(crate) write: fn(&mut Author, &Chain, &Model) -> Option<Operation>,
    /// Why only the invariants look at it; none when it is modelled.
    pub(crate) observed: Option<&'static str>,
}

macro_rules! kinds {
    (
        modelled { $( $modelled:ident: $often:literal, )* }
        observed { $( $observed:ident: $seldom:literal, $reason:literal, )* }
    ) => {
        /// Every kind that is known here.
        pub(crate) const LINES: &[Line] = &[
            $( Line {
                name: stringify!($modelled),
                weight: $often,
                write: <karwan_ledger::$modelled as Authored>::write,
                observed: None,
            }, )*
            $( Line {
                name: stringify!($observed),
                weight: $seldom,
                write: <karwan_ledger::$observed as Authored>::write,
                observed: Some($reason),
            }, )*
        ];
        /// An instruction as the model sees it; none for a kind that it does not know.
        #[expect(
            unreachable_patterns,
            reason = "the last arm is for a kind that has no line yet, so that a test can name it"
        )]
        pub(crate) fn modelled(operation: &Operation) -> Option<&dyn Modelled> {
            match operation {
                $( Operation::$modelled(one) => Some(one), )*
                _ => None,
            }
        }
        /// The payments that an instruction names; none for a kind that nobody has described here.
        #[expect(
            unreachable_patterns,
            reason = "the last arm is for a kind that has no line yet, so that a test can name it"
        )]
        pub(crate) fn payments_of(operation: &Operation) -> Vec<&PaymentTerms> {
            match operation {
                $( Operation::$modelled(one) => Authored::payments(one), )*
                $( Operation::$observed(one) => Authored::payments(one), )*
                _ => Vec::new(),
            }
        }
    };
}

kinds! {
    modelled {
        IssueRequest: 10,
        Issue: 14,
        RedeemRequest: 5,
        RedeemConfirm: 4,
        RedeemCancel: 2,
        Pay: 40,
        PayBulk: 6,
        Hold: 7,
        Post: 3,
        Void: 3,
        Linked: 6,
        Approve: 10,
        Cancel: 6,
        Return: 4,
        ConfirmCredit: 3,
        CurrencyHalt: 2,
        CurrencyResume: 3,
        RotateKey: 3,
        ValidatorSetChange: 2,
        RulebookPropose: 5,
        EmergencyRule: 2,
        EmergencyEnd: 1,
        ReserveLiquidity: 5,
        SetBilateralLimit: 7,
        Reprioritise: 5,
        MoveInQueue: 4,
        RunCycle: 4,
        BalancingPay: 4,
        PayVersusPayment: 10,
        CancelExchange: 3,
        RateFix: 5,
        Quote: 6,
        QuoteWithdraw: 2,
        AcceptQuote: 7,
        RecallRequest: 4,
        RecallAnswer: 4,
        Freeze: 5,
        FreezeConfirm: 4,
        Unfreeze: 3,
        LicenceApply: 3,
        LicenceNoObjection: 2,
        LicenceGrant: 3,
        LicenceRefuse: 1,
        LicenceSuspend: 3,
        LicenceReinstate: 2,
        LicenceRevoke: 2,
        LicenceSurrender: 1,
        CreditLineSet: 3,
        PledgeCollateral: 6,
        ReleaseCollateral: 3,
        Attest: 8,
    }
    observed {
    }
}

#[test]
fn every_kind_of_instruction_has_its_line_in_the_naive_model() {
    let has_line = |name: &&&str| LINES.iter().any(|line| line.name == **name);
    let missing: Vec<&&str> = Operation::NAMES
        .iter()
        .filter(|name| !has_line(name))
        .collect();
    assert!(
        missing.is_empty(),
        "without a line in the table of model/kinds.rs: {missing:?}"
    );
    for line in LINES {
        if let Some(reason) = line.observed {
            eprintln!(
                "{} is watched over by the invariants only: {reason}",
                line.name
            );
        }
    }
}
