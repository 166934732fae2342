//! Both payments of an exchange settle at one height or neither does, also across crashes: random payments, exchanges, linked
//! sets, cancellations, halts and cycles on one chain, and a node that follows it and loses its state at random points.
//!
//! A crash is what a machine does: the state is gone, and comes back from an older checkpoint and the blocks since, or from
//! the genesis document and all blocks; or a block was executed on a draft and the draft never adopted.

use crate::rules::poor;
use crate::support::*;
use karwan_ledger::{
    AcceptQuote, CancelExchange, DealtSide, ExchangeStatus, InstructionKey, OnShortage, Operation,
    PayVersusPayment, Priority, RunCycle, State, Transaction, VerifiedTransaction,
};
use karwan_types::{
    Block, EncodedTransaction, Hash, InstructionHash, Outcome, SecretKey, TransactionStatus,
};
use std::collections::{BTreeMap, BTreeSet};

const SEEDS: u64 = 24;
const BLOCKS: usize = 50;
const IN_A_BLOCK: usize = 5;
/// Those who pay each other.
const TRADERS: [Institution; 4] = [INDUS, RAVI, NARYN, TALAS];

/// What was done on the chain, and what became of it.
struct History {
    chain: Chain,
    /// The outcomes of every block.
    outcomes: Vec<Vec<Outcome>>,
    /// The state root after every block.
    roots: Vec<Hash>,
    /// Every exchange there ever was, with its payments.
    exchanges: BTreeMap<InstructionHash, [InstructionKey; 2]>,
    statuses: BTreeSet<&'static str>,
}

/// Somebody who thinks of things to do.
struct Town {
    rng: fastrand::Rng,
    made: usize,
    /// Exchanges that were proposed, of which some are signed again.
    proposed: Vec<(PayVersusPayment, [Institution; 2])>,
}

impl Town {
    fn name(&mut self) -> String {
        self.made += 1;
        format!("made {}", self.made)
    }
    fn two(&mut self) -> [Institution; 2] {
        let one = self.rng.usize(0..TRADERS.len());
        let step = self.rng.usize(1..TRADERS.len());
        [TRADERS[one], TRADERS[(one + step) % TRADERS.len()]]
    }
    fn sum(&mut self, currency: &str) -> String {
        format!("{}.00 {currency}", self.rng.u32(1..120))
    }
    fn class(&mut self) -> Priority {
        match self.rng.u8(0..6) {
            0 => Priority::Urgt,
            1 => Priority::High,
            _ => Priority::Norm,
        }
    }
    fn currency(&mut self) -> &'static str {
        if self.rng.bool() { "PKR" } else { "KGS" }
    }
    fn payment(&mut self) -> (karwan_ledger::Pay, Institution) {
        let ([from, to], currency) = (self.two(), self.currency());
        let (sum, name, class) = (self.sum(currency), self.name(), self.class());
        let payment = with(pay(from, to, &sum, &name), |terms| {
            terms.on_shortage = OnShortage::Queue;
            terms.priority = class;
        });
        (payment, from)
    }
    fn exchange(&mut self, chain: &Chain) -> (Operation, Vec<SecretKey>) {
        let [one, other] = self.two();
        let (rupees, som, name) = (self.sum("PKR"), self.sum("KGS"), self.name());
        let mut terms = exchange(chain, (one, &rupees), (other, &som), &name);
        terms.leg_a.priority = self.class();
        terms.leg_b.priority = self.class();
        terms.settle_till = chain.upcoming().after(millis(self.rng.u64(1..40_000)));
        if self.rng.u8(0..8) == 0 {
            terms.leg_b.on_shortage = OnShortage::Refuse;
        }
        if self.rng.u8(0..3) == 0 {
            self.proposed.push((terms.clone(), [one, other]));
            return (terms.into(), vec![maker(one)]);
        }
        (terms.into(), vec![maker(one), maker(other)])
    }
    fn second_signature(&mut self, chain: &Chain) -> (Operation, Vec<SecretKey>) {
        if self.proposed.is_empty() {
            return self.exchange(chain);
        }
        let chosen = self.rng.usize(0..self.proposed.len());
        let (terms, [_, other]) = self.proposed.swap_remove(chosen);
        if self.rng.bool() {
            return (terms.into(), vec![maker(other)]);
        }
        (chain.approve(terms).into(), vec![maker(other)])
    }
    fn linked(&mut self) -> (Operation, Vec<SecretKey>) {
        let ((one, first), (other, second)) = (self.payment(), self.payment());
        let signers = if first == second {
            vec![maker(first)]
        } else {
            vec![maker(first), maker(second)]
        };
        (linked(vec![one, other]).into(), signers)
    }
    /// A record that waits.
    fn waiting(&mut self, chain: &Chain) -> Option<(InstructionKey, Institution)> {
        let open = [TransactionStatus::Pdng, TransactionStatus::Patc];
        let keys: Vec<InstructionKey> = chain
            .state
            .records()
            .filter(|(_, record)| open.contains(&record.status))
            .map(|(key, _)| *key)
            .collect();
        let key = *self.rng.choice(&keys)?;
        let owner = TRADERS.into_iter().find(|one| one.lei() == key.agent)?;
        Some((key, owner))
    }
    fn withdrawal(&mut self, chain: &Chain) -> Option<(Operation, Vec<SecretKey>)> {
        let (key, owner) = self.waiting(chain)?;
        let reason = "CUST".parse().unwrap();
        if self.rng.bool() {
            let cancel = karwan_ledger::Cancel {
                agent: owner.agent(),
                uetr: key.uetr,
                reason,
            };
            return Some((cancel.into(), all(owner)));
        }
        let cancel = CancelExchange {
            agent: owner.agent(),
            uetr: key.uetr,
            reason,
        };
        let (_, entry) = chain.state.queued(&key)?;
        let debtor = |leg: &karwan_ledger::QueuedLeg| {
            let known = TRADERS.into_iter().find(|one| one.lei() == leg.key.agent);
            known.expect("only traders pay")
        };
        let names: BTreeSet<&str> = entry.legs.iter().map(|leg| debtor(leg).name).collect();
        let debtors = TRADERS.into_iter().filter(|one| names.contains(one.name));
        Some((cancel.into(), together(&debtors.collect::<Vec<_>>())))
    }
    /// Takes a part of the one quote.
    fn acceptance(&mut self, chain: &Chain) -> (Operation, Vec<SecretKey>) {
        let side = if self.rng.bool() {
            DealtSide::Buy
        } else {
            DealtSide::Sell
        };
        let (currency, counter) = match side {
            DealtSide::Buy => ("PKR", "KGS"),
            DealtSide::Sell => ("KGS", "PKR"),
        };
        let name = self.name();
        let accept = AcceptQuote {
            side,
            currency: code(currency),
            amount: money(&self.sum(currency)).1,
            counter_currency: code(counter),
            settle_till: chain.upcoming().after(millis(self.rng.u64(1..40_000))),
            ..accept(chain, NARYN, "quote", &name)
        };
        (accept.into(), vec![maker(NARYN)])
    }
    fn idea(&mut self, chain: &Chain) -> (Operation, Vec<SecretKey>) {
        match self.rng.u8(0..20) {
            0..=5 => {
                let (payment, from) = self.payment();
                (payment.into(), vec![maker(from)])
            }
            6..=10 => self.exchange(chain),
            11 | 12 => self.second_signature(chain),
            13 => self.linked(),
            14 | 15 => {
                let chosen = self.withdrawal(chain);
                chosen.unwrap_or_else(|| self.exchange(chain))
            }
            16 => self.acceptance(chain),
            17 => {
                let run = RunCycle {
                    currency: code("PKR"),
                };
                (run.into(), all(PK_ISSUER))
            }
            18 => (halt("KGS").into(), all(KG_ISSUER)),
            _ => (resume("KGS").into(), all(KG_ISSUER)),
        }
    }
}

/// A chain that never crashes.
fn history(seed: u64) -> History {
    let mut document = poor(&[
        ("INDUS-PKR", "300.00 PKR"),
        ("RAVI-PKR", "100.00 PKR"),
        ("NARYN-KGS", "300.00 KGS"),
        ("TALAS-KGS", "100.00 KGS"),
    ]);
    document.rulebook.common.queue.cycle_blocks = 7;
    let mut history = History {
        chain: Chain::of(document),
        outcomes: Vec::new(),
        roots: Vec::new(),
        exchanges: BTreeMap::new(),
        statuses: BTreeSet::new(),
    };
    let mut town = Town {
        rng: fastrand::Rng::with_seed(seed),
        made: 0,
        proposed: Vec::new(),
    };
    let fix = rate_fix("KGS", "PKR", "3.2", "2026-11-23");
    let fix = history.chain.sign(fix, &together(&[PK_ISSUER, KG_ISSUER]));
    let quote = karwan_ledger::Quote {
        minimum: money("0.01 PKR").1,
        settle_within_ms: HOUR,
        ..rupees_for_som(&history.chain, "quote")
    };
    let quote = history.chain.sign(quote, &all(INDUS));
    history.add(&[fix, quote]);
    for _ in 0..BLOCKS {
        let chain = &history.chain;
        let ideas: Vec<_> = (0..IN_A_BLOCK).map(|_| town.idea(chain)).collect();
        let signed = ideas
            .into_iter()
            .map(|(operation, signers)| chain.sign(operation, &signers));
        let transactions: Vec<Transaction> = signed.collect();
        history.add(&transactions);
    }
    history
}

impl History {
    fn add(&mut self, transactions: &[Transaction]) {
        let outcomes = self.chain.block(transactions);
        self.outcomes.push(outcomes);
        self.roots.push(self.chain.state.root());
        for (instruction, row) in self.chain.state.exchanges() {
            self.exchanges.insert(*instruction, row.legs);
            self.statuses.insert(match row.status {
                ExchangeStatus::Proposed => "proposed",
                ExchangeStatus::Matched => "matched",
                ExchangeStatus::Settled => "settled",
                ExchangeStatus::Expired => "expired",
                ExchangeStatus::Cancelled => "cancelled",
                ExchangeStatus::Refused => "refused",
            });
        }
    }
}

/// The exchanges of which a half settled alone, or at another height, or not beside the other half.
fn split(
    outcomes: &[Vec<Outcome>],
    exchanges: &BTreeMap<InstructionHash, [InstructionKey; 2]>,
) -> Vec<InstructionHash> {
    let settled = |instruction: &InstructionHash, leg: &InstructionKey| {
        let mut places = Vec::new();
        for (height, of_block) in outcomes.iter().enumerate() {
            for (place, outcome) in of_block.iter().enumerate() {
                let movement = outcome.movement.as_ref();
                let is_leg = movement.is_some_and(|movement| {
                    (movement.debtor_agent, movement.uetr) == (leg.agent, leg.uetr)
                });
                let repeated = outcome.clause.as_str() == "4.5";
                let is_final = outcome.status == TransactionStatus::Acsc && !repeated;
                if outcome.instruction == *instruction && is_leg && is_final {
                    places.push((height, place));
                }
            }
        }
        places
    };
    let whole = |(instruction, [a, b]): &(&InstructionHash, &[InstructionKey; 2])| match (
        settled(instruction, a).as_slice(),
        settled(instruction, b).as_slice(),
    ) {
        ([], []) => true,
        ([one], [other]) => one.0 == other.0 && one.1.abs_diff(other.1) == 1,
        _ => false,
    };
    let broken = exchanges.iter().filter(|one| !whole(one));
    broken.map(|(instruction, _)| *instruction).collect()
}

/// A node that follows the blocks of a chain.
struct Node<'a> {
    history: &'a History,
    state: State,
    /// How many blocks it has executed.
    executed: usize,
    checkpoint: (usize, Vec<u8>),
    outcomes: Vec<Vec<Outcome>>,
}

impl<'a> Node<'a> {
    fn new(history: &'a History) -> Self {
        let state = history.chain.genesis.state.clone();
        Self {
            history,
            checkpoint: (0, state.to_checkpoint()),
            state,
            executed: 0,
            outcomes: Vec::new(),
        }
    }
    fn block(&self) -> &'a Block {
        &self.history.chain.history[self.executed]
    }
    fn parent(&self) -> Hash {
        match self.executed.checked_sub(1) {
            Some(last) => self.history.chain.history[last].hash(),
            None => self.history.chain.genesis.chain_id.0,
        }
    }
    fn verified(&self) -> Vec<VerifiedTransaction> {
        let chain_id = &self.history.chain.genesis.chain_id;
        let verify = |encoded: &EncodedTransaction| {
            VerifiedTransaction::from_encoded(encoded.clone(), chain_id).expect("it was verified")
        };
        self.block().transactions.iter().map(verify).collect()
    }
    /// Executes the next block; its result is the chain's, and what it says of this height replaces what it said before.
    fn execute(&mut self) {
        let draft = self
            .state
            .validate(self.parent(), self.block(), &self.verified())
            .expect("a decided block is valid");
        self.outcomes.truncate(self.executed);
        self.outcomes.push(draft.outcomes);
        self.state = draft.state;
        assert_eq!(self.state.root(), self.history.roots[self.executed]);
        self.executed += 1;
    }
    fn restart_from_checkpoint(&mut self) {
        let until = self.executed;
        self.executed = self.checkpoint.0;
        self.state = State::from_checkpoint(&self.checkpoint.1).expect("it was written whole");
        while self.executed < until {
            self.execute();
        }
    }
    fn restart_from_genesis(&mut self) {
        let until = self.executed;
        self.executed = 0;
        self.state = self.history.chain.genesis.state.clone();
        while self.executed < until {
            self.execute();
        }
    }
    /// Executes a part of a block, or all of it, on a draft, and loses the draft.
    fn lose_a_draft(&self, rng: &mut fastrand::Rng) {
        let transactions = self.verified();
        let part = rng.usize(0..=transactions.len());
        let header = &self.block().header;
        let seat = karwan_ledger::BlockSeat {
            parent: self.parent(),
            time: header.time,
            proposer: header.proposer,
        };
        drop(self.state.draft(&seat, &transactions[..part]));
    }
}

/// Names the seed of whatever fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}", self.0);
        }
    }
}

#[test]
fn no_crash_splits_an_exchange_and_none_changes_what_follows() {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for seed in 0..SEEDS {
        let _named = Seed(seed);
        let history = history(seed);
        assert_eq!(split(&history.outcomes, &history.exchanges), []);
        seen.extend(&history.statuses);
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x00c0_ffee);
        let mut node = Node::new(&history);
        while node.executed < history.roots.len() {
            match rng.u8(0..12) {
                0 => node.checkpoint = (node.executed, node.state.to_checkpoint()),
                1 | 2 => node.restart_from_checkpoint(),
                3 if rng.u8(0..4) == 0 => node.restart_from_genesis(),
                3 | 4 => node.lose_a_draft(&mut rng),
                _ => node.execute(),
            }
        }
        assert_eq!(node.outcomes, history.outcomes);
        assert_eq!(split(&node.outcomes, &history.exchanges), []);
        assert_eq!(node.state.root(), history.chain.state.root());
        assert_eq!(
            node.state.to_checkpoint(),
            history.chain.state.to_checkpoint()
        );
    }
    // The histories show everything that can become of an exchange.
    let all = [
        "proposed",
        "matched",
        "settled",
        "expired",
        "cancelled",
        "refused",
    ];
    assert_eq!(seen, BTreeSet::from(all));
}

#[test]
fn a_half_that_settles_alone_or_at_another_height_is_noticed() {
    let history = history(1);
    let legs = |instruction: &InstructionHash| history.exchanges[instruction];
    let find = |outcomes: &[Vec<Outcome>]| {
        let mut found = None;
        for (height, of_block) in outcomes.iter().enumerate() {
            for (place, outcome) in of_block.iter().enumerate() {
                let is_final = outcome.status == TransactionStatus::Acsc;
                let of_exchange = history.exchanges.contains_key(&outcome.instruction);
                let repeated = outcome.clause.as_str() == "4.5";
                let movement = outcome.movement.as_ref();
                let first = movement.is_some_and(|movement| {
                    of_exchange && movement.uetr == legs(&outcome.instruction)[0].uetr
                });
                if is_final && first && !repeated && height + 1 < outcomes.len() {
                    found = Some((height, place, outcome.instruction));
                }
            }
        }
        found.expect("some exchange settles")
    };
    let (height, place, instruction) = find(&history.outcomes);
    let mut alone = history.outcomes.clone();
    alone[height].remove(place);
    assert_eq!(split(&alone, &history.exchanges), [instruction]);
    let mut later = history.outcomes.clone();
    let half = later[height].remove(place);
    later[height + 1].push(half);
    assert_eq!(split(&later, &history.exchanges), [instruction]);
    let mut twice = history.outcomes.clone();
    let half = twice[height][place].clone();
    twice[height + 1].push(half);
    assert_eq!(split(&twice, &history.exchanges), [instruction]);
}
