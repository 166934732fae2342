//! Licences and freezes in the state: recorded together with what block time will bring about for them, and proved.
//!
//! What must hold: a proof of anything else shows the hash of the table of freezes, and tells nothing by it. Each jurisdiction's
//! boundary in that table has another value after every block, which nobody can compute who has not read every block: the hash
//! changes always, whether a freeze came or not, and cannot be compared with that of a table without freezes.

use super::{
    FreezeEntry, FreezeKey, FreezePlace, FreezeRecord, FreezeRow, Licence, LicenceKey,
    LicenceStatus, PastFreezes,
};
use crate::due::Forgettable;
use crate::state::State;
use crate::state_tree::{ProveError, prove};
use karwan_types::{EncodedTransaction, Hash, HashDomain, StateProof, encode, hash_of};

impl State {
    /// Proves a licence's row, or that there is no such licence.
    ///
    /// # Errors
    /// `ProveError` never for a well-formed key.
    pub fn prove_licence(&self, key: &LicenceKey) -> Result<StateProof, ProveError> {
        prove(&self.tables(), "licences", &encode(key))
    }
    /// Proves a freeze's row, or that there is no such freeze; what it shows beside it is of the same jurisdiction, or a boundary.
    ///
    /// # Errors
    /// `ProveError` never for a well-formed key.
    pub fn prove_freeze(&self, place: &FreezePlace) -> Result<StateProof, ProveError> {
        prove(&self.tables(), "freezes", &encode(place))
    }
    /// Draws the boundaries of the table of freezes before the first block.
    pub(crate) fn draw_boundaries(&mut self) {
        let first = hash_of(
            HashDomain::FreezeBoundary,
            &[self.chain().chain_id.0.as_bytes()],
        );
        self.put_boundaries(first);
    }
    /// Gives the boundaries of the table of freezes another value, at the end of a block. The signatures make it a secret of
    /// those who read whole blocks.
    pub(crate) fn change_boundaries(&mut self, executed: &[EncodedTransaction]) {
        let jurisdiction = self.chain().jurisdictions.first();
        let place = jurisdiction.map(|first| FreezePlace::boundary(*first));
        let row = place.and_then(|place| self.freezes.get(&place));
        let Some(FreezeRow::Boundary(old)) = row else {
            unreachable!("every jurisdiction has its boundary from the beginning");
        };
        let mut parts: Vec<&[u8]> = vec![old.as_bytes()];
        parts.extend(executed.iter().map(EncodedTransaction::as_bytes));
        let next = hash_of(HashDomain::FreezeBoundary, &parts);
        self.put_boundaries(next);
    }
    fn put_boundaries(&mut self, value: Hash) {
        for jurisdiction in self.chain().jurisdictions.clone() {
            let place = FreezePlace::boundary(jurisdiction);
            self.freezes.insert(place, FreezeRow::Boundary(value));
        }
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
        self.forget_past_freezes(&key);
        self.due.extend(freeze.due(&key));
        self.freezes.insert(key.place(), FreezeRow::Freeze(freeze));
    }
    /// Takes a freeze off.
    pub(crate) fn take_freeze(&mut self, key: &FreezeKey) -> Option<FreezeRecord> {
        let Some(FreezeRow::Freeze(freeze)) = self.freezes.remove(&key.place()) else {
            return None;
        };
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
        match self.freezes.get(&key.place())? {
            FreezeRow::Freeze(freeze) => Some(freeze),
            FreezeRow::Boundary(_) | FreezeRow::Past(_) => None,
        }
    }
    /// All freezes that have not ended, by jurisdiction.
    pub fn freezes(&self) -> impl Iterator<Item = (FreezeKey, &FreezeRecord)> {
        self.freezes.iter().filter_map(|(place, row)| match row {
            FreezeRow::Freeze(freeze) => Some((place.key()?, freeze)),
            FreezeRow::Boundary(_) | FreezeRow::Past(_) => None,
        })
    }
    /// Whether there is no freeze at all; the boundaries are none. Quick, and wrong only to the safe side.
    pub(crate) fn is_nothing_frozen(&self) -> bool {
        self.freezes.len() <= self.chain().jurisdictions.len()
    }
    /// Records how long freezes of a subject lasted, until that is forgotten.
    pub(crate) fn put_past_freezes(&mut self, key: &FreezeKey, past: PastFreezes) {
        self.forget_past_freezes(key);
        let forgettable = Forgettable::PastFreezes(key.clone());
        self.forgettable.insert((past.counts_until, forgettable));
        self.freezes.insert(key.past(), FreezeRow::Past(past));
    }
    /// Forgets how long freezes of a subject lasted: their pause is over, or a new one goes on with the count.
    pub(crate) fn forget_past_freezes(&mut self, key: &FreezeKey) {
        let Some(FreezeRow::Past(past)) = self.freezes.remove(&key.past()) else {
            return;
        };
        let forgettable = Forgettable::PastFreezes(key.clone());
        self.forgettable.remove(&(past.counts_until, forgettable));
    }
    /// Rebuilds what is derived from the table of freezes.
    pub(crate) fn derive_freeze_indices(&mut self) {
        for (place, row) in self.freezes.iter() {
            match (&place.entry, row) {
                (FreezeEntry::Freeze(_), FreezeRow::Freeze(freeze)) => {
                    let key = place.key().expect("a freeze stands here");
                    self.due.extend(freeze.due(&key));
                }
                (FreezeEntry::Past(subject), FreezeRow::Past(past)) => {
                    let key = FreezeKey {
                        jurisdiction: place.jurisdiction,
                        subject: subject.clone(),
                    };
                    let forgettable = Forgettable::PastFreezes(key);
                    self.forgettable.insert((past.counts_until, forgettable));
                }
                // A boundary brings nothing about; a row under a foreign key stands in no state with a certified root.
                (_, FreezeRow::Boundary(_) | FreezeRow::Freeze(_) | FreezeRow::Past(_)) => {}
            }
        }
    }
}
