//! One read: a snapshot, the blocks behind it, and only what the caller may see of them.
//!
//! Everything is as of the snapshot's height. Lookups are complete up to it: what the index does not hold yet is found in the
//! blocks themselves, or the caller is told that the index is behind. It never answers "nothing" for what is final.

use crate::backend::{Backend, Located, Lookup, Snapshot};
use crate::books::Books;
use crate::caller::{Caller, Sight};
use crate::context::Context;
use crate::feed::Feed;
use crate::limits::UNINDEXED_BLOCKS_MAX;
use crate::problem::Problem;
use crate::view::OutcomeView;
use karwan_ledger::{Holder, Transaction};
use karwan_types::{BlockFrame, Height, InstructionHash, Outcome, TransactionId};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// One read.
pub(crate) struct Reading {
    backend: Arc<dyn Backend>,
    feed: Arc<Feed>,
    pub(crate) books: Arc<Books>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) caller: Caller,
    /// The block that was read last: the outcomes of a page are often neighbours.
    last: RefCell<Option<Rc<Block>>>,
}

/// A final block.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) frame: Arc<BlockFrame>,
    positions: OnceCell<BTreeMap<TransactionId, usize>>,
}

/// An outcome and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) block: Rc<Block>,
    pub(crate) position: u32,
}

/// A page of places, newest first.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) places: Vec<Located>,
    pub(crate) more: bool,
}

impl Reading {
    pub(crate) fn new(context: &Context, snapshot: Arc<Snapshot>, caller: Caller) -> Self {
        Self {
            backend: Arc::clone(&context.backend),
            feed: Arc::clone(&context.feed),
            books: Arc::clone(&context.books),
            snapshot,
            caller,
            last: RefCell::new(None),
        }
    }

    /// What the caller sees.
    pub(crate) fn sight(&self) -> Sight<'_> {
        Sight::new(&self.snapshot.state, &self.caller)
    }

    /// The height as of which everything is answered.
    pub(crate) fn height(&self) -> u64 {
        self.snapshot.height().get()
    }

    /// The block of a height that is final in this snapshot.
    pub(crate) fn block(&self, height: Height) -> Result<Rc<Block>, Problem> {
        if let Some(block) = self.last.borrow().as_ref()
            && block.frame.block.header.height == height
        {
            return Ok(Rc::clone(block));
        }
        let frame = match self.feed.recent(height) {
            Some(frame) => frame,
            None => self.backend.frame(height)?.ok_or_else(|| {
                tracing::error!(%height, "a final block is missing from the log");
                Problem::internal()
            })?,
        };
        let block = Rc::new(Block {
            frame,
            positions: OnceCell::new(),
        });
        *self.last.borrow_mut() = Some(Rc::clone(&block));
        Ok(block)
    }

    /// Where a key is found, newest first, only before `before`, at most `limit` places.
    pub(crate) fn find(
        &self,
        lookup: &Lookup,
        before: Option<Located>,
        limit: usize,
    ) -> Result<Page, Problem> {
        let end = Located {
            height: self.snapshot.height().next(),
            position: 0,
        };
        let before = before.unwrap_or(end).min(end);
        let found = self.backend.find(lookup, Some(before), limit)?;
        let mut page = Page {
            places: self.unindexed(lookup, found.indexed_to, before)?,
            more: found.more,
        };
        page.places.extend(found.places);
        page.more |= page.places.len() > limit;
        page.places.truncate(limit);
        Ok(page)
    }

    /// The places in the blocks that the index does not hold yet.
    fn unindexed(
        &self,
        lookup: &Lookup,
        indexed_to: Height,
        before: Located,
    ) -> Result<Vec<Located>, Problem> {
        let (indexed, height) = (indexed_to.get(), self.height());
        if height.saturating_sub(indexed) > UNINDEXED_BLOCKS_MAX {
            return Err(Problem::behind(
                height,
                format!(
                    "the query index is at height {indexed} of {height} and catches up; ask again shortly"
                ),
            ));
        }
        let mut places = Vec::new();
        for number in (indexed.saturating_add(1)..=height).rev() {
            let height = Height::new(number);
            let block = self.block(height)?;
            let outcomes = (0u32..).zip(&block.frame.outcomes);
            let hits: Vec<Located> = outcomes
                .filter(|(_, outcome)| Lookup::of(outcome).contains(lookup))
                .map(|(position, _)| Located { height, position })
                .filter(|place| *place < before)
                .collect();
            places.extend(hits.into_iter().rev());
        }
        Ok(places)
    }

    /// The outcome at a place, if there is one and the caller may see it.
    pub(crate) fn outcome(&self, place: Located) -> Result<Option<Placed>, Problem> {
        if place.height == Height::GENESIS || place.height > self.snapshot.height() {
            return Ok(None);
        }
        let block = self.block(place.height)?;
        let placed = Placed {
            block,
            position: place.position,
        };
        Ok((placed.get().is_some() && self.may_see(&placed)?).then_some(placed))
    }

    /// Whether the caller may see an outcome: by the money it moves, otherwise by who signed for it.
    pub(crate) fn may_see(&self, placed: &Placed) -> Result<bool, Problem> {
        let sight = self.sight();
        let Some(outcome) = placed.get() else {
            return Ok(false);
        };
        if sight.is_blind() {
            return Ok(false);
        }
        if let Some(movement) = &outcome.movement {
            return Ok(sight.movement(movement));
        }
        let holders = match outcome.transaction {
            Some(transaction) => self.holders(&placed.block, transaction),
            None => self.holders_before(outcome.instruction)?,
        };
        Ok(holders.iter().any(|holder| sight.holder(holder)))
    }

    /// Who holds the keys that signed a transaction.
    fn holders(&self, block: &Block, transaction: TransactionId) -> BTreeSet<Holder> {
        let state = &self.snapshot.state;
        block
            .transaction(transaction)
            .map(|transaction| transaction.signatures)
            .unwrap_or_default()
            .iter()
            .filter_map(|entry| state.key(&entry.key))
            .map(|record| record.holder)
            .collect()
    }

    /// Who signed for an instruction that ended by block time: the signers of the transaction that brought it.
    fn holders_before(&self, instruction: InstructionHash) -> Result<BTreeSet<Holder>, Problem> {
        let page = self.find(&Lookup::Instruction(instruction), None, 16)?;
        for place in page.places.into_iter().rev() {
            let block = self.block(place.height)?;
            let placed = Placed {
                block: Rc::clone(&block),
                position: place.position,
            };
            if let Some(transaction) = placed.get().and_then(|outcome| outcome.transaction) {
                return Ok(self.holders(&block, transaction));
            }
        }
        Ok(BTreeSet::new())
    }

    /// The node itself.
    pub(crate) fn backend(&self) -> &dyn Backend {
        self.backend.as_ref()
    }
}

impl Block {
    /// A transaction of the block, decoded.
    fn transaction(&self, id: TransactionId) -> Option<Transaction> {
        let transactions = &self.frame.block.transactions;
        let positions = self.positions.get_or_init(|| {
            let ids = transactions.iter().map(|transaction| transaction.id());
            ids.zip(0..).collect()
        });
        let encoded = transactions.get(*positions.get(&id)?)?;
        Transaction::from_encoded(encoded).ok()
    }
}

impl Placed {
    pub(crate) fn get(&self) -> Option<&Outcome> {
        let position = usize::try_from(self.position).ok()?;
        self.block.frame.outcomes.get(position)
    }
    pub(crate) fn place(&self) -> Located {
        Located {
            height: self.block.frame.block.header.height,
            position: self.position,
        }
    }
    pub(crate) fn view(&self) -> Option<OutcomeView> {
        let header = &self.block.frame.block.header;
        Some(OutcomeView::new(self.get()?, header, self.position))
    }
}
