//! Every kind of instruction: one file for each, and one line for each in the list below.
//!
//! The list is in wire order and append-only: the position of a kind is its number in the encoding. Codec, JSON, command
//! line, golden bytes, simulator workload and load generator follow from it.

pub(crate) mod terms;

mod approve;
mod cancel;
mod confirm_credit;
mod currency_halt;
mod currency_resume;
mod hold;
mod issue;
mod issue_request;
mod linked;
mod pay;
mod pay_bulk;
mod post;
mod redeem_cancel;
mod redeem_confirm;
mod redeem_request;
mod return_payment;
mod rotate_key;
mod validator_set_change;
mod void;

pub use approve::Approve;
pub use cancel::Cancel;
pub use confirm_credit::ConfirmCredit;
pub use currency_halt::CurrencyHalt;
pub use currency_resume::CurrencyResume;
pub use hold::Hold;
pub use issue::Issue;
pub use issue_request::IssueRequest;
pub use linked::{LINKED_LEGS_MAX, Linked};
pub use pay::Pay;
pub use pay_bulk::{BULK_PAYMENTS_MAX, PayBulk};
pub use post::Post;
pub use redeem_cancel::RedeemCancel;
pub use redeem_confirm::RedeemConfirm;
pub use redeem_request::RedeemRequest;
pub use return_payment::Return;
pub use rotate_key::RotateKey;
pub use validator_set_change::ValidatorSetChange;
pub use void::Void;

use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::rejection::Rejection;
use crate::state::State;
use serde::{Deserialize, Serialize};

/// What one kind of instruction is: the same few questions for all.
pub(crate) trait Execute: Sized {
    /// Checks that need nothing but the instruction itself.
    fn check_alone(&self) -> Result<(), Rejection>;
    /// Who must sign. Fails when that cannot be told, for example for an unknown debtor agent.
    fn authority(&self, state: &State) -> Result<Authority, Rejection>;
    /// The references that the instruction takes and the money they stand for; none for instructions without a UETR.
    /// Called after the signers' authority over the agent is proven.
    fn items(&self, _state: &State) -> Vec<Item> {
        Vec::new()
    }
    /// Does it. `open` holds the items that are neither settled nor refused yet. An error has changed nothing.
    fn execute(&self, execution: &mut Execution<'_>, open: &[Item]) -> Result<(), Rejection>;
    /// A well-formed instruction of this kind, for golden bytes and documentation.
    fn example() -> Self;
}

macro_rules! operations {
    ($( $(#[$doc:meta])* $name:ident ),* $(,)?) => {
        /// What an instruction asks the ledger to do.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Operation {
            $( $(#[$doc])* $name($name), )*
        }
        impl Operation {
            /// The name of every kind, in wire order.
            pub const NAMES: &'static [&'static str] = &[ $( stringify!($name) ),* ];

            /// The name of this kind.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $( Self::$name(_) => stringify!($name), )* }
            }
            /// A well-formed instruction of every kind, in wire order.
            #[must_use]
            pub fn examples() -> Vec<Self> {
                vec![ $( Self::$name(<$name as Execute>::example()) ),* ]
            }
            /// Checks that need nothing but the instruction itself.
            ///
            /// # Errors
            /// The `Rejection` of the first rule broken.
            pub fn check_alone(&self) -> Result<(), Rejection> {
                match self { $( Self::$name(operation) => operation.check_alone(), )* }
            }
            pub(crate) fn authority(&self, state: &State) -> Result<Authority, Rejection> {
                match self { $( Self::$name(operation) => operation.authority(state), )* }
            }
            pub(crate) fn items(&self, state: &State) -> Vec<Item> {
                match self { $( Self::$name(operation) => operation.items(state), )* }
            }
            pub(crate) fn execute(&self, execution: &mut Execution<'_>, open: &[Item]) -> Result<(), Rejection> {
                match self { $( Self::$name(operation) => operation.execute(execution, open), )* }
            }
        }
        $(
            impl From<$name> for Operation {
                fn from(operation: $name) -> Self {
                    Self::$name(operation)
                }
            }
        )*
    };
}

operations! {
    /// A domestic bank asks its central bank to issue against its RTGS balance.
    IssueRequest,
    /// The central bank issues.
    Issue,
    /// A participant asks to have money on the ledger redeemed to its RTGS account.
    RedeemRequest,
    /// The central bank has paid it out.
    RedeemConfirm,
    /// The central bank declines; the money is released.
    RedeemCancel,
    /// One payment.
    Pay,
    /// Up to 1,000 payments under one set of signatures, each with its own answer.
    PayBulk,
    /// Sets an amount aside for a creditor.
    Hold,
    /// Pays out of a hold.
    Post,
    /// Releases a hold.
    Void,
    /// Up to 64 payments, all or none.
    Linked,
    /// One more signature under a waiting instruction.
    Approve,
    /// Withdraws what has not settled.
    Cancel,
    /// Sends a settled payment back.
    Return,
    /// The creditor agent has credited its customer.
    ConfirmCredit,
    /// The issuer stops its currency.
    CurrencyHalt,
    /// The issuer lets it move again.
    CurrencyResume,
    /// Replaces a signing key.
    RotateKey,
    /// New validators, two heights later.
    ValidatorSetChange,
}

#[cfg(test)]
mod tests;
