//! What every call works with: the node, the feed of final blocks, the clock, and how much memory is left for calls.

use crate::backend::{Backend, Gateway, Snapshot};
use crate::books::Books;
use crate::caller::{Caller, Identity};
use crate::clock::Clock;
use crate::feed::Feed;
use crate::limits::{BUDGET_KIB, CONNECTION_BUDGET_KIB, HEIGHT_WAIT_MS_MAX, Limits};
use crate::problem::{Fault, Problem};
use crate::tally::Tally;
use karwan_types::PublicKey;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What every call works with.
pub(crate) struct Context {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) gateway: Option<Arc<dyn Gateway>>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) books: Arc<Books>,
    pub(crate) clock: Clock,
    /// The node's key, which a token may name.
    pub(crate) node: PublicKey,
    pub(crate) limits: Limits,
    pub(crate) budget: Arc<Semaphore>,
    pub(crate) subscriptions: Arc<Tally<Identity>>,
}

impl Context {
    pub(crate) fn new(
        backend: Arc<dyn Backend>,
        gateway: Option<Arc<dyn Gateway>>,
        clock: Clock,
        limits: Limits,
    ) -> Self {
        let feed = Arc::new(Feed::new(*backend.heights().borrow()));
        let node = backend.status().key;
        Self {
            backend,
            gateway,
            feed,
            books: Arc::default(),
            clock,
            node,
            limits,
            budget: Arc::new(Semaphore::new(permits(BUDGET_KIB))),
            subscriptions: Tally::new(limits.subscriptions_per_caller_max),
        }
    }

    /// The snapshot, once it has reached the height that the caller has seen elsewhere.
    pub(crate) async fn snapshot_at(
        &self,
        at_least: Option<u64>,
    ) -> Result<Arc<Snapshot>, Problem> {
        let wanted = at_least.unwrap_or(0);
        let mut heights = self.backend.heights();
        let limit = Duration::from_millis(HEIGHT_WAIT_MS_MAX);
        let reached = heights.wait_for(|height| height.get() >= wanted);
        let reached = tokio::time::timeout(limit, reached)
            .await
            .is_ok_and(|height| height.is_ok());
        let snapshot = self.backend.snapshot();
        if reached {
            return Ok(snapshot);
        }
        let height = snapshot.height().get();
        Err(Problem::behind(
            height,
            format!(
                "this node is at height {height}, not yet at {wanted}; ask again, or another node"
            ),
        ))
    }

    /// Runs what may read the disk on a thread that may block.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        match tokio::task::spawn_blocking(work).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::error!(%error, "a query ended without an answer");
                Err(Problem::internal())
            }
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Context")
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}

/// What the calls of one connection share: who asks, and how much memory they may take. An HTTP request counts as a
/// connection of its own.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) caller: Caller,
    budget: Arc<Semaphore>,
}

/// Memory set aside for a call and its answer, until the answer has left.
#[derive(Debug)]
pub(crate) struct Share(
    #[expect(dead_code, reason = "held for its drop")] [OwnedSemaphorePermit; 2],
);

impl Session {
    pub(crate) fn new(caller: Caller) -> Self {
        Self {
            caller,
            budget: Arc::new(Semaphore::new(permits(CONNECTION_BUDGET_KIB))),
        }
    }
    /// Sets memory aside.
    pub(crate) fn share(&self, context: &Context, bytes: usize) -> Result<Share, Problem> {
        let kib = u32::try_from(bytes / 1_024)
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        let busy = |whose: &str| {
            Problem::new(
                Fault::Busy,
                format!("{whose} has too many calls under way; ask again shortly"),
            )
        };
        let own = Arc::clone(&self.budget).try_acquire_many_owned(kib);
        let own = own.map_err(|_| busy("this connection"))?;
        let common = Arc::clone(&context.budget).try_acquire_many_owned(kib);
        let common = common.map_err(|_| busy("the node"))?;
        Ok(Share([own, common]))
    }
}

fn permits(kib: u32) -> usize {
    usize::try_from(kib).expect("budgets are below the address space")
}
