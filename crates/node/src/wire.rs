//! Which message travels in which class, and the messages that concern nodes but not replicas.
//!
//! Votes and small questions never wait behind bodies; stored blocks never delay either.

use karwan_networking::Class;
use karwan_replica::PeerMessage;
use karwan_types::{CodecError, Hash, HashDomain, Lei, Uetr, decode, encode, hash_of};
use serde::{Deserialize, Serialize};

/// The largest encrypted message of a payment, in bytes: 1 MiB of XML and what encryption adds.
pub(crate) const CIPHERTEXT_BYTES_MAX: usize = (1 << 20) + (64 << 10);

/// What one node says to another.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every message is a replica's"
)]
pub(crate) enum Wire {
    /// Between replicas.
    Replica(PeerMessage),
    /// A settled payment's message for an institution that the receiver may serve.
    Deliver(Delivery),
    /// The receiver has stored the message in the institution's outbox.
    Delivered {
        /// Which payment's.
        key: DeliveryKey,
        /// What was stored, so that an answer about one message never speaks for another: [`Delivery::content`].
        content: Hash,
    },
}

/// Which payment a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct DeliveryKey {
    /// The debtor agent.
    pub(crate) agent: Lei,
    /// The payment.
    pub(crate) uetr: Uetr,
}

/// A payment's message, encrypted to the creditor agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// Which payment.
    pub(crate) key: DeliveryKey,
    /// For whom.
    pub(crate) creditor: Lei,
    /// An age file.
    pub(crate) ciphertext: Vec<u8>,
}

impl Delivery {
    /// The hash of the encrypted message.
    pub(crate) fn content(&self) -> Hash {
        hash_of(HashDomain::Payload, &[&self.ciphertext])
    }
}

impl Wire {
    pub(crate) fn class(&self) -> Class {
        match self {
            Self::Replica(
                PeerMessage::Consensus(_) | PeerMessage::Status(_) | PeerMessage::BodyWanted { .. },
            ) => Class::Consensus,
            Self::Replica(PeerMessage::Body(_) | PeerMessage::Transactions(_)) => Class::Bodies,
            Self::Replica(PeerMessage::FramesWanted(_) | PeerMessage::Frames(_)) => Class::Sync,
            Self::Deliver(_) | Self::Delivered { .. } => Class::Sync,
        }
    }
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }
    /// Reads a message of a class; a message in the wrong class is refused.
    pub(crate) fn from_bytes(bytes: &[u8], class: Class) -> Result<Self, CodecError> {
        let wire: Self = decode(bytes, class.frame_bytes_max())?;
        if wire.class() != class {
            return Err(CodecError::Malformed(format!(
                "a message that does not belong in class {class:?}"
            )));
        }
        Ok(wire)
    }
}

#[cfg(test)]
mod tests;
