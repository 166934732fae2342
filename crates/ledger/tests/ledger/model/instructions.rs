//! How an instruction comes to the model: its signers, its references, its waiting, its performance.

use super::books::{Model, Payment, Said, Sum, Waiting, What};
use super::broken::Break;
use super::kinds::{modelled, payments_of};
use super::signing::Group;
use super::together::Exchange;
use super::usage::told;
use karwan_ledger::{ExchangeStatus, Operation, PaymentTerms, Transaction, instruction_hash};
use karwan_types::{InstructionHash, Lei, PublicKey, TransactionStatus, Uetr};

/// One reference that an instruction takes.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) what: What,
    pub(crate) sum: Sum,
}

/// The instruction under way.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) hash: InstructionHash,
    pub(crate) operation: Operation,
    pub(crate) until: u64,
}

/// Whether all of its payments settle or none.
fn is_atomic(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::Linked(_) | Operation::PayVersusPayment(_)
    )
}

impl Model {
    pub(crate) fn submit(&mut self, transaction: &Transaction) {
        if modelled(&transaction.operation).is_none() {
            return;
        }
        let mut signers: Vec<PublicKey> =
            transaction.signatures.iter().map(|one| one.key).collect();
        signers.sort();
        let hash = instruction_hash(&transaction.chain_id, &transaction.operation);
        let turn = Turn {
            hash,
            operation: transaction.operation.clone(),
            until: transaction.valid_until.millis(),
        };
        if let Err(code) = self.begin(&turn, hash, &signers) {
            self.say(&turn, TransactionStatus::Rjct, Some(code), None);
        }
    }
    pub(crate) fn say_by_name(
        &mut self,
        operation: &'static str,
        status: TransactionStatus,
        code: Option<u16>,
    ) {
        let sum = None;
        self.said.push(Said {
            operation,
            status,
            code,
            sum,
            repeated: false,
        });
    }
    fn say(&mut self, turn: &Turn, status: TransactionStatus, code: Option<u16>, sum: Option<Sum>) {
        self.said.push(Said {
            operation: turn.operation.name(),
            status,
            code: told(code),
            sum,
            repeated: false,
        });
    }
    /// Puts an instruction on the books, or its next status.
    pub(crate) fn book(
        &mut self,
        turn: &Turn,
        item: &Item,
        status: TransactionStatus,
        code: Option<u16>,
    ) {
        let sum = item.sum.clone();
        let same = |one: &Payment| one.sum.agent == sum.agent && one.sum.uetr == sum.uetr;
        self.payments.retain(|one| !same(one));
        let payment = Payment {
            operation: turn.operation.clone(),
            what: item.what,
            status,
            code: told(code),
            sum: sum.clone(),
            returned: 0,
            kept_until: turn.until.max(self.time) + self.retention(),
            settled: (status == TransactionStatus::Acsc).then_some(self.time),
        };
        self.follow(&payment);
        self.payments.push(payment);
        self.say(turn, status, code, Some(sum));
    }

    fn begin(
        &mut self,
        turn: &Turn,
        hash: InstructionHash,
        signers: &[PublicKey],
    ) -> Result<(), u16> {
        if let Some(code) = self.keys_problem(signers) {
            return Err(code);
        }
        let groups = self.groups(&turn.operation)?;
        if let Some(code) = self.signers_problem(&groups, signers) {
            return Err(code);
        }
        if let Operation::Approve(approve) = &turn.operation {
            return self.approve(turn, approve.instruction, signers);
        }
        let items = self.items(&turn.operation);
        if let Some(place) = self.waiting.iter().position(|one| one.hash == hash) {
            let waiting = &self.waiting[place];
            let further = signers.iter().any(|key| !waiting.signers.contains(key));
            let together = [waiting.signers.as_slice(), signers].concat();
            let binds = turn.until >= waiting.until || self.enough(&groups, &together);
            if further && binds {
                self.sign_further(turn, place, signers);
                return Ok(());
            }
            if further {
                return Err(822);
            }
        }
        let waits = self.waiting.iter().any(|one| one.hash == hash);
        let order = (turn.operation.clone(), turn.until);
        if items.is_empty() && !waits && self.done.contains(&order) {
            return Err(503);
        }
        if !waits && self.exchanges.iter().any(|one| one.hash == hash) {
            self.repeat(turn, &items);
            return Ok(());
        }
        let open = self.take_references(turn, &items, signers);
        if open.is_empty() && !items.is_empty() {
            return Ok(());
        }
        if waits {
            self.say(turn, TransactionStatus::Patc, None, None);
            return Ok(());
        }
        self.register(turn, hash, &items);
        if self.enough(&groups, signers) {
            self.perform(turn, &open);
        } else {
            self.wait_for_signers(turn, hash, signers, &open);
        }
        Ok(())
    }

    /// The references that are new. One that was taken gets its stored answer, or is refused when another instruction has it.
    fn take_references(&mut self, turn: &Turn, items: &[Item], signers: &[PublicKey]) -> Vec<Item> {
        let mut open = Vec::new();
        let mut conflict = false;
        for item in items {
            match self.payment(item.sum.agent, item.sum.uetr).cloned() {
                None if self.acts_for(signers, item.sum.agent) => open.push(item.clone()),
                None => {}
                Some(old) if old.operation == turn.operation => {
                    let settled = old.status == TransactionStatus::Acsc;
                    if settled && self.breaks(Break::PaysAgain) {
                        open.push(item.clone());
                        continue;
                    }
                    self.say(turn, old.status, old.code, Some(old.sum.clone()));
                    self.said.last_mut().expect("just said").repeated = true;
                }
                Some(_) => {
                    conflict = true;
                    let (status, code) = (TransactionStatus::Rjct, Some(501));
                    self.say(turn, status, code, Some(item.sum.clone()));
                }
            }
        }
        if is_atomic(&turn.operation) && conflict {
            for item in &open {
                self.book(turn, item, TransactionStatus::Rjct, Some(1407));
            }
            open.clear();
        }
        open
    }
    fn wait_for_signers(
        &mut self,
        turn: &Turn,
        hash: InstructionHash,
        signers: &[PublicKey],
        open: &[Item],
    ) {
        let key = |one: &Item| (one.sum.agent, one.sum.uetr);
        let until = match &turn.operation {
            Operation::PayVersusPayment(one) => turn.until.min(one.settle_till.millis() - 1),
            _ => turn.until,
        };
        self.waiting.push(Waiting {
            operation: turn.operation.clone(),
            hash,
            taken: open.iter().map(key).collect(),
            until,
            signers: signers.to_vec(),
        });
        for item in open {
            self.book(turn, item, TransactionStatus::Patc, None);
        }
        if open.is_empty() {
            self.say(turn, TransactionStatus::Patc, None, None);
        }
    }

    /// Those of a waiting instruction's payments that still wait, in their order.
    pub(crate) fn still_open(&self, waiting: &Waiting) -> Vec<Item> {
        let items = self.items_as_booked(waiting);
        items.into_iter().flatten().collect()
    }
    fn items_as_booked(&self, waiting: &Waiting) -> Vec<Option<Item>> {
        let mut taken = waiting.taken.clone();
        if is_atomic(&waiting.operation) {
            let legs = payments_of(&waiting.operation);
            let place = |key: &(Lei, Uetr)| legs.iter().position(|leg| leg.uetr == key.1);
            taken.sort_by_key(place);
        }
        let item = |(agent, uetr): &(Lei, Uetr)| {
            let row = self.payment(*agent, *uetr)?;
            let open = row.operation == waiting.operation && row.status == TransactionStatus::Patc;
            open.then(|| Item {
                what: row.what,
                sum: row.sum.clone(),
            })
        };
        taken.iter().map(item).collect()
    }
    pub(crate) fn time_out(&mut self, hash: InstructionHash) {
        let Some(place) = self.waiting.iter().position(|one| one.hash == hash) else {
            return;
        };
        let waiting = self.waiting.remove(place);
        let turn = Turn {
            hash,
            operation: waiting.operation.clone(),
            until: waiting.until,
        };
        for item in self.still_open(&waiting) {
            self.book(&turn, &item, TransactionStatus::Rjct, Some(408));
        }
        if waiting.taken.is_empty() {
            self.say(&turn, TransactionStatus::Rjct, Some(408), None);
        }
    }

    fn approve(
        &mut self,
        turn: &Turn,
        hash: InstructionHash,
        signers: &[PublicKey],
    ) -> Result<(), u16> {
        let place = self
            .waiting
            .iter()
            .position(|one| one.hash == hash)
            .ok_or(406u16)?;
        if signers
            .iter()
            .any(|key| self.waiting[place].signers.contains(key))
        {
            return Err(407);
        }
        self.say(turn, TransactionStatus::Acsc, None, None);
        self.count_further(place, signers);
        Ok(())
    }

    /// The same instruction by further signers; when nothing follows, the answer is what is on the books.
    fn sign_further(&mut self, turn: &Turn, place: usize, signers: &[PublicKey]) {
        if self.waiting[place].taken.is_empty() {
            self.done.push((turn.operation.clone(), turn.until));
        }
        let said = self.said.len();
        self.count_further(place, signers);
        if self.said.len() > said {
            return;
        }
        let items = self.items(&turn.operation);
        self.repeat(turn, &items);
        if items.is_empty() {
            self.say(turn, TransactionStatus::Patc, None, None);
        }
    }

    /// The stored answers.
    fn repeat(&mut self, turn: &Turn, items: &[Item]) {
        for item in items {
            let row = self.payment(item.sum.agent, item.sum.uetr).cloned();
            if let Some(row) = row.filter(|row| row.operation == turn.operation) {
                self.say(turn, row.status, row.code, Some(row.sum.clone()));
                self.said.last_mut().expect("just said").repeated = true;
            }
        }
    }
    fn register(&mut self, turn: &Turn, hash: InstructionHash, items: &[Item]) {
        let (Operation::PayVersusPayment(_), [a, b]) = (&turn.operation, items) else {
            return;
        };
        self.exchanges.push(Exchange {
            hash,
            operation: turn.operation.clone(),
            legs: [a, b].map(|item| (item.sum.agent, item.sum.uetr)),
            status: ExchangeStatus::Proposed,
            kept_until: turn.until,
        });
    }

    /// Further signatures under what waits.
    fn count_further(&mut self, place: usize, signers: &[PublicKey]) {
        let mut waiting = self.waiting.remove(place);
        let further = signers.iter().copied();
        let further: Vec<PublicKey> = further
            .filter(|key| !waiting.signers.contains(key))
            .collect();
        waiting.signers.extend(further);
        let original = Turn {
            hash: waiting.hash,
            operation: waiting.operation.clone(),
            until: waiting.until,
        };
        if is_atomic(&waiting.operation) {
            for item in self.items(&waiting.operation) {
                let key = (item.sum.agent, item.sum.uetr);
                if waiting.taken.contains(&key) || !self.acts_for(&waiting.signers, key.0) {
                    continue;
                }
                if self.payment(key.0, key.1).is_some() {
                    self.say(
                        &original,
                        TransactionStatus::Rjct,
                        Some(501),
                        Some(item.sum),
                    );
                    for other in self.still_open(&waiting) {
                        self.book(&original, &other, TransactionStatus::Rjct, Some(1407));
                    }
                    return;
                }
                self.book(&original, &item, TransactionStatus::Patc, None);
                waiting.taken.push(key);
            }
        }
        let open = self.still_open(&waiting);
        let groups: Result<Vec<Group>, u16> = self.groups(&waiting.operation);
        let enough = groups.is_ok_and(|groups| self.enough(&groups, &waiting.signers));
        if !enough {
            self.waiting.push(waiting);
        } else if !open.is_empty() || waiting.taken.is_empty() {
            self.perform(&original, &open);
        }
    }

    fn perform(&mut self, turn: &Turn, open: &[Item]) {
        if open.is_empty() {
            self.done.push((turn.operation.clone(), turn.until));
        }
        let known = modelled(&turn.operation).expect("only what is modelled is performed");
        match known.perform(self, turn, open) {
            Ok(()) if open.is_empty() => {
                let sum = known.concerns(self);
                self.say(turn, known.done(), None, sum);
            }
            Ok(()) => {}
            Err(code) if open.is_empty() => {
                self.say(turn, TransactionStatus::Rjct, Some(code), None);
            }
            Err(code) => {
                for item in open {
                    self.book(turn, item, TransactionStatus::Rjct, Some(code));
                }
            }
        }
    }
    fn items(&self, operation: &Operation) -> Vec<Item> {
        modelled(operation).map_or_else(Vec::new, |known| known.items(self))
    }

    /// A payment as a reference that an instruction takes.
    pub(crate) fn item(&self, terms: &PaymentTerms, what: What) -> Option<Item> {
        let agent = self.who(&terms.debtor_agent)?;
        let creditor = self.who(&terms.creditor_agent);
        let usual = |owner: Lei| {
            let account = self.usual_account(owner, terms.currency);
            account.map(|account| account.number.clone())
        };
        let sum = Sum {
            agent,
            uetr: terms.uetr,
            creditor,
            debit: terms.debtor_account.clone().or_else(|| usual(agent)),
            credit: terms.creditor_account.clone().or_else(|| usual(creditor?)),
            currency: terms.currency,
            amount: terms.amount.minor(),
        };
        Some(Item { what, sum })
    }
}
