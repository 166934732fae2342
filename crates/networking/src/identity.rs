//! The only place where our names meet those of the library: keys and peer ids, socket addresses and multiaddresses.
//!
//! What must hold: a peer id and a public key name the same Ed25519 key; secrets are copied only into zeroizing memory.

use std::net::{IpAddr, SocketAddr};

use karwan_types::PublicKey;
use libp2p::identity::{self, Keypair, ed25519};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use zeroize::Zeroizing;

/// Multihash code for "the digest is the data itself", which is how Ed25519 keys are written into peer ids.
const MULTIHASH_IDENTITY: u64 = 0;

/// The key pair of a seed.
pub(crate) fn keypair(seed: &Zeroizing<[u8; 32]>) -> Keypair {
    let mut copy = seed.clone();
    Keypair::ed25519_from_bytes(copy.as_mut_slice()).expect("any 32 bytes are an Ed25519 seed")
}

/// The peer id of a listed key.
pub(crate) fn peer_id(key: &PublicKey) -> PeerId {
    let key = ed25519::PublicKey::try_from_bytes(key.as_bytes())
        .expect("a parsed public key is a point on the curve");
    identity::PublicKey::from(key).to_peer_id()
}

/// The key inside a peer id; `None` if it is not an Ed25519 key that we would accept anywhere.
pub(crate) fn public_key(peer_id: &PeerId) -> Option<PublicKey> {
    let multihash = peer_id.as_ref();
    if multihash.code() != MULTIHASH_IDENTITY {
        return None;
    }
    let key = identity::PublicKey::try_decode_protobuf(multihash.digest()).ok()?;
    PublicKey::parse(key.try_into_ed25519().ok()?.to_bytes()).ok()
}

/// The TCP multiaddress of a socket address.
pub(crate) fn multiaddr(address: SocketAddr) -> Multiaddr {
    Multiaddr::empty()
        .with(Protocol::from(address.ip()))
        .with(Protocol::Tcp(address.port()))
}

/// The socket address in a TCP multiaddress.
pub(crate) fn socket_address(address: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter();
    let host = parts.next()?;
    let Some(Protocol::Tcp(port)) = parts.next() else {
        return None;
    };
    if let Protocol::Ip4(ip) = host {
        Some(SocketAddr::new(IpAddr::V4(ip), port))
    } else if let Protocol::Ip6(ip) = host {
        Some(SocketAddr::new(IpAddr::V6(ip), port))
    } else {
        None
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should panic")]
mod tests {
    use super::*;
    use karwan_types::SecretKey;

    #[test]
    fn a_key_and_its_peer_id_name_the_same_identity() {
        let seed = Zeroizing::new([7; 32]);
        let key = SecretKey::from_seed(&seed).public_key();
        assert_eq!(keypair(&seed).public().to_peer_id(), peer_id(&key));
        assert_eq!(public_key(&peer_id(&key)), Some(key));
    }

    #[test]
    fn a_peer_id_that_is_only_a_hash_names_no_key() {
        // A SHA-256 multihash, which is how long keys such as RSA are written.
        let bytes = [vec![0x12, 32], vec![9; 32]].concat();
        assert_eq!(public_key(&PeerId::from_bytes(&bytes).unwrap()), None);
    }

    #[test]
    fn socket_addresses_survive_the_way_through_multiaddresses() {
        for text in ["127.0.0.1:9000", "[::1]:1"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(socket_address(&multiaddr(address)), Some(address));
        }
        assert_eq!(socket_address(&Multiaddr::empty()), None);
    }
}
