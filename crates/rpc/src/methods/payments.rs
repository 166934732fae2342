//! Payments and receipts: what came of an instruction, found by its reference, transaction or hash.
//!
//! Institutions choose UETRs by themselves, so a reference may belong to several instructions: of several agents, or of one
//! agent that used it twice (the second is then refused). Each is an entry of its own, the oldest first.

use super::page_entries;
use crate::backend::{Located, Lookup};
use crate::limits::{PAGE_ENTRIES_MAX, PLACES_WALKED_MAX};
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::{Placed, Reading};
use crate::view::{MoneyView, OutcomeView, RecallView, RefusalView, View, waiting};
use karwan_ledger::InstructionKey;
use karwan_types::{
    Height, InstructionHash, Lei, Outcome, RECEIPT_VERSION, Receipt, Timestamp, TransactionId,
    TransactionStatus, Uetr, ValidatorChange, merkle_path,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `payment.get`
#[derive(Debug)]
pub struct PaymentGet;

/// Which payment: one of `uetr`, `transaction` and `instruction` at least; further ones narrow the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentGetParams {
    /// The payment's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uetr: Option<View<Uetr>>,
    /// The debtor agent, when several have used the reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<View<Lei>>,
    /// The transaction that brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<View<TransactionId>>,
    /// The hash of its instruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<View<InstructionHash>>,
    /// The most payments to show, at most 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// The payments found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentAnswer {
    /// The height as of which this holds.
    pub as_of_height: u64,
    /// The payments, oldest first.
    pub payments: Vec<PaymentView>,
    /// Whether there are more than were asked for.
    pub more: bool,
}

/// An instruction and everything that came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentView {
    /// Its reference; absent for instructions that move no money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uetr: Option<View<Uetr>>,
    /// The institution that is debited, or whose request it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<View<Lei>>,
    /// The hash of the instruction.
    pub instruction: View<InstructionHash>,
    /// Its kind, for example `Pay`.
    pub operation: String,
    /// Its present status.
    pub status: View<TransactionStatus>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalView>,
    /// How much of it has been returned, while the ledger remembers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<MoneyView>,
    /// When it settled, while the ledger remembers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<View<Timestamp>>,
    /// Why it waits in the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<RefusalView>,
    /// Its recall, the last one if there were several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<RecallView>,
    /// Every status transition, oldest first. When the payment was looked up by a transaction, only those of that transaction.
    pub transitions: Vec<OutcomeView>,
}

impl Method for PaymentGet {
    const NAME: &'static str = "payment.get";
    type Params = PaymentGetParams;
    type Answer = PaymentAnswer;
}

impl Read for PaymentGet {
    fn at_least(params: &PaymentGetParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: PaymentGetParams) -> Result<PaymentAnswer, Problem> {
        let limit = page_entries(params.limit);
        let selector = Selector {
            uetr: params.uetr.map(|uetr| uetr.0),
            agent: params.agent.map(|agent| agent.0),
            transaction: params.transaction.map(|transaction| transaction.0),
            instruction: params.instruction.map(|instruction| instruction.0),
        };
        let found = selector.find(reading, limit)?;
        if found.instructions.is_empty() {
            return Err(Problem::not_found());
        }
        let views = found.instructions.iter().map(|one| one.view(reading));
        Ok(PaymentAnswer {
            as_of_height: reading.height(),
            payments: views.collect::<Option<_>>().unwrap_or_default(),
            more: found.more,
        })
    }
}

/// `receipt.get`
#[derive(Debug)]
pub struct ReceiptGet;

/// Which receipt: an outcome by its number in the event feed, or an instruction as in `payment.get`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptGetParams {
    /// The number of the outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// The payment's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uetr: Option<View<Uetr>>,
    /// The debtor agent, when several have used the reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<View<Lei>>,
    /// The transaction that brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<View<TransactionId>>,
    /// The hash of its instruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<View<InstructionHash>>,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// A receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptAnswer {
    /// The outcome that it proves.
    pub outcome: OutcomeView,
    /// The receipt. As a file it is this object with two spaces of indentation and a line feed at its end.
    pub receipt: View<Receipt>,
}

impl Method for ReceiptGet {
    const NAME: &'static str = "receipt.get";
    type Params = ReceiptGetParams;
    type Answer = ReceiptAnswer;
}

impl Read for ReceiptGet {
    fn at_least(params: &ReceiptGetParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: ReceiptGetParams) -> Result<ReceiptAnswer, Problem> {
        let placed = match params.sequence {
            Some(sequence) => reading.outcome(Located::from_sequence(sequence))?,
            None => {
                let selector = Selector {
                    uetr: params.uetr.map(|uetr| uetr.0),
                    agent: params.agent.map(|agent| agent.0),
                    transaction: params.transaction.map(|transaction| transaction.0),
                    instruction: params.instruction.map(|instruction| instruction.0),
                };
                let all = usize::try_from(PAGE_ENTRIES_MAX).expect("a page is small");
                let found = selector.find(reading, all)?;
                let first = found.instructions.into_iter().next();
                first.and_then(|one| one.settling().cloned())
            }
        };
        let placed = placed.ok_or_else(Problem::not_found)?;
        receipt(reading, &placed)
    }
}

fn receipt(reading: &Reading, placed: &Placed) -> Result<ReceiptAnswer, Problem> {
    let frame = &placed.block.frame;
    let header = &frame.block.header;
    let leaves: Vec<_> = frame.outcomes.iter().map(Outcome::hash).collect();
    let index = usize::try_from(placed.position).map_err(|_| Problem::not_found())?;
    let (Some(path), Some(outcome), Some(view)) =
        (merkle_path(&leaves, index), placed.get(), placed.view())
    else {
        return Err(Problem::not_found());
    };
    Ok(ReceiptAnswer {
        outcome: view,
        receipt: View(Receipt {
            version: RECEIPT_VERSION,
            outcome: outcome.clone(),
            path,
            header: header.clone(),
            certificate: frame.certificate.clone(),
            validator_changes: validator_changes(reading, header.height)?,
        }),
    })
}

/// Every change of the validator set before a block, with the header that names it and its certificate.
pub(super) fn validator_changes(
    reading: &Reading,
    height: Height,
) -> Result<Vec<ValidatorChange>, Problem> {
    let changes = reading.snapshot.state.validator_changes();
    let earlier = changes.take_while(|(changed_at, _)| *changed_at < height);
    let mut proven = Vec::new();
    for (changed_at, next) in earlier {
        let block = reading.block(changed_at)?;
        proven.push(ValidatorChange {
            header: block.frame.block.header.clone(),
            certificate: block.frame.certificate.clone(),
            next: next.clone(),
        });
    }
    Ok(proven)
}

/// Which instructions are meant.
#[derive(Clone, Copy, Debug, Default)]
struct Selector {
    uetr: Option<Uetr>,
    agent: Option<Lei>,
    transaction: Option<TransactionId>,
    instruction: Option<InstructionHash>,
}

/// One instruction and the transitions found of it, oldest first.
#[derive(Debug)]
struct Instruction {
    uetr: Option<Uetr>,
    agent: Option<Lei>,
    transitions: Vec<Placed>,
}

#[derive(Debug, Default)]
struct Instructions {
    instructions: Vec<Instruction>,
    more: bool,
}

impl Selector {
    /// The instructions that the caller may see, oldest first.
    fn find(&self, reading: &Reading, limit: usize) -> Result<Instructions, Problem> {
        let mut found = Instructions::default();
        for placed in self.transitions(reading)?.into_iter().rev() {
            let Some(outcome) = placed.get() else {
                continue;
            };
            let movement = outcome.movement.as_ref();
            let uetr = movement.map(|movement| movement.uetr);
            let agent = movement.map(|movement| movement.debtor_agent);
            let mut same = found.instructions.iter_mut().filter(|one| {
                (one.uetr, one.agent) == (uetr, agent)
                    && one.instruction() == Some(outcome.instruction)
            });
            if let Some(instruction) = same.next() {
                instruction.transitions.push(placed);
            } else if found.instructions.len() < limit {
                found.instructions.push(Instruction {
                    uetr,
                    agent,
                    transitions: vec![placed],
                });
            } else {
                found.more = true;
            }
        }
        Ok(found)
    }

    /// Every outcome that fits and that the caller may see, newest first.
    fn transitions(&self, reading: &Reading) -> Result<Vec<Placed>, Problem> {
        let lookup = match (self.transaction, self.instruction, self.uetr) {
            (Some(transaction), _, _) => Lookup::Transaction(transaction),
            (None, Some(instruction), _) => Lookup::Instruction(instruction),
            (None, None, Some(uetr)) => Lookup::Uetr(uetr),
            (None, None, None) => {
                let sentence = "name a payment by its uetr, transaction or instruction";
                return Err(Problem::invalid(sentence));
            }
        };
        let mut seen = Vec::new();
        let (mut before, mut walked) = (None, 0usize);
        loop {
            let page = reading.find(&lookup, before, 1_000)?;
            for place in &page.places {
                walked += 1;
                let placed = reading.outcome(*place)?;
                seen.extend(placed.filter(|placed| placed.get().is_some_and(|one| self.fits(one))));
            }
            before = page.places.last().copied();
            if !page.more || before.is_none() {
                return Ok(seen);
            }
            if walked >= PLACES_WALKED_MAX {
                let sentence = "too many instructions share this reference; name the transaction or the instruction";
                return Err(Problem::invalid(sentence));
            }
        }
    }

    fn fits(&self, outcome: &Outcome) -> bool {
        let movement = outcome.movement.as_ref();
        let uetr = movement.map(|movement| movement.uetr);
        let agent = movement.map(|movement| movement.debtor_agent);
        self.instruction
            .is_none_or(|one| one == outcome.instruction)
            && (self.uetr.is_none() || self.uetr == uetr)
            && (self.agent.is_none() || self.agent == agent)
    }
}

impl Instruction {
    fn instruction(&self) -> Option<InstructionHash> {
        self.transitions
            .first()?
            .get()
            .map(|outcome| outcome.instruction)
    }

    /// The transition that brought the present status first; a repeated submission repeats the status later.
    fn settling(&self) -> Option<&Placed> {
        let status = |placed: &Placed| placed.get().map(|outcome| outcome.status);
        let last = status(self.transitions.last()?);
        self.transitions
            .iter()
            .find(|placed| status(placed) == last)
    }

    fn view(&self, reading: &Reading) -> Option<PaymentView> {
        let last = self.transitions.last()?.get()?;
        let state = &reading.snapshot.state;
        let key = self.agent.zip(self.uetr);
        let key = key.map(|(agent, uetr)| InstructionKey { agent, uetr });
        let own = |key: &InstructionKey| {
            let record = state.record(key)?;
            (record.instruction == last.instruction).then_some((*key, record))
        };
        // A recall has the reference of its payment and is none.
        let (key, record) = key.as_ref().and_then(own).unzip();
        let (status, refusal) = match record {
            Some(record) => (record.status, &record.refusal),
            None => (last.status, &last.refusal),
        };
        let views = self.transitions.iter().map(Placed::view);
        Some(PaymentView {
            uetr: self.uetr.map(View),
            agent: self.agent.map(View),
            instruction: View(last.instruction),
            operation: last.operation.to_string(),
            status: View(status),
            refusal: refusal.as_ref().map(RefusalView::new),
            returned: record.map(|one| MoneyView::new(one.returned, one.movement.currency)),
            settled: record.and_then(|one| one.settled).map(View),
            waiting: key.and_then(|key| waiting(reading, &key)),
            recall: key.and_then(|key| RecallView::of(state, &key)),
            transitions: views.collect::<Option<_>>()?,
        })
    }
}
