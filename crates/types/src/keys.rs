//! Keys and signatures: Ed25519, one by one, strict, and separated by domain. The only module that names `ed25519-dalek`.
//!
//! There is one signature rule on this ledger, [`verify`]: small-order and non-canonical encodings are refused, and the
//! signed bytes begin with the protocol, the kind of thing signed and the chain, so that a signature means one thing on
//! one chain. Batch verification is never used: it accepts signatures that the strict rule refuses.

use crate::hash::{Hash, HashDomain, hash_of, parse_hex};
use crate::text::{WordError, word_serde};
use core::fmt;
use core::str::FromStr;
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The hash of the genesis document: names one chain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChainId(pub Hash);

impl ChainId {
    /// The chain that begins with this genesis document.
    #[must_use]
    pub fn of_genesis(genesis_bytes: &[u8]) -> Self {
        Self(hash_of(HashDomain::Genesis, &[genesis_bytes]))
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
impl fmt::Debug for ChainId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What kind of thing a signature is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SigningDomain {
    /// A settlement instruction and its expiry.
    Instruction,
    /// A prevote or precommit.
    Vote,
    /// A block proposal.
    Proposal,
    /// A confirmation that a payment's message was received off the ledger.
    PayloadReceipt,
}

impl SigningDomain {
    /// Every domain, for tests that cross them.
    pub const ALL: [Self; 4] = [
        Self::Instruction,
        Self::Vote,
        Self::Proposal,
        Self::PayloadReceipt,
    ];

    const fn tag(self) -> &'static [u8] {
        match self {
            Self::Instruction => b"karwan/1/sign/instruction",
            Self::Vote => b"karwan/1/sign/vote",
            Self::Proposal => b"karwan/1/sign/proposal",
            Self::PayloadReceipt => b"karwan/1/sign/payload-receipt",
        }
    }
}

/// Why a public key cannot be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No point of the curve.
    #[error("the key is not a point of the curve")]
    NotAPoint,
    /// Another encoding of a point.
    #[error("the key is not the canonical encoding of its point")]
    NotCanonical,
    /// A point of small order verifies signatures that nobody made.
    #[error("the key has small order")]
    SmallOrder,
    /// A point with a torsion part.
    #[error("the key is not torsion-free")]
    Torsion,
}

/// The signature does not verify under the strict rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct SignatureError;

/// The 32 bytes of an Ed25519 public key. Text form: 64 lower-case hexadecimal digits.
///
/// Holding one says nothing about its soundness: registration goes through [`PublicKey::parse`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Takes bytes as a public key fit for registration.
    ///
    /// # Errors
    /// `KeyError` when the bytes are no canonical, torsion-free point of large order.
    pub fn parse(bytes: [u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::NotAPoint)?;
        let point = key.to_edwards();
        if point.compress().to_bytes() != bytes {
            return Err(KeyError::NotCanonical);
        }
        if key.is_weak() {
            return Err(KeyError::SmallOrder);
        }
        if !point.is_torsion_free() {
            return Err(KeyError::Torsion);
        }
        Ok(Self(bytes))
    }
    /// Takes bytes without any check, as they stand in a message; verification will judge them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
    fn to_wire(self) -> [u8; 32] {
        self.0
    }
    #[expect(
        clippy::unnecessary_wraps,
        reason = "the word macro expects a checked constructor"
    )]
    fn from_wire(bytes: [u8; 32]) -> Result<Self, WordError> {
        Ok(Self(bytes))
    }
}

word_serde!(PublicKey, [u8; 32]);

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}
impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", hex::encode(&self.0[..6]))
    }
}
impl FromStr for PublicKey {
    type Err = WordError;
    fn from_str(text: &str) -> Result<Self, WordError> {
        parse_hex(text).map(Self).ok_or_else(|| {
            WordError::new(
                "public key",
                text,
                "must be 64 lower-case hexadecimal digits",
            )
        })
    }
}

/// An Ed25519 signature: the point R and the scalar S. Text form: 128 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature {
    r: [u8; 32],
    s: [u8; 32],
}

impl Signature {
    /// From its 64 bytes, R first.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 64]) -> Self {
        let (mut r, mut s) = ([0; 32], [0; 32]);
        r.copy_from_slice(&bytes[..32]);
        s.copy_from_slice(&bytes[32..]);
        Self { r, s }
    }
    /// The 64 bytes, R first.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&self.r);
        bytes[32..].copy_from_slice(&self.s);
        bytes
    }
    fn to_wire(self) -> ([u8; 32], [u8; 32]) {
        (self.r, self.s)
    }
    #[expect(
        clippy::unnecessary_wraps,
        reason = "the word macro expects a checked constructor"
    )]
    fn from_wire((r, s): ([u8; 32], [u8; 32])) -> Result<Self, WordError> {
        Ok(Self { r, s })
    }
}

word_serde!(Signature, ([u8; 32], [u8; 32]));

impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.to_bytes()))
    }
}
impl fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", hex::encode(&self.r[..6]))
    }
}
impl FromStr for Signature {
    type Err = WordError;
    fn from_str(text: &str) -> Result<Self, WordError> {
        parse_hex(text).map(Self::from_bytes).ok_or_else(|| {
            WordError::new(
                "signature",
                text,
                "must be 128 lower-case hexadecimal digits",
            )
        })
    }
}

/// An Ed25519 secret key. Zeroised when dropped; never printed.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// From its 32-byte seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }
    /// The seed, for a keystore.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }
    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }
    /// Signs `body` as a thing of `domain` on `chain`.
    #[must_use]
    pub fn sign(&self, domain: SigningDomain, chain: &ChainId, body: &[u8]) -> Signature {
        let message = signed_bytes(domain, chain, body);
        Signature::from_bytes(self.0.sign(&message).to_bytes())
    }
    /// Signs the `header.payload` part of a compact JSON web token. Only access keys do this, and an access key signs
    /// nothing else, which is what separates tokens from the other domains: a token's bytes are fixed by RFC 7515.
    #[must_use]
    pub fn sign_token(&self, signing_input: &str) -> Signature {
        Signature::from_bytes(self.0.sign(signing_input.as_bytes()).to_bytes())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretKey(of {:?})", self.public_key())
    }
}

/// Verifies that `key` signed `body` as a thing of `domain` on `chain`, by the strict rule.
///
/// # Errors
/// `SignatureError` when it did not, or the key or signature has a weak or non-canonical encoding.
pub fn verify(
    key: &PublicKey,
    domain: SigningDomain,
    chain: &ChainId,
    body: &[u8],
    signature: &Signature,
) -> Result<(), SignatureError> {
    verify_raw(key, &signed_bytes(domain, chain, body), signature)
}

/// Verifies the `header.payload` part of a compact JSON web token, by the same strict rule.
///
/// # Errors
/// `SignatureError` as in [`verify`].
pub fn verify_token(
    key: &PublicKey,
    signing_input: &str,
    signature: &Signature,
) -> Result<(), SignatureError> {
    verify_raw(key, signing_input.as_bytes(), signature)
}

pub(crate) fn verify_raw(
    key: &PublicKey,
    message: &[u8],
    signature: &Signature,
) -> Result<(), SignatureError> {
    let key = VerifyingKey::from_bytes(&key.0).map_err(|_| SignatureError)?;
    let signature = ed25519_dalek::Signature::from_bytes(&signature.to_bytes());
    key.verify_strict(message, &signature)
        .map_err(|_| SignatureError)
}

/// Domain tag, zero byte, chain id, body. The chain id has a fixed width, so the parts cannot run into each other.
fn signed_bytes(domain: SigningDomain, chain: &ChainId, body: &[u8]) -> Vec<u8> {
    let tag = domain.tag();
    let mut bytes = Vec::with_capacity(tag.len().saturating_add(body.len()).saturating_add(33));
    bytes.extend_from_slice(tag);
    bytes.push(0);
    bytes.extend_from_slice(chain.0.as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

#[cfg(test)]
mod tests;
