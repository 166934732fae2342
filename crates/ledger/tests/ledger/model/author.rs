//! Who writes the random instructions: mostly sound ones that follow from what is on the books, some with a wrong signer, a
//! wrong amount, a wrong account or a wrong time, and repetitions.

use super::books::{Model, What};
use crate::support::*;
use karwan_ledger::{Hold, Holder, Operation, Pay, PaymentKind, PaymentTerms, Role, Transaction};
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, DurationMs, Lei, PublicKey, SecretKey, Timestamp,
    TransactionStatus, Uetr, Validator,
};
use std::collections::BTreeMap;

/// Every secret key behind a registered one.
pub(crate) type Secrets = BTreeMap<PublicKey, SecretKey>;

/// The secret keys of the test network.
pub(crate) fn registered() -> Secrets {
    let mut secrets = Vec::new();
    for of in ISSUERS.map(|(issuer, _)| issuer).into_iter().chain(BANKS) {
        secrets.extend([
            maker(of),
            second_maker(of),
            checker(of),
            releaser(of),
            reader(of),
        ]);
    }
    for place in ["PK", "KG", "KZ", "UZ"] {
        secrets.extend([governor(place), regulator(place), auditor(place)]);
    }
    let by_key = |secret: SecretKey| (secret.public_key(), secret);
    secrets.into_iter().map(by_key).collect()
}

/// A seeded source of instructions and block times.
pub(crate) struct Author {
    pub(crate) random: fastrand::Rng,
    seed: u64,
    names: usize,
    written: Vec<Transaction>,
    secrets: Secrets,
}

/// Amounts at which something changes: nothing, the smallest payment, the limits of the policy, the largest payment.
const EDGES: &[u128] = &[
    0,
    1,
    99,
    100,
    100_000,
    100_001,
    100_000_000,
    100_000_001,
    800_000_000,
    800_000_001,
];

impl Author {
    pub(crate) fn new(seed: u64, secrets: &Secrets) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            seed,
            names: 0,
            written: Vec::new(),
            secrets: secrets.clone(),
        }
    }
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.random.u32(..100) < percent
    }
    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.random.usize(..from.len())]
    }

    /// When the next block is: a second later, at the very moment at which something ends, just after it, or much later.
    pub(crate) fn next_time(&mut self, model: &Model) -> Timestamp {
        let now = Timestamp::from_millis(model.time);
        let later = match self.random.u32(..20) {
            0..9 => return now.after(SECOND),
            9..11 => return now.after(millis(self.random.u64(1..3_600_000))),
            11 => return now.after(millis(1)),
            12 => return now.after(millis(self.random.u64(1..172_800_000))),
            _ => model.time + 1,
        };
        let mut ends: Vec<u64> = Vec::new();
        ends.extend(model.waiting.iter().map(|one| one.until));
        ends.extend(model.transactions.iter().map(|(_, until)| *until));
        for payment in &model.payments {
            ends.push(payment.kept_until);
            if let What::Hold(until) = payment.what {
                ends.push(until);
            }
        }
        // Three in the morning and one in the afternoon, UTC, the issuers open and close; at seven in the evening a day ends.
        let day = model.time / 86_400_000 * 86_400_000;
        ends.extend([3, 13, 18, 19, 27].map(|hour| day + hour * 3_600_000));
        ends.sort_unstable();
        ends.retain(|end| *end >= later);
        let near = &ends[..ends.len().min(4)];
        let Some(end) = (!near.is_empty()).then(|| *self.pick(near)) else {
            return now.after(HOUR);
        };
        match self.random.u32(..3) {
            0 => Timestamp::from_millis(end),
            1 => Timestamp::from_millis(end + 1),
            _ => Timestamp::from_millis((end - 1).max(later)),
        }
    }

    /// One transaction for the next block.
    pub(crate) fn write(&mut self, chain: &Chain, model: &Model) -> Transaction {
        if !self.written.is_empty() && self.chance(4) {
            let written = self.written.clone();
            return self.pick(&written).clone();
        }
        let operation = self.operation(chain, model);
        let signers = self.signers(model, &operation);
        let expiry = self.expiry(chain.upcoming());
        let transaction = chain.sign_until(operation, &signers, expiry);
        self.written.push(transaction.clone());
        transaction
    }
    fn expiry(&mut self, block: Timestamp) -> Timestamp {
        let hour = block.after(HOUR);
        match self.random.u32(..12) {
            0 => block,
            1 => Timestamp::from_millis(block.millis() - 1),
            2 => block.after(VALIDITY),
            3 => block.after(VALIDITY).after(millis(1)),
            4 => block.after(MINUTE),
            _ => hour,
        }
    }

    fn operation(&mut self, chain: &Chain, model: &Model) -> Operation {
        match self.random.u32(..100) {
            0..26 => Pay {
                payment: self.terms(model),
            }
            .into(),
            26..33 => self.hold(chain, model),
            33..38 => self.several(model, true),
            38..44 => self.several(model, false),
            44..54 => self.approval(chain, model),
            54..78 => self.follow_up(model),
            78..86 => self.request(model),
            86..89 => self.halt_or_resume(model),
            89..92 => self.rotation(model),
            92..94 => self.election(),
            94..97 => self.repetition(),
            _ => self.alteration(model),
        }
    }
    fn name(&mut self) -> String {
        if self.names > 0 && self.chance(6) {
            return format!("{}/{}", self.seed, self.random.usize(..self.names));
        }
        self.names += 1;
        format!("{}/{}", self.seed, self.names - 1)
    }
    fn bank(&mut self) -> Institution {
        *self.pick(&BANKS)
    }
    fn called(&mut self, of: Institution, model: &Model) -> AgentIdentification {
        let row = model.participant(of.lei()).expect("of this network");
        match (self.random.u32(..8), row.members.first()) {
            (0, _) => AgentIdentification::Lei(of.lei()),
            (1, Some(member)) => AgentIdentification::ClearingMember(member.clone()),
            (2, None) if self.random.u32(..12) == 0 => "NOSUCHPK".parse().expect("a BIC"),
            _ => of.agent(),
        }
    }
    fn amount(&mut self, model: &Model, of: Lei) -> Amount {
        let sizes: u128 = match self.random.u32(..10) {
            0 => *self.pick(EDGES),
            1 => {
                let own: Vec<i128> = model
                    .accounts
                    .iter()
                    .filter(|account| account.owner == of)
                    .map(|account| account.posted - account.held)
                    .collect();
                let all = if own.is_empty() { 1 } else { *self.pick(&own) };
                u128::try_from(all.max(0)).expect("not negative") + u128::from(self.random.u8(..2))
            }
            2..6 => u128::from(self.random.u64(100..100_000)),
            6..9 => u128::from(self.random.u64(100_000..50_000_000)),
            _ => u128::from(self.random.u64(50_000_000..900_000_000)),
        };
        Amount::from_minor(sizes)
    }
    fn account(&mut self, model: &Model, of: Lei) -> AccountNumber {
        let own = self.chance(85);
        let fitting: Vec<AccountNumber> = model
            .accounts
            .iter()
            .filter(|account| !own || account.owner == of)
            .map(|account| account.number.clone())
            .collect();
        if fitting.is_empty() || self.chance(3) {
            return account("NO-SUCH");
        }
        self.pick(&fitting).clone()
    }

    fn terms(&mut self, model: &Model) -> PaymentTerms {
        let (from, mut to) = (self.bank(), self.bank());
        let currency = self.currency(model, from);
        for _ in 0..4 {
            if to == from || model.usual_account(to.lei(), currency).is_none() {
                to = self.bank();
            }
        }
        let name = self.name();
        let mut terms = terms(from, to, "1 PKR", &name);
        terms.currency = currency;
        terms.amount = self.amount(model, from.lei());
        terms.debtor_agent = self.called(from, model);
        terms.creditor_agent = self.called(to, model);
        if self.chance(10) {
            terms.debtor_account = Some(self.account(model, from.lei()));
        }
        if self.chance(10) {
            terms.creditor_account = Some(self.account(model, to.lei()));
        }
        if self.chance(20) {
            terms.kind = PaymentKind::Customer;
        }
        if self.chance(30) && from == INDUS {
            terms.debtor_account = Some(account("INDUS-CLIENTS"));
        }
        self.times(model, &mut terms);
        terms
    }
    fn currency(&mut self, model: &Model, of: Institution) -> karwan_types::CurrencyCode {
        if self.chance(2) {
            return code("USD");
        }
        let own: Vec<_> = model
            .accounts
            .iter()
            .filter(|account| account.owner == of.lei())
            .map(|account| account.currency)
            .collect();
        *self.pick(&own)
    }
    fn times(&mut self, model: &Model, terms: &mut PaymentTerms) {
        let now = Timestamp::from_millis(model.time);
        let around = |random: &mut fastrand::Rng| {
            let back = Timestamp::from_millis(model.time - 60_000);
            back.after(DurationMs::from_millis(random.u64(..7_200_000)))
        };
        if self.chance(12) {
            let home = now.after(millis(5 * 3_600_000));
            terms.settlement_date = Some(home.date());
        }
        if self.chance(6) {
            terms.reject_time = Some(around(&mut self.random));
        }
        if self.chance(3) {
            terms.from_time = Some(around(&mut self.random));
        }
    }
    fn hold(&mut self, chain: &Chain, model: &Model) -> Operation {
        let block = chain.upcoming();
        let expires = match self.random.u32(..10) {
            0 => block,
            1 => block.after(VALIDITY),
            2 => block.after(VALIDITY).after(millis(1)),
            3 => block.after(millis(1)),
            _ => block.after(millis(self.random.u64(1..7_200_000))),
        };
        let payment = self.terms(model);
        Hold { payment, expires }.into()
    }
    fn several(&mut self, model: &Model, bulk: bool) -> Operation {
        let count = self.random.usize(2..5);
        let mut list = vec![self.terms(model)];
        while list.len() < count {
            let mut next = self.terms(model);
            if bulk {
                next.debtor_agent = list[0].debtor_agent.clone();
                next.currency = list[0].currency;
            }
            if list.iter().all(|one| one.uetr != next.uetr) {
                list.push(next);
            }
        }
        if bulk {
            karwan_ledger::PayBulk { payments: list }.into()
        } else {
            karwan_ledger::Linked { legs: list }.into()
        }
    }
    fn approval(&mut self, chain: &Chain, model: &Model) -> Operation {
        let waiting: Vec<Operation> = model
            .waiting
            .iter()
            .map(|one| one.operation.clone())
            .collect();
        if !waiting.is_empty() && self.chance(95) {
            return chain.approve(self.pick(&waiting).clone()).into();
        }
        chain.approve(halt("KZT")).into()
    }

    /// The next step of something on the books; not always a possible one.
    fn follow_up(&mut self, model: &Model) -> Operation {
        let steps: Vec<_> = model
            .payments
            .iter()
            .filter(|one| one.status != TransactionStatus::Rjct)
            .map(|one| {
                (
                    one.sum.agent,
                    one.sum.uetr,
                    one.what,
                    one.status,
                    one.sum.amount,
                )
            })
            .collect();
        if steps.is_empty() || self.chance(3) {
            let name = self.name();
            return cancel(self.bank(), &name).into();
        }
        let open: Vec<_> = steps
            .iter()
            .filter(|one| one.3 == TransactionStatus::Pdng)
            .copied()
            .collect();
        let among = if !open.is_empty() && self.chance(60) {
            &open
        } else {
            &steps
        };
        let (agent, uetr, what, status, amount) = *self.pick(among);
        let agent = AgentIdentification::Lei(agent);
        let sensible = match (what, status) {
            (What::Hold(_), TransactionStatus::Pdng) => self.random.u32(..3).min(1),
            (What::IssueRequest, TransactionStatus::Pdng) => *self.pick(&[2, 2, 2, 6]),
            (What::Redemption, TransactionStatus::Pdng) => *self.pick(&[3, 3, 4]),
            (_, TransactionStatus::Patc) => 6,
            (_, TransactionStatus::Acsc) => 5 + 2 * self.random.u32(..2),
            _ => 5,
        };
        let step = if self.chance(12) {
            self.random.u32(..8)
        } else {
            sensible
        };
        self.step(step, agent, uetr, amount)
    }
    fn step(
        &mut self,
        step: u32,
        agent: AgentIdentification,
        uetr: Uetr,
        amount: u128,
    ) -> Operation {
        let part = match self.random.u32(..4) {
            0 => amount + u128::from(self.random.u8(..2)),
            _ => self.random.u128(0..=amount),
        };
        let amount = Amount::from_minor(part);
        // Few references, so that they are used twice.
        let reference = format!("RTGS-{}", self.random.u32(..5));
        let reference = reference.parse().expect("an identifier");
        let name = self.name();
        match step {
            0 => karwan_ledger::Post {
                agent,
                uetr,
                amount,
            }
            .into(),
            1 => karwan_ledger::Void { agent, uetr }.into(),
            2 => karwan_ledger::Issue {
                agent,
                uetr,
                rtgs_credit_reference: reference,
            }
            .into(),
            3 => karwan_ledger::RedeemConfirm {
                agent,
                uetr,
                rtgs_debit_reference: reference,
            }
            .into(),
            4 => karwan_ledger::RedeemCancel { agent, uetr }.into(),
            5 => karwan_ledger::Return {
                uetr: crate::support::uetr(&name),
                original_agent: agent,
                original_uetr: uetr,
                amount,
                reason: "AC04".parse().expect("a code"),
            }
            .into(),
            6 => karwan_ledger::Cancel {
                agent,
                uetr,
                reason: "CUST".parse().expect("a code"),
            }
            .into(),
            _ => karwan_ledger::ConfirmCredit { agent, uetr }.into(),
        }
    }
    fn request(&mut self, model: &Model) -> Operation {
        let of = self.bank();
        let home = ISSUERS
            .iter()
            .find(|(issuer, _)| issuer.country == of.country);
        let (_, home) = home.expect("every jurisdiction has its currency");
        let currency = if self.chance(80) {
            code(home)
        } else {
            self.currency(model, of)
        };
        let amount = self.amount(model, of.lei());
        let name = self.name();
        if self.chance(60) {
            let mut asked = issue_request(of, "1 PKR", &name);
            asked.currency = currency;
            asked.amount = amount;
            if self.chance(20) {
                asked.amount = Amount::from_minor(u128::from(self.random.u64(..2_000_000_000)));
            }
            return asked.into();
        }
        let mut back = redeem_request(of, "1 PKR", &name);
        back.currency = currency;
        back.amount = amount;
        back.into()
    }
    fn halt_or_resume(&mut self, model: &Model) -> Operation {
        let halted = model.currencies.iter().find(|one| one.halted);
        match halted {
            Some(one) if self.chance(90) => resume(one.rules.code.as_str()).into(),
            _ if self.chance(5) => halt("USD").into(),
            _ => {
                let (_, currency) = *self.pick(&ISSUERS);
                halt(currency).into()
            }
        }
    }
    fn rotation(&mut self, model: &Model) -> Operation {
        let keys: Vec<PublicKey> = model.keys.iter().map(|one| one.key).collect();
        let old = *self.pick(&keys);
        let new = match self.random.u32(..10) {
            0 => *self.pick(&keys),
            1 => validator("KZ").public_key(),
            _ => {
                let name = self.name();
                let secret = stranger(&name);
                self.secrets.insert(secret.public_key(), secret.clone());
                secret.public_key()
            }
        };
        karwan_ledger::RotateKey { old, new }.into()
    }
    fn election(&mut self) -> Operation {
        let mut list: Vec<Validator> = ["PK", "KG", "KZ", "UZ"].map(home_validator).into();
        let place = self.random.usize(..4);
        match self.random.u32(..5) {
            0 => drop(list.remove(place)),
            1 => list[place].power = 2,
            2 => list[place].jurisdiction = country("TJ"),
            3 => list[place].key = maker(TOBOL).public_key(),
            _ => list[place].key = stranger("validator").public_key(),
        }
        validators(list).into()
    }
    /// The same instruction again, with another expiry or other signatures.
    fn repetition(&mut self) -> Operation {
        let written: Vec<Operation> = self
            .written
            .iter()
            .map(|one| one.operation.clone())
            .collect();
        if written.is_empty() {
            return halt("UZS").into();
        }
        self.pick(&written).clone()
    }
    /// An earlier reference with another content.
    fn alteration(&mut self, model: &Model) -> Operation {
        let mut payment = self.terms(model);
        let earlier: Vec<_> = model.payments.iter().map(|one| one.sum.clone()).collect();
        if !earlier.is_empty() {
            let sum = self.pick(&earlier).clone();
            payment.uetr = sum.uetr;
            payment.debtor_agent = AgentIdentification::Lei(sum.agent);
        }
        Pay { payment }.into()
    }

    /// Mostly whoever must sign, sometimes too few, sometimes someone else.
    fn signers(&mut self, model: &Model, operation: &Operation) -> Vec<SecretKey> {
        let groups = model.groups(operation).unwrap_or_default();
        let mut holders: Vec<Holder> = groups.into_iter().flat_map(|group| group.holders).collect();
        if holders.is_empty() {
            holders.push(Holder::Participant(self.bank().lei()));
        }
        let mood = self.random.u32(..10);
        let mut signers: Vec<SecretKey> = Vec::new();
        for key in &model.keys {
            let fits = holders.contains(&key.holder) && !key.revoked && key.role != Role::Access;
            let approving = matches!(operation, Operation::Approve(_));
            let has_signed = |one: &super::Waiting| one.signers.contains(&key.key);
            let again = approving && model.waiting.iter().any(has_signed);
            let of_holder = |one: &&SecretKey| {
                let of = |row: &super::books::Key| row.key == one.public_key();
                let row = model.keys.iter().find(|row| of(row)).expect("registered");
                (row.holder, row.role) == (key.holder, key.role)
            };
            let wanted = match mood {
                0 => self.chance(40),
                1 => key.role == Role::Maker,
                // One of each role is enough.
                _ => !again && !signers.iter().any(|one| of_holder(&one)),
            };
            if fits && wanted && signers.len() < 12 {
                signers.extend(self.secrets.get(&key.key).cloned());
            }
        }
        if self.chance(5) {
            let all: Vec<SecretKey> = self.secrets.values().cloned().collect();
            signers.push(self.pick(&all).clone());
        }
        if signers.is_empty() || self.chance(1) {
            signers.push(stranger("nobody"));
        }
        signers.sort_by_key(SecretKey::public_key);
        signers.dedup_by_key(|one| one.public_key());
        signers
    }
}
