//! Versions of the rulebook, from files and from the ledger: listed, shown and checked.

use crate::exit::{Ends, Exit, Failure, Outcome};
use crate::files;
use crate::network::{NetworkArgs, connect, refused, run as with_node};
use crate::output::Output;
use crate::render;
use crate::rulebook_document::{RULEBOOK_BYTES_MAX, RulebookDocument};
use crate::rulebook_figures::figures;
use crate::table::{Align, Table};
use anyhow::Context;
use clap::Args;
use karwan_ledger::{LawReference, RehearsedCandidate, Rulebook};
use karwan_rpc::{AsOfParams, Client, RulebookAnswer, RulebookGetParams};
use karwan_types::{Hash, HashDomain, hash_of};
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    network: NetworkArgs,
}

#[derive(Args)]
pub(crate) struct ShowArgs {
    /// A version by its number, or a rulebook file; the version in force when left out
    #[arg(value_name = "VERSION|FILE")]
    version: Option<String>,
    #[command(flatten)]
    network: NetworkArgs,
}

#[derive(Args)]
pub(crate) struct ValidateArgs {
    /// The rulebook file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// A rulebook file, read and checked.
pub(super) struct Published {
    pub(super) document: RulebookDocument,
    pub(super) rulebook: Rulebook,
    /// The hash of the file's bytes.
    pub(super) hash: Hash,
}

impl Published {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = files::read_text(path, RULEBOOK_BYTES_MAX)?;
        let built = || -> anyhow::Result<Self> {
            let document = RulebookDocument::parse(&text)?;
            Ok(Self {
                rulebook: document.build()?,
                document,
                hash: hash_of(HashDomain::RulebookDocument, &[text.as_bytes()]),
            })
        };
        built()
            .with_context(|| path.display().to_string())
            .ends(Exit::Negative)
    }
}

/// A version by its number or file.
pub(super) enum Named {
    Version(u32),
    File(PathBuf),
}

impl Named {
    pub(super) fn parse(text: &str) -> Self {
        match text.parse() {
            Ok(version) => Self::Version(version),
            Err(_) => Self::File(text.into()),
        }
    }
}

/// A version of the ledger; the one in force when none is named.
pub(super) async fn fetch(
    client: &Client,
    version: Option<u32>,
) -> Result<RulebookAnswer, Failure> {
    let params = RulebookGetParams {
        version,
        at_least_height: None,
    };
    client.rulebook_get(params).await.map_err(refused)
}

/// A version of the ledger, from a connection made for it.
pub(super) fn fetch_alone(
    network: &NetworkArgs,
    version: Option<u32>,
) -> Result<RulebookAnswer, Failure> {
    let genesis = network.genesis()?;
    let url = network.url(None)?;
    with_node(async {
        let client = connect(&url, None, &genesis).await?;
        fetch(&client, version).await
    })
}

pub(super) fn list(args: &ListArgs, output: Output) -> Outcome {
    let genesis = args.network.genesis()?;
    let url = args.network.url(None)?;
    with_node(async {
        let client = connect(&url, None, &genesis).await?;
        let answer = client.rulebooks_list(AsOfParams::default()).await;
        render::answer(output, &answer.map_err(refused)?);
        Ok(Exit::Ok)
    })
}

pub(super) fn show(args: &ShowArgs, output: Output) -> Outcome {
    match args.version.as_deref().map(Named::parse) {
        Some(Named::File(path)) => {
            let published = Published::read(&path)?;
            output.json(&published.rulebook);
            tell(&published.rulebook, Some(&published.document), output);
        }
        Some(Named::Version(version)) => from_ledger(&args.network, Some(version), output)?,
        None => from_ledger(&args.network, None, output)?,
    }
    Ok(Exit::Ok)
}

fn from_ledger(network: &NetworkArgs, version: Option<u32>, output: Output) -> Result<(), Failure> {
    let answer = fetch_alone(network, version)?;
    if output.is_json() {
        output.json(&answer);
        return Ok(());
    }
    render::answer(output, &answer.summary);
    output.line("");
    tell(&answer.rulebook.0, None, output);
    Ok(())
}

fn tell(rulebook: &Rulebook, document: Option<&RulebookDocument>, output: Output) {
    if output.is_json() {
        return;
    }
    let mut table = Table::new([
        ("FIGURE", Align::Left),
        ("VALUE", Align::Left),
        ("SOURCE", Align::Left),
    ]);
    for (path, figure) in figures(rulebook) {
        let source = document.and_then(|one| one.source(&path)).map(cited);
        let source = source.unwrap_or_default();
        table.row([path.into(), figure.text.into(), source.into()]);
    }
    output.line(table.render(output));
    for clause in &rulebook.clauses {
        let whose = clause.jurisdiction.map(|code| format!(" ({code})"));
        output.heading(&format!(
            "{} rule {}{}",
            clause.id,
            clause.rule,
            whose.unwrap_or_default()
        ));
        if let Some(law) = &clause.law {
            output.line(format!("  {}", cited(law)));
        }
        for text in &clause.texts {
            let language = text.language.as_str();
            let words = document.and_then(|one| one.text(clause.id.as_str(), language));
            let hash = || format!("text hash {}", text.hash);
            output.line(format!(
                "  {language}  {}",
                words.map_or_else(hash, str::to_owned)
            ));
        }
    }
}

fn cited(law: &LawReference) -> String {
    let verified = if law.verified { "" } else { ", not verified" };
    format!("{} ({}{verified})", law.citation, law.dated)
}

pub(super) fn validate(args: &ValidateArgs, output: Output) -> Outcome {
    let published = Published::read(&args.file)?;
    let rulebook = &published.rulebook;
    let version_hash = RehearsedCandidate::of(rulebook).hash;
    let texts: usize = rulebook.clauses.iter().map(|one| one.texts.len()).sum();
    let unverified = rulebook.clauses.iter().filter_map(|one| one.law.as_ref());
    let unverified = unverified.filter(|law| !law.verified).count();
    output.line(format!("version        {}", rulebook.version));
    output.line(format!("version hash   {version_hash}"));
    output.line(format!("document hash  {}", published.hash));
    output.line(format!(
        "clauses        {}, with {texts} texts; {unverified} rest on law that nobody has verified yet",
        rulebook.clauses.len()
    ));
    output.json(&json!({
        "version": rulebook.version,
        "version_hash": version_hash,
        "document_hash": published.hash,
        "clauses": rulebook.clauses.len(),
        "texts": texts,
        "laws_not_verified": unverified,
    }));
    Ok(Exit::Ok)
}
