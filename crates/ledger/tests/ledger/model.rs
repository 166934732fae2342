//! An independent, deliberately naive ledger: lists that are searched from the front, one `if` after another, and not one line
//! of the rules that it is compared with. It only reads instructions. What is known of each kind of them is in `kinds`.
//!
//! Random instructions go to both; after every block both must have said and kept the same.

mod altered;
pub(crate) mod author;
mod books;
pub(crate) mod broken;
mod business_day;
mod cycle;
mod due;
mod instructions;
pub(crate) mod kinds;
mod orders;
mod payment_rules;
mod queue;
mod quotes;
mod recalls;
mod rules;
mod seen;
pub(crate) mod sequences;
mod signing;
mod supervision;
mod together;
pub(crate) mod trace;
mod travel_rule;
mod usage;
pub(crate) mod worlds;

pub(crate) use books::Model;
pub(crate) use seen::Seen;
