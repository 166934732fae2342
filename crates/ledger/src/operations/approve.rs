//! `Approve`: a further signature under an instruction that waits for it. Counting it is the framework's work, because it concerns every kind alike.

use super::Execute;
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{Hash, InstructionHash};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A further signer agrees to the instruction with this hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approve {
    /// The hash of the instruction, without its expiry and signatures.
    #[schemars(extend("x-positional" = true))]
    pub instruction: InstructionHash,
}

impl Execute for Approve {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let missing = || Rejection::NothingToApprove {
            instruction: self.instruction,
        };
        let pending = state.approval(&self.instruction).ok_or_else(missing)?;
        Ok(pending.operation.authority(state)?.any_signer())
    }
    fn execute(&self, _execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        unreachable!("the framework counts approvals before it executes anything")
    }
    fn example() -> Self {
        Self {
            instruction: InstructionHash(Hash::from_bytes([5; 32])),
        }
    }
}
