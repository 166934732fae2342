//! Bilateral limits: how much more an institution pays another than it has received from it.
//!
//! The position counts from when the limit was set, whatever paid: payments, holds that are posted, and returns. Only pairs with a
//! limit have a row.

use crate::posting::{self, Transfer, signed};
use crate::records::{BilateralLimit, LimitKey};
use crate::rejection::Rejection;
use crate::state::State;
use crate::usage;
use karwan_types::Timestamp;
use std::collections::BTreeMap;

impl BilateralLimit {
    /// How much more may be paid now, in minor units; negative when the limit was lowered below what is used.
    #[must_use]
    pub fn headroom(&self) -> i128 {
        signed(self.limit)
            .checked_sub(self.position)
            .expect("balances fit 127 bits")
    }
}

/// Who pays whom by a transfer.
fn key_of(state: &State, transfer: &Transfer) -> LimitKey {
    let row = |number| state.account(number).expect("accounts were checked before");
    let debit = row(&transfer.debit);
    LimitKey {
        debtor: debit.owner,
        creditor: row(&transfer.credit).owner,
        currency: debit.currency,
    }
}

/// What transfers move together between the pairs that have a limit.
fn flows(state: &State, transfers: &[Transfer]) -> BTreeMap<LimitKey, i128> {
    let mut flows: BTreeMap<LimitKey, i128> = BTreeMap::new();
    let mut add = |key: LimitKey, minor: i128| {
        if state.limits.get(&key).is_some() {
            let flow = flows.entry(key).or_default();
            *flow = flow.checked_add(minor).expect("balances fit 127 bits");
        }
    };
    if state.limits.len() == 0 {
        return BTreeMap::new();
    }
    for transfer in transfers {
        let key = key_of(state, transfer);
        let minor = signed(transfer.amount);
        add(key, minor);
        add(key.reversed(), minor.saturating_neg());
    }
    flows
}

/// Whether transfers keep the limits of those who pay by them.
pub(crate) fn check(state: &State, transfers: &[Transfer]) -> Result<(), Rejection> {
    for (key, flow) in flows(state, transfers) {
        let limit = state
            .limits
            .get(&key)
            .expect("only limited pairs have a flow");
        if flow > 0 && flow > limit.headroom() {
            return Err(Rejection::BilateralLimit {
                currency: key.currency,
            });
        }
    }
    Ok(())
}

/// Check 13 and the movement of transfers that settle in one moment, whose other limits were checked. An error has changed
/// nothing.
pub(crate) fn settle(
    state: &mut State,
    time: Timestamp,
    transfers: &[Transfer],
) -> Result<(), Rejection> {
    check(state, transfers)?;
    posting::post(state, transfers)?;
    count(state, time, transfers);
    Ok(())
}

/// Counts transfers that were posted towards every limit of whom they concern.
pub(crate) fn count(state: &mut State, time: Timestamp, transfers: &[Transfer]) {
    consume(state, transfers);
    let flows = usage::flows(state, transfers);
    usage::consume(state, time, &flows);
}

/// Counts transfers that were posted. What came back makes room: the account that received it has its turn by its credit, other
/// accounts of the same institution with the next cycle.
pub(crate) fn consume(state: &mut State, transfers: &[Transfer]) {
    for (key, flow) in flows(state, transfers) {
        let limit = state
            .limits
            .get_mut(&key)
            .expect("only limited pairs have a flow");
        limit.position = limit
            .position
            .checked_add(flow)
            .expect("balances fit 127 bits");
    }
}
