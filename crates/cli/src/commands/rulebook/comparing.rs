//! `karwan rulebook diff`: what differs between two versions, and who must approve it, by the ledger's own rule.

use super::reading::{Named, Published, fetch_alone};
use crate::exit::{Exit, Failure, Outcome};
use crate::network::NetworkArgs;
use crate::output::{Output, Tone};
use crate::rulebook_document::RulebookDocument;
use crate::rulebook_figures::{ClauseChange, Effect, FigureChange, clause_changes, figure_changes};
use crate::table::{Align, Cell, Table};
use clap::Args;
use karwan_ledger::{Holder, Rulebook, RulebookPropose, SignerGroup};
use karwan_types::JurisdictionCode;
use serde::Serialize;

#[derive(Args)]
pub(crate) struct DiffArgs {
    /// The version to compare: a rulebook file, or a version on the ledger by its number
    #[arg(value_name = "FILE|VERSION")]
    one: String,
    /// The other one; with it, the first is the old version and this one the new
    #[arg(value_name = "FILE|VERSION")]
    other: Option<String>,
    /// Compare with this version of the ledger; with the one in force when left out
    #[arg(long, value_name = "VERSION", conflicts_with = "other")]
    at: Option<u32>,
    #[command(flatten)]
    network: NetworkArgs,
}

/// What differs.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Comparison {
    base: u32,
    candidate: u32,
    pub(super) figures: Vec<FigureChange>,
    pub(super) clauses: Vec<ClauseChange>,
    pub(super) approvals: Vec<Approval>,
}

/// Governors of whom some must approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Approval {
    pub(super) governors: Vec<JurisdictionCode>,
    pub(super) needed: usize,
}

impl Approval {
    fn new(group: &SignerGroup) -> Self {
        let governors = group.holders.iter().filter_map(|holder| match holder {
            Holder::Governor(code) => Some(*code),
            Holder::Participant(_)
            | Holder::Regulator(_)
            | Holder::Auditor(_)
            | Holder::Court(_) => None,
        });
        Self {
            governors: governors.collect(),
            needed: group.needed,
        }
    }
    fn sentence(&self) -> String {
        let names: Vec<String> = self.governors.iter().map(ToString::to_string).collect();
        let names = names.join(", ");
        if self.needed == self.governors.len() {
            format!("every governor of {names}")
        } else {
            format!("{} of the governors of {names}", self.needed)
        }
    }
}

impl Comparison {
    pub(super) fn new(
        base: &Rulebook,
        candidate: &Rulebook,
        jurisdictions: &[JurisdictionCode],
    ) -> Self {
        let approvals = RulebookPropose::approvals(base, candidate, jurisdictions);
        Self {
            base: base.version,
            candidate: candidate.version,
            figures: figure_changes(base, candidate),
            clauses: clause_changes(base, candidate),
            approvals: approvals.iter().map(Approval::new).collect(),
        }
    }

    /// For people; the words of the clauses where a document has them.
    pub(super) fn lines(&self, document: Option<&RulebookDocument>, output: Output) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.figures.is_empty() {
            lines.push(self.table().render(output));
        }
        for clause in &self.clauses {
            let mut what = clause.languages.clone();
            if clause.law {
                what.push("law".to_owned());
            }
            let what = what.join(", ");
            lines.push(format!("clause {} {}: {what}", clause.id, clause.change));
            for language in &clause.languages {
                if let Some(words) = document.and_then(|one| one.text(&clause.id, language)) {
                    lines.push(format!("  {language}  {words}"));
                }
            }
        }
        if self.approvals.is_empty() {
            lines.push("Nothing differs but the number.".to_owned());
        } else {
            let sentences: Vec<String> = self.approvals.iter().map(Approval::sentence).collect();
            lines.push(format!("To approve: {}.", sentences.join("; and ")));
        }
        lines
    }

    fn table(&self) -> Table {
        let mut table = Table::new([
            ("FIGURE", Align::Left),
            ("OLD", Align::Left),
            ("NEW", Align::Left),
            ("EFFECT", Align::Left),
        ]);
        for change in &self.figures {
            let text = |figure: &Option<String>| figure.as_deref().unwrap_or("-").to_owned();
            table.row([
                change.path.as_str().into(),
                text(&change.old).into(),
                text(&change.new).into(),
                match change.effect {
                    Some(effect @ Effect::Loosens) => Cell::toned(effect.as_str(), Tone::Pending),
                    Some(effect @ Effect::Tightens) => Cell::toned(effect.as_str(), Tone::Plain),
                    None => "".into(),
                },
            ]);
        }
        table
    }
}

pub(super) fn run(args: &DiffArgs, output: Output) -> Outcome {
    let one = resolve(args, Some(&args.one), None)?;
    let (base, candidate) = match &args.other {
        Some(other) => (one, resolve(args, Some(other), None)?),
        None => (resolve(args, None, args.at)?, one),
    };
    // Whose governors there are is a fact of the network; where there is none at hand, of the versions themselves.
    let jurisdictions = match args.network.genesis() {
        Ok(genesis) => genesis.state.chain().jurisdictions.clone(),
        Err(_) => national(&[&base.0, &candidate.0]),
    };
    let comparison = Comparison::new(&base.0, &candidate.0, &jurisdictions);
    output.json(&comparison);
    for line in comparison.lines(candidate.1.as_ref(), output) {
        output.line(line);
    }
    Ok(Exit::Ok)
}

type Resolved = (Rulebook, Option<RulebookDocument>);

fn resolve(args: &DiffArgs, name: Option<&str>, version: Option<u32>) -> Result<Resolved, Failure> {
    let version = match name.map(Named::parse) {
        Some(Named::File(path)) => {
            let published = Published::read(&path)?;
            return Ok((published.rulebook, Some(published.document)));
        }
        Some(Named::Version(version)) => Some(version),
        None => version,
    };
    let answer = fetch_alone(&args.network, version)?;
    Ok((answer.rulebook.0, None))
}

/// The jurisdictions that have a part of their own in one of the versions.
fn national(versions: &[&Rulebook]) -> Vec<JurisdictionCode> {
    let parts = versions.iter().flat_map(|one| &one.national);
    let mut codes: Vec<JurisdictionCode> = parts.map(|part| part.jurisdiction).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}
