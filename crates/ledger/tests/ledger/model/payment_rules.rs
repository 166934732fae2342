//! The model's reasons to refuse a payment, one after another, by their stable numbers.

use super::books::{Account, Model, whole};
use super::broken::Break;
use karwan_ledger::{AccountClass, AccountStatus, PaymentKind, PaymentTerms, Priority};
use karwan_types::{AccountNumber, CurrencyCode, Lei};

/// Milliseconds of a day.
const DAY: i128 = 86_400_000;

/// What is wrong with an amount, whoever pays it.
pub(crate) fn amount_alone(minor: u128) -> Option<u16> {
    match minor {
        0 => Some(1001),
        1..1_000_000_000_000_000_000 => None,
        1_000_000_000_000_000_000.. => Some(1002),
    }
}

impl Model {
    /// Milliseconds since the epoch on the clocks of the currency's home.
    pub(crate) fn home_time(&self, currency: CurrencyCode) -> i128 {
        let minutes = self
            .currency(currency)
            .map_or(0, |one| i128::from(one.rules.utc_offset_minutes));
        i128::from(self.time) + minutes * 60_000
    }
    /// What is wrong with a payment's times, or from when on it may settle.
    fn times(&self, terms: &PaymentTerms) -> Result<u64, u16> {
        let ahead = i128::from(self.rulebook.common.queue.days_ahead_max);
        let today = self.currency(terms.currency);
        let today = today.map_or(i128::from(self.time) / DAY, |one| one.today);
        let mut first = self.time;
        if let Some(date) = terms.settlement_date {
            let day = i128::from(date.start().millis()) / DAY;
            if day < today {
                return Err(603);
            }
            if day > today + ahead {
                return Err(604);
            }
            if day > today {
                let start = self.day_begins(terms.currency, day);
                first = first.max(start).max(self.time + 1);
            }
        }
        let reject = terms.reject_time.map(|time| time.millis());
        let late = reject.is_some_and(|reject| reject < self.time);
        if late && !self.breaks(Break::SettlesTooLate) {
            return Err(605);
        }
        if let Some(from) = terms.from_time.map(|time| time.millis()) {
            let latest = i128::from(self.time) + ahead * DAY;
            if from > self.time && i128::from(from) > latest {
                return Err(606);
            }
            first = first.max(from);
        }
        Ok(first)
    }
    pub(crate) fn moves(&self, currency: CurrencyCode) -> Result<(), u16> {
        match self.currency(currency) {
            None => Err(1003),
            Some(one) if one.halted => Err(802),
            Some(_) => Ok(()),
        }
    }
    /// An account of an institution: the one given, or the usual one.
    pub(crate) fn of(
        &self,
        owner: Lei,
        given: Option<&AccountNumber>,
        currency: CurrencyCode,
    ) -> Option<&Account> {
        let account = match given {
            Some(number) => self.account(number),
            None => self.usual_account(owner, currency),
        };
        account.filter(|account| account.owner == owner)
    }
    pub(crate) fn may_debit(account: &Account, currency: CurrencyCode) -> Result<(), u16> {
        match account.status {
            AccountStatus::Closed => Err(903),
            AccountStatus::Blocked | AccountStatus::BlockedDebit => Err(905),
            AccountStatus::Open | AccountStatus::BlockedCredit if account.currency != currency => {
                Err(906)
            }
            AccountStatus::Open | AccountStatus::BlockedCredit => Ok(()),
        }
    }
    pub(crate) fn may_credit(account: &Account, currency: CurrencyCode) -> Result<(), u16> {
        match account.status {
            AccountStatus::Closed => Err(904),
            AccountStatus::Blocked | AccountStatus::BlockedCredit => Err(905),
            AccountStatus::Open | AccountStatus::BlockedDebit if account.currency != currency => {
                Err(907)
            }
            AccountStatus::Open | AccountStatus::BlockedDebit => Ok(()),
        }
    }
    /// From whose account into whose.
    pub(crate) fn route(
        &self,
        currency: CurrencyCode,
        from: (Lei, Option<&AccountNumber>),
        to: (Lei, Option<&AccountNumber>),
        clients_too: bool,
    ) -> Result<(AccountNumber, AccountNumber), u16> {
        let debit = self.of(from.0, from.1, currency).ok_or(901u16)?;
        match Self::may_debit(debit, currency) {
            Err(905) if self.breaks(Break::DebitsBlocked) => {}
            verdict => verdict?,
        }
        let clients = debit.class == AccountClass::ClientSegregated;
        let clients_too = clients_too || self.breaks(Break::SpendsClientMoney);
        let allowed = debit.class == AccountClass::Settlement || (clients && clients_too);
        if !allowed {
            return Err(908);
        }
        let credit = self.of(to.0, to.1, currency).ok_or(902u16)?;
        Self::may_credit(credit, currency)?;
        let own_house = credit.class == AccountClass::Settlement && credit.owner == debit.owner;
        if credit.class == AccountClass::IssuerContra || (clients && own_house) {
            return Err(909);
        }
        if debit.number == credit.number {
            return Err(910);
        }
        Ok((debit.number.clone(), credit.number.clone()))
    }
    /// From where to where a payment goes.
    pub(crate) fn accounts_for(
        &self,
        terms: &PaymentTerms,
    ) -> Result<(AccountNumber, AccountNumber), u16> {
        let debtor = self.who(&terms.debtor_agent).ok_or(701u16)?;
        let creditor = self.who(&terms.creditor_agent).ok_or(702u16)?;
        self.route(
            terms.currency,
            (debtor, terms.debtor_account.as_ref()),
            (creditor, terms.creditor_account.as_ref()),
            terms.kind == PaymentKind::Customer,
        )
    }
    /// Everything but the funds: from where, to where, and from when on.
    pub(crate) fn payable(
        &self,
        terms: &PaymentTerms,
    ) -> Result<(AccountNumber, AccountNumber, u64), u16> {
        let from = self.times(terms)?;
        let debtor = self.who(&terms.debtor_agent).ok_or(701u16)?;
        let creditor = self.who(&terms.creditor_agent).ok_or(702u16)?;
        self.terms_licensed(terms).map_err(|(code, _)| code)?;
        self.moves(terms.currency)?;
        let (debit, credit) = self.accounts_for(terms)?;
        let rules = &self.currency(terms.currency).ok_or(1003u16)?.rules;
        if terms.amount > rules.payment_max {
            return Err(1004);
        }
        if terms.amount < rules.payment_min {
            return Err(1005);
        }
        let amount = whole(terms.amount.minor());
        self.small_enough((debtor, creditor, terms.currency, amount))?;
        self.lawful((debtor, creditor), (terms.currency, terms.amount.minor()))?;
        self.meant((debtor, creditor), terms)?;
        self.data_missing(terms)?;
        self.stopped(&debit, &credit)?;
        if self.holds_too_much(&credit) {
            return Err(1816);
        }
        Ok((debit, credit, from))
    }
    /// Whether there is so much that is not reserved for what is more urgent.
    pub(crate) fn has(
        &self,
        account: &AccountNumber,
        amount: u128,
        class: Priority,
    ) -> Result<(), u16> {
        let row = self.account(account).expect("looked up before");
        if Self::usable(row, class) < whole(amount) {
            return Err(1301);
        }
        self.owes_nothing(account)
    }
    /// Moves money outside of payments' limits and reservations.
    pub(crate) fn transfer(&mut self, debit: &AccountNumber, credit: &AccountNumber, amount: u128) {
        self.account_mut(debit).posted -= whole(amount);
        self.account_mut(credit).posted += whole(amount);
        self.recover(credit);
        self.touch(credit);
        self.note_outflow(debit);
    }
    /// Gives back what was held.
    pub(crate) fn let_go(&mut self, account: &AccountNumber, amount: u128) {
        if !self.breaks(Break::KeepsHolding) {
            self.account_mut(account).held -= whole(amount);
        }
        self.recover(account);
        self.touch(account);
    }
    /// Settles a payment that may not wait.
    pub(crate) fn settle(&mut self, terms: &PaymentTerms) -> Result<(), u16> {
        let (debit, credit, from) = self.payable(terms)?;
        self.attested_alone(terms)?;
        if from > self.time {
            return Err(606);
        }
        self.pay_now(&debit, &credit, terms.amount.minor(), terms.priority)?;
        self.count_travelled(&[terms]);
        Ok(())
    }
    pub(crate) fn window(&self, currency: CurrencyCode) -> Result<(), u16> {
        let minute = self.home_time(currency).rem_euclid(DAY) / 60_000;
        let date = self.home_time(currency).div_euclid(DAY);
        self.currency(currency).ok_or(1003u16)?;
        if !self.has_business(currency, date) {
            return Err(607);
        }
        let (from, until) = self.currency(currency).ok_or(1003u16)?.rules.issuer_window;
        if minute < i128::from(from) || minute >= i128::from(until) {
            return Err(607);
        }
        Ok(())
    }
}
