//! Messages that arrive before their height begins here.
//!
//! Validators do not finish a height at the same instant, so votes of the next height arrive early, and nobody sends them
//! twice. They are kept, within limits that one signer cannot use up for another: a message is kept under its signer's
//! name only after its signature was verified. A signer that is not in the set known now may be in the next one, so a few
//! unverified messages of strangers are kept beside them. Everything is verified again when its height begins.

use crate::interface::IgnoredReason;
use crate::message::{ConsensusMessage, verify_request};
use crate::signer::Step;
use karwan_types::{ChainId, Height, PublicKey, Round, ValidatorSet};
use std::collections::BTreeMap;

/// How many heights beyond the one being decided are kept.
pub const FUTURE_HEIGHTS_MAX: u64 = 2;
/// How many early messages of one validator are kept for a height: those of four rounds.
pub const FUTURE_MESSAGES_PER_VALIDATOR_MAX: usize = 12;
/// How many early messages of unknown signers are kept, over all heights.
pub const FUTURE_STRANGER_MESSAGES_MAX: usize = 64;

type Position = (Round, Step);

/// Early messages, by height.
#[derive(Debug, Default)]
pub(crate) struct FutureMessages {
    verified: BTreeMap<(Height, PublicKey), BTreeMap<Position, ConsensusMessage>>,
    strangers: BTreeMap<(Height, PublicKey, Position), ConsensusMessage>,
}

impl FutureMessages {
    /// Keeps a message for a height that is not begun. The caller has checked that the height is inside the window.
    /// A certificate is not kept: it is sent again while it is needed.
    pub(crate) fn keep(
        &mut self,
        message: ConsensusMessage,
        chain: &ChainId,
        set: &ValidatorSet,
    ) -> Result<(), IgnoredReason> {
        let height = message.height();
        let Some((signer, request, signature)) = message.signed() else {
            return Err(IgnoredReason::FutureCertificate(height));
        };
        let position = (message.round(), request.watermark().step);
        if set.get(&signer).is_none() {
            if self.strangers.len() >= FUTURE_STRANGER_MESSAGES_MAX {
                return Err(IgnoredReason::FutureFull(height));
            }
            let key = (height, signer, position);
            self.strangers.entry(key).or_insert(message);
            return Ok(());
        }
        let known = self.verified.get(&(height, signer));
        if known.is_some_and(|known| known.contains_key(&position)) {
            return Ok(());
        }
        if known.is_some_and(|known| known.len() >= FUTURE_MESSAGES_PER_VALIDATOR_MAX) {
            return Err(IgnoredReason::FutureFull(height));
        }
        verify_request(&request, &signer, chain, &signature)
            .map_err(|_| IgnoredReason::Signature(signer))?;
        let known = self.verified.entry((height, signer)).or_default();
        known.insert(position, message);
        Ok(())
    }

    /// Whether a validator known now has begun this height.
    pub(crate) fn is_begun(&self, height: Height) -> bool {
        self.verified.keys().any(|(begun, _)| *begun == height)
    }

    /// The messages of a height that begins now. Those of lower heights are dropped.
    pub(crate) fn take(&mut self, height: Height) -> Vec<ConsensusMessage> {
        let mut messages = Vec::new();
        self.verified.retain(|(kept, _), known| {
            if *kept == height {
                messages.extend(known.values().cloned());
            }
            *kept > height
        });
        self.strangers.retain(|(kept, _, _), message| {
            if *kept == height {
                messages.push(message.clone());
            }
            *kept > height
        });
        // By round, so that a message is not refused for being ahead of a round that a later one of the list would begin.
        messages.sort_by_key(ConsensusMessage::round);
        messages
    }
}

#[cfg(test)]
mod tests;
