//! Whole blocks with their certificates, to be executed again by whoever asks: what an auditor or a rehearsal of a rulebook
//! needs. A block holds everybody's instructions, so it is for those whose jurisdiction stores every block anyway.

use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::View;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use karwan_types::{
    Block, CodecError, CommitCertificate, DECODE_BYTES_MAX, Height, decode, encode,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The bytes of blocks after which a page ends; one block is always on it.
const PAGE_BYTES: usize = 1 << 20;
/// The most blocks of a page: most blocks of a quiet chain are small.
const PAGE_BLOCKS_MAX: usize = 500;

/// `blocks.list`
#[derive(Debug)]
pub struct BlocksList;

/// From where on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlocksListParams {
    /// The first height, from 1.
    pub from: u64,
    /// The last height; the last final one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// Blocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlocksAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The blocks, by height.
    pub blocks: Vec<WholeBlockView>,
    /// The height with which the next page begins; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_from: Option<u64>,
}

/// A block and the proof that it is final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WholeBlockView {
    /// The block's canonical bytes, header and transactions, in base64.
    pub block: String,
    /// The proof that it is final.
    pub certificate: View<CommitCertificate>,
}

/// Why a block in an answer cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WholeBlockError {
    /// Not base64.
    #[error("a block is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// Not a block.
    #[error("a block cannot be decoded: {0}")]
    Codec(#[from] CodecError),
}

impl WholeBlockView {
    /// The block, not verified.
    ///
    /// # Errors
    /// `WholeBlockError` when the bytes are none.
    pub fn block(&self) -> Result<Block, WholeBlockError> {
        Ok(decode(&STANDARD.decode(&self.block)?, DECODE_BYTES_MAX)?)
    }
}

impl Method for BlocksList {
    const NAME: &'static str = "blocks.list";
    type Params = BlocksListParams;
    type Answer = BlocksAnswer;
}

impl Read for BlocksList {
    fn at_least(params: &BlocksListParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: BlocksListParams) -> Result<BlocksAnswer, Problem> {
        let to = params.to.unwrap_or(reading.height()).min(reading.height());
        let (mut blocks, mut bytes, mut next_from) = (Vec::new(), 0usize, None);
        for number in params.from.max(1)..=to {
            if bytes >= PAGE_BYTES || blocks.len() >= PAGE_BLOCKS_MAX {
                next_from = Some(number);
                break;
            }
            let block = reading.block(Height::new(number))?;
            let encoded = encode(&block.frame.block);
            bytes = bytes.saturating_add(encoded.len());
            blocks.push(WholeBlockView {
                block: STANDARD.encode(&encoded),
                certificate: View(block.frame.certificate.clone()),
            });
        }
        Ok(BlocksAnswer {
            as_of_height: reading.height(),
            blocks,
            next_from,
        })
    }
}
