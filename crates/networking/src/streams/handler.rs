//! The streams of one connection: asks for ours, takes the peer's.
//!
//! What must hold: three requests at the start and never another; at most one accepted stream a class, a second one is
//! reported once and dropped. A connection lives until the driver closes it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::core::UpgradeInfo;
use libp2p::core::upgrade::{InboundUpgrade, OutboundUpgrade};
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{
    ConnectionHandler, ConnectionHandlerEvent, StreamUpgradeError, SubstreamProtocol,
};
use libp2p::{Stream, StreamProtocol};

use super::{Direction, StreamChange};
use crate::{Class, PerClass};

/// The streams of one connection.
#[derive(Debug)]
pub(crate) struct Handler {
    names: Arc<PerClass<StreamProtocol>>,
    deadline: Duration,
    to_request: VecDeque<Class>,
    accepted: PerClass<bool>,
    // At most three opened each way and one failure; later failures of the peer are not recorded.
    changes: VecDeque<StreamChange>,
    failed: bool,
}

impl Handler {
    pub(super) fn new(names: Arc<PerClass<StreamProtocol>>, deadline: Duration) -> Self {
        Self {
            names,
            deadline,
            to_request: Class::ALL.into(),
            accepted: PerClass::default(),
            changes: VecDeque::new(),
            failed: false,
        }
    }

    fn opened(&mut self, class: Class, direction: Direction, stream: Stream) {
        self.changes.push_back(StreamChange::Opened {
            class,
            direction,
            stream,
        });
    }

    fn accept(&mut self, class: Class, stream: Stream) {
        if std::mem::replace(self.accepted.get_mut(class), true) {
            self.fail(StreamChange::Duplicate(class));
        } else {
            self.opened(class, Direction::Inbound, stream);
        }
    }

    fn fail(&mut self, change: StreamChange) {
        if !std::mem::replace(&mut self.failed, true) {
            self.changes.push_back(change);
        }
    }

    fn protocol(&self, class: Class) -> ClassProtocol {
        ClassProtocol {
            class,
            name: self.names.get(class).clone(),
        }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Infallible;
    type ToBehaviour = StreamChange;
    type InboundProtocol = Offer;
    type OutboundProtocol = Offer;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Offer> {
        let offer = Offer(Class::ALL.map(|class| self.protocol(class)).to_vec());
        SubstreamProtocol::new(offer, ()).with_timeout(self.deadline)
    }

    fn connection_keep_alive(&self) -> bool {
        true
    }

    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Offer, (), StreamChange>> {
        // No waker: everything below is filled by calls after which the connection polls again.
        if let Some(class) = self.to_request.pop_front() {
            let offer = Offer(vec![self.protocol(class)]);
            let protocol = SubstreamProtocol::new(offer, ()).with_timeout(self.deadline);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        match self.changes.pop_front() {
            Some(change) => Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(change)),
            None => Poll::Pending,
        }
    }

    fn on_behaviour_event(&mut self, event: Infallible) {
        match event {}
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Offer, Offer>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (class, stream),
                info: (),
            }) => self.accept(class, stream),
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: (class, stream),
                info: (),
            }) => self.opened(class, Direction::Outbound, stream),
            ConnectionEvent::DialUpgradeError(DialUpgradeError { error, info: () }) => {
                self.fail(match error {
                    StreamUpgradeError::NegotiationFailed => StreamChange::OtherProtocol,
                    StreamUpgradeError::Timeout => StreamChange::Deadline,
                    StreamUpgradeError::Io(_) => StreamChange::Broken,
                    StreamUpgradeError::Apply(never) => match never {},
                });
            }
            ConnectionEvent::ListenUpgradeError(_)
            | ConnectionEvent::AddressChange(_)
            | ConnectionEvent::LocalProtocolsChange(_)
            | ConnectionEvent::RemoteProtocolsChange(_) => {}
            // The library may add kinds; none of them can concern streams that are already ours.
            _ => {}
        }
    }
}

/// The name of a class's protocol, which remembers the class.
#[derive(Clone, Debug)]
pub(crate) struct ClassProtocol {
    class: Class,
    name: StreamProtocol,
}

impl AsRef<str> for ClassProtocol {
    fn as_ref(&self) -> &str {
        self.name.as_ref()
    }
}

/// Names offered or accepted in a stream's negotiation. The stream is taken as it is.
#[derive(Debug)]
pub(crate) struct Offer(Vec<ClassProtocol>);

impl UpgradeInfo for Offer {
    type Info = ClassProtocol;
    type InfoIter = std::vec::IntoIter<ClassProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.0.clone().into_iter()
    }
}

impl InboundUpgrade<Stream> for Offer {
    type Output = (Class, Stream);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_inbound(self, stream: Stream, protocol: ClassProtocol) -> Self::Future {
        ready(Ok((protocol.class, stream)))
    }
}

impl OutboundUpgrade<Stream> for Offer {
    type Output = (Class, Stream);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_outbound(self, stream: Stream, protocol: ClassProtocol) -> Self::Future {
        ready(Ok((protocol.class, stream)))
    }
}
