//! The invariants of the semantics (§13) that this ledger can break, checked on plain observations of its state.
//!
//! Each check takes what was seen before and after a block and says what is wrong. None of them asks the ledger's rules.

mod corrupted;
mod observation;
mod properties;
mod supervised;
mod travelled;
mod windows;

pub(crate) use observation::{
    Observation, SeenAccount, SeenAttestation, SeenCurrency, SeenFreeze, SeenInstitution,
    SeenLicence, SeenLimit, SeenRecord, SeenTravel, Settled, Watch, licensing,
};
pub(crate) use travelled::travelled;
pub(crate) use windows::{HoldStep, SeenHold, day_limits, follow};

use karwan_ledger::{AccountClass, InstructionKey, RecordKind};
use karwan_types::TransactionStatus;
use std::collections::BTreeMap;

/// One invariant: its name, and what is wrong between two observations.
pub(crate) type Check = (
    &'static str,
    fn(&Observation, &Observation) -> Option<String>,
);

/// All that can be seen from one block to the next. I12 and I17 are no such checks; `properties` has them, and says which
/// invariants are left out and why.
pub(crate) const CHECKS: &[Check] = &[
    ("I1: the accounts of a currency sum up to zero", sums),
    (
        "I1: what is outstanding was issued and not redeemed",
        outstanding,
    ),
    ("I2: nothing is below what it holds", floors),
    (
        "I3: only issue and redemption change a contra account",
        contra_accounts,
    ),
    (
        "I4: both payments of an exchange settle, or neither",
        exchanges,
    ),
    ("I6: what is held is what is open", holds),
    (
        "I7: every movement of money is one settled instruction's",
        movements,
    ),
    ("I7: a reference has one effect", effects),
    ("I8: no blocked account pays", supervised::blocked),
    (
        "I8: nothing that is frozen for debits pays",
        supervised::frozen,
    ),
    (
        "I9: whoever pays or is paid has a licence",
        supervised::licensed,
    ),
    ("I10: no limit is passed", limits),
    (
        "I10: no 24 hours pass a limit of the rulebook",
        windows::kept,
    ),
    ("I11: nothing is included after its expiry", inclusion),
    ("I11: nothing settles after its reject time", deadlines),
    ("I13: client money is not the house's", client_money),
    ("I14: a status does not go back", statuses),
    ("I15: one version of the rulebook is in force", versions),
    (
        "I18: nothing at the threshold of the Travel Rule settles without its attestation",
        travelled::attested,
    ),
];

fn sums(_: &Observation, now: &Observation) -> Option<String> {
    let mut sums = BTreeMap::new();
    for account in now.accounts.values() {
        *sums.entry(account.currency).or_insert(0i128) += account.posted;
    }
    let wrong = sums.iter().find(|(_, sum)| **sum != 0)?;
    Some(format!("{} sums up to {}", wrong.0, wrong.1))
}

fn outstanding(_: &Observation, now: &Observation) -> Option<String> {
    now.currencies.iter().find_map(|(code, currency)| {
        let contra = now.accounts[&currency.contra].posted;
        let outstanding = currency.issued - currency.redeemed;
        (contra != -outstanding).then(|| format!("{code}: {contra} is not minus {outstanding}"))
    })
}

fn floors(_: &Observation, now: &Observation) -> Option<String> {
    now.accounts.iter().find_map(|(number, account)| {
        let contra = account.class == AccountClass::IssuerContra;
        let below = !contra && !account.overdue && account.posted + account.line < account.held;
        let wrong = below || account.held < 0;
        wrong.then(|| format!("{number} has {} and holds {}", account.posted, account.held))
    })
}

fn contra_accounts(before: &Observation, now: &Observation) -> Option<String> {
    now.currencies.iter().find_map(|(code, currency)| {
        let change =
            now.accounts[&currency.contra].posted - before.accounts[&currency.contra].posted;
        let explained: i128 = now
            .settled
            .iter()
            .filter(|settled| settled.currency == *code)
            .map(|settled| match settled.kind {
                Some(RecordKind::IssueRequest) => -settled.amount,
                Some(RecordKind::Redemption) => settled.amount,
                Some(RecordKind::Payment | RecordKind::Hold { .. } | RecordKind::Return { .. })
                | None => 0,
            })
            .sum();
        (change != explained).then(|| format!("{code} changed by {change}, not {explained}"))
    })
}

fn exchanges(_: &Observation, now: &Observation) -> Option<String> {
    now.exchanges.iter().find_map(|(instruction, legs)| {
        // A reference that its side has not signed for may stand for something else, and what is forgotten is not there.
        let own = |leg: &InstructionKey| {
            let record = now.records.get(leg)?;
            (record.instruction == *instruction).then_some(record)
        };
        let is_final = legs.map(|leg| {
            let done = [TransactionStatus::Acsc, TransactionStatus::Accc];
            own(&leg).map(|record| done.contains(&record.status))
        });
        let moved = |leg: InstructionKey| now.settled.iter().any(|settled| settled.key == leg);
        let here = legs.map(|leg| own(&leg).is_some() && moved(leg));
        let half = is_final.contains(&Some(true)) && is_final.contains(&Some(false));
        (here[0] != here[1] || half).then(|| format!("{legs:?} settled in halves"))
    })
}

fn holds(_: &Observation, now: &Observation) -> Option<String> {
    let mut open: BTreeMap<_, i128> = BTreeMap::new();
    for record in now.records.values() {
        let holding = matches!(
            record.kind,
            RecordKind::Hold { .. } | RecordKind::Redemption
        );
        if holding && record.status == TransactionStatus::Pdng {
            let account = record.debit.clone().expect("an open hold has its account");
            *open.entry(account).or_insert(0) += record.amount;
        }
    }
    now.accounts.iter().find_map(|(number, account)| {
        let open = open.get(number).copied().unwrap_or(0);
        (account.held != open).then(|| format!("{number} holds {}, not {open}", account.held))
    })
}

fn movements(before: &Observation, now: &Observation) -> Option<String> {
    let mut balances: BTreeMap<_, i128> = before
        .accounts
        .iter()
        .map(|(number, account)| (number.clone(), account.posted))
        .collect();
    for settled in &now.settled {
        *balances.get_mut(&settled.debit)? -= settled.amount;
        *balances.get_mut(&settled.credit)? += settled.amount;
    }
    now.accounts.iter().find_map(|(number, account)| {
        let expected = balances.get(number).copied().unwrap_or(0);
        let wrong = account.posted != expected;
        wrong.then(|| {
            format!(
                "{number} has {}, its payments give {expected}",
                account.posted
            )
        })
    })
}

fn effects(before: &Observation, now: &Observation) -> Option<String> {
    let mut seen: Vec<&Settled> = Vec::new();
    for settled in &now.settled {
        let again = seen.iter().any(|other| other.key == settled.key);
        let earlier = before.records.get(&settled.key).is_some_and(|record| {
            let done = [TransactionStatus::Acsc, TransactionStatus::Accc];
            done.contains(&record.status) && !record.is_forgotten(now.time)
        });
        if again || earlier {
            return Some(format!("{:?} settled a second time", settled.key));
        }
        seen.push(settled);
    }
    None
}

/// A limit that was lowered below what is used of it is no breach, but nothing may be paid under it.
fn limits(before: &Observation, now: &Observation) -> Option<String> {
    now.limits.iter().find_map(|(key, row)| {
        let old = before.limits.get(key)?;
        let same = old.limit == row.limit;
        let passed = row.position > row.limit && row.position > old.position;
        (same && passed).then(|| {
            format!(
                "{key:?}: {} used of {}, from {}",
                row.position, row.limit, old.position
            )
        })
    })
}

fn versions(_: &Observation, now: &Observation) -> Option<String> {
    let [active] = now.active_versions.as_slice() else {
        return Some(format!("versions {:?} are in force", now.active_versions));
    };
    let others = now.cited_versions.iter().any(|cited| cited != active);
    others.then(|| {
        format!(
            "version {active} is in force, but {:?} are cited",
            now.cited_versions
        )
    })
}

fn inclusion(_: &Observation, now: &Observation) -> Option<String> {
    let late = now.included.iter().find(|until| **until < now.time)?;
    Some(format!("good until {late}, included at {}", now.time))
}

fn deadlines(_: &Observation, now: &Observation) -> Option<String> {
    now.settled.iter().find_map(|settled| {
        let reject = settled.reject_time.filter(|reject| *reject < now.time)?;
        Some(format!("{:?} settled after {reject}", settled.key))
    })
}

fn client_money(_: &Observation, now: &Observation) -> Option<String> {
    now.settled.iter().find_map(|settled| {
        let (debit, credit) = (
            &now.accounts[&settled.debit],
            &now.accounts[&settled.credit],
        );
        let from_clients = debit.class == AccountClass::ClientSegregated;
        let to_the_house =
            credit.owner == debit.owner && credit.class != AccountClass::ClientSegregated;
        let wrong = from_clients && (to_the_house || settled.is_for_the_house());
        wrong.then(|| {
            format!(
                "{:?} pays for the house from {}",
                settled.key, settled.debit
            )
        })
    })
}

fn statuses(before: &Observation, now: &Observation) -> Option<String> {
    before.records.iter().find_map(|(key, old)| {
        let new = now.records.get(key)?;
        if old.is_forgotten(now.time) {
            return None;
        }
        let replaced = new.instruction != old.instruction;
        let back = !may_follow(old.status, new.status);
        (replaced || back).then(|| format!("{key:?} went from {} to {}", old.status, new.status))
    })
}

/// The whole life of a payment on this ledger.
fn may_follow(old: TransactionStatus, new: TransactionStatus) -> bool {
    use TransactionStatus::{Accc, Acsc, Canc, Patc, Pdng, Rjct};
    let next: &[TransactionStatus] = match old {
        Patc => &[Pdng, Acsc, Accc, Rjct, Canc],
        Pdng => &[Acsc, Accc, Rjct, Canc],
        Acsc => &[Accc],
        Accc | Rjct | Canc => &[],
        TransactionStatus::Rcvd | TransactionStatus::Actc | TransactionStatus::Acsp => &[],
    };
    old == new || next.contains(&new)
}
