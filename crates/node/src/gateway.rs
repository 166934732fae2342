//! From a payment message to an instruction: what the institution's side does before it signs.
//!
//! Names, customer accounts and remittance text become salted commitments; institutions, codes and amounts go in clear.
//! The salt is derived from the institution's secret and the UETR, and nothing here reads a clock, so importing the same
//! file twice gives the same instruction. The message itself is sealed for the creditor institution.

mod recalls;
mod travel;

pub use recalls::{NoAnswer, to_answer, to_cancel, to_recall, to_return, to_returning_answer};
pub use travel::{TravelPayload, TravelPayloadError};

use age::x25519;
use karwan_iso20022::{
    ChargeBearer, CreditTransfer, Priority, Profile, SettlementMethod, TransferKind,
};
use karwan_ledger as ledger;
use karwan_types::{CommitmentSecret, PayloadRecipient, PaymentSalt, Uetr};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::str::FromStr;

/// The largest sealed message that is opened, in bytes.
const OPENED_BYTES_MAX: u64 = 4 << 20;

/// What the creditor institution finds when it opens a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenedMessage {
    /// `karwan-message/1`.
    pub format: String,
    /// The payment.
    pub uetr: Uetr,
    /// With this the commitments on the ledger can be checked: 64 hexadecimal digits.
    pub salt: String,
    /// The XML document as the debtor agent received it; empty when there is none.
    pub document: String,
    /// The data of the payment's parties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ivms101: Option<String>,
    /// With this the tag of the two persons can be checked: 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair_secret: Option<String>,
}

/// What is sealed for an institution.
#[derive(Clone, Copy, Debug)]
pub struct SealedContent<'a> {
    /// The payment.
    pub uetr: Uetr,
    /// Its message.
    pub document: &'a [u8],
    /// The salt of its commitments.
    pub salt: &'a PaymentSalt,
    /// The data of its parties, where they must travel.
    pub travel: Option<&'a TravelPayload>,
}

/// The name of the format.
const MESSAGE_FORMAT: &str = "karwan-message/1";

/// Why a message cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The recipient on the ledger is no age key.
    #[error("the payload recipient {0} is not an age X25519 key")]
    Recipient(String),
    /// Encryption failed.
    #[error("the message cannot be encrypted")]
    Encrypt(#[source] age::EncryptError),
    /// Decryption failed: another key, or damaged bytes.
    #[error("the message cannot be decrypted with this key")]
    Decrypt(#[source] age::DecryptError),
    /// Reading or writing the encrypted stream failed.
    #[error("the encrypted message cannot be read or written")]
    Stream(#[from] std::io::Error),
    /// What was decrypted is no message.
    #[error("the decrypted bytes are not a message: {0}")]
    Content(String),
}

/// The reading profile of a network: which settlement methods its genesis allows.
#[must_use]
pub fn profile(rulebook: &ledger::Rulebook) -> Profile {
    let methods = rulebook
        .common
        .settlement_methods
        .iter()
        .filter_map(|code| SettlementMethod::from_code(code.as_str()));
    Profile {
        settlement_methods: methods.collect(),
        ..Profile::default()
    }
}

/// The terms of a payment as they go on the ledger.
#[must_use]
pub fn to_terms(transfer: &CreditTransfer, secret: &CommitmentSecret) -> ledger::PaymentTerms {
    let fields = &transfer.ledger;
    let salt = secret.salt(&fields.uetr);
    let travel = TravelPayload::data_of_message(transfer, secret);
    ledger::PaymentTerms {
        kind: match fields.kind {
            TransferKind::Customer => ledger::PaymentKind::Customer,
            TransferKind::FinancialInstitution => ledger::PaymentKind::FinancialInstitution,
        },
        instruction_id: fields.instruction_id.clone(),
        end_to_end_id: fields.end_to_end_id.clone(),
        uetr: fields.uetr,
        currency: fields.currency,
        amount: fields.amount,
        settlement_date: Some(fields.settlement_date),
        debtor_agent: fields.debtor_agent.clone(),
        debtor_account: fields.debtor_agent_account.clone(),
        creditor_agent: fields.creditor_agent.clone(),
        creditor_account: fields.creditor_agent_account.clone(),
        charge_bearer: fields.charge_bearer.map(|bearer| match bearer {
            ChargeBearer::Debtor => ledger::ChargeBearer::Debt,
            ChargeBearer::Creditor => ledger::ChargeBearer::Cred,
            ChargeBearer::Shared => ledger::ChargeBearer::Shar,
            ChargeBearer::ServiceLevel => ledger::ChargeBearer::Slev,
        }),
        priority: match fields.priority {
            Priority::Urgent => ledger::Priority::Urgt,
            Priority::High => ledger::Priority::High,
            Priority::Normal => ledger::Priority::Norm,
        },
        on_shortage: ledger::OnShortage::Queue,
        from_time: fields.from,
        till_time: fields.till,
        reject_time: fields.reject,
        purpose: fields.purpose.clone(),
        local_purpose: fields.local_purpose.clone(),
        commitments: commitments(transfer, &salt),
        // The hash of a message with names in it could be guessed; salted, it cannot.
        message_hash: Some(salt.commit("message", &transfer.message_hash.to_string())),
        ivms_commitment: travel.ivms_commitment,
        pair_tag: travel.pair_tag,
    }
}

/// Gives a payment the purpose that its national code stands for, when its message brings nothing but the national code and the
/// rulebook knows of one purpose only.
#[must_use]
pub fn with_purpose(
    terms: ledger::PaymentTerms,
    rulebook: &ledger::Rulebook,
) -> ledger::PaymentTerms {
    let local = terms.local_purpose.as_ref();
    let meant = local.and_then(|code| rulebook.purposes().of_local(code));
    let purpose = terms.purpose.clone().or_else(|| meant.cloned());
    ledger::PaymentTerms { purpose, ..terms }
}

/// One commitment for each datum that the message holds, over its labelled values in a fixed order.
fn commitments(transfer: &CreditTransfer, salt: &PaymentSalt) -> Vec<ledger::PartyCommitment> {
    let mut texts: BTreeMap<ledger::PartyDatum, String> = BTreeMap::new();
    for (label, value) in transfer.private.entries() {
        let text = texts.entry(datum(&label)).or_default();
        text.push_str(&label);
        text.push('=');
        text.push_str(value);
        text.push('\n');
    }
    let commit = |(datum, text): (ledger::PartyDatum, String)| ledger::PartyCommitment {
        datum,
        commitment: salt.commit(datum.label(), &text),
    };
    texts.into_iter().map(commit).collect()
}

/// Which datum of the ledger a label of the message belongs to. What has no place of its own goes with the remittance.
fn datum(label: &str) -> ledger::PartyDatum {
    match label.split('/').next().unwrap_or_default() {
        "debtor" => ledger::PartyDatum::Debtor,
        "debtor_account" => ledger::PartyDatum::DebtorAccount,
        "creditor" => ledger::PartyDatum::Creditor,
        "creditor_account" => ledger::PartyDatum::CreditorAccount,
        "ultimate_debtor" => ledger::PartyDatum::UltimateDebtor,
        "ultimate_creditor" => ledger::PartyDatum::UltimateCreditor,
        "initiating_party" => ledger::PartyDatum::InitiatingParty,
        "regulatory_report" => ledger::PartyDatum::RegulatoryReporting,
        "agent_instruction" => ledger::PartyDatum::AgentInstructions,
        _ => ledger::PartyDatum::Remittance,
    }
}

/// Seals the message of a payment or a return, as it was received, for the institution that gets the money.
///
/// # Errors
/// `SealError` when the recipient is no age key or encryption fails.
pub fn seal(
    content: &SealedContent<'_>,
    recipient: &PayloadRecipient,
) -> Result<Vec<u8>, SealError> {
    let malformed = || SealError::Recipient(recipient.to_string());
    let key = x25519::Recipient::from_str(recipient.as_str()).map_err(|_| malformed())?;
    let message = OpenedMessage {
        format: MESSAGE_FORMAT.to_owned(),
        uetr: content.uetr,
        salt: hexadecimal(content.salt),
        document: String::from_utf8_lossy(content.document).into_owned(),
        ivms101: content.travel.map(|travel| travel.ivms().canonical()),
        pair_secret: content
            .travel
            .map(|travel| hexadecimal(travel.pair_secret())),
    };
    let plain =
        serde_json::to_vec(&message).map_err(|error| SealError::Content(error.to_string()))?;
    let recipients: [&dyn age::Recipient; 1] = [&key];
    let encryptor =
        age::Encryptor::with_recipients(recipients.into_iter()).map_err(SealError::Encrypt)?;
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed)?;
    writer.write_all(&plain)?;
    writer.finish()?;
    Ok(sealed)
}

fn hexadecimal(salt: &PaymentSalt) -> String {
    let bytes = salt.as_bytes().iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// Opens a message with the institution's payload key.
///
/// # Errors
/// `SealError` when the key is another, or the bytes are damaged or no message.
pub fn open(sealed: &[u8], identity: &x25519::Identity) -> Result<OpenedMessage, SealError> {
    let decryptor = age::Decryptor::new(sealed).map_err(SealError::Decrypt)?;
    let identities: [&dyn age::Identity; 1] = [identity];
    let reader = decryptor
        .decrypt(identities.into_iter())
        .map_err(SealError::Decrypt)?;
    let mut plain = Vec::new();
    reader.take(OPENED_BYTES_MAX).read_to_end(&mut plain)?;
    let message: OpenedMessage =
        serde_json::from_slice(&plain).map_err(|error| SealError::Content(error.to_string()))?;
    if message.format != MESSAGE_FORMAT {
        return Err(SealError::Content(format!("format {}", message.format)));
    }
    Ok(message)
}

#[cfg(test)]
mod tests;
