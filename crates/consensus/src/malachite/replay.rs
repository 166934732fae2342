//! Brings the core back to where its log ends.
//!
//! The order is the core's: begin the height, tell it of our own votes in the log, feed the entries, forget them. While
//! entries are fed, a vote of ours that the log holds is taken from there with its signature; one that it does not hold was
//! derived from inputs that were durable before, so the signer is asked for what it may already have signed.

use super::core::Core;
use super::effects::Mode;
use crate::entry::EngineEntry;
use crate::interface::{IgnoredReason, Output};
use crate::signer::Signer;
use karwan_types::{Height, ValidatorSet};

impl Core {
    /// Begins a height that was begun before, and brings it to where the log ends. Nothing is sent meanwhile.
    pub(crate) fn replay(
        &mut self,
        height: Height,
        validators: ValidatorSet,
        entries: &[EngineEntry],
        signer: &mut dyn Signer,
    ) {
        self.effects.mode = Mode::Replay;
        self.start(height, validators, signer);
        let entries = entries.iter().filter(|entry| entry.height() == height);
        let entries: Vec<&EngineEntry> = entries.collect();
        let inputs: Vec<_> = entries
            .iter()
            .map(|entry| {
                self.input(entry)
                    .unwrap_or_else(|error| damaged(height, &error))
            })
            .collect();
        self.state
            .record_recovered_own_precommit_extensions(&inputs);
        self.state.index_wal_entries(&inputs);
        for entry in entries {
            if self.effects.decision.is_some() {
                break;
            }
            self.apply(entry, signer)
                .unwrap_or_else(|error| damaged(height, &error));
            match self.effects.ignored.take() {
                // It passed without effect when it was live, too.
                None | Some(IgnoredReason::NoPolka(_)) => {}
                Some(reason) => damaged(height, &reason),
            }
        }
        self.state.reset_entries_index();
        self.effects.mode = Mode::Live;
        self.effects.signed_in_replay.clear();
        // What is said again below may have been signed a moment ago.
        signer.sync();
        if self.effects.decision.is_none() {
            self.resume();
        }
    }

    /// Asks again for everything that was asked for before the crash and not done, and says again what we said last.
    fn resume(&mut self) {
        let (height, round) = (self.effects.height, self.round());
        let set = self.effects.set.words();
        let mut outputs = vec![Output::RoundStarted {
            height,
            round,
            proposer: set.proposer(height, round).key,
        }];
        let running = self.effects.running.iter();
        outputs.extend(running.map(|timeout| self.effects.schedule_output(*timeout)));
        let current = self.current_messages();
        outputs.extend(current.messages.into_iter().map(Output::Send));
        let body = current.body.into_iter();
        outputs.extend(body.map(|block| Output::ResendBody { height, block }));
        if self.state.driver.step_is_propose() {
            let build = self.effects.build.into_iter();
            outputs.extend(build.map(|round| self.effects.build_output(round)));
        }
        let wanted = self.effects.wanted.iter();
        outputs.extend(wanted.map(|(block, round)| Output::ValidateBlock {
            height,
            round: *round,
            block: *block,
        }));
        self.effects.outputs.extend(outputs);
    }
}

fn damaged(height: Height, reason: &dyn std::error::Error) -> ! {
    panic!(
        "the consensus log of height {height} holds an entry that this node would not have written: {reason}. The log or \
         the validator set it is read with is not the one it was written with. Keep the directory for examination and let \
         this node follow as an observer until the chain has passed height {height}"
    )
}
