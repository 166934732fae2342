//! Messages received: opened with the institution's key, compared with what the ledger proves, written to files.
//!
//! The node that keeps the outbox is not believed: a message counts when a receipt, verified here, carries the salted hash of
//! exactly these bytes for exactly this payment. Only then is a file written or a credit confirmed.

use super::ExportArgs;
use crate::commands::verify::check;
use crate::exit::{Exit, Failure, Outcome, failure};
use crate::files;
use crate::network::{Keys, connect_gateway, refused, run as with_node};
use crate::output::Output;
use crate::submission::{PATIENCE, WaitFor, submit};
use crate::words::now;
use anyhow::{Context, bail, ensure};
use karwan_ledger::{ConfirmCredit, Genesis, Holder, Transaction};
use karwan_node::gateway::{OpenedMessage, open};
use karwan_rpc::{Client, IsoOutboxParams, OutboxMessageView, ReceiptGetParams};
use karwan_types::{
    AgentIdentification, DurationMs, Hash, HashDomain, PaymentSalt, Receipt, TransactionStatus,
    hash_of,
};
use serde_json::json;
use std::path::PathBuf;

/// How long a confirmation is valid.
const VALIDITY: DurationMs = DurationMs::from_millis(3_600_000);

/// What an export works with.
pub(super) struct Export<'a> {
    pub(super) args: &'a ExportArgs,
    pub(super) genesis: Genesis,
    keys: Keys,
    name: &'a str,
    identity: age::x25519::Identity,
    output: Output,
}

pub(super) fn run(args: &ExportArgs, output: Output) -> Outcome {
    let keys = args.who.keys(&args.network)?;
    let name = args.who.name()?;
    let access = keys.access(name)?;
    let url = args.network.url(Some(name))?;
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot make {}", args.out.display()))?;
    let export = Export {
        args,
        genesis: args.network.genesis()?,
        identity: keys.payload(name)?,
        keys,
        name,
        output,
    };
    with_node(async {
        let client = connect_gateway(&url, access, &export.genesis).await?;
        export.all(&client).await
    })
}

impl Export<'_> {
    async fn all(&self, client: &Client) -> Outcome {
        let (mut after, mut written, mut exit) = (None, Vec::new(), Exit::Ok);
        loop {
            let params = IsoOutboxParams { after, limit: None };
            let page = client.iso_outbox(params).await.map_err(refused)?;
            for message in &page.messages {
                match self.one(client, message).await {
                    Ok(None) => {}
                    Ok(Some(path)) => {
                        self.output.line(path.display().to_string());
                        written.push(path);
                    }
                    Err(problem) => {
                        let (uetr, agent) = (&message.place.uetr, &message.place.debtor_agent);
                        self.output.note(format!(
                            "The message of payment {uetr} of {agent} is left where it is: {problem}"
                        ));
                        exit = Exit::Negative;
                    }
                }
            }
            after = page.messages.last().map(|last| last.place.clone());
            if !page.more || after.is_none() {
                break;
            }
        }
        let maker = self.keys.signer(&format!("{}-maker", self.name))?;
        let holder = self.genesis.state.key(&maker.public_key());
        if let Some(Holder::Participant(own)) = holder.map(|key| key.holder) {
            let (recalls, problems) = self.recalls(client, own).await?;
            for path in recalls {
                self.output.line(path.display().to_string());
                written.push(path);
            }
            for problem in problems {
                self.output.note(format!("Not written: {problem}"));
                exit = Exit::Negative;
            }
        } else {
            self.output
                .note("The maker's key is not in the genesis file, so no recalls are written.");
        }
        self.output.json(&json!({ "written": written }));
        self.output
            .note(format!("{} messages written.", written.len()));
        Ok(exit)
    }

    /// Where the message was written; none for one whose payment still waits for an attestation (karwan iso attest).
    async fn one(
        &self,
        client: &Client,
        message: &OutboxMessageView,
    ) -> Result<Option<PathBuf>, Failure> {
        let sealed = message
            .sealed_bytes()
            .context("the node's answer cannot be read")?;
        let opened = open(&sealed, &self.identity)?;
        let receipt = self.receipt(client, message).await?;
        if receipt.outcome.status == TransactionStatus::Pdng {
            return Ok(None);
        }
        compare(&opened, message, &receipt)?;
        let (agent, uetr) = (&message.place.debtor_agent, &message.place.uetr);
        let file = |ending: &str| self.args.out.join(format!("{agent}-{uetr}.{ending}"));
        let mut path = file("xml");
        if let Some(data) = &opened.ivms101 {
            files::replace_private(&file("ivms.json"), data.as_bytes())?;
        }
        if opened.document.is_empty() {
            path = file("ivms.json");
        } else {
            files::replace_private(&path, opened.document.as_bytes())?;
        }
        if self.args.confirm {
            self.confirm(client, message).await?;
        }
        Ok(Some(path))
    }

    /// The payment's receipt, verified.
    async fn receipt(
        &self,
        client: &Client,
        message: &OutboxMessageView,
    ) -> Result<Receipt, Failure> {
        let params = ReceiptGetParams {
            uetr: Some(message.place.uetr),
            agent: Some(message.place.debtor_agent),
            ..ReceiptGetParams::default()
        };
        let answer = client.receipt_get(params).await.map_err(refused)?;
        check(&answer.receipt.0.to_file(), &self.genesis)
    }

    async fn confirm(&self, client: &Client, message: &OutboxMessageView) -> Result<(), Failure> {
        let operation = ConfirmCredit {
            agent: AgentIdentification::Lei(message.place.debtor_agent.0),
            uetr: message.place.uetr.0,
        };
        let maker = self.keys.signer(&format!("{}-maker", self.name))?;
        let valid_until = now().after(VALIDITY);
        let transaction =
            Transaction::unsigned(self.genesis.chain_id, operation.into(), valid_until)
                .signed_by(&maker);
        let view = submit(client, &transaction.to_encoded(), WaitFor::Final, PATIENCE).await?;
        let finality = view.finality.as_ref();
        let confirmed = finality.is_some_and(|finality| !finality.statuses.contains_key("RJCT"));
        if confirmed {
            Ok(())
        } else {
            let sentence = format!(
                "its file is written, its credit is not confirmed: {}",
                view.sentence
            );
            Err(failure(Exit::Negative, sentence))
        }
    }
}

/// Whether the opened message is the one that the ledger commits to.
fn compare(
    opened: &OpenedMessage,
    message: &OutboxMessageView,
    receipt: &Receipt,
) -> anyhow::Result<()> {
    let Some(movement) = &receipt.outcome.movement else {
        bail!("its receipt moves no money");
    };
    let place = &message.place;
    ensure!(
        opened.uetr == place.uetr.0
            && movement.uetr == place.uetr.0
            && movement.debtor_agent == place.debtor_agent.0,
        "it belongs to another payment"
    );
    let settled = matches!(
        receipt.outcome.status,
        TransactionStatus::Acsc | TransactionStatus::Accc
    );
    ensure!(settled, "its payment has status {}", receipt.outcome.status);
    let salt: Hash = opened.salt.parse().context("its salt is malformed")?;
    let salt = PaymentSalt::from_bytes(*salt.as_bytes());
    let hash = hash_of(HashDomain::Payload, &[opened.document.as_bytes()]);
    ensure!(
        movement.message_hash == Some(salt.commit("message", &hash.to_string())),
        "its bytes are not those that the ledger commits to"
    );
    Ok(())
}
