//! Where a message of a file goes: what is submitted for it, and what is answered.

use super::Row;
use crate::exit::Failure;
use crate::importing::Importer;
use crate::network::refused;
use crate::reports;
use crate::submission::{PATIENCE, WaitFor, submit};
use crate::words::now;
use karwan_iso20022::{Document, Message};
use karwan_ledger::{Genesis, Operation};
use karwan_rpc::{Client, ClientError, PaymentGetParams, PaymentView, SubmitView, View};
use karwan_types::{AgentIdentification, Lei, Uetr};
use std::path::Path;

/// How the outcomes of a recall are called; they have the reference of their payment.
const RECALL: &str = "RecallRequest";

/// One file and everything that it is handled with.
pub(super) struct Desk<'a> {
    pub(super) client: &'a Client,
    pub(super) genesis: &'a Genesis,
    pub(super) importer: &'a Importer,
    /// Where answers are written, if they are wanted.
    pub(super) reports: Option<&'a Path>,
    pub(super) file: &'a Path,
}

impl Desk<'_> {
    /// Handles a message.
    pub(super) async fn take(&self, message: Message) -> Result<Row, Failure> {
        match message {
            Message::Transfers(document) => self.pay(document).await,
            Message::Return(back) => self.give_back(&back).await,
            Message::Cancellation(request) => self.cancel(&request).await,
            Message::Resolution(resolution) => self.answer(&resolution).await,
            Message::StatusRequest(request) => self.tell(&request).await,
        }
    }

    async fn pay(&self, document: Document) -> Result<Row, Failure> {
        let imported = self.importer.instruct(document, now());
        let transfers = &imported.document.transfers;
        self.importer
            .deliver(self.client, self.genesis, transfers)
            .await?;
        let encoded = imported.transaction.to_encoded();
        let view = submit(self.client, &encoded, WaitFor::Final, PATIENCE).await?;
        if let (Some(directory), true) = (self.reports, view.finality.is_some()) {
            let place = (self.file, directory, now());
            reports::write(self.client, transfers, encoded.id(), place).await?;
        }
        Ok(Row::submitted(transfers.len(), &view))
    }

    /// Signs an instruction, submits it and waits until it is final.
    pub(super) async fn submit(
        &self,
        operation: impl Into<Operation>,
    ) -> Result<SubmitView, Failure> {
        let transaction = self.importer.sign(operation.into(), now());
        submit(
            self.client,
            &transaction.to_encoded(),
            WaitFor::Final,
            PATIENCE,
        )
        .await
    }

    /// The payment that a message is about, as far as the node knows it and shows it. Of several under one reference the one
    /// that has settled.
    pub(super) async fn original(
        &self,
        agent: Option<&AgentIdentification>,
        uetr: Uetr,
    ) -> Result<Option<PaymentView>, Failure> {
        let lei = agent.and_then(|agent| self.lei(agent));
        let params = PaymentGetParams {
            uetr: Some(View(uetr)),
            agent: lei.map(View),
            ..PaymentGetParams::default()
        };
        let answer = match self.client.payment_get(params).await {
            Ok(answer) => answer,
            Err(ClientError::Problem(problem)) if problem.name == "NOT_FOUND" => return Ok(None),
            Err(error) => return Err(refused(error)),
        };
        let mut payments = answer.payments;
        payments.retain(|payment| payment.operation != RECALL);
        let settled = payments
            .iter()
            .position(|payment| payment.settled.is_some());
        let chosen = settled.unwrap_or(0);
        Ok((chosen < payments.len()).then(|| payments.swap_remove(chosen)))
    }

    /// An institution of the genesis file.
    pub(super) fn lei(&self, agent: &AgentIdentification) -> Option<Lei> {
        self.genesis.state.agent(agent)
    }
}
