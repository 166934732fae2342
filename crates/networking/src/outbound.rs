//! The queues to one peer over one connection, and the way that connection is ended.
//!
//! What must hold: handing over a frame never waits; a queue is bounded in frames and in bytes, and what is queued is
//! dropped with its connection. The first reason to end a connection is the one that is reported.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{Class, ClassLimits, DisconnectReason, PerClass, SendError};

/// Ends a connection, from any task, once.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    reason: Arc<OnceLock<DisconnectReason>>,
    ended: CancellationToken,
    driver: Arc<Notify>,
}

impl Ending {
    /// `driver` is woken when the connection is to be closed.
    pub(crate) fn new(driver: Arc<Notify>) -> Self {
        Self {
            reason: Arc::new(OnceLock::new()),
            ended: CancellationToken::new(),
            driver,
        }
    }

    /// Ends the connection, unless another reason came first.
    pub(crate) fn end(&self, reason: DisconnectReason) {
        if self.reason.set(reason).is_ok() {
            self.ended.cancel();
            self.driver.notify_one();
        }
    }

    /// The reason, once there is one.
    pub(crate) fn reason(&self) -> Option<DisconnectReason> {
        self.reason.get().copied()
    }

    /// Waits for the end and says why it came.
    pub(crate) async fn wait(&self) -> DisconnectReason {
        self.ended.cancelled().await;
        self.reason().expect("the reason is set before the token")
    }
}

/// A frame in a queue, with its share of the queue's bytes.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) frame: Bytes,
    _share: OwnedSemaphorePermit,
}

/// The sending side of the queues to one peer.
#[derive(Debug)]
pub(crate) struct Outbound {
    queues: PerClass<Queue>,
    ending: Ending,
}

#[derive(Debug)]
struct Queue {
    frames: mpsc::Sender<Queued>,
    bytes: Arc<Semaphore>,
}

impl Outbound {
    /// The queues, and their receiving ends for the writers.
    pub(crate) fn new(
        limits: &PerClass<ClassLimits>,
        ending: Ending,
    ) -> (Self, PerClass<Option<mpsc::Receiver<Queued>>>) {
        let mut receivers = PerClass::default();
        let queues = PerClass::from_fn(|class| {
            let limits = limits.get(class);
            let (frames, receiver) = mpsc::channel(limits.outbound_frames_max);
            *receivers.get_mut(class) = Some(receiver);
            Queue {
                frames,
                bytes: Arc::new(Semaphore::new(limits.outbound_bytes_max)),
            }
        });
        (Self { queues, ending }, receivers)
    }

    /// Queues a frame or refuses it at once.
    pub(crate) fn push(&self, class: Class, frame: Bytes) -> Result<(), SendError> {
        check_length(class, &frame)?;
        match self.queues.get(class).push(frame) {
            Ok(()) => Ok(()),
            Err(SendError::Full) if class == Class::Consensus => {
                // Votes cannot wait and must not pile up: on the next connection the caller sends what still matters.
                self.ending.end(DisconnectReason::TooSlow);
                Err(SendError::Full)
            }
            Err(refused) => Err(refused),
        }
    }
}

impl Queue {
    fn push(&self, frame: Bytes) -> Result<(), SendError> {
        let bytes = u32::try_from(frame.len()).expect("every class limit is far below 4 GiB");
        let share = Arc::clone(&self.bytes)
            .try_acquire_many_owned(bytes)
            .map_err(|_exhausted| SendError::Full)?;
        let queued = Queued {
            frame,
            _share: share,
        };
        self.frames.try_send(queued).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SendError::Full,
            mpsc::error::TrySendError::Closed(_) => SendError::NotConnected,
        })
    }
}

/// Refuses a frame that no peer would take.
pub(crate) fn check_length(class: Class, frame: &Bytes) -> Result<(), SendError> {
    let bytes_max = class.frame_bytes_max();
    if frame.len() > bytes_max {
        return Err(SendError::FrameTooLarge {
            bytes: frame.len(),
            bytes_max,
        });
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should panic")]
mod tests {
    use super::*;
    use crate::Limits;

    struct Fixture {
        outbound: Outbound,
        receivers: PerClass<Option<mpsc::Receiver<Queued>>>,
        ending: Ending,
    }

    fn with_queues_of(frames_max: usize, bytes_max: usize) -> Fixture {
        let mut limits = Limits::default().classes;
        for class in Class::ALL {
            limits.get_mut(class).outbound_frames_max = frames_max;
            limits.get_mut(class).outbound_bytes_max = bytes_max;
        }
        let ending = Ending::new(Arc::new(Notify::new()));
        let (outbound, receivers) = Outbound::new(&limits, ending.clone());
        Fixture {
            outbound,
            receivers,
            ending,
        }
    }

    fn frame(length: usize) -> Bytes {
        Bytes::from(vec![1; length])
    }

    #[test]
    fn a_full_bulk_queue_is_the_callers_answer_and_the_connection_stays() {
        for class in [Class::Bodies, Class::Sync] {
            let fixture = with_queues_of(2, 100);
            assert_eq!(fixture.outbound.push(class, frame(1)), Ok(()));
            assert_eq!(fixture.outbound.push(class, frame(1)), Ok(()));
            assert_eq!(fixture.outbound.push(class, frame(1)), Err(SendError::Full));
            assert_eq!(fixture.ending.reason(), None);
        }
    }

    #[test]
    fn a_full_consensus_queue_ends_the_connection() {
        let fixture = with_queues_of(1, 100);
        assert_eq!(fixture.outbound.push(Class::Consensus, frame(1)), Ok(()));
        assert_eq!(
            fixture.outbound.push(Class::Consensus, frame(1)),
            Err(SendError::Full)
        );
        assert_eq!(fixture.ending.reason(), Some(DisconnectReason::TooSlow));
    }

    #[test]
    fn bytes_count_until_the_frame_has_left_the_queue() {
        let mut fixture = with_queues_of(10, 100);
        assert_eq!(fixture.outbound.push(Class::Sync, frame(60)), Ok(()));
        assert_eq!(
            fixture.outbound.push(Class::Sync, frame(60)),
            Err(SendError::Full)
        );
        drop(fixture.receivers.sync.as_mut().unwrap().try_recv().unwrap());
        assert_eq!(fixture.outbound.push(Class::Sync, frame(60)), Ok(()));
    }

    #[test]
    fn a_frame_over_its_class_limit_is_never_queued() {
        let fixture = with_queues_of(10, usize::MAX >> 4);
        for class in Class::ALL {
            let bytes_max = class.frame_bytes_max();
            assert_eq!(fixture.outbound.push(class, frame(bytes_max)), Ok(()));
            assert_eq!(
                fixture.outbound.push(class, frame(bytes_max + 1)),
                Err(SendError::FrameTooLarge {
                    bytes: bytes_max + 1,
                    bytes_max
                })
            );
        }
    }

    #[test]
    fn the_first_reason_is_kept() {
        let fixture = with_queues_of(1, 1);
        fixture.ending.end(DisconnectReason::Unresponsive);
        fixture.ending.end(DisconnectReason::Lost);
        assert_eq!(
            fixture.ending.reason(),
            Some(DisconnectReason::Unresponsive)
        );
    }
}
