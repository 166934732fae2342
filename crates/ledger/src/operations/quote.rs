//! `Quote`: an institution offers to sell one currency for another at a firm rate.

use super::Execute;
use crate::authority::Authority;
use crate::checks;
use crate::exchange::{self, QuoteRecord, QuoteStatus};
use crate::execution::{Execution, Item};
use crate::records::InstructionKey;
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{AgentIdentification, Amount, CurrencyCode, DurationMs, Rate, Timestamp, Uetr};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A firm quote, signed for its provider. Whoever accepts it binds the provider without a further signature, until the size
/// is used, the quote expires or is withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quote {
    /// Who quotes.
    #[schemars(extend("x-alias" = "from"))]
    pub provider: AgentIdentification,
    /// The reference of the quote among the provider's.
    #[schemars(extend("x-generated" = true))]
    pub quote: Uetr,
    /// What the provider sells. The amounts are in it.
    #[schemars(extend("x-alias" = "sells"))]
    pub currency: CurrencyCode,
    /// What the provider is paid in.
    #[schemars(extend("x-alias" = "buys"))]
    pub counter_currency: CurrencyCode,
    /// How many major units of `currency` the provider gives for one of `counter_currency`.
    pub rate: Rate,
    /// The least that one acceptance buys, in minor units, unless it buys all that is left.
    pub minimum: Amount,
    /// The most that one acceptance buys, in minor units.
    pub maximum: Amount,
    /// The most that all acceptances buy, in minor units.
    pub size: Amount,
    /// From this block time on it cannot be accepted.
    pub expires: Timestamp,
    /// How long after its acceptance an exchange may wait for funds: a long wait is an option that the provider gives away.
    pub settle_within_ms: DurationMs,
    /// The provider's margin, disclosed, in basis points of the rate.
    pub margin_bps: u32,
    /// The only institution that may accept it; none for everybody.
    pub to: Option<AgentIdentification>,
}

/// The largest margin, in basis points: all of it.
const MARGIN_BPS_MAX: u32 = 10_000;

impl Execute for Quote {
    fn check_alone(&self) -> Result<(), Rejection> {
        let invalid = |field, rule| Err(Rejection::InvalidField { field, rule });
        if self.currency == self.counter_currency {
            return invalid("counter_currency", "must be another currency");
        }
        if self.minimum > self.maximum || self.maximum > self.size {
            return invalid("maximum", "must lie between the minimum and the size");
        }
        if self.margin_bps > MARGIN_BPS_MAX {
            return invalid("margin_bps", "must be at most 10000");
        }
        checks::amount_alone(self.minimum)?;
        checks::amount_alone(self.size)
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let provider = checks::debtor_agent_known(state, &self.provider)?;
        Ok(Authority::of(provider, Some((self.currency, self.size))))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let (state, time) = (&*execution.state, execution.time);
        let provider = checks::debtor_agent(state, &self.provider)?;
        let key = InstructionKey {
            agent: provider,
            uetr: self.quote,
        };
        if let Some(earlier) = state.quote(&key) {
            // The same quote again has the same answer and no second effect.
            return if earlier.instruction == execution.instruction {
                Ok(())
            } else {
                Err(Rejection::QuoteConflict { quote: self.quote })
            };
        }
        checks::exchange_licence(
            (state, time),
            (provider, &self.provider),
            None,
            (self.currency, self.maximum),
        )?;
        let rules = &state.rules().common;
        let latest = time.after(rules.exchange.quote_validity_max_ms);
        if self.expires <= time || self.expires > latest {
            return Err(Rejection::QuoteExpiry { latest });
        }
        let given = self.to.as_ref();
        let to = given
            .map(|agent| checks::creditor_agent(state, agent))
            .transpose()?;
        for currency in [self.currency, self.counter_currency] {
            checks::currency_moves(state, currency)?;
        }
        let currencies = (self.currency, self.counter_currency);
        exchange::check_band(state, time, currencies, self.rate)?;
        let most = usize::try_from(rules.exchange.quotes_max).unwrap_or(usize::MAX);
        if state.open_quotes(provider, time).take(most).count() >= most {
            let agent = self.provider.clone();
            return Err(Rejection::QuotesMax { agent });
        }
        let record = QuoteRecord {
            instruction: execution.instruction,
            currency: self.currency,
            counter_currency: self.counter_currency,
            rate: self.rate,
            minimum: self.minimum,
            maximum: self.maximum,
            remaining: self.size,
            expires: self.expires,
            settle_within_ms: self.settle_within_ms,
            margin_bps: self.margin_bps,
            to,
            status: QuoteStatus::Open,
            // An acceptance that was signed in time may wait for its other signatures for so long.
            retained_until: self.expires.after(rules.validity_max_ms),
        };
        execution.state.put_quote(key, record);
        Ok(())
    }
    fn example() -> Self {
        Self {
            provider: "KRVNPKKA".parse().expect("constant"),
            quote: "8a562c67-ca16-48ba-b074-65581be6f004"
                .parse()
                .expect("constant"),
            currency: "PKR".parse().expect("constant"),
            counter_currency: "KGS".parse().expect("constant"),
            rate: "3.2".parse().expect("constant"),
            minimum: Amount::from_minor(10_000),
            maximum: Amount::from_minor(5_000_000),
            size: Amount::from_minor(20_000_000),
            expires: Timestamp::from_millis(1_790_000_060_000),
            settle_within_ms: DurationMs::from_millis(600_000),
            margin_bps: 25,
            to: Some("KGBIK:109001".parse().expect("constant")),
        }
    }
}
