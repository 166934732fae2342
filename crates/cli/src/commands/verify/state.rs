//! `karwan verify state`: whether a statement about the state is true, and what it says.

use crate::commands::genesis::read_genesis;
use crate::exit::{Ends, Exit, Failure, Outcome};
use crate::files;
use crate::output::{Output, Tone};
use clap::Args;
use karwan_ledger::{
    Account, FreezeEntry, FreezePlace, FreezeRow, FreezeSubject, Genesis, Licence, LicenceKey,
    LicenceStatus,
};
use karwan_types::{
    AccountNumber, STATE_KEY_BYTES_MAX, STATE_ROW_BYTES_MAX, STATE_STATEMENT_BYTES_MAX,
    StateStatement, Timestamp, balance_to_decimal, decode,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::PathBuf;

/// A statement is true when it is spelled exactly as statements are, belongs to the chain of the genesis file, carries the
/// signatures of more than two thirds of the voting power over its block, and its row, or the gap where there is none, lies
/// under the state root that they signed. The first check that fails is named, with exit code 1.
#[derive(Args)]
pub(crate) struct StateArgs {
    /// The statement; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The genesis file of the network, from a source that you trust
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
}

pub(super) fn run(args: &StateArgs, output: Output) -> Outcome {
    let genesis = read_genesis(&args.genesis)?;
    // One byte more than allowed is enough for the reader to refuse it by its own rule.
    let bytes = files::read(&args.file, STATE_STATEMENT_BYTES_MAX.saturating_add(1))?;
    let (statement, said) = check(&bytes, &genesis)?;
    output.line(output.paint(Tone::Good, "The statement is true."));
    output.line("");
    let header = &statement.header;
    output.line(format!("{said}."));
    output.line(format!("as of  {} in block {}", header.time, header.height));
    let signers = statement.certificate.signatures.len();
    output.line(format!("signed by {signers} validators"));
    output.json(&serde_json::json!({
        "valid": true,
        "chain_id": header.chain_id,
        "height": header.height,
        "time": header.time,
        "table": statement.table,
        "present": statement.row.is_some(),
        "says": said,
    }));
    Ok(Exit::Ok)
}

/// Reads and verifies a statement, and says in words what it proves.
fn check(bytes: &[u8], genesis: &Genesis) -> Result<(StateStatement, String), Failure> {
    let statement = StateStatement::from_file(bytes).ends(Exit::Negative)?;
    let verified = statement.verify(&genesis.trust_anchor());
    verified.ends(Exit::Negative)?;
    let said = words(&statement).ends(Exit::Negative)?;
    Ok((statement, said))
}

fn words(statement: &StateStatement) -> anyhow::Result<String> {
    let time = statement.header.time;
    match statement.table.as_str() {
        "accounts" => Ok(account(&read(statement)?)),
        "licences" => Ok(licence(&read(statement)?, time)),
        "freezes" => freeze(&read(statement)?, time),
        other => anyhow::bail!(
            "the statement is about table \"{other}\", which this program does not read"
        ),
    }
}

/// The key and the row in the ledger's own types.
fn read<K: Serialize + DeserializeOwned, V: Serialize + DeserializeOwned>(
    statement: &StateStatement,
) -> anyhow::Result<(K, Option<V>)> {
    let key = decode(statement.key.as_bytes(), STATE_KEY_BYTES_MAX)?;
    let row = statement.row.as_ref();
    let row = row.map(|row| decode(row.as_bytes(), STATE_ROW_BYTES_MAX));
    Ok((key, row.transpose()?))
}

fn account((number, row): &(AccountNumber, Option<Account>)) -> String {
    let Some(row) = row else {
        return format!("there is no account {number}");
    };
    let money = |minor| balance_to_decimal(minor, row.currency);
    format!(
        "account {number} of {} holds {} {}, of which {} are held",
        row.owner,
        money(row.posted),
        row.currency,
        row.held.to_decimal(row.currency)
    )
}

fn licence((key, row): &(LicenceKey, Option<Licence>), time: Timestamp) -> String {
    let of = format!("{} for {}", key.participant, key.activity);
    let Some(row) = row else {
        return format!("there is no licence of {of}, and no application");
    };
    let (from, until) = (row.from, row.until);
    let status = match row.status {
        LicenceStatus::Applied => "has been applied for".to_owned(),
        LicenceStatus::NoObjection => "has the regulator's no-objection".to_owned(),
        LicenceStatus::Refused => "was refused".to_owned(),
        LicenceStatus::Granted if from <= time && time < until => {
            format!("is in force from {from} until {until}")
        }
        LicenceStatus::Granted => format!("is granted from {from} until {until}, and not in force"),
        LicenceStatus::Suspended(_) => "is suspended".to_owned(),
        LicenceStatus::Revoked { wind_down_until } => {
            format!("is revoked, with winding down until {wind_down_until}")
        }
        LicenceStatus::Expired { wind_down_until } => {
            format!("has expired, with winding down until {wind_down_until}")
        }
        LicenceStatus::Surrendered { wind_down_until } => {
            format!("was given back, with winding down until {wind_down_until}")
        }
    };
    format!("the licence of {of} {status}")
}

fn freeze(
    (place, row): &(FreezePlace, Option<FreezeRow>),
    time: Timestamp,
) -> anyhow::Result<String> {
    let FreezeEntry::Freeze(subject) = &place.entry else {
        anyhow::bail!("the statement is about a row that is no freeze");
    };
    let subject = match subject {
        FreezeSubject::Account(number) => format!("account {number}"),
        FreezeSubject::Participant(lei) => format!("all accounts of {lei}"),
        FreezeSubject::Currency(code) => format!("all accounts in {code}"),
        FreezeSubject::Corridor(code) => format!("all payments with {code}"),
    };
    let whose = format!("of {subject} by {}", place.jurisdiction);
    match row {
        None => Ok(format!("there is no freeze {whose}")),
        Some(FreezeRow::Boundary(_) | FreezeRow::Past(_)) => {
            anyhow::bail!("the row of the statement is no freeze")
        }
        Some(FreezeRow::Freeze(row)) => {
            let until = row.until.map_or_else(
                || "until a court lifts it".to_owned(),
                |until| format!("until {until}"),
            );
            let begun = if row.from <= time { "is" } else { "will be" };
            Ok(format!(
                "a freeze {whose} {begun} in force from {} {until}",
                row.from
            ))
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
