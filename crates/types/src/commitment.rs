//! Salted commitments: how a payment binds to names, customer accounts and remittance text without holding them.
//!
//! The salt of a payment is derived from the institution's secret and the UETR, so that importing the same message
//! twice gives the same bytes, while nobody without the secret can guess a name by trying.

use crate::hash::{Hash, HashDomain, hash_of};
use crate::identity::Uetr;
use core::fmt;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// An institution's secret from which the salts of its payments are derived. Zeroised when dropped; never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct CommitmentSecret([u8; 32]);

impl CommitmentSecret {
    /// Takes 32 secret bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// The salt of one payment: HMAC-SHA-256 of its UETR under the secret.
    #[must_use]
    pub fn salt(&self, uetr: &Uetr) -> PaymentSalt {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0)
            .expect("HMAC takes keys of any length");
        mac.update(b"karwan/1/salt\0");
        mac.update(uetr.as_bytes());
        PaymentSalt(mac.finalize().into_bytes().into())
    }
    /// The salt of one pair of persons, the same for all payments between them: HMAC-SHA-256 of both under the secret.
    #[must_use]
    pub fn pair_salt(&self, originator: &str, beneficiary: &str) -> PaymentSalt {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0)
            .expect("HMAC takes keys of any length");
        mac.update(b"karwan/1/pair\0");
        let length = u64::try_from(originator.len()).expect("a length fits 64 bits");
        mac.update(&length.to_le_bytes());
        mac.update(originator.as_bytes());
        mac.update(beneficiary.as_bytes());
        PaymentSalt(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for CommitmentSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CommitmentSecret(..)")
    }
}

/// The salt of one payment's commitments. Whoever holds it can check them, so it travels with the payment's message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PaymentSalt([u8; 32]);

impl PaymentSalt {
    /// Takes 32 bytes received with a message.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
    /// Commits to the datum called `label` with the value `text`.
    #[must_use]
    pub fn commit(&self, label: &str, text: &str) -> Hash {
        let label_length = u64::try_from(label.len())
            .expect("a length fits 64 bits")
            .to_le_bytes();
        hash_of(
            HashDomain::Commitment,
            &[&self.0, &label_length, label.as_bytes(), text.as_bytes()],
        )
    }
}

impl fmt::Debug for PaymentSalt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PaymentSalt(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_payment_commits_the_same_and_another_secret_payment_or_label_does_not() {
        let uetr = |text: &str| Uetr::parse(text).unwrap();
        let one = uetr("8a562c67-ca16-48ba-b074-65581be6f001");
        let two = uetr("8a562c67-ca16-48ba-b074-65581be6f002");
        let secret = CommitmentSecret::from_bytes([1; 32]);
        let commit = secret.salt(&one).commit("debtor", "Aziz");
        assert_eq!(commit, secret.salt(&one).commit("debtor", "Aziz"));
        assert_ne!(commit, secret.salt(&two).commit("debtor", "Aziz"));
        assert_ne!(commit, secret.salt(&one).commit("creditor", "Aziz"));
        assert_ne!(commit, secret.salt(&one).commit("debtorA", "ziz"));
        let pair = secret.pair_salt("Aziz", "Bakyt");
        assert_eq!(pair, secret.pair_salt("Aziz", "Bakyt"));
        assert_ne!(pair, secret.pair_salt("Bakyt", "Aziz"));
        assert_ne!(pair, secret.pair_salt("AzizB", "akyt"));
        assert_ne!(
            commit,
            CommitmentSecret::from_bytes([2; 32])
                .salt(&one)
                .commit("debtor", "Aziz")
        );
    }
}
