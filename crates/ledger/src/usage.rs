//! What institutions use of their limits: the 24-hour sums of what each pays and is paid, and what it holds.
//!
//! A limit is gross: what comes back gives no room. It is judged and used up when money moves, whatever brings that about; a
//! hold uses it up when it is made, and what is not paid of it in the end is taken back in the hour in which it counted.
//! Not counted, and never stopped by a limit: money that an institution moves between its own accounts, issue and redemption,
//! which are between an institution and its issuer, and returns, which nobody shall be kept from. A return does not take back
//! what its original used up either.
//!
//! What must hold: whoever has a 24-hour limit has paid, or been paid, no more than it in any 24 hours since the limit came into
//! force, where holds count when they are made. Only such an institution has a row, and a row is forgotten when its window has passed.

mod turns;

pub(crate) use turns::LimitIndex;

use crate::due::Forgettable;
use crate::posting::{Transfer, signed};
use crate::queue::{QueueEntry, QueuedLeg};
use crate::records::{CountedHours, Record, RecordKind};
use crate::rejection::Rejection;
use crate::rulebook::{Direction, InstitutionLimit, LimitFigure, OnExceed};
use crate::state::State;
use crate::window::{DAY_HOURS, SlidingSum, hour_of};
use karwan_types::{AccountNumber, Amount, CurrencyCode, Lei, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whose sum, in which currency and direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UsageKey {
    /// The institution.
    pub participant: Lei,
    /// The currency.
    pub currency: CurrencyCode,
    /// What it pays, or what it is paid.
    pub direction: Direction,
}

/// What an institution has used of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// What counts towards the 24-hour limit, in minor units.
    pub used: Amount,
    /// When the oldest part of it stops counting.
    pub makes_room: Option<Timestamp>,
    /// What it holds in the currency, in minor units.
    pub held: i128,
}

/// A payment as limits see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    pub(crate) debtor: Lei,
    pub(crate) creditor: Lei,
    pub(crate) currency: CurrencyCode,
    pub(crate) amount: Amount,
    /// Where it counts already.
    pub(crate) counted: CountedHours,
}

impl Flow {
    /// Whose sums it adds to, each with whether it counts there already.
    fn sides(&self) -> [(UsageKey, bool); 2] {
        let key = |participant, direction| UsageKey {
            participant,
            currency: self.currency,
            direction,
        };
        [
            (
                key(self.debtor, Direction::Debit),
                self.counted.debit.is_some(),
            ),
            (
                key(self.creditor, Direction::Credit),
                self.counted.credit.is_some(),
            ),
        ]
    }
    /// An institution that moves its own money uses nothing of a limit.
    fn is_own(&self) -> bool {
        self.debtor == self.creditor
    }
}

/// Which of several payments is too much, and why.
type FlowRejection = (usize, Rejection);

/// What some payments would use on top of what the ledger counts: of 24-hour sums, and of what may be held.
pub(crate) struct Tally<'a> {
    state: &'a State,
    time: Timestamp,
    used: BTreeMap<UsageKey, Amount>,
    held: BTreeMap<(Lei, CurrencyCode), i128>,
}

impl<'a> Tally<'a> {
    pub(crate) const fn new(state: &'a State, time: Timestamp) -> Self {
        Self {
            state,
            time,
            used: BTreeMap::new(),
            held: BTreeMap::new(),
        }
    }
    /// Counts payments that settle in one moment, unless one of them is too much.
    pub(crate) fn admit(&mut self, flows: &[Flow]) -> Result<(), FlowRejection> {
        let mut used: BTreeMap<UsageKey, Amount> = BTreeMap::new();
        let mut held: BTreeMap<(Lei, CurrencyCode), i128> = BTreeMap::new();
        for flow in flows.iter().filter(|flow| !flow.is_own()) {
            for (key, counted) in flow.sides() {
                if !counted {
                    let sum = used.entry(key).or_insert(Amount::ZERO);
                    *sum = plus(*sum, flow.amount);
                }
            }
            let minor = signed(flow.amount);
            for (owner, minor) in [
                (flow.debtor, minor.saturating_neg()),
                (flow.creditor, minor),
            ] {
                let net = held.entry((owner, flow.currency)).or_default();
                *net = net.saturating_add(minor);
            }
        }
        for (index, flow) in flows.iter().enumerate().filter(|(_, flow)| !flow.is_own()) {
            for (key, counted) in flow.sides() {
                if !counted {
                    let sum = used.get(&key).copied().unwrap_or_default();
                    self.keeps_day(key, sum).map_err(|why| (index, why))?;
                }
            }
            let holder = (flow.creditor, flow.currency);
            let net = held.get(&holder).copied().unwrap_or_default();
            self.keeps_holding(holder, net)
                .map_err(|why| (index, why))?;
        }
        for (key, sum) in used {
            let total = self.used.entry(key).or_insert(Amount::ZERO);
            *total = plus(*total, sum);
        }
        for (holder, net) in held {
            // What one of several payments takes away may not have gone yet when another comes.
            let total = self.held.entry(holder).or_default();
            *total = total.saturating_add(net.max(0));
        }
        Ok(())
    }
    /// Whether a 24-hour sum has room for this much more.
    fn keeps_day(&self, key: UsageKey, more: Amount) -> Result<(), Rejection> {
        let Some(limit) = limit_of(self.state, key) else {
            return Ok(());
        };
        let Some(day_max) = limit.day_max else {
            return Ok(());
        };
        let before = total(self.state, self.time, key);
        let tentative = self.used.get(&key).copied().unwrap_or_default();
        if plus(plus(before, tentative), more) <= day_max.amount {
            return Ok(());
        }
        Err(passed(key.currency, limit.on_exceed, day_max, more))
    }
    /// Whether an institution may hold this much more.
    fn keeps_holding(&self, holder: (Lei, CurrencyCode), more: i128) -> Result<(), Rejection> {
        let key = credited(holder);
        let Some(limit) = limit_of(self.state, key) else {
            return Ok(());
        };
        let Some(holding_max) = limit.holding_max.filter(|_| more > 0) else {
            return Ok(());
        };
        let tentative = self.held.get(&holder).copied().unwrap_or_default();
        let before = holding(self.state, holder).saturating_add(tentative);
        if before.saturating_add(more) <= signed(holding_max.amount) {
            return Ok(());
        }
        let more = Amount::from_minor(more.unsigned_abs());
        Err(passed(key.currency, limit.on_exceed, holding_max, more))
    }
}

/// The refusal. What is too much by itself waits in vain.
fn passed(
    currency: CurrencyCode,
    on_exceed: OnExceed,
    figure: LimitFigure,
    more: Amount,
) -> Rejection {
    Rejection::CumulativeLimit {
        currency,
        national: figure.national,
        waits: on_exceed == OnExceed::Wait && more <= figure.amount,
    }
}

fn plus(sum: Amount, amount: Amount) -> Amount {
    sum.checked_add(amount).expect("sums fit 127 bits")
}

const fn credited((participant, currency): (Lei, CurrencyCode)) -> UsageKey {
    UsageKey {
        participant,
        currency,
        direction: Direction::Credit,
    }
}

/// What limits an institution.
fn limit_of(state: &State, key: UsageKey) -> Option<InstitutionLimit> {
    if !state.rules().has_limits() {
        return None;
    }
    let participant = state.participant(&key.participant)?;
    let (kind, home) = (participant.kind, participant.jurisdiction);
    state.rules().limit(kind, home, key.currency, key.direction)
}

/// What counts of a 24-hour sum at a time.
fn total(state: &State, time: Timestamp, key: UsageKey) -> Amount {
    let sum = state.usage.get(&key);
    sum.map_or(Amount::ZERO, |sum| sum.total(time, DAY_HOURS))
}

/// What an institution holds in a currency, its clients' money and what it has set aside included.
fn holding(state: &State, holder: (Lei, CurrencyCode)) -> i128 {
    let posted = |number| state.account(number).map_or(0, |row| row.posted);
    let numbers = state.limit_index.owned(holder);
    numbers.fold(0i128, |sum, number| sum.saturating_add(posted(number)))
}

/// A check of step 10: what one payment of either institution may be.
pub(crate) fn check_payment(
    state: &State,
    (debtor, creditor): (Lei, Lei),
    (currency, amount): (CurrencyCode, Amount),
) -> Result<(), Rejection> {
    if !state.rules().has_limits() || debtor == creditor {
        return Ok(());
    }
    let flow = Flow {
        debtor,
        creditor,
        currency,
        amount,
        counted: CountedHours::default(),
    };
    for (key, _) in flow.sides() {
        let limit = limit_of(state, key).and_then(|limit| limit.payment_max);
        if let Some(LimitFigure { national, .. }) = limit.filter(|most| amount > most.amount) {
            return Err(Rejection::PaymentLimit { currency, national });
        }
    }
    Ok(())
}

/// Transfers as limits see them. Nothing at all when nobody is limited.
pub(crate) fn flows(state: &State, transfers: &[Transfer]) -> Vec<Flow> {
    if !state.rules().has_limits() {
        return Vec::new();
    }
    let row = |number: &AccountNumber| {
        let row = state.account(number);
        row.expect("accounts were checked before")
    };
    let flow = |transfer: &Transfer| Flow {
        debtor: row(&transfer.debit).owner,
        creditor: row(&transfer.credit).owner,
        currency: row(&transfer.debit).currency,
        amount: transfer.amount,
        counted: CountedHours::default(),
    };
    transfers.iter().map(flow).collect()
}

/// Check 12 for payments that settle in one moment.
pub(crate) fn check(state: &State, time: Timestamp, flows: &[Flow]) -> Result<(), FlowRejection> {
    Tally::new(state, time).admit(flows)
}

/// Whether something of the queue waits for room: until there is some, it keeps its place and holds nobody back.
pub(crate) fn waits_for_room(state: &State, time: Timestamp, entry: &QueueEntry) -> bool {
    if !state.rules().has_limits() {
        return false;
    }
    let flow = |leg: &QueuedLeg| {
        Some(Flow {
            debtor: leg.key.agent,
            creditor: state.agent(&leg.terms.creditor_agent)?,
            currency: leg.terms.currency,
            amount: leg.terms.amount,
            counted: CountedHours::default(),
        })
    };
    let flows: Option<Vec<Flow>> = entry.legs.iter().map(flow).collect();
    let checked = flows.map_or(Ok(()), |flows| check(state, time, &flows));
    checked.is_err_and(|(_, rejection)| rejection.waits())
}

/// How much more an institution may pay another now by its own limit; none when it has none. What the other one may still
/// receive or hold is not told: whoever pays would learn it from what it could pay.
pub(crate) fn room(
    state: &State,
    time: Timestamp,
    (debtor, creditor): (Lei, Lei),
    currency: CurrencyCode,
) -> Option<Amount> {
    if debtor == creditor {
        return None;
    }
    let key = UsageKey {
        participant: debtor,
        currency,
        direction: Direction::Debit,
    };
    let most = limit_of(state, key)?.day_max?.amount;
    let left = signed(most).saturating_sub(signed(total(state, time, key)));
    Some(Amount::from_minor(left.max(0).unsigned_abs()))
}

/// Counts payments where their institutions have a 24-hour limit, and says where that was for each.
pub(crate) fn consume(state: &mut State, time: Timestamp, flows: &[Flow]) -> Vec<CountedHours> {
    let mut all = Vec::with_capacity(flows.len());
    for flow in flows {
        let mut hours = flow.counted;
        for (key, counted) in flow.sides() {
            if counted || flow.is_own() {
                continue;
            }
            let Some(day_max) = limit_of(state, key).and_then(|limit| limit.day_max) else {
                continue;
            };
            let mut sum = state.usage.get(&key).cloned().unwrap_or_default();
            sum.add(time, DAY_HOURS, flow.amount);
            assert!(
                sum.total(time, DAY_HOURS) <= day_max.amount,
                "whatever moves money has checked the limits of {}",
                key.participant
            );
            state.put_usage(key, sum);
            let hour = Some(hour_of(time));
            match key.direction {
                Direction::Debit => hours.debit = hour,
                Direction::Credit => hours.credit = hour,
            }
        }
        all.push(hours);
    }
    all
}

/// A hold as limits see it, with what is paid out of it; none for what is no hold.
pub(crate) fn held(record: &Record, amount: Amount) -> Option<Flow> {
    let RecordKind::Hold { counted, .. } = record.kind else {
        return None;
    };
    let movement = &record.movement;
    Some(Flow {
        debtor: movement.debtor_agent,
        creditor: movement.creditor_agent?,
        currency: movement.currency,
        amount,
        counted,
    })
}

/// Takes back what is not paid of a hold, in the hour in which it counted.
pub(crate) fn give_back(state: &mut State, record: &Record, amount: Amount) {
    let Some(flow) = held(record, amount).filter(|_| !amount.is_zero()) else {
        return;
    };
    let hours = [flow.counted.debit, flow.counted.credit];
    for ((key, _), hour) in flow.sides().into_iter().zip(hours) {
        let (Some(hour), Some(sum)) = (hour, state.usage.get(&key)) else {
            continue;
        };
        let (time, mut left) = (state.chain().time, sum.clone());
        left.take_back(hour, amount);
        let is_room = left.total(time, DAY_HOURS) != sum.total(time, DAY_HOURS);
        state.put_usage(key, left);
        if is_room {
            state.note_room(key);
        }
    }
}

impl State {
    /// What institutions have used of their 24-hour limits.
    pub fn usage(&self) -> impl Iterator<Item = (&UsageKey, &SlidingSum)> {
        self.usage.iter()
    }
    /// What limits an institution, how much of its 24-hour limit is used by the time of the last block, and when the oldest of it
    /// stops counting.
    #[must_use]
    pub fn limit_and_usage(&self, key: UsageKey) -> Option<(InstitutionLimit, Usage)> {
        let time = self.chain().time;
        let limit = limit_of(self, key)?;
        let sum = self.usage.get(&key);
        let usage = Usage {
            used: total(self, time, key),
            makes_room: sum.and_then(|sum| sum.makes_room(time, DAY_HOURS)),
            held: holding(self, (key.participant, key.currency)),
        };
        Some((limit, usage))
    }
    fn put_usage(&mut self, key: UsageKey, sum: SlidingSum) {
        let forgettable = |sum: &SlidingSum| (sum.ends(DAY_HOURS), Forgettable::Usage(key));
        if let Some(old) = self.usage.get(&key) {
            self.forgettable.remove(&forgettable(old));
        }
        if sum.is_empty() {
            self.usage.remove(&key);
            return;
        }
        self.forgettable.insert(forgettable(&sum));
        self.usage.insert(key, sum);
    }
}
