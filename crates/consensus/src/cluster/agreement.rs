//! Everyone decides the same, in every size, with weights, observers and changing sets.

use super::seeds;
use super::world::{Plan, World};

const SEEDS: u64 = 10;

#[test]
fn one_four_and_seven_validators_agree() {
    for seed in seeds(SEEDS) {
        for validators in [1, 4, 7] {
            World::run(Plan::new(seed, validators, 4));
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let first = World::run(Plan::new(3, 4, 4)).trace;
    let second = World::run(Plan::new(3, 4, 4)).trace;
    let other = World::run(Plan::new(4, 4, 4)).trace;
    assert_eq!(first, second);
    assert_ne!(first, other);
}

#[test]
fn four_validators_agree_while_one_is_away() {
    for seed in seeds(SEEDS) {
        let mut plan = Plan::new(seed, 4, 5);
        plan.offline.insert(usize::try_from(seed).unwrap() % 4);
        World::run(plan);
    }
}

#[test]
fn an_invalid_block_is_voted_down_and_another_proposer_is_heard() {
    for seed in seeds(SEEDS) {
        let mut plan = Plan::new(seed, 4, 5);
        plan.bad_proposer = Some(1);
        World::run(plan);
    }
}

#[test]
fn an_observer_follows_and_says_nothing() {
    for seed in seeds(SEEDS) {
        let mut plan = Plan::new(seed, 4, 4);
        plan.observers = 1;
        let world = World::run(plan);
        assert_eq!(world.nodes[4].chain.len(), 4);
        assert_eq!(world.nodes[4].sent, 0);
    }
}

#[test]
fn the_set_may_change_at_every_height() {
    for seed in seeds(SEEDS) {
        let mut plan = Plan::new(seed, 5, 8);
        plan.rotating = true;
        World::run(plan);
    }
}

#[test]
fn exactly_two_thirds_of_the_power_decide_nothing() {
    let mut plan = Plan::new(1, 2, 1);
    plan.powers = vec![2, 1];
    plan.offline.insert(1);
    let mut world = World::new(plan);
    world.run_until(60_000);
    assert!(world.nodes[0].chain.is_empty());
    assert!(world.nodes[0].sent > 0, "it did vote");
}

#[test]
fn one_unit_of_power_more_than_two_thirds_decides() {
    let mut plan = Plan::new(1, 2, 2);
    plan.powers = vec![3, 1];
    plan.offline.insert(1);
    World::run(plan);
}
