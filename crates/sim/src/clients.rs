//! Clients: they hand instructions in at some node, ask after them, and hand the same bytes in again until told "final".

use crate::clock::true_time;
use crate::monitor::Violation;
use crate::schedule::Event;
use crate::workload::{Idea, Origin, Thinker};
use crate::world::{Era, World};
use karwan_ledger::{Operation, Transaction, VerifiedTransaction};
use karwan_replica::{Event as ReplicaEvent, SubmitAnswer};
use karwan_types::{
    BlockFrame, DurationMs, Height, Timestamp, TransactionId, TransactionStatus, Uetr,
};
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;

/// How long a client waits before it asks after its instruction, in milliseconds.
const ASK_MS: (u64, u64) = (800, 3_000);
/// References that may be used again on purpose.
const REFERENCES_KEPT: usize = 12;
/// Instructions that may be handed in again on purpose.
const IDEAS_KEPT: usize = 8;

/// An instruction whose client was not told its end yet.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) transaction: VerifiedTransaction,
    /// Where it was handed in last, if that node has not stopped since.
    pub(crate) node: Option<usize>,
    pub(crate) valid_until: Timestamp,
    /// Since when it could have become final without any fault, in milliseconds.
    pub(crate) since_ms: u64,
}

/// All clients together.
#[derive(Default)]
pub(crate) struct Clients {
    pub(crate) waiting: BTreeMap<TransactionId, Waiting>,
    references: VecDeque<Uetr>,
    ideas: VecDeque<Idea>,
    kinds: BTreeMap<TransactionId, (&'static str, Origin)>,
}

impl Clients {
    /// The kind of an instruction, and where it came from.
    fn kind_of(&self, id: &TransactionId) -> (&'static str, Origin) {
        self.kinds.get(id).copied().unwrap_or(("", Origin::Thought))
    }
}

/// Handing in.
impl World {
    /// Clients have ideas, until everything heals.
    pub(crate) fn clients_think(&mut self) -> Result<(), Violation> {
        if self.era != Era::Chaos {
            return Ok(());
        }
        let many = if self.rng.u8(0..12) == 0 { 12 } else { 4 };
        for _ in 0..self.rng.usize(1..many) {
            let idea = self.idea();
            let twice = self.rng.u8(0..12) == 0;
            let id = self.hand_in(&idea)?;
            if twice
                && let Some(id) = id
                && let Some(node) = self.some_node()
            {
                self.submit(id, node)?;
            }
        }
        let mean_ms = self.plan.clients_ms;
        let wait_ms = self.rng.u64(10..mean_ms * 2);
        self.schedule.after(wait_ms, Event::Clients);
        Ok(())
    }

    fn idea(&mut self) -> Idea {
        if !self.clients.ideas.is_empty() && self.rng.u8(0..20) == 0 {
            // The same instruction again, signed anew with another expiry.
            self.statistics.count("instructions signed again");
            let chosen = self.rng.usize(0..self.clients.ideas.len());
            let mut idea = self.clients.ideas[chosen].clone();
            idea.valid_ms = self.rng.u64(5_000..30_000);
            return idea;
        }
        let references: Vec<Uetr> = self.clients.references.iter().copied().collect();
        let height = self.monitor.height();
        let mut thinker = Thinker {
            town: &mut self.town,
            state: self.monitor.state(height),
            rng: &mut self.rng,
            plan: &self.plan,
            time: true_time(self.schedule.now),
            references: &references,
        };
        let idea = thinker.think();
        match idea.origin {
            Origin::Thought => {}
            Origin::Filled => self.statistics.count("instructions filled"),
            Origin::Example => self
                .statistics
                .count("instructions that could not be filled"),
        }
        self.remember(&idea);
        idea
    }

    fn remember(&mut self, idea: &Idea) {
        let clients = &mut self.clients;
        if let Operation::Pay(pay) = &idea.operation {
            clients.references.push_back(pay.payment.uetr);
        }
        clients.ideas.push_back(idea.clone());
        while clients.references.len() > REFERENCES_KEPT {
            clients.references.pop_front();
        }
        while clients.ideas.len() > IDEAS_KEPT {
            clients.ideas.pop_front();
        }
    }

    /// Signs an instruction and hands it in somewhere. None when it is malformed, which every node's edge sees.
    pub(crate) fn hand_in(&mut self, idea: &Idea) -> Result<Option<TransactionId>, Violation> {
        let now = true_time(self.schedule.now);
        let valid_until = now.after(DurationMs::from_millis(idea.valid_ms));
        let mut transaction =
            Transaction::unsigned(self.chain, idea.operation.clone(), valid_until);
        for signer in &idea.signers {
            transaction = transaction.signed_by(self.town.key(signer.clone()));
        }
        let encoded = transaction.to_encoded();
        let Some(verified) = self.verify(&encoded) else {
            self.statistics.count("instructions malformed");
            return Ok(None);
        };
        let id = verified.id();
        self.digest.take(id);
        self.statistics.count("instructions");
        self.clients
            .kinds
            .insert(id, (idea.operation.name(), idea.origin));
        let waiting = Waiting {
            transaction: verified,
            node: None,
            valid_until,
            since_ms: self.schedule.now,
        };
        self.clients.waiting.insert(id, waiting);
        if let Some(node) = self.some_node() {
            self.submit(id, node)?;
        }
        self.ask_later(id);
        Ok(Some(id))
    }

    pub(crate) fn submit(&mut self, id: TransactionId, node: usize) -> Result<(), Violation> {
        let Some(waiting) = self.clients.waiting.get_mut(&id) else {
            return Ok(());
        };
        waiting.node = Some(node);
        let transaction = waiting.transaction.clone();
        let (kind, _) = self.clients.kind_of(&id);
        self.line_of(node, |text| {
            write!(text, "is handed {kind} {id:?}").expect("a string");
        });
        self.feed(node, ReplicaEvent::Submitted(transaction))
    }

    fn ask_later(&mut self, id: TransactionId) {
        let wait_ms = self.rng.u64(ASK_MS.0..ASK_MS.1);
        self.schedule.after(wait_ms, Event::Ask(id));
    }

    /// A node that runs.
    pub(crate) fn some_node(&mut self) -> Option<usize> {
        let running: Vec<usize> = (0..self.nodes.len())
            .filter(|node| self.nodes[*node].running.is_some())
            .collect();
        if running.is_empty() {
            return None;
        }
        Some(running[self.rng.usize(0..running.len())])
    }
}

/// Being told.
impl World {
    /// What a node says to a client that hands an instruction in.
    pub(crate) fn client_answered(&mut self, node: usize, id: TransactionId, answer: SubmitAnswer) {
        self.line_of(node, |text| {
            write!(text, "answers {id:?}: {answer:?}").expect("a string");
        });
        match answer {
            SubmitAnswer::Accepted | SubmitAnswer::Duplicate => {}
            SubmitAnswer::RetryLater => self.statistics.count("instructions put off"),
            SubmitAnswer::Rejected(_) if !self.nodes[node].honest => {}
            SubmitAnswer::Rejected(_) => {
                // It may be on the chain already: a node behind the others can only judge by its own state.
                if self.clients.waiting.remove(&id).is_some() {
                    let (kind, origin) = self.clients.kind_of(&id);
                    self.statistics
                        .answered(kind, origin, |answers| answers.turned_away += 1);
                }
            }
        }
    }

    /// A node has stored a block: clients that wait there for one of its transactions are told.
    pub(crate) fn tell_clients(
        &mut self,
        node: usize,
        frame: &Arc<BlockFrame>,
    ) -> Result<(), Violation> {
        let height = frame.block.header.height;
        for transaction in &frame.block.transactions {
            let id = transaction.id();
            let waits_here = self
                .clients
                .waiting
                .get(&id)
                .is_some_and(|waiting| waiting.node == Some(node));
            if waits_here {
                self.told_final(node, id, height)?;
            }
        }
        Ok(())
    }

    fn told_final(
        &mut self,
        node: usize,
        id: TransactionId,
        height: Height,
    ) -> Result<(), Violation> {
        if !self.nodes[node].honest {
            return Ok(());
        }
        self.clients.waiting.remove(&id);
        self.statistics.count("instructions told final");
        self.monitor
            .acknowledged(&self.nodes[node].name, id, height)
    }

    /// A client asks the node where it handed its instruction in, or another; without an end it hands it in again.
    pub(crate) fn client_asks(&mut self, id: TransactionId) -> Result<(), Violation> {
        let Some(waiting) = self.clients.waiting.get(&id) else {
            return Ok(());
        };
        let (asked, valid_until, since_ms) = (waiting.node, waiting.valid_until, waiting.since_ms);
        let asked = match asked {
            Some(node) if self.rng.bool() => Some(node),
            Some(_) | None => self.some_node(),
        };
        if let Some(node) = asked
            && let Some(running) = &self.nodes[node].running
            && running.published.holds_transaction(&id)
        {
            let height = running.published.chain().height;
            self.told_final(node, id, height)?;
        }
        // Clocks of nodes differ, so an instruction may be included a little after it expired by the right time.
        let late = true_time(self.schedule.now).since(valid_until).millis();
        if late > 5_000 {
            return self.expired(id, since_ms);
        }
        if late == 0
            && let Some(node) = asked
        {
            self.submit(id, node)?;
        }
        self.ask_later(id);
        Ok(())
    }

    fn expired(&mut self, id: TransactionId, since_ms: u64) -> Result<(), Violation> {
        let Some(waiting) = self.clients.waiting.remove(&id) else {
            return Ok(());
        };
        if self.monitor.transactions.contains_key(&id) {
            self.statistics.count("instructions final, client not told");
            return Ok(());
        }
        self.statistics.count("instructions expired");
        self.had_its_chance(&waiting, since_ms)
    }

    /// The clients of a node that stopped know nothing.
    pub(crate) fn clients_lose(&mut self, node: usize) {
        for waiting in self.clients.waiting.values_mut() {
            if waiting.node == Some(node) {
                waiting.node = None;
            }
        }
    }

    /// Counts what a new block did.
    pub(crate) fn count_block(&mut self, frame: &BlockFrame) {
        let mut answers: BTreeMap<TransactionId, (bool, bool)> = BTreeMap::new();
        for outcome in &frame.outcomes {
            let Some(id) = outcome.transaction else {
                self.statistics.count("outcomes by block time");
                continue;
            };
            let (done, waiting) = answers.entry(id).or_default();
            *waiting |= outcome.status == TransactionStatus::Patc;
            *done |= outcome.status != TransactionStatus::Rjct
                && outcome.status != TransactionStatus::Patc;
        }
        for (id, (done, waiting)) in answers {
            let (kind, origin) = self.clients.kind_of(&id);
            self.statistics.answered(kind, origin, |answers| {
                if done {
                    answers.done += 1;
                } else if waiting {
                    answers.waiting += 1;
                } else {
                    answers.refused += 1;
                }
            });
        }
    }
}
