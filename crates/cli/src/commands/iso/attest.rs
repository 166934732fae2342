//! Attesting payments: what the beneficiary's institution does under the Travel Rule.
//!
//! For each payment that waits for this institution the sealed message is opened, its IVMS101 data are compared with the
//! commitment and the pair tag that the payment carries, the rules are applied, and what will be signed is shown. The compliance
//! key signs the payment as the node says the ledger has it: a node that lies gets an attestation of a payment that is not there.

use super::AttestArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::network::{Keys, connect_gateway, refused, run as with_node};
use crate::output::{Output, json_text};
use crate::submission::{PATIENCE, WaitFor, is_refused, submit};
use crate::words::now;
use anyhow::Context;
use karwan_iso20022::ivms101::Scope;
use karwan_ledger::{Attest, Genesis, Transaction, TravelData};
use karwan_node::gateway::{OpenedMessage, TravelPayload, open};
use karwan_rpc::{AttestationsParams, Client, IsoOutboxParams, UnattestedView, View};
use karwan_types::{AgentIdentification, DurationMs, Lei, Uetr};
use serde_json::json;
use std::collections::BTreeMap;

/// How long the instruction itself is valid.
const VALIDITY: DurationMs = DurationMs::from_millis(600_000);

/// What attests.
struct Desk<'a> {
    args: &'a AttestArgs,
    genesis: Genesis,
    keys: Keys,
    name: &'a str,
    identity: age::x25519::Identity,
    output: Output,
}

pub(super) fn run(args: &AttestArgs, output: Output) -> Outcome {
    let keys = args.who.keys(&args.network)?;
    let name = args.who.name()?;
    let access = keys.access(name)?;
    let url = args.network.url(Some(name))?;
    let desk = Desk {
        args,
        genesis: args.network.genesis()?,
        identity: keys.payload(name)?,
        keys,
        name,
        output,
    };
    with_node(async {
        let client = connect_gateway(&url, access, &desk.genesis).await?;
        desk.all(&client).await
    })
}

impl Desk<'_> {
    async fn all(&self, client: &Client) -> Outcome {
        let compliance = self.keys.signer(&format!("{}-compliance", self.name))?;
        let own = self.genesis.state.key(&compliance.public_key());
        let own = own.map(|key| key.holder);
        let params = AttestationsParams {
            uetr: self.args.uetr.map(View),
            ..AttestationsParams::default()
        };
        let answer = client.attestations_list(params).await.map_err(refused)?;
        let messages = self.messages(client).await?;
        let (mut attested, mut exit) = (Vec::new(), Exit::Ok);
        for waiting in &answer.waiting {
            let creditor = karwan_ledger::Holder::Participant(waiting.creditor_agent.0);
            if own.is_some_and(|own| own != creditor) {
                continue;
            }
            let found = messages.get(&(waiting.debtor_agent.0, waiting.uetr.0));
            match self.one(client, (waiting, answer.rulebook), found).await {
                Ok(()) => attested.push(waiting.uetr.0),
                Err(problem) => {
                    let (uetr, agent) = (&waiting.uetr, &waiting.debtor_agent);
                    self.output.note(format!(
                        "Payment {uetr} of {agent} is not attested: {problem}"
                    ));
                    exit = Exit::Negative;
                }
            }
        }
        self.output.json(&json!({ "attested": attested }));
        let done = if self.args.dry_run {
            "shown"
        } else {
            "attested"
        };
        self.output
            .note(format!("{} payments {done}.", attested.len()));
        Ok(exit)
    }

    /// The messages in the outbox that can be opened, by payment. Of several for one payment all are kept.
    async fn messages(
        &self,
        client: &Client,
    ) -> Result<BTreeMap<(Lei, Uetr), Vec<OpenedMessage>>, Failure> {
        let (mut after, mut found) = (None, BTreeMap::<_, Vec<OpenedMessage>>::new());
        loop {
            let params = IsoOutboxParams { after, limit: None };
            let page = client.iso_outbox(params).await.map_err(refused)?;
            for message in &page.messages {
                let sealed = message
                    .sealed_bytes()
                    .context("the node's answer cannot be read")?;
                if let Ok(opened) = open(&sealed, &self.identity) {
                    let key = (message.place.debtor_agent.0, message.place.uetr.0);
                    found.entry(key).or_default().push(opened);
                }
            }
            after = page.messages.last().map(|last| last.place.clone());
            if !page.more || after.is_none() {
                return Ok(found);
            }
        }
    }

    async fn one(
        &self,
        client: &Client,
        (waiting, rulebook): (&UnattestedView, u32),
        messages: Option<&Vec<OpenedMessage>>,
    ) -> Result<(), anyhow::Error> {
        let data = TravelData {
            ivms_commitment: waiting.ivms_commitment.as_ref().map(|one| one.0),
            pair_tag: waiting.pair_tag.as_ref().map(|one| one.0),
        };
        let opened: Vec<_> = messages.into_iter().flatten().collect();
        anyhow::ensure!(!opened.is_empty(), "its message has not arrived yet");
        let read = opened
            .iter()
            .map(|message| TravelPayload::opened(message, data));
        let fitting = read.reduce(|one, other| one.or(other));
        let payload = fitting.expect("there is a message")?;
        payload.ivms().check(now().date(), Scope::Fatf)?;
        let ivms: serde_json::Value = serde_json::from_str(&payload.ivms().canonical())
            .context("the data were just written")?;
        let operation = Attest {
            debtor_agent: AgentIdentification::Lei(waiting.debtor_agent.0),
            uetr: waiting.uetr.0,
            debtor_account: Some(waiting.debtor_account.0.clone()),
            creditor_agent: AgentIdentification::Lei(waiting.creditor_agent.0),
            creditor_account: Some(waiting.creditor_account.0.clone()),
            currency: waiting.money.currency.0,
            amount: waiting.money.minor.0,
            ivms_commitment: data
                .ivms_commitment
                .context("the payment carries no data")?,
            pair_tag: data.pair_tag,
            expires: now().after(self.args.expires_in),
            rulebook,
        };
        self.output.note(
            "Attesting, after the data were compared with the payment's commitment and pair tag:",
        );
        self.output
            .note(json_text(&json!({ "attest": operation, "ivms101": ivms })));
        if self.args.dry_run {
            return Ok(());
        }
        let compliance = self.keys.signer(&format!("{}-compliance", self.name))?;
        let valid_until = now().after(VALIDITY);
        let transaction =
            Transaction::unsigned(self.genesis.chain_id, operation.into(), valid_until)
                .signed_by(&compliance);
        let submitted = submit(client, &transaction.to_encoded(), WaitFor::Final, PATIENCE).await;
        let view = submitted.map_err(|failure| anyhow::anyhow!("{failure}"))?;
        let taken = view
            .finality
            .as_ref()
            .is_some_and(|finality| !is_refused(finality));
        anyhow::ensure!(taken, "{}", view.sentence);
        Ok(())
    }
}
