//! The rules in the words of those who live by them, one file for each concept.

mod acceptance;
mod approvals;
mod backlog;
mod blocks;
mod bulk;
mod business_day;
mod cancel;
mod check_order;
mod checkpoints;
mod credit;
mod currency;
mod exchange;
mod freezes;
mod genesis;
mod holds;
mod idempotency;
mod issue;
mod keys;
mod licences;
mod limits;
mod linked;
mod payments;
mod purposes;
pub(crate) mod queue;
mod quotes;
mod recalls;
mod rehearsal;
mod returns;
mod rulebook;
mod signatures;
mod times;
mod travel_rule;
mod validators;
mod winding_down;

pub(crate) use queue::poor;
