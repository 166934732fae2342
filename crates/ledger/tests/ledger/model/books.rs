//! The model's books, how they are opened from a genesis document, and what a block does to them.

use super::broken::Break;
use super::business_day::Credit;
use super::cycle::Cycle;
use super::queue::{Entry, Limit};
use super::quotes::{Fix, Quoted};
use super::recalls::Recall;
use super::rules::{Emergency, Scheduled};
use super::supervision::{Frozen, Licensed, Past};
use super::together::Exchange;
use super::travel_rule::{Attested, Travelled};
use super::usage::{Counted, Room, told};
use karwan_ledger::{
    AccountClass, AccountStatus, GenesisCurrency, GenesisDocument, GenesisParticipant, Holder,
    LicenceStatus, Operation, Role, Rulebook, Transaction,
};
use karwan_types::{
    AccountNumber, AgentIdentification, ChainId, CurrencyCode, InstructionHash, JurisdictionCode,
    Lei, Max35Text, PublicKey, TransactionId, TransactionStatus, Uetr, Validator, encode,
};

#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) number: AccountNumber,
    pub(crate) owner: Lei,
    pub(crate) currency: CurrencyCode,
    pub(crate) class: AccountClass,
    pub(crate) status: AccountStatus,
    pub(crate) posted: i128,
    pub(crate) held: i128,
    pub(crate) for_urgent: i128,
    pub(crate) for_high: i128,
    pub(crate) line: i128,
    pub(crate) overdue: bool,
    pub(crate) above: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Currency {
    pub(crate) rules: GenesisCurrency,
    pub(crate) halted: bool,
    pub(crate) issued: i128,
    pub(crate) redeemed: i128,
    /// Its business date, in days since the epoch.
    pub(crate) today: i128,
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) key: PublicKey,
    pub(crate) holder: Holder,
    pub(crate) role: Role,
    pub(crate) revoked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Payment,
    IssueRequest,
    Redemption,
    /// Until this millisecond.
    Hold(u64),
    Return,
}

/// Whose money goes where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) agent: Lei,
    pub(crate) uetr: Uetr,
    pub(crate) creditor: Option<Lei>,
    pub(crate) debit: Option<AccountNumber>,
    pub(crate) credit: Option<AccountNumber>,
    pub(crate) currency: CurrencyCode,
    pub(crate) amount: u128,
}

#[derive(Clone, Debug)]
pub(crate) struct Payment {
    pub(crate) operation: Operation,
    pub(crate) what: What,
    pub(crate) status: TransactionStatus,
    pub(crate) code: Option<u16>,
    pub(crate) sum: Sum,
    pub(crate) returned: u128,
    pub(crate) kept_until: u64,
    pub(crate) settled: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) operation: Operation,
    pub(crate) hash: InstructionHash,
    pub(crate) taken: Vec<(Lei, Uetr)>,
    pub(crate) until: u64,
    pub(crate) signers: Vec<PublicKey>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) operation: &'static str,
    pub(crate) status: TransactionStatus,
    pub(crate) code: Option<u16>,
    pub(crate) sum: Option<Sum>,
    /// Whether it was said before of the same instruction.
    pub(crate) repeated: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) chain: ChainId,
    pub(crate) time: u64,
    pub(crate) height: u64,
    pub(crate) rulebook: Rulebook,
    /// How many versions of the rulebook there are, in force or not.
    pub(crate) versions: u32,
    pub(crate) scheduled: Vec<Scheduled>,
    pub(crate) emergencies: Vec<Emergency>,
    pub(crate) jurisdictions: Vec<JurisdictionCode>,
    pub(crate) currencies: Vec<Currency>,
    pub(crate) participants: Vec<GenesisParticipant>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) keys: Vec<Key>,
    pub(crate) payments: Vec<Payment>,
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) transactions: Vec<(TransactionId, u64)>,
    pub(crate) counted: Vec<Counted>,
    /// Who got room under a limit in this block.
    pub(crate) rooms: Vec<Room>,
    /// Orders that have executed, each with its expiry.
    pub(crate) done: Vec<(Operation, u64)>,
    pub(crate) references: Vec<(CurrencyCode, Max35Text)>,
    pub(crate) validators: Vec<Validator>,
    pub(crate) next_validators: Vec<Validator>,
    pub(crate) queue: Vec<Entry>,
    pub(crate) entries_ever: u64,
    pub(crate) limits: Vec<Limit>,
    pub(crate) cycles: Vec<Cycle>,
    pub(crate) recalls: Vec<Recall>,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) fixes: Vec<Fix>,
    pub(crate) quotes: Vec<Quoted>,
    pub(crate) freezes: Vec<Frozen>,
    /// What freezes that ended without a court leave behind.
    pub(crate) past: Vec<Past>,
    pub(crate) orders_ever: u64,
    pub(crate) credit: Vec<Credit>,
    pub(crate) attested: Vec<Attested>,
    pub(crate) travelled: Vec<Travelled>,
    pub(crate) licences: Vec<Licensed>,
    /// What the end of a winding down has blocked, and how it was before.
    pub(crate) wound_down: Vec<(AccountNumber, AccountStatus)>,
    /// The accounts for which something changed for the better in this block.
    pub(crate) touched: Vec<AccountNumber>,
    pub(crate) cycle_wanted: bool,
    /// The versions of the rulebook in force: one.
    pub(crate) in_force: Vec<u32>,
    /// All that ever were.
    pub(crate) ever_in_force: Vec<u32>,
    /// Which rule is broken on purpose.
    pub(crate) broken: Option<Break>,
    pub(crate) said: Vec<Said>,
}

pub(crate) fn whole(minor: u128) -> i128 {
    i128::try_from(minor).expect("a test's amounts are small")
}

fn by_key(mut validators: Vec<Validator>) -> Vec<Validator> {
    validators.sort_by_key(|validator| validator.key);
    validators
}

impl Model {
    pub(crate) fn new(document: &GenesisDocument) -> Self {
        let mut model = Self {
            chain: ChainId::of_genesis(&encode(document)),
            time: document.time.millis(),
            height: 0,
            rulebook: document.rulebook.clone(),
            versions: document.rulebook.version,
            scheduled: Vec::new(),
            emergencies: Vec::new(),
            jurisdictions: document.jurisdictions.iter().map(|one| one.code).collect(),
            currencies: Vec::new(),
            participants: document.participants.clone(),
            accounts: Vec::new(),
            keys: Vec::new(),
            payments: Vec::new(),
            waiting: Vec::new(),
            transactions: Vec::new(),
            counted: Vec::new(),
            rooms: Vec::new(),
            done: Vec::new(),
            references: Vec::new(),
            validators: by_key(document.validators.clone()),
            next_validators: by_key(document.validators.clone()),
            queue: Vec::new(),
            entries_ever: 0,
            limits: Vec::new(),
            cycles: Vec::new(),
            recalls: Vec::new(),
            exchanges: Vec::new(),
            fixes: Vec::new(),
            quotes: Vec::new(),
            freezes: Vec::new(),
            past: Vec::new(),
            orders_ever: 0,
            credit: Vec::new(),
            attested: Vec::new(),
            travelled: Vec::new(),
            licences: Vec::new(),
            wound_down: Vec::new(),
            touched: Vec::new(),
            cycle_wanted: false,
            in_force: vec![document.rulebook.version],
            ever_in_force: vec![document.rulebook.version],
            broken: None,
            said: Vec::new(),
        };
        for rules in &document.currencies {
            model.open(
                rules.contra.clone(),
                rules.issuer,
                rules.code,
                AccountClass::IssuerContra,
            );
            model.currencies.push(Currency {
                rules: rules.clone(),
                halted: false,
                issued: 0,
                redeemed: 0,
                today: 0,
            });
            model.currency_mut(rules.code).today = model.date_now(rules.code);
        }
        for participant in &document.participants {
            model.admit(participant);
        }
        model.cut_keys(document);
        model
    }
    fn admit(&mut self, participant: &GenesisParticipant) {
        for one in &participant.licences {
            self.licences.push(Licensed {
                lei: participant.lei,
                activity: one.activity.clone(),
                status: LicenceStatus::Granted,
                scope: one.scope.clone(),
                from: self.time,
                until: one.until.millis(),
                changed: self.time,
                operation: "LicenceGrant",
            });
        }
        for row in &participant.accounts {
            self.open(row.number.clone(), participant.lei, row.currency, row.class);
            let opening = whole(row.opening.minor());
            let account = self.account_mut(&row.number);
            account.status = row.status;
            account.posted = opening;
            let currency = self.currency_mut(row.currency);
            currency.issued += opening;
            let contra = currency.rules.contra.clone();
            self.account_mut(&contra).posted -= opening;
        }
    }
    fn open(
        &mut self,
        number: AccountNumber,
        owner: Lei,
        currency: CurrencyCode,
        class: AccountClass,
    ) {
        self.accounts.push(Account {
            number,
            owner,
            currency,
            class,
            status: AccountStatus::Open,
            posted: 0,
            held: 0,
            for_urgent: 0,
            for_high: 0,
            line: 0,
            overdue: false,
            above: false,
        });
    }
    fn cut_keys(&mut self, document: &GenesisDocument) {
        let mut cut = |key: PublicKey, holder, role| {
            self.keys.push(Key {
                key,
                holder,
                role,
                revoked: false,
            });
        };
        for place in &document.jurisdictions {
            for key in &place.governors {
                cut(*key, Holder::Governor(place.code), Role::Approver);
            }
            for key in &place.supervisors {
                cut(*key, Holder::Regulator(place.code), Role::Approver);
            }
            for key in &place.courts {
                cut(*key, Holder::Court(place.code), Role::Approver);
            }
            for key in &place.regulators {
                cut(*key, Holder::Regulator(place.code), Role::Access);
            }
            for key in &place.auditors {
                cut(*key, Holder::Auditor(place.code), Role::Access);
            }
        }
        for participant in &document.participants {
            for entry in &participant.keys {
                cut(entry.key, Holder::Participant(participant.lei), entry.role);
            }
        }
    }

    pub(crate) fn account(&self, number: &AccountNumber) -> Option<&Account> {
        self.accounts
            .iter()
            .find(|account| account.number == *number)
    }
    pub(crate) fn account_mut(&mut self, number: &AccountNumber) -> &mut Account {
        let found = self
            .accounts
            .iter_mut()
            .find(|account| account.number == *number);
        found.expect("looked up before")
    }
    pub(crate) fn currency(&self, code: CurrencyCode) -> Option<&Currency> {
        self.currencies
            .iter()
            .find(|currency| currency.rules.code == code)
    }
    pub(crate) fn currency_mut(&mut self, code: CurrencyCode) -> &mut Currency {
        let found = self
            .currencies
            .iter_mut()
            .find(|currency| currency.rules.code == code);
        found.expect("looked up before")
    }
    pub(crate) fn participant(&self, lei: Lei) -> Option<&GenesisParticipant> {
        self.participants.iter().find(|one| one.lei == lei)
    }
    pub(crate) fn who(&self, name: &AgentIdentification) -> Option<Lei> {
        let found = self.participants.iter().find(|one| match name {
            AgentIdentification::Lei(lei) => one.lei == *lei,
            AgentIdentification::Bic(bic) => one.bic == Some(*bic),
            AgentIdentification::ClearingMember(member) => one.members.contains(member),
        });
        found.map(|one| one.lei)
    }
    /// The settlement account in a currency whose number comes first.
    pub(crate) fn usual_account(&self, owner: Lei, currency: CurrencyCode) -> Option<&Account> {
        self.accounts
            .iter()
            .filter(|account| {
                account.owner == owner
                    && account.currency == currency
                    && account.class == AccountClass::Settlement
            })
            .min_by_key(|account| account.number.clone())
    }
    pub(crate) fn payment(&self, agent: Lei, uetr: Uetr) -> Option<&Payment> {
        let same = |one: &&Payment| one.sum.agent == agent && one.sum.uetr == uetr;
        self.payments.iter().find(same)
    }
    pub(crate) fn payment_mut(&mut self, agent: Lei, uetr: Uetr) -> &mut Payment {
        let same = |one: &&mut Payment| one.sum.agent == agent && one.sum.uetr == uetr;
        self.payments
            .iter_mut()
            .find(same)
            .expect("looked up before")
    }

    /// What a block of this time does with these candidates: which are in it, and what is said.
    pub(crate) fn block(&mut self, time: u64, candidates: &[Transaction]) -> Vec<TransactionId> {
        self.said.clear();
        let mut included: Vec<(TransactionId, &Transaction)> = Vec::new();
        for transaction in candidates {
            let id = transaction.to_encoded().id();
            let until = transaction.valid_until.millis();
            let known = self.transactions.iter().any(|(other, _)| *other == id);
            let twice = included.iter().any(|(other, _)| *other == id);
            let common = &self.rulebook.common;
            let ahead = match transaction.operation {
                Operation::RulebookPropose(_) => common.proposal_validity_max_ms,
                _ => common.validity_max_ms,
            };
            let in_time = until >= time || self.breaks(Break::IncludesLate);
            if in_time && until <= time + ahead.millis() && !known && !twice {
                included.push((id, transaction));
            }
        }
        let (before, waited_before) = (self.time, self.queue.len());
        self.time = time;
        self.height += 1;
        self.validators = self.next_validators.clone();
        self.touch_what_starts(before);
        self.slide(before);
        self.end_what_is_over();
        self.forget();
        for (id, transaction) in &included {
            let until = transaction.valid_until.millis();
            self.transactions.push((*id, until));
            self.submit(transaction);
        }
        self.release();
        if self.cycle_is_due(waited_before) {
            self.run_cycle();
            self.release();
        }
        self.cycle_wanted = false;
        included.into_iter().map(|(id, _)| id).collect()
    }

    pub(crate) fn retention(&self) -> u64 {
        self.rulebook.common.retention_ms.millis()
    }
    /// A later step of an instruction on the books.
    pub(crate) fn change(
        &mut self,
        agent: Lei,
        uetr: Uetr,
        status: TransactionStatus,
        code: Option<u16>,
    ) {
        let kept_until = self.time + self.retention();
        let time = self.time;
        let payment = self.payment_mut(agent, uetr);
        payment.status = status;
        let code = told(code);
        payment.code = code;
        if status == TransactionStatus::Acsc {
            payment.settled.get_or_insert(time);
        }
        payment.kept_until = payment.kept_until.max(kept_until);
        let payment = payment.clone();
        self.follow(&payment);
        let operation = match payment.what {
            What::Payment => "Pay",
            What::IssueRequest => "IssueRequest",
            What::Redemption => "RedeemRequest",
            What::Hold(_) => "Hold",
            What::Return => "Return",
        };
        let said = Said {
            operation,
            status,
            code,
            sum: Some(payment.sum.clone()),
            repeated: false,
        };
        self.said.push(said);
    }
}
