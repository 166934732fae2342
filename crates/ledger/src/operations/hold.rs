//! `Hold`: sets an amount aside for a creditor until it is posted, voided, or expires.

use super::Execute;
use super::terms::PaymentTerms;
use crate::authority::Authority;
use crate::execution::{Execution, Item};
use crate::records::{CountedHours, RecordKind};
use crate::rejection::Rejection;
use crate::state::State;
use crate::travel_rule::TravelData;
use crate::{posting, queue, usage};
use karwan_types::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A payment that is set aside first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hold {
    /// What will be paid at most, and to whom.
    pub payment: PaymentTerms,
    /// Released at the start of the first block at or after this time.
    pub expires: Timestamp,
}

impl Execute for Hold {
    fn check_alone(&self) -> Result<(), Rejection> {
        self.payment.check_alone()
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        self.payment.authority(state)
    }
    fn items(&self, state: &State) -> Vec<Item> {
        let kind = RecordKind::Hold {
            expires: self.expires,
            payment: self.payment.kind,
            counted: CountedHours::default(),
            travel: TravelData {
                ivms_commitment: self.payment.ivms_commitment,
                pair_tag: self.payment.pair_tag,
            },
        };
        self.payment.item(state, kind).into_iter().collect()
    }
    fn execute(&self, execution: &mut Execution<'_>, open: &[Item]) -> Result<(), Rejection> {
        let longest = execution
            .time
            .after(execution.state.rules().common.validity_max_ms);
        // Nothing settles after its reject time, so nothing is held for longer.
        let latest = longest.min(self.payment.reject_time.unwrap_or(longest));
        if self.expires <= execution.time || self.expires > latest {
            return Err(Rejection::HoldExpiry { latest });
        }
        let route = self.payment.check(execution.state, execution.time)?;
        let flow = self.payment.flow(execution.state)?;
        let flows = core::slice::from_ref(&flow);
        usage::check(execution.state, execution.time, flows).map_err(|(_, why)| why)?;
        let class = self.payment.priority;
        if queue::is_behind(execution.state, &route.debit, class, execution.time) {
            return Err(Rejection::BehindQueue {
                account: route.debit,
            });
        }
        posting::hold(execution.state, &route.debit, self.payment.amount, class)?;
        let counted = usage::consume(execution.state, execution.time, flows);
        let counted = counted.first().copied().unwrap_or_default();
        for item in open {
            let mut item = item.clone();
            if let RecordKind::Hold { counted: hours, .. } = &mut item.kind {
                *hours = counted;
            }
            execution.pending(&item);
        }
        Ok(())
    }
    fn example() -> Self {
        Self {
            payment: PaymentTerms::example(),
            expires: Timestamp::from_millis(1_790_000_000_000),
        }
    }
}
