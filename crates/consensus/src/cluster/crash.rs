//! The power fails at every append, sync, signature and action of a validator, and it never contradicts itself.

use super::journal::Survives;
use super::seeds;
use super::world::{CrashPlan, Plan, World};

/// How many points node 0 passes in this plan without a crash.
fn points(plan: &Plan) -> u64 {
    World::run(plan.clone()).nodes[0].journal.points
}

fn crash_everywhere(plan: &Plan, everyone: bool) {
    let points = points(plan);
    assert!(points > 20, "the plan passes {points} points");
    let mut crashes = 0;
    for point in 0..points {
        for survives in [Survives::Nothing, Survives::Half, Survives::Everything] {
            let mut plan = plan.clone();
            plan.crash = Some(CrashPlan {
                point,
                survives,
                everyone,
                again: None,
            });
            crashes += World::run(plan).crashes;
        }
    }
    assert!(crashes > 60, "only {crashes} crashes happened");
}

#[test]
fn a_lone_validator_that_loses_power_anywhere_continues_without_a_double_vote() {
    crash_everywhere(&Plan::new(1, 1, 3), false);
}

#[test]
fn one_of_four_that_loses_power_anywhere_continues_without_a_double_vote() {
    crash_everywhere(&Plan::new(2, 4, 2), false);
}

#[test]
fn all_four_that_lose_power_at_once_continue_without_a_double_vote() {
    crash_everywhere(&Plan::new(3, 4, 2), true);
}

#[test]
fn with_three_of_four_present_the_one_that_loses_power_is_needed_and_comes_back() {
    let mut plan = Plan::new(4, 4, 2);
    plan.offline.insert(3);
    crash_everywhere(&plan, false);
}

#[test]
fn a_second_loss_of_power_anywhere_after_the_first_changes_nothing() {
    let plan = Plan::new(6, 1, 2);
    let points = points(&plan);
    for (point, again) in (0..points).flat_map(|point| (0..points).map(move |again| (point, again)))
    {
        let mut plan = plan.clone();
        plan.crash = Some(CrashPlan {
            point,
            survives: Survives::Nothing,
            everyone: false,
            again: Some(again),
        });
        World::run(plan);
    }
}

#[test]
fn in_a_storm_of_lost_messages_and_power_nobody_contradicts_itself_and_blocks_go_on() {
    let (mut crashes, mut later_rounds) = (0, 0);
    for seed in seeds(60) {
        let mut plan = Plan::new(seed, if seed % 3 == 0 { 7 } else { 4 }, 6);
        plan.storm = true;
        // With a third of the power a traitor may divide the others, and a changing set gives it that.
        plan.traitor = seed % 5 == 1;
        plan.rotating = seed % 2 == 0 && !plan.traitor;
        let world = World::run(plan);
        crashes += world.crashes;
        let decided = world.nodes[1].chain.values();
        later_rounds += decided.filter(|block| block.round.get() > 0).count();
    }
    assert!(crashes > 100, "only {crashes} crashes happened");
    assert!(
        later_rounds > 10,
        "only {later_rounds} blocks needed a second round"
    );
}

#[test]
fn without_its_log_a_validator_asks_for_double_votes_and_the_watermark_refuses() {
    let plan = Plan::new(5, 4, 2);
    let mut refusals = 0;
    for point in 0..points(&plan) {
        let mut plan = plan.clone();
        plan.logless = true;
        plan.crash = Some(CrashPlan {
            point,
            survives: Survives::Nothing,
            everyone: false,
            again: None,
        });
        let mut world = World::new(plan);
        world.run_until(60_000);
        refusals += world.nodes[0].journal.refusals;
    }
    assert!(refusals > 0, "the log makes no difference");
}
