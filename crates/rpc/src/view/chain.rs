//! Validators in JSON. Headers and certificates travel as the types that are hashed and verified.

use super::View;
use karwan_types::{JurisdictionCode, PublicKey, Validator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A validator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ValidatorView {
    /// Its consensus key.
    pub key: View<PublicKey>,
    /// Its voting power.
    pub power: u64,
    /// The jurisdiction that runs it.
    pub jurisdiction: View<JurisdictionCode>,
}

impl ValidatorView {
    pub(crate) fn new(validator: &Validator) -> Self {
        Self {
            key: View(validator.key),
            power: validator.power,
            jurisdiction: View(validator.jurisdiction),
        }
    }
}
