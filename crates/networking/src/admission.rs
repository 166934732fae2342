//! The allow-list, checked inside the authentication upgrade.
//!
//! What must hold: an identity that is not listed fails the upgrade in both directions, so its connection is closed
//! before multiplexing and there is nothing on which a byte of it could arrive. The list is fixed while a node runs.

use std::collections::BTreeSet;
use std::error::Error;
use std::io;
use std::iter;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{AsyncRead, AsyncWrite, FutureExt};
use libp2p::core::UpgradeInfo;
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade};
use libp2p::{PeerId, noise};

/// Noise, then the question whether the authenticated identity is listed.
#[derive(Clone)]
pub(crate) struct Admission {
    noise: noise::Config,
    listed: Arc<BTreeSet<PeerId>>,
}

/// Why a connection was not admitted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdmissionError {
    /// The handshake failed: garbage, a wrong signature, a broken connection.
    #[error("the handshake failed")]
    Handshake(#[source] noise::Error),
    /// The identity is authentic and not listed.
    #[error("peer {0} is not listed")]
    Unlisted(PeerId),
}

impl Admission {
    pub(crate) fn new(noise: noise::Config, listed: BTreeSet<PeerId>) -> Self {
        Self {
            noise,
            listed: Arc::new(listed),
        }
    }
}

impl UpgradeInfo for Admission {
    type Info = &'static str;
    type InfoIter = iter::Once<Self::Info>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.noise.protocol_info()
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> InboundConnectionUpgrade<T> for Admission {
    type Output = (PeerId, noise::Output<T>);
    type Error = AdmissionError;
    type Future = BoxFuture<'static, Result<Self::Output, Self::Error>>;

    fn upgrade_inbound(self, socket: T, info: Self::Info) -> Self::Future {
        let handshake = self.noise.upgrade_inbound(socket, info);
        admit(self.listed, handshake).boxed()
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> OutboundConnectionUpgrade<T>
    for Admission
{
    type Output = (PeerId, noise::Output<T>);
    type Error = AdmissionError;
    type Future = BoxFuture<'static, Result<Self::Output, Self::Error>>;

    fn upgrade_outbound(self, socket: T, info: Self::Info) -> Self::Future {
        let handshake = self.noise.upgrade_outbound(socket, info);
        admit(self.listed, handshake).boxed()
    }
}

async fn admit<T>(
    listed: Arc<BTreeSet<PeerId>>,
    handshake: impl Future<Output = Result<(PeerId, noise::Output<T>), noise::Error>>,
) -> Result<(PeerId, noise::Output<T>), AdmissionError> {
    let (peer, connection) = handshake.await.map_err(AdmissionError::Handshake)?;
    if listed.contains(&peer) {
        Ok((peer, connection))
    } else {
        Err(AdmissionError::Unlisted(peer))
    }
}

/// The unlisted identity that made a connection fail, if that was the cause. The library hands the cause on inside
/// several wrappers; the one around the whole is an I/O error, which hides what it carries from `source`.
pub(crate) fn unlisted_identity(error: &io::Error) -> Option<PeerId> {
    let mut cause: Option<&(dyn Error + 'static)> = match error.get_ref() {
        Some(inner) => Some(inner),
        None => None,
    };
    while let Some(error) = cause {
        if let Some(AdmissionError::Unlisted(peer)) = error.downcast_ref() {
            return Some(*peer);
        }
        cause = error.source();
    }
    None
}
