//! Who writes the random instructions: mostly sound ones that follow from what is on the books, some with a wrong signer, a
//! wrong amount, a wrong account or a wrong time, and repetitions.

use super::books::{Key, Model, Payment, Sum, Waiting, What};
use super::kinds::quotes::plan;
use super::kinds::{LINES, Line, modelled};
use super::supervision::Licensed;
use crate::support::*;
use karwan_ledger::{
    Holder, OnShortage, Operation, PartyCommitment, PartyDatum, Pay, PaymentKind, PaymentTerms,
    Priority, Role, RunCycle, SetBilateralLimit, Transaction,
};
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, CurrencyCode, DurationMs, Hash, Lei, PublicKey,
    SecretKey, Timestamp,
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
            compliance(of),
        ]);
    }
    for place in ["PK", "KG", "KZ", "UZ"] {
        secrets.extend([governor(place), regulator(place), auditor(place)]);
        secrets.extend([supervisor(place, 1), supervisor(place, 2)]);
        secrets.extend([court(place), second_court(place)]);
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
    scope: Scope,
    /// What comes next, last first.
    planned: Vec<Operation>,
}

/// Which kinds an author writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those that the model knows.
    Modelled,
    /// Those that only the invariants look at, too.
    Everything,
}

/// The data of parties, or the tag of two persons.
pub(crate) fn data(number: u8) -> Hash {
    Hash::from_bytes([number; 32])
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
    pub(crate) fn new(seed: u64, secrets: &Secrets, scope: Scope) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            seed,
            names: 0,
            written: Vec::new(),
            secrets: secrets.clone(),
            scope,
            planned: Vec::new(),
        }
    }
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.random.u32(..100) < percent
    }
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
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
        for entry in &model.queue {
            ends.extend([entry.from, entry.until, entry.until + 1]);
            ends.extend(entry.attest_by.into_iter().flat_map(|by| [by, by + 1]));
        }
        ends.extend(model.scheduled.iter().map(|one| one.from));
        ends.extend(model.emergencies.iter().map(|one| one.until));
        ends.extend(model.recalls.iter().map(|one| one.answer_until + 1));
        ends.extend(model.licences.iter().filter_map(Licensed::ends));
        ends.extend(model.attested.iter().map(|one| one.expires));
        for one in &model.freezes {
            ends.extend(one.until.into_iter().chain([one.from]));
        }
        for payment in &model.payments {
            ends.push(payment.kept_until);
            if let What::Hold(until) = payment.what {
                ends.push(until);
            }
        }
        // Three in the morning and one in the afternoon, UTC, the issuers open and close; at seven in the evening a day ends.
        let day = model.time / 86_400_000 * 86_400_000;
        ends.extend([3, 13, 18, 19, 27].map(|hour| day + hour * 3_600_000));
        ends.extend(model.windows_slide());
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
            let place = self.random.usize(..self.written.len());
            return self.written[place].clone();
        }
        let operation = self.operation(chain, model);
        let signers = self.signers(chain, model, &operation);
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
        if self.planned.is_empty() && self.chance(5) {
            self.plan_gridlock(model);
        }
        if self.planned.is_empty() && self.chance(3) {
            self.planned = plan(self, chain, model);
        }
        if self.planned.is_empty() && self.chance(4) {
            self.plan_split(model);
        }
        if let Some(operation) = self.planned.pop() {
            return operation;
        }
        match self.random.u32(..100) {
            0..3 if !self.written.is_empty() => self.repetition(),
            3..6 => self.alteration(model),
            _ => self.of_some_kind(chain, model),
        }
    }
    /// Plans a ring of payments that nobody can begin, perhaps a few that keep it from closing, and a cycle.
    fn plan_gridlock(&mut self, model: &Model) {
        let (_, currency) = *self.pick(&ISSUERS[..2]);
        let currency = code(currency);
        let mut ring: Vec<Institution> = BANKS
            .into_iter()
            .filter(|bank| model.usual_account(bank.lei(), currency).is_some())
            .collect();
        self.random.shuffle(&mut ring);
        ring.truncate(self.random.usize(3..5));
        let least = *self.pick(&[20_000, 100_000]);
        let amount = self.random.u64(least..300_000);
        let mut payments: Vec<Operation> = Vec::new();
        for place in 0..ring.len() {
            let (from, to) = (ring[place], ring[(place + 1) % ring.len()]);
            let amount = amount + self.random.u64(..3) * 500;
            payments.push(self.waiting(from, to, currency, amount));
        }
        for _ in 0..self.random.usize(..4) {
            let from = *self.pick(&[ring[0], ring[1], ring[2], ring[0]]);
            let to = *self.pick(&ring);
            let amount = self.random.u64(10_000..400_000);
            payments.push(self.waiting(from, to, currency, amount));
        }
        if self.chance(50) {
            self.random.shuffle(&mut payments);
        }
        self.planned.push(RunCycle { currency }.into());
        self.planned.extend(payments);
        if self.chance(50) {
            let limit = SetBilateralLimit {
                agent: ring[0].agent(),
                counterparty: ring[1].agent(),
                currency,
                limit: Some(Amount::from_minor(10_000)),
            };
            self.planned.push(limit.into());
        }
    }
    /// Plans two or three payments between the same two persons, each below the threshold of the Travel Rule.
    fn plan_split(&mut self, model: &Model) {
        let Some(rules) = &model.rulebook.common.travel_rule else {
            return;
        };
        let Some(threshold) = rules.thresholds.last() else {
            return;
        };
        let (most, currency) = (threshold.amount.minor(), threshold.currency);
        let (from, to) = (
            *self.pick(&[INDUS, NARYN, RAVI]),
            *self.pick(&[TALAS, NARYN, INDUS]),
        );
        let tag = self.chance(50).then(|| data(1));
        for _ in 0..self.random.usize(2..4) {
            let name = self.name();
            let mut payment = terms(from, to, "1 PKR", &name);
            payment.currency = currency;
            payment.amount = Amount::from_minor(self.random.u128(most * 2 / 5..most));
            payment.kind = PaymentKind::Customer;
            payment.on_shortage = OnShortage::Queue;
            payment.ivms_commitment = self.chance(90).then(|| data(1));
            payment.pair_tag = tag;
            self.planned.push(Pay { payment }.into());
        }
    }
    fn waiting(
        &mut self,
        from: Institution,
        to: Institution,
        currency: CurrencyCode,
        minor: u64,
    ) -> Operation {
        let name = self.name();
        let mut payment = terms(from, to, "1 PKR", &name);
        payment.currency = currency;
        payment.amount = Amount::from_minor(u128::from(minor));
        payment.on_shortage = OnShortage::Queue;
        payment.priority = match self.random.u32(..6) {
            0 => Priority::Urgt,
            1 | 2 => Priority::High,
            _ => Priority::Norm,
        };
        Pay { payment }.into()
    }
    /// Of a kind drawn by its weight, among those about which there is something to write.
    fn of_some_kind(&mut self, chain: &Chain, model: &Model) -> Operation {
        let all = |line: &Line| self.scope == Scope::Everything || line.observed.is_none();
        let lines: Vec<&Line> = LINES.iter().filter(|line| all(line)).collect();
        let total: u32 = lines.iter().map(|line| line.weight).sum();
        loop {
            let mut drawn = self.random.u32(..total);
            let line = lines.iter().find(|line| {
                let found = drawn < line.weight;
                drawn = drawn.saturating_sub(line.weight);
                found
            });
            let write = line.expect("the weights sum up").write;
            if let Some(operation) = write(self, chain, model) {
                return operation;
            }
        }
    }
    pub(crate) fn name(&mut self) -> String {
        if self.names > 0 && self.chance(6) {
            return format!("{}/{}", self.seed, self.random.usize(..self.names));
        }
        self.names += 1;
        format!("{}/{}", self.seed, self.names - 1)
    }
    pub(crate) fn bank(&mut self) -> Institution {
        *self.pick(&BANKS)
    }
    pub(crate) fn called(&mut self, of: Institution, model: &Model) -> AgentIdentification {
        let row = model.participant(of.lei()).expect("of this network");
        match (self.random.u32(..8), row.members.first()) {
            (0, _) => AgentIdentification::Lei(of.lei()),
            (1, Some(member)) => AgentIdentification::ClearingMember(member.clone()),
            (2, None) if self.random.u32(..12) == 0 => "NOSUCHPK".parse().expect("a BIC"),
            _ => of.agent(),
        }
    }
    pub(crate) fn amount(&mut self, model: &Model, of: Lei) -> Amount {
        let sizes: u128 = match self.random.u32(..12) {
            0 => *self.pick(EDGES),
            1..4 => {
                // Around what there is, what is free, and what is not reserved.
                let own = model.accounts.iter().filter(|account| account.owner == of);
                let own: Vec<i128> = own
                    .flat_map(|one| {
                        let free = one.posted - one.held;
                        [one.posted, free, free - one.for_urgent, free - one.for_high]
                    })
                    .collect();
                let all = if own.is_empty() { 1 } else { *self.pick(&own) };
                u128::try_from(all.max(0)).expect("not negative") + u128::from(self.random.u8(..2))
            }
            4..8 => u128::from(self.random.u64(100..100_000)),
            8..11 => u128::from(self.random.u64(100..400_000)),
            _ if self.chance(50) => u128::from(self.random.u64(100_000..50_000_000)),
            _ => u128::from(self.random.u64(50_000_000..900_000_000)),
        };
        Amount::from_minor(sizes)
    }
    pub(crate) fn account(&mut self, model: &Model, of: Lei) -> AccountNumber {
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

    pub(crate) fn terms(&mut self, model: &Model) -> PaymentTerms {
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
        if self.chance(if model.rulebook.common.travel_rule.is_some() {
            40
        } else {
            20
        }) {
            terms.kind = PaymentKind::Customer;
            self.travel(&mut terms);
            self.purpose(&mut terms);
        }
        if self.chance(75) {
            terms.on_shortage = OnShortage::Queue;
        }
        terms.priority = match self.random.u32(..10) {
            0 | 1 => Priority::Urgt,
            2 | 3 => Priority::High,
            _ => Priority::Norm,
        };
        if self.chance(30) && from == INDUS {
            terms.debtor_account = Some(account("INDUS-CLIENTS"));
        }
        self.times(model, &mut terms);
        terms
    }
    /// Data of the parties, mostly, and one of a few persons.
    pub(crate) fn travel(&mut self, terms: &mut PaymentTerms) {
        terms.ivms_commitment = self.chance(90).then(|| data(1));
        terms.pair_tag = match self.random.u8(..3) {
            0 => None,
            person => Some(data(person)),
        };
    }
    /// Writes this next.
    pub(crate) fn plan(&mut self, operation: impl Into<Operation>) {
        self.planned.push(operation.into());
    }
    /// What it is for, mostly as the tables of the networks want it.
    fn purpose(&mut self, terms: &mut PaymentTerms) {
        if self.chance(85) {
            let code = *self.pick(&["GDDS", "GDDS", "GDDS", "SALA", "LOAN", "CASH"]);
            terms.purpose = Some(code.parse().expect("a code"));
        }
        if self.chance(40) {
            let code = *self.pick(&["9101", "55101010", "9202", "1234"]);
            terms.local_purpose = Some(code.parse().expect("an identifier"));
        }
        if self.chance(60) {
            terms.commitments = vec![PartyCommitment {
                datum: PartyDatum::RegulatoryReporting,
                commitment: Hash::from_bytes([5; 32]),
            }];
        }
    }
    pub(crate) fn currency(&mut self, model: &Model, of: Institution) -> CurrencyCode {
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
            let days = self.random.u64(..3);
            let home = now.after(millis(5 * 3_600_000 + days * 86_400_000));
            terms.settlement_date = Some(home.date());
        }
        if self.chance(10) {
            terms.reject_time = Some(around(&mut self.random));
        }
        if self.chance(7) {
            terms.from_time = Some(around(&mut self.random));
        }
    }
    /// A few payments, each with a reference of its own.
    pub(crate) fn several(&mut self, model: &Model) -> Vec<PaymentTerms> {
        let count = self.random.usize(2..5);
        let mut list = vec![self.terms(model)];
        while list.len() < count {
            let next = self.terms(model);
            if list.iter().all(|one| one.uetr != next.uetr) {
                list.push(next);
            }
        }
        list
    }
    /// The money of something on the books, mostly of what is wanted, now and then of anything.
    pub(crate) fn earlier(&mut self, model: &Model, wanted: fn(&Payment) -> bool) -> Option<Sum> {
        let any = self.chance(8);
        let rows = model.payments.iter().filter(|one| any || wanted(one));
        let sums: Vec<Sum> = rows.map(|one| one.sum.clone()).collect();
        (!sums.is_empty()).then(|| self.pick(&sums).clone())
    }
    /// A part of an amount, all of it, or a little more.
    pub(crate) fn part_of(&mut self, amount: u128) -> Amount {
        let part = match self.random.u32(..4) {
            0 => amount + u128::from(self.random.u8(..2)),
            _ => self.random.u128(0..=amount),
        };
        Amount::from_minor(part)
    }
    /// A key that is not registered yet, whose secret the author keeps.
    pub(crate) fn new_key(&mut self) -> PublicKey {
        let name = self.name();
        let secret = stranger(&name);
        self.secrets.insert(secret.public_key(), secret.clone());
        secret.public_key()
    }
    /// The same instruction again, with another expiry or other signatures.
    fn repetition(&mut self) -> Operation {
        let place = self.random.usize(..self.written.len());
        self.written[place].operation.clone()
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
    fn signers(&mut self, chain: &Chain, model: &Model, operation: &Operation) -> Vec<SecretKey> {
        let mut holders: Vec<Holder> = match modelled(operation) {
            Some(known) => {
                let groups = known.groups(model).unwrap_or_default();
                groups.into_iter().flat_map(|group| group.holders).collect()
            }
            None => {
                let groups = operation.signers(&chain.state);
                groups.into_iter().flat_map(|group| group.holders).collect()
            }
        };
        if holders.is_empty() {
            holders.push(Holder::Participant(self.bank().lei()));
        }
        let mood = self.random.u32(..10);
        let mut chosen: Vec<&Key> = Vec::new();
        let approving = matches!(operation, Operation::Approve(_));
        for key in &model.keys {
            let attests = matches!(operation, Operation::Attest(_));
            let role = key.role != Role::Access && (key.role == Role::Compliance) == attests;
            let fits = holders.contains(&key.holder) && !key.revoked && role;
            if !fits || chosen.len() == 12 {
                continue;
            }
            let has_signed = |one: &Waiting| one.signers.contains(&key.key);
            let again = approving && model.waiting.iter().any(has_signed);
            let same = |one: &&&Key| (one.holder, one.role) == (key.holder, key.role);
            let enough = match key.holder {
                Holder::Regulator(_) | Holder::Court(_) => 2,
                Holder::Participant(_) | Holder::Governor(_) | Holder::Auditor(_) => 1,
            };
            let wanted = match mood {
                0 => self.chance(40),
                1 => key.role == Role::Maker || attests,
                // One of each role is enough, and two for an order.
                _ => !again && chosen.iter().filter(same).count() < enough,
            };
            if wanted {
                chosen.push(key);
            }
        }
        let secret = |key: &&Key| self.secrets.get(&key.key).cloned();
        let mut signers: Vec<SecretKey> = chosen.iter().filter_map(secret).collect();
        if self.chance(5) {
            let place = self.random.usize(..self.secrets.len());
            signers.extend(self.secrets.values().nth(place).cloned());
        }
        if signers.is_empty() || self.chance(1) {
            signers.push(stranger("nobody"));
        }
        signers.sort_by_key(SecretKey::public_key);
        signers.dedup_by_key(|one| one.public_key());
        signers
    }
}
