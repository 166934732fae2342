//! The JSON form of the words, described: a type, a pattern and one sentence, with a `format` that says which word it is.
//!
//! Programs read these descriptions instead of a list of operations of their own: the command line makes its options from
//! them, the simulator its random instructions, and the OpenRPC document its types.

use crate::{
    AccountNumber, AgentIdentification, Amount, Bic, ChainId, CurrencyCode, Date, DurationMs,
    ExternalCode, Hash, Height, InstructionHash, JurisdictionCode, Lei, Max35Text,
    PayloadRecipient, PublicKey, Rate, Receipt, Round, Sentence, Signature, StateProof,
    StateStatement, Timestamp, TransactionId, TransactionStatus, Uetr,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

macro_rules! texts {
    ($( $name:ident $format:literal $pattern:literal $description:literal; )*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string", "format": $format, "pattern": $pattern, "description": $description
                })
            }
        }
    )*};
}

texts! {
    Hash "hash" "^[0-9a-f]{64}$" "A SHA-256 hash.";
    TransactionId "transaction-id" "^[0-9a-f]{64}$" "The hash of a transaction's signed bytes.";
    InstructionHash "instruction-hash" "^[0-9a-f]{64}$" "The hash of an instruction without expiry and signatures: what further signers approve.";
    ChainId "chain-id" "^[0-9a-f]{64}$" "The hash of the genesis document.";
    PublicKey "public-key" "^[0-9a-f]{64}$" "An Ed25519 public key.";
    Signature "signature" "^[0-9a-f]{128}$" "An Ed25519 signature.";
    Timestamp "timestamp" "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z$" "A time by RFC 3339, in UTC with milliseconds.";
    Date "date" "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" "A date by ISO 8601.";
    Uetr "uetr" "^[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}$" "A unique end-to-end transaction reference.";
    Lei "lei" "^[A-Z0-9]{18}[0-9]{2}$" "A legal entity identifier, ISO 17442.";
    Bic "bic" "^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$" "A business identifier code, ISO 9362.";
    AgentIdentification "agent" "^[A-Za-z0-9/?:().,'+ -]{8,71}$" "An institution: its BIC, its LEI, or SYSTEM:NUMBER of a clearing system.";
    JurisdictionCode "jurisdiction" "^[A-Z]{2}$" "A country code, ISO 3166, that names a jurisdiction.";
    CurrencyCode "currency" "^[A-Z]{3}$" "A currency code, ISO 4217.";
    AccountNumber "account" "^[A-Za-z0-9/.:-]{1,34}$" "An IBAN or another account number.";
    Amount "amount" "^(0|[1-9][0-9]*)$" "A number of minor units.";
    Rate "rate" "^(0|[1-9][0-9]{0,10})([.][0-9]{1,10})?$" "How many major units of one currency one major unit of another buys: at most 11 digits, at most 10 of them after the point.";
    Max35Text "max35text" "^[A-Za-z0-9/?:().,'+ -]{1,35}$" "An identifier of 1 to 35 characters of the FIN-X set.";
    ExternalCode "code" "^[A-Z0-9]{1,4}$" "A code of an ISO 20022 external code list.";
    Sentence "sentence" "^.{1,200}$" "One sentence, at most 200 characters.";
    PayloadRecipient "payload-recipient" "^age1[a-z0-9]{58}$" "An age X25519 recipient.";
}

macro_rules! numbers {
    ($( $name:ident $format:literal $description:literal; )*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "integer", "format": $format, "minimum": 0, "description": $description
                })
            }
        }
    )*};
}

numbers! {
    DurationMs "duration-ms" "A length of time in milliseconds.";
    Height "height" "The height of a block.";
    Round "round" "A round of consensus.";
}

impl JsonSchema for TransactionStatus {
    fn schema_name() -> Cow<'static, str> {
        "TransactionStatus".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words = Self::ALL.map(Self::as_str);
        json_schema!({
            "type": "string",
            "enum": words,
            "description": "The status of an instruction, by the external code set of pacs.002."
        })
    }
}

macro_rules! objects {
    ($( $name:ident [$($required:literal),*] $description:literal; )*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "object", "description": $description, "required": [$($required),*] })
            }
        }
    )*};
}

objects! {
    Receipt ["version", "outcome", "path", "header", "certificate", "validator_changes"]
        "A receipt file: outcome, path to the receipts root, header, certificate and the changes of the validator set since genesis. It is verified offline.";
    StateStatement ["version", "table", "key", "row", "proof", "header", "certificate", "validator_changes"]
        "A statement about the state: a row or its absence, the path to the state root, header, certificate and the changes of the validator set since genesis. It is verified offline.";
    StateProof ["table", "leaf_count", "slot", "leaf", "siblings", "tables_before", "tables_after"]
        "A path from an entry of the state to the state root of a header.";
}
