//! `karwan keys`: making and listing key files.

use crate::exit::{Exit, Outcome};
use crate::output::Output;
use crate::table::{Align, Table};
use crate::unlock::{UnlockArgs, new_key};
use clap::{Args, Subcommand};
use karwan_node::keystore::{KeyPurpose, Keystore};
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key: NAME.key.age with the sealed secret, NAME.pub with the public part
    New(NewArgs),
    /// List the keys of a directory by their public files; nothing is opened
    List(ListArgs),
}

/// A key file is sealed to a passphrase, or to an age identity when the key must open unattended. The identity file is made
/// when it does not exist. Existing files are never overwritten.
#[derive(Args)]
pub(crate) struct NewArgs {
    /// The name that the two files share, for example indus-maker
    name: String,
    /// What the key is for: validator, peer, maker, checker, releaser, approver, access, payload or commitment
    #[arg(long)]
    purpose: KeyPurpose,
    /// Where the files are made
    #[arg(long, value_name = "DIR", default_value = "keys")]
    dir: PathBuf,
    #[command(flatten)]
    unlock: UnlockArgs,
}

#[derive(Args)]
pub(crate) struct ListArgs {
    /// Where the files are
    #[arg(value_name = "DIR", default_value = "keys")]
    dir: PathBuf,
}

pub(crate) fn run(command: KeysCommand, output: Output) -> Outcome {
    match command {
        KeysCommand::New(args) => new(&args, output),
        KeysCommand::List(args) => list(&args, output),
    }
}

fn new(args: &NewArgs, output: Output) -> Outcome {
    let keystore = args.unlock.create()?;
    let key = new_key(args.purpose)?;
    let public = keystore.create(&args.dir, &args.name, &key)?;
    output.line(format!("{} {} {}", args.name, public.purpose, public.value));
    output.json(&serde_json::json!({
        "name": args.name,
        "purpose": public.purpose,
        "public": public.value.to_string(),
        "directory": args.dir,
    }));
    output.note(format!(
        "The secret is in {}. Keep it and what opens it apart, and keep a copy of both.",
        karwan_node::keystore::secret_path(&args.dir, &args.name).display()
    ));
    Ok(Exit::Ok)
}

fn list(args: &ListArgs, output: Output) -> Outcome {
    let entries = Keystore::list(&args.dir)?;
    let mut table = Table::new([
        ("NAME", Align::Left),
        ("PURPOSE", Align::Left),
        ("PUBLIC", Align::Left),
    ]);
    let mut values = Vec::new();
    for entry in &entries {
        table.row([
            entry.name.as_str().into(),
            entry.public.purpose.into(),
            (&entry.public.value).into(),
        ]);
        values.push(serde_json::json!({
            "name": entry.name,
            "purpose": entry.public.purpose,
            "public": entry.public.value.to_string(),
        }));
    }
    output.table(&table, &values);
    Ok(Exit::Ok)
}
