//! Who takes part: institutions and governors by the names of their keys, and the keys themselves.
//!
//! A key follows from its name, for everybody: it is good for a network that exists for the length of a scenario, and for
//! nothing else. No key is read from a disk.

use crate::genesis_plan::GenesisPlan;
use crate::instruction::nearest;
use anyhow::bail;
use karwan_ledger::Holder;
use karwan_node::keystore::{KeyPurpose, NewKey, PublicPart};
use karwan_types::{HashDomain, PublicKey, SecretKey, hash_of};
use std::collections::BTreeMap;

/// What a key's seed is made from, beside its name.
const SEED: &[u8] = b"karwan scenario key";
/// What the name of a key begins with that nobody has registered.
const STRANGER: &str = "stranger-";

/// Everybody's names.
#[derive(Clone, Debug)]
pub(crate) struct Cast {
    /// Institutions by what the names of their keys begin with, and how messages name them.
    agents: BTreeMap<String, String>,
    /// The names of everybody's keys.
    keys: BTreeMap<String, KeyPurpose>,
    holders: BTreeMap<Holder, String>,
    /// The names of keys with which regulators read.
    regulators: Vec<String>,
}

impl Cast {
    pub(crate) fn of(plan: &GenesisPlan) -> anyhow::Result<Self> {
        let mut cast = Self {
            agents: BTreeMap::new(),
            keys: plan.key_purposes()?.into_iter().collect(),
            holders: BTreeMap::new(),
            regulators: Vec::new(),
        };
        for jurisdiction in &plan.jurisdictions {
            cast.regulators
                .extend(jurisdiction.regulators.first().cloned());
        }
        for participant in &plan.participants {
            let Some(handle) = participant.handle() else {
                continue;
            };
            let agent = match participant.bic {
                Some(bic) => bic.to_string(),
                None => participant.lei.to_string(),
            };
            cast.agents.insert(handle.to_owned(), agent);
            let holder = Holder::Participant(participant.lei);
            cast.holders.insert(holder, handle.to_owned());
        }
        Ok(cast)
    }

    /// How instructions name an institution.
    pub(super) fn agent(&self, handle: &str) -> Option<&str> {
        self.agents.get(handle).map(String::as_str)
    }

    /// What the names of institutions' keys begin with.
    pub(super) fn handles(&self) -> impl Iterator<Item = &str> {
        self.agents.keys().map(String::as_str)
    }

    /// What the names of a holder's keys begin with, for institutions.
    pub(crate) fn handle(&self, holder: &Holder) -> Option<&str> {
        self.holders.get(holder).map(String::as_str)
    }

    /// One key of each jurisdiction with which its regulator reads, by its name.
    pub(super) fn regulators(&self) -> &[String] {
        &self.regulators
    }

    /// The names of everybody's keys.
    pub(super) fn key_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.keys.keys().map(String::as_str)
    }

    /// The names of the signing keys that begin with a handle.
    pub(super) fn signers(&self, handle: &str) -> Vec<&str> {
        let own = |name: &str| {
            name.rsplit_once('-')
                .is_some_and(|(first, _)| first == handle)
        };
        let signs = |purpose: KeyPurpose| {
            matches!(
                purpose,
                KeyPurpose::Maker | KeyPurpose::Checker | KeyPurpose::Releaser
            )
        };
        let mut found: Vec<(&KeyPurpose, &str)> = Vec::new();
        for (name, purpose) in &self.keys {
            if own(name) && signs(*purpose) {
                found.push((purpose, name));
            }
        }
        found.into_iter().map(|(_, name)| name).collect()
    }

    /// The secret of a key by its name.
    ///
    /// # Errors
    /// When nobody has a key of that name and it is not said to be a stranger's.
    pub(super) fn secret(&self, name: &str) -> anyhow::Result<SecretKey> {
        if !self.keys.contains_key(name) && !name.starts_with(STRANGER) {
            bail!(
                "nobody has a key called {name}; {} A key that nobody has registered is called {STRANGER}…",
                nearest(name, self.key_names())
            );
        }
        Ok(secret(name))
    }

    /// The public part of a key of the plan.
    pub(super) fn public_part(&self, name: &str) -> anyhow::Result<PublicPart> {
        match self.keys.get(name) {
            Some(purpose) => Ok(NewKey::from_seed(*purpose, &seed(name)).public()),
            // A key of a validator.
            None => Ok(NewKey::from_seed(KeyPurpose::Validator, &seed(name)).public()),
        }
    }

    /// Makes a key known under its name, as a rotation does.
    pub(super) fn introduce(&mut self, name: &str) -> PublicKey {
        let key = secret(name).public_key();
        self.keys
            .entry(name.to_owned())
            .or_insert(KeyPurpose::Maker);
        key
    }
}

fn seed(name: &str) -> [u8; 32] {
    *hash_of(HashDomain::Payload, &[SEED, name.as_bytes()]).as_bytes()
}

/// The secret that follows from a name.
pub(crate) fn secret(name: &str) -> SecretKey {
    SecretKey::from_seed(&seed(name))
}
