//! The business day of each currency: its calendar, and what its end brings about.
//!
//! Transfers never close. The end of a day rolls the date, by which the books of the day are sealed; asks intraday credit back;
//! and does with balances what the calendar of the currency says. It takes nothing out of the queue.
//!
//! What must hold: a business date never goes back, and every block belongs to one date of each currency: a day ends by block
//! time, before a block's transactions.

use crate::due::by_time;
use crate::execution::Item;
use crate::records::{
    Account, AccountClass, Currency, CurrencyStatus, InstructionKey, ParticipantKind, RecordKind,
};
use crate::rejection::Rejection;
use crate::rulebook::{BusinessDayRules, EndOfDayAction, HOLIDAYS_MAX, MINUTES_PER_DAY};
use crate::state::State;
use crate::{checks, credit, posting};
use karwan_types::{
    AccountNumber, Amount, CurrencyCode, Date, DurationMs, HashDomain, Height, InstructionHash,
    Lei, Movement, Outcome, Timestamp, TransactionId, Uetr, encode, hash_of,
};
use serde::{Deserialize, Serialize};

/// What the end of a day is called in outcomes.
pub(crate) const END_OF_DAY: &str = "EndOfDay";
/// The most days that lie between two business days: every week of a calendar may lose its last business day to a holiday.
const DAYS_BETWEEN_MAX: usize = 7 * (HOLIDAYS_MAX + 1);
/// The most references tried for what the end of a day brings about. Nobody knows its block's height and time together before.
const REFERENCES_TRIED_MAX: u32 = 64;

/// Which business day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BusinessDayKey {
    /// The currency.
    pub currency: CurrencyCode,
    /// Its business date.
    pub date: Date,
}

/// When a business day began; it lasted until the next one of its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusinessDayRecord {
    /// Its first block.
    pub first: Height,
    /// The time of that block.
    pub opened: Timestamp,
}

/// A currency's calendar in the rulebook in force.
pub(crate) struct Calendar<'a> {
    utc_offset_minutes: i16,
    rules: Option<&'a BusinessDayRules>,
}

impl<'a> Calendar<'a> {
    /// A calendar by the rules for a currency; without rules every day is a business day and ends at midnight.
    pub(crate) const fn new(utc_offset_minutes: i16, rules: Option<&'a BusinessDayRules>) -> Self {
        Self {
            utc_offset_minutes,
            rules,
        }
    }
    /// The calendar of a currency of the ledger.
    pub(crate) fn of(state: &'a State, code: CurrencyCode, currency: &Currency) -> Self {
        let issuer = state.participant(&currency.issuer);
        let home = issuer.expect("a currency is added with its issuer");
        Self::new(
            currency.utc_offset_minutes,
            state.rules().business_day(home.jurisdiction, code),
        )
    }
    /// Block time in the currency's home: its date and time of day are read off as if it were UTC.
    fn local(&self, time: Timestamp) -> Timestamp {
        let minutes = u64::from(self.utc_offset_minutes.unsigned_abs());
        let offset = DurationMs::from_millis(minutes.saturating_mul(60_000));
        if self.utc_offset_minutes < 0 {
            Timestamp::from_millis(time.millis().saturating_sub(offset.millis()))
        } else {
            time.after(offset)
        }
    }
    /// A minute of a local day.
    fn moment(&self, date: Date, minute: u16) -> Timestamp {
        let local = date
            .start()
            .after(DurationMs::from_millis(u64::from(minute) * 60_000));
        let offset = i64::from(self.utc_offset_minutes).saturating_mul(60_000);
        Timestamp::from_millis(
            local
                .millis()
                .saturating_add_signed(offset.saturating_neg()),
        )
    }
    fn ends_minute(&self) -> u16 {
        self.rules
            .map_or(MINUTES_PER_DAY, |rules| rules.ends_minute)
    }
    fn is_business_day(&self, date: Date) -> bool {
        self.rules.is_none_or(|rules| {
            let holiday = rules.holidays.binary_search(&date).is_ok();
            !holiday && !rules.weekend.contains(&date.weekday())
        })
    }
    /// The first business day from a date on. A calendar at the end of time stays where it is.
    fn on_or_after(&self, date: Date) -> Date {
        let days = core::iter::successors(Some(date), |day| day.tomorrow());
        let mut days = days.take(DAYS_BETWEEN_MAX);
        days.find(|day| self.is_business_day(*day)).unwrap_or(date)
    }
    /// The last business day before a date.
    fn before(&self, date: Date) -> Option<Date> {
        let days = core::iter::successors(date.yesterday(), |day| day.yesterday());
        let mut days = days.take(DAYS_BETWEEN_MAX);
        days.find(|day| self.is_business_day(*day))
    }
    /// The business date at a time.
    pub(crate) fn date_at(&self, time: Timestamp) -> Date {
        let (date, minute) = self.clock(time);
        let over = minute >= self.ends_minute();
        let next = if over { date.tomorrow() } else { None };
        self.on_or_after(next.unwrap_or(date))
    }
    /// The local date and minute.
    fn clock(&self, time: Timestamp) -> (Date, u16) {
        let local = self.local(time);
        let minute = local.millis() / 60_000 % u64::from(MINUTES_PER_DAY);
        let minute = u16::try_from(minute).expect("a day has 1440 minutes");
        (local.date(), minute)
    }
    /// When a business day is over.
    pub(crate) fn end_of(&self, date: Date) -> Timestamp {
        self.moment(date, self.ends_minute())
    }
    /// From when on the business date is a date or a later one.
    pub(crate) fn begin_of(&self, date: Date) -> Timestamp {
        self.before(date)
            .map_or(Timestamp::from_millis(0), |before| self.end_of(before))
    }
    /// Whether a customer payment that names the present business date comes too late.
    pub(crate) fn is_cut_off(&self, today: Date, time: Timestamp) -> bool {
        let minute = self.rules.and_then(|rules| rules.customer_cut_off_minute);
        minute.is_some_and(|minute| time >= self.moment(today, minute))
    }
    /// Whether the issuer takes requests: within its window of a business day.
    pub(crate) fn is_issuer_open(&self, (from, until): (u16, u16), time: Timestamp) -> bool {
        let (date, minute) = self.clock(time);
        self.is_business_day(date) && (from..until).contains(&minute)
    }
}

impl State {
    /// A currency's calendar.
    pub(crate) fn calendar(&self, code: CurrencyCode) -> Option<Calendar<'_>> {
        let currency = self.currency(&code)?;
        Some(Calendar::of(self, code, currency))
    }
    /// The business days of all currencies, in order.
    pub fn business_days(&self) -> impl Iterator<Item = (&BusinessDayKey, &BusinessDayRecord)> {
        self.business_days.iter()
    }
    /// Opens the business day of a currency that begins with a block.
    pub(crate) fn open_business_day(&mut self, code: CurrencyCode, at: (Height, Timestamp)) {
        let calendar = self.calendar(code).expect("a currency of this ledger");
        let present = self.currency(&code).map(|row| row.business_date);
        let date = calendar.date_at(at.1).max(present.expect("found above"));
        let ends = calendar.end_of(date);
        let row = self.currencies.get_mut(&code).expect("found above");
        row.business_date = date;
        self.set_day_end(code, ends);
        let key = BusinessDayKey {
            currency: code,
            date,
        };
        let record = BusinessDayRecord {
            first: at.0,
            opened: at.1,
        };
        self.business_days.insert(key, record);
    }
    /// Another calendar is in force: the present days end by it.
    pub(crate) fn reset_day_ends(&mut self) {
        let codes: Vec<CurrencyCode> = self.currencies.iter().map(|(code, _)| *code).collect();
        for code in codes {
            let row = self.currency(&code).expect("listed above");
            let ends = Calendar::of(self, code, row).end_of(row.business_date);
            self.set_day_end(code, ends);
        }
    }
    fn set_day_end(&mut self, code: CurrencyCode, ends: Timestamp) {
        let row = self.currencies.get_mut(&code).expect("a known currency");
        let old = row.due(code);
        row.day_ends = ends;
        let new = row.due(code);
        self.due.remove(&old);
        self.due.insert(new);
    }
}

/// Ends the business day of a currency.
pub(crate) fn end_day(
    state: &mut State,
    at: (Height, Timestamp),
    code: CurrencyCode,
    outcomes: &mut Vec<Outcome>,
) {
    credit::ask_back(state, at, code, outcomes);
    let row = state
        .currency(&code)
        .expect("a day ends of a known currency");
    let rules = Calendar::of(state, code, row).rules;
    let action = rules.map_or(EndOfDayAction::Hold, |rules| rules.end_of_day);
    let overnight = rules.and_then(|rules| rules.foreign_holding_max);
    let institutions = institutions(state, code, row.issuer);
    match action {
        EndOfDayAction::Hold => {}
        EndOfDayAction::SweepRedeem => {
            let domestic = institutions.iter().filter(|one| one.domestic_bank);
            for one in domestic {
                sweep(state, at, code, one.lei, outcomes);
            }
        }
        EndOfDayAction::BlockNew => {}
    }
    let foreign = institutions.iter().filter(|one| one.foreign);
    for one in foreign {
        let above =
            overnight.is_some_and(|most| state.holding(one.lei, code) > signed(most.amount));
        state.set_above_overnight(one.lei, code, above);
    }
    state.open_business_day(code, at);
}

fn signed(amount: Amount) -> i128 {
    i128::try_from(amount.minor()).unwrap_or(i128::MAX)
}

/// An institution with accounts in a currency, as the end of its day looks at it.
struct Institution {
    lei: Lei,
    domestic_bank: bool,
    foreign: bool,
}

/// Everyone with settlement accounts in a currency, by LEI.
fn institutions(state: &State, code: CurrencyCode, issuer: Lei) -> Vec<Institution> {
    let home = state.participant(&issuer).map(|one| one.jurisdiction);
    let held = state.settlement_accounts.keys();
    let found = held.filter(|(_, currency)| *currency == code);
    let known = found.filter_map(|(lei, _)| Some((*lei, state.participant(lei)?)));
    known
        .map(|(lei, row)| Institution {
            lei,
            domestic_bank: row.kind == ParticipantKind::Bank && Some(row.jurisdiction) == home,
            foreign: row.kind != ParticipantKind::CentralBank && Some(row.jurisdiction) != home,
        })
        .collect()
}

impl State {
    /// What an institution has on its own accounts in a currency, in minor units.
    pub(crate) fn holding(&self, owner: Lei, code: CurrencyCode) -> i128 {
        let rows = self.own_accounts(owner, code).iter();
        let rows = rows.filter_map(|number| self.account(number));
        rows.fold(0i128, |sum, row| sum.saturating_add(row.posted))
    }
    fn set_above_overnight(&mut self, owner: Lei, code: CurrencyCode, above: bool) {
        for number in self.own_accounts(owner, code).to_vec() {
            let row = self.account(&number);
            if row.is_some_and(|row| row.above_overnight != above)
                && let Some(row) = self.accounts.get_mut(&number)
            {
                row.above_overnight = above;
            }
        }
    }
    /// Whether the end of the day left an institution above what it may hold overnight, and it still is.
    pub(crate) fn is_above_overnight(&self, number: &AccountNumber) -> bool {
        let Some(row) = self.account(number).filter(|row| row.above_overnight) else {
            return false;
        };
        let currency = self.currency(&row.currency);
        let calendar = currency.map(|currency| Calendar::of(self, row.currency, currency));
        let rules = calendar.and_then(|calendar| calendar.rules);
        let most = rules.and_then(|rules| rules.foreign_holding_max);
        most.is_some_and(|most| self.holding(row.owner, row.currency) > signed(most.amount))
    }
}

/// The part of check 12 that the end of the day decides: whether an account may be credited by a new payment.
pub(crate) fn check_overnight(state: &State, credit: &AccountNumber) -> Result<(), Rejection> {
    if state.is_above_overnight(credit) {
        let account = credit.clone();
        return Err(Rejection::AboveOvernight { account });
    }
    Ok(())
}

/// A free reference of an institution for what a block's time brings about, and the instruction that it stands for: the same on
/// every node.
pub(crate) fn reference(
    state: &State,
    at: (Height, Timestamp),
    (agent, what, code): (Lei, &'static str, CurrencyCode),
) -> Option<(InstructionHash, Uetr)> {
    let mut tried = (0..REFERENCES_TRIED_MAX).map(|count| {
        let chain = state.chain().chain_id;
        let text = encode(&(what.to_owned(), code, agent, at, count));
        let hash = hash_of(HashDomain::DerivedReference, &[chain.0.as_bytes(), &text]);
        let (bytes, _) = hash
            .as_bytes()
            .split_first_chunk()
            .expect("a hash is longer");
        (InstructionHash(hash), Uetr::from_random_bytes(*bytes))
    });
    let free = |uetr: Uetr| state.record(&InstructionKey { agent, uetr }).is_none();
    tried.find(|(_, uetr)| free(*uetr))
}

/// Sets aside for redemption what a domestic bank has of its own on its settlement account.
fn sweep(
    state: &mut State,
    at: (Height, Timestamp),
    code: CurrencyCode,
    bank: Lei,
    outcomes: &mut Vec<Outcome>,
) {
    let row = state
        .currency(&code)
        .expect("a day ends of a known currency");
    if row.status != CurrencyStatus::Active {
        return;
    }
    let (issuer, contra) = (row.issuer, row.contra.clone());
    let Some(number) = state.settlement_account(&bank, &code).cloned() else {
        return;
    };
    let account = state.account(&number).expect("indexed accounts exist");
    let open = checks::debit_account(&number, account, code).is_ok()
        && checks::redemption_is_free(state, at.1, &number).is_ok();
    // Never more than is outstanding: the rest was lent, and comes back by itself.
    let most = account.own().min(signed(row.outstanding()));
    let Some(amount) = u128::try_from(most).ok().filter(|minor| open && *minor > 0) else {
        return;
    };
    let amount = Amount::from_minor(amount);
    let Some((instruction, uetr)) = reference(state, at, (bank, "sweep", code)) else {
        return;
    };
    let movement = Movement {
        uetr,
        debtor_agent: bank,
        creditor_agent: Some(issuer),
        debtor_account: Some(number.clone()),
        creditor_account: Some(contra),
        currency: code,
        amount,
        message_hash: None,
    };
    posting::set_aside(state, &number, amount);
    let item = Item {
        key: InstructionKey { agent: bank, uetr },
        kind: RecordKind::Redemption,
        movement,
    };
    let brought = (instruction, TransactionId(instruction.0));
    by_time(state, at, brought, END_OF_DAY, outcomes).pending(&item);
}

impl Account {
    /// Whether it is an institution's own money.
    pub(crate) fn is_house(&self) -> bool {
        self.class == AccountClass::Settlement
    }
}
