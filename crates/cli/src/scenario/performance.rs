//! Doing the steps of a scenario in order, and comparing what comes with what is expected.

use super::chain::{Chain, Submitted};
use super::document::{Act, Instruct, Scenario, Step, What};
use super::expected::{Answer, Expected, Seen};
use super::given::{Given, rulebook};
use super::ledger_view;
use super::merge::merge;
use super::words::Words;
use crate::instruction::{Form, Kind, Offer, build_named, leaves, written};
use anyhow::{Context, bail, ensure};
use karwan_ledger::{Approve, Holder, KeyRecord, Operation, Role, SigningKeys, Transaction};
use karwan_types::{InstructionHash, Outcome, PublicKey, SecretKey, TransactionStatus};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// The field in which a whole rulebook stands; a scenario says only what changes.
const RULEBOOK: &str = "rulebook";

struct Performance<'a> {
    chain: &'a mut dyn Chain,
    words: Words,
    /// Everything that came of instructions, in order.
    answers: Vec<Answer>,
    operations: BTreeMap<String, Operation>,
    /// Every version of the rulebook that was proposed, as it would be published.
    rulebooks: BTreeMap<u32, Table>,
}

/// Does every step.
///
/// # Errors
/// Names the step and its line, what was expected and what came, with a refusal's own sentence.
pub(crate) fn perform(
    scenario: &Scenario,
    given: &Given,
    chain: &mut dyn Chain,
) -> anyhow::Result<()> {
    let version = chain.state().rules().version;
    let mut performance = Performance {
        chain,
        words: Words::new(&scenario.name, given.cast()?),
        answers: Vec::new(),
        operations: BTreeMap::new(),
        rulebooks: BTreeMap::from([(version, given.rulebook.clone())]),
    };
    for step in &scenario.steps {
        let done = performance.step(step, scenario.steps.len());
        done.with_context(|| format!("step {} (line {})", step.number, step.line))?;
    }
    performance.chain.finish().context("after the last step")
}

impl Performance<'_> {
    fn step(&mut self, step: &Step, of: usize) -> anyhow::Result<()> {
        self.chain.before_step(step.number, of)?;
        match &step.act {
            Act::Instruct(instruct) => self.instruct(step.number, instruct),
            Act::Pass(passing) => {
                let outcomes = self.chain.pass(*passing)?;
                self.note(&outcomes);
                Ok(())
            }
            Act::See(seen) => self.see(seen),
        }
    }

    fn instruct(&mut self, number: usize, instruct: &Instruct) -> anyhow::Result<()> {
        let name = instruct
            .label
            .clone()
            .unwrap_or_else(|| format!("step {number}"));
        self.words.begin(&name);
        let operation = match &instruct.what {
            What::New(kind, value) => self.operation(kind, value)?,
            What::Again(label) => {
                self.words.find(label)?;
                let known = self.operations.get(label).cloned();
                known.with_context(|| {
                    format!("{label} names a payment inside an instruction; name the step")
                })?
            }
        };
        let valid_until = self.chain.now().after(instruct.valid_for);
        let signers = self.signers(&operation, instruct.by.as_deref())?;
        let chain_id = self.chain.state().chain().chain_id;
        let mut transaction = Transaction::unsigned(chain_id, operation, valid_until);
        for signer in &signers {
            transaction = transaction.signed_by(signer);
        }
        let instruction = transaction.instruction_hash();
        if let Some(label) = &instruct.label {
            let operation = transaction.operation.clone();
            ensure!(
                self.operations.insert(label.clone(), operation).is_none(),
                "an earlier step is called {label} already"
            );
            self.words.label(label, instruction);
        }
        let answers = match self.chain.submit(&transaction)? {
            Submitted::Refused { refusal, clause } => {
                let version = self.chain.state().rules().version;
                let answer = Answer::refused(instruction, refusal, clause, version);
                self.answers.push(answer.clone());
                vec![answer]
            }
            Submitted::Final(outcomes) => {
                self.note(&outcomes);
                own_answers(&outcomes, instruction)
            }
        };
        judge(&instruct.then, &answers)
    }

    fn note(&mut self, outcomes: &[Outcome]) {
        self.answers.extend(outcomes.iter().map(Answer::of));
    }

    /// The operation of a step. A kind with one unnamed field may be given that alone.
    fn operation(&mut self, kind: &Kind, value: &Value) -> anyhow::Result<Operation> {
        let mut fields = if let Some(fields) = value.as_table() {
            fields.clone()
        } else {
            let all = leaves(&kind.fields);
            let unnamed = all
                .iter()
                .find(|leaf| leaf.field.offer == Offer::Positional);
            let Some(unnamed) = unnamed else {
                bail!("{} = {value}: must be a table of its fields", kind.command);
            };
            Table::from_iter([(unnamed.field.key.clone(), value.clone())])
        };
        self.whole_rulebook(kind, &mut fields)?;
        build_named(kind, &fields, self.chain.now(), &self.words)
            .with_context(|| kind.command.replace('-', "_"))
    }

    /// Puts the whole rulebook where a scenario says what is other than in the version that is changed.
    fn whole_rulebook(&mut self, kind: &Kind, fields: &mut Table) -> anyhow::Result<()> {
        let field = kind.fields.iter().find(|field| field.name == RULEBOOK);
        let Some(field) = field.filter(|field| matches!(field.form, Form::Document(_))) else {
            return Ok(());
        };
        let Some(Value::Table(changes)) = fields.get(RULEBOOK) else {
            return Ok(());
        };
        let named = fields.get("diff_from").and_then(Value::as_integer);
        let named = named.and_then(|version| u32::try_from(version).ok());
        let latest = self
            .rulebooks
            .keys()
            .next_back()
            .copied()
            .unwrap_or_default();
        let base = named
            .filter(|version| self.rulebooks.contains_key(version))
            .unwrap_or(latest);
        let mut document = self.rulebooks[&base].clone();
        let next = latest.saturating_add(1);
        document.insert("version".to_owned(), Value::from(i64::from(next)));
        merge(&mut document, changes, RULEBOOK)?;
        let typed = rulebook(&document)?;
        let around = "XTS".parse().context("a constant currency")?;
        let whole = written(&field.form, &serde_json::to_value(&typed)?, around)?;
        fields.insert(RULEBOOK.to_owned(), whole);
        self.rulebooks.insert(typed.version, document);
        Ok(())
    }

    /// Those who are named, or else everybody who must sign.
    fn signers(
        &self,
        operation: &Operation,
        by: Option<&[String]>,
    ) -> anyhow::Result<Vec<SecretKey>> {
        let cast = self.words.cast();
        if let Some(by) = by {
            let mut secrets = Vec::new();
            for word in by {
                let names = if cast.agent(word).is_some() {
                    cast.signers(word)
                } else {
                    vec![word.as_str()]
                };
                for name in names {
                    secrets.push(cast.secret(name).context("by")?);
                }
            }
            return Ok(secrets);
        }
        let keys = self.needed(operation);
        if keys.is_empty() {
            bail!(
                "who must sign cannot be told from what is on the ledger; say it with by, for example by = \"indus\""
            );
        }
        let secret = |key: &PublicKey| {
            let name = self.words.key_name(key);
            let name =
                name.with_context(|| format!("key {key} has no name here; say who signs with by"))?;
            cast.secret(&name)
        };
        keys.iter().map(secret).collect()
    }

    /// Every signing key of as many holders as must sign; for an approval, one key that has not signed yet.
    fn needed(&self, operation: &Operation) -> Vec<PublicKey> {
        let state = self.chain.state();
        let signing = |holder: &Holder, which: SigningKeys| -> Vec<PublicKey> {
            let signs = |record: &KeyRecord| {
                record.holder == *holder && which.include(record) && record.revoked_at.is_none()
            };
            let keys = state.keys().filter(|(_, record)| signs(record));
            let mut keys: Vec<(Role, PublicKey)> =
                keys.map(|(key, record)| (record.role, *key)).collect();
            keys.sort_unstable();
            keys.into_iter().map(|(_, key)| key).collect()
        };
        let groups = operation.signers(state);
        if let Operation::Approve(Approve { instruction }) = operation {
            let signed = state.approval(instruction).map(|pending| &pending.signers);
            let all = groups.iter().flat_map(|group| {
                let keys = group.holders.iter();
                keys.map(|holder| (holder, group.keys))
            });
            let mut keys = all.flat_map(|(holder, which)| signing(holder, which));
            let open = keys.find(|key| signed.is_none_or(|signed| !signed.contains(key)));
            return open.into_iter().collect();
        }
        let mut found = Vec::new();
        let mut known = BTreeSet::new();
        for group in &groups {
            let holders = group.holders.iter().take(group.needed);
            for key in holders.flat_map(|holder| signing(holder, group.keys)) {
                if known.insert(key) {
                    found.push(key);
                }
            }
        }
        found
    }

    fn see(&mut self, seen: &Seen) -> anyhow::Result<()> {
        let mut different = Vec::new();
        for (label, expected) in &seen.outcome {
            let labelled = self.words.find(label)?.clone();
            let of = |answer: &&Answer| {
                let same = answer.instruction == labelled.instruction;
                same && (answer.uetr.is_none() || answer.uetr == labelled.uetr)
            };
            let answer = self.answers.iter().rev().find(of);
            let Some(answer) = answer.cloned() else {
                different.push(format!("{label}: something, but nothing came of it"));
                continue;
            };
            if answer.recorded {
                self.chain
                    .confirm_status(labelled.instruction, answer.uetr, answer.status)?;
            }
            for one in expected.differences(&answer) {
                different.push(format!("{label}: {one} ({})", answer.sentence()));
            }
        }
        different.extend(ledger_view::differences(
            seen,
            self.chain.state(),
            &self.words,
        ));
        self.confirm_accounts(seen)?;
        told(&different)
    }

    /// What others keep of the accounts that are looked at.
    fn confirm_accounts(&mut self, seen: &Seen) -> anyhow::Result<()> {
        let numbers = seen
            .balances
            .keys()
            .chain(seen.held.keys())
            .chain(seen.accounts.keys());
        for number in numbers {
            if let Some(account) = self.chain.state().account(number).cloned() {
                self.chain.confirm_account(number, &account)?;
            }
        }
        Ok(())
    }
}

/// What came of an instruction itself: the last of each payment in it, in the order in which they first appeared.
fn own_answers(outcomes: &[Outcome], instruction: InstructionHash) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    for outcome in outcomes.iter().filter(|one| one.instruction == instruction) {
        let answer = Answer::of(outcome);
        match answers.iter_mut().find(|one| one.uetr == answer.uetr) {
            Some(earlier) => *earlier = answer,
            None => answers.push(answer),
        }
    }
    answers
}

/// Compares what came with what was expected; without an expectation nothing may have been refused.
fn judge(expected: &[Expected], answers: &[Answer]) -> anyhow::Result<()> {
    if expected.is_empty() {
        let refused = answers
            .iter()
            .find(|answer| answer.status == TransactionStatus::Rjct);
        if let Some(answer) = refused {
            bail!("no refusal was expected, but it is {}", answer.sentence());
        }
        ensure!(!answers.is_empty(), "nothing came of the instruction");
        return Ok(());
    }
    let all = || {
        answers
            .iter()
            .map(Answer::sentence)
            .collect::<Vec<_>>()
            .join("; ")
    };
    ensure!(
        expected.len() == answers.len(),
        "expected {} outcomes, but there are {}: {}",
        expected.len(),
        answers.len(),
        all()
    );
    let mut different = Vec::new();
    for (expected, answer) in expected.iter().zip(answers) {
        for one in expected.differences(answer) {
            different.push(format!("{one} ({})", answer.sentence()));
        }
    }
    told(&different)
}

fn told(different: &[String]) -> anyhow::Result<()> {
    ensure!(
        different.is_empty(),
        "expected {}",
        different.join("; and ")
    );
    Ok(())
}
