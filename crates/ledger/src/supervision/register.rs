//! Licences and freezes in the state: recorded together with what block time will bring about for them, and proved.

use super::{FreezeKey, FreezeRecord, Licence, LicenceKey, LicenceStatus};
use crate::state::State;
use crate::state_tree::{ProveError, prove};
use karwan_types::{StateProof, encode};

impl State {
    /// Proves a licence's row, or that there is no such licence.
    ///
    /// # Errors
    /// `ProveError` never for a well-formed key.
    pub fn prove_licence(&self, key: &LicenceKey) -> Result<StateProof, ProveError> {
        prove(&self.tables(), "licences", &encode(key))
    }
    /// Proves a freeze's row, or that there is no such freeze.
    ///
    /// # Errors
    /// `ProveError` never for a well-formed key.
    pub fn prove_freeze(&self, key: &FreezeKey) -> Result<StateProof, ProveError> {
        prove(&self.tables(), "freezes", &encode(key))
    }
    pub(crate) fn index_licence(&mut self, key: &LicenceKey, licence: &Licence) {
        self.due.extend(licence.due(key));
        if matches!(licence.status, LicenceStatus::Suspended(_)) {
            self.suspended.insert(key.clone());
        }
    }
    /// Records a licence and what block time will bring about for it.
    pub(crate) fn put_licence(&mut self, key: LicenceKey, licence: Licence) {
        if let Some(due) = self.licences.get(&key).and_then(|old| old.due(&key)) {
            self.due.remove(&due);
        }
        self.suspended.remove(&key);
        self.index_licence(&key, &licence);
        self.licences.insert(key, licence);
    }
    /// Records a freeze and when it ends.
    pub(crate) fn put_freeze(&mut self, key: FreezeKey, freeze: FreezeRecord) {
        self.take_freeze(&key);
        self.due.extend(freeze.due(&key));
        self.freezes.insert(key, freeze);
    }
    /// Takes a freeze off.
    pub(crate) fn take_freeze(&mut self, key: &FreezeKey) -> Option<FreezeRecord> {
        let freeze = self.freezes.remove(key)?;
        if let Some(due) = freeze.due(key) {
            self.due.remove(&due);
        }
        Some(freeze)
    }
    /// A licence, in force or not.
    #[must_use]
    pub fn licence(&self, key: &LicenceKey) -> Option<&Licence> {
        self.licences.get(key)
    }
    /// All licences there ever were, by institution and activity.
    pub fn licences(&self) -> impl Iterator<Item = (&LicenceKey, &Licence)> {
        self.licences.iter()
    }
    /// A freeze.
    #[must_use]
    pub fn freeze(&self, key: &FreezeKey) -> Option<&FreezeRecord> {
        self.freezes.get(key)
    }
    /// All freezes that have not ended, by jurisdiction.
    pub fn freezes(&self) -> impl Iterator<Item = (&FreezeKey, &FreezeRecord)> {
        self.freezes.iter()
    }
}
