//! What a scenario expects, and how it differs from what came.

use super::keys;
use anyhow::{Context, bail};
use karwan_types::{
    AccountNumber, Amount, CurrencyCode, InstructionHash, JurisdictionCode, Max35Text, Outcome,
    Refusal, TransactionStatus, Uetr,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// What is expected of an instruction or of a payment in it. What is not said is not compared.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    /// The ISO 20022 status.
    status: Option<String>,
    /// The ISO 20022 reason of a refusal.
    reason: Option<String>,
    /// The stable name of a refusal.
    name: Option<String>,
    /// The stable number of a refusal.
    code: Option<u16>,
    /// The clause of the rulebook that decided.
    clause: Option<String>,
    /// The version of the rulebook under which it was decided.
    rulebook: Option<u32>,
    /// The emergency rule that decided, for example `PK 1`.
    emergency: Option<String>,
    /// What was moved or would have been, for example `250.00 PKR`.
    amount: Option<String>,
    /// Whether it is on the ledger; a refusal at the door leaves nothing there.
    recorded: Option<bool>,
}

pub(super) const EXPECTED_KEYS: [&str; 9] = [
    "status",
    "reason",
    "name",
    "code",
    "clause",
    "rulebook",
    "emergency",
    "amount",
    "recorded",
];
pub(super) const SEEN_KEYS: [&str; 12] = [
    "outcome",
    "balances",
    "held",
    "accounts",
    "queue",
    "cycle",
    "currencies",
    "participants",
    "licences",
    "freezes",
    "rulebook",
    "rulebooks",
];

/// What came of an instruction, or of a payment in it.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) instruction: InstructionHash,
    pub(super) uetr: Option<Uetr>,
    pub(super) status: TransactionStatus,
    refusal: Option<Refusal>,
    clause: Max35Text,
    rulebook: u32,
    emergency: Option<String>,
    money: Option<(Amount, CurrencyCode)>,
    pub(super) recorded: bool,
}

impl Answer {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let movement = outcome.movement.as_ref();
        let emergency = outcome.emergency;
        Self {
            instruction: outcome.instruction,
            uetr: movement.map(|movement| movement.uetr),
            status: outcome.status,
            refusal: outcome.refusal.clone(),
            clause: outcome.clause.clone(),
            rulebook: outcome.rulebook,
            emergency: emergency.map(|rule| format!("{} {}", rule.jurisdiction, rule.number)),
            money: movement.map(|movement| (movement.amount, movement.currency)),
            recorded: true,
        }
    }

    /// Refused before it was taken in.
    pub(super) fn refused(
        instruction: InstructionHash,
        refusal: Refusal,
        clause: Max35Text,
        rulebook: u32,
    ) -> Self {
        Self {
            instruction,
            uetr: None,
            status: TransactionStatus::Rjct,
            refusal: Some(refusal),
            clause,
            rulebook,
            emergency: None,
            money: None,
            recorded: false,
        }
    }

    /// The answer in one sentence, with the refusal's own.
    pub(super) fn sentence(&self) -> String {
        let mut text = self.status.to_string();
        if let Some(refusal) = &self.refusal {
            text = format!(
                "{text} {} {}: {}",
                refusal.reason, refusal.name, refusal.detail
            );
        }
        if let Some((amount, currency)) = self.money {
            text = format!("{text}, {} {currency}", amount.to_decimal(currency));
        }
        let recorded = if self.recorded {
            ""
        } else {
            ", refused at the door"
        };
        format!(
            "{text} (clause {}, rulebook {}{recorded})",
            self.clause, self.rulebook
        )
    }
}

impl Expected {
    /// Reads `"RJCT AM04 INSUFFICIENT_FUNDS"`, of which the last words may be left out, or a table.
    pub(super) fn read(value: &Value) -> anyhow::Result<Self> {
        let expected = if let Some(text) = value.as_str() {
            let mut words = text.split(' ').map(ToOwned::to_owned);
            let expected = Self {
                status: words.next(),
                reason: words.next(),
                name: words.next(),
                ..Self::default()
            };
            if words.next().is_some() {
                bail!("\"{text}\" is more than a status, a reason and a name");
            }
            expected
        } else if let Some(table) = value.as_table() {
            keys::check(table, EXPECTED_KEYS.into_iter(), "of an outcome")?;
            value.clone().try_into()?
        } else {
            bail!("{value} is neither a status nor a table");
        };
        if let Some(status) = &expected.status {
            let known = TransactionStatus::ALL.map(TransactionStatus::as_str);
            if !known.contains(&status.as_str()) {
                bail!("{status} is no status; known are {}", known.join(", "));
            }
        }
        Ok(expected)
    }

    /// Everything in which an answer differs.
    pub(super) fn differences(&self, answer: &Answer) -> Vec<String> {
        let refusal = answer.refusal.as_ref();
        let text = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
        let compared = [
            ("status", self.status.clone(), answer.status.to_string()),
            (
                "reason",
                self.reason.clone(),
                text(refusal.map(|one| one.reason.to_string())),
            ),
            (
                "name",
                self.name.clone(),
                text(refusal.map(|one| one.name.to_string())),
            ),
            (
                "code",
                self.code.map(|code| code.to_string()),
                text(refusal.map(|one| one.code.to_string())),
            ),
            ("clause", self.clause.clone(), answer.clause.to_string()),
            (
                "rulebook",
                self.rulebook.map(|version| version.to_string()),
                answer.rulebook.to_string(),
            ),
            (
                "emergency",
                self.emergency.clone(),
                text(answer.emergency.clone()),
            ),
            (
                "recorded",
                self.recorded.map(|recorded| recorded.to_string()),
                answer.recorded.to_string(),
            ),
        ];
        let mut different = Vec::new();
        for (what, expected, came) in compared {
            if let Some(expected) = expected.filter(|expected| *expected != came) {
                different.push(format!("{what} {expected}, not {came}"));
            }
        }
        if let Some(expected) = &self.amount {
            let came = answer.money.map(|(amount, currency)| {
                let right = super::given::money(expected, currency).is_ok_and(|one| one == amount);
                (right, format!("{} {currency}", amount.to_decimal(currency)))
            });
            match came {
                Some((true, _)) => {}
                Some((false, came)) => different.push(format!("amount {expected}, not {came}")),
                None => different.push(format!("amount {expected}, not none")),
            }
        }
        different
    }
}

/// What is seen on the ledger after a step.
#[derive(Debug)]
pub(super) struct Seen {
    /// What became of earlier instructions, by the names of their steps.
    pub(super) outcome: Vec<(String, Expected)>,
    /// The booked balances of accounts.
    pub(super) balances: BTreeMap<AccountNumber, String>,
    /// What is held on accounts.
    pub(super) held: BTreeMap<AccountNumber, String>,
    /// Anything of accounts, as the ledger keeps it.
    pub(super) accounts: BTreeMap<AccountNumber, Table>,
    /// What waits, in order.
    pub(super) queue: Option<Vec<String>>,
    /// The last liquidity-saving cycle.
    pub(super) cycle: Option<Table>,
    /// Anything of currencies, as the ledger keeps it.
    pub(super) currencies: BTreeMap<CurrencyCode, Table>,
    /// Anything of institutions, by the names of their keys, as the ledger keeps it.
    pub(super) participants: BTreeMap<String, Table>,
    /// Where licences stand, by the names of their holders and the activities: a status, `none`, or anything of the row.
    pub(super) licences: BTreeMap<String, BTreeMap<Max35Text, Value>>,
    /// The freezes of a jurisdiction that have not ended, all of them, in their order: `DEBIT account INDUS-PKR`.
    pub(super) freezes: BTreeMap<JurisdictionCode, Vec<String>>,
    /// The version of the rulebook in force.
    pub(super) rulebook: Option<u32>,
    /// Where each version stands.
    pub(super) rulebooks: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct SeenTable {
    #[serde(default)]
    outcome: Table,
    #[serde(default)]
    balances: BTreeMap<AccountNumber, String>,
    #[serde(default)]
    held: BTreeMap<AccountNumber, String>,
    #[serde(default)]
    accounts: BTreeMap<AccountNumber, Table>,
    queue: Option<Vec<String>>,
    cycle: Option<Table>,
    #[serde(default)]
    currencies: BTreeMap<CurrencyCode, Table>,
    #[serde(default)]
    participants: BTreeMap<String, Table>,
    #[serde(default)]
    licences: BTreeMap<String, BTreeMap<Max35Text, Value>>,
    #[serde(default)]
    freezes: BTreeMap<JurisdictionCode, Vec<String>>,
    rulebook: Option<u32>,
    #[serde(default)]
    rulebooks: BTreeMap<String, String>,
}

impl Seen {
    pub(super) fn read(table: &Table) -> anyhow::Result<Self> {
        keys::check(table, SEEN_KEYS.into_iter(), "in a [[then]]")?;
        let read: SeenTable = Value::Table(table.clone()).try_into()?;
        let mut outcome = Vec::with_capacity(read.outcome.len());
        for (label, expected) in &read.outcome {
            let expected = Expected::read(expected).with_context(|| format!("outcome.{label}"))?;
            outcome.push((label.clone(), expected));
        }
        if table.is_empty() {
            bail!("nothing is expected; known are {}", SEEN_KEYS.join(", "));
        }
        Ok(Self {
            outcome,
            balances: read.balances,
            held: read.held,
            accounts: read.accounts,
            queue: read.queue,
            cycle: read.cycle,
            currencies: read.currencies,
            participants: read.participants,
            licences: read.licences,
            freezes: read.freezes,
            rulebook: read.rulebook,
            rulebooks: read.rulebooks,
        })
    }
}
