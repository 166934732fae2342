//! What block time brings about in the model, and what it lets it forget.

use super::books::{Model, Payment, What, whole};
use super::recalls::Stands;
use super::together::Exchange;
use karwan_ledger::FreezeSubject;
use karwan_types::{
    CurrencyCode, InstructionHash, JurisdictionCode, Lei, Max35Text, TransactionStatus, Uetr,
};

/// What is over at one time, in this order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Over {
    Hold(Lei, Uetr),
    Waiting(InstructionHash),
    Queued(u64),
    Recall(Lei, Uetr),
    Licence(Lei, Max35Text),
    Freeze(JurisdictionCode, FreezeSubject),
    Day(CurrencyCode),
}

impl Model {
    /// Rulebooks first, so that one version judges the whole block. Then earlier first; at one time holds, then instructions that
    /// wait for signatures, and what waits for funds.
    pub(super) fn end_what_is_over(&mut self) {
        let mut versions: Vec<(u64, u32)> = self
            .scheduled
            .iter()
            .map(|one| (one.from, one.rulebook.version))
            .filter(|(from, _)| *from <= self.time)
            .collect();
        versions.sort_unstable();
        for (_, version) in versions {
            self.bring_into_force(version);
        }
        let mut over = self.what_ends();
        over.retain(|(time, _)| *time <= self.time);
        over.sort();
        for (_, over) in over {
            match over {
                Over::Hold(agent, uetr) => {
                    let sum = self.payment(agent, uetr).expect("listed above").sum.clone();
                    let account = sum.debit.expect("a hold has its account");
                    self.let_go(&account, sum.amount);
                    self.uncount((agent, uetr), whole(sum.amount));
                    self.change(agent, uetr, TransactionStatus::Canc, None);
                }
                Over::Waiting(hash) => self.time_out(hash),
                Over::Recall(agent, uetr) => self.change_recall(agent, uetr, Stands::Late),
                Over::Day(currency) => self.end_day(currency),
                Over::Licence(lei, activity) => self.advance_licence(lei, &activity),
                Over::Freeze(place, subject) => {
                    self.end_freeze(place, &subject);
                    self.say_by_name("Freeze", TransactionStatus::Canc, None);
                }
                Over::Queued(number) => {
                    let entry = self.entry(number);
                    let asked = entry.legs.iter().filter_map(|leg| leg.terms.reject_time);
                    let asked = asked.min().map(|time| time.millis());
                    let first = &entry.legs[0];
                    let payment = self.payment(first.agent, first.terms.uetr);
                    let operation = &payment.expect("it waits").operation;
                    let unattested = self.waits_for_attestation(&entry.terms());
                    let over = entry.until < self.time;
                    if !over && !unattested {
                        let debits: Vec<_> =
                            entry.legs.iter().map(|leg| leg.debit.clone()).collect();
                        self.entry_mut(number).attest_by = None;
                        debits.iter().for_each(|debit| self.touch(debit));
                        continue;
                    }
                    let code = if over && self.exchange_of(operation).is_some() {
                        1722
                    } else if unattested {
                        1112
                    } else if asked == Some(entry.until) {
                        605
                    } else {
                        610
                    };
                    self.refuse_waiting(number, code);
                }
            }
        }
    }

    /// Everything that ends by itself, with the first moment at which it is over.
    fn what_ends(&self) -> Vec<(u64, Over)> {
        let mut over: Vec<(u64, Over)> = Vec::new();
        for payment in &self.payments {
            if let What::Hold(until) = payment.what
                && payment.status == TransactionStatus::Pdng
            {
                over.push((until, Over::Hold(payment.sum.agent, payment.sum.uetr)));
            }
        }
        for waiting in &self.waiting {
            over.push((waiting.until + 1, Over::Waiting(waiting.hash)));
        }
        for entry in &self.queue {
            let end = entry
                .attest_by
                .map_or(entry.until, |by| by.min(entry.until));
            over.push((end + 1, Over::Queued(entry.number)));
        }
        for one in self
            .recalls
            .iter()
            .filter(|one| one.stands == Stands::Waits)
        {
            over.push((one.answer_until + 1, Over::Recall(one.agent, one.uetr)));
        }
        for one in &self.licences {
            let end = one.ends();
            over.extend(end.map(|end| (end, Over::Licence(one.lei, one.activity.clone()))));
        }
        for one in &self.freezes {
            let over_it = || Over::Freeze(one.place, one.subject.clone());
            over.extend(one.until.map(|until| (until, over_it())));
        }
        for one in &self.currencies {
            let code = one.rules.code;
            over.push((self.day_is_over(code, one.today), Over::Day(code)));
        }
        over
    }
    pub(super) fn forget(&mut self) {
        let time = self.time;
        self.transactions.retain(|(_, until)| *until >= time);
        let is_kept = |one: &Exchange| !one.status.is_final() || one.kept_until >= time;
        self.exchanges.retain(is_kept);
        self.fixes.retain(|fix| fix.kept_until >= time);
        self.quotes.retain(|quote| quote.kept_until >= time);
        let rules = &self.rulebook.common.recall;
        let windows = rules.windows.iter().map(|one| one.window_ms);
        let window = windows
            .chain([rules.window_ms])
            .max()
            .expect("one at least");
        let longest = window.millis() + rules.answer_ms.millis();
        self.payments.retain_mut(|payment| {
            let over = matches!(
                payment.status,
                TransactionStatus::Acsc
                    | TransactionStatus::Accc
                    | TransactionStatus::Rjct
                    | TransactionStatus::Canc
            );
            if !over || payment.kept_until >= time {
                return true;
            }
            // It may be recalled for longer by now than when it settled.
            let recallable = matches!(payment.what, What::Payment | What::Hold(_));
            let until = payment.settled.filter(|_| recallable);
            let until = until.map(|settled| settled + longest);
            payment.kept_until =
                until.map_or(payment.kept_until, |until| until.max(payment.kept_until));
            payment.kept_until >= time
        });
        let payments = &self.payments;
        self.recalls.retain(|recall| {
            let of = |one: &Payment| one.sum.agent == recall.agent && one.sum.uetr == recall.uetr;
            payments.iter().any(of)
        });
    }
}
