//! Every final block once: one task reads each new block from the node, tells whoever waits for one of its transactions, and
//! keeps the last few at hand, so that a thousand waiting callers and all subscribers cost one read a block.

use crate::backend::Backend;
use karwan_types::{BlockFrame, Height, TransactionId};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The most blocks at hand.
const RECENT_BLOCKS_MAX: usize = 16;
/// The most bytes of transactions in the blocks at hand.
const RECENT_BYTES_MAX: usize = 16 << 20;

/// The last blocks, and who waits for what.
#[derive(Debug)]
pub(crate) struct Feed {
    board: Mutex<Board>,
}

#[derive(Debug)]
struct Board {
    /// The last height that was read.
    height: Height,
    recent: VecDeque<(usize, Arc<BlockFrame>)>,
    recent_bytes: usize,
    waiters: BTreeMap<TransactionId, Vec<oneshot::Sender<Height>>>,
}

/// Somebody who waits for a transaction to be final.
#[derive(Debug)]
pub(crate) struct Waiter {
    feed: Arc<Feed>,
    transaction: TransactionId,
    /// The height of its block, once it is final.
    pub(crate) height: oneshot::Receiver<Height>,
}

impl Feed {
    /// Starts after a height.
    pub(crate) fn new(height: Height) -> Self {
        Self {
            board: Mutex::new(Board {
                height,
                recent: VecDeque::new(),
                recent_bytes: 0,
                waiters: BTreeMap::new(),
            }),
        }
    }

    /// Waits for a transaction. Whoever calls this and then finds it in no snapshot misses no block.
    pub(crate) fn wait(self: &Arc<Self>, transaction: TransactionId) -> Waiter {
        let (sender, height) = oneshot::channel();
        let mut board = self.board();
        board.waiters.entry(transaction).or_default().push(sender);
        Waiter {
            feed: Arc::clone(self),
            transaction,
            height,
        }
    }

    /// A block, if it is at hand.
    pub(crate) fn recent(&self, height: Height) -> Option<Arc<BlockFrame>> {
        let board = self.board();
        let mut frames = board.recent.iter().map(|(_, frame)| frame);
        frames
            .find(|frame| frame.block.header.height == height)
            .cloned()
    }

    /// Reads every new block until the node ends. Run by one task.
    pub(crate) async fn run(self: Arc<Self>, backend: Arc<dyn Backend>) {
        let mut heights = backend.heights();
        loop {
            let tip = *heights.borrow_and_update();
            if !self.read_up_to(tip, &backend).await {
                tracing::error!(
                    "blocks cannot be read; callers that wait for finality are told late"
                );
            }
            if heights.changed().await.is_err() {
                return;
            }
        }
    }

    /// Whether everything up to `tip` was read. What fails is tried again with the next block.
    async fn read_up_to(&self, tip: Height, backend: &Arc<dyn Backend>) -> bool {
        loop {
            let next = self.board().height.next();
            if next > tip {
                return true;
            }
            let backend = Arc::clone(backend);
            let read = tokio::task::spawn_blocking(move || backend.frame(next)).await;
            let Ok(Ok(Some(frame))) = read else {
                return false;
            };
            self.post(frame);
        }
    }

    fn post(&self, frame: Arc<BlockFrame>) {
        let mut board = self.board();
        board.height = frame.block.header.height;
        let mut bytes = 0usize;
        for transaction in &frame.block.transactions {
            bytes = bytes.saturating_add(transaction.as_bytes().len());
            if board.waiters.is_empty() {
                continue;
            }
            for waiter in board.waiters.remove(&transaction.id()).unwrap_or_default() {
                // Whoever has given up does not mind.
                let _ = waiter.send(frame.block.header.height);
            }
        }
        board.recent_bytes = board.recent_bytes.saturating_add(bytes);
        board.recent.push_back((bytes, frame));
        while board.recent.len() > RECENT_BLOCKS_MAX || board.recent_bytes > RECENT_BYTES_MAX {
            let Some((bytes, _)) = board.recent.pop_front() else {
                break;
            };
            board.recent_bytes = board.recent_bytes.saturating_sub(bytes);
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.height.close();
        let mut board = self.feed.board();
        if let Some(waiters) = board.waiters.get_mut(&self.transaction) {
            waiters.retain(|waiter| !waiter.is_closed());
            if waiters.is_empty() {
                board.waiters.remove(&self.transaction);
            }
        }
    }
}
