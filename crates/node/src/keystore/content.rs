//! What is inside a key file and its public file, and what each purpose makes of the secret.

use age::secrecy::ExposeSecret;
use age::x25519;
use core::fmt;
use core::str::FromStr;
use karwan_types::{
    CommitmentSecret, Hash, HashDomain, PayloadRecipient, PublicKey, SecretKey, hash_of,
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const SECRET_FORMAT: &str = "karwan-key/1";
const PUBLIC_FORMAT: &str = "karwan-public/1";

/// What a key is for. A key has one purpose, and is never used for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyPurpose {
    /// Signs votes and proposals.
    Validator,
    /// Names a node to its peers.
    Peer,
    /// Enters an institution's instructions.
    Maker,
    /// Checks them.
    Checker,
    /// Releases large ones.
    Releaser,
    /// Approves for a jurisdiction's governor.
    Approver,
    /// Signs access tokens.
    Access,
    /// Reads the messages delivered to an institution; an age identity.
    Payload,
    /// Salts the commitments of an institution's payments.
    Commitment,
    /// Attests the payments of others to an institution's customers.
    Compliance,
}

impl KeyPurpose {
    /// Every purpose.
    pub const ALL: [Self; 10] = [
        Self::Validator,
        Self::Peer,
        Self::Maker,
        Self::Checker,
        Self::Releaser,
        Self::Approver,
        Self::Access,
        Self::Payload,
        Self::Commitment,
        Self::Compliance,
    ];

    /// The word in the files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validator => "validator",
            Self::Peer => "peer",
            Self::Maker => "maker",
            Self::Checker => "checker",
            Self::Releaser => "releaser",
            Self::Approver => "approver",
            Self::Access => "access",
            Self::Payload => "payload",
            Self::Commitment => "commitment",
            Self::Compliance => "compliance",
        }
    }
}

impl fmt::Display for KeyPurpose {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for KeyPurpose {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
            .ok_or("must be validator, peer, maker, checker, releaser, approver, access, payload, commitment or compliance")
    }
}

/// A key to be sealed.
pub struct NewKey {
    purpose: KeyPurpose,
    key: OpenKey,
}

/// A secret, ready to be used.
pub(super) enum OpenKey {
    Signing(SecretKey),
    Payload(x25519::Identity),
    Commitment(CommitmentKey),
}

/// The commitment secret does not give its bytes back, so they are kept beside it for sealing.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct CommitmentKey([u8; 32]);

impl CommitmentKey {
    pub(super) fn secret(&self) -> CommitmentSecret {
        CommitmentSecret::from_bytes(self.0)
    }
}

/// What the file holds. `seed` is the age identity's text for a payload key, and 64 hexadecimal digits otherwise.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct Content {
    format: String,
    #[zeroize(skip)]
    purpose: KeyPurpose,
    seed: String,
}

impl NewKey {
    /// A key from 32 random bytes. A payload key is an age identity, which makes its own; see [`NewKey::payload`].
    ///
    /// # Panics
    /// For [`KeyPurpose::Payload`].
    #[must_use]
    pub fn from_seed(purpose: KeyPurpose, seed: &[u8; 32]) -> Self {
        assert!(
            purpose != KeyPurpose::Payload,
            "a payload key is made by NewKey::payload"
        );
        let key = OpenKey::from_seed(purpose, seed);
        Self { purpose, key }
    }
    /// A new identity for an institution's messages.
    #[must_use]
    pub fn payload() -> Self {
        Self {
            purpose: KeyPurpose::Payload,
            key: OpenKey::Payload(x25519::Identity::generate()),
        }
    }
    /// The public part.
    #[must_use]
    pub fn public(&self) -> PublicPart {
        let value = match &self.key {
            OpenKey::Signing(secret) => PublicValue::Key(secret.public_key()),
            OpenKey::Payload(identity) => {
                let text = identity.to_public().to_string();
                PublicValue::Recipient(
                    text.parse()
                        .expect("age writes its recipients in the one form that it reads"),
                )
            }
            // A digest of 32 random bytes tells nothing about them, and lets a person see which secret it is.
            OpenKey::Commitment(key) => PublicValue::Fingerprint(hash_of(
                HashDomain::Commitment,
                &[b"karwan/1/fingerprint", &key.0],
            )),
        };
        PublicPart {
            purpose: self.purpose,
            value,
        }
    }
    pub(super) fn to_content(&self) -> Zeroizing<String> {
        let seed = match &self.key {
            OpenKey::Signing(secret) => Zeroizing::new(hex(&secret.seed()[..])),
            OpenKey::Payload(identity) => {
                Zeroizing::new(identity.to_string().expose_secret().to_owned())
            }
            OpenKey::Commitment(key) => Zeroizing::new(hex(&key.0)),
        };
        Zeroizing::new(format!(
            "{{\"format\":\"{SECRET_FORMAT}\",\"purpose\":\"{}\",\"seed\":\"{}\"}}\n",
            self.purpose,
            seed.as_str()
        ))
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NewKey({})", self.purpose)
    }
}

impl OpenKey {
    fn from_seed(purpose: KeyPurpose, seed: &[u8; 32]) -> Self {
        match purpose {
            KeyPurpose::Validator
            | KeyPurpose::Peer
            | KeyPurpose::Maker
            | KeyPurpose::Checker
            | KeyPurpose::Releaser
            | KeyPurpose::Approver
            | KeyPurpose::Access
            | KeyPurpose::Compliance => Self::Signing(SecretKey::from_seed(seed)),
            KeyPurpose::Commitment => Self::Commitment(CommitmentKey(*seed)),
            KeyPurpose::Payload => unreachable!("payload keys are never made from a seed"),
        }
    }
    /// Reads what a key file holds. The problem never quotes it.
    pub(super) fn from_content(bytes: &[u8]) -> Result<(KeyPurpose, Self), &'static str> {
        // The parser's own message could quote a part of the content.
        let content: Content =
            serde_json::from_slice(bytes).map_err(|_| "does not hold a key of this format")?;
        if content.format != SECRET_FORMAT {
            return Err("holds a key of another format than karwan-key/1");
        }
        let purpose = content.purpose;
        if purpose == KeyPurpose::Payload {
            let identity = content
                .seed
                .parse()
                .map_err(|_| "does not hold an age identity")?;
            return Ok((purpose, Self::Payload(identity)));
        }
        let seed = Zeroizing::new(unhex(&content.seed).ok_or("does not hold a 32-byte seed")?);
        Ok((purpose, Self::from_seed(purpose, &seed)))
    }
}

/// What may be known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicPart {
    /// What the key is for.
    pub purpose: KeyPurpose,
    /// Its public half.
    pub value: PublicValue,
}

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicValue {
    /// Of a signing key.
    Key(PublicKey),
    /// Of a payload key: to whom messages are encrypted.
    Recipient(PayloadRecipient),
    /// A commitment secret has none; this only tells two of them apart.
    Fingerprint(Hash),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicContent {
    format: String,
    purpose: KeyPurpose,
    public: String,
}

impl PublicPart {
    /// The public key; none for payload and commitment keys.
    #[must_use]
    pub fn key(&self) -> Option<PublicKey> {
        match &self.value {
            PublicValue::Key(key) => Some(*key),
            PublicValue::Recipient(_) | PublicValue::Fingerprint(_) => None,
        }
    }
    /// The recipient; none for other keys than payload keys.
    #[must_use]
    pub fn recipient(&self) -> Option<&PayloadRecipient> {
        match &self.value {
            PublicValue::Recipient(recipient) => Some(recipient),
            PublicValue::Key(_) | PublicValue::Fingerprint(_) => None,
        }
    }
    /// The content of the public file: one line of JSON.
    #[must_use]
    pub fn to_text(&self) -> String {
        let content = PublicContent {
            format: PUBLIC_FORMAT.to_owned(),
            purpose: self.purpose,
            public: self.value.to_string(),
        };
        let mut text = serde_json::to_string(&content).expect("three short texts are always JSON");
        text.push('\n');
        text
    }
    pub(super) fn from_text(bytes: &[u8]) -> Result<Self, &'static str> {
        let content: PublicContent =
            serde_json::from_slice(bytes).map_err(|_| "is not the public file of a key")?;
        if content.format != PUBLIC_FORMAT {
            return Err("is a public file of another format than karwan-public/1");
        }
        let purpose = content.purpose;
        let value = match purpose {
            KeyPurpose::Payload => content.public.parse().ok().map(PublicValue::Recipient),
            KeyPurpose::Commitment => content.public.parse().ok().map(PublicValue::Fingerprint),
            KeyPurpose::Validator
            | KeyPurpose::Peer
            | KeyPurpose::Maker
            | KeyPurpose::Checker
            | KeyPurpose::Releaser
            | KeyPurpose::Approver
            | KeyPurpose::Compliance
            | KeyPurpose::Access => content
                .public
                .parse::<PublicKey>()
                .ok()
                .and_then(|key| PublicKey::parse(*key.as_bytes()).ok())
                .map(PublicValue::Key),
        };
        let value = value.ok_or("does not hold a sound public key for its purpose")?;
        Ok(Self { purpose, value })
    }
}

impl fmt::Display for PublicValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => key.fmt(formatter),
            Self::Recipient(recipient) => recipient.fmt(formatter),
            Self::Fingerprint(hash) => hash.fmt(formatter),
        }
    }
}

/// The file's bytes as text.
pub(super) fn text_of(bytes: &[u8]) -> Result<&str, &'static str> {
    core::str::from_utf8(bytes).map_err(|_| "is not a text file")
}

/// `Hash` has the one hexadecimal spelling of the project; a seed borrows it.
fn hex(bytes: &[u8]) -> String {
    let seed: [u8; 32] = bytes.try_into().expect("seeds have 32 bytes");
    Hash::from_bytes(seed).to_string()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    text.parse::<Hash>().ok().map(|hash| *hash.as_bytes())
}
