//! The end of every seed: everything has healed, so everything must become final, on every honest node, soon.

use crate::clients::Waiting;
use crate::monitor::Violation;
use crate::schedule::Event;
use crate::workload::{Idea, Origin};
use crate::world::{Era, World};
use karwan_ledger::Pay;
use karwan_types::{Height, TransactionId};
use std::fmt::Write as _;

/// After everything healed, all must be final within this time, in milliseconds. Rounds grow longer while nothing can be
/// decided, so a network that was cut for long needs a few long rounds.
const PEACE_MS_MAX: u64 = 120_000;
/// An instruction that is valid for at least this long in peace must not expire, in milliseconds.
const CHANCE_MS: u64 = 40_000;
/// How long the fresh payments are valid, in milliseconds.
const FRESH_VALID_MS: u64 = 300_000;
/// How often it is looked whether all is final, in milliseconds.
const LOOK_MS: u64 = 200;

impl World {
    /// One fresh payment for each honest node.
    pub(crate) fn begin_peace(&mut self) -> Result<(), Violation> {
        let now = self.schedule.now;
        self.era = Era::Peace(now);
        let honest = self.nodes.iter().filter(|node| node.honest).count();
        let height = self.monitor.height();
        for _ in 0..honest {
            let (town, state) = (&mut self.town, self.monitor.state(height));
            let mut thinker = crate::workload::Thinker {
                town,
                state,
                rng: &mut self.rng,
                plan: &self.plan,
                time: crate::clock::true_time(now),
                references: &[],
            };
            let (debtor, currency) = (thinker.bank(), thinker.currency());
            let payment = thinker.terms(&debtor, currency);
            let signers = ["maker", "checker"].map(|role| format!("{}/{role}", debtor.name));
            let idea = Idea {
                operation: Pay { payment }.into(),
                signers: signers.to_vec(),
                origin: Origin::Thought,
                valid_ms: FRESH_VALID_MS,
            };
            let id = self.hand_in(&idea)?;
            self.fresh.extend(id);
        }
        self.schedule.after(LOOK_MS, Event::Look);
        Ok(())
    }

    /// Whether all is final; if not, until when it may take.
    pub(crate) fn look(&mut self) -> Result<(), Violation> {
        let Era::Peace(since_ms) = self.era else {
            return Ok(());
        };
        let lasted_ms = self.schedule.now - since_ms;
        let Some(missing) = self.missing() else {
            self.line(|text| write!(text, "all is final after {lasted_ms} ms").expect("a string"));
            self.statistics.healing_ms_max = lasted_ms;
            self.era = Era::Done;
            return Ok(());
        };
        if lasted_ms > PEACE_MS_MAX {
            return Err(Violation::Stuck { problem: missing });
        }
        self.schedule.after(LOOK_MS, Event::Look);
        Ok(())
    }

    /// The first thing that is not final yet.
    fn missing(&self) -> Option<String> {
        let height = self.monitor.height();
        let honest = || self.nodes.iter().filter(|node| node.honest);
        for node in honest() {
            let Some(running) = &node.running else {
                return Some(format!("{} does not run", node.name));
            };
            let reached = running.published.chain().height;
            if reached != height {
                return Some(format!("{} is at height {reached} of {height}", node.name));
            }
        }
        let not_final = |id: &&TransactionId| !self.monitor.transactions.contains_key(id);
        if let Some(id) = self.fresh.iter().find(not_final) {
            return Some(format!("the fresh payment {id} is not final"));
        }
        let waiting = self.clients.waiting.len();
        (waiting > 0).then(|| format!("{waiting} instructions have no end yet"))
    }

    /// An instruction that was valid long enough in peace must not expire.
    pub(crate) fn had_its_chance(&self, waiting: &Waiting, since_ms: u64) -> Result<(), Violation> {
        let Era::Peace(healed_ms) = self.era else {
            return Ok(());
        };
        let from = crate::clock::true_time(since_ms.max(healed_ms));
        if waiting.valid_until.since(from).millis() < CHANCE_MS {
            return Ok(());
        }
        Err(Violation::Stuck {
            problem: format!(
                "transaction {} was valid for more than {CHANCE_MS} ms and is in no block",
                waiting.transaction.id()
            ),
        })
    }

    /// All honest nodes have the same state, and their disks hold the whole chain.
    pub(crate) fn final_checks(&mut self) -> Result<(), Violation> {
        let height = self.monitor.height();
        let root = self.monitor.state(height).root();
        for node in self.nodes.iter().filter(|node| node.honest) {
            let Some(running) = &node.running else {
                continue;
            };
            let stuck = |problem: String| Violation::Block {
                height,
                node: node.name.clone(),
                problem,
            };
            if running.published.root() != root {
                return Err(stuck("its state root is another".to_owned()));
            }
            let conserved = crate::guard::guarded(|| running.published.assert_conserved());
            conserved.map_err(|problem| Violation::Conservation { height, problem })?;
            let mut read = Height::GENESIS;
            while read < height {
                read = read.next();
                let frame = running.frame(read).map_err(stuck)?;
                let agreed = &self.monitor.chain[&read];
                if frame.block.hash() != agreed.hash {
                    return Err(stuck(format!("block {read} on its disk is another")));
                }
            }
        }
        self.statistics.seeds = 1;
        self.statistics.heights = height.get();
        self.statistics.virtual_ms = self.schedule.now;
        self.statistics.events = self.digest.events;
        let settled = self
            .monitor
            .chain
            .values()
            .filter(|agreed| agreed.frame.certificate.round.get() > 0)
            .count();
        self.statistics
            .add("blocks that needed a second round", settled as u64);
        Ok(())
    }
}
