//! Access tokens: compact JSON web tokens (RFC 7515, RFC 7519) signed with EdDSA by a registered access key.
//!
//! A token says who asks, on which chain, at most for a quarter of an hour. There is one algorithm and one spelling of the
//! header; anything else is refused before a signature is looked at. A token reads; money moves only by the signatures under
//! a transaction.

use crate::caller::Reader;
use crate::clock::Clock;
use crate::limits::{TOKEN_BYTES_MAX, TOKEN_SECONDS_MAX, TOKEN_SKEW_SECONDS};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use karwan_ledger::{Role, State};
use karwan_types::{ChainId, PublicKey, SecretKey, Signature, Timestamp, verify_token};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a token allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// `read`: queries and event feeds.
    pub read: bool,
    /// `gateway`: handing the messages of payments in and taking delivered ones out.
    pub gateway: bool,
}

impl Scopes {
    /// Both.
    pub const ALL: Self = Self {
        read: true,
        gateway: true,
    };
    /// Queries only.
    pub const READ: Self = Self {
        read: true,
        gateway: false,
    };

    fn parse(text: &str) -> Option<Self> {
        let mut scopes = Self::default();
        for word in text.split(' ') {
            let scope = match word {
                "read" => &mut scopes.read,
                "gateway" => &mut scopes.gateway,
                _ => return None,
            };
            if std::mem::replace(scope, true) {
                return None;
            }
        }
        Some(scopes)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [(self.read, "read"), (self.gateway, "gateway")];
        let words: Vec<&str> = words
            .iter()
            .filter(|word| word.0)
            .map(|word| word.1)
            .collect();
        formatter.write_str(&words.join(" "))
    }
}

/// The protected header. Another member, such as `kid`, `jwk` or `crit`, refuses the token.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    typ: Option<String>,
}

/// What a token claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The access key that signs.
    pub iss: PublicKey,
    /// The chain.
    pub chain: ChainId,
    /// The node for which it is meant; none means any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<PublicKey>,
    /// What it allows: `read`, `gateway`, or both with a space between.
    pub scope: String,
    /// When it was issued, in seconds since 1970.
    pub iat: u64,
    /// When it ends, in seconds since 1970; at most [`TOKEN_SECONDS_MAX`] after that.
    pub exp: u64,
}

impl Claims {
    /// The token: the claims signed by `key`.
    #[must_use]
    pub fn sign(&self, key: &SecretKey) -> String {
        let header = Header {
            alg: "EdDSA".to_owned(),
            typ: Some("JWT".to_owned()),
        };
        let part = |json: serde_json::Result<Vec<u8>>| {
            URL_SAFE_NO_PAD.encode(json.expect("claims hold only text and numbers"))
        };
        let header = part(serde_json::to_vec(&header));
        let input = format!("{header}.{}", part(serde_json::to_vec(self)));
        let signature = URL_SAFE_NO_PAD.encode(key.sign_token(&input).to_bytes());
        format!("{input}.{signature}")
    }
}

/// Where a client takes a token from when it connects.
pub trait TokenProvider: Send + Sync {
    /// A token that is valid now.
    fn token(&self) -> String;
}

/// A token that somebody else has made.
#[derive(Clone)]
pub struct Bearer(pub String);

impl TokenProvider for Bearer {
    fn token(&self) -> String {
        self.0.clone()
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Bearer(..)")
    }
}

/// An access key that makes tokens when they are needed.
#[derive(Debug)]
pub struct AccessKey {
    /// The key. It is registered with the role `ACCESS` and signs nothing else.
    pub key: SecretKey,
    /// The chain.
    pub chain: ChainId,
    /// What the tokens allow.
    pub scopes: Scopes,
    /// What time it is.
    pub clock: Clock,
}

impl TokenProvider for AccessKey {
    fn token(&self) -> String {
        let now = self.clock.now().millis() / 1_000;
        let claims = Claims {
            iss: self.key.public_key(),
            chain: self.chain,
            node: None,
            scope: self.scopes.to_string(),
            iat: now,
            exp: now.saturating_add(TOKEN_SECONDS_MAX),
        };
        claims.sign(&self.key)
    }
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    /// Not three parts of base64url, or not the JSON that they should hold.
    #[error(
        "the token cannot be read: it must be a compact JSON web token with the documented claims"
    )]
    Malformed,
    /// Another algorithm.
    #[error("the token's algorithm must be EdDSA")]
    Algorithm,
    /// Another chain.
    #[error("the token is for another chain")]
    Chain,
    /// Another node.
    #[error("the token is for another node")]
    Node,
    /// A scope that there is not.
    #[error("the token's scope must be read, gateway, or both")]
    Scope,
    /// Issued in the future.
    #[error("the token was issued in the future; check the clock of whoever issued it")]
    TooEarly,
    /// Expired.
    #[error("the token has expired; connect again with a new one")]
    Expired,
    /// Valid for too long.
    #[error("the token is valid for more than {} minutes", TOKEN_SECONDS_MAX / 60)]
    TooLong,
    /// No access key of the ledger.
    #[error("the token is not signed by an access key that is registered and in force")]
    Key,
    /// A signature that does not verify.
    #[error("the token's signature does not verify")]
    Signature,
}

/// What a token is checked against.
#[derive(Debug)]
pub(crate) struct TokenRules<'a> {
    pub(crate) state: &'a State,
    pub(crate) node: PublicKey,
    pub(crate) now: Timestamp,
}

impl TokenRules<'_> {
    /// Checks a token: form, claims, time, key, and the signature last.
    pub(crate) fn check(&self, token: &str) -> Result<Reader, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Malformed);
        }
        let (input, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = input.split_once('.').ok_or(TokenError::Malformed)?;
        let header: Header = read(header)?;
        if header.alg != "EdDSA" {
            return Err(TokenError::Algorithm);
        }
        if header.typ.is_some_and(|typ| typ != "JWT") {
            return Err(TokenError::Malformed);
        }
        let claims: Claims = read(claims)?;
        let scopes = self.check_claims(&claims)?;
        let record = self.state.key(&claims.iss).ok_or(TokenError::Key)?;
        if record.role != Role::Access || record.revoked_at.is_some() {
            return Err(TokenError::Key);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok();
        let signature: Option<[u8; 64]> = signature.and_then(|bytes| bytes.try_into().ok());
        let signature = Signature::from_bytes(signature.ok_or(TokenError::Malformed)?);
        verify_token(&claims.iss, input, &signature).map_err(|_| TokenError::Signature)?;
        Ok(Reader {
            key: claims.iss,
            holder: record.holder,
            scopes,
            expires: Timestamp::from_millis(claims.exp.saturating_mul(1_000)),
        })
    }

    fn check_claims(&self, claims: &Claims) -> Result<Scopes, TokenError> {
        let now = self.now.millis() / 1_000;
        if claims.chain != self.state.chain().chain_id {
            return Err(TokenError::Chain);
        }
        if claims.node.is_some_and(|node| node != self.node) {
            return Err(TokenError::Node);
        }
        if claims.iat > now.saturating_add(TOKEN_SKEW_SECONDS) {
            return Err(TokenError::TooEarly);
        }
        if claims.exp <= now {
            return Err(TokenError::Expired);
        }
        if claims.exp.saturating_sub(claims.iat) > TOKEN_SECONDS_MAX {
            return Err(TokenError::TooLong);
        }
        Scopes::parse(&claims.scope).ok_or(TokenError::Scope)
    }
}

fn read<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, TokenError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenError::Malformed)
}
