//! What a scenario begins from: the development network, in which nobody has any money, with what the scenario changes.

use super::cast::Cast;
use super::document::Scenario;
use super::keys;
use super::merge::merge;
use crate::genesis_plan::{DEVNET_PLAN, GenesisPlan, PlannedValidator};
use crate::instruction::{nearest, split_money, ungrouped};
use crate::rulebook_document::{DEVNET_RULEBOOK, RulebookDocument};
use anyhow::{Context, bail, ensure};
use karwan_ledger::{
    AccountClass, AccountStatus, GenesisAccount, GenesisDocument, GenesisParticipant, Rulebook,
};
use karwan_types::{AccountNumber, Amount, CurrencyCode, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::{Table, Value};

pub(super) const KEYS: [&str; 5] = ["time", "balances", "accounts", "rulebook", "network"];
/// The time of a genesis that names none: a Monday morning.
const TIME: &str = "2026-11-23T05:00:00Z";

/// The beginning of a scenario, checked but for what needs the validators' keys.
#[derive(Debug)]
pub(crate) struct Given {
    /// The time of genesis, where the scenario says one.
    time: Option<Timestamp>,
    plan: GenesisPlan,
    /// The first version of the rulebook, as it is published.
    pub(super) rulebook: Table,
    balances: BTreeMap<AccountNumber, String>,
    accounts: BTreeMap<AccountNumber, GivenAccount>,
}

/// A new account, or what is other about one of the development network.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenAccount {
    /// What the names of its owner's keys begin with.
    owner: Option<String>,
    currency: Option<CurrencyCode>,
    class: Option<AccountClass>,
    status: Option<AccountStatus>,
}

#[derive(Deserialize)]
struct Tables {
    time: Option<Value>,
    #[serde(default)]
    balances: BTreeMap<AccountNumber, String>,
    #[serde(default)]
    accounts: BTreeMap<AccountNumber, GivenAccount>,
    #[serde(default)]
    rulebook: Table,
    #[serde(default)]
    network: Table,
}

impl Given {
    /// Reads what a scenario begins from.
    ///
    /// # Errors
    /// Names the key and the rule.
    pub(crate) fn of(scenario: &Scenario) -> anyhow::Result<Self> {
        let given = Self::read(&scenario.given).context("given")?;
        if scenario.devnet && given.time.is_some() {
            bail!(
                "given.time cannot be chosen where devnet = true: a network has the time of its clocks"
            );
        }
        for rule in &scenario.rules {
            let rulebook = given.rules()?;
            let mut known = rulebook
                .clauses
                .iter()
                .flat_map(|clause| [&clause.rule, &clause.id]);
            if !known.clone().any(|one| one.as_str() == rule) {
                bail!(
                    "rules names \"{rule}\", for which the rulebook has no clause; {}",
                    nearest(rule, known.by_ref().map(|one| one.as_str()))
                );
            }
        }
        Ok(given)
    }

    fn read(given: &Table) -> anyhow::Result<Self> {
        keys::check(given, KEYS.into_iter(), "in given")?;
        let tables: Tables = Value::Table(given.clone()).try_into()?;
        let time = tables.time.map(|time| {
            let text = time
                .as_str()
                .map_or_else(|| time.to_string(), ToOwned::to_owned);
            Timestamp::parse(&text).context("time")
        });
        let mut rulebook: Table = toml::from_str(DEVNET_RULEBOOK)?;
        merge(&mut rulebook, &tables.rulebook, "rulebook")?;
        let mut plan: Table = toml::from_str(DEVNET_PLAN)?;
        // Nobody delivers messages in a scenario, and these keys are the only ones that cannot follow from their names.
        for participant in elements(&mut plan, "participants") {
            participant.remove("payload");
        }
        merge(&mut plan, &tables.network, "network")?;
        let given = Self {
            time: time.transpose()?,
            plan: Value::Table(plan).try_into().context("network")?,
            rulebook,
            balances: tables.balances,
            accounts: tables.accounts,
        };
        given.rules()?;
        Ok(given)
    }

    /// The first version of the rulebook.
    fn rules(&self) -> anyhow::Result<Rulebook> {
        rulebook(&self.rulebook)
    }

    /// Who takes part.
    pub(crate) fn cast(&self) -> anyhow::Result<Cast> {
        Cast::of(&self.plan)
    }

    /// The time of genesis when no clock says one.
    pub(crate) fn time(&self) -> Timestamp {
        self.time
            .unwrap_or_else(|| TIME.parse().expect("a constant time is well-formed"))
    }

    /// The validators of a chain without a network: one for each jurisdiction, with keys that follow from their names.
    pub(crate) fn validators(&self) -> Vec<PlannedValidator> {
        let of = |code| PlannedValidator {
            key: format!("{code}-validator"),
            power: 1,
            jurisdiction: code,
        };
        self.plan
            .jurisdictions
            .iter()
            .map(|one| of(one.code))
            .collect()
    }

    /// The genesis document with these validators.
    ///
    /// # Errors
    /// Names what cannot be: an account of nobody, an amount that is none.
    pub(crate) fn document(
        &self,
        time: Timestamp,
        validators: Vec<PlannedValidator>,
    ) -> anyhow::Result<GenesisDocument> {
        let mut plan = self.plan.clone();
        plan.validators = validators;
        let cast = self.cast()?;
        let mut document = plan.build(time, self.rules()?, &|name| cast.public_part(name))?;
        for (number, account) in &self.accounts {
            let set = self.set_account(&mut document, number, account);
            set.with_context(|| format!("given.accounts.{number}"))?;
        }
        for (number, balance) in &self.balances {
            set_balance(&mut document, number, balance)
                .with_context(|| format!("given.balances.{number}"))?;
        }
        Ok(document)
    }

    fn set_account(
        &self,
        document: &mut GenesisDocument,
        number: &AccountNumber,
        account: &GivenAccount,
    ) -> anyhow::Result<()> {
        let mut rows = document.participants.iter_mut();
        let mut found =
            rows.find_map(|row| row.accounts.iter_mut().find(|one| one.number == *number));
        if let Some(row) = &mut found {
            ensure!(
                account.owner.is_none() && account.currency.is_none(),
                "the development network has this account; only its class and its status can be other"
            );
            row.class = account.class.unwrap_or(row.class);
            row.status = account.status.unwrap_or(row.status);
            return Ok(());
        }
        let handle = account
            .owner
            .as_deref()
            .context("a new account needs an owner")?;
        let owner = self
            .plan
            .participants
            .iter()
            .find(|one| one.handle() == Some(handle));
        let Some(owner) = owner else {
            let handles = self.plan.participants.iter().filter_map(|one| one.handle());
            bail!("nobody is called {handle}; {}", nearest(handle, handles));
        };
        let is_owner = |row: &&mut GenesisParticipant| row.lei == owner.lei;
        let row = document.participants.iter_mut().find(is_owner);
        let row = row.context("the owner is no participant")?;
        row.accounts.push(GenesisAccount {
            number: number.clone(),
            currency: account.currency.context("a new account needs a currency")?,
            class: account.class.unwrap_or(AccountClass::Settlement),
            status: account.status.unwrap_or(AccountStatus::Open),
            opening: Amount::ZERO,
        });
        Ok(())
    }
}

/// The typed rulebook of a document.
pub(super) fn rulebook(document: &Table) -> anyhow::Result<Rulebook> {
    let document: RulebookDocument = Value::Table(document.clone())
        .try_into()
        .context("rulebook")?;
    document.build().context("rulebook")
}

/// Money in an account's currency, which may be said beside it.
pub(super) fn money(text: &str, currency: CurrencyCode) -> anyhow::Result<Amount> {
    let (number, said) = split_money(text).unwrap_or((text, currency.as_str()));
    ensure!(said == currency.as_str(), "\"{text}\" is not in {currency}");
    Ok(Amount::parse(&ungrouped(number), currency)?)
}

fn set_balance(
    document: &mut GenesisDocument,
    number: &AccountNumber,
    balance: &str,
) -> anyhow::Result<()> {
    let accounts = document
        .participants
        .iter_mut()
        .flat_map(|row| &mut row.accounts);
    let mut names = Vec::new();
    for account in accounts {
        if account.number == *number {
            account.opening = money(balance, account.currency)?;
            return Ok(());
        }
        names.push(account.number.to_string());
    }
    bail!(
        "there is no such account; {}",
        nearest(number.as_str(), names.iter().map(String::as_str))
    )
}

/// The tables of an array of tables.
fn elements<'a>(table: &'a mut Table, key: &str) -> impl Iterator<Item = &'a mut Table> {
    let array = table.get_mut(key).and_then(Value::as_array_mut);
    array.into_iter().flatten().filter_map(Value::as_table_mut)
}
