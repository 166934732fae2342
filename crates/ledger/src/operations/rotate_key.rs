//! `RotateKey`: an institution or a governor replaces one of its keys. The old key stops counting at once, also under instructions that wait.

use super::Execute;
use crate::authority::{Authority, Group, Need};
use crate::execution::{Execution, Item};
use crate::records::{Holder, KeyRecord, Role};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{JurisdictionCode, PublicKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Replaces a key, signed for its holder; a revoked key cannot come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RotateKey {
    /// The key that goes.
    pub old: PublicKey,
    /// The key that takes its role.
    pub new: PublicKey,
}

impl Execute for RotateKey {
    fn check_alone(&self) -> Result<(), Rejection> {
        PublicKey::parse(*self.new.as_bytes())
            .map(|_| ())
            .map_err(|_| Rejection::InvalidField {
                field: "new",
                rule: "must be a canonical, torsion-free Ed25519 key",
            })
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let record = state
            .key(&self.old)
            .ok_or(Rejection::UnknownKey { key: self.old })?;
        match record.holder {
            Holder::Participant(lei) => Ok(Authority::of(lei, None)),
            Holder::Governor(_) => Ok(Authority::new(vec![Group {
                holders: [record.holder].into(),
                need: Need::AnySigner,
            }])),
            // Who signs orders is replaced by the governor and a colleague who signs orders too, so that no single key can make
            // itself the regulator or the court; by all governors when nobody else is left.
            Holder::Regulator(jurisdiction) | Holder::Court(jurisdiction)
                if record.role == Role::Approver =>
            {
                Ok(orders_authority(
                    state,
                    self.old,
                    record.holder,
                    jurisdiction,
                ))
            }
            // Readers cannot sign; the governor of their jurisdiction rotates for them, and for its regulator and courts, so
            // that a lost key cannot be replaced by whoever found it.
            Holder::Regulator(jurisdiction)
            | Holder::Auditor(jurisdiction)
            | Holder::Court(jurisdiction) => {
                let holders = [Holder::Governor(jurisdiction)].into();
                Ok(Authority::new(vec![Group {
                    holders,
                    need: Need::AnySigner,
                }]))
            }
        }
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let record = execution
            .state
            .key(&self.old)
            .cloned()
            .ok_or(Rejection::UnknownKey { key: self.old })?;
        if record.revoked_at.is_some() {
            return Err(Rejection::RevokedKey { key: self.old });
        }
        let chain = execution.state.chain();
        let validates = [&chain.validators, &chain.next_validators]
            .iter()
            .any(|set| set.get(&self.new).is_some());
        if validates || execution.state.key(&self.new).is_some() {
            return Err(Rejection::RoleConflict { key: self.new });
        }
        let revoked = KeyRecord {
            revoked_at: Some(execution.time),
            ..record.clone()
        };
        execution.state.keys.insert(self.old, revoked);
        execution.state.keys.insert(self.new, record);
        Ok(())
    }
    fn example() -> Self {
        let key = |byte: u8| karwan_types::SecretKey::from_seed(&[byte; 32]).public_key();
        Self {
            old: key(1),
            new: key(2),
        }
    }
}

/// Who replaces a key that signs orders.
fn orders_authority(
    state: &State,
    old: PublicKey,
    holder: Holder,
    jurisdiction: JurisdictionCode,
) -> Authority {
    let is_colleague = |(key, record): &(&PublicKey, &KeyRecord)| {
        let signs = record.holder == holder && record.role == Role::Approver;
        signs && record.revoked_at.is_none() && **key != old
    };
    let group = |holders: BTreeSet<Holder>, need| Group { holders, need };
    if state.keys().any(|entry| is_colleague(&entry)) {
        return Authority::new(vec![
            group([Holder::Governor(jurisdiction)].into(), Need::AnySigner),
            group([holder].into(), Need::AnySigner),
        ]);
    }
    let governors = state.chain().jurisdictions.iter();
    let governors = governors.map(|code| Holder::Governor(*code)).collect();
    Authority::new(vec![group(governors, Need::AllHolders)])
}
