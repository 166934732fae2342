//! Every kind of instruction: one file for each, its `mod` line, and one line for it in the list below.
//!
//! The list is in wire order and append-only: the position of a kind is its number in the encoding. Codec, JSON, command
//! line, golden bytes, simulator workload and load generator follow from it; the random sequences of this crate's tests ask for one
//! more line, in the table of `tests/ledger/model/kinds.rs`.
//!
//! A field may say more to programs than its type does, by an attribute `#[schemars(extend(...))]`: `x-generated` (a new
//! reference when none is given), `x-default` (the value meant when none is given), `x-alias` (a shorter name of its option),
//! `x-positional` (given without the option's name), `x-hidden` (read from messages only, never typed), `x-file` (an object that is
//! given as a whole, in a file, although its fields could be options).

pub(crate) mod terms;
mod together;

mod accept_quote;
mod approve;
mod attest;
mod balancing_pay;
mod cancel;
mod cancel_exchange;
mod confirm_credit;
mod credit_line_set;
mod currency_halt;
mod currency_resume;
mod emergency_end;
mod emergency_rule;
mod freeze;
mod freeze_confirm;
mod hold;
mod issue;
mod issue_request;
mod licence_apply;
mod licence_grant;
mod licence_no_objection;
mod licence_refuse;
mod licence_reinstate;
mod licence_revoke;
mod licence_surrender;
mod licence_suspend;
mod linked;
mod move_in_queue;
mod pay;
mod pay_bulk;
mod pay_versus_payment;
mod pledge_collateral;
mod post;
mod quote;
mod quote_withdraw;
mod rate_fix;
mod recall_answer;
mod recall_request;
mod redeem_cancel;
mod redeem_confirm;
mod redeem_request;
mod release_collateral;
mod reprioritise;
mod reserve_liquidity;
mod return_payment;
mod rotate_key;
mod rulebook_propose;
mod run_cycle;
mod send_back;
mod set_bilateral_limit;
mod unfreeze;
mod validator_set_change;
mod void;

pub use accept_quote::DealtSide;
pub use linked::LINKED_LEGS_MAX;
pub use move_in_queue::QueueEnd;
pub use pay_bulk::BULK_PAYMENTS_MAX;
pub use recall_answer::RecallDecision;
pub use set_bilateral_limit::BILATERAL_LIMITS_MAX;

use crate::authority::{Authority, SignerGroup};
use crate::execution::{Execution, Item};
use crate::rejection::Rejection;
use crate::rulebook::Rulebook;
use crate::state::State;
use karwan_types::{DurationMs, Movement, Timestamp};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

/// What one kind of instruction is: the same few questions for all.
pub(crate) trait Execute: Sized {
    /// Checks that need nothing but the instruction itself.
    fn check_alone(&self) -> Result<(), Rejection>;
    /// Who must sign. Fails when that cannot be told, for example for an unknown debtor agent.
    fn authority(&self, state: &State) -> Result<Authority, Rejection>;
    /// How far ahead it may expire.
    fn validity_max(rules: &Rulebook) -> DurationMs {
        rules.common.validity_max_ms
    }
    /// The references that the instruction takes and the money they stand for; none for instructions without a UETR.
    /// Called after the signers' authority over the agent is proven.
    fn items(&self, _state: &State) -> Vec<Item> {
        Vec::new()
    }
    /// Whether its payments settle together or not at all.
    fn is_atomic() -> bool {
        false
    }
    /// Until when it may wait for signatures; none later than its expiry.
    fn open_until(&self, valid_until: Timestamp) -> Timestamp {
        valid_until
    }
    /// What it leaves on the ledger besides its references, once these are taken.
    fn register(&self, _execution: &mut Execution<'_>) {}
    /// Does it. `open` holds the items that are neither settled nor refused yet. An error has changed nothing.
    fn execute(&self, execution: &mut Execution<'_>, open: &[Item]) -> Result<(), Rejection>;
    /// A well-formed instruction of this kind, for golden bytes and documentation.
    fn example() -> Self;
}

macro_rules! operations {
    ($( $module:ident :: $name:ident ),* $(,)?) => {
        $( pub use $module::$name; )*

        /// What an instruction asks the ledger to do.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Operation {
            $(
                #[doc = concat!("See [`", stringify!($name), "`].")]
                $name($name),
            )*
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
            /// Describes the fields of a kind in JSON; none for a name that is no kind. The JSON form of an operation is
            /// an object with one member: the kind's name, and these fields.
            #[must_use]
            pub fn schema(name: &str) -> Option<Schema> {
                match name {
                    $( stringify!($name) => Some(described::<$name>()), )*
                    _ => None,
                }
            }
            /// Checks that need nothing but the instruction itself.
            ///
            /// # Errors
            /// The `Rejection` of the first rule broken.
            pub fn check_alone(&self) -> Result<(), Rejection> {
                match self { $( Self::$name(operation) => operation.check_alone(), )* }
            }
            pub(crate) fn validity_max(&self, rules: &Rulebook) -> DurationMs {
                match self { $( Self::$name(_) => <$name as Execute>::validity_max(rules), )* }
            }
            pub(crate) fn authority(&self, state: &State) -> Result<Authority, Rejection> {
                match self { $( Self::$name(operation) => operation.authority(state), )* }
            }
            pub(crate) fn items(&self, state: &State) -> Vec<Item> {
                match self { $( Self::$name(operation) => operation.items(state), )* }
            }
            pub(crate) fn is_atomic(&self) -> bool {
                match self { $( Self::$name(_) => <$name as Execute>::is_atomic(), )* }
            }
            pub(crate) fn open_until(&self, valid_until: Timestamp) -> Timestamp {
                match self { $( Self::$name(operation) => operation.open_until(valid_until), )* }
            }
            pub(crate) fn register(&self, execution: &mut Execution<'_>) {
                match self { $( Self::$name(operation) => operation.register(execution), )* }
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

/// A kind's fields with everything inside them written out.
fn described<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings.into_generator().into_root_schema_for::<T>()
}

impl Operation {
    /// Who must sign, as far as the ledger can tell now: nobody when the instruction names something that is not there yet.
    #[must_use]
    pub fn signers(&self, state: &State) -> Vec<SignerGroup> {
        self.authority(state)
            .map(|authority| authority.groups())
            .unwrap_or_default()
    }
    /// The payments and requests inside, as they would be recorded.
    #[must_use]
    pub fn movements(&self, state: &State) -> Vec<Movement> {
        let items = self.items(state);
        items.into_iter().map(|item| item.movement).collect()
    }
}

operations! {
    issue_request::IssueRequest,
    issue::Issue,
    redeem_request::RedeemRequest,
    redeem_confirm::RedeemConfirm,
    redeem_cancel::RedeemCancel,
    pay::Pay,
    pay_bulk::PayBulk,
    hold::Hold,
    post::Post,
    void::Void,
    linked::Linked,
    approve::Approve,
    cancel::Cancel,
    return_payment::Return,
    confirm_credit::ConfirmCredit,
    currency_halt::CurrencyHalt,
    currency_resume::CurrencyResume,
    rotate_key::RotateKey,
    validator_set_change::ValidatorSetChange,
    rulebook_propose::RulebookPropose,
    emergency_rule::EmergencyRule,
    emergency_end::EmergencyEnd,
    reserve_liquidity::ReserveLiquidity,
    set_bilateral_limit::SetBilateralLimit,
    reprioritise::Reprioritise,
    move_in_queue::MoveInQueue,
    run_cycle::RunCycle,
    balancing_pay::BalancingPay,
    rate_fix::RateFix,
    quote::Quote,
    quote_withdraw::QuoteWithdraw,
    pay_versus_payment::PayVersusPayment,
    cancel_exchange::CancelExchange,
    accept_quote::AcceptQuote,
    recall_request::RecallRequest,
    recall_answer::RecallAnswer,
    licence_apply::LicenceApply,
    licence_no_objection::LicenceNoObjection,
    licence_grant::LicenceGrant,
    licence_refuse::LicenceRefuse,
    licence_suspend::LicenceSuspend,
    licence_reinstate::LicenceReinstate,
    licence_revoke::LicenceRevoke,
    licence_surrender::LicenceSurrender,
    freeze::Freeze,
    freeze_confirm::FreezeConfirm,
    unfreeze::Unfreeze,
    credit_line_set::CreditLineSet,
    pledge_collateral::PledgeCollateral,
    release_collateral::ReleaseCollateral,
    attest::Attest,
}
