//! `PayVersusPayment`: two institutions exchange two currencies. Both legs become final in one moment or neither does.
//!
//! The exchange is proposed when one side has signed and matched when both have. Nothing is held meanwhile: matched legs
//! settle at once when both sides have the money, and otherwise wait together until `settle_till`.

use super::Execute;
use super::terms::PaymentTerms;
use super::together::{Together, check_all_open, check_client_money};
use crate::authority::{Authority, Group, Need};
use crate::checks;
use crate::exchange::{ExchangeRecord, ExchangeStatus};
use crate::execution::{Execution, Item};
use crate::records::{Holder, RecordKind};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Two payments in opposite directions between two institutions, signed for both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PayVersusPayment {
    /// What one side pays. A leg has no date and no times of its own.
    pub leg_a: Box<PaymentTerms>,
    /// What the other side pays, in another currency.
    pub leg_b: Box<PaymentTerms>,
    /// The legs settle from this block time on; none for at once.
    pub settle_from: Option<Timestamp>,
    /// From this block time on they are refused.
    pub settle_till: Timestamp,
}

impl PayVersusPayment {
    fn legs(&self) -> [&PaymentTerms; 2] {
        [&self.leg_a, &self.leg_b]
    }
    /// Whether what one side pays out the other one receives, resolved to institutions.
    fn check_sides(&self, state: &State) -> Result<(), Rejection> {
        let [a, b] = self.legs();
        let creditor =
            |leg: &PaymentTerms| checks::creditor_agent_known(state, &leg.creditor_agent);
        let (payer, receiver) = (a.debtor(state)?, creditor(a)?);
        if payer != receiver && b.debtor(state)? == receiver && creditor(b)? == payer {
            Ok(())
        } else {
            Err(Rejection::ExchangeSides)
        }
    }
}

/// Times of an exchange make sense by themselves.
pub(super) fn check_times(
    settle_from: Option<Timestamp>,
    settle_till: Timestamp,
) -> Result<(), Rejection> {
    if settle_from.is_none_or(|from| from < settle_till) {
        return Ok(());
    }
    Err(Rejection::InvalidField {
        field: "settle_from",
        rule: "must be before settle_till",
    })
}

/// The last moment before a time.
pub(super) fn last_before(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.millis().saturating_sub(1))
}

impl Execute for PayVersusPayment {
    fn check_alone(&self) -> Result<(), Rejection> {
        let invalid = |field, rule| Err(Rejection::InvalidField { field, rule });
        let [a, b] = self.legs();
        if a.currency == b.currency {
            return invalid("leg_b", "must be in another currency than leg_a");
        }
        if a.uetr == b.uetr {
            return invalid("leg_b", "must have its own UETR");
        }
        let timeless = |leg: &PaymentTerms| {
            let times = [leg.from_time, leg.till_time, leg.reject_time];
            leg.settlement_date.is_none() && times.iter().all(Option::is_none)
        };
        if !timeless(a) || !timeless(b) {
            return invalid(
                "leg_a and leg_b",
                "must have no settlement_date and no times: settle_from and settle_till are those of both",
            );
        }
        check_times(self.settle_from, self.settle_till)?;
        a.check_alone()?;
        b.check_alone()
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        self.check_sides(state)?;
        let mut groups = Vec::with_capacity(2);
        for leg in self.legs() {
            groups.push(Group {
                holders: [Holder::Participant(leg.debtor(state)?)].into(),
                need: Need::Policy(Some((leg.currency, leg.amount))),
            });
        }
        Ok(Authority::new(groups))
    }
    fn is_atomic() -> bool {
        true
    }
    fn open_until(&self, valid_until: Timestamp) -> Timestamp {
        valid_until.min(last_before(self.settle_till))
    }
    fn items(&self, state: &State) -> Vec<Item> {
        let items = self.legs().into_iter();
        items
            .filter_map(|leg| leg.item(state, RecordKind::Payment))
            .collect()
    }
    fn register(&self, execution: &mut Execution<'_>) {
        let items = self.items(execution.state);
        let [a, b] = items.as_slice() else {
            return;
        };
        let record = ExchangeRecord {
            legs: [a.key, b.key],
            quote: None,
            settle_till: self.settle_till,
            status: ExchangeStatus::Proposed,
            height: execution.height,
            retained_until: execution.valid_until,
        };
        execution.state.put_exchange(execution.instruction, record);
    }
    fn execute(&self, execution: &mut Execution<'_>, open: &[Item]) -> Result<(), Rejection> {
        check_all_open(&self.legs(), open)?;
        self.check_sides(execution.state)?;
        check_client_money(execution.state, &self.legs())?;
        for leg in self.legs() {
            checks::leg_licence(execution.state, execution.time, leg)?;
        }
        check_settle_till(execution, self.settle_till)?;
        let together = Together {
            legs: self.legs().into(),
            from: self.settle_from.unwrap_or(execution.time),
            until: last_before(self.settle_till),
        };
        together.settle_or_wait(execution, open);
        Ok(())
    }
    fn example() -> Self {
        let mut leg_a = PaymentTerms::example();
        leg_a.settlement_date = None;
        let mut leg_b = leg_a.clone();
        leg_b.uetr = "8a562c67-ca16-48ba-b074-65581be6f002"
            .parse()
            .expect("constant");
        leg_b.currency = "KGS".parse().expect("constant");
        leg_b.amount = karwan_types::Amount::from_minor(385_781);
        leg_b.debtor_account = leg_a.creditor_account.take();
        core::mem::swap(&mut leg_b.debtor_agent, &mut leg_b.creditor_agent);
        leg_b.creditor_account = None;
        Self {
            leg_a: Box::new(leg_a),
            leg_b: Box::new(leg_b),
            settle_from: None,
            settle_till: Timestamp::from_millis(1_790_000_600_000),
        }
    }
}

/// An exchange that is matched now settles before a time that is still to come and not too far ahead.
pub(super) fn check_settle_till(
    execution: &Execution<'_>,
    settle_till: Timestamp,
) -> Result<(), Rejection> {
    let rules = &execution.state.rules().common.exchange;
    let latest = execution.time.after(rules.settlement_max_ms);
    if settle_till <= execution.time {
        return Err(Rejection::ExchangeExpired { till: settle_till });
    }
    if settle_till > latest {
        return Err(Rejection::SettleTill { latest });
    }
    Ok(())
}
