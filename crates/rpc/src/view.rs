//! The values of the ledger in their JSON form: words as text, with a pattern; proofs and headers exactly as they are hashed
//! and verified elsewhere, so that a client holds the same types as the node.

mod chain;
mod money;
mod outcome;

pub use chain::ValidatorView;
pub use money::{BalanceView, MoneyView};
pub use outcome::{MovementView, OutcomeView, RefusalView};

use karwan_ledger::{AccountClass, AccountStatus, ParticipantKind, ParticipantStatus, Role};
use karwan_types::{
    AccountNumber, Amount, Bic, ChainId, CurrencyCode, Hash, InstructionHash, JurisdictionCode,
    Lei, PublicKey, Receipt, StateProof, Timestamp, TransactionId, TransactionStatus, Uetr,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// A value of the ledger in its JSON form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct View<T>(pub T);

impl<T: fmt::Display> fmt::Display for View<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A value whose JSON form can be described.
pub trait Described {
    /// Its name in the OpenRPC document.
    const NAME: &'static str;
    /// Its JSON schema.
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

impl<T: Described> JsonSchema for View<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::schema(generator)
    }
}

macro_rules! texts {
    ($( $name:ident $pattern:literal $description:literal; )*) => {$(
        impl Described for $name {
            const NAME: &'static str = stringify!($name);
            fn schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $description })
            }
        }
    )*};
}

texts! {
    Hash "^[0-9a-f]{64}$" "A SHA-256 hash.";
    TransactionId "^[0-9a-f]{64}$" "The hash of a transaction's signed bytes.";
    InstructionHash "^[0-9a-f]{64}$" "The hash of an instruction without expiry and signatures: what further signers approve.";
    ChainId "^[0-9a-f]{64}$" "The hash of the genesis document.";
    PublicKey "^[0-9a-f]{64}$" "An Ed25519 public key.";
    Timestamp "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z$" "A time by RFC 3339, in UTC with milliseconds.";
    Uetr "^[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}$" "A unique end-to-end transaction reference.";
    Lei "^[A-Z0-9]{18}[0-9]{2}$" "A legal entity identifier, ISO 17442.";
    Bic "^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$" "A business identifier code, ISO 9362.";
    JurisdictionCode "^[A-Z]{2}$" "A country code, ISO 3166, that names a jurisdiction.";
    CurrencyCode "^[A-Z]{3}$" "A currency code, ISO 4217.";
    AccountNumber "^[A-Za-z0-9/.:-]{1,34}$" "An IBAN or another account number.";
    Amount "^(0|[1-9][0-9]*)$" "A number of minor units.";
}

macro_rules! choices {
    ($( $name:ident [$($choice:literal),*] $description:literal; )*) => {$(
        impl Described for $name {
            const NAME: &'static str = stringify!($name);
            fn schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "enum": [$($choice),*], "description": $description })
            }
        }
    )*};
}

choices! {
    TransactionStatus ["RCVD", "PATC", "ACTC", "PDNG", "ACSP", "ACSC", "ACCC", "RJCT", "CANC"]
        "The status of an instruction, by the external code set of pacs.002.";
    ParticipantKind ["CENTRAL_BANK", "BANK", "VASP", "EMI", "PSO"] "What an institution is.";
    ParticipantStatus ["ACTIVE", "SUSPENDED"] "Whether an institution may act.";
    AccountClass ["SETTLEMENT", "CLIENT_SEGREGATED", "ISSUER_CONTRA"] "What an account is for.";
    AccountStatus ["OPEN", "BLOCKED_DEBIT", "BLOCKED_CREDIT", "BLOCKED", "CLOSED"]
        "Whether an account may be debited and credited.";
    Role ["MAKER", "CHECKER", "RELEASER", "APPROVER", "ACCESS"] "What a key may do for its holder.";
}

impl Described for Receipt {
    const NAME: &'static str = "Receipt";
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "A receipt file: outcome, path to the receipts root, header, certificate and the changes of the validator set since genesis. It is verified offline.",
            "required": ["version", "outcome", "path", "header", "certificate", "validator_changes"]
        })
    }
}

impl Described for StateProof {
    const NAME: &'static str = "StateProof";
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "A path from an entry of the state to the state root of a header.",
            "required": ["table", "leaf_count", "slot", "leaf", "siblings", "tables_before", "tables_after"]
        })
    }
}
