//! What waits for funds, what institutions limit each other to, and what the liquidity-saving cycles did.
//!
//! A queue tells what its debtor is short of: it is shown to the debtor, its supervisors, and the issuer of the currency, never
//! to the creditor or anybody else. The same holds for bilateral limits. What cycles moved is told to those who oversee the
//! currency only, because with few participants it tells positions.

use super::{AsOfParams, page_entries};
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::{BalanceView, MoneyView, View};
use karwan_ledger::{BilateralLimit, CycleRecord, LimitKey, Priority, QueueEntry, QueuedLeg};
use karwan_types::{AccountNumber, CurrencyCode, Height, InstructionHash, Lei, Timestamp, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `queue.list`
#[derive(Debug)]
pub struct QueueList;

/// Whose queue, and from where on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueListParams {
    /// Only payments of this institution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<View<Lei>>,
    /// Only entries after the one with this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// The most entries, at most 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// What waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueueAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The payments that the caller may see, in the order in which they came.
    pub entries: Vec<QueueEntryView>,
    /// Where the next page begins: `after` for it; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_after: Option<u64>,
}

/// A payment that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueueEntryView {
    /// The number of its entry; legs of one number settle together.
    pub number: u64,
    /// The class: URGT, HIGH or NORM.
    pub priority: View<Priority>,
    /// Its place in the class: the number, unless its debtor moved it.
    pub place: u64,
    /// The institution that pays.
    pub agent: View<Lei>,
    /// Its reference.
    pub uetr: View<Uetr>,
    /// How much.
    pub money: MoneyView,
    /// The account in whose queue it stands.
    pub debtor_account: View<AccountNumber>,
    /// The institution to be credited, as the instruction names it.
    pub creditor_agent: String,
    /// It may settle from this time on.
    pub from: View<Timestamp>,
    /// When its debtor wanted it to have settled, if it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub till: Option<View<Timestamp>>,
    /// Whether it waits for longer than its debtor wanted. That warns, and refuses nothing.
    pub late: bool,
    /// The last time at which it may settle.
    pub until: View<Timestamp>,
    /// The instruction.
    pub instruction: View<InstructionHash>,
}

impl QueueEntryView {
    fn new(time: Timestamp, (number, entry): (u64, &QueueEntry), leg: &QueuedLeg) -> Self {
        Self {
            number,
            priority: View(entry.priority),
            place: entry.place,
            agent: View(leg.key.agent),
            uetr: View(leg.key.uetr),
            money: MoneyView::new(leg.terms.amount, leg.terms.currency),
            debtor_account: View(leg.debit.clone()),
            creditor_agent: leg.terms.creditor_agent.to_string(),
            from: View(entry.from),
            till: leg.terms.till_time.map(View),
            late: leg.terms.till_time.is_some_and(|till| till < time),
            until: View(entry.until),
            instruction: View(entry.instruction),
        }
    }
}

impl Method for QueueList {
    const NAME: &'static str = "queue.list";
    type Params = QueueListParams;
    type Answer = QueueAnswer;
}

impl Read for QueueList {
    fn at_least(params: &QueueListParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: QueueListParams) -> Result<QueueAnswer, Problem> {
        let sight = reading.sight();
        let limit = page_entries(params.limit);
        let shown = |leg: &&QueuedLeg| {
            let asked = params.agent.is_none_or(|agent| agent.0 == leg.key.agent);
            asked && (sight.institution(&leg.key.agent) || sight.currency(&leg.terms.currency))
        };
        let (mut entries, mut next_after) = (Vec::new(), None);
        let time = reading.snapshot.state.chain().time;
        let mut last = params.after;
        for (number, entry) in reading.snapshot.state.queue() {
            if params.after.is_some_and(|after| *number <= after) {
                continue;
            }
            // Legs that settle together stay on one page.
            if entries.len() >= limit {
                next_after = last;
                break;
            }
            let legs = entry.legs.iter().filter(shown);
            entries.extend(legs.map(|leg| QueueEntryView::new(time, (*number, entry), leg)));
            last = Some(*number);
        }
        Ok(QueueAnswer {
            as_of_height: reading.height(),
            entries,
            next_after,
        })
    }
}

/// `limits.list`
#[derive(Debug)]
pub struct LimitsList;

/// Bilateral limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LimitsAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The limits that the caller may see, by debtor, creditor and currency.
    pub limits: Vec<LimitView>,
}

/// How much more an institution pays another than it has received from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LimitView {
    /// The institution that limits itself.
    pub debtor: View<Lei>,
    /// The other one.
    pub creditor: View<Lei>,
    /// The most that is paid net.
    pub limit: MoneyView,
    /// What was paid less what was received since the limit was set.
    pub position: BalanceView,
    /// How much more may be paid now.
    pub headroom: BalanceView,
}

impl LimitView {
    fn new(key: &LimitKey, row: &BilateralLimit) -> Self {
        Self {
            debtor: View(key.debtor),
            creditor: View(key.creditor),
            limit: MoneyView::new(row.limit, key.currency),
            position: BalanceView::new(row.position, key.currency),
            headroom: BalanceView::new(row.headroom(), key.currency),
        }
    }
}

impl Method for LimitsList {
    const NAME: &'static str = "limits.list";
    type Params = AsOfParams;
    type Answer = LimitsAnswer;
}

impl Read for LimitsList {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<LimitsAnswer, Problem> {
        let sight = reading.sight();
        let limits = reading.snapshot.state.limits();
        let seen = limits
            .filter(|(key, _)| sight.institution(&key.debtor) || sight.currency(&key.currency));
        Ok(LimitsAnswer {
            as_of_height: reading.height(),
            limits: seen.map(|(key, row)| LimitView::new(key, row)).collect(),
        })
    }
}

/// `cycles.list`
#[derive(Debug)]
pub struct CyclesList;

/// The liquidity-saving cycles of late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CyclesAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// What cycles moved in the currencies that the caller oversees, newest first: at most 1,000 rows.
    pub cycles: Vec<CycleView>,
}

/// What one cycle moved in a currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CycleView {
    /// The block that ended with it.
    pub height: u64,
    /// The entries of all currencies that were looked at.
    pub entries: u32,
    /// Those that settled singly, bilaterally and multilaterally.
    pub settled: [u32; 3],
    /// Those that the last step excluded.
    pub excluded: u32,
    /// The value settled in the currency.
    pub value: MoneyView,
    /// The liquidity used for it: what accounts paid beyond what they received.
    pub liquidity: MoneyView,
}

/// What of a cycle a caller sees.
fn cycle_views(
    height: Height,
    cycle: &CycleRecord,
    oversees: impl Fn(&CurrencyCode) -> bool,
) -> Vec<CycleView> {
    let seen = cycle.values.iter().filter(|one| oversees(&one.currency));
    seen.map(|one| CycleView {
        height: height.get(),
        entries: cycle.entries,
        settled: cycle.settled,
        excluded: cycle.excluded,
        value: MoneyView::new(one.value, one.currency),
        liquidity: MoneyView::new(one.liquidity, one.currency),
    })
    .collect()
}

impl Method for CyclesList {
    const NAME: &'static str = "cycles.list";
    type Params = AsOfParams;
    type Answer = CyclesAnswer;
}

impl Read for CyclesList {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<CyclesAnswer, Problem> {
        let sight = reading.sight();
        let cycles: Vec<_> = reading.snapshot.state.cycles().collect();
        let newest = cycles.into_iter().rev();
        let views = newest.flat_map(|(height, cycle)| {
            cycle_views(*height, cycle, |currency| sight.oversees(currency))
        });
        Ok(CyclesAnswer {
            as_of_height: reading.height(),
            cycles: views.take(page_entries(Some(u32::MAX))).collect(),
        })
    }
}
