//! Headers, certificates and validators in JSON. Headers and certificates travel as the types that are hashed and verified;
//! the mirrors here only describe them, and a test holds that they describe them fully.

use super::{Described, View};
use karwan_types::{
    BlockHeader, ChainId, CommitCertificate, Hash, JurisdictionCode, PublicKey, Timestamp,
    Validator,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
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

/// What the validators sign through its hash.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HeaderMirror {
    /// The version of the block format.
    version: u16,
    /// The chain.
    chain_id: View<ChainId>,
    /// The height, from 1.
    height: u64,
    /// The block's time.
    time: View<Timestamp>,
    /// The hash of the block before; the chain id for the first block.
    parent: View<Hash>,
    /// The Merkle root over the transaction ids.
    transactions_root: View<Hash>,
    /// The Merkle root over the outcomes.
    receipts_root: View<Hash>,
    /// The root of the state after the block.
    state_root: View<Hash>,
    /// The hash of the validators of this height.
    validators_hash: View<Hash>,
    /// The hash of the validators of the next height.
    next_validators_hash: View<Hash>,
    /// The validator that built the block.
    proposer: View<PublicKey>,
}

/// Proof that a block is final: precommits of more than two thirds of the voting power.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CertificateMirror {
    /// The height decided.
    height: u64,
    /// The round in which it was decided.
    round: u32,
    /// The hash of the decided block's header.
    block_hash: View<Hash>,
    /// The precommits, by ascending position of the validator.
    signatures: Vec<CommitSignatureMirror>,
}

/// One validator's precommit.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CommitSignatureMirror {
    /// The validator's position in the set of that height.
    validator: u16,
    /// Its signature, 128 hexadecimal digits.
    signature: String,
}

impl Described for BlockHeader {
    const NAME: &'static str = "BlockHeader";
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        HeaderMirror::json_schema(generator)
    }
}

impl Described for CommitCertificate {
    const NAME: &'static str = "CommitCertificate";
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        CertificateMirror::json_schema(generator)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should panic")]
mod tests {
    use super::*;
    use karwan_types::{CommitSignature, Height, Round, Signature};
    use serde::de::DeserializeOwned;

    fn check<T: Serialize, Mirror: Serialize + DeserializeOwned>(value: &T) {
        let json = serde_json::to_string(value).unwrap();
        let mirror: Mirror = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&mirror).unwrap(), json);
    }

    #[test]
    fn the_documents_describe_headers_and_certificates_as_they_are() {
        let hash = |byte| Hash::from_bytes([byte; 32]);
        check::<_, HeaderMirror>(&BlockHeader {
            version: 1,
            chain_id: ChainId(hash(1)),
            height: Height::new(2),
            time: Timestamp::from_millis(3),
            parent: hash(4),
            transactions_root: hash(5),
            receipts_root: hash(6),
            state_root: hash(7),
            validators_hash: hash(8),
            next_validators_hash: hash(9),
            proposer: PublicKey::from_bytes([10; 32]),
        });
        check::<_, CertificateMirror>(&CommitCertificate {
            height: Height::new(2),
            round: Round::ZERO,
            block_hash: hash(1),
            signatures: vec![CommitSignature {
                validator: 3,
                signature: Signature::from_bytes([4; 64]),
            }],
        });
    }
}
