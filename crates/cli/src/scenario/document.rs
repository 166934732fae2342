//! The file of a scenario: what it is called, what it begins from, and its steps in the order in which they stand.
//!
//! A step is a `[[when]]` (somebody does something, or time passes) or a `[[then]]` (what is seen). Everything about the form
//! is checked here, before anything happens; what an instruction says is read when its turn comes, because it may refer to
//! earlier ones.

use super::expected::{Expected, Seen};
use super::keys;
use crate::instruction::{Kind, kinds, same};
use crate::words::duration;
use anyhow::{Context, bail};
use karwan_types::{DurationMs, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::path::{Path, PathBuf};
use toml::{Spanned, Table, Value};

/// The largest file, in bytes.
pub(crate) const SCENARIO_BYTES_MAX: usize = 1 << 20;
/// The most steps of one scenario.
const STEPS_MAX: usize = 1_000;
/// The most blocks that pass in one step.
const BLOCKS_MAX: u32 = 10_000;
/// How long an instruction is valid that does not say so.
const VALIDITY: DurationMs = DurationMs::from_millis(600_000);

/// A scenario.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// Its file.
    pub(crate) file: PathBuf,
    /// What it shows, in one sentence.
    pub(crate) name: String,
    /// More about it, for whoever reads it.
    pub(crate) shows: String,
    /// The rules that it is about: sections of the semantics, or clauses.
    pub(crate) rules: Vec<String>,
    /// Whether it holds on a network, whose blocks have times of their own.
    pub(crate) devnet: bool,
    /// How the beginning differs from the development network.
    pub(super) given: Table,
    pub(crate) steps: Vec<Step>,
}

/// One step.
#[derive(Debug)]
pub(crate) struct Step {
    /// Counted from 1, in the order of the file.
    pub(crate) number: usize,
    /// Where it stands in the file.
    pub(crate) line: usize,
    pub(super) act: Act,
}

/// What happens in a step.
#[derive(Debug)]
pub(super) enum Act {
    Instruct(Box<Instruct>),
    Pass(Passing),
    See(Box<Seen>),
}

/// Somebody signs and submits an instruction.
#[derive(Debug)]
pub(super) struct Instruct {
    pub(super) what: What,
    /// The name under which later steps speak of it.
    pub(super) label: Option<String>,
    /// Who signs; whoever must when it does not say.
    pub(super) by: Option<Vec<String>>,
    pub(super) valid_for: DurationMs,
    /// What comes of it at once: one for each payment in it. None for anything but a refusal.
    pub(super) then: Vec<Expected>,
}

#[derive(Debug)]
pub(super) enum What {
    /// An instruction of a kind.
    New(&'static Kind, Value),
    /// The instruction of an earlier step, signed again with another expiry.
    Again(String),
}

/// How time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passing {
    /// One block so long after the last.
    After(DurationMs),
    /// One block at a time.
    At(Timestamp),
    /// So many blocks.
    Blocks(u32),
}

pub(super) const TOP_KEYS: [&str; 7] =
    ["name", "shows", "rules", "devnet", "given", "when", "then"];
/// What says more about an instruction.
pub(super) const ADDED_KEYS: [&str; 4] = ["as", "by", "valid_for", "then"];
/// What is done beside giving a new instruction.
pub(super) const DEED_KEYS: [&str; 4] = ["again", "after", "at", "blocks"];

#[derive(Deserialize)]
struct Top {
    name: String,
    #[serde(default)]
    shows: String,
    rules: Vec<String>,
    #[serde(default)]
    devnet: bool,
    #[serde(default)]
    given: Table,
    #[serde(default)]
    when: Vec<Table>,
    #[serde(default)]
    then: Vec<Table>,
}

/// Where the steps stand: arrays of tables keep no order among each other but that of their places in the text.
#[derive(Deserialize)]
struct Places {
    #[serde(default)]
    when: Vec<Spanned<IgnoredAny>>,
    #[serde(default)]
    then: Vec<Spanned<IgnoredAny>>,
}

impl Scenario {
    /// Reads a file's text.
    ///
    /// # Errors
    /// Names the step, its line, the key and the rule; for a key that is not known, the nearest that is.
    pub(crate) fn parse(file: &Path, text: &str) -> anyhow::Result<Self> {
        let whole: Table = toml::from_str(text)?;
        keys::check(&whole, TOP_KEYS.into_iter(), "in a scenario")?;
        let top: Top = toml::from_str(text)?;
        let places: Places = toml::from_str(text)?;
        if top.name.trim().is_empty() {
            bail!("name is empty; write a sentence of what the scenario shows");
        }
        let start = |place: &Spanned<IgnoredAny>| place.span().start;
        let mut found: Vec<(usize, bool, &Table)> = Vec::new();
        for (place, table) in places.when.iter().zip(&top.when) {
            found.push((start(place), true, table));
        }
        for (place, table) in places.then.iter().zip(&top.then) {
            found.push((start(place), false, table));
        }
        found.sort_by_key(|(start, ..)| *start);
        if found.is_empty() || found.len() > STEPS_MAX {
            bail!(
                "a scenario has from 1 to {STEPS_MAX} steps, not {}",
                found.len()
            );
        }
        let mut steps = Vec::with_capacity(found.len());
        for (index, (start, is_when, table)) in found.into_iter().enumerate() {
            let before = text.get(..start).unwrap_or_default();
            let (number, line) = (index + 1, before.matches('\n').count() + 1);
            let act = if is_when { when(table) } else { then(table) };
            let act = act.with_context(|| format!("step {number} (line {line})"))?;
            steps.push(Step { number, line, act });
        }
        if !steps.iter().any(Step::expects) {
            bail!("nothing is expected, so the scenario would show nothing; add a [[then]]");
        }
        Ok(Self {
            file: file.to_owned(),
            name: top.name,
            shows: top.shows,
            rules: top.rules,
            devnet: top.devnet,
            given: top.given,
            steps,
        })
    }
}

impl Step {
    fn expects(&self) -> bool {
        match &self.act {
            Act::Instruct(instruct) => !instruct.then.is_empty(),
            Act::Pass(_) => false,
            Act::See(_) => true,
        }
    }
}

fn when(table: &Table) -> anyhow::Result<Act> {
    let named = |key: &str| kinds().iter().find(|kind| same(kind.name, key));
    let added = |key: &str| ADDED_KEYS.contains(&key);
    let kind_keys: Vec<String> = kinds()
        .iter()
        .map(|kind| kind.command.replace('-', "_"))
        .collect();
    let known = kind_keys.iter().map(String::as_str);
    let known = known.chain(ADDED_KEYS).chain(DEED_KEYS);
    let mut deeds = Vec::new();
    for (key, value) in table {
        if DEED_KEYS.contains(&key.as_str()) || named(key).is_some() {
            deeds.push((key.as_str(), value));
        } else if !added(key) {
            bail!(
                "{key} is no kind of instruction and not known in a [[when]]; {}",
                crate::instruction::nearest(key, known)
            );
        }
    }
    let [(key, value)] = deeds[..] else {
        let said: Vec<&str> = deeds.iter().map(|(key, _)| *key).collect();
        bail!(
            "a [[when]] does one thing: an instruction such as pay = {{ … }}, or one of {}; this one has {}",
            DEED_KEYS.join(", "),
            if said.is_empty() {
                "none".to_owned()
            } else {
                said.join(" and ")
            }
        );
    };
    if let Some(kind) = named(key) {
        return instruct(What::New(kind, value.clone()), table);
    }
    if key == "again" {
        let label = value.as_str().context("again must name an earlier step")?;
        return instruct(What::Again(label.to_owned()), table);
    }
    if let Some(key) = table.keys().find(|key| added(key)) {
        bail!("{key} belongs to an instruction; here only time passes");
    }
    Ok(Act::Pass(passing(key, value)?))
}

fn passing(key: &str, value: &Value) -> anyhow::Result<Passing> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Datetime(time) => time.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(_) | Value::Boolean(_) | Value::Array(_) | Value::Table(_) => {
            bail!("{key} = {value}: must be a text")
        }
    };
    match key {
        "after" => Ok(Passing::After(duration(&text).map_err(anyhow::Error::msg)?)),
        "at" => Ok(Passing::At(Timestamp::parse(&text)?)),
        _ => match text.parse() {
            Ok(count) if (1..=BLOCKS_MAX).contains(&count) => Ok(Passing::Blocks(count)),
            Ok(_) | Err(_) => bail!("{key} = {text}: must be from 1 to {BLOCKS_MAX}"),
        },
    }
}

fn instruct(what: What, table: &Table) -> anyhow::Result<Act> {
    let text = |key: &str| -> anyhow::Result<Option<&str>> {
        let value = table.get(key);
        value
            .map(|value| {
                value
                    .as_str()
                    .with_context(|| format!("{key} must be a text"))
            })
            .transpose()
    };
    let valid_for = match text("valid_for")? {
        Some(text) => duration(text)
            .map_err(anyhow::Error::msg)
            .context("valid_for")?,
        None => VALIDITY,
    };
    let by = match table.get("by") {
        None => None,
        Some(value) => Some(one_or_several(value, |one| {
            one.as_str()
                .map(ToOwned::to_owned)
                .context("by names keys, for example indus-maker")
        })?),
    };
    let then = match table.get("then") {
        None => Vec::new(),
        Some(value) => one_or_several(value, Expected::read).context("then")?,
    };
    Ok(Act::Instruct(Box::new(Instruct {
        what,
        label: text("as")?.map(ToOwned::to_owned),
        by,
        valid_for,
        then,
    })))
}

fn then(table: &Table) -> anyhow::Result<Act> {
    Ok(Act::See(Box::new(Seen::read(table)?)))
}

/// A value, or a list of them.
fn one_or_several<T>(
    value: &Value,
    read: impl Fn(&Value) -> anyhow::Result<T>,
) -> anyhow::Result<Vec<T>> {
    match value.as_array() {
        Some(several) => several.iter().map(read).collect(),
        None => Ok(vec![read(value)?]),
    }
}
