//! What the RPC server asks of this node, answered from published state, the block log and the index.

use crate::config::{Config, NodeRole};
use crate::metrics::Metrics;
use crate::owner::{Message, OwnerHandle};
use crate::queries::Queries;
use crate::verified::VerifiedCache;
use futures::FutureExt;
use futures::future::BoxFuture;
use karwan_ledger::State;
use karwan_networking::NetworkHandle;
use karwan_replica::SubmitAnswer as ReplicaAnswer;
use karwan_rpc::{
    Backend, BackendError, Found, Health, HealthItem, Located, Lookup, NodeStatus, Snapshot,
    SubmitAnswer,
};
use karwan_storage::{Hit, IndexKind};
use karwan_types::{
    BlockFrame, ChainId, DurationMs, EncodedTransaction, Height, PublicKey, Sentence,
};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};

/// When a sender whose transaction found no room should try again.
const RETRY_AFTER: DurationMs = DurationMs::from_millis(500);

/// The node, as the RPC server sees it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct NodeBackend {
    pub(crate) config: Config,
    pub(crate) local: Option<PublicKey>,
    pub(crate) network_name: Sentence,
    pub(crate) chain: ChainId,
    pub(crate) genesis: Arc<State>,
    pub(crate) owner: OwnerHandle,
    pub(crate) network: NetworkHandle,
    pub(crate) queries: Queries,
    pub(crate) verified: Arc<VerifiedCache>,
    pub(crate) metrics: Arc<Metrics>,
}

fn failed(what: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> BackendError {
    BackendError {
        what: what.to_owned(),
        source: source.into(),
    }
}

fn item(name: &'static str, failing: Option<String>) -> HealthItem {
    HealthItem {
        name,
        failing: failing.map(|text| Sentence::fitted(&text)),
    }
}

fn retry(reason: &str) -> SubmitAnswer {
    SubmitAnswer::RetryLater {
        reason: Sentence::fitted(reason),
        after: RETRY_AFTER,
    }
}

impl NodeBackend {
    async fn take_in(
        self,
        encoded: EncodedTransaction,
        place: OwnedSemaphorePermit,
    ) -> SubmitAnswer {
        let (chain, verified) = (self.chain, Arc::clone(&self.verified));
        let verify = move || {
            let verification = verified.verify(encoded, &chain);
            drop(place);
            verification
        };
        let transaction = match tokio::task::spawn_blocking(verify).await {
            Ok(Ok(transaction)) => transaction,
            Ok(Err(rejection)) => return SubmitAnswer::Rejected(rejection),
            Err(_) => return retry("the node is stopping"),
        };
        let id = transaction.id();
        let (answer, answered) = oneshot::channel();
        if self
            .owner
            .bulk
            .try_send(Message::Submit(transaction, answer))
            .is_err()
        {
            return retry("the node has more to do than it can");
        }
        match answered.await {
            Ok(ReplicaAnswer::Accepted) => SubmitAnswer::Accepted,
            Ok(ReplicaAnswer::Duplicate)
                if self.queries.publisher.latest().state.holds_transaction(&id) =>
            {
                SubmitAnswer::AlreadyFinal
            }
            Ok(ReplicaAnswer::Duplicate) => SubmitAnswer::Duplicate,
            Ok(ReplicaAnswer::RetryLater) => retry(
                "as many transactions wait as this node, or this institution, may have waiting",
            ),
            Ok(ReplicaAnswer::Rejected(rejection)) => SubmitAnswer::Rejected(rejection),
            Err(_) => retry("the node is stopping"),
        }
    }

    /// Whether others have stored more blocks than the one that may be on its way.
    fn is_syncing(&self) -> bool {
        let standing = *self.owner.progress.borrow();
        standing.highest_reported.get() > standing.height.get().saturating_add(1)
    }
}

impl Backend for NodeBackend {
    fn snapshot(&self) -> Arc<Snapshot> {
        let published = self.queries.publisher.latest();
        let last = published.last.as_ref();
        Arc::new(Snapshot {
            network: self.network_name.clone(),
            state: published.state.clone(),
            header: last.map(|frame| frame.block.header.clone()),
            certificate: last.map(|frame| frame.certificate.clone()),
        })
    }
    fn genesis(&self) -> Arc<State> {
        Arc::clone(&self.genesis)
    }
    fn heights(&self) -> watch::Receiver<Height> {
        self.queries.publisher.heights()
    }
    fn submit(&self, transaction: EncodedTransaction) -> BoxFuture<'static, SubmitAnswer> {
        let Some(place) = self.verified.place() else {
            let full = retry("as many transactions wait to be verified as may wait");
            return std::future::ready(full).boxed();
        };
        // A task of its own: the transaction is taken in although the client goes away.
        let task = tokio::spawn(self.clone().take_in(transaction, place));
        async move { task.await.unwrap_or_else(|_| retry("the node is stopping")) }.boxed()
    }
    fn frame(&self, height: Height) -> Result<Option<Arc<BlockFrame>>, BackendError> {
        let frame = self
            .queries
            .frame(height)
            .map_err(|error| failed("read a block", error))?;
        Ok(frame.map(Arc::new))
    }
    fn find(
        &self,
        lookup: &Lookup,
        before: Option<Located>,
        limit: usize,
    ) -> Result<Found, BackendError> {
        let before = before.map(|place| Hit {
            height: place.height,
            position: place.position,
        });
        let (kind, bytes) = index_key(lookup);
        let answer = self
            .queries
            .find(kind, &bytes, before, limit)
            .map_err(|error| failed("search the query index", error))?;
        let place = |hit: Hit| Located {
            height: hit.height,
            position: hit.position,
        };
        Ok(Found {
            places: answer.hits.into_iter().map(place).collect(),
            more: answer.more,
            indexed_to: answer.indexed_to,
        })
    }
    fn status(&self) -> NodeStatus {
        let standing = *self.owner.progress.borrow();
        NodeStatus {
            role: match self.config.file.role {
                NodeRole::Validator => karwan_rpc::NodeRole::Validator,
                NodeRole::Observer => karwan_rpc::NodeRole::Observer,
            },
            key: self.local.unwrap_or_else(|| self.network.public_key()),
            height: self.queries.publisher.latest().state.chain().height,
            round: standing.round.unwrap_or_default(),
            peers_connected: u32::try_from(self.network.connected().len()).unwrap_or(u32::MAX),
            peers_configured: u32::try_from(self.config.file.peers.len()).unwrap_or(u32::MAX),
            mempool_transactions: u64::try_from(standing.mempool).unwrap_or(u64::MAX),
            syncing: self.is_syncing(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
    fn health(&self) -> Health {
        let connected = self.network.connected();
        let listed = self.config.file.peers.len();
        let published = self.queries.publisher.latest();
        let validators = &published.state.chain().validators;
        // Every peer stands for at most one validator, so too few peers cannot be a quorum.
        let power: u64 = validators
            .iter()
            .map(|validator| validator.power)
            .max()
            .unwrap_or(1);
        let reach = u64::try_from(connected.len())
            .unwrap_or(u64::MAX)
            .saturating_add(1)
            .saturating_mul(power);
        let alone = !validators.is_quorum(reach);
        let peers = alone.then(|| {
            format!("{} of {listed} peers are connected, too few for a quorum; check the other nodes and the network", connected.len())
        });
        let syncing = self.is_syncing().then(|| {
            let standing = *self.owner.progress.borrow();
            format!(
                "catching up from height {} to {}",
                standing.height, standing.highest_reported
            )
        });
        let owner = self
            .owner
            .bulk
            .is_closed()
            .then(|| "the replica has stopped".to_owned());
        let items = vec![
            item("peers", peers),
            item("sync", syncing),
            item("replica", owner),
        ];
        Health {
            ready: items.iter().all(|item| item.failing.is_none()),
            items,
        }
    }
    fn metrics(&self) -> String {
        let standing = *self.owner.progress.borrow();
        self.metrics.gauges(
            standing.height.get(),
            self.network.connected().len(),
            standing.mempool,
        );
        self.metrics.text()
    }
}

/// The index key of what the server looks for.
pub(crate) fn index_key(lookup: &Lookup) -> (IndexKind, Vec<u8>) {
    match lookup {
        Lookup::Transaction(id) => (IndexKind::Transaction, id.0.as_bytes().to_vec()),
        Lookup::Instruction(hash) => (IndexKind::Instruction, hash.0.as_bytes().to_vec()),
        Lookup::Uetr(uetr) => (IndexKind::Uetr, uetr.as_bytes().to_vec()),
        Lookup::Account(number) => (IndexKind::Account, number.as_str().as_bytes().to_vec()),
    }
}
