//! The chain itself: its head, its blocks and its validators. Public, but for the outcomes in a block.

use super::{AsOfParams, page_entries};
use crate::backend::Located;
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::{Placed, Reading};
use crate::view::{OutcomeView, ValidatorView, View};
use karwan_types::{
    BlockHeader, ChainId, CommitCertificate, Hash, Height, Timestamp, TransactionId, ValidatorSet,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// `chain.head`
#[derive(Debug)]
pub struct ChainHead;

/// Where the chain stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeadAnswer {
    /// The network's name.
    pub network: String,
    /// The chain: the hash of the genesis document.
    pub chain_id: View<ChainId>,
    /// The last final height; 0 at genesis.
    pub height: u64,
    /// Its time.
    pub time: View<Timestamp>,
    /// The hash of the last block; the chain id at genesis.
    pub hash: View<Hash>,
    /// The root of the state.
    pub state_root: View<Hash>,
    /// The version of the rulebook in force.
    pub rulebook: u32,
    /// The last block's header; absent at genesis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<View<BlockHeader>>,
    /// The proof that it is final; absent at genesis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<View<CommitCertificate>>,
}

impl Method for ChainHead {
    const NAME: &'static str = "chain.head";
    type Params = AsOfParams;
    type Answer = HeadAnswer;
}

impl Read for ChainHead {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<HeadAnswer, Problem> {
        let snapshot = &reading.snapshot;
        let chain = snapshot.state.chain();
        let hash = snapshot.header.as_ref().map(BlockHeader::hash);
        Ok(HeadAnswer {
            network: snapshot.network.to_string(),
            chain_id: View(chain.chain_id),
            height: chain.height.get(),
            time: View(chain.time),
            hash: View(hash.unwrap_or(chain.chain_id.0)),
            state_root: View(snapshot.state.root()),
            rulebook: chain.rulebook,
            header: snapshot.header.clone().map(View),
            certificate: snapshot.certificate.clone().map(View),
        })
    }
}

/// `block.get`
#[derive(Debug)]
pub struct BlockGet;

/// Which block, and which of its outcomes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockGetParams {
    /// The height, from 1; absent for the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
    /// The first outcome to look at, from 0.
    #[serde(default)]
    pub from_position: u32,
    /// The most outcomes to show, at most 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockAnswer {
    /// The block's hash.
    pub hash: View<Hash>,
    /// What the validators signed.
    pub header: View<BlockHeader>,
    /// The proof that it is final.
    pub certificate: View<CommitCertificate>,
    /// The transactions, in order of execution.
    pub transactions: Vec<View<TransactionId>>,
    /// The outcomes that the caller may see, in order.
    pub outcomes: Vec<OutcomeView>,
    /// The next outcome that the caller may see and that did not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_position: Option<u32>,
}

impl Method for BlockGet {
    const NAME: &'static str = "block.get";
    type Params = BlockGetParams;
    type Answer = BlockAnswer;
}

impl Read for BlockGet {
    fn at_least(params: &BlockGetParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: BlockGetParams) -> Result<BlockAnswer, Problem> {
        let height = params.height.unwrap_or_else(|| reading.height());
        if height == 0 {
            return Err(Problem::not_found());
        }
        if height > reading.height() {
            let reached = reading.height();
            let sentence = format!("block {height} is not final here, the chain is at {reached}");
            return Err(Problem::behind(reached, sentence));
        }
        let block = reading.block(Height::new(height))?;
        let limit = page_entries(params.limit);
        let (mut outcomes, mut next_position) = (Vec::new(), None);
        for (position, _) in (0u32..).zip(&block.frame.outcomes) {
            let placed = Placed {
                block: Rc::clone(&block),
                position,
            };
            if position < params.from_position || !reading.may_see(&placed)? {
                continue;
            }
            if outcomes.len() == limit {
                next_position = Some(position);
                break;
            }
            outcomes.extend(placed.view());
        }
        let frame = &block.frame;
        let transactions = frame.block.transactions.iter();
        Ok(BlockAnswer {
            hash: View(frame.block.hash()),
            header: View(frame.block.header.clone()),
            certificate: View(frame.certificate.clone()),
            transactions: transactions.map(|one| View(one.id())).collect(),
            outcomes,
            next_position,
        })
    }
}

/// `validators.get`
#[derive(Debug)]
pub struct ValidatorsGet;

/// Who votes at the next heights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ValidatorsAnswer {
    /// The height as of which this holds: the validators of the one after it.
    pub as_of_height: u64,
    /// The validators in the order in which certificates count them.
    pub validators: Vec<ValidatorView>,
    /// The hash that headers commit to.
    pub hash: View<Hash>,
    /// The sum of their voting power.
    pub total_power: u64,
    /// The least voting power that makes a block final.
    pub quorum: u64,
    /// The validators from the height after that on, when they will be others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_validators: Option<Vec<ValidatorView>>,
}

impl Method for ValidatorsGet {
    const NAME: &'static str = "validators.get";
    type Params = AsOfParams;
    type Answer = ValidatorsAnswer;
}

impl Read for ValidatorsGet {
    fn at_least(params: &AsOfParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, _params: AsOfParams) -> Result<ValidatorsAnswer, Problem> {
        let chain = reading.snapshot.state.chain();
        let views = |set: &ValidatorSet| set.iter().map(ValidatorView::new).collect();
        let changes = chain.validators != chain.next_validators;
        let total_power = chain.validators.total_power();
        Ok(ValidatorsAnswer {
            as_of_height: reading.height(),
            validators: views(&chain.validators),
            hash: View(chain.validators.hash()),
            total_power,
            quorum: total_power.saturating_mul(2) / 3 + 1,
            next_validators: changes.then(|| views(&chain.next_validators)),
        })
    }
}

/// The places that pages of outcomes begin after.
pub(super) fn before(sequence: Option<u64>) -> Option<Located> {
    sequence.map(Located::from_sequence)
}
