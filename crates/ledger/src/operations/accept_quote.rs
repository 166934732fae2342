//! `AcceptQuote`: an institution takes a firm quote. That matches an exchange at once, because the provider has signed its quote.
//!
//! The acceptance says everything that the taker agrees to, amounts and rate included, so that no other quote under the same
//! reference can take the place of the one that was seen. The reference of the provider's payment follows from the instruction:
//! a taker that could choose it might use up a reference of the provider's.
//!
//! An exchange may wait for the provider's money, and for its time; not for the taker's: who accepts has what it pays.

use super::Execute;
use super::pay_versus_payment::{check_settle_till, check_times, last_before};
use super::terms::{OnShortage, PaymentKind, PaymentTerms, Priority};
use super::together::Together;
use crate::authority::Authority;
use crate::exchange::{self, ExchangeRecord, ExchangeStatus, QuoteRecord, QuoteStatus};
use crate::execution::{Execution, Item};
use crate::posting::{self, Transfer, signed};
use crate::records::{InstructionKey, RecordKind};
use crate::rejection::Rejection;
use crate::state::State;
use crate::{checks, limits, usage};
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, CurrencyCode, HashDomain, InstructionHash, Lei,
    Rate, Timestamp, Uetr, hash_of,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which side of the exchange the taker fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum DealtSide {
    /// It buys exactly the amount; what it pays is rounded up.
    Buy,
    /// It sells exactly the amount; what it gets is rounded down.
    Sell,
}

/// The acceptance of a quote, signed for the taker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AcceptQuote {
    /// Who accepts.
    #[schemars(extend("x-alias" = "from"))]
    pub taker: AgentIdentification,
    /// Who quoted.
    #[schemars(extend("x-alias" = "to"))]
    pub provider: AgentIdentification,
    /// The reference of the quote.
    pub quote: Uetr,
    /// The reference of what the taker pays.
    #[schemars(extend("x-generated" = true))]
    pub uetr: Uetr,
    /// Whether the taker buys or sells the amount.
    pub side: DealtSide,
    /// The currency of the amount.
    pub currency: CurrencyCode,
    /// The amount that is bought or sold, in minor units.
    pub amount: Amount,
    /// The other currency; how much of it follows from the rate.
    pub counter_currency: CurrencyCode,
    /// The rate of the quote: major units of what the taker buys for one of what it sells.
    pub rate: Rate,
    /// The account that the taker pays from; none means its settlement account.
    pub debtor_account: Option<AccountNumber>,
    /// The account that the taker is paid on; none means its settlement account.
    pub creditor_account: Option<AccountNumber>,
    /// The exchange settles from this block time on; none for at once.
    pub settle_from: Option<Timestamp>,
    /// From this block time on it is refused; no later than the quote allows.
    pub settle_till: Timestamp,
}

/// A sum of one currency against another.
struct Deal {
    sells: (CurrencyCode, Amount),
    buys: (CurrencyCode, Amount),
}

impl AcceptQuote {
    /// What the taker sells and buys, rounded as the semantics say, §0.
    fn deal(&self) -> Result<Deal, Rejection> {
        let (fixed, other) = (self.currency, self.counter_currency);
        let (deal, follows) = match self.side {
            DealtSide::Buy => {
                let sold = self.rate.sold(self.amount, other, fixed);
                let sold = sold.ok_or(Rejection::AmountDigits)?;
                let deal = Deal {
                    sells: (other, sold),
                    buys: (fixed, self.amount),
                };
                (deal, sold)
            }
            DealtSide::Sell => {
                let bought = self.rate.bought(self.amount, fixed, other);
                let bought = bought.ok_or(Rejection::AmountDigits)?;
                let deal = Deal {
                    sells: (fixed, self.amount),
                    buys: (other, bought),
                };
                (deal, bought)
            }
        };
        checks::amount_alone(follows)?;
        Ok(deal)
    }
    /// What the taker pays.
    fn own_leg(&self, deal: &Deal) -> PaymentTerms {
        let (currency, amount) = deal.sells;
        PaymentTerms {
            kind: PaymentKind::FinancialInstitution,
            instruction_id: None,
            end_to_end_id: "NOTPROVIDED".parse().expect("constant"),
            uetr: self.uetr,
            currency,
            amount,
            settlement_date: None,
            debtor_agent: self.taker.clone(),
            debtor_account: self.debtor_account.clone(),
            creditor_agent: self.provider.clone(),
            creditor_account: None,
            charge_bearer: None,
            // The provider has agreed to no urgency.
            priority: Priority::Norm,
            on_shortage: OnShortage::Queue,
            from_time: None,
            till_time: None,
            reject_time: None,
            purpose: None,
            local_purpose: None,
            commitments: Vec::new(),
            message_hash: None,
            ivms_commitment: None,
            pair_tag: None,
        }
    }
    /// What the provider pays.
    fn other_leg(&self, deal: &Deal, uetr: Uetr) -> PaymentTerms {
        let (currency, amount) = deal.buys;
        PaymentTerms {
            uetr,
            currency,
            amount,
            debtor_agent: self.provider.clone(),
            debtor_account: None,
            creditor_agent: self.taker.clone(),
            creditor_account: self.creditor_account.clone(),
            ..self.own_leg(deal)
        }
    }
    /// The quote, which stands and offers what is accepted.
    fn find_quote(
        &self,
        execution: &Execution<'_>,
        (taker, provider): (Lei, Lei),
        deal: &Deal,
    ) -> Result<(InstructionKey, QuoteRecord), Rejection> {
        let (state, quote) = (&*execution.state, self.quote);
        let key = InstructionKey {
            agent: provider,
            uetr: quote,
        };
        let record = state.quote(&key).cloned();
        let record = record.ok_or(Rejection::QuoteUnknown { quote })?;
        if record.to.is_some_and(|to| to != taker) {
            return Err(Rejection::QuoteAddressee { quote });
        }
        if record.status == QuoteStatus::Withdrawn {
            return Err(Rejection::QuoteWithdrawn { quote });
        }
        let expires = record.expires;
        if expires <= execution.time {
            return Err(Rejection::QuoteStale { quote, expires });
        }
        let (bought, amount) = deal.buys;
        let offered = (record.currency, record.counter_currency, record.rate);
        if offered != (bought, deal.sells.0, self.rate) {
            return Err(Rejection::QuoteDiffers { quote });
        }
        if amount > record.maximum || amount > record.remaining {
            return Err(Rejection::QuoteMaximum { quote });
        }
        if amount < record.minimum && amount != record.remaining {
            return Err(Rejection::QuoteMinimum { quote });
        }
        let latest = execution.time.after(record.settle_within_ms);
        if self.settle_till > latest {
            return Err(Rejection::SettleTill { latest });
        }
        exchange::check_band(state, execution.time, (bought, deal.sells.0), self.rate)?;
        Ok((key, record))
    }
}

/// Whether the taker has the money for this and for everything else that waits on its account. A provider is bound without
/// a further signature, and what it owes stands in its queue: whoever cannot pay must not fill that.
fn check_means(
    (state, time): (&State, Timestamp),
    taker: Lei,
    leg: &PaymentTerms,
) -> Result<(), Rejection> {
    let Some(account) = leg.debit_account(state) else {
        return Ok(());
    };
    // Another's account is refused with the other rules, and tells nothing here.
    let Some(row) = state.account(&account).filter(|row| row.owner == taker) else {
        return Ok(());
    };
    let waiting = state.standings(&account).flat_map(|(.., number)| {
        let legs = state.queue_entry(*number).legs.iter();
        legs.filter(|leg| leg.debit == account)
    });
    let asked = waiting.fold(signed(leg.amount), |sum, leg| {
        sum.saturating_add(signed(leg.terms.amount))
    });
    if row.available_for(leg.priority) < asked {
        return Err(Rejection::InsufficientFunds { account });
    }
    posting::check_repaid(state, &account)?;
    check_willing(state, time, (&account, leg))
}

/// Nothing of the taker's own may keep the exchange waiting either: it would hold the provider to its rate until the taker lifts
/// its limit, or never does.
fn check_willing(
    state: &State,
    time: Timestamp,
    (debit, leg): (&AccountNumber, &PaymentTerms),
) -> Result<(), Rejection> {
    let flow = leg.flow(state)?;
    usage::check(state, time, core::slice::from_ref(&flow)).map_err(|(_, why)| why)?;
    let Some(credit) = leg.credit_account(state, flow.creditor) else {
        return Ok(());
    };
    let owner = state.account(&credit).map(|row| row.owner);
    if owner != Some(flow.creditor) || credit == *debit {
        // Refused with the other rules.
        return Ok(());
    }
    let transfer = Transfer {
        debit: debit.clone(),
        credit,
        amount: leg.amount,
        class: leg.priority,
    };
    limits::check(state, core::slice::from_ref(&transfer))
}

/// The reference of the provider's payment.
fn derived_uetr(instruction: InstructionHash) -> Uetr {
    let hash = hash_of(HashDomain::DerivedReference, &[instruction.0.as_bytes()]);
    let half = hash.as_bytes().first_chunk();
    Uetr::from_random_bytes(*half.expect("a hash has more than 16 bytes"))
}

impl Execute for AcceptQuote {
    fn check_alone(&self) -> Result<(), Rejection> {
        if self.currency == self.counter_currency {
            return Err(Rejection::InvalidField {
                field: "counter_currency",
                rule: "must be another currency",
            });
        }
        check_times(self.settle_from, self.settle_till)?;
        checks::amount_alone(self.amount)?;
        self.deal().map(|_| ())
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let taker = checks::debtor_agent_known(state, &self.taker)?;
        Ok(Authority::of(taker, Some(self.deal()?.sells)))
    }
    fn items(&self, state: &State) -> Vec<Item> {
        let Ok(deal) = self.deal() else {
            return Vec::new();
        };
        let own = self.own_leg(&deal);
        own.item(state, RecordKind::Payment).into_iter().collect()
    }
    fn execute(&self, execution: &mut Execution<'_>, open: &[Item]) -> Result<(), Rejection> {
        let [own] = open else {
            return Ok(());
        };
        let taker = checks::debtor_agent(execution.state, &self.taker)?;
        let provider = checks::creditor_agent(execution.state, &self.provider)?;
        if taker == provider {
            return Err(Rejection::ExchangeSides);
        }
        let deal = self.deal()?;
        // A quote of an institution that has lost its licence stands no more.
        let at = (&*execution.state, execution.time);
        checks::exchange_licence(at, (taker, &self.taker), Some(provider), deal.sells)?;
        checks::exchange_licence(at, (provider, &self.provider), Some(taker), deal.buys)?;
        let (key, mut quote) = self.find_quote(execution, (taker, provider), &deal)?;
        check_settle_till(execution, self.settle_till)?;
        let uetr = derived_uetr(execution.instruction);
        let legs = [self.own_leg(&deal), self.other_leg(&deal, uetr)];
        check_means((execution.state, execution.time), taker, &legs[0])?;
        let unknown = Rejection::QuoteUnknown { quote: self.quote };
        let other = legs[1].item(execution.state, RecordKind::Payment);
        let other = other.ok_or(unknown)?;
        if execution.state.record(&other.key).is_some() {
            return Err(Rejection::UetrConflict { uetr });
        }
        let record = ExchangeRecord {
            legs: [own.key, other.key],
            quote: Some(key),
            settle_till: self.settle_till,
            status: ExchangeStatus::Proposed,
            height: execution.height,
            retained_until: execution.valid_until,
        };
        execution.state.put_exchange(execution.instruction, record);
        let together = Together {
            legs: legs.iter().collect(),
            from: self.settle_from.unwrap_or(execution.time),
            until: last_before(self.settle_till),
        };
        together.settle_or_wait(execution, &[own.clone(), other]);
        let exchange = execution.state.exchange(&execution.instruction);
        let taken = exchange.is_some_and(|exchange| match exchange.status {
            ExchangeStatus::Matched | ExchangeStatus::Settled => true,
            ExchangeStatus::Proposed
            | ExchangeStatus::Expired
            | ExchangeStatus::Cancelled
            | ExchangeStatus::Refused => false,
        });
        if taken {
            // What is accepted stays used, whatever becomes of it: a firm quote is not a revolving one.
            let left = quote.remaining.checked_sub(deal.buys.1);
            quote.remaining = left.unwrap_or(Amount::ZERO);
            execution.state.put_quote(key, quote);
        }
        Ok(())
    }
    fn example() -> Self {
        Self {
            taker: "KGBIK:109001".parse().expect("constant"),
            provider: "KRVNPKKA".parse().expect("constant"),
            quote: "8a562c67-ca16-48ba-b074-65581be6f004"
                .parse()
                .expect("constant"),
            uetr: "8a562c67-ca16-48ba-b074-65581be6f005"
                .parse()
                .expect("constant"),
            side: DealtSide::Buy,
            currency: "PKR".parse().expect("constant"),
            amount: Amount::from_minor(1_234_500),
            counter_currency: "KGS".parse().expect("constant"),
            rate: "3.2".parse().expect("constant"),
            debtor_account: None,
            creditor_account: None,
            settle_from: None,
            settle_till: Timestamp::from_millis(1_790_000_600_000),
        }
    }
}
