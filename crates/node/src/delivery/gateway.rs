//! The institutions' side of this node, as the RPC server sees it.

use super::{Deliveries, DeliveryError};
use crate::wire::{Delivery, DeliveryKey};
use karwan_rpc::{BackendError, DeliverAnswer, Gateway, OutboxMessage, OutboxPlace, SealedMessage};
use karwan_types::{Lei, Sentence};
use std::sync::Arc;
use tokio::sync::watch;

/// The institutions' side of this node.
pub(crate) struct NodeGateway(pub(crate) Arc<Deliveries>);

impl Gateway for NodeGateway {
    fn deliver(
        &self,
        debtor_agent: Lei,
        message: SealedMessage,
    ) -> Result<DeliverAnswer, BackendError> {
        let key = DeliveryKey {
            agent: debtor_agent,
            uetr: message.uetr,
        };
        let delivery = Delivery {
            key,
            creditor: message.creditor_agent,
            ciphertext: message.sealed,
        };
        match self.0.keep(&delivery) {
            Ok(()) => Ok(DeliverAnswer::Kept),
            Err(error @ (DeliveryError::Full | DeliveryError::AgentFull)) => {
                Ok(DeliverAnswer::RetryLater {
                    reason: Sentence::fitted(&error.to_string()),
                })
            }
            Err(error @ (DeliveryError::TooLong(_) | DeliveryError::Disk(_))) => {
                Err(BackendError {
                    what: "store a payment's message".to_owned(),
                    source: error.into(),
                })
            }
        }
    }
    fn serves(&self, creditor_agent: &Lei) -> bool {
        self.0.serves(creditor_agent)
    }
    fn arrivals(&self) -> watch::Receiver<u64> {
        self.0.arrivals.subscribe()
    }
    fn outbox(
        &self,
        creditor_agent: Lei,
        after: Option<OutboxPlace>,
        limit: usize,
    ) -> Result<Vec<OutboxMessage>, BackendError> {
        let after = after.map(|place| DeliveryKey {
            agent: place.debtor_agent,
            uetr: place.uetr,
        });
        let found = self
            .0
            .outbox(&creditor_agent, after, limit)
            .map_err(|error| BackendError {
                what: "read an outbox".to_owned(),
                source: error.into(),
            })?;
        let message = |delivery: Delivery| OutboxMessage {
            place: OutboxPlace {
                debtor_agent: delivery.key.agent,
                uetr: delivery.key.uetr,
            },
            sealed: delivery.ciphertext,
        };
        Ok(found.into_iter().map(message).collect())
    }
}
