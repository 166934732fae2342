//! Frames of one class of one connection: one task reads, one task writes.
//!
//! What must hold: a reader holds at most one frame and stops reading while its caller or the peer's rate makes it wait;
//! a writer sends what was queued in order and flushes when its queue is empty.

use std::time::Duration;

use futures::AsyncWriteExt;
use futures::io::BufWriter;
use karwan_types::PublicKey;
use libp2p::Stream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use crate::framing::{FrameError, read_frame, write_frame};
use crate::inbox::Inbox;
use crate::outbound::{Ending, Queued};
use crate::rate::Bucket;
use crate::{Class, ClassLimits, DisconnectReason, Frame};

/// Small frames are gathered into writes of this size.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;

/// One class of one connection.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) peer: PublicKey,
    pub(super) class: Class,
    pub(super) limits: ClassLimits,
    pub(super) write_deadline: Duration,
    pub(super) ending: Ending,
}

impl Lane {
    /// Reads until the peer ends its stream, breaks a rule, or nobody listens any more.
    pub(super) async fn read(self, mut stream: Stream, inbox: Inbox) {
        let bytes_max = self.class.frame_bytes_max();
        let mut bucket = Bucket::new(self.limits.inbound_rate, Instant::now());
        loop {
            let now = Instant::now();
            let ready_at = bucket.ready_at(now);
            if ready_at > now {
                sleep_until(ready_at).await;
            }
            match read_frame(&mut stream, bytes_max, self.limits.frame_deadline).await {
                Ok(Some(bytes)) => {
                    bucket.charge(Instant::now(), bytes.len());
                    let frame = Frame {
                        peer: self.peer,
                        class: self.class,
                        bytes,
                    };
                    if inbox.deliver(frame).await.is_err() {
                        return;
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    tracing::debug!(
                        target: crate::LOG, peer = %self.peer, class = %self.class, %error, "reading stopped"
                    );
                    self.ending.end(self.reason(&error));
                    return;
                }
            }
        }
    }

    fn reason(&self, error: &FrameError) -> DisconnectReason {
        let class = self.class;
        match error {
            FrameError::TooLarge { bytes } => DisconnectReason::FrameTooLarge {
                class,
                bytes: *bytes,
            },
            FrameError::Deadline => DisconnectReason::FrameDeadline { class },
            FrameError::Io(_) => DisconnectReason::Lost,
        }
    }

    /// Writes until the connection ends; then what is still queued, and closes the stream.
    pub(super) async fn write(self, stream: Stream, mut queue: mpsc::Receiver<Queued>) {
        let mut writer = BufWriter::with_capacity(WRITE_BUFFER_BYTES, stream);
        let mut ending = false;
        loop {
            let queued = tokio::select! {
                biased;
                _ = self.ending.wait(), if !ending => {
                    // From here on the queue only gives what it holds, and then ends.
                    ending = true;
                    queue.close();
                    continue;
                }
                queued = queue.recv() => queued,
            };
            let Some(Queued { frame, .. }) = queued.as_ref() else {
                break;
            };
            let write = async {
                write_frame(&mut writer, frame).await?;
                if queue.is_empty() {
                    writer.flush().await?;
                }
                std::io::Result::Ok(())
            };
            match timeout(self.write_deadline, write).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return self.ending.end(DisconnectReason::Lost),
                Err(_elapsed) => {
                    let class = self.class;
                    return self.ending.end(DisconnectReason::WriteDeadline { class });
                }
            }
        }
        // The peer sees the end of the stream after our last frame. If it is gone, there is nobody to tell.
        let _ = writer.close().await;
    }
}
