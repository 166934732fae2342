//! Statements about the state: what the ledger holds under a key, or that it holds nothing there, as a file that anyone can
//! verify offline.
//!
//! A proof of absence shows the two neighbouring keys, so it is given only to whoever may see those entries too.

use super::payments::validator_changes;
use crate::method::{Method, Read};
use crate::problem::Problem;
use crate::reading::Reading;
use crate::view::View;
use karwan_ledger::{FreezeEntry, FreezeKey, FreezePlace, FreezeRow, LicenceKey, ProveError};
use karwan_types::{
    AccountNumber, STATE_KEY_BYTES_MAX, STATE_STATEMENT_VERSION, StateKey, StateProof, StateRow,
    StateStatement, decode, encode,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// `state.prove`
#[derive(Debug)]
pub struct StateProve;

/// What a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProofSubject {
    /// An account with its balance.
    Account(View<AccountNumber>),
    /// The licence of an institution for an activity.
    Licence(LicenceKey),
    /// A freeze.
    Freeze(FreezeKey),
}

/// What is to be proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateProveParams {
    /// What the statement is about.
    pub subject: ProofSubject,
    /// Wait until the node has reached this height, or fail with `BEHIND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_height: Option<u64>,
}

/// A statement about the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateProveAnswer {
    /// The height as of which it holds.
    pub as_of_height: u64,
    /// Whether there is an entry.
    pub present: bool,
    /// The statement. As a file it is this object with two spaces of indentation and a line feed at its end.
    pub statement: View<StateStatement>,
}

impl Method for StateProve {
    const NAME: &'static str = "state.prove";
    type Params = StateProveParams;
    type Answer = StateProveAnswer;
}

/// A table of which entries are proved: who may see an entry by its key.
trait Proved: Serialize + DeserializeOwned {
    const TABLE: &'static str;
    fn row(&self, reading: &Reading) -> Option<Vec<u8>>;
    fn prove(&self, reading: &Reading) -> Result<StateProof, ProveError>;
    fn is_visible(&self, reading: &Reading) -> bool;
}

impl Proved for AccountNumber {
    const TABLE: &'static str = "accounts";
    fn row(&self, reading: &Reading) -> Option<Vec<u8>> {
        reading.snapshot.state.account(self).map(encode)
    }
    fn prove(&self, reading: &Reading) -> Result<StateProof, ProveError> {
        reading.snapshot.state.prove_account(self)
    }
    fn is_visible(&self, reading: &Reading) -> bool {
        let account = reading.snapshot.state.account(self);
        account.is_none_or(|account| reading.sight().account(account))
    }
}

/// The register of licences is public.
impl Proved for LicenceKey {
    const TABLE: &'static str = "licences";
    fn row(&self, reading: &Reading) -> Option<Vec<u8>> {
        reading.snapshot.state.licence(self).map(encode)
    }
    fn prove(&self, reading: &Reading) -> Result<StateProof, ProveError> {
        reading.snapshot.state.prove_licence(self)
    }
    fn is_visible(&self, _reading: &Reading) -> bool {
        true
    }
}

/// Freezes are seen by the jurisdiction's own supervisors only: nobody else may learn of one, or that there is none. The
/// boundary of another jurisdiction tells nothing.
impl Proved for FreezePlace {
    const TABLE: &'static str = "freezes";
    fn row(&self, reading: &Reading) -> Option<Vec<u8>> {
        let freeze = reading.snapshot.state.freeze(&self.key()?);
        freeze.map(|freeze| encode(&FreezeRow::Freeze(freeze.clone())))
    }
    fn prove(&self, reading: &Reading) -> Result<StateProof, ProveError> {
        reading.snapshot.state.prove_freeze(self)
    }
    fn is_visible(&self, reading: &Reading) -> bool {
        self.entry == FreezeEntry::Boundary || reading.sight().supervises(self.jurisdiction)
    }
}

impl Read for StateProve {
    fn at_least(params: &StateProveParams) -> Option<u64> {
        params.at_least_height
    }
    fn read(reading: &Reading, params: StateProveParams) -> Result<StateProveAnswer, Problem> {
        match params.subject {
            ProofSubject::Account(number) => state(reading, &number.0),
            ProofSubject::Licence(key) => state(reading, &key),
            ProofSubject::Freeze(key) => state(reading, &key.place()),
        }
    }
}

fn state<K: Proved>(reading: &Reading, key: &K) -> Result<StateProveAnswer, Problem> {
    let internal = |error: &dyn core::fmt::Display| {
        tracing::error!(%error, table = K::TABLE, "an entry of the state cannot be proved");
        Problem::internal()
    };
    let snapshot = &reading.snapshot;
    let (Some(header), Some(certificate)) = (&snapshot.header, &snapshot.certificate) else {
        return Err(Problem::invalid(
            "nothing can be proved before the first block; ask again when there is one",
        ));
    };
    if !key.is_visible(reading) {
        return Err(Problem::not_found());
    }
    let proof = key.prove(reading).map_err(|error| internal(&error))?;
    let row = key.row(reading);
    if row.is_none() && !shows_nothing_hidden::<K>(reading, &proof) {
        return Err(Problem::not_found());
    }
    let row = row.map(StateRow::new).transpose();
    let statement = StateStatement {
        version: STATE_STATEMENT_VERSION,
        table: K::TABLE.to_owned(),
        key: StateKey::new(&encode(key)).map_err(|error| internal(&error))?,
        row: row.map_err(|error| internal(&error))?,
        proof,
        header: header.clone(),
        certificate: certificate.clone(),
        validator_changes: validator_changes(reading, header.height)?,
    };
    Ok(StateProveAnswer {
        as_of_height: reading.height(),
        present: statement.row.is_some(),
        statement: View(statement),
    })
}

/// Whether the caller may see both entries between which a proof of absence shows a gap.
fn shows_nothing_hidden<K: Proved>(reading: &Reading, proof: &StateProof) -> bool {
    let neighbours = [Some(&proof.leaf.key), proof.leaf.next_key.as_ref()];
    neighbours.into_iter().flatten().all(|key| {
        let bytes = key.as_bytes();
        // The sentinel stands before the first entry.
        let entry = decode::<K>(bytes, STATE_KEY_BYTES_MAX);
        bytes.is_empty() || entry.is_ok_and(|entry| entry.is_visible(reading))
    })
}
