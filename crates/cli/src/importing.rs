//! From a payment file to signed instructions: what the institution's own side does before anything leaves it.
//!
//! A file gives one instruction: one payment, or several of one debtor agent in one currency as a bulk. The messages are sealed
//! for their creditor agents and kept by the node before the instruction is submitted, so that a payment is never final without
//! its information being on its way.

use crate::exit::Failure;
use crate::network::{Keys, refused};
use anyhow::Context;
use karwan_iso20022::ivms101::Ivms101;
use karwan_iso20022::{CreditTransfer, Document, Profile, Refusal, read};
use karwan_ledger::{Genesis, Operation, Pay, PayBulk, PaymentTerms, Rulebook, Transaction};
use karwan_node::gateway::{SealedContent, TravelPayload, seal, to_terms, with_purpose};
use karwan_rpc::{Client, IsoDeliverParams};
use karwan_types::{
    AgentIdentification, ChainId, CommitmentSecret, DurationMs, Lei, PayloadRecipient, Timestamp,
    Uetr,
};

/// What signs an institution's imports.
pub(crate) struct Importer {
    pub(crate) chain: ChainId,
    pub(crate) profile: Profile,
    pub(crate) maker: karwan_types::SecretKey,
    pub(crate) commitment: CommitmentSecret,
    pub(crate) validity: DurationMs,
    /// The data of the parties of the one payment that is imported, given beside its message.
    pub(crate) ivms: Option<Ivms101>,
    /// Where it looks up national purpose codes.
    pub(crate) rulebook: Rulebook,
}

/// A payment file that was read, and its instruction with the maker's signature only.
pub(crate) struct Imported {
    pub(crate) document: Document,
    pub(crate) transaction: Transaction,
}

impl Importer {
    /// The importer of the institution called `name`, with its keys.
    pub(crate) fn new(
        keys: &Keys,
        name: &str,
        genesis: &Genesis,
        validity: DurationMs,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            chain: genesis.chain_id,
            profile: karwan_node::gateway::profile(&genesis.document().rulebook),
            maker: keys.signer(&format!("{name}-maker"))?,
            commitment: keys.commitment(name)?,
            validity,
            ivms: None,
            rulebook: genesis.document().rulebook.clone(),
        })
    }

    /// Reads a file and makes its instruction, signed by the maker.
    ///
    /// # Errors
    /// The `Refusal` of a file that is no payment of this network, in words for a payments clerk.
    pub(crate) fn import(&self, xml: &[u8], now: Timestamp) -> Result<Imported, Refusal> {
        Ok(self.instruct(read(xml, &self.profile)?, now))
    }

    /// Makes the instruction of a file that was read, signed by the maker.
    pub(crate) fn instruct(&self, document: Document, now: Timestamp) -> Imported {
        let terms = document
            .transfers
            .iter()
            .map(|one| with_purpose(self.terms(one), &self.rulebook));
        let mut terms: Vec<_> = terms.collect();
        let operation: Operation = if terms.len() == 1 {
            Pay {
                payment: terms.remove(0),
            }
            .into()
        } else {
            PayBulk { payments: terms }.into()
        };
        Imported {
            document,
            transaction: self.sign(operation, now),
        }
    }

    /// What goes on the ledger of a payment.
    fn terms(&self, transfer: &CreditTransfer) -> PaymentTerms {
        let mut terms = to_terms(transfer, &self.commitment);
        if let Some(ivms) = &self.ivms {
            let travel = TravelPayload::new(ivms.clone(), &self.commitment);
            let data = travel.data(&self.commitment.salt(&terms.uetr));
            terms.ivms_commitment = data.ivms_commitment;
            terms.pair_tag = data.pair_tag;
        }
        terms
    }

    /// The data of a payment's parties: those given, or those in its message.
    fn travel(&self, transfer: &CreditTransfer) -> Option<TravelPayload> {
        match &self.ivms {
            Some(ivms) => Some(TravelPayload::new(ivms.clone(), &self.commitment)),
            None => TravelPayload::of_message(transfer, &self.commitment),
        }
    }

    /// Any instruction, signed by the maker.
    pub(crate) fn sign(&self, operation: Operation, now: Timestamp) -> Transaction {
        Transaction::unsigned(self.chain, operation, now.after(self.validity))
            .signed_by(&self.maker)
    }

    /// Seals every message of a file for its creditor agent and has the node keep it. To whom is read from the genesis file,
    /// never from a node, which could name a key of its own. A payment to nobody known carries no message: the ledger will
    /// refuse it.
    pub(crate) async fn deliver(
        &self,
        client: &Client,
        genesis: &Genesis,
        transfers: &[CreditTransfer],
    ) -> Result<(), Failure> {
        for transfer in transfers {
            let travel = self.travel(transfer);
            let salt = self.commitment.salt(&transfer.ledger.uetr);
            let content = SealedContent {
                uetr: transfer.ledger.uetr,
                document: transfer.payload.as_slice(),
                salt: &salt,
                travel: travel.as_ref(),
            };
            deliver(client, genesis, &content, &transfer.ledger.creditor_agent).await?;
        }
        Ok(())
    }

    /// The same for the message of one payment or return, to the institution that gets the money.
    pub(crate) async fn deliver_one(
        &self,
        client: &Client,
        genesis: &Genesis,
        (uetr, document): (Uetr, &[u8]),
        to: &AgentIdentification,
    ) -> Result<(), Failure> {
        let salt = self.commitment.salt(&uetr);
        let content = SealedContent {
            uetr,
            document,
            salt: &salt,
            travel: None,
        };
        deliver(client, genesis, &content, to).await
    }
}

/// Seals a message for the institution that gets the money, and has the node keep it.
pub(crate) async fn deliver(
    client: &Client,
    genesis: &Genesis,
    content: &SealedContent<'_>,
    to: &AgentIdentification,
) -> Result<(), Failure> {
    let Some((receiver, recipient)) = recipient(genesis, to) else {
        return Ok(());
    };
    let sealed = seal(content, &recipient).context("a message cannot be sealed")?;
    let params = IsoDeliverParams::new(content.uetr, receiver, &sealed);
    client.iso_deliver(params).await.map_err(refused)?;
    Ok(())
}

/// The institution that a message names, and to whom messages for it are sealed.
fn recipient(genesis: &Genesis, agent: &AgentIdentification) -> Option<(Lei, PayloadRecipient)> {
    let lei = genesis.state.agent(agent)?;
    let row = genesis.state.participant(&lei)?;
    Some((lei, row.payload_recipient.clone()?))
}
