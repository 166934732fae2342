//! `QuoteWithdraw`: a provider takes its quote back. What was accepted before stands.

use super::Execute;
use crate::authority::Authority;
use crate::checks;
use crate::exchange::QuoteStatus;
use crate::execution::{Execution, Item};
use crate::records::InstructionKey;
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{AgentIdentification, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Takes a quote back, signed for its provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuoteWithdraw {
    /// Who quoted.
    #[schemars(extend("x-alias" = "from"))]
    pub provider: AgentIdentification,
    /// The quote.
    pub quote: Uetr,
}

impl Execute for QuoteWithdraw {
    fn check_alone(&self) -> Result<(), Rejection> {
        Ok(())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let provider = checks::debtor_agent_known(state, &self.provider)?;
        // Whoever sees the market move takes the quote back alone: that binds nobody.
        Ok(Authority::of(provider, None).any_signer())
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let quote = self.quote;
        let key = InstructionKey {
            agent: checks::debtor_agent_known(execution.state, &self.provider)?,
            uetr: quote,
        };
        let unknown = Rejection::QuoteUnknown { quote };
        let mut record = execution.state.quote(&key).cloned().ok_or(unknown)?;
        if record.status == QuoteStatus::Withdrawn {
            return Err(Rejection::QuoteWithdrawn { quote });
        }
        record.status = QuoteStatus::Withdrawn;
        execution.state.put_quote(key, record);
        Ok(())
    }
    fn example() -> Self {
        Self {
            provider: "KRVNPKKA".parse().expect("constant"),
            quote: "8a562c67-ca16-48ba-b074-65581be6f004"
                .parse()
                .expect("constant"),
        }
    }
}
