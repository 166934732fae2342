//! The liquidity-saving cycle: puts everything that waits for money before the mechanism, and posts what comes out, as one step
//! of a block's execution.
//!
//! Ordinary payments are never paused by a cycle: it runs after the block's transactions, on the money that they left.

use super::QueueEntry;
use super::release::{examine, refuse_leg, settle};
use crate::limits;
use crate::netting::{self, Entry, Leg, Pool, Position};
use crate::operations::terms::Priority;
use crate::posting::{self, Transfer};
use crate::records::LimitKey;
use crate::rejection::Rejection;
use crate::state::State;
use crate::travel_rule::{self, Counted};
use crate::usage::{self, Tally};
use karwan_types::{AccountNumber, Amount, CurrencyCode, Height, Lei, Outcome, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many cycles are remembered.
const CYCLES_KEPT: usize = 1_000;

/// What one cycle did. Its key in the table is the height of its block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CycleRecord {
    /// The entries that were looked at.
    pub entries: u32,
    /// Those that settled singly, bilaterally and multilaterally.
    pub settled: [u32; 3],
    /// The entries that the last step excluded.
    pub excluded: u32,
    /// By currency, in order.
    pub values: Vec<CycleValue>,
}

/// What one cycle moved in a currency, in minor units. The saving is what of the value needed no liquidity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CycleValue {
    /// The currency.
    pub currency: CurrencyCode,
    /// The value settled.
    pub value: Amount,
    /// The liquidity used: what accounts paid beyond what they received.
    pub liquidity: Amount,
}

/// An entry before the mechanism: its number, and what it would move.
struct Candidate {
    number: u64,
    transfers: Vec<Transfer>,
}

/// Whether a block at this height ends with a cycle: by its turn, because the queue has just reached its length, or because an
/// issuer asked for one.
pub(crate) fn is_cycle_due(state: &State, height: Height, waiting_before: usize) -> bool {
    let rules = &state.rules().common.queue;
    let waiting = state.queue.len();
    let length = usize::try_from(rules.cycle_length).unwrap_or(usize::MAX);
    // No height is a multiple of 0.
    let turn = height.get().is_multiple_of(u64::from(rules.cycle_blocks));
    let full = length > 0 && waiting_before < length && waiting >= length;
    waiting > 0 && (turn || full || state.cycle_asked)
}

impl State {
    /// What a cycle would do now, by the rules and balances after the last block; none when nothing waits for money. Changes
    /// nothing.
    #[must_use]
    pub fn preview_cycle(&self) -> Option<CycleRecord> {
        let mut state = self.clone();
        let at = (self.chain().height.next(), self.chain().time);
        run_cycle(&mut state, at, &mut Vec::new());
        state.cycles.get(&at.0).cloned()
    }
}

/// Runs one cycle.
pub(crate) fn run_cycle(state: &mut State, at: (Height, Timestamp), outcomes: &mut Vec<Outcome>) {
    state.cycle_asked = false;
    let candidates = candidates(state, at, outcomes);
    let candidates = keep_limits(state, at.1, candidates);
    if candidates.is_empty() {
        return;
    }
    let accounts = accounts(state, &candidates);
    let pool = pool(state, &candidates, &accounts);
    let cleared = netting::clear(pool);
    let mut settled = [0u32; 3];
    let mut values: BTreeMap<CurrencyCode, CycleValue> = BTreeMap::new();
    for ((currency, ..), turnover) in accounts.keys().zip(&cleared.turnovers) {
        let of_currency = values.entry(*currency).or_insert(CycleValue {
            currency: *currency,
            value: Amount::ZERO,
            liquidity: Amount::ZERO,
        });
        of_currency.value = plus(of_currency.value, turnover.paid);
        of_currency.liquidity = plus(of_currency.liquidity, turnover.liquidity_used());
    }
    for one in &cleared.postings {
        let chosen: Vec<&Candidate> = one
            .entries
            .iter()
            .filter_map(|index| candidates.get(*index))
            .collect();
        let transfers: Vec<Transfer> = chosen
            .iter()
            .flat_map(|candidate| candidate.transfers.iter().cloned())
            .collect();
        posting::post(state, &transfers).expect("the mechanism keeps every floor");
        limits::count(state, at.1, &transfers);
        for candidate in chosen {
            let entry = state.queue_entry(candidate.number).clone();
            travel_rule::consume(state, at.1, entry.terms());
            settle(state, at, candidate.number, &candidate.transfers, outcomes);
            let count = settled
                .get_mut(one.step.index())
                .expect("there are three steps");
            *count = count.saturating_add(1);
        }
    }
    let record = CycleRecord {
        entries: count(candidates.len()),
        settled,
        excluded: count(cleared.removals),
        values: values
            .into_values()
            .filter(|one| !one.value.is_zero())
            .collect(),
    };
    remember(state, at.0, record);
}

fn remember(state: &mut State, height: Height, record: CycleRecord) {
    state.cycles.insert(height, record);
    if state.cycles.len() > CYCLES_KEPT {
        let oldest = state.cycles.iter().next().map(|(height, _)| *height);
        if let Some(oldest) = oldest {
            state.cycles.remove(&oldest);
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).expect("a cycle looks at 5,000 entries at most")
}

fn plus(sum: Amount, minor: i128) -> Amount {
    let minor = u128::try_from(minor).expect("turnovers are not negative");
    sum.checked_add(Amount::from_minor(minor))
        .expect("5,000 amounts of 18 digits fit")
}

/// The entries that wait for nothing but money, in the order of the queue. What the rules forbid by now is refused.
fn candidates(
    state: &mut State,
    at: (Height, Timestamp),
    outcomes: &mut Vec<Outcome>,
) -> Vec<Candidate> {
    let most = usize::try_from(state.rules().common.queue.cycle_entries_max).unwrap_or(usize::MAX);
    let order: Vec<u64> = state
        .queue_order
        .iter()
        .map(|(.., number)| *number)
        .collect();
    let mut candidates = Vec::new();
    let mut counted = Counted::default();
    // The accounts of strict entries that are left out: nothing behind those passes them.
    let mut closed: BTreeSet<AccountNumber> = BTreeSet::new();
    // Every leg of what settles together counts, because the work grows with them.
    let mut legs = 0usize;
    for number in order {
        if legs >= most {
            break;
        }
        let entry: &QueueEntry = state.queue_entry(number);
        if !entry.is_eligible(number, state, at.1) {
            continue;
        }
        let debits = entry.legs.iter().map(|leg| &leg.debit);
        let passes = debits.clone().any(|account| closed.contains(account));
        let strict = entry.priority <= Priority::High;
        match examine_with_limits(state, at.1, entry) {
            // Whoever has not repaid intraday credit pays nothing, netted neither. What several payments of the same two persons
            // come to together is told only when they have settled: of those that would pass the threshold unattested, the later
            // ones are left to the release after this cycle, or to the next one.
            Ok(transfers)
                if !passes
                    && posting::are_repaid(state, &transfers)
                    && !is_too_much(state, at.1, entry, &counted) =>
            {
                counted.add(state, entry.terms());
                legs = legs.saturating_add(transfers.len());
                candidates.push(Candidate { number, transfers });
            }
            Ok(_) if strict => closed.extend(debits.cloned()),
            Ok(_) => {}
            Err((_, rejection)) if rejection.waits() && strict => closed.extend(debits.cloned()),
            Err((_, rejection)) if rejection.waits() => {}
            // What is refused counts as well: a block has a bounded number of outcomes, whatever waits.
            Err(failed) => {
                legs = legs.saturating_add(entry.legs.len());
                refuse_leg(state, at, number, &failed, outcomes);
            }
        }
    }
    candidates
}

/// What an entry would move now, alone.
fn examine_with_limits(
    state: &State,
    time: Timestamp,
    entry: &QueueEntry,
) -> Result<Vec<Transfer>, (usize, Rejection)> {
    let transfers = examine(state, time, entry)?;
    usage::check(state, time, &usage::flows(state, &transfers))?;
    Ok(transfers)
}

/// Those that keep the limits of the rulebook in any selection that the mechanism makes of them: the sums are gross, so that no
/// netting makes room. Admitted in the order of the queue. What is left out waits for room, but could settle alone: nothing
/// passes a strict one of them in the queues of its accounts.
fn keep_limits(state: &State, time: Timestamp, candidates: Vec<Candidate>) -> Vec<Candidate> {
    if !state.rules().has_limits() {
        return candidates;
    }
    let mut tally = Tally::new(state, time);
    let mut closed: BTreeSet<AccountNumber> = BTreeSet::new();
    let mut kept = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let mut debits = candidate.transfers.iter().map(|transfer| &transfer.debit);
        let passes = debits.any(|account| closed.contains(account));
        let flows = usage::flows(state, &candidate.transfers);
        if !passes && tally.admit(&flows).is_ok() {
            kept.push(candidate);
        } else if state.queue_entry(candidate.number).priority <= Priority::High {
            let debits = candidate.transfers.into_iter();
            closed.extend(debits.map(|transfer| transfer.debit));
        }
    }
    kept
}

/// Whether the Travel Rule would hold an entry back if all the payments counted settled before it.
fn is_too_much(state: &State, time: Timestamp, entry: &QueueEntry, counted: &Counted) -> bool {
    travel_rule::check_attested(state, time, entry.terms(), counted).is_err()
}

/// The accounts concerned in the order in which the mechanism goes through them, each with its index.
fn accounts(
    state: &State,
    candidates: &[Candidate],
) -> BTreeMap<(CurrencyCode, Lei, AccountNumber), usize> {
    let numbers: BTreeSet<&AccountNumber> = candidates
        .iter()
        .flat_map(|candidate| &candidate.transfers)
        .flat_map(|transfer| [&transfer.debit, &transfer.credit])
        .collect();
    let key = |number: &AccountNumber| {
        let row = state.account(number).expect("its accounts were examined");
        (row.currency, row.owner, number.clone())
    };
    let keys: BTreeSet<_> = numbers.into_iter().map(key).collect();
    keys.into_iter()
        .enumerate()
        .map(|(index, key)| (key, index))
        .collect()
}

fn pool(
    state: &State,
    candidates: &[Candidate],
    accounts: &BTreeMap<(CurrencyCode, Lei, AccountNumber), usize>,
) -> Pool {
    let mut parties: BTreeMap<(CurrencyCode, Lei), usize> = BTreeMap::new();
    let mut index: BTreeMap<&AccountNumber, usize> = BTreeMap::new();
    let mut positions = Vec::with_capacity(accounts.len());
    for ((currency, owner, number), place) in accounts {
        let next = parties.len();
        let party = *parties.entry((*currency, *owner)).or_insert(next);
        index.insert(number, *place);
        let row = state.account(number).expect("its accounts were examined");
        positions.push(Position {
            available: row.available(),
            reserved_urgent: posting::signed(row.reserved_urgent),
            reserved_high: posting::signed(row.reserved_high),
            party,
        });
    }
    let limits = state.limits.iter().filter_map(|(key, limit)| {
        let LimitKey {
            debtor,
            creditor,
            currency,
        } = key;
        let debtor = parties.get(&(*currency, *debtor))?;
        let creditor = parties.get(&(*currency, *creditor))?;
        Some(((*debtor, *creditor), limit.headroom()))
    });
    let leg = |transfer: &Transfer| Leg {
        debit: *index.get(&transfer.debit).expect("collected above"),
        credit: *index.get(&transfer.credit).expect("collected above"),
        amount: posting::signed(transfer.amount),
    };
    let entry = |candidate: &Candidate| Entry {
        class: state.queue_entry(candidate.number).priority,
        legs: candidate.transfers.iter().map(leg).collect(),
    };
    Pool {
        positions,
        limits: limits.collect(),
        entries: candidates.iter().map(entry).collect(),
    }
}
