//! The words of a scenario: names of earlier steps, institutions and keys, and what they stand for in instructions.

use super::cast::Cast;
use crate::instruction::{AGENT, HASH, HASH_OF_INSTRUCTION, Names, PUBLIC_KEY, UETR, nearest};
use anyhow::bail;
use karwan_types::{Hash, HashDomain, InstructionHash, PublicKey, Uetr, hash_of};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What an instruction of an earlier step is, so that later ones can speak of it.
#[derive(Clone, Debug)]
pub(super) struct Labelled {
    pub(super) instruction: InstructionHash,
    /// The payment in it; none for an instruction as a whole.
    pub(super) uetr: Option<Uetr>,
}

/// Everything that has a name.
pub(super) struct Words {
    /// Tells the references of one scenario from those of others.
    scenario: String,
    cast: RefCell<Cast>,
    references: RefCell<BTreeMap<String, Uetr>>,
    labels: BTreeMap<String, Labelled>,
    /// What the references of the instruction that is being read are called, and how many it has.
    step: RefCell<(String, Vec<Uetr>)>,
}

impl Words {
    pub(super) fn new(scenario: &str, cast: Cast) -> Self {
        Self {
            scenario: scenario.to_owned(),
            cast: RefCell::new(cast),
            references: RefCell::new(BTreeMap::new()),
            labels: BTreeMap::new(),
            step: RefCell::new((String::new(), Vec::new())),
        }
    }

    /// Begins with the instruction of another step.
    pub(super) fn begin(&self, name: &str) {
        *self.step.borrow_mut() = (name.to_owned(), Vec::new());
    }

    /// Makes the instruction of this step, and each payment in it, known under the step's name.
    pub(super) fn label(&mut self, name: &str, instruction: InstructionHash) {
        let made = self.step.borrow().1.clone();
        let of = |uetr| Labelled { instruction, uetr };
        self.labels
            .insert(name.to_owned(), of(made.first().copied()));
        let references = self.references.borrow();
        for (name, uetr) in references.iter().filter(|(_, uetr)| made.contains(uetr)) {
            self.labels.insert(name.clone(), of(Some(*uetr)));
        }
    }

    /// What was labelled.
    pub(super) fn find(&self, name: &str) -> anyhow::Result<&Labelled> {
        if let Some(labelled) = self.labels.get(name) {
            return Ok(labelled);
        }
        bail!("no earlier step is called {name}; {}", self.nearest(name))
    }

    fn nearest(&self, name: &str) -> String {
        if self.labels.is_empty() {
            return "none has a name yet, which it gets by as = \"…\"".to_owned();
        }
        nearest(name, self.labels.keys().map(String::as_str))
    }

    /// How the scenario calls a reference.
    pub(super) fn name_of(&self, uetr: &Uetr) -> String {
        let references = self.references.borrow();
        let found = references.iter().find(|(_, one)| *one == uetr);
        found.map_or_else(|| uetr.to_string(), |(name, _)| name.clone())
    }

    /// The name of a registered key.
    pub(super) fn key_name(&self, key: &PublicKey) -> Option<String> {
        let cast = self.cast.borrow();
        let found = cast
            .key_names()
            .find(|name| super::cast::secret(name).public_key() == *key);
        found.map(ToOwned::to_owned)
    }

    pub(super) fn cast(&self) -> std::cell::Ref<'_, Cast> {
        self.cast.borrow()
    }

    fn make(&self, name: &str) -> Uetr {
        let mut references = self.references.borrow_mut();
        let uetr = *references.entry(name.to_owned()).or_insert_with(|| {
            let hash = hash_of(
                HashDomain::Payload,
                &[self.scenario.as_bytes(), name.as_bytes()],
            );
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&hash.as_bytes()[..16]);
            Uetr::from_random_bytes(bytes)
        });
        self.step.borrow_mut().1.push(uetr);
        uetr
    }
}

impl Names for Words {
    fn known(&self, format: &str, word: &str) -> anyhow::Result<Option<String>> {
        Ok(match format {
            UETR if word.parse::<Uetr>().is_err() => {
                let known = self.references.borrow().get(word).copied();
                match known {
                    Some(uetr) => Some(uetr.to_string()),
                    None => bail!("no earlier step is called {word}; {}", self.nearest(word)),
                }
            }
            HASH_OF_INSTRUCTION if word.parse::<InstructionHash>().is_err() => {
                Some(self.find(word)?.instruction.to_string())
            }
            AGENT => self.cast.borrow().agent(word).map(ToOwned::to_owned),
            PUBLIC_KEY if word.parse::<PublicKey>().is_err() => {
                Some(self.cast.borrow_mut().introduce(word).to_string())
            }
            // The hash of a document that nobody reads here: that of its name.
            HASH if word.parse::<Hash>().is_err() => {
                Some(hash_of(HashDomain::Payload, &[word.as_bytes()]).to_string())
            }
            _ => None,
        })
    }

    fn reference(&self, word: &str) -> anyhow::Result<Option<Uetr>> {
        Ok(Some(self.make(word)))
    }

    fn new_reference(&self) -> anyhow::Result<Uetr> {
        let (step, count) = {
            let step = self.step.borrow();
            (step.0.clone(), step.1.len())
        };
        // "wages", "wages 2", "wages 3".
        let name = if count == 0 {
            step
        } else {
            format!("{step} {}", count.saturating_add(1))
        };
        Ok(self.make(&name))
    }
    /// The same in every run, like everything in a scenario.
    fn new_salt(&self) -> anyhow::Result<String> {
        let step = self.step.borrow();
        let salt = hash_of(HashDomain::Payload, &[b"salt", step.0.as_bytes()]);
        Ok(salt.to_string())
    }
}
