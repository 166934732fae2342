//! `karwan query proof`: a statement about the state as a file, for `karwan verify state`.

use crate::exit::{Exit, Failure, failure};
use crate::files;
use crate::network::refused;
use crate::output::Output;
use clap::{Args, Subcommand};
use karwan_ledger::{FreezeKey, FreezeSubject, LicenceKey};
use karwan_rpc::{Client, ProofSubject, StateProveParams, View};
use karwan_types::{AccountNumber, CurrencyCode, JurisdictionCode, Lei, Max35Text};
use std::path::PathBuf;

/// What is to be proved, and where the file goes.
#[derive(Args, Clone, Debug)]
pub(super) struct ProofArgs {
    #[command(subcommand)]
    subject: Subject,
    /// Where the statement is written; standard output when left out
    #[arg(long, value_name = "FILE", global = true)]
    out: Option<PathBuf>,
}

#[derive(Subcommand, Clone, Debug)]
enum Subject {
    /// An account and its balance
    Account {
        /// Its number
        number: AccountNumber,
    },
    /// A licence, or that there is none
    Licence {
        /// The institution
        #[arg(value_name = "LEI")]
        participant: Lei,
        /// The activity, by its code in the rulebook
        activity: Max35Text,
    },
    /// A freeze, or that there is none
    Freeze {
        /// The jurisdiction that freezes
        jurisdiction: JurisdictionCode,
        #[command(flatten)]
        of: Frozen,
    },
}

#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
struct Frozen {
    /// Of this account
    #[arg(long, value_name = "NUMBER")]
    account: Option<AccountNumber>,
    /// Of this institution
    #[arg(long, value_name = "LEI")]
    participant: Option<Lei>,
    /// Of this currency
    #[arg(long, value_name = "CODE")]
    currency: Option<CurrencyCode>,
    /// Of payments with this jurisdiction
    #[arg(long, value_name = "CODE")]
    corridor: Option<JurisdictionCode>,
}

impl Frozen {
    /// Exactly one is given: the argument parser sees to it.
    fn subject(self) -> Option<FreezeSubject> {
        let account = self.account.map(FreezeSubject::Account);
        let participant = self.participant.map(FreezeSubject::Participant);
        let currency = self.currency.map(FreezeSubject::Currency);
        let corridor = self.corridor.map(FreezeSubject::Corridor);
        account.or(participant).or(currency).or(corridor)
    }
}

pub(super) async fn prove(
    client: &Client,
    args: ProofArgs,
    at_least_height: Option<u64>,
    output: Output,
) -> Result<(), Failure> {
    let subject = match args.subject {
        Subject::Account { number } => ProofSubject::Account(View(number)),
        Subject::Licence {
            participant,
            activity,
        } => ProofSubject::Licence(LicenceKey {
            participant,
            activity,
        }),
        Subject::Freeze { jurisdiction, of } => {
            let subject = of.subject();
            let subject = subject.ok_or_else(|| failure(Exit::Usage, "say what is frozen"))?;
            ProofSubject::Freeze(FreezeKey {
                jurisdiction,
                subject,
            })
        }
    };
    let params = StateProveParams {
        subject,
        at_least_height,
    };
    let answer = client.state_prove(params).await.map_err(refused)?;
    let file = answer.statement.0.to_file();
    match args.out {
        Some(path) => {
            files::write_new(&path, &file)?;
            let what = if answer.present {
                "presence"
            } else {
                "absence"
            };
            let height = answer.as_of_height;
            output.note(format!(
                "The proof of {what} at height {height} is in {}.",
                path.display()
            ));
        }
        None => output.raw(String::from_utf8_lossy(&file).trim_end()),
    }
    Ok(())
}
