//! A node in memory: it executes real blocks with the ledger, one each time a test asks for it.

use crate::world::{GENESIS_MS, genesis, key, secret};
use futures::FutureExt;
use futures::future::BoxFuture;
use karwan_ledger::{BlockSeat, Genesis, State, VerifiedTransaction};
use karwan_rpc::{
    AccessKey, Backend, BackendError, Client, Clock, DeliverAnswer, Found, Gateway, Health,
    HealthItem, Located, Lookup, NodeRole, NodeStatus, OutboxMessage, OutboxPlace, Scopes,
    SealedMessage, Server, ServerConfig, Snapshot, SubmitAnswer, TokenProvider,
};
use karwan_types::{
    BlockFrame, ChainId, CommitCertificate, CommitSignature, EncodedTransaction, Hash, Height, Lei,
    Outcome, Round, SigningDomain, Timestamp, VoteKind, vote_bytes,
};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// Far longer than anything here takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

struct Inner {
    snapshot: Arc<Snapshot>,
    frames: Vec<Arc<BlockFrame>>,
    mempool: Vec<VerifiedTransaction>,
    /// The next answers to submissions, instead of honest ones.
    answers: Vec<SubmitAnswer>,
    failing: Vec<HealthItem>,
}

pub(crate) struct Fake {
    pub(crate) chain: ChainId,
    pub(crate) genesis: Genesis,
    inner: Mutex<Inner>,
    heights: watch::Sender<Height>,
    waiting: watch::Sender<usize>,
    /// The index knows only blocks up to this height.
    pub(crate) indexed_to: AtomicU64,
    /// Reading the log fails.
    pub(crate) broken: AtomicBool,
    /// The index lacks what is in this block.
    forgotten: Mutex<Option<Height>>,
    clock_ms: Arc<AtomicU64>,
}

impl Fake {
    pub(crate) fn new() -> Arc<Self> {
        let genesis = genesis();
        let snapshot = Snapshot {
            network: genesis.document().network.clone(),
            state: genesis.state.clone(),
            header: None,
            certificate: None,
        };
        Arc::new(Self {
            chain: genesis.chain_id,
            genesis,
            inner: Mutex::new(Inner {
                snapshot: Arc::new(snapshot),
                frames: Vec::new(),
                mempool: Vec::new(),
                answers: Vec::new(),
                failing: Vec::new(),
            }),
            heights: watch::Sender::new(Height::GENESIS),
            waiting: watch::Sender::new(0),
            indexed_to: AtomicU64::new(u64::MAX),
            broken: AtomicBool::new(false),
            forgotten: Mutex::default(),
            clock_ms: Arc::new(AtomicU64::new(GENESIS_MS)),
        })
    }

    /// A clock that stands still until a test moves it.
    pub(crate) fn clock(&self) -> Clock {
        let millis = Arc::clone(&self.clock_ms);
        Clock::new(move || Timestamp::from_millis(millis.load(Ordering::SeqCst)))
    }
    pub(crate) fn advance_clock(&self, millis: u64) {
        self.clock_ms.fetch_add(millis, Ordering::SeqCst);
    }
    pub(crate) fn height(&self) -> u64 {
        self.heights.borrow().get()
    }
    pub(crate) fn forgets(&self, height: Option<Height>) {
        *self.forgotten.lock().unwrap() = height;
    }
    pub(crate) fn answer_next(&self, answer: SubmitAnswer) {
        self.inner.lock().unwrap().answers.push(answer);
    }
    pub(crate) fn fail(&self, items: Vec<HealthItem>) {
        self.inner.lock().unwrap().failing = items;
    }

    /// Waits until this many transactions wait for a block.
    pub(crate) async fn until_waiting(&self, count: usize) {
        let mut waiting = self.waiting.subscribe();
        let enough = waiting.wait_for(|waiting| *waiting >= count);
        tokio::time::timeout(DEADLINE, enough)
            .await
            .unwrap()
            .unwrap();
    }

    /// A block of what waits, a second after the last one.
    pub(crate) fn commit(&self) -> Height {
        self.commit_after(1_000)
    }

    /// A block of what waits and these, as if they had been submitted.
    pub(crate) fn commit_all(&self, transactions: &[EncodedTransaction]) -> Height {
        for transaction in transactions {
            let taken = self.take(transaction.clone());
            assert_eq!(taken, SubmitAnswer::Accepted);
        }
        self.commit()
    }

    pub(crate) fn commit_after(&self, millis: u64) -> Height {
        let mut inner = self.inner.lock().unwrap();
        let state = &inner.snapshot.state;
        let last = inner.snapshot.header.as_ref().map(|header| header.hash());
        let seat = BlockSeat {
            parent: last.unwrap_or(self.chain.0),
            time: Timestamp::from_millis(state.chain().time.millis() + millis),
            proposer: key("VALIDATOR"),
        };
        let draft = state.draft(&seat, &inner.mempool);
        inner.mempool.clear();
        let header = draft.block.header.clone();
        let certificate = self.certify(header.height, header.hash());
        inner.frames.push(Arc::new(BlockFrame {
            block: draft.block,
            certificate: certificate.clone(),
            outcomes: draft.outcomes,
        }));
        let height = header.height;
        inner.snapshot = Arc::new(Snapshot {
            network: inner.snapshot.network.clone(),
            state: draft.state,
            header: Some(header),
            certificate: Some(certificate),
        });
        drop(inner);
        self.waiting.send_replace(0);
        self.heights.send_replace(height);
        height
    }

    fn certify(&self, height: Height, block_hash: Hash) -> CommitCertificate {
        let body = vote_bytes(VoteKind::Precommit, height, Round::ZERO, Some(block_hash));
        let signature = secret("VALIDATOR").sign(SigningDomain::Vote, &self.chain, &body);
        CommitCertificate {
            height,
            round: Round::ZERO,
            block_hash,
            signatures: vec![CommitSignature {
                validator: 0,
                signature,
            }],
        }
    }

    fn take(&self, transaction: EncodedTransaction) -> SubmitAnswer {
        let mut inner = self.inner.lock().unwrap();
        if !inner.answers.is_empty() {
            return inner.answers.remove(0);
        }
        let verified = match VerifiedTransaction::from_encoded(transaction, &self.chain) {
            Ok(verified) => verified,
            Err(rejection) => return SubmitAnswer::Rejected(rejection),
        };
        let state = &inner.snapshot.state;
        if state.holds_transaction(&verified.id()) {
            return SubmitAnswer::AlreadyFinal;
        }
        if inner.mempool.iter().any(|one| one.id() == verified.id()) {
            return SubmitAnswer::Duplicate;
        }
        if let Err(rejection) = state.check_admissible(&verified, state.chain().time) {
            return SubmitAnswer::Rejected(rejection);
        }
        inner.mempool.push(verified);
        self.waiting.send_replace(inner.mempool.len());
        SubmitAnswer::Accepted
    }
}

impl Backend for Fake {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.inner.lock().unwrap().snapshot)
    }
    fn genesis(&self) -> Arc<State> {
        Arc::new(self.genesis.state.clone())
    }
    fn heights(&self) -> watch::Receiver<Height> {
        self.heights.subscribe()
    }
    fn submit(&self, transaction: EncodedTransaction) -> BoxFuture<'static, SubmitAnswer> {
        let answer = self.take(transaction);
        async move { answer }.boxed()
    }
    fn frame(&self, height: Height) -> Result<Option<Arc<BlockFrame>>, BackendError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(BackendError {
                what: format!("read block {height}"),
                source: "secret path /var/lib/karwan is gone".into(),
            });
        }
        let index = height
            .get()
            .checked_sub(1)
            .map(|index| usize::try_from(index).unwrap());
        let inner = self.inner.lock().unwrap();
        Ok(index.and_then(|index| inner.frames.get(index).cloned()))
    }
    fn find(
        &self,
        lookup: &Lookup,
        before: Option<Located>,
        limit: usize,
    ) -> Result<Found, BackendError> {
        let inner = self.inner.lock().unwrap();
        let indexed_to = inner.snapshot.height().get();
        let indexed_to = Height::new(indexed_to.min(self.indexed_to.load(Ordering::SeqCst)));
        let indexed = inner
            .frames
            .iter()
            .take_while(|frame| frame.certificate.height <= indexed_to);
        let mut places: Vec<Located> = indexed
            .flat_map(|frame| {
                let height = frame.certificate.height;
                let found = |outcome: &Outcome| Lookup::of(outcome).contains(lookup);
                let positions = (0u32..)
                    .zip(&frame.outcomes)
                    .filter(move |(_, one)| found(one));
                positions.map(move |(position, _)| Located { height, position })
            })
            .filter(|place| before.is_none_or(|before| *place < before))
            .filter(|place| Some(place.height) != *self.forgotten.lock().unwrap())
            .collect();
        places.reverse();
        let more = places.len() > limit;
        places.truncate(limit);
        Ok(Found {
            places,
            more,
            indexed_to,
        })
    }
    fn status(&self) -> NodeStatus {
        NodeStatus {
            role: NodeRole::Validator,
            key: key("VALIDATOR"),
            height: *self.heights.borrow(),
            round: Round::ZERO,
            peers_connected: 2,
            peers_configured: 3,
            mempool_transactions: 0,
            syncing: false,
            version: "0.1.0".to_owned(),
        }
    }
    fn health(&self) -> Health {
        let items = self.inner.lock().unwrap().failing.clone();
        Health {
            ready: items.is_empty(),
            items,
        }
    }
    fn metrics(&self) -> String {
        "karwan_height 7\n".to_owned()
    }
}

/// A gateway that keeps at most seven messages, all of them for whoever asks.
#[derive(Default)]
pub(crate) struct FakeGateway {
    kept: Mutex<Vec<OutboxMessage>>,
    arrivals: watch::Sender<u64>,
}

impl Gateway for FakeGateway {
    fn deliver(
        &self,
        debtor_agent: Lei,
        message: SealedMessage,
    ) -> Result<DeliverAnswer, BackendError> {
        let mut kept = self.kept.lock().unwrap();
        if kept.len() == 7 {
            return Ok(DeliverAnswer::RetryLater {
                reason: "the outbox is full".parse().unwrap(),
            });
        }
        let place = OutboxPlace {
            debtor_agent,
            uetr: message.uetr,
        };
        let sealed = message.sealed;
        kept.push(OutboxMessage { place, sealed });
        self.arrivals.send_modify(|count| *count += 1);
        Ok(DeliverAnswer::Kept)
    }
    fn serves(&self, creditor_agent: &Lei) -> bool {
        *creditor_agent != crate::world::lei("ECHO")
    }
    fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrivals.subscribe()
    }
    fn outbox(
        &self,
        _creditor_agent: Lei,
        after: Option<OutboxPlace>,
        limit: usize,
    ) -> Result<Vec<OutboxMessage>, BackendError> {
        let mut kept = self.kept.lock().unwrap().clone();
        kept.sort_by_key(|message| message.place);
        kept.retain(|message| after.is_none_or(|after| message.place > after));
        kept.truncate(limit);
        Ok(kept)
    }
}

/// A node with its server.
pub(crate) struct Node {
    pub(crate) fake: Arc<Fake>,
    pub(crate) server: Server,
}

impl Node {
    pub(crate) async fn start() -> Self {
        Self::start_with(Fake::new(), |_| {}).await
    }
    pub(crate) async fn start_with(
        fake: Arc<Fake>,
        change: impl FnOnce(&mut ServerConfig),
    ) -> Self {
        let mut config = ServerConfig::new("127.0.0.1:0".parse().unwrap());
        config.clock = fake.clock();
        change(&mut config);
        let gateway = Arc::new(FakeGateway::default());
        let server = Server::start(config, fake.clone(), Some(gateway))
            .await
            .unwrap();
        Self { fake, server }
    }
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }
    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address())
    }
    /// The access key of a name, such as `ALFA/ACCESS`.
    pub(crate) fn access(&self, name: &str, scopes: Scopes) -> AccessKey {
        AccessKey {
            key: secret(name),
            chain: self.fake.chain,
            scopes,
            clock: self.fake.clock(),
        }
    }
    pub(crate) fn token(&self, name: &str) -> String {
        self.access(name, Scopes::READ).token()
    }
    pub(crate) async fn client(&self, name: &str) -> Client {
        let access = self.access(name, Scopes::ALL);
        Client::connect(&self.url(), Some(&access)).await.unwrap()
    }
    pub(crate) async fn stranger(&self) -> Client {
        Client::connect(&self.url(), None).await.unwrap()
    }
}
