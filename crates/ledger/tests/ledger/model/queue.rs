//! The model's queue: one list of what waits, sorted anew whenever somebody asks for its order.

use super::books::{Account, Model, whole};
use super::broken::Break;
use super::instructions::{Item, Turn};
use karwan_ledger::{OnShortage, PaymentTerms, Priority};
use karwan_types::{AccountNumber, CurrencyCode, Lei, TransactionStatus, Uetr};

/// One payment that waits.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    pub(crate) agent: Lei,
    pub(crate) terms: PaymentTerms,
    pub(crate) debit: AccountNumber,
    pub(crate) class: Priority,
    pub(crate) place: u64,
    pub(crate) from: u64,
    pub(crate) until: u64,
}

/// What one institution is willing to pay another net.
#[derive(Clone, Debug)]
pub(crate) struct Limit {
    pub(crate) debtor: Lei,
    pub(crate) creditor: Lei,
    pub(crate) currency: CurrencyCode,
    pub(crate) limit: i128,
    pub(crate) position: i128,
}

impl Model {
    /// Settles a payment, lets it wait, or refuses it.
    pub(crate) fn pay(&mut self, turn: &Turn, terms: &PaymentTerms, item: &Item) {
        let (debit, credit, from) = match self.payable(terms) {
            Ok(payable) => payable,
            Err(code) => return self.book(turn, item, TransactionStatus::Rjct, Some(code)),
        };
        if from <= self.time {
            match self.pay_now(&debit, &credit, terms.amount.minor(), terms.priority) {
                Ok(()) => return self.book(turn, item, TransactionStatus::Acsc, None),
                Err(code) if terms.on_shortage == OnShortage::Refuse => {
                    return self.book(turn, item, TransactionStatus::Rjct, Some(code));
                }
                Err(_) => {}
            }
        }
        let rules = &self.rulebook.common.queue;
        let most = usize::try_from(rules.account_entries_max).expect("small");
        if self.queue_of(&debit).len() >= most {
            return self.book(turn, item, TransactionStatus::Rjct, Some(1304));
        }
        let longest = from.max(self.time) + rules.waiting_max_ms.millis();
        let until = match terms.reject_time {
            Some(reject) => longest.min(reject.millis()),
            None => longest,
        };
        self.entries_ever += 1;
        self.queue.push(Entry {
            number: self.entries_ever,
            agent: item.sum.agent,
            terms: terms.clone(),
            debit,
            class: terms.priority,
            place: self.entries_ever,
            from,
            until,
        });
        self.book(turn, item, TransactionStatus::Pdng, None);
    }

    /// Moves money at once if nothing that waits comes first, the debtor's limits allow it, and there is enough.
    pub(crate) fn pay_now(
        &mut self,
        debit: &AccountNumber,
        credit: &AccountNumber,
        amount: u128,
        class: Priority,
    ) -> Result<(), u16> {
        if self.stands_behind(debit, class) {
            return Err(1302);
        }
        self.settle_alone(debit, credit, amount, class)
    }
    pub(crate) fn settle_alone(
        &mut self,
        debit: &AccountNumber,
        credit: &AccountNumber,
        amount: u128,
        class: Priority,
    ) -> Result<(), u16> {
        let (debtor, creditor, currency) = self.parties(debit, credit);
        let amount = whole(amount);
        for limit in &self.limits {
            let concerned =
                limit.debtor == debtor && limit.creditor == creditor && limit.currency == currency;
            let above = limit.position + amount > limit.limit;
            if concerned && above && !self.breaks(Break::PaysAboveLimits) {
                return Err(1303);
            }
        }
        let account = self.account(debit).expect("looked up before");
        if Self::usable(account, class) < amount && !self.breaks(Break::PaysWithoutFunds) {
            return Err(1301);
        }
        self.move_money(debit, credit, amount, class);
        Ok(())
    }
    fn parties(&self, debit: &AccountNumber, credit: &AccountNumber) -> (Lei, Lei, CurrencyCode) {
        let debit = self.account(debit).expect("looked up before");
        let credit = self.account(credit).expect("looked up before");
        (debit.owner, credit.owner, debit.currency)
    }
    /// Moves money, uses up what was reserved for the class, and counts it towards the limits of both.
    pub(crate) fn move_money(
        &mut self,
        debit: &AccountNumber,
        credit: &AccountNumber,
        amount: i128,
        class: Priority,
    ) {
        let (debtor, creditor, currency) = self.parties(debit, credit);
        for limit in &mut self.limits {
            if limit.currency != currency {
                continue;
            }
            if limit.debtor == debtor && limit.creditor == creditor {
                limit.position += amount;
            }
            if limit.debtor == creditor && limit.creditor == debtor {
                limit.position -= amount;
            }
        }
        let keeps = self.breaks(Break::KeepsReservations);
        let account = self.account_mut(debit);
        account.posted -= amount;
        match class {
            Priority::Urgt | Priority::High if keeps => {}
            Priority::Urgt => account.for_urgent = (account.for_urgent - amount).max(0),
            Priority::High => account.for_high = (account.for_high - amount).max(0),
            Priority::Norm => {}
        }
        let lost = i128::from(self.breaks(Break::LosesAUnit));
        self.account_mut(credit).posted += amount - lost;
        self.touch(credit);
    }
    /// What a payment of a class can use of an account.
    pub(crate) fn usable(account: &Account, class: Priority) -> i128 {
        if account.class == karwan_ledger::AccountClass::IssuerContra {
            return i128::MAX / 2;
        }
        let free = account.posted - account.held;
        match class {
            Priority::Urgt => free,
            Priority::High => free - account.for_urgent,
            Priority::Norm => free - account.for_urgent - account.for_high,
        }
    }

    /// Whether nothing but money keeps an entry waiting.
    pub(crate) fn may_go(&self, entry: &Entry) -> bool {
        let currency = self.currency(entry.terms.currency);
        let halted = currency.is_none_or(|currency| currency.halted);
        let over = self.time > entry.until && !self.breaks(Break::SettlesTooLate);
        entry.from <= self.time && !over && !halted
    }
    /// Whether a new payment has to wait for those that wait already.
    pub(crate) fn stands_behind(&self, account: &AccountNumber, class: Priority) -> bool {
        self.queue.iter().any(|entry| {
            let before = match class {
                Priority::Urgt => entry.class == Priority::Urgt,
                Priority::High | Priority::Norm => self.is_strict(entry.class),
            };
            entry.debit == *account && before && self.may_go(entry)
        })
    }
    /// Whether an urgent or high payment before it keeps it from settling.
    pub(crate) fn is_held_back(&self, number: u64) -> bool {
        let account = self.entry(number).debit.clone();
        for other in self.queue_of(&account) {
            if other == number {
                return false;
            }
            let other = self.entry(other);
            if self.is_strict(other.class) && self.may_go(other) {
                return true;
            }
        }
        false
    }
    /// The numbers of everything that waits, in the order of the queue.
    pub(crate) fn whole_queue(&self) -> Vec<u64> {
        let mut entries: Vec<&Entry> = self.queue.iter().collect();
        entries.sort_by_key(|entry| (entry.class, entry.place, entry.number));
        entries.iter().map(|entry| entry.number).collect()
    }
    /// Those that wait for one account.
    pub(crate) fn queue_of(&self, account: &AccountNumber) -> Vec<u64> {
        let mut numbers = self.whole_queue();
        numbers.retain(|number| self.entry(*number).debit == *account);
        numbers
    }
    pub(crate) fn entry(&self, number: u64) -> &Entry {
        let found = self.queue.iter().find(|entry| entry.number == number);
        found.expect("it waits")
    }
    pub(crate) fn entry_mut(&mut self, number: u64) -> &mut Entry {
        let found = self.queue.iter_mut().find(|entry| entry.number == number);
        found.expect("it waits")
    }
    /// The number under which a payment waits.
    pub(crate) fn queued(&self, agent: Lei, uetr: Uetr) -> Option<u64> {
        let is = |entry: &&Entry| entry.agent == agent && entry.terms.uetr == uetr;
        self.queue.iter().find(is).map(|entry| entry.number)
    }

    /// Something changed for the better for an account: whoever waits there is looked at when the block ends.
    pub(crate) fn touch(&mut self, account: &AccountNumber) {
        let waits = self.queue.iter().any(|entry| entry.debit == *account);
        let waits = waits && !self.breaks(Break::ReleasesNothing);
        if waits && !self.touched.contains(account) {
            self.touched.push(account.clone());
        }
    }
    pub(crate) fn touch_all(&mut self, concerned: impl Fn(&Account) -> bool) {
        let all = self.accounts.iter().filter(|account| concerned(account));
        let numbers: Vec<AccountNumber> = all.map(|account| account.number.clone()).collect();
        for number in numbers {
            self.touch(&number);
        }
    }
    /// What waited for its time has its turn.
    pub(crate) fn touch_what_starts(&mut self, before: u64) {
        let starts = |entry: &&Entry| entry.from > before && entry.from <= self.time;
        let accounts = self.queue.iter().filter(starts);
        let accounts: Vec<AccountNumber> = accounts.map(|entry| entry.debit.clone()).collect();
        for account in accounts {
            self.touch(&account);
        }
    }
    pub(crate) fn leave_queue(&mut self, number: u64) -> Entry {
        let is = |entry: &Entry| entry.number == number;
        let place = self.queue.iter().position(is).expect("it waits");
        let entry = self.queue.remove(place);
        self.touch(&entry.debit);
        entry
    }
    pub(crate) fn refuse_waiting(&mut self, number: u64, code: u16) {
        let entry = self.leave_queue(number);
        let status = TransactionStatus::Rjct;
        self.change(entry.agent, entry.terms.uetr, status, Some(code));
    }
    /// The money has moved: takes the entry out and says so.
    pub(crate) fn finish_waiting(&mut self, number: u64, credit: AccountNumber) {
        let entry = self.leave_queue(number);
        let payment = self.payment_mut(entry.agent, entry.terms.uetr);
        payment.sum.debit = Some(entry.debit);
        payment.sum.credit = Some(credit);
        let status = TransactionStatus::Acsc;
        self.change(entry.agent, entry.terms.uetr, status, None);
    }

    /// The end of a block: accounts by number, each from the front of its queue, until no account is left that changed.
    pub(crate) fn release(&mut self) {
        loop {
            self.touched.sort();
            if self.touched.is_empty() {
                return;
            }
            let account = self.touched.remove(0);
            for number in self.queue_of(&account) {
                if self.may_go(self.entry(number)) {
                    self.try_waiting(number);
                }
            }
        }
    }
    fn try_waiting(&mut self, number: u64) {
        let entry = self.entry(number).clone();
        let refusing = entry.terms.on_shortage == OnShortage::Refuse;
        if self.is_held_back(number) {
            if refusing {
                self.refuse_waiting(number, 1302);
            }
            return;
        }
        let (debit, credit, _) = match self.payable(&entry.terms) {
            Ok(payable) => payable,
            Err(code) => return self.refuse_waiting(number, code),
        };
        let amount = entry.terms.amount.minor();
        match self.settle_alone(&debit, &credit, amount, entry.class) {
            Ok(()) => self.finish_waiting(number, credit),
            Err(code) if refusing => self.refuse_waiting(number, code),
            Err(_) => {}
        }
    }
}
