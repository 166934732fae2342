//! The types that malachite is generic over, each a thin wrapper of a word of ours.

use arc_malachitebft_core_types::{
    Address, Context, Height, LinearTimeouts, NilOrVal, Proposal, ProposalPart, Round,
    SignedExtension, SigningScheme, Validator, ValidatorSet, Value, Vote, VoteType,
};
use karwan_types as words;
use karwan_types::{Hash, PublicKey, Signature};
use std::fmt;
use std::sync::Arc;

/// Names our types to malachite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KarwanContext;

/// Who a message is from. A validator is addressed by its key; an observer has none, and no set contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CoreAddress {
    Validator(PublicKey),
    Observer,
}

impl fmt::Display for CoreAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Validator(key) => key.fmt(formatter),
            Self::Observer => formatter.write_str("observer"),
        }
    }
}

impl Address for CoreAddress {}

/// A height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CoreHeight(pub(crate) words::Height);

impl fmt::Display for CoreHeight {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Height for CoreHeight {
    const ZERO: Self = Self(words::Height::GENESIS);
    const INITIAL: Self = Self(words::Height::new(1));

    fn increment_by(&self, n: u64) -> Self {
        let next = self.0.get().checked_add(n);
        Self(words::Height::new(
            next.expect("a chain has fewer than 2^64 blocks"),
        ))
    }
    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0
            .get()
            .checked_sub(n)
            .map(|height| Self(words::Height::new(height)))
    }
    fn as_u64(&self) -> u64 {
        self.0.get()
    }
}

/// What is agreed on: the hash of a block's header. The body travels beside consensus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CoreValue(pub(crate) Hash);

impl Value for CoreValue {
    type Id = Hash;
    fn id(&self) -> Hash {
        self.0
    }
}

/// Never made: bodies do not travel through the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CorePart;

impl ProposalPart<KarwanContext> for CorePart {
    fn is_first(&self) -> bool {
        true
    }
    fn is_last(&self) -> bool {
        true
    }
}

/// A proposal without its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoreProposal {
    pub(crate) height: CoreHeight,
    pub(crate) round: Round,
    pub(crate) value: CoreValue,
    pub(crate) valid_round: Round,
    pub(crate) proposer: CoreAddress,
}

impl Proposal<KarwanContext> for CoreProposal {
    fn height(&self) -> CoreHeight {
        self.height
    }
    fn round(&self) -> Round {
        self.round
    }
    fn value(&self) -> &CoreValue {
        &self.value
    }
    fn take_value(self) -> CoreValue {
        self.value
    }
    fn pol_round(&self) -> Round {
        self.valid_round
    }
    fn validator_address(&self) -> &CoreAddress {
        &self.proposer
    }
}

/// A vote without its signature. Extensions are disabled, so it never has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoreVote {
    pub(crate) kind: VoteType,
    pub(crate) height: CoreHeight,
    pub(crate) round: Round,
    pub(crate) value: NilOrVal<Hash>,
    pub(crate) validator: CoreAddress,
}

impl Vote<KarwanContext> for CoreVote {
    fn height(&self) -> CoreHeight {
        self.height
    }
    fn round(&self) -> Round {
        self.round
    }
    fn value(&self) -> &NilOrVal<Hash> {
        &self.value
    }
    fn take_value(self) -> NilOrVal<Hash> {
        self.value
    }
    fn vote_type(&self) -> VoteType {
        self.kind
    }
    fn validator_address(&self) -> &CoreAddress {
        &self.validator
    }
    fn extension(&self) -> Option<&SignedExtension<KarwanContext>> {
        None
    }
    fn take_extension(&mut self) -> Option<SignedExtension<KarwanContext>> {
        None
    }
    fn extend(self, _extension: SignedExtension<KarwanContext>) -> Self {
        self
    }
}

/// One validator of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoreValidator {
    address: CoreAddress,
    key: PublicKey,
    power: u64,
}

impl Validator<KarwanContext> for CoreValidator {
    fn address(&self) -> &CoreAddress {
        &self.address
    }
    fn public_key(&self) -> &PublicKey {
        &self.key
    }
    fn voting_power(&self) -> u64 {
        self.power
    }
}

/// The validators of a height, in the order of our set. Cheap to clone, which malachite does often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoreValidatorSet(Arc<(words::ValidatorSet, Vec<CoreValidator>)>);

impl CoreValidatorSet {
    pub(crate) fn new(set: words::ValidatorSet) -> Self {
        let validators = set
            .iter()
            .map(|validator| CoreValidator {
                address: CoreAddress::Validator(validator.key),
                key: validator.key,
                power: validator.power,
            })
            .collect();
        Self(Arc::new((set, validators)))
    }

    /// The set in our words.
    pub(crate) fn words(&self) -> &words::ValidatorSet {
        &self.0.0
    }

    fn position(&self, key: &PublicKey) -> Option<&CoreValidator> {
        let (index, _) = self.0.0.get(key)?;
        self.0.1.get(index)
    }
}

impl ValidatorSet<KarwanContext> for CoreValidatorSet {
    fn count(&self) -> usize {
        self.0.1.len()
    }
    fn total_voting_power(&self) -> u64 {
        self.0.0.total_power()
    }
    fn get_by_address(&self, address: &CoreAddress) -> Option<&CoreValidator> {
        match address {
            CoreAddress::Validator(key) => self.position(key),
            CoreAddress::Observer => None,
        }
    }
    fn get_by_index(&self, index: usize) -> Option<&CoreValidator> {
        self.0.1.get(index)
    }
}

/// Ed25519 as `karwan_types` defines it. The core never holds a secret key, so there is none to name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoreScheme;

impl SigningScheme for CoreScheme {
    type DecodingError = &'static str;
    type Signature = Signature;
    type PublicKey = PublicKey;
    type PrivateKey = ();

    fn decode_signature(bytes: &[u8]) -> Result<Signature, &'static str> {
        let bytes = bytes.try_into().map_err(|_| "a signature has 64 bytes")?;
        Ok(Signature::from_bytes(bytes))
    }
    fn encode_signature(signature: &Signature) -> Vec<u8> {
        signature.to_bytes().to_vec()
    }
    fn decode_public_key(bytes: &[u8]) -> Result<PublicKey, &'static str> {
        let bytes = bytes.try_into().map_err(|_| "a key has 32 bytes")?;
        Ok(PublicKey::from_bytes(bytes))
    }
    fn encode_public_key(key: &PublicKey) -> Vec<u8> {
        key.as_bytes().to_vec()
    }
}

impl Context for KarwanContext {
    type Address = CoreAddress;
    type Height = CoreHeight;
    type ProposalPart = CorePart;
    type Proposal = CoreProposal;
    type Validator = CoreValidator;
    type ValidatorSet = CoreValidatorSet;
    type Timeouts = LinearTimeouts;
    type Value = CoreValue;
    type Vote = CoreVote;
    type Extension = ();
    type SigningScheme = CoreScheme;

    fn select_proposer<'a>(
        &self,
        set: &'a CoreValidatorSet,
        height: CoreHeight,
        round: Round,
    ) -> &'a CoreValidator {
        let round = round.as_u32().expect("a proposer is asked for in a round");
        let proposer = set.words().proposer(height.0, words::Round::new(round));
        set.position(&proposer.key)
            .expect("the proposer comes from the same set")
    }
    fn new_proposal(
        &self,
        height: CoreHeight,
        round: Round,
        value: CoreValue,
        valid_round: Round,
        proposer: CoreAddress,
    ) -> CoreProposal {
        CoreProposal {
            height,
            round,
            value,
            valid_round,
            proposer,
        }
    }
    fn new_prevote(
        &self,
        height: CoreHeight,
        round: Round,
        value: NilOrVal<Hash>,
        validator: CoreAddress,
    ) -> CoreVote {
        CoreVote {
            kind: VoteType::Prevote,
            height,
            round,
            value,
            validator,
        }
    }
    fn new_precommit(
        &self,
        height: CoreHeight,
        round: Round,
        value: NilOrVal<Hash>,
        validator: CoreAddress,
    ) -> CoreVote {
        CoreVote {
            kind: VoteType::Precommit,
            height,
            round,
            value,
            validator,
        }
    }
}
