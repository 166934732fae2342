//! What must hold after every event, checked from outside: by somebody who sees all nodes and forgets nothing.
//!
//! The monitor lives outside every crash. It knows each signature ever made by an honest key, the one block of each
//! height, what each node has told to be final, and which transaction is where.

use karwan_consensus::{Evidence, SignRequest, Step, Watermark};
use karwan_ledger::{ExchangeStatus, InstructionKey, Record, State};
use karwan_types::{
    AccountNumber, Amount, BlockFrame, ChainId, Hash, Height, InstructionHash, Outcome, PublicKey,
    Round, TransactionId, TransactionStatus, ValidatorSet,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Two honest nodes stored different blocks at one height.
    #[error(
        "disagreement at height {height}: {node} stored {found}, but {expected} was stored before"
    )]
    Disagreement {
        /// Where.
        height: Height,
        /// Who stored the second.
        node: String,
        /// The second.
        found: Hash,
        /// The first.
        expected: Hash,
    },
    /// An honest key signed two messages for one position, or one below an earlier one.
    #[error("double signature of {node} at height {height} round {round} {step:?}: {problem}")]
    DoubleSignature {
        /// Whose key.
        node: String,
        /// Where.
        height: Height,
        /// Where.
        round: Round,
        /// Where.
        step: Step,
        /// What.
        problem: &'static str,
    },
    /// A block that does not follow from the one before, or whose certificate or roots are wrong.
    #[error("block {height} of {node} is not sound: {problem}")]
    Block {
        /// Where.
        height: Height,
        /// Whose.
        node: String,
        /// What.
        problem: String,
    },
    /// Money was made or lost.
    #[error("money is not conserved at height {height}: {problem}")]
    Conservation {
        /// Where.
        height: Height,
        /// What.
        problem: String,
    },
    /// An instruction had its effect twice.
    #[error("{what} had two effects: at height {first} and at height {second}")]
    TwoEffects {
        /// The instruction or transaction.
        what: String,
        /// Where first.
        first: Height,
        /// Where again.
        second: Height,
    },
    /// One payment of an exchange is final without the other, or at another height.
    #[error("exchange {instruction} is settled in halves at height {height}")]
    Split {
        /// Where it was seen.
        height: Height,
        /// Which.
        instruction: InstructionHash,
    },
    /// A node no longer has what it had told to be final.
    #[error("{node} had told that height {told} is final and came back with height {found}")]
    Forgotten {
        /// Which.
        node: String,
        /// What it told.
        told: Height,
        /// What it has.
        found: Height,
    },
    /// A client was told that a transaction is final which is not on the chain.
    #[error("{node} acknowledged transaction {id}, which is not on its chain")]
    Acknowledged {
        /// Who told it.
        node: String,
        /// Of which.
        id: TransactionId,
    },
    /// An honest node stopped although nothing was done to it.
    #[error("{node} stopped by itself: {reason}")]
    Stopped {
        /// Which.
        node: String,
        /// Its last words.
        reason: String,
    },
    /// Evidence against an honest validator, or evidence that proves nothing.
    #[error("{node} accuses {culprit} without cause")]
    Accusation {
        /// The accuser.
        node: String,
        /// The accused.
        culprit: PublicKey,
    },
    /// The network did not come back to life.
    #[error("no progress after everything healed: {problem}")]
    Stuck {
        /// What is missing.
        problem: String,
    },
    /// Two runs of one seed differ.
    #[error("two runs of this seed differ: {first:016x} and {second:016x}")]
    NotRepeatable {
        /// Digest of the first run.
        first: u64,
        /// Digest of the second.
        second: u64,
    },
    /// The simulator itself failed.
    #[error("the simulator failed: {problem}")]
    Simulator {
        /// How.
        problem: String,
    },
}

/// The block of a height that everybody must agree on.
pub(crate) struct Agreed {
    pub(crate) hash: Hash,
    pub(crate) frame: Arc<BlockFrame>,
    pub(crate) state: State,
}

/// Everything ever seen.
pub(crate) struct Monitor {
    chain_id: ChainId,
    genesis: State,
    pub(crate) chain: BTreeMap<Height, Agreed>,
    signed: BTreeMap<PublicKey, Watermark>,
    /// Where each transaction is.
    pub(crate) transactions: BTreeMap<TransactionId, Height>,
    /// Where each reference had its effect.
    effects: BTreeMap<InstructionKey, Height>,
    /// What the outcomes say about every account, in minor units.
    balances: BTreeMap<AccountNumber, i128>,
}

impl Monitor {
    pub(crate) fn new(chain_id: ChainId, genesis: State) -> Self {
        let balances = genesis
            .accounts()
            .map(|(number, account)| (number.clone(), account.posted))
            .collect();
        Self {
            chain_id,
            genesis,
            chain: BTreeMap::new(),
            signed: BTreeMap::new(),
            transactions: BTreeMap::new(),
            effects: BTreeMap::new(),
            balances,
        }
    }

    /// The highest height that any node has stored.
    pub(crate) fn height(&self) -> Height {
        self.chain.keys().next_back().copied().unwrap_or_default()
    }

    /// The state after a height that was stored.
    pub(crate) fn state(&self, height: Height) -> &State {
        self.chain
            .get(&height)
            .map_or(&self.genesis, |agreed| &agreed.state)
    }

    /// The validators of a height, if the one before was stored.
    pub(crate) fn validators(&self, height: Height) -> Option<&ValidatorSet> {
        let before = height.previous()?;
        let known = before == Height::GENESIS || self.chain.contains_key(&before);
        known.then(|| &self.state(before).chain().validators)
    }

    /// The highest height that a key has signed for.
    pub(crate) fn signed_through(&self, key: &PublicKey) -> Height {
        self.signed
            .get(key)
            .map_or(Height::GENESIS, |mark| mark.height)
    }

    /// An honest key has signed.
    pub(crate) fn signature(
        &mut self,
        node: &str,
        key: PublicKey,
        request: &SignRequest,
    ) -> Result<(), Violation> {
        let next = request.watermark();
        let problem = match self.signed.get(&key) {
            Some(last) if position(&next) < position(last) => "a later message was signed before",
            Some(last) if position(&next) == position(last) && next.hash != last.hash => {
                "another message was signed for this position"
            }
            Some(_) | None => {
                self.signed.insert(key, next);
                return Ok(());
            }
        };
        Err(Violation::DoubleSignature {
            node: node.to_owned(),
            height: next.height,
            round: next.round,
            step: next.step,
            problem,
        })
    }

    /// An honest node has stored a block, or found it in its log. Returns whether nobody had stored that height before.
    pub(crate) fn stored(
        &mut self,
        node: &str,
        frame: &Arc<BlockFrame>,
        state: &State,
    ) -> Result<bool, Violation> {
        let header = &frame.block.header;
        let (height, hash) = (header.height, frame.block.hash());
        let unsound = |problem: String| Violation::Block {
            height,
            node: node.to_owned(),
            problem,
        };
        if state.root() != header.state_root {
            return Err(unsound(
                "its state root is not that of its header".to_owned(),
            ));
        }
        if let Some(agreed) = self.chain.get(&height) {
            if agreed.hash != hash {
                return Err(Violation::Disagreement {
                    height,
                    node: node.to_owned(),
                    found: hash,
                    expected: agreed.hash,
                });
            }
            if agreed.frame.outcomes != frame.outcomes {
                return Err(unsound(
                    "its outcomes differ from another node's".to_owned(),
                ));
            }
            return Ok(false);
        }
        self.check_first(frame, hash).map_err(unsound)?;
        self.check_effects(frame)?;
        let conserved = crate::guard::guarded(|| state.assert_conserved());
        conserved.map_err(|problem| Violation::Conservation { height, problem })?;
        self.check_balances(height, state)?;
        self.check_exchanges(height, state)?;
        let agreed = Agreed {
            hash,
            frame: Arc::clone(frame),
            state: state.clone(),
        };
        self.chain.insert(height, agreed);
        Ok(true)
    }

    /// A block that nobody had stored before: it follows from the one before, and more than two thirds signed it.
    fn check_first(&self, frame: &BlockFrame, hash: Hash) -> Result<(), String> {
        let header = &frame.block.header;
        let before = self.height();
        if header.height != before.next() {
            return Err(format!("the height stored before is {before}"));
        }
        let (parent, parent_time) = match self.chain.get(&before) {
            Some(agreed) => (agreed.hash, agreed.frame.block.header.time),
            None => (self.chain_id.0, self.genesis.chain().time),
        };
        if header.parent != parent {
            return Err("its parent is another block".to_owned());
        }
        if header.time <= parent_time {
            return Err(format!(
                "its time {} is not after {parent_time}",
                header.time
            ));
        }
        let certificate = &frame.certificate;
        if certificate.block_hash != hash || certificate.height != header.height {
            return Err("its certificate is for another block".to_owned());
        }
        let validators = &self.state(before).chain().validators;
        certificate
            .verify(&self.chain_id, validators)
            .map_err(|error| error.to_string())
    }

    /// Each transaction is in one block, and each reference settles once while its record is kept.
    fn check_effects(&mut self, frame: &BlockFrame) -> Result<(), Violation> {
        let (height, time) = (frame.block.header.height, frame.block.header.time);
        for transaction in &frame.block.transactions {
            if let Some(first) = self.transactions.insert(transaction.id(), height) {
                return Err(Violation::TwoEffects {
                    what: format!("transaction {}", transaction.id()),
                    first,
                    second: height,
                });
            }
        }
        for outcome in &frame.outcomes {
            let effect = effect(outcome);
            if effect.is_some() != outcome.booked {
                let says = if outcome.booked {
                    "says"
                } else {
                    "does not say"
                };
                return Err(Violation::Conservation {
                    height,
                    problem: format!(
                        "an outcome of {} {says} that it moved money",
                        outcome.instruction
                    ),
                });
            }
            let Some(key) = effect else { continue };
            if let Some(first) = self.effects.insert(key, height) {
                // A record is forgotten after its retention, before the transactions of the first block after it; then
                // the reference is free again.
                let before = height.previous().expect("blocks begin at height 1");
                let kept =
                    |record: &Record| !record.status.is_terminal() || record.retained_until >= time;
                if first == height || self.state(before).record(&key).is_some_and(kept) {
                    return Err(Violation::TwoEffects {
                        what: format!("UETR {}", key.uetr),
                        first,
                        second: height,
                    });
                }
            }
            self.book(outcome);
        }
        Ok(())
    }

    /// Moves money as the outcome says.
    fn book(&mut self, outcome: &Outcome) {
        let Some(movement) = &outcome.movement else {
            return;
        };
        let (Some(debit), Some(credit)) = (&movement.debtor_account, &movement.creditor_account)
        else {
            return;
        };
        let amount = signed(movement.amount);
        *self.balances.entry(debit.clone()).or_default() -= amount;
        *self.balances.entry(credit.clone()).or_default() += amount;
    }

    /// The outcomes, which receipts prove, explain every balance.
    fn check_balances(&self, height: Height, state: &State) -> Result<(), Violation> {
        for (number, account) in state.accounts() {
            let told = self.balances.get(number).copied().unwrap_or(0);
            if told != account.posted {
                return Err(Violation::Conservation {
                    height,
                    problem: format!(
                        "account {number} has {} and the outcomes so far explain {told}",
                        account.posted
                    ),
                });
            }
        }
        Ok(())
    }

    /// Both payments of an exchange had their effect at one height, or neither has.
    fn check_exchanges(&self, height: Height, state: &State) -> Result<(), Violation> {
        for (instruction, exchange) in state.exchanges() {
            let settled = exchange.legs.map(|leg| {
                // A reference that its side never signed for may stand for something else.
                let record = state.record(&leg);
                let own = record.filter(|record| record.instruction == *instruction)?;
                let is_final = matches!(
                    own.status,
                    TransactionStatus::Acsc | TransactionStatus::Accc
                );
                Some(is_final.then(|| self.effects.get(&leg)).flatten())
            });
            // A confirmed payment is remembered longer than the other.
            let split = match settled {
                [Some(a), Some(b)] => a != b,
                [Some(Some(_)), None] | [None, Some(Some(_))] => {
                    exchange.status != ExchangeStatus::Settled
                }
                [Some(None), None] | [None, Some(None)] | [None, None] => false,
            };
            if split {
                return Err(Violation::Split {
                    height,
                    instruction: *instruction,
                });
            }
        }
        Ok(())
    }

    /// A client was told by a node at this height that its transaction is final.
    pub(crate) fn acknowledged(
        &self,
        node: &str,
        id: TransactionId,
        height: Height,
    ) -> Result<(), Violation> {
        match self.transactions.get(&id) {
            Some(at) if *at <= height => Ok(()),
            Some(_) | None => Err(Violation::Acknowledged {
                node: node.to_owned(),
                id,
            }),
        }
    }

    /// A node accuses a validator.
    pub(crate) fn evidence(
        &self,
        node: &str,
        evidence: &Evidence,
        is_honest: bool,
    ) -> Result<(), Violation> {
        let sound = self
            .validators(evidence.height())
            .is_none_or(|set| evidence.verify(&self.chain_id, set).is_ok());
        if is_honest || !sound {
            return Err(Violation::Accusation {
                node: node.to_owned(),
                culprit: evidence.culprit(),
            });
        }
        Ok(())
    }
}

fn position(mark: &Watermark) -> (Height, Round, Step) {
    (mark.height, mark.round, mark.step)
}

/// The reference that takes effect with an outcome; none for refusals, waits and repeated answers.
fn effect(outcome: &Outcome) -> Option<InstructionKey> {
    const REPEATED: &str = "4.5";
    let movement = outcome.movement.as_ref()?;
    let settles = outcome.status == TransactionStatus::Acsc && outcome.clause.as_str() != REPEATED;
    settles.then_some(InstructionKey {
        agent: movement.debtor_agent,
        uetr: movement.uetr,
    })
}

fn signed(amount: Amount) -> i128 {
    i128::try_from(amount.minor()).expect("amounts have at most 18 digits")
}
