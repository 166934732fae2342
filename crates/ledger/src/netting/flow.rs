//! What entries move, seen from one account, or from one party towards another.

use super::Entry;
use crate::operations::terms::Priority;
use std::collections::BTreeMap;

/// Gross amounts in minor units. Of an account: what it receives, and what it pays by class. Of a limit: what comes back from
/// the creditor party, and what the debtor party pays to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) incoming: i128,
    pub(super) urgent: i128,
    pub(super) high: i128,
    pub(super) normal: i128,
}

impl Flow {
    fn receiving(amount: i128) -> Self {
        Self {
            incoming: amount,
            ..Self::default()
        }
    }

    fn paying(class: Priority, amount: i128) -> Self {
        let mut flow = Self::default();
        match class {
            Priority::Urgt => flow.urgent = amount,
            Priority::High => flow.high = amount,
            Priority::Norm => flow.normal = amount,
        }
        flow
    }

    pub(super) fn outgoing(&self) -> i128 {
        add(add(self.urgent, self.high), self.normal)
    }

    /// What is received less what is paid.
    pub(super) fn net(&self) -> i128 {
        subtract(self.incoming, self.outgoing())
    }

    fn combine(self, other: Self, combine: fn(i128, i128) -> i128) -> Self {
        Self {
            incoming: combine(self.incoming, other.incoming),
            urgent: combine(self.urgent, other.urgent),
            high: combine(self.high, other.high),
            normal: combine(self.normal, other.normal),
        }
    }
}

/// The flows of one entry with all of its legs, ascending and each account and limit once. Limits are numbered by the book.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) accounts: Vec<(usize, Flow)>,
    pub(super) limits: Vec<(usize, Flow)>,
}

impl Claim {
    /// `limits_of` names a leg's limit, and the limit in the other direction.
    pub(super) fn new(
        entry: &Entry,
        limits_of: impl Fn(usize, usize) -> [Option<usize>; 2],
    ) -> Self {
        let mut total = Total::default();
        for leg in &entry.legs {
            let paying = Flow::paying(entry.class, leg.amount);
            let receiving = Flow::receiving(leg.amount);
            grow(&mut total.accounts, leg.debit, paying);
            grow(&mut total.accounts, leg.credit, receiving);
            let [towards, back] = limits_of(leg.debit, leg.credit);
            if let Some(limit) = towards {
                grow(&mut total.limits, limit, paying);
            }
            if let Some(limit) = back {
                grow(&mut total.limits, limit, receiving);
            }
        }
        Self {
            accounts: total.accounts.into_iter().collect(),
            limits: total.limits.into_iter().collect(),
        }
    }

    /// The accounts in whose queues the entry stands.
    pub(super) fn debits(&self) -> impl Iterator<Item = usize> {
        let paying = |(_, flow): &&(usize, Flow)| flow.outgoing() > 0;
        self.accounts
            .iter()
            .filter(paying)
            .map(|(account, _)| *account)
    }
}

/// The flows of several entries that settle at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Total {
    pub(super) accounts: BTreeMap<usize, Flow>,
    pub(super) limits: BTreeMap<usize, Flow>,
}

impl Total {
    pub(super) fn include(&mut self, claim: &Claim) {
        for (account, flow) in &claim.accounts {
            grow(&mut self.accounts, *account, *flow);
        }
        for (limit, flow) in &claim.limits {
            grow(&mut self.limits, *limit, *flow);
        }
    }

    pub(super) fn exclude(&mut self, claim: &Claim) {
        for (account, flow) in &claim.accounts {
            shrink(&mut self.accounts, *account, *flow);
        }
        for (limit, flow) in &claim.limits {
            shrink(&mut self.limits, *limit, *flow);
        }
    }

    pub(super) fn of_account(&self, account: usize) -> Flow {
        self.accounts.get(&account).copied().unwrap_or_default()
    }

    pub(super) fn of_limit(&self, limit: usize) -> Flow {
        self.limits.get(&limit).copied().unwrap_or_default()
    }
}

fn grow(flows: &mut BTreeMap<usize, Flow>, place: usize, by: Flow) {
    let flow = flows.entry(place).or_default();
    *flow = flow.combine(by, add);
}

fn shrink(flows: &mut BTreeMap<usize, Flow>, place: usize, by: Flow) {
    let flow = flows
        .get_mut(&place)
        .expect("only what was included is excluded");
    *flow = flow.combine(by, subtract);
}

pub(super) fn add(left: i128, right: i128) -> i128 {
    left.checked_add(right).expect(FITS)
}

pub(super) fn subtract(left: i128, right: i128) -> i128 {
    left.checked_sub(right).expect(FITS)
}

const FITS: &str = "amounts have at most 18 digits, so that sums of a pool fit 127 bits";
