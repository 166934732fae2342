//! Payments that settle together: at once, later as one entry of the queue, or not at all. What linked payments and the two
//! legs of an exchange have in common.
//!
//! An entry has one class, the least urgent of its legs: nobody's payment is made more urgent by what it is tied to. In the
//! queue the legs are posted in one moment, so that one may be paid out of what another brings.

use super::terms::{OnShortage, PaymentTerms, Priority};
use crate::execution::{Execution, Item, Route};
use crate::posting::Transfer;
use crate::queue::{self, QueuedLeg};
use crate::records::AccountClass;
use crate::rejection::Rejection;
use crate::state::State;
use crate::travel_rule::{self, Counted};
use crate::{checks, limits, usage};
use karwan_types::{AccountNumber, Lei, Timestamp};
use std::collections::BTreeSet;

/// Which leg fails, and why.
pub(super) type LegRejection = (usize, Rejection);

/// Payments of one instruction that settle together.
pub(super) struct Together<'a> {
    pub(super) legs: Vec<&'a PaymentTerms>,
    /// Not before this time.
    pub(super) from: Timestamp,
    /// The last time at which they may settle.
    pub(super) until: Timestamp,
}

/// What the rules say of all legs now.
pub(super) struct Examined {
    routes: Vec<Route>,
    /// When the last leg may settle.
    from: Timestamp,
    /// The first leg whose currency is halted by its issuer, or that an order stops.
    pub(super) halted: Option<LegRejection>,
    /// The first leg that waits for its attestation.
    unattested: Option<LegRejection>,
}

impl Together<'_> {
    /// The class of all legs.
    fn class(&self) -> Priority {
        let classes = self.legs.iter().map(|leg| leg.priority);
        classes.max().unwrap_or(Priority::Norm)
    }
    /// Whether every leg may wait.
    pub(super) fn may_wait(&self) -> bool {
        self.legs
            .iter()
            .all(|leg| leg.on_shortage == OnShortage::Queue)
    }

    /// Checks 6 to 12 for every leg; a halted currency and an order that stops a leg are told apart: they suspend all of them, and
    /// are no fault of the payment.
    pub(super) fn examine(&self, state: &State, time: Timestamp) -> Result<Examined, LegRejection> {
        let mut examined = Examined {
            routes: Vec::with_capacity(self.legs.len()),
            from: self.from.max(time),
            halted: None,
            unattested: None,
        };
        for (index, leg) in self.legs.iter().enumerate() {
            let found = match leg.examine_but_attestation(state, time) {
                Err(rejection) if is_suspended(&rejection) => {
                    examined.halted.get_or_insert((index, rejection));
                    leg.stand(state).map(|route| (route, time))
                }
                found => found,
            };
            let (route, from) = found.map_err(|rejection| (index, rejection))?;
            examined.from = examined.from.max(from);
            examined.routes.push(route);
        }
        let legs = self.legs.iter().copied();
        match travel_rule::check_attested(state, time, legs, &Counted::default()) {
            Err((leg, rejection)) if !rejection.waits() => return Err((leg, rejection)),
            attested => examined.unattested = attested.err(),
        }
        Ok(examined)
    }

    /// Whether every leg comes before the cut-off of its currency.
    fn cut_off(&self, state: &State, time: Timestamp) -> Result<(), LegRejection> {
        let mut legs = self.legs.iter().enumerate();
        legs.try_for_each(|(index, leg)| {
            let checked = checks::cut_off(state, time, leg);
            checked.map_err(|rejection| (index, rejection))
        })
    }

    /// Settles all legs now, lets them wait, or refuses them.
    pub(super) fn settle_or_wait(&self, execution: &mut Execution<'_>, open: &[Item]) {
        let time = execution.time;
        let in_time = self.cut_off(execution.state, time);
        let examined = in_time.and_then(|()| self.examine(execution.state, time));
        let examined = match examined {
            Ok(examined) => examined,
            Err((leg, rejection)) => return refuse_all(execution, open, leg, &rejection),
        };
        let answer = match examined.halted.as_ref().or(examined.unattested.as_ref()) {
            Some(waits) => Err(waits.clone()),
            None if examined.from > time => Ok(false),
            None => self
                .settle(execution.state, time, &examined.routes)
                .map(|()| true),
        };
        match answer {
            Ok(true) => open.iter().for_each(|item| execution.settled(item)),
            Err((leg, rejection)) if !self.may_wait() || !rejection.waits() => {
                refuse_all(execution, open, leg, &rejection);
            }
            Ok(false) | Err(_) => self.queue(execution, open, &examined),
        }
    }

    /// What all legs would move.
    fn transfers(&self, routes: &[Route]) -> Vec<Transfer> {
        let class = self.class();
        let transfer = |(leg, route): (&&PaymentTerms, &Route)| Transfer {
            debit: route.debit.clone(),
            credit: route.credit.clone(),
            amount: leg.amount,
            class,
        };
        self.legs.iter().zip(routes).map(transfer).collect()
    }
    /// Which limit the legs pass so that they would wait in vain.
    pub(super) fn too_much(
        &self,
        state: &State,
        time: Timestamp,
        examined: &Examined,
    ) -> Option<LegRejection> {
        let flows = usage::flows(state, &self.transfers(&examined.routes));
        let failed = usage::check(state, time, &flows).err();
        failed.filter(|(_, rejection)| !rejection.waits())
    }

    /// Puts all legs into the queue as one entry.
    pub(super) fn queue(&self, execution: &mut Execution<'_>, open: &[Item], examined: &Examined) {
        let leg = |((item, terms), route): ((&Item, &&PaymentTerms), &Route)| QueuedLeg {
            key: item.key,
            terms: (*terms).clone(),
            debit: route.debit.clone(),
        };
        let legs = open.iter().zip(&self.legs).zip(&examined.routes);
        let legs = legs.map(leg).collect();
        let place = (self.class(), examined.from, self.until);
        if let Err((leg, rejection)) = execution.enqueue_together(open, legs, place) {
            refuse_all(execution, open, leg, &rejection);
        }
    }

    /// Checks 12 and 13 for all legs and their movements, in one moment. An error has changed nothing.
    fn settle(
        &self,
        state: &mut State,
        time: Timestamp,
        routes: &[Route],
    ) -> Result<(), LegRejection> {
        let class = self.class();
        let transfers = self.transfers(routes);
        usage::check(state, time, &usage::flows(state, &transfers))?;
        for (index, route) in routes.iter().enumerate() {
            if queue::is_behind(state, &route.debit, class, time) {
                let account = route.debit.clone();
                return Err((index, Rejection::BehindQueue { account }));
            }
        }
        let culprit = |rejection: Rejection| (self.culprit(&rejection, routes), rejection);
        limits::settle(state, time, &transfers).map_err(culprit)?;
        travel_rule::consume(state, time, self.legs.iter().copied());
        Ok(())
    }

    /// The first leg that a shortage concerns.
    fn culprit(&self, rejection: &Rejection, routes: &[Route]) -> usize {
        let found = if let Rejection::InsufficientFunds { account } = rejection {
            routes.iter().position(|route| route.debit == *account)
        } else if let Rejection::BilateralLimit { currency } = rejection {
            self.legs.iter().position(|leg| leg.currency == *currency)
        } else {
            None
        };
        found.unwrap_or(0)
    }
}

/// Whether a leg is refused for something that will end without anybody mending the payment.
fn is_suspended(rejection: &Rejection) -> bool {
    let halted = matches!(
        rejection,
        Rejection::CurrencyHalted { .. } | Rejection::AboveOvernight { .. }
    );
    halted || rejection.is_stop()
}

/// Client money is never the house's, not by way of another institution either: who pays out of its clients' money is not
/// credited on its own account by the same instruction.
pub(super) fn check_client_money(state: &State, legs: &[&PaymentTerms]) -> Result<(), Rejection> {
    let row = |number: Option<AccountNumber>| {
        let number = number?;
        let row = state.account(&number)?;
        Some((number, row.owner, row.class))
    };
    let debits = legs.iter().filter_map(|leg| row(leg.debit_account(state)));
    let clients: BTreeSet<Lei> = debits
        .filter(|(_, _, class)| *class == AccountClass::ClientSegregated)
        .map(|(_, owner, _)| owner)
        .collect();
    for leg in legs {
        let creditor = state.agent(&leg.creditor_agent);
        let credit = creditor.and_then(|creditor| row(leg.credit_account(state, creditor)));
        match credit {
            Some((account, owner, AccountClass::Settlement)) if clients.contains(&owner) => {
                return Err(Rejection::CreditorAccountClass { account });
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// Whether all payments of an instruction are still open; otherwise the first that was cancelled meanwhile.
pub(super) fn check_all_open(legs: &[&PaymentTerms], open: &[Item]) -> Result<(), Rejection> {
    let is_open = |terms: &&PaymentTerms| open.iter().any(|item| item.key.uetr == terms.uetr);
    match legs.iter().position(|terms| !is_open(terms)) {
        Some(leg) => Err(Rejection::LegFailed {
            leg,
            cause: "CANCELLED",
        }),
        None => Ok(()),
    }
}

/// The failing leg gets its own reason, the others name it.
pub(super) fn refuse_all(
    execution: &mut Execution<'_>,
    open: &[Item],
    failed: usize,
    rejection: &Rejection,
) {
    let sibling = Rejection::LegFailed {
        leg: failed,
        cause: rejection.told(),
    };
    for (index, item) in open.iter().enumerate() {
        let reason = if index == failed { rejection } else { &sibling };
        execution.refuse(item, reason);
    }
}
