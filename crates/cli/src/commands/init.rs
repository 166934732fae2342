//! `karwan init`: a node's directory, ready for its first start.

use crate::commands::genesis::read_genesis;
use crate::exit::{Exit, Outcome};
use crate::files;
use crate::home::{Home, NODE_TOML};
use crate::output::Output;
use crate::unlock::UnlockArgs;
use anyhow::Context;
use clap::{Args, ValueEnum};
use karwan_types::Height;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

/// Makes HOME/keys with a validator and a peer key, and HOME/node.toml with every setting, its default and what it does.
/// What exists already is left as it is.
///
/// The public keys are what the other operators need: the validator key for the genesis plan, the peer key for their
/// node.toml. When the genesis file is agreed on, run this again with --genesis, which makes the signer's watermark too.
#[derive(Args)]
pub(crate) struct InitArgs {
    /// The node's directory
    #[arg(long, value_name = "DIR", env = "KARWAN_HOME")]
    home: PathBuf,
    /// Whether the node votes
    #[arg(long, value_enum, default_value = "validator")]
    role: Role,
    /// The genesis file that the operators agreed on
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    /// For a validator key that has signed before and lost its watermark: sign only above this height
    #[arg(long, value_name = "HEIGHT", requires = "genesis")]
    signs_above: Option<u64>,
    #[command(flatten)]
    unlock: UnlockArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Role {
    /// Proposes and votes
    Validator,
    /// Follows and answers queries
    Observer,
}

pub(crate) fn run(args: &InitArgs, output: Output) -> Outcome {
    let home = Home::new(&args.home);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(home.path())
        .with_context(|| format!("cannot make {}", home.path().display()))?;
    let keys = home.make_keys(&args.unlock.create()?)?;
    if !home.settings().exists() {
        files::write_new(&home.settings(), settings(args.role).as_bytes())?;
    }
    if let Some(path) = &args.genesis {
        let genesis = read_genesis(path)?;
        home.join(&genesis, &keys, args.signs_above.map(Height::new))?;
    }
    output.line(format!("home       {}", home.path().display()));
    output.line(format!("validator  {}", keys.validator));
    output.line(format!("peer       {}", keys.peer));
    output.json(&serde_json::json!({
        "home": home.path(),
        "validator": keys.validator,
        "peer": keys.peer,
    }));
    output.note(format!(
        "Read {} and list the other nodes there.",
        home.settings().display()
    ));
    if !home.genesis().exists() {
        output.note(format!(
            "When the genesis file is agreed on: karwan init --home {} --genesis FILE",
            home.path().display()
        ));
    }
    Ok(Exit::Ok)
}

fn settings(role: Role) -> String {
    match role {
        Role::Validator => NODE_TOML.to_owned(),
        Role::Observer => NODE_TOML.replace("role = \"validator\"", "role = \"observer\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karwan_node::{ConfigFile, NodeRole};

    #[test]
    fn the_settings_that_are_written_can_be_read_and_name_the_role() {
        let read = |role| toml::from_str::<ConfigFile>(&settings(role)).map(|file| file.role);
        assert_eq!(read(Role::Validator), Ok(NodeRole::Validator));
        assert_eq!(read(Role::Observer), Ok(NodeRole::Observer));
    }
}
