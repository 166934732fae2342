//! `karwan tx`: every kind of instruction, signed here and submitted to a node.
//!
//! One kind, one subcommand: [`options`] makes them from the ledger's descriptions and turns options and files into an
//! operation. What follows is the same for all: sign, submit, wait, tell.

mod options;

use crate::approval::{fetch, tell_proposal};
use crate::commands::iso::ivms::checked;
use crate::exit::{Exit, Failure, Outcome};
use crate::importing::deliver;
use crate::instruction::reference;
use crate::network::{Keys, NetworkArgs, WhoArgs, connect, connect_gateway, run as with_node};
use crate::output::{Output, json_text};
use crate::submission::{PATIENCE, WaitFor, submit, tell};
use crate::words::{duration, now};
use clap::Args;
use karwan_ledger::{Genesis, Operation, Transaction};
use karwan_node::gateway::{SealedContent, TravelPayload};
use karwan_rpc::Client;
use karwan_types::{AgentIdentification, DurationMs, HashDomain, PaymentSalt, Uetr, hash_of};
use options::Instruction;
use serde_json::json;
use std::path::{Path, PathBuf};

/// The instruction is signed with --as NAME's maker key (its checker key for approve), or with the keys named by --sign. It is
/// safe to submit the same payment again: the UETR settles once. Without --uetr a new one is made.
#[derive(Args)]
pub(crate) struct TxArgs {
    #[command(subcommand)]
    instruction: Instruction,
    /// A key file that signs, by its name; may be given several times. Without it the maker key of --as signs
    #[arg(long, value_name = "NAME", global = true, help_heading = "Keys")]
    sign: Vec<String>,
    /// For what to wait
    #[arg(long, value_enum, default_value = "final", global = true)]
    wait: WaitFor,
    /// How long the instruction is valid: after that it can never settle
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration, global = true)]
    valid_for: DurationMs,
    /// With pay: a file with the IVMS101 data of the parties; the payment commits to them, and they travel sealed
    #[arg(long, value_name = "FILE", global = true)]
    ivms: Option<PathBuf>,
    /// Sign and show the instruction, and submit nothing
    #[arg(long, global = true)]
    dry_run: bool,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    who: WhoArgs,
}

pub(crate) fn run(args: TxArgs, output: Output) -> Outcome {
    let genesis = args.network.genesis()?;
    let keys = args.who.keys(&args.network)?;
    let mut operation = args.instruction.operation(now())?;
    let travelling = match &args.ivms {
        Some(file) => Some(travel(file, &mut operation, &keys, args.who.name()?)?),
        None => None,
    };
    let names = if args.sign.is_empty() {
        let is_approval = matches!(operation, Operation::Approve(_));
        let role = if is_approval {
            "checker"
        } else if matches!(operation, Operation::Attest(_)) {
            "compliance"
        } else {
            "maker"
        };
        vec![format!("{}-{role}", args.who.name()?)]
    } else {
        args.sign.clone()
    };
    let valid_until = now().after(args.valid_for);
    let mut transaction = Transaction::unsigned(genesis.chain_id, operation, valid_until);
    for name in &names {
        transaction = transaction.signed_by(&keys.signer(name)?);
    }
    if args.dry_run {
        return show(&transaction, output);
    }
    let access = match &args.who.name {
        Some(name) => Some(keys.access(name)?),
        None => None,
    };
    let url = args.network.url(args.who.name.as_deref())?;
    if let Some(uetr) = reference(&transaction.operation) {
        output.note(format!("UETR        {uetr}"));
    }
    output.note(format!("instruction {}", transaction.instruction_hash()));
    with_node(async {
        let client = match (&travelling, access) {
            (Some(travelling), Some(access)) => {
                let client = connect_gateway(&url, access, &genesis).await?;
                travelling.deliver(&client, &genesis).await?;
                client
            }
            (_, access) => connect(&url, access, &genesis).await?,
        };
        if let Operation::Approve(approve) = &transaction.operation {
            let waiting = fetch(&client, &genesis.chain_id, approve.instruction, None).await?;
            output.note("Signing for this instruction, whose hash was checked here:");
            output.note(json_text(&waiting.operation));
        }
        let view = submit(&client, &transaction.to_encoded(), args.wait, PATIENCE).await?;
        // What came of a governor's approval is not shown to a key that reads nothing; where the proposal stands is public.
        let shown = view.finality.as_ref();
        if let Operation::Approve(approve) = &transaction.operation
            && shown.is_some_and(|finality| finality.statuses.is_empty())
            && let Some(exit) = tell_proposal(&client, approve.instruction, output).await?
        {
            return Ok(exit);
        }
        Ok(tell(&view, output))
    })
}

/// The data of a payment's parties, which go to its creditor agent before the payment is submitted.
struct Travelling {
    uetr: Uetr,
    salt: PaymentSalt,
    payload: TravelPayload,
    to: AgentIdentification,
}

/// Lets a payment commit to the data in a file.
fn travel(
    file: &Path,
    operation: &mut Operation,
    keys: &Keys,
    name: &str,
) -> anyhow::Result<Travelling> {
    let Operation::Pay(pay) = operation else {
        anyhow::bail!("--ivms FILE goes with pay");
    };
    let secret = keys.commitment(name)?;
    let payload = TravelPayload::new(checked(file)?, &secret);
    let terms = &mut pay.payment;
    let salt = secret.salt(&terms.uetr);
    let data = payload.data(&salt);
    terms.ivms_commitment = data.ivms_commitment;
    terms.pair_tag = data.pair_tag;
    // There is no message but the data; the creditor agent compares what it opens with this.
    let hash = hash_of(HashDomain::Payload, &[b""]);
    terms.message_hash = Some(salt.commit("message", &hash.to_string()));
    Ok(Travelling {
        uetr: terms.uetr,
        salt,
        payload,
        to: terms.creditor_agent.clone(),
    })
}

impl Travelling {
    async fn deliver(&self, client: &Client, genesis: &Genesis) -> Result<(), Failure> {
        let content = SealedContent {
            uetr: self.uetr,
            document: b"",
            salt: &self.salt,
            travel: Some(&self.payload),
        };
        deliver(client, genesis, &content, &self.to).await
    }
}

fn show(transaction: &Transaction, output: Output) -> Outcome {
    let encoded = transaction.to_encoded();
    let value = json!({
        "transaction": encoded.id(),
        "instruction": transaction.instruction_hash(),
        "operation": transaction.operation,
        "valid_until": transaction.valid_until,
        "bytes": hex::encode(encoded.as_bytes()),
    });
    output.raw(&json_text(&value));
    output.note("Nothing was submitted.");
    Ok(Exit::Ok)
}
