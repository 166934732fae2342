//! An independent, deliberately naive ledger: lists that are searched from the front, one `if` after another, and not one line
//! of the rules that it is compared with. It only reads instructions.
//!
//! Random instructions go to both; after every block both must have said and kept the same.

mod author;
mod books;
mod deeds;
mod instructions;
mod payment_rules;
mod rules;
mod seen;
mod sequences;
mod signing;

pub(crate) use books::{Model, Waiting};
pub(crate) use seen::Seen;
