//! The driver: whoever tests a rule says what is submitted, by whom, and what is answered. Each block is built by
//! `State::draft`, sent as bytes, and executed again by a validator that was restored from a checkpoint a moment ago; the
//! invariants of the semantics are checked after it.

use super::network::network;
use super::words::*;
use crate::invariants::{Observation, Watch};
use karwan_ledger::{
    Approve, BlockSeat, Draft, Genesis, GenesisDocument, Operation, Rejection, State, Transaction,
    VerifiedTransaction, instruction_hash,
};
use karwan_types::{
    BLOCK_BYTES_MAX, Block, DurationMs, EncodedTransaction, Hash, Outcome, Round, SecretKey,
    Timestamp, balance_to_decimal, decode, encode,
};

/// A network at some height.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) genesis: Genesis,
    pub(crate) state: State,
    pub(crate) parent: Hash,
    pub(crate) history: Vec<Block>,
    next_time: Option<Timestamp>,
    watch: Watch,
}

impl Chain {
    pub(crate) fn new() -> Self {
        Self::of(network())
    }
    pub(crate) fn of(document: GenesisDocument) -> Self {
        let genesis = Genesis::new(document).expect("the document is sound");
        Self::from_genesis(&genesis)
    }
    pub(crate) fn from_genesis(genesis: &Genesis) -> Self {
        Self {
            state: genesis.state.clone(),
            parent: genesis.chain_id.0,
            history: Vec::new(),
            next_time: None,
            watch: Watch::new(&genesis.state),
            genesis: genesis.clone(),
        }
    }
    /// The time of the last block.
    pub(crate) fn now(&self) -> Timestamp {
        self.state.chain().time
    }
    /// The time of the next block: a second later, unless a test says otherwise.
    pub(crate) fn upcoming(&self) -> Timestamp {
        self.next_time.unwrap_or(self.now().after(SECOND))
    }
    /// Sets the time of the next block.
    pub(crate) fn at(&mut self, time: Timestamp) -> &mut Self {
        self.next_time = Some(time);
        self
    }
    /// Sets the time of the next block by how much later it is than the last one.
    pub(crate) fn after(&mut self, duration: DurationMs) -> &mut Self {
        self.at(self.now().after(duration))
    }

    /// Signs an instruction that is good for an hour after the next block.
    pub(crate) fn sign(
        &self,
        operation: impl Into<Operation>,
        signers: &[SecretKey],
    ) -> Transaction {
        self.sign_until(operation, signers, self.upcoming().after(HOUR))
    }
    pub(crate) fn sign_until(
        &self,
        operation: impl Into<Operation>,
        signers: &[SecretKey],
        valid_until: Timestamp,
    ) -> Transaction {
        let unsigned = Transaction::unsigned(self.genesis.chain_id, operation.into(), valid_until);
        signers
            .iter()
            .fold(unsigned, |transaction, key| transaction.signed_by(key))
    }
    /// The approval of an instruction.
    pub(crate) fn approve(&self, operation: impl Into<Operation>) -> Approve {
        Approve {
            instruction: instruction_hash(&self.genesis.chain_id, &operation.into()),
        }
    }
    pub(crate) fn verify(
        &self,
        transaction: &Transaction,
    ) -> Result<VerifiedTransaction, Rejection> {
        VerifiedTransaction::from_encoded(transaction.to_encoded(), &self.genesis.chain_id)
    }

    /// Who builds the next block.
    pub(crate) fn seat(&self) -> BlockSeat {
        let chain = self.state.chain();
        BlockSeat {
            parent: self.parent,
            time: self.upcoming(),
            proposer: chain
                .validators
                .proposer(chain.height.next(), Round::ZERO)
                .key,
        }
    }
    /// Builds, sends, validates and adopts a block of those transactions that may be in it.
    pub(crate) fn block(&mut self, transactions: &[Transaction]) -> Vec<Outcome> {
        let verify = |one: &Transaction| self.verify(one).expect("its form is right");
        let verified: Vec<VerifiedTransaction> = transactions.iter().map(verify).collect();
        self.block_of(&verified)
    }
    pub(crate) fn block_of(&mut self, verified: &[VerifiedTransaction]) -> Vec<Outcome> {
        let draft = self.state.draft(&self.seat(), verified);
        self.audit(&draft, verified);
        self.adopt(draft)
    }
    /// The same without a validator's second execution, where very many blocks are wanted.
    pub(crate) fn block_unaudited(&mut self, verified: &[VerifiedTransaction]) -> Vec<Outcome> {
        let draft = self.state.draft(&self.seat(), verified);
        self.adopt(draft)
    }
    /// A validator that was restored a moment ago executes the block as it was sent, and comes to the same.
    fn audit(&self, draft: &Draft, verified: &[VerifiedTransaction]) {
        let received: Block = decode(&encode(&draft.block), 2 * BLOCK_BYTES_MAX)
            .expect("a block reads back from its bytes");
        let known = |encoded: &EncodedTransaction| {
            let found = verified.iter().find(|one| one.encoded() == encoded);
            found.expect("a block holds what was offered").clone()
        };
        let included: Vec<VerifiedTransaction> = received.transactions.iter().map(known).collect();
        let again = self
            .restored()
            .validate(self.parent, &received, &included)
            .expect("a validator comes to the proposer's result");
        assert_eq!(again.outcomes, draft.outcomes, "I12: another result");
        assert_eq!(again.state.root(), draft.block.header.state_root);
    }
    fn adopt(&mut self, draft: Draft) -> Vec<Outcome> {
        self.state = draft.state;
        self.parent = draft.block.hash();
        self.next_time = None;
        self.watch.see(&self.state, &draft.block, &draft.outcomes);
        self.history.push(draft.block);
        draft.outcomes
    }
    fn restored(&self) -> State {
        let restored = State::from_checkpoint(&self.state.to_checkpoint())
            .expect("a checkpoint reads back from its bytes");
        assert_eq!(restored.root(), self.state.root(), "I12: restore");
        restored
    }
    /// Goes on from a checkpoint of itself, as a node does that was started again.
    pub(crate) fn restore(&mut self) {
        self.state = self.restored();
    }
    /// Submits one instruction in a block of its own and requires these answers, one for each outcome. A refused
    /// instruction must not have moved any money.
    #[track_caller]
    pub(crate) fn check(
        &mut self,
        operation: impl Into<Operation>,
        signers: &[SecretKey],
        expected: &str,
    ) {
        let before = self.money();
        let transaction = self.sign(operation, signers);
        let outcomes = self.block(&[transaction]);
        assert_eq!(say(&outcomes), expected);
        let refused = outcomes.iter().all(|outcome| outcome.refusal.is_some());
        assert!(!refused || before == self.money(), "a refusal moved money");
    }
    /// An empty block, and what block time brought about in it.
    #[track_caller]
    pub(crate) fn check_time(&mut self, expected: &str) {
        assert_eq!(say(&self.block(&[])), expected);
    }
    /// Requires that accounts hold this much, written as `6000000.00`, or `100.00 of which 40.00 held`.
    #[track_caller]
    pub(crate) fn check_balances(&self, expected: &[(&str, &str)]) {
        for (number, balance) in expected {
            assert_eq!(self.balance(number), *balance, "{number}");
        }
    }
    pub(crate) fn balance(&self, number: &str) -> String {
        let row = self
            .state
            .account(&account(number))
            .expect("the network has this account");
        let posted = balance_to_decimal(row.posted, row.currency);
        if row.held.is_zero() {
            posted
        } else {
            format!(
                "{posted} of which {} held",
                row.held.to_decimal(row.currency)
            )
        }
    }
    fn money(&self) -> Vec<(i128, u128)> {
        self.state
            .accounts()
            .map(|(_, account)| (account.posted, account.held.minor()))
            .collect()
    }
    /// What the invariants were checked on last.
    pub(crate) fn last_seen(&self) -> &Observation {
        self.watch.last()
    }
    /// Executes everything again from genesis, from the bytes of the blocks, and requires the same state root at every
    /// height.
    pub(crate) fn replay(&self) {
        let mut state = self.genesis.state.clone();
        let mut parent = self.genesis.chain_id.0;
        let verify = |encoded: &EncodedTransaction| {
            VerifiedTransaction::from_encoded(encoded.clone(), &self.genesis.chain_id)
                .expect("only verified transactions are in a block")
        };
        for block in &self.history {
            let transactions: Vec<VerifiedTransaction> =
                block.transactions.iter().map(verify).collect();
            let draft = state.validate(parent, block, &transactions);
            state = draft.expect("a block that was decided is valid").state;
            parent = block.hash();
        }
        assert_eq!(state.root(), self.state.root(), "I12: replay");
    }
    /// Exchanges bytes of the state, for conditions that no instruction brings about yet.
    pub(crate) fn tamper(&mut self, old: &[u8], new: &[u8]) {
        let bytes = self.state.to_checkpoint();
        let place = bytes
            .windows(old.len())
            .position(|window| window == old)
            .expect("the row is in the checkpoint");
        let end = place.checked_add(old.len()).expect("within the checkpoint");
        let changed = [&bytes[..place], new, &bytes[end..]].concat();
        self.state = State::from_checkpoint(&changed).expect("the row is well-formed");
    }
}

/// Outcomes in words: `ACSC`, `RJCT AM04 INSUFFICIENT_FUNDS`, several with commas between.
pub(crate) fn say(outcomes: &[Outcome]) -> String {
    let word = |outcome: &Outcome| match &outcome.refusal {
        None => outcome.status.to_string(),
        Some(refusal) => format!(
            "{} {} {}",
            outcome.status,
            refusal.reason.as_str(),
            refusal.name.as_str()
        ),
    };
    outcomes.iter().map(word).collect::<Vec<_>>().join(", ")
}
