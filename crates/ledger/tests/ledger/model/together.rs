//! Payments that settle together in the model, and its register of exchanges.

use super::books::{Account, Model, Payment, whole};
use super::broken::Break;
use super::instructions::{Item, Turn};
use super::queue::{Leg, Move};
use super::usage::NO_ROOM;
use karwan_ledger::{AccountClass, ExchangeStatus, OnShortage, Operation, PaymentTerms, Priority};
use karwan_types::{AccountNumber, InstructionHash, Lei, TransactionStatus, Uetr};

/// An exchange in the register.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) hash: InstructionHash,
    pub(crate) operation: Operation,
    pub(crate) legs: [(Lei, Uetr); 2],
    pub(crate) status: ExchangeStatus,
    pub(crate) kept_until: u64,
}

/// What the rules say of all legs now.
pub(crate) struct Examined {
    moves: Vec<Move>,
    from: u64,
    /// The first leg whose currency its issuer has halted: nothing else is wrong.
    pub(crate) halted: Option<(usize, u16)>,
    /// The first leg that waits for its attestation.
    unattested: Option<(usize, u16)>,
}

/// The least urgent class among the legs.
fn class(legs: &[&PaymentTerms]) -> Priority {
    let classes = legs.iter().map(|leg| leg.priority);
    classes.max().expect("two legs at least")
}

impl Model {
    /// Whether somebody pays out of its clients' money, and is paid on an account of its own.
    pub(crate) fn takes_from_clients(&self, legs: &[&PaymentTerms]) -> bool {
        let account = |agent, number: &Option<AccountNumber>, currency| {
            let usual = || {
                let lei = self.who(agent)?;
                self.usual_account(lei, currency)
            };
            match number {
                Some(number) => self.account(number),
                None => usual(),
            }
        };
        legs.iter().any(|out| {
            let debit = account(&out.debtor_agent, &out.debtor_account, out.currency);
            let clients = |one: &&Account| one.class == AccountClass::ClientSegregated;
            let Some(debit) = debit.filter(clients) else {
                return false;
            };
            legs.iter().any(|back| {
                let known = self.who(&back.creditor_agent).is_some();
                let credit = account(&back.creditor_agent, &back.creditor_account, back.currency);
                let house = |one: &Account| {
                    one.owner == debit.owner && one.class == AccountClass::Settlement
                };
                known && credit.is_some_and(house)
            })
        })
    }
    pub(crate) fn examine(
        &self,
        legs: &[&PaymentTerms],
        from: u64,
    ) -> Result<Examined, (usize, u16)> {
        let mut examined = Examined {
            moves: Vec::new(),
            from: from.max(self.time),
            halted: None,
            unattested: None,
        };
        for (place, terms) in legs.iter().enumerate() {
            let found = match self.payable(terms) {
                Err(code) if [802, 1816].contains(&code) || self.is_stop(code, terms) => {
                    examined.halted = examined.halted.or(Some((place, code)));
                    let accounts = self.accounts_for(terms);
                    accounts.map(|(debit, credit)| (debit, credit, self.time))
                }
                payable => payable,
            };
            let (debit, credit, from) = found.map_err(|code| (place, code))?;
            examined.from = examined.from.max(from);
            let amount = whole(terms.amount.minor());
            examined.moves.push(Move {
                debit,
                credit,
                amount,
            });
        }
        match self.travel_checked(legs, &[]) {
            Err((place, code)) if code != 1111 => return Err((place, code)),
            checked => examined.unattested = checked.err(),
        }
        Ok(examined)
    }
    /// Which limit the legs pass so that they would wait in vain.
    pub(crate) fn too_much(&self, examined: &Examined) -> Option<(usize, u16)> {
        let failed = self.has_room(&[], &self.flows_of(&examined.moves)).err();
        failed.filter(|(_, code)| *code == NO_ROOM)
    }
    /// Lets all legs wait as one entry.
    pub(crate) fn queue_all(
        &mut self,
        turn: &Turn,
        open: &[Item],
        terms: &[&PaymentTerms],
        (examined, until): (&Examined, u64),
    ) {
        let leg = |((item, terms), one): ((&Item, &&PaymentTerms), &Move)| Leg {
            agent: item.sum.agent,
            terms: (*terms).clone(),
            debit: one.debit.clone(),
        };
        let legs = open.iter().zip(terms).zip(&examined.moves);
        let legs = legs.map(leg).collect();
        self.wait(turn, open, legs, (class(terms), examined.from, until));
    }
    /// Settles all legs in one moment, lets them wait, or refuses them.
    pub(crate) fn settle_or_wait(
        &mut self,
        turn: &Turn,
        open: &[Item],
        legs: &[&PaymentTerms],
        (from, until): (u64, u64),
    ) {
        let examined = match self.examine(legs, from) {
            Ok(examined) => examined,
            Err((place, code)) => return self.refuse_all(turn, open, place, code),
        };
        let behind = |one: &Move| self.stands_behind(&one.debit, class(legs));
        let answer = if let Some(halted) = examined.halted.or(examined.unattested) {
            Err(halted)
        } else if examined.from > self.time {
            Ok(false)
        } else if let Err(failed) = self.has_room(&[], &self.flows_of(&examined.moves)) {
            Err(failed)
        } else if let Some(place) = examined.moves.iter().position(behind) {
            Err((place, 1302))
        } else {
            let settled = self.settle_together(&examined.moves, class(legs));
            settled.map(|()| true)
        };
        let may_wait = legs.iter().all(|leg| leg.on_shortage == OnShortage::Queue);
        match answer {
            Ok(true) => {
                self.count_travelled(legs);
                for (place, item) in open.iter().enumerate() {
                    if place > 0 && self.breaks(Break::SettlesHalf) {
                        self.book(turn, item, TransactionStatus::Rjct, Some(1407));
                    } else {
                        self.book(turn, item, TransactionStatus::Acsc, None);
                    }
                }
            }
            Err((place, code)) if !may_wait || code == NO_ROOM => {
                self.refuse_all(turn, open, place, code);
            }
            Ok(false) | Err(_) => self.queue_all(turn, open, legs, (&examined, until)),
        }
    }

    pub(crate) fn exchange_of(&self, operation: &Operation) -> Option<&Exchange> {
        self.exchanges
            .iter()
            .find(|one| one.operation == *operation)
    }
    /// The register says what one of an exchange's payments says.
    pub(crate) fn follow(&mut self, payment: &Payment) {
        let is = |one: &&mut Exchange| one.operation == payment.operation;
        let Some(one) = self.exchanges.iter_mut().find(is) else {
            return;
        };
        one.status = match payment.status {
            TransactionStatus::Patc => ExchangeStatus::Proposed,
            TransactionStatus::Pdng => ExchangeStatus::Matched,
            TransactionStatus::Canc => ExchangeStatus::Cancelled,
            TransactionStatus::Rjct if [Some(408), Some(1722)].contains(&payment.code) => {
                ExchangeStatus::Expired
            }
            TransactionStatus::Rjct => ExchangeStatus::Refused,
            _ => ExchangeStatus::Settled,
        };
        one.kept_until = one.kept_until.max(payment.kept_until);
    }
}
