//! What the rest of the node may know: the state after the last stored block, and that there is a new one.
//!
//! Nothing is published before its block is synced, so whoever reads here never sees an unfinal payment as final. Readers
//! take a snapshot, which stays as it is while they work.

use arc_swap::ArcSwap;
use karwan_ledger::State;
use karwan_types::{BlockFrame, Height};
use std::sync::Arc;
use tokio::sync::watch;

/// The state after a stored block.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) state: State,
    /// The block; none at genesis.
    pub(crate) last: Option<Arc<BlockFrame>>,
}

/// Where the latest stored block is published.
#[derive(Clone, Debug)]
pub(crate) struct Publisher {
    latest: Arc<ArcSwap<Published>>,
    height: watch::Sender<Height>,
}

impl Publisher {
    pub(crate) fn new(published: Published) -> Self {
        let height = published.state.chain().height;
        Self {
            latest: Arc::new(ArcSwap::from_pointee(published)),
            height: watch::Sender::new(height),
        }
    }
    pub(crate) fn publish(&self, published: Published) {
        let height = published.state.chain().height;
        self.latest.store(Arc::new(published));
        self.height.send_replace(height);
    }
    pub(crate) fn latest(&self) -> Arc<Published> {
        self.latest.load_full()
    }
    /// Changes whenever a block is stored.
    pub(crate) fn heights(&self) -> watch::Receiver<Height> {
        self.height.subscribe()
    }
}
