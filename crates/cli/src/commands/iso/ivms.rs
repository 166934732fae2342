//! Files with the IVMS101 data of a payment's parties, checked here before anything is signed over them.

use super::IvmsArgs;
use crate::exit::{Exit, Outcome};
use crate::files;
use crate::output::Output;
use crate::words::now;
use anyhow::Context;
use karwan_iso20022::ivms101::{IVMS101_BYTES_MAX, Ivms101, Scope, read};
use serde_json::json;
use std::path::Path;

pub(super) fn run(args: &IvmsArgs, output: Output) -> Outcome {
    let text = files::read(&args.file, IVMS101_BYTES_MAX)?;
    let scope = if args.standard {
        Scope::Standard
    } else {
        Scope::Fatf
    };
    let checked = read(&text)
        .map_err(anyhow::Error::from)
        .and_then(|ivms| Ok(ivms.check(now().date(), scope).map(|()| ivms)?));
    match checked {
        Ok(ivms) => {
            output.json(&json!({ "valid": true }));
            if args.canonical {
                output.raw(&ivms.canonical());
            }
            output.note(format!("{} is valid IVMS101.", args.file.display()));
            Ok(Exit::Ok)
        }
        Err(problem) => {
            output.json(&json!({ "valid": false, "problem": problem.to_string() }));
            output.note(format!("{}: {problem}", args.file.display()));
            Ok(Exit::Negative)
        }
    }
}

/// The data of a file that keeps the rules of the standard.
pub(crate) fn checked(file: &Path) -> anyhow::Result<Ivms101> {
    let text = files::read(file, IVMS101_BYTES_MAX)?;
    let ivms = read(&text).with_context(|| format!("{}", file.display()))?;
    let checked = ivms.check(now().date(), Scope::Standard);
    checked.map_err(|problem| {
        let reason = problem.iso_reason().code();
        anyhow::anyhow!("{}: {reason} {problem}", file.display())
    })?;
    Ok(ivms)
}
