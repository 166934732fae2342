//! Failed handshakes, told in our own words.

use std::io;

use libp2p::swarm::{DialError, ListenError};
use libp2p::{Multiaddr, TransportError};

use super::listed::Listed;
use crate::admission::unlisted_identity;
use crate::inbox::Inbox;
use crate::{Refusal, identity};

/// Reports an inbound connection that did not get through its handshake.
pub(super) fn inbound(inbox: &Inbox, from: &Multiaddr, error: &ListenError) {
    let address = identity::socket_address(from);
    let unlisted = match error {
        ListenError::Transport(error) => unlisted(error),
        ListenError::Aborted
        | ListenError::WrongPeerId { .. }
        | ListenError::LocalPeerId { .. }
        | ListenError::Denied { .. } => None,
    };
    inbox.refuse(match (unlisted, error) {
        (Some(peer), _) => Refusal::Unlisted {
            key: identity::public_key(&peer),
            address,
        },
        (None, ListenError::Denied { .. }) => Refusal::TooManyHandshakes { address },
        (None, _) => Refusal::HandshakeFailed { address },
    });
}

/// Reports a dial that reached someone who should not be there. A peer that cannot be reached is no news.
pub(super) fn outbound(inbox: &Inbox, listed: &Listed, error: &DialError) {
    let expected = listed.pair.peer;
    let address = listed.address.as_ref().and_then(identity::socket_address);
    tracing::debug!(target: crate::LOG, peer = %expected, %error, "dial failed");
    match error {
        DialError::WrongPeerId { obtained, .. } => inbox.refuse(Refusal::WrongPeer {
            expected,
            found: identity::public_key(obtained),
            address,
        }),
        DialError::Transport(attempts) => {
            for (_, error) in attempts {
                if let Some(peer) = unlisted(error) {
                    inbox.refuse(Refusal::Unlisted {
                        key: identity::public_key(&peer),
                        address,
                    });
                }
            }
        }
        DialError::LocalPeerId { .. }
        | DialError::NoAddresses
        | DialError::DialPeerConditionFalse(_)
        | DialError::Aborted
        | DialError::Denied { .. } => {}
    }
}

fn unlisted(error: &TransportError<io::Error>) -> Option<libp2p::PeerId> {
    match error {
        TransportError::Other(error) => unlisted_identity(error),
        TransportError::MultiaddrNotSupported(_) => None,
    }
}
