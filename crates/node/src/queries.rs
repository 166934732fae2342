//! Answers that are read from the block log by way of the query index: where an outcome is, and the changes of the
//! validator set that its receipt carries.

use crate::derived::SharedIndex;
use crate::published::Publisher;
use crate::recovery::{RecoveryError, read_frame};
use karwan_storage::{Answer, BlockReader, Hit, IndexError, IndexKey, IndexKind};
use karwan_types::{BlockFrame, Height};

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QueryError {
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A stored block failed.
    #[error(transparent)]
    Block(#[from] RecoveryError),
}

/// Reads for queries. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Queries {
    pub(crate) reader: BlockReader,
    pub(crate) index: SharedIndex,
    pub(crate) publisher: Publisher,
}

impl Queries {
    /// Where a key occurs, newest first, older than `before` if that is given. Until the index is open it has nothing, up to
    /// genesis; the asker reads the blocks after that, or says that the index is behind.
    pub(crate) fn find(
        &self,
        kind: IndexKind,
        bytes: &[u8],
        before: Option<Hit>,
        max: usize,
    ) -> Result<Answer, QueryError> {
        let nothing = |indexed_to| Answer {
            hits: Vec::new(),
            more: false,
            indexed_to,
        };
        let Some(index) = self.index.get() else {
            return Ok(nothing(Height::GENESIS));
        };
        match IndexKey::new(kind, bytes) {
            Some(key) => Ok(index.find(&key, before, max)?),
            None => Ok(nothing(index.indexed_to())),
        }
    }

    /// A stored block; none above the last one and below the first.
    pub(crate) fn frame(&self, height: Height) -> Result<Option<BlockFrame>, QueryError> {
        if height == Height::GENESIS || height > self.reader.last() {
            return Ok(None);
        }
        Ok(Some(read_frame(&self.reader, height)?))
    }
}
