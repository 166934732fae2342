//! The model's calendars, what ends with a business day, and intraday credit.

use super::books::{Model, Payment, Said, Sum, What, whole};
use super::queue::Leg;
use karwan_ledger::{
    AccountClass, AccountStatus, BusinessDayRules, EndOfDayAction, Operation, ParticipantKind, Pay,
    PaymentTerms, RedeemRequest,
};
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, CurrencyCode, Date, HashDomain, Height, Lei,
    Max35Text, Timestamp, TransactionStatus, Uetr, encode, hash_of,
};

/// Milliseconds of a day.
const DAY: i128 = 86_400_000;

/// What an issuer lends against what.
#[derive(Clone, Debug)]
pub(crate) struct Credit {
    pub(crate) lei: Lei,
    pub(crate) currency: CurrencyCode,
    pub(crate) limit: Option<u128>,
    /// Reference, value, what is taken off in basis points.
    pub(crate) pledges: Vec<(Max35Text, u128, u16)>,
}

impl Model {
    fn calendar(&self, currency: CurrencyCode) -> Option<&BusinessDayRules> {
        let issuer = self.currency(currency)?.rules.issuer;
        let home = self.participant(issuer)?.jurisdiction;
        let parts = &self.rulebook.national;
        let part = parts.iter().find(|part| part.jurisdiction == home)?;
        let mut all = part.business_days.iter();
        all.find(|one| one.currency == currency)
    }
    /// Whether there is business on a day counted from the epoch.
    pub(crate) fn has_business(&self, currency: CurrencyCode, day: i128) -> bool {
        let Some(rules) = self.calendar(currency) else {
            return true;
        };
        // The epoch was a Thursday.
        let weekday = (day + 3).rem_euclid(7);
        let resting = rules.weekend.iter().any(|rest| *rest as i128 == weekday);
        !resting && !rules.holidays.iter().any(|date| day_of(*date) == day)
    }
    fn ends_at(&self, currency: CurrencyCode) -> i128 {
        let rules = self.calendar(currency);
        rules.map_or(DAY, |rules| i128::from(rules.ends_minute) * 60_000)
    }
    /// The business date at the time of the model's clock.
    pub(crate) fn date_now(&self, currency: CurrencyCode) -> i128 {
        let home = self.home_time(currency);
        let mut day = home.div_euclid(DAY);
        if home.rem_euclid(DAY) >= self.ends_at(currency) {
            day += 1;
        }
        while !self.has_business(currency, day) {
            day += 1;
        }
        day
    }
    /// When a business day is over.
    pub(crate) fn day_is_over(&self, currency: CurrencyCode, day: i128) -> u64 {
        let behind = self.home_time(currency) - i128::from(self.time);
        let over = day * DAY + self.ends_at(currency) - behind;
        u64::try_from(over).expect("long after the epoch")
    }
    /// When the last business day before a date is over.
    pub(crate) fn day_begins(&self, currency: CurrencyCode, day: i128) -> u64 {
        let mut before = day - 1;
        while !self.has_business(currency, before) {
            before -= 1;
        }
        self.day_is_over(currency, before)
    }
    /// The end of the business day of a currency.
    pub(crate) fn end_day(&mut self, currency: CurrencyCode) {
        self.ask_back(currency);
        let action = self.calendar(currency).map(|rules| rules.end_of_day);
        let mut leis: Vec<Lei> = self.participants.iter().map(|one| one.lei).collect();
        leis.sort_unstable();
        if action == Some(EndOfDayAction::SweepRedeem) {
            for lei in &leis {
                self.sweep(*lei, currency);
            }
        }
        for account in 0..self.accounts.len() {
            let row = self.accounts[account].clone();
            if row.currency == currency && row.class == AccountClass::Settlement {
                let foreign = self.is_foreign(row.owner, currency);
                self.accounts[account].above = foreign && self.is_above(row.owner, currency);
            }
        }
        let today = self.currency(currency).expect("it is known").today;
        let next = self.date_now(currency).max(today);
        self.currency_mut(currency).today = next;
    }
    fn is_foreign(&self, lei: Lei, currency: CurrencyCode) -> bool {
        let issuer = self.currency(currency).expect("it is known").rules.issuer;
        let home = self.participant(issuer).map(|one| one.jurisdiction);
        let one = self.participant(lei).expect("it has an account");
        one.kind != ParticipantKind::CentralBank && Some(one.jurisdiction) != home
    }
    fn is_above(&self, lei: Lei, currency: CurrencyCode) -> bool {
        let most = self
            .calendar(currency)
            .and_then(|rules| rules.foreign_holding_max);
        let own = self.accounts.iter().filter(|one| {
            one.owner == lei && one.currency == currency && one.class == AccountClass::Settlement
        });
        let holding: i128 = own.map(|one| one.posted).sum();
        most.is_some_and(|most| holding > whole(most.amount.minor()))
    }
    /// Whether an account gets no more since the end of the day.
    pub(crate) fn holds_too_much(&self, number: &AccountNumber) -> bool {
        let row = self.account(number).expect("looked up before");
        row.above && self.is_above(row.owner, row.currency)
    }
    /// Whether the creditor of what waits gets no more for now.
    pub(crate) fn waits_overnight(&self, leg: &Leg) -> bool {
        let accounts = self.accounts_for(&leg.terms);
        accounts.is_ok_and(|(_, credit)| self.holds_too_much(&credit))
    }
    /// A reference that comes of a block's height and time.
    fn derived(&self, lei: Lei, what: &str, currency: CurrencyCode, count: u32) -> Uetr {
        let at = (Height::new(self.height), Timestamp::from_millis(self.time));
        let text = encode(&(what.to_owned(), currency, lei, at, count));
        let hash = hash_of(
            HashDomain::DerivedReference,
            &[self.chain.0.as_bytes(), &text],
        );
        let half = hash.as_bytes().first_chunk().expect("it has 32 bytes");
        Uetr::from_random_bytes(*half)
    }
    fn free_reference(&self, lei: Lei, what: &str, currency: CurrencyCode) -> Uetr {
        let mut count = 0;
        loop {
            let uetr = self.derived(lei, what, currency, count);
            if self.payment(lei, uetr).is_none() {
                return uetr;
            }
            count += 1;
        }
    }
    fn sweep(&mut self, lei: Lei, currency: CurrencyCode) {
        let one = self.participant(lei).expect("listed before");
        let bank = one.kind == ParticipantKind::Bank && !self.is_foreign(lei, currency);
        let row = self.currency(currency).expect("it is known").clone();
        let Some(account) = self.usual_account(lei, currency).filter(|_| bank).cloned() else {
            return;
        };
        let open = matches!(
            account.status,
            AccountStatus::Open | AccountStatus::BlockedCredit
        );
        let frozen = self.is_frozen(&account.number, None, (true, true));
        let amount = (account.posted - account.held).min(row.issued - row.redeemed);
        if row.halted || !open || frozen || amount <= 0 {
            return;
        }
        let uetr = self.free_reference(lei, "sweep", currency);
        self.account_mut(&account.number).held += amount;
        let amount = amount.unsigned_abs();
        let sum = Sum {
            agent: lei,
            uetr,
            creditor: Some(row.rules.issuer),
            debit: Some(account.number.clone()),
            credit: Some(row.rules.contra.clone()),
            currency,
            amount,
        };
        let operation = RedeemRequest {
            uetr,
            agent: AgentIdentification::Lei(lei),
            currency,
            amount: Amount::from_minor(amount),
            rtgs_account: account.number,
        };
        self.day_books(
            What::Redemption,
            TransactionStatus::Pdng,
            sum,
            operation.into(),
        );
    }
    fn day_books(&mut self, what: What, status: TransactionStatus, sum: Sum, operation: Operation) {
        self.said.push(Said {
            operation: "EndOfDay",
            status,
            code: None,
            sum: Some(sum.clone()),
            repeated: false,
        });
        let kept_until = self.time + self.retention();
        self.payments.push(Payment {
            operation,
            what,
            status,
            code: None,
            sum,
            returned: 0,
            kept_until,
            settled: (status == TransactionStatus::Acsc).then_some(self.time),
        });
    }

    /// Nobody pays out of the house's money while it owes from the day before.
    pub(crate) fn owes_nothing(&self, number: &AccountNumber) -> Result<(), u16> {
        let row = self.account(number).expect("looked up before");
        let late = self
            .accounts
            .iter()
            .any(|one| one.overdue && one.owner == row.owner && one.currency == row.currency);
        if late && row.class == AccountClass::Settlement {
            return Err(1301);
        }
        Ok(())
    }
    /// What changed on an account may have ended what it owed.
    pub(crate) fn recover(&mut self, number: &AccountNumber) {
        let row = self.account_mut(number);
        if row.overdue && row.posted >= row.held {
            row.overdue = false;
            let (owner, currency) = (row.owner, row.currency);
            let still = self
                .accounts
                .iter()
                .any(|one| one.overdue && one.owner == owner && one.currency == currency);
            if !still {
                self.touch_all(|one| {
                    one.owner == owner
                        && one.currency == currency
                        && one.class == AccountClass::Settlement
                });
            }
        }
    }
    fn ask_back(&mut self, currency: CurrencyCode) {
        if self.currency(currency).expect("it is known").halted {
            return;
        }
        let owes = |one: &&super::books::Account| {
            let contra = one.class == AccountClass::IssuerContra;
            one.currency == currency && one.posted < one.held && !contra
        };
        let mut owing: Vec<_> = self.accounts.iter().filter(owes).cloned().collect();
        owing.sort_by(|one, other| one.number.cmp(&other.number));
        for late in owing {
            let mut others: Vec<AccountNumber> = self
                .accounts
                .iter()
                .filter(|one| {
                    one.owner == late.owner
                        && one.currency == currency
                        && one.class == AccountClass::Settlement
                        && one.number != late.number
                })
                .map(|one| one.number.clone())
                .collect();
            others.sort();
            for other in others {
                self.repay(&other, &late.number);
            }
            let row = self.account_mut(&late.number);
            row.overdue |= row.posted < row.held;
        }
    }
    fn repay(&mut self, from: &AccountNumber, to: &AccountNumber) {
        let (debit, credit) = (
            self.account(from).expect("listed before").clone(),
            self.account(to).expect("listed before").clone(),
        );
        let open = Self::may_debit(&debit, debit.currency).is_ok()
            && Self::may_credit(&credit, debit.currency).is_ok()
            && !self.is_frozen(from, None, (true, false))
            && !self.is_frozen(to, None, (false, false));
        let amount = (debit.posted - debit.held).min(credit.held - credit.posted);
        if !open || amount <= 0 {
            return;
        }
        let uetr = self.free_reference(debit.owner, "repay", debit.currency);
        let amount = amount.unsigned_abs();
        self.transfer(from, to, amount);
        let sum = Sum {
            agent: debit.owner,
            uetr,
            creditor: Some(debit.owner),
            debit: Some(from.clone()),
            credit: Some(to.clone()),
            currency: debit.currency,
            amount,
        };
        let payment = PaymentTerms {
            uetr,
            ..PaymentTerms::example()
        };
        let status = TransactionStatus::Acsc;
        self.day_books(What::Payment, status, sum, Pay { payment }.into());
    }

    pub(crate) fn is_outstanding(&self, currency: CurrencyCode, amount: u128) -> bool {
        let row = self.currency(currency).expect("it is known");
        whole(amount) <= row.issued - row.redeemed
    }
    /// Only money of its own, and no more than there is outstanding.
    pub(crate) fn may_redeem(&self, number: &AccountNumber, amount: u128) -> Result<(), u16> {
        let row = self.account(number).expect("looked up before");
        if row.posted - row.held < whole(amount) {
            return Err(1301);
        }
        if !self.is_outstanding(row.currency, amount) {
            return Err(1810);
        }
        Ok(())
    }
    /// Lets an account use what the collateral covers.
    pub(crate) fn lend(&mut self, number: &AccountNumber, line: i128) {
        let row = self.account_mut(number);
        row.line = line;
        if row.posted - row.held + line < 0 {
            row.overdue = true;
        }
        self.recover(number);
        self.touch(number);
    }
}

impl Credit {
    /// What may be used.
    pub(crate) fn line(&self) -> u128 {
        let covered = self
            .pledges
            .iter()
            .map(|(_, value, cut)| value * (10_000 - u128::from(*cut)) / 10_000);
        let covered = covered.sum();
        self.limit.map_or(covered, |limit| limit.min(covered))
    }
}

fn day_of(date: Date) -> i128 {
    i128::from(date.start().millis()) / DAY
}
