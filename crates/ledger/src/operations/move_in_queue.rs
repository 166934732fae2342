//! `MoveInQueue`: the debtor agent moves a waiting payment before or behind its other ones of the same class.

use super::Execute;
use super::reprioritise::find_queued;
use crate::authority::Authority;
use crate::checks;
use crate::execution::{Execution, Item};
use crate::queue::Standing;
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{AgentIdentification, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Moves a waiting payment, signed for its debtor agent. The places of the account's payments are dealt out anew among
/// themselves, so that nobody else's payment is passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MoveInQueue {
    /// The debtor agent of the payment.
    pub agent: AgentIdentification,
    /// The payment.
    pub uetr: Uetr,
    /// Where it goes.
    pub to: QueueEnd,
}

/// An end of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum QueueEnd {
    /// Before the others.
    Front,
    /// Behind the others.
    Back,
}

impl Execute for MoveInQueue {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let agent = checks::debtor_agent_known(state, &self.agent)?;
        Ok(Authority::of(agent, None))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let state = &mut *execution.state;
        let number = find_queued(state, &self.agent, self.uetr)?;
        let entry = state.queue_entry(number);
        let [leg] = entry.legs.as_slice() else {
            // What has several debtors keeps its place, because moving it for one would move it for all.
            return Err(Rejection::OriginalKind {
                uetr: self.uetr,
                needed: "a payment that waits by itself",
            });
        };
        let (account, class) = (leg.debit.clone(), entry.priority);
        let is_peer = |standing: &&Standing| {
            standing.1 == class && state.queue_entry(standing.3).legs.len() == 1
        };
        let peers = state.standings(&account).filter(is_peer);
        let (places, mut order): (Vec<u64>, Vec<u64>) =
            peers.map(|(_, _, place, number)| (*place, *number)).unzip();
        order.retain(|other| *other != number);
        let end = match self.to {
            QueueEnd::Front => 0,
            QueueEnd::Back => order.len(),
        };
        order.insert(end, number);
        // All are taken out first: in between, two would stand at one place.
        let taken: Vec<_> = order
            .iter()
            .map(|number| (*number, state.take_queue_entry(*number)))
            .collect();
        let mut before = (0, 0);
        for ((number, mut entry), place) in taken.into_iter().zip(places) {
            entry.place = after(before, number, place);
            before = (entry.place, number);
            state.put_queue_entry(number, entry);
        }
        Ok(())
    }
    fn example() -> Self {
        Self {
            agent: "KRVNPKKA".parse().expect("constant"),
            uetr: "8a562c67-ca16-48ba-b074-65581be6f001"
                .parse()
                .expect("constant"),
            to: QueueEnd::Front,
        }
    }
}

/// The place dealt to an entry, or the next one where it would not stand behind the entry before it: two stand at one place, the
/// older first, when one came back from another class.
fn after((place_before, before): (u64, u64), number: u64, place: u64) -> u64 {
    if (place, number) > (place_before, before) {
        return place;
    }
    let younger = u64::from(number < before);
    place_before.saturating_add(younger)
}
