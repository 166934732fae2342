//! The model's queue: one list of what waits, sorted anew whenever somebody asks for its order.

use super::books::{Account, Model, whole};
use super::broken::Break;
use super::instructions::{Item, Turn};
use super::usage::NO_ROOM;
use karwan_ledger::{OnShortage, PaymentTerms, Priority};
use karwan_types::{AccountNumber, CurrencyCode, Lei, TransactionStatus, Uetr};

/// What waits as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    pub(crate) legs: Vec<Leg>,
    pub(crate) class: Priority,
    pub(crate) place: u64,
    pub(crate) from: u64,
    pub(crate) until: u64,
    pub(crate) attest_by: Option<u64>,
}

/// One payment of it.
#[derive(Clone, Debug)]
pub(crate) struct Leg {
    pub(crate) agent: Lei,
    pub(crate) terms: PaymentTerms,
    pub(crate) debit: AccountNumber,
}

/// Money from one account to another.
#[derive(Clone, Debug)]
pub(crate) struct Move {
    pub(crate) debit: AccountNumber,
    pub(crate) credit: AccountNumber,
    pub(crate) amount: i128,
}

impl Entry {
    pub(crate) fn debits(&self, account: &AccountNumber) -> bool {
        self.legs.iter().any(|leg| leg.debit == *account)
    }
    pub(crate) fn terms(&self) -> Vec<&PaymentTerms> {
        self.legs.iter().map(|leg| &leg.terms).collect()
    }
    /// Whether it may not wait for money, only for its time.
    fn refuses(&self) -> bool {
        self.legs.len() == 1 && self.legs[0].terms.on_shortage == OnShortage::Refuse
    }
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
        let settled = match self.attested_alone(terms) {
            Ok(()) if from > self.time => Ok(false),
            Ok(()) => {
                let paid = self.pay_now(&debit, &credit, terms.amount.minor(), terms.priority);
                paid.map(|()| true)
            }
            Err(code) => Err(code),
        };
        match settled {
            Ok(true) => {
                self.count_travelled(&[terms]);
                return self.book(turn, item, TransactionStatus::Acsc, None);
            }
            Err(code) if terms.on_shortage == OnShortage::Refuse || code == NO_ROOM => {
                return self.book(turn, item, TransactionStatus::Rjct, Some(code));
            }
            Ok(false) | Err(_) => {}
        }
        let longest = from.max(self.time) + self.rulebook.common.queue.waiting_max_ms.millis();
        let until = match terms.reject_time {
            Some(reject) => longest.min(reject.millis()),
            None => longest,
        };
        let leg = Leg {
            agent: item.sum.agent,
            terms: terms.clone(),
            debit,
        };
        let items = std::slice::from_ref(item);
        self.wait(turn, items, vec![leg], (terms.priority, from, until));
    }
    /// Lets payments wait as one entry, if there is room for each.
    pub(crate) fn wait(
        &mut self,
        turn: &Turn,
        items: &[Item],
        legs: Vec<Leg>,
        (class, from, until): (Priority, u64, u64),
    ) {
        let most = self.rulebook.common.queue.account_entries_max;
        let most = usize::try_from(most).expect("small");
        let full = |leg: &Leg| {
            let waiting = self.queue_of(&leg.debit).into_iter();
            let legs: usize = waiting.map(|number| self.entry(number).legs.len()).sum();
            legs >= most
        };
        if let Some(failed) = legs.iter().position(full) {
            return self.refuse_all(turn, items, failed, 1304);
        }
        let terms: Vec<&PaymentTerms> = legs.iter().map(|leg| &leg.terms).collect();
        let attest_by = self.attest_by(&terms, from);
        self.entries_ever += 1;
        self.queue.push(Entry {
            number: self.entries_ever,
            legs,
            class,
            place: self.entries_ever,
            from,
            until,
            attest_by,
        });
        for item in items {
            self.book(turn, item, TransactionStatus::Pdng, None);
        }
    }
    /// Refuses what settles together for one of its payments.
    pub(crate) fn refuse_all(&mut self, turn: &Turn, items: &[Item], failed: usize, code: u16) {
        for (place, item) in items.iter().enumerate() {
            let code = if place == failed { code } else { 1407 };
            self.book(turn, item, TransactionStatus::Rjct, Some(code));
        }
    }

    /// Moves money at once if nothing that waits comes first, the debtor's limits allow it, and there is enough.
    pub(crate) fn pay_now(
        &mut self,
        debit: &AccountNumber,
        credit: &AccountNumber,
        amount: u128,
        class: Priority,
    ) -> Result<(), u16> {
        let one = Move {
            debit: debit.clone(),
            credit: credit.clone(),
            amount: whole(amount),
        };
        let room = self.has_room(&[], &self.flows_of(&[one]));
        room.map_err(|(_, code)| code)?;
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
        self.covers(debit, credit, amount, class)?;
        self.move_money(debit, credit, whole(amount), class);
        Ok(())
    }
    /// Whether the debtor may pay so much and has it.
    pub(crate) fn covers(
        &self,
        debit: &AccountNumber,
        credit: &AccountNumber,
        amount: u128,
        class: Priority,
    ) -> Result<(), u16> {
        self.within_limits(debit, credit, amount)?;
        self.owes_nothing(debit)?;
        let account = self.account(debit).expect("looked up before");
        if Self::usable(account, class) < whole(amount) && !self.breaks(Break::PaysWithoutFunds) {
            return Err(1301);
        }
        Ok(())
    }
    /// Whether the debtor is willing to pay so much more.
    pub(crate) fn within_limits(
        &self,
        debit: &AccountNumber,
        credit: &AccountNumber,
        amount: u128,
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
        self.count_payment((debtor, creditor, currency, amount), None, [true, true]);
        self.move_back(debit, credit, amount, class);
    }
    /// The same for what the rulebook does not limit, or has counted already: the institutions' own limits count it.
    pub(crate) fn move_back(
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
        self.recover(credit);
        self.touch(credit);
        self.note_outflow(debit);
    }
    /// What a payment of a class can use of an account.
    pub(crate) fn usable(account: &Account, class: Priority) -> i128 {
        if account.class == karwan_ledger::AccountClass::IssuerContra {
            return i128::MAX / 2;
        }
        let lent = if account.overdue { 0 } else { account.line };
        let free = account.posted - account.held + lent;
        match class {
            Priority::Urgt => free,
            Priority::High => free - account.for_urgent,
            Priority::Norm => free - account.for_urgent - account.for_high,
        }
    }

    /// Whether nothing but money keeps an entry waiting.
    pub(crate) fn may_go(&self, entry: &Entry) -> bool {
        let halted = |leg: &Leg| {
            let currency = self.currency(leg.terms.currency);
            currency.is_none_or(|currency| currency.halted)
        };
        let over = self.time > entry.until && !self.breaks(Break::SettlesTooLate);
        let ordered = |leg: &Leg| self.waits_for_an_order(leg);
        let ordered = || !self.breaks(Break::StoppedHoldBack) && entry.legs.iter().any(ordered);
        let above = |leg: &Leg| self.waits_overnight(leg);
        let above = || entry.legs.iter().any(above);
        let stopped = || ordered() || self.waits_for_an_account(entry) || above();
        let roomless = || !entry.refuses() && self.waits_for_room(entry);
        let in_time = entry.from <= self.time && !over;
        in_time
            && !entry.legs.iter().any(halted)
            && !stopped()
            && !self.waits_for_attestation(&entry.terms())
            && !roomless()
    }
    /// Whether a new payment has to wait for those that wait already.
    pub(crate) fn stands_behind(&self, account: &AccountNumber, class: Priority) -> bool {
        self.queue.iter().any(|entry| {
            let before = match class {
                Priority::Urgt => entry.class == Priority::Urgt,
                Priority::High | Priority::Norm => self.is_strict(entry.class),
            };
            entry.debits(account) && before && self.may_go(entry)
        })
    }
    /// Whether an urgent or high payment before it keeps it from settling.
    pub(crate) fn is_held_back(&self, number: u64) -> bool {
        let entry = self.entry(number);
        for other in self.whole_queue() {
            if other == number {
                return false;
            }
            let other = self.entry(other);
            let same = entry.legs.iter().any(|leg| other.debits(&leg.debit));
            if same && self.is_strict(other.class) && self.may_go(other) {
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
        numbers.retain(|number| self.entry(*number).debits(account));
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
        let named = |leg: &Leg| leg.agent == agent && leg.terms.uetr == uetr;
        let is = |entry: &&Entry| entry.legs.iter().any(named);
        self.queue.iter().find(is).map(|entry| entry.number)
    }

    /// Something changed for the better for an account: whoever waits there is looked at when the block ends.
    pub(crate) fn touch(&mut self, account: &AccountNumber) {
        let waits = self.queue.iter().any(|entry| entry.debits(account));
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
        let legs = accounts.flat_map(|entry| &entry.legs);
        let accounts: Vec<AccountNumber> = legs.map(|leg| leg.debit.clone()).collect();
        for account in accounts {
            self.touch(&account);
        }
    }
    pub(crate) fn leave_queue(&mut self, number: u64) -> Entry {
        let is = |entry: &Entry| entry.number == number;
        let place = self.queue.iter().position(is).expect("it waits");
        let entry = self.queue.remove(place);
        for leg in &entry.legs {
            self.touch(&leg.debit);
        }
        entry
    }
    pub(crate) fn refuse_waiting(&mut self, number: u64, code: u16) {
        let status = TransactionStatus::Rjct;
        for leg in self.leave_queue(number).legs {
            self.change(leg.agent, leg.terms.uetr, status, Some(code));
        }
    }
    /// Refuses a whole entry for one of its payments.
    pub(crate) fn refuse_leg(&mut self, number: u64, (failed, code): (usize, u16)) {
        let status = TransactionStatus::Rjct;
        for (place, leg) in self.leave_queue(number).legs.into_iter().enumerate() {
            let code = if place == failed { code } else { 1407 };
            self.change(leg.agent, leg.terms.uetr, status, Some(code));
        }
    }
    pub(crate) fn cancel_waiting(&mut self, number: u64) {
        for leg in self.leave_queue(number).legs {
            self.change(leg.agent, leg.terms.uetr, TransactionStatus::Canc, None);
        }
    }
    /// The money has moved: takes the entry out and says so.
    pub(crate) fn finish_waiting(&mut self, number: u64, moves: &[Move]) {
        let entry = self.leave_queue(number);
        self.count_travelled(&entry.terms());
        for (leg, one) in entry.legs.into_iter().zip(moves) {
            let payment = self.payment_mut(leg.agent, leg.terms.uetr);
            payment.sum.debit = Some(one.debit.clone());
            payment.sum.credit = Some(one.credit.clone());
            let status = TransactionStatus::Acsc;
            self.change(leg.agent, leg.terms.uetr, status, None);
        }
    }
    /// What an entry would move by the rules of this moment, or which payment they refuse.
    pub(crate) fn moves_of(&self, entry: &Entry) -> Result<Vec<Move>, (usize, u16)> {
        let mut moves = Vec::new();
        for (place, leg) in entry.legs.iter().enumerate() {
            let (debit, credit, _) = self.payable(&leg.terms).map_err(|code| (place, code))?;
            let amount = whole(leg.terms.amount.minor());
            moves.push(Move {
                debit,
                credit,
                amount,
            });
        }
        self.travel_checked(&entry.terms(), &[])?;
        Ok(moves)
    }

    /// The end of a block: accounts by number, each from the front of its queue, until no account is left that changed.
    pub(crate) fn release(&mut self) {
        loop {
            self.touched.sort();
            if self.touched.is_empty() {
                if self.touch_for_room() {
                    continue;
                }
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
        if self.is_held_back(number) {
            if entry.refuses() {
                self.refuse_waiting(number, 1302);
            }
            return;
        }
        let moves = match self.moves_of(&entry) {
            Ok(moves) => moves,
            Err(failed) => return self.refuse_leg(number, failed),
        };
        match self.has_room(&[], &self.flows_of(&moves)) {
            Err(failed) if failed.1 == NO_ROOM || entry.refuses() => {
                return self.refuse_leg(number, failed);
            }
            Err(_) => return,
            Ok(()) => {}
        }
        let settled = match moves.as_slice() {
            [one] => {
                let amount = u128::try_from(one.amount).expect("not negative");
                self.settle_alone(&one.debit, &one.credit, amount, entry.class)
            }
            _ => {
                let settled = self.settle_together(&moves, entry.class);
                settled.map_err(|(_, code)| code)
            }
        };
        match settled {
            Ok(()) => self.finish_waiting(number, &moves),
            Err(code) if entry.refuses() => self.refuse_waiting(number, code),
            Err(_) => {}
        }
    }
}
