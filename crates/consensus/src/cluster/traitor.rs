//! A validator that signs two of everything is named, and changes nothing.

use super::world::{Plan, World};
use super::{chain, seeds};
use crate::Evidence;

#[test]
fn two_proposals_and_two_votes_are_proven_and_the_others_agree() {
    let (mut proposals, mut votes) = (0, 0);
    for seed in seeds(10) {
        let mut plan = Plan::new(seed, 4, 5);
        plan.traitor = true;
        let world = World::run(plan);
        let set = world.plan.validators(karwan_types::Height::new(1));
        for node in &world.nodes[1..] {
            for evidence in &node.evidence {
                assert_eq!(evidence.verify(&chain(), &set), Ok(()), "seed {seed}");
                assert_eq!(evidence.culprit(), super::key(0).public_key());
                match evidence {
                    Evidence::Proposals { .. } => proposals += 1,
                    Evidence::Votes { .. } => votes += 1,
                }
            }
        }
    }
    assert!(proposals > 0, "no double proposal was noticed");
    assert!(votes > 0, "no double vote was noticed");
}
