//! The model's supervision: one list of freezes, one of licences, and what both stop.

use super::books::{Account, Model};
use super::broken::Break;
use super::kinds::quotes::may_exchange;
use super::queue::{Entry, Leg};
use super::quotes::Quoted;
use super::signing::{Group, Need};
use karwan_ledger::{
    AccountClass, AccountStatus, FreezeMode, FreezeSubject, Holder, LicenceScope, LicenceStatus,
    NationalRules, ParticipantKind, PaymentKind, PaymentTerms, Permission, QueuedPayments,
};
use karwan_types::{
    AccountNumber, CurrencyCode, JurisdictionCode, Lei, Max35Text, Timestamp, TransactionStatus,
    Uetr,
};

/// An order that stops money.
#[derive(Clone, Debug)]
pub(crate) struct Frozen {
    pub(crate) place: JurisdictionCode,
    pub(crate) subject: FreezeSubject,
    pub(crate) mode: FreezeMode,
    pub(crate) from: u64,
    pub(crate) until: Option<u64>,
    pub(crate) confirmed: bool,
    pub(crate) redeemable: bool,
    /// For how long those before it lasted that are counted with it.
    pub(crate) before: u64,
    /// Counts the orders.
    pub(crate) order: u64,
}

impl Frozen {
    pub(crate) fn is(&self, place: JurisdictionCode, subject: &FreezeSubject) -> bool {
        self.place == place && self.subject == *subject
    }
}

/// For how long freezes of one subject lasted without a court, and until when the next one is counted with them.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    pub(crate) place: JurisdictionCode,
    pub(crate) subject: FreezeSubject,
    pub(crate) lasted: u64,
    pub(crate) until: u64,
}

/// What became of an application.
#[derive(Clone, Debug)]
pub(crate) struct Licensed {
    pub(crate) lei: Lei,
    pub(crate) activity: Max35Text,
    pub(crate) status: LicenceStatus,
    pub(crate) scope: LicenceScope,
    pub(crate) from: u64,
    pub(crate) until: u64,
    pub(crate) changed: u64,
    /// The kind of instruction of its last change.
    pub(crate) operation: &'static str,
}

impl Licensed {
    pub(crate) fn in_force(&self, time: u64) -> bool {
        self.status == LicenceStatus::Granted && self.from <= time && time < self.until
    }
    /// When block time changes it, if it does.
    pub(crate) fn ends(&self) -> Option<u64> {
        match self.status {
            LicenceStatus::Granted => Some(self.until),
            LicenceStatus::Suspended(how) => {
                let lifted = how.until.map(|time| time.millis());
                Some(lifted.map_or(self.until, |lifted| lifted.min(self.until)))
            }
            LicenceStatus::Revoked { wind_down_until }
            | LicenceStatus::Expired { wind_down_until }
            | LicenceStatus::Surrendered { wind_down_until } => {
                let until = wind_down_until.millis();
                (until > self.changed).then_some(until)
            }
            LicenceStatus::Applied | LicenceStatus::NoObjection | LicenceStatus::Refused => None,
        }
    }
    /// Whether it has ended and its business is not wound down yet.
    pub(crate) fn winds_down(&self, time: u64) -> bool {
        let until = match self.status {
            LicenceStatus::Revoked { wind_down_until }
            | LicenceStatus::Expired { wind_down_until }
            | LicenceStatus::Surrendered { wind_down_until } => wind_down_until.millis(),
            _ => return false,
        };
        time < until
    }
}

/// What an institution wants to do.
pub(crate) struct Used {
    pub(crate) lei: Lei,
    pub(crate) abroad: JurisdictionCode,
    pub(crate) wanted: Vec<Permission>,
    pub(crate) currency: CurrencyCode,
    pub(crate) amount: u128,
    pub(crate) pays: bool,
    /// Whether it only takes money out of the business.
    pub(crate) leaves: bool,
}

/// The number of a refusal, and whether what waits goes on waiting.
pub(crate) type Unlicensed = (u16, bool);

impl Model {
    pub(crate) fn home(&self, lei: Lei) -> JurisdictionCode {
        self.participant(lei).expect("a participant").jurisdiction
    }
    pub(crate) fn is_issuer(&self, lei: Lei) -> bool {
        let row = self.participant(lei);
        row.is_some_and(|one| one.kind == ParticipantKind::CentralBank)
    }
    pub(crate) fn national(&self, place: JurisdictionCode) -> Option<&NationalRules> {
        let mut parts = self.rulebook.national.iter();
        parts.find(|part| part.jurisdiction == place)
    }
    /// So many keys of one of an authority's holders.
    pub(crate) fn order(
        &self,
        place: JurisdictionCode,
        holders: Vec<Holder>,
    ) -> Result<Vec<Group>, u16> {
        if !self.jurisdictions.contains(&place) {
            return Err(1503);
        }
        let common = self.rulebook.common.supervision;
        let rules = self.national(place).map_or(common, |part| part.supervision);
        let need = Need::Keys(usize::from(rules.order_signers));
        Ok(vec![Group { holders, need }])
    }

    /// Whether an order stops money of an account on its way to or from another jurisdiction.
    pub(crate) fn is_frozen(
        &self,
        number: &AccountNumber,
        abroad: Option<JurisdictionCode>,
        (pays, redeems): (bool, bool),
    ) -> bool {
        let Some(account) = self.account(number) else {
            return false;
        };
        if self.is_issuer(account.owner) {
            return false;
        }
        let home = self.home(account.owner);
        self.freezes.iter().any(|one| {
            let begun = one.from <= self.time;
            let over = one.until.is_some_and(|until| until <= self.time);
            let stops = match one.mode {
                FreezeMode::Debit => pays,
                FreezeMode::Credit => !pays,
                FreezeMode::Full => true,
            };
            let concerned = match &one.subject {
                FreezeSubject::Account(frozen) => frozen == number,
                FreezeSubject::Participant(lei) => *lei == account.owner,
                FreezeSubject::Currency(currency) => *currency == account.currency,
                FreezeSubject::Corridor(other) => abroad == Some(*other) && *other != home,
            };
            let redeems = redeems && one.redeemable;
            one.place == home && begun && !over && stops && concerned && !redeems
        })
    }
    /// Whether an order stops a payment between two accounts.
    pub(crate) fn stopped(&self, debit: &AccountNumber, credit: &AccountNumber) -> Result<(), u16> {
        let home = |number| {
            let owner = self.account(number).map(|account| account.owner);
            owner.map(|owner| self.home(owner))
        };
        let debit_stopped = self.is_frozen(debit, home(credit), (true, false));
        let debit_stopped = debit_stopped && !self.breaks(Break::DebitsFrozen);
        if debit_stopped || self.is_frozen(credit, home(debit), (false, false)) {
            return Err(1103);
        }
        Ok(())
    }

    /// Whether the institution may do what it wants, by a licence for each part of it.
    pub(crate) fn licensed(&self, used: &Used) -> Result<(), Unlicensed> {
        let part = self.national(self.home(used.lei));
        let licensing = part.filter(|part| !part.activities.is_empty());
        let Some(part) = licensing.filter(|_| !self.is_issuer(used.lei)) else {
            return Ok(());
        };
        if self.breaks(Break::NeedsNoLicence) {
            return Ok(());
        }
        for wanted in &used.wanted {
            let mut answer = Err((804, false));
            for activity in &part.activities {
                let of = |one: &&Licensed| one.lei == used.lei && one.activity == activity.code;
                let licence = self.licences.iter().find(of);
                let permits = activity.permissions.contains(wanted);
                let Some(licence) = licence.filter(|_| permits && answer.is_err()) else {
                    continue;
                };
                answer = self.judge(licence, used).unwrap_or(answer);
            }
            answer?;
        }
        Ok(())
    }
    /// What one licence says; none when it says nothing.
    fn judge(&self, licence: &Licensed, used: &Used) -> Option<Result<(), Unlicensed>> {
        let clients = used.wanted.contains(&Permission::ClientMoney);
        if licence.in_force(self.time) {
            let scope = &licence.scope;
            let home = self.home(used.lei);
            let currency = scope.currencies.is_empty() || scope.currencies.contains(&used.currency);
            let corridor = scope.corridors.is_empty()
                || used.abroad == home
                || scope.corridors.contains(&used.abroad);
            if !currency || !corridor {
                return Some(Err((805, false)));
            }
            let mut caps = scope.payment_max.iter();
            let cap = caps.find(|cap| cap.currency == used.currency);
            let above = cap.is_some_and(|cap| used.amount > cap.amount.minor());
            return Some(if above { Err((806, false)) } else { Ok(()) });
        }
        match licence.status {
            LicenceStatus::Suspended(how)
                if used.leaves && (!clients || how.client_withdrawals) =>
            {
                return Some(Ok(()));
            }
            _ if used.leaves && licence.winds_down(self.time) => return Some(Ok(())),
            _ => {}
        }
        let LicenceStatus::Suspended(how) = licence.status else {
            return None;
        };
        let waits = how.queued == QueuedPayments::Wait;
        Some(Err((if used.pays { 807 } else { 808 }, waits)))
    }
    /// Whether both sides of a payment may do it, the debtor's first.
    pub(crate) fn both_licensed(
        &self,
        (debtor, debit): (Lei, Option<&AccountNumber>),
        (creditor, credit): (Lei, Option<&AccountNumber>),
        (kind, currency, amount): (PaymentKind, CurrencyCode, u128),
    ) -> Result<(), Unlicensed> {
        let sides = [
            (debtor, debit, creditor, true),
            (creditor, credit, debtor, false),
        ];
        for (lei, account, other, pays) in sides {
            let mut wanted = vec![match kind {
                PaymentKind::FinancialInstitution => Permission::InstitutionPayment,
                PaymentKind::Customer => Permission::CustomerPayment,
            }];
            let row = account.and_then(|number| self.account(number));
            let clients = row.is_some_and(|row| row.class == AccountClass::ClientSegregated);
            if clients {
                wanted.push(Permission::ClientMoney);
            }
            self.licensed(&Used {
                lei,
                abroad: self.home(other),
                wanted,
                currency,
                amount,
                pays,
                leaves: pays && clients,
            })?;
        }
        Ok(())
    }
    pub(crate) fn terms_licensed(&self, terms: &PaymentTerms) -> Result<(), Unlicensed> {
        let (Some(debtor), Some(creditor)) = (
            self.who(&terms.debtor_agent),
            self.who(&terms.creditor_agent),
        ) else {
            return Ok(());
        };
        let usual = |lei| {
            let account = self.usual_account(lei, terms.currency);
            account.map(|account| account.number.clone())
        };
        let debit = terms.debtor_account.clone().or_else(|| usual(debtor));
        let credit = terms.creditor_account.clone().or_else(|| usual(creditor));
        let sum = (terms.kind, terms.currency, terms.amount.minor());
        self.both_licensed((debtor, debit.as_ref()), (creditor, credit.as_ref()), sum)
    }
    /// Whether a bank may issue and redeem at the issuer of its home.
    pub(crate) fn may_issue(
        &self,
        lei: Lei,
        (currency, amount): (CurrencyCode, u128),
        redeems: bool,
    ) -> Result<(), u16> {
        let used = Used {
            lei,
            abroad: self.home(lei),
            wanted: vec![Permission::IssueAndRedemption],
            currency,
            amount,
            pays: redeems,
            leaves: redeems,
        };
        self.licensed(&used).map_err(|(code, _)| code)
    }

    /// Whether an order keeps a payment waiting that waits already: it holds nobody back.
    pub(crate) fn waits_for_an_order(&self, leg: &Leg) -> bool {
        let suspended = |one: &Licensed| matches!(one.status, LicenceStatus::Suspended(_));
        if self.freezes.is_empty() && !self.licences.iter().any(suspended) {
            return false;
        }
        match self.payable(&leg.terms) {
            // An order stands behind this rule, whose sums change.
            Err(1110 | 1113) => self
                .accounts_for(&leg.terms)
                .is_ok_and(|(debit, credit)| self.stopped(&debit, &credit).is_err()),
            Err(code) => self.is_stop(code, &leg.terms),
            Ok(_) => false,
        }
    }
    /// Whether an order refuses, which suspends what several have agreed to.
    pub(crate) fn is_stop(&self, code: u16, terms: &PaymentTerms) -> bool {
        match code {
            1103 => true,
            807 | 808 => self.terms_licensed(terms).is_err_and(|(_, waits)| waits),
            _ => false,
        }
    }
    /// Whether one of a payment's accounts was blocked while it waited together with others.
    pub(crate) fn waits_for_an_account(&self, entry: &Entry) -> bool {
        let status = |account: Option<&Account>| account.map(|account| account.status);
        let closed = |leg: &Leg| {
            let terms = &leg.terms;
            let debit = status(self.account(&leg.debit));
            let credit = match (&terms.creditor_account, self.who(&terms.creditor_agent)) {
                (Some(number), _) => status(self.account(number)),
                (None, Some(lei)) => status(self.usual_account(lei, terms.currency)),
                (None, None) => None,
            };
            let (all, out) = (AccountStatus::Blocked, AccountStatus::BlockedDebit);
            let back = AccountStatus::BlockedCredit;
            [Some(all), Some(out)].contains(&debit) || [Some(all), Some(back)].contains(&credit)
        };
        entry.legs.len() > 1 && entry.legs.iter().any(closed)
    }

    pub(crate) fn licence(&self, lei: Lei, activity: &Max35Text) -> Option<&Licensed> {
        let mut rows = self.licences.iter();
        rows.find(|one| one.lei == lei && one.activity == *activity)
    }
    /// Writes a licence down, and looks at what waits.
    pub(crate) fn put_licence(&mut self, changed: Licensed) {
        let lei = changed.lei;
        self.licences
            .retain(|one| one.lei != lei || one.activity != changed.activity);
        self.licences.push(changed);
    }
    /// Refuses what waits from or to an institution and may not any more.
    pub(crate) fn refuse_unlicensed(&mut self, lei: Lei) {
        let concerned =
            |leg: &Leg| leg.agent == lei || self.who(&leg.terms.creditor_agent) == Some(lei);
        let entries = self
            .queue
            .iter()
            .filter(|entry| entry.legs.iter().any(concerned));
        let mut numbers: Vec<u64> = entries.map(|entry| entry.number).collect();
        numbers.sort_unstable();
        for number in numbers {
            let entry = self.entry(number).clone();
            let wrong = |leg: &Leg| self.payable(&leg.terms).is_err();
            let Some(place) = entry.legs.iter().position(wrong) else {
                continue;
            };
            let leg = &entry.legs[place];
            let code = self.payable(&leg.terms).expect_err("found above");
            if ![802, 1816].contains(&code) && !self.is_stop(code, &leg.terms) {
                self.refuse_leg(number, (place, code));
            }
        }
        self.touch_all(|_| true);
    }
    /// What block time does to a licence.
    pub(crate) fn advance_licence(&mut self, lei: Lei, activity: &Max35Text) {
        let mut one = self.licence(lei, activity).expect("listed before").clone();
        match one.status {
            LicenceStatus::Suspended(_) if one.until > self.time => {
                one.status = LicenceStatus::Granted;
            }
            LicenceStatus::Granted | LicenceStatus::Suspended(_) => {
                let wind_down_until = self.winding_down_of(lei);
                one.status = LicenceStatus::Expired { wind_down_until };
            }
            _ => self.block_accounts(lei),
        }
        one.changed = self.time;
        let operation = one.operation;
        self.put_licence(one);
        self.withdraw_unlicensed(lei);
        self.touch_all(|_| true);
        self.say_by_name(operation, TransactionStatus::Canc, None);
    }
    /// Until when a business is wound down whose licence has expired or was given back now.
    pub(crate) fn winding_down_of(&self, lei: Lei) -> Timestamp {
        let common = self.rulebook.common.supervision;
        let part = self.national(self.home(lei));
        let rules = part.map_or(common, |part| part.supervision);
        Timestamp::from_millis(self.time + rules.wind_down_ms.millis())
    }
    /// Takes back the quotes of an institution that may not exchange what it offers.
    pub(crate) fn withdraw_unlicensed(&mut self, lei: Lei) {
        let stands = |one: &Quoted| {
            one.provider == lei && !one.withdrawn && one.left > 0 && one.expires > self.time
        };
        let lost = |one: &Quoted| {
            let sum = (one.sells, one.maximum.min(one.left));
            stands(one) && may_exchange(self, (lei, lei), sum).is_err()
        };
        let names: Vec<Uetr> = self
            .quotes
            .iter()
            .filter(|one| lost(one))
            .map(|one| one.name)
            .collect();
        for name in names {
            self.quote_mut(lei, name).expect("listed above").withdrawn = true;
        }
    }
    /// Gives an institution that is licensed again the accounts back that the end of its winding down has blocked.
    pub(crate) fn reopen_accounts(&mut self, lei: Lei) {
        for account in self.accounts.iter_mut().filter(|one| one.owner == lei) {
            let was = self
                .wound_down
                .iter()
                .find(|(number, _)| *number == account.number);
            if let Some((_, status)) = was {
                account.status = *status;
            }
            self.wound_down
                .retain(|(number, _)| *number != account.number);
        }
    }
    /// The business is wound down: what is left stays on the accounts, unless another licence is in force.
    fn block_accounts(&mut self, lei: Lei) {
        let part = self.national(self.home(lei));
        let known = |code: &Max35Text| {
            let part = part.map(|part| part.activities.iter().any(|one| one.code == *code));
            part.unwrap_or(false)
        };
        let goes_on = |one: &Licensed| match one.status {
            LicenceStatus::Granted | LicenceStatus::Suspended(_) => self.time < one.until,
            _ => one.winds_down(self.time),
        };
        let other = |one: &Licensed| one.lei == lei && goes_on(one) && known(&one.activity);
        if self.licences.iter().any(other) {
            return;
        }
        let own = self
            .accounts
            .iter_mut()
            .filter(|account| account.owner == lei);
        for account in own {
            if ![AccountStatus::Closed, AccountStatus::Blocked].contains(&account.status) {
                self.wound_down
                    .push((account.number.clone(), account.status));
                account.status = AccountStatus::Blocked;
            }
        }
    }
    /// How long a freeze lasts at most without a court.
    pub(crate) fn longest_freeze(&self, place: JurisdictionCode) -> u64 {
        let common = self.rulebook.common.supervision;
        let rules = self.national(place).map_or(common, |part| part.supervision);
        rules.freeze_max_ms.millis()
    }
    pub(crate) fn end_freeze(&mut self, place: JurisdictionCode, subject: &FreezeSubject) {
        let one = self.freezes.iter().position(|one| one.is(place, subject));
        if let Some(one) = one.map(|index| self.freezes.remove(index)) {
            let end = one.until.map_or(self.time, |until| until.min(self.time));
            let lasted = one.before + end.saturating_sub(one.from);
            if !one.confirmed && lasted > 0 {
                let subject = one.subject;
                let until = end + self.longest_freeze(place);
                self.past.push(Past {
                    place,
                    subject,
                    lasted,
                    until,
                });
            }
        }
        self.touch_all(|_| true);
    }
}
