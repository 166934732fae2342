//! Money on the development network: a bank asks its central bank to issue, and the central bank does, each with its own
//! maker and checker. Nobody else makes money, here neither.

use crate::exit::{Exit, Failure, failure};
use crate::manifest::{Devnet, Institution};
use crate::network::{Keys, connect, refused};
use crate::submission::{PATIENCE, WaitFor, submit};
use crate::words::{now, random_uetr, short};
use anyhow::Context;
use karwan_ledger::{Genesis, Issue, IssueRequest, Operation, Transaction};
use karwan_rpc::{AccountsListParams, SubmitView, View};
use karwan_types::{AgentIdentification, Amount, CurrencyCode, DurationMs, Max35Text, Uetr};

/// How long the instructions are valid.
const VALIDITY: DurationMs = DurationMs::from_millis(3_600_000);

/// The development network and the keys of everybody on it.
pub(crate) struct Funding<'a> {
    pub(crate) devnet: &'a Devnet,
    pub(crate) genesis: &'a Genesis,
    pub(crate) keys: &'a Keys,
    /// The node to talk to.
    pub(crate) url: &'a str,
}

impl Funding<'_> {
    /// Has the central bank of `currency` issue an amount to a bank of its jurisdiction; the answer to the issue.
    pub(crate) async fn issue(
        &self,
        bank: &Institution,
        currency: CurrencyCode,
        amount: Amount,
    ) -> Result<(Uetr, SubmitView), Failure> {
        let uetr = random_uetr()?;
        let agent = AgentIdentification::Lei(bank.lei);
        let request = IssueRequest {
            uetr,
            agent: agent.clone(),
            currency,
            amount,
            rtgs_reference: Max35Text::parse(&format!("RTGS-{}", short(&uetr)))?,
        };
        self.signed(&bank.prefix, request.into()).await?;
        let document = self.genesis.document();
        let issuer = document.currencies.iter().find(|row| row.code == currency);
        let issuer =
            issuer.with_context(|| format!("{currency} is no currency of this network"))?;
        let central = self
            .devnet
            .institutions
            .iter()
            .find(|one| one.lei == issuer.issuer);
        let central = central.context("the issuer is no institution of this network")?;
        let issue = Issue {
            agent,
            uetr,
            rtgs_credit_reference: Max35Text::parse(&format!("CREDIT-{}", short(&uetr)))?,
        };
        Ok((uetr, self.signed(&central.prefix, issue.into()).await?))
    }

    /// Issues when the bank's accounts in a currency hold less than it needs.
    pub(crate) async fn ensure(
        &self,
        bank: &Institution,
        currency: CurrencyCode,
        needed: Amount,
    ) -> Result<(), Failure> {
        let client = connect(
            self.url,
            Some(self.keys.access(&bank.prefix)?),
            self.genesis,
        )
        .await?;
        let params = AccountsListParams {
            owner: Some(View(bank.lei)),
            currency: Some(View(currency)),
            ..AccountsListParams::default()
        };
        let answer = client.accounts_list(params).await.map_err(refused)?;
        let available = answer
            .accounts
            .iter()
            .filter_map(|one| one.available.as_ref());
        let most = available
            .filter_map(|one| one.minor.parse::<u128>().ok())
            .max()
            .unwrap_or(0);
        if most >= needed.minor() {
            return Ok(());
        }
        let (_, view) = self.issue(bank, currency, needed).await?;
        let settled = view
            .finality
            .is_some_and(|finality| finality.statuses.contains_key("ACSC"));
        if settled {
            Ok(())
        } else {
            Err(failure(
                Exit::Negative,
                format!("no money could be issued: {}", view.sentence),
            ))
        }
    }

    /// Submits an operation with the maker's and the checker's signature.
    async fn signed(&self, prefix: &str, operation: Operation) -> Result<SubmitView, Failure> {
        let mut transaction =
            Transaction::unsigned(self.genesis.chain_id, operation, now().after(VALIDITY));
        for role in ["maker", "checker"] {
            transaction = transaction.signed_by(&self.keys.signer(&format!("{prefix}-{role}"))?);
        }
        let client = connect(self.url, Some(self.keys.access(prefix)?), self.genesis).await?;
        submit(&client, &transaction.to_encoded(), WaitFor::Final, PATIENCE).await
    }
}
