//! Faults that the properties must notice, so that none of them holds by being unable to fail: wrong rules inside of the mechanism,
//! and wrong results behind it.

use super::super::flow::Flow;
use super::super::*;
use super::properties::*;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A fault, and the property that is there to notice it.
struct Planted {
    name: &'static str,
    subject: Subject,
    noticed_by: &'static Property,
}

fn wrong_rule(
    name: &'static str,
    rules: &'static dyn Rules,
    noticed_by: &'static Property,
) -> Planted {
    let subject = Subject {
        rules,
        ..Subject::GENUINE
    };
    Planted {
        name,
        subject,
        noticed_by,
    }
}

fn wrong_result(
    name: &'static str,
    forge: fn(&Pool, &mut Cleared),
    noticed_by: &'static Property,
) -> Planted {
    let subject = Subject {
        forge,
        ..Subject::GENUINE
    };
    Planted {
        name,
        subject,
        noticed_by,
    }
}

fn planted() -> Vec<Planted> {
    vec![
        wrong_rule("floors are one unit too low", &LowFloors, &FLOORS),
        wrong_rule("anyone may use a reservation", &NoReservations, &FLOORS),
        wrong_rule("reservations stay", &StandingReservations, &WHOLE),
        wrong_rule("limits are not looked at", &NoLimits, &LIMITS),
        wrong_rule("nothing comes back to a limit", &SpentLimits, &WHOLE),
        wrong_rule("limits hold gross", &GrossLimits, &NAIVE_STEPS),
        wrong_rule("HIGH is not strict", &LaxHigh, &STRICT_ORDER),
        wrong_rule("NORM is strict", &StrictNormal, &NAIVE_SINGLE),
        wrong_rule("excluded alone", &ExcludedAlone, &STRICT_ORDER),
        wrong_rule("the first is excluded", &FirstExcluded, &NAIVE_CYCLE),
        wrong_rule("the first is excluded", &FirstExcluded, &LARGEST),
        wrong_rule("one in five looks differs", &Moody, &REPEATABLE),
        wrong_result("a unit is lost", lose_a_unit, &CONSERVATION),
        wrong_result("a leg is taken back", take_a_leg_back, &WHOLE),
        wrong_result("an entry settles twice", settle_twice, &WHOLE),
        wrong_result("step 1 is forgotten", forget_step_one, &SUPERSET),
        wrong_result("removals count double", count_double, &REMOVALS),
        wrong_result("account 0 does not pay", spare_account_zero, &LABELS),
        wrong_result("first legs ascend", spare_descending_legs, &LEG_ORDER),
    ]
}

#[test]
fn every_planted_fault_is_noticed_by_the_property_that_is_there_for_it() {
    for Planted {
        name,
        subject,
        noticed_by,
    } in planted()
    {
        let violation = noticed_by.violated_by(&subject);
        assert!(violation.is_some(), "{name}: not {}", noticed_by.name);
    }
}

#[test]
fn every_property_has_a_planted_fault_that_it_notices() {
    let noticing: BTreeSet<&str> = planted().iter().map(|of| of.noticed_by.name).collect();
    let all: BTreeSet<&str> = PROPERTIES.iter().map(|property| property.name).collect();
    assert_eq!(noticing, all);
}

struct LowFloors;
impl Rules for LowFloors {
    fn keeps_floor(&self, position: &Position, flow: &Flow) -> bool {
        let mut position = *position;
        position.available += 1;
        QueueRules.keeps_floor(&position, flow)
    }
}

struct NoReservations;
impl Rules for NoReservations {
    fn keeps_floor(&self, position: &Position, flow: &Flow) -> bool {
        let mut position = *position;
        (position.reserved_urgent, position.reserved_high) = (0, 0);
        QueueRules.keeps_floor(&position, flow)
    }
}

struct StandingReservations;
impl Rules for StandingReservations {
    fn position_after(&self, position: &Position, flow: &Flow) -> Position {
        Position {
            available: position.available + flow.net(),
            ..*position
        }
    }
}

struct NoLimits;
impl Rules for NoLimits {
    fn keeps_limit(&self, _headroom: i128, _flow: &Flow) -> bool {
        true
    }
}

struct SpentLimits;
impl Rules for SpentLimits {
    fn headroom_after(&self, headroom: i128, flow: &Flow) -> i128 {
        headroom - flow.outgoing()
    }
}

struct GrossLimits;
impl Rules for GrossLimits {
    fn keeps_limit(&self, headroom: i128, flow: &Flow) -> bool {
        flow.outgoing() == 0 || flow.outgoing() <= headroom
    }
}

struct LaxHigh;
impl Rules for LaxHigh {
    fn is_strict(&self, class: Priority) -> bool {
        class == Priority::Urgt
    }
}

struct StrictNormal;
impl Rules for StrictNormal {
    fn is_strict(&self, _class: Priority) -> bool {
        true
    }
}

struct ExcludedAlone;
impl Rules for ExcludedAlone {
    fn excludes_behind(&self, _class: Priority) -> bool {
        false
    }
}

struct FirstExcluded;
impl Rules for FirstExcluded {
    fn excluded(&self, payments: &[usize], active: &[bool]) -> Option<usize> {
        payments.iter().copied().find(|entry| active[*entry])
    }
}

/// As if the order of a hash table came in: the answer depends on more than the pool.
struct Moody;
static LOOKS: AtomicUsize = AtomicUsize::new(0);
impl Rules for Moody {
    fn keeps_floor(&self, position: &Position, flow: &Flow) -> bool {
        let refused = LOOKS.fetch_add(1, Ordering::Relaxed).is_multiple_of(5);
        let kept = QueueRules.keeps_floor(position, flow);
        kept && (flow.outgoing() == 0 || !refused)
    }
}

fn lose_a_unit(_pool: &Pool, cleared: &mut Cleared) {
    cleared.positions[0].available -= 1;
}

fn take_a_leg_back(pool: &Pool, cleared: &mut Cleared) {
    let mut settled = cleared.postings.iter().flat_map(|of| &of.entries);
    let Some(entry) = settled.find(|entry| pool.entries[**entry].legs.len() > 1) else {
        return;
    };
    let leg = pool.entries[*entry].legs[1];
    cleared.positions[leg.debit].available += leg.amount;
    cleared.positions[leg.credit].available -= leg.amount;
}

fn settle_twice(_pool: &Pool, cleared: &mut Cleared) {
    if let Some(posting) = cleared.postings.first().cloned() {
        cleared.postings.push(posting);
    }
}

fn forget_step_one(_pool: &Pool, cleared: &mut Cleared) {
    if cleared.postings.iter().any(|of| of.step != Step::Single) {
        cleared.postings.retain(|of| of.step != Step::Single);
    }
}

fn count_double(_pool: &Pool, cleared: &mut Cleared) {
    cleared.removals *= 2;
}

fn spare_account_zero(pool: &Pool, cleared: &mut Cleared) {
    let pays = |entry: &usize| pool.entries[*entry].legs[0].debit == 0;
    for posting in &mut cleared.postings {
        posting.entries.retain(|entry| !pays(entry));
    }
}

fn spare_descending_legs(pool: &Pool, cleared: &mut Cleared) {
    let ascend = |entry: &usize| {
        let legs = &pool.entries[*entry].legs;
        legs[0].debit <= legs[legs.len() - 1].debit
    };
    for posting in &mut cleared.postings {
        posting.entries.retain(ascend);
    }
}
