//! The one owner of the replica: a thread that feeds it events and performs its actions in order.
//!
//! Disk work that a vote or an answer depends on happens here and nowhere else, so "stored before told" is the order of
//! a list. A failing disk, a refused signature or a bug is a panic, and a panic here ends the process in every profile: a
//! validator that went on might contradict itself.

use crate::causes::causes;
use crate::clock;
use crate::metrics::Metrics;
use crate::published::{Published, Publisher};
use crate::wire::Wire;
use bytes::Bytes;
use karwan_consensus::{LogEntry, SignRequest, Signer, SignerError};
use karwan_ledger::{State, VerifiedTransaction};
use karwan_networking::NetworkHandle;
use karwan_replica::{Action, Event, Note, PeerMessage, Recipient, Replica, SubmitAnswer, Timer};
use karwan_storage::{BlockLog, FileSigner};
use karwan_types::{
    BlockFrame, DurationMs, Height, PublicKey, Round, Signature, TransactionId, encode,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// Events that wait for the replica, in each of its two queues.
pub(crate) const EVENTS_MAX: usize = 4_096;

/// What the owner is told.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every message is an event"
)]
pub(crate) enum Message {
    /// Something for the replica.
    Event(Event),
    /// A client's transaction, and where the answer goes.
    Submit(VerifiedTransaction, oneshot::Sender<SubmitAnswer>),
    /// Stop after the present step.
    Stop,
}

/// How others reach the owner. Votes do not wait behind transactions.
#[derive(Clone)]
pub(crate) struct OwnerHandle {
    pub(crate) urgent: mpsc::Sender<Message>,
    pub(crate) bulk: mpsc::Sender<Message>,
    pub(crate) progress: watch::Receiver<Standing>,
}

/// Where the replica stands, for status and metrics.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    pub(crate) height: Height,
    pub(crate) round: Option<Round>,
    pub(crate) mempool: usize,
    /// The highest height that more peers reported than may lie.
    pub(crate) highest_reported: Height,
}

/// The hand that logs and signs, or that of an observer, which does neither.
pub(crate) enum Hand {
    Validator(Box<FileSigner>),
    Observer,
}

impl Signer for Hand {
    fn public_key(&self) -> PublicKey {
        match self {
            Self::Validator(signer) => signer.public_key(),
            Self::Observer => unreachable!("an observer's engine never asks for a key"),
        }
    }
    fn append(&mut self, entry: &LogEntry) {
        if let Self::Validator(signer) = self {
            signer.append(entry);
        }
    }
    fn sync(&mut self) {
        if let Self::Validator(signer) = self {
            signer.sync();
        }
    }
    fn sign(&mut self, request: &SignRequest) -> Result<Signature, SignerError> {
        match self {
            Self::Validator(signer) => signer.sign(request),
            Self::Observer => unreachable!("an observer's engine never asks for a signature"),
        }
    }
}

/// The parts that the thread takes along.
pub(crate) struct Owner {
    pub(crate) replica: Replica,
    pub(crate) hand: Hand,
    pub(crate) log: BlockLog,
    pub(crate) network: NetworkHandle,
    pub(crate) publisher: Publisher,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) commits: mpsc::Sender<(State, Arc<BlockFrame>)>,
    pub(crate) standing: watch::Sender<Standing>,
    pub(crate) timers: BTreeMap<Timer, Instant>,
    pub(crate) answers: BTreeMap<TransactionId, Vec<oneshot::Sender<SubmitAnswer>>>,
}

impl Owner {
    /// Runs until told to stop. Called on a thread of its own.
    pub(crate) fn run(
        mut self,
        runtime: &tokio::runtime::Handle,
        mut urgent: mpsc::Receiver<Message>,
        mut bulk: mpsc::Receiver<Message>,
        first: Vec<Action>,
    ) {
        self.perform(first);
        loop {
            let wake = self.timers.values().min().copied();
            let next = runtime.block_on(next_message(&mut urgent, &mut bulk, wake));
            match next {
                Some(Message::Event(event)) => self.step(event),
                Some(Message::Submit(transaction, answer)) => {
                    self.answers
                        .entry(transaction.id())
                        .or_default()
                        .push(answer);
                    self.step(Event::Submitted(transaction));
                }
                Some(Message::Stop) => return,
                None => {}
            }
            self.fire_timers();
            self.standing.send_replace(Standing {
                height: self.replica.height(),
                round: self.replica.round(),
                mempool: self.replica.mempool_len(),
                highest_reported: self.replica.highest_reported(),
            });
        }
    }

    fn step(&mut self, event: Event) {
        let actions = self.replica.step(clock::now(), event, &mut self.hand);
        self.perform(actions);
    }

    fn fire_timers(&mut self) {
        let now = Instant::now();
        let elapsed: Vec<Timer> = self
            .timers
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(timer, _)| *timer)
            .collect();
        for timer in elapsed {
            // An earlier one of these may have cancelled it.
            if self.timers.get(&timer).is_some_and(|at| *at <= now) {
                self.timers.remove(&timer);
                self.step(Event::TimerElapsed(timer));
            }
        }
    }

    /// Performs actions in order. Storing a block leads to further actions, which follow.
    fn perform(&mut self, actions: Vec<Action>) {
        let mut queue: std::collections::VecDeque<Action> = actions.into();
        while let Some(action) = queue.pop_front() {
            match action {
                Action::Send { to, message } => self.send(to, message),
                Action::Commit { frame, state } => {
                    let height = frame.block.header.height;
                    self.store(frame, *state);
                    queue.extend(self.replica.step(
                        clock::now(),
                        Event::Committed(height),
                        &mut self.hand,
                    ));
                }
                Action::Schedule(timer, wait) => self.schedule(timer, wait),
                Action::Cancel(timer) => {
                    self.timers.remove(&timer);
                }
                Action::CancelEngineTimers => self
                    .timers
                    .retain(|timer, _| !matches!(timer, Timer::Engine(_))),
                Action::Answer(id, answer) => {
                    for waiting in self.answers.remove(&id).unwrap_or_default() {
                        // A client that has gone away needs no answer.
                        let _ = waiting.send(answer.clone());
                    }
                }
                Action::Note(note) => self.note(note),
            }
        }
    }

    /// The order is the promise: synced, then the consensus log is released, then the world is told.
    fn store(&mut self, frame: Arc<BlockFrame>, state: State) {
        let height = frame.block.header.height;
        let started = Instant::now();
        let bytes = encode(&*frame);
        self.log
            .append(height, &bytes)
            .unwrap_or_else(|error| stop("store", height, &error));
        self.log
            .sync()
            .unwrap_or_else(|error| stop("sync", height, &error));
        self.metrics.stored(&frame, bytes.len(), started.elapsed());
        if let Hand::Validator(signer) = &mut self.hand {
            signer
                .committed(height)
                .unwrap_or_else(|error| stop("release the consensus log after", height, &error));
        }
        tracing::info!(
            %height,
            transactions = frame.block.transactions.len(),
            outcomes = frame.outcomes.len(),
            round = %frame.certificate.round,
            "block final"
        );
        self.publisher.publish(Published {
            state: state.clone(),
            last: Some(Arc::clone(&frame)),
        });
        // A full queue costs time only: what a follower misses here it finds in the state when it looks again.
        let _ = self.commits.try_send((state, frame));
    }

    fn schedule(&mut self, timer: Timer, wait: DurationMs) {
        self.timers
            .insert(timer, Instant::now() + Duration::from_millis(wait.millis()));
    }

    fn send(&self, to: Recipient, message: PeerMessage) {
        let wire = Wire::Replica(message);
        let (class, frame) = (wire.class(), Bytes::from(wire.to_bytes()));
        let refused = match to {
            Recipient::All => self.network.broadcast(class, &frame),
            Recipient::Peer(peer) => match self.network.send(peer, class, frame) {
                Ok(()) => Vec::new(),
                Err(error) => vec![(peer, error)],
            },
        };
        // What a peer misses is sent again when it reconnects, or it asks.
        for (peer, error) in refused {
            tracing::debug!(%peer, %error, "a message was not queued");
        }
    }

    fn note(&self, note: Note) {
        match note {
            Note::RoundStarted {
                height,
                round,
                proposer,
            } => {
                self.metrics.round(round);
                tracing::debug!(%height, %round, %proposer, "round started");
            }
            Note::Equivocation(evidence) => {
                self.metrics.equivocation();
                tracing::error!(
                    ?evidence,
                    "a validator has contradicted itself; keep this line as evidence"
                );
            }
            Note::InvalidBlock {
                height,
                block,
                reason,
            } => {
                tracing::error!(%height, %block, %reason, "a proposed block may not be voted for");
            }
            Note::ClockApart { height, apart } => {
                tracing::warn!(%height, apart_ms = apart.millis(), "a proposal's time is far from our clock; check the clocks");
            }
            Note::Ignored { from, reason } => {
                let from = from.map(|peer| peer.to_string());
                tracing::debug!(?from, %reason, "a message had no effect");
            }
            Note::Following { next, highest } => tracing::info!(%next, %highest, "catching up"),
        }
    }
}

/// Ends the node over a failing disk, with the cause and what to do about it.
fn stop(what: &str, height: Height, error: &(dyn std::error::Error + 'static)) -> ! {
    panic!(
        "cannot {what} block {height}, so the node stops before it tells anybody: {}. Mend or free the disk, then start the \
         node again; it continues where its log ends",
        causes(error)
    )
}

/// The next message, urgent ones first, or none when it is time to wake.
async fn next_message(
    urgent: &mut mpsc::Receiver<Message>,
    bulk: &mut mpsc::Receiver<Message>,
    wake: Option<Instant>,
) -> Option<Message> {
    let sleep = async {
        match wake {
            Some(at) => tokio::time::sleep_until(at.into()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        message = urgent.recv() => Some(message.unwrap_or(Message::Stop)),
        () = sleep => None,
        message = bulk.recv() => Some(message.unwrap_or(Message::Stop)),
    }
}
