//! Who must sign an instruction, and whether they have: check 4 of the semantics.
//!
//! An instruction names groups; each group is a need of one of several holders. Every signer must belong to a group
//! (a stranger's signature refuses the instruction), and the instruction executes when every group's need is met. Only
//! keys that are in force count, at the moment of execution.

use crate::records::{ApprovalPolicy, Holder, KeyRecord, Role};
use crate::rejection::Rejection;
use crate::state::State;
use karwan_types::{Amount, CurrencyCode, Lei, PublicKey};
use std::collections::BTreeSet;

/// What a group of signers must bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// What the policy of one of the holders asks for this much money.
    Policy(Option<(CurrencyCode, Amount)>),
    /// One signing key of one of the holders.
    AnySigner,
    /// Keys of more than two thirds of the holders.
    TwoThirdsOfHolders,
    /// Keys of every holder.
    AllHolders,
    /// So many keys of one of the holders.
    Signers(u8),
    /// One compliance key of one of the holders.
    Compliance,
}

/// Holders, and what they must bring.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) holders: BTreeSet<Holder>,
    pub(crate) need: Need,
}

/// Holders one or more of whom must sign, and what all groups together must bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerGroup {
    /// Who may sign.
    pub holders: BTreeSet<Holder>,
    /// How many of the holders must, or how many keys of one holder; one for the policy of an institution.
    pub needed: usize,
    /// Whose keys count: those of all signing roles, or compliance keys.
    pub keys: SigningKeys,
}

/// Which keys of a holder count under an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningKeys {
    /// Those of every role that signs instructions.
    Instructing,
    /// Those of the role that attests, and no others.
    Compliance,
}

impl SigningKeys {
    /// Whether a key is one of them, in force or not.
    #[must_use]
    pub const fn include(self, record: &KeyRecord) -> bool {
        match self {
            Self::Instructing => may_sign(record),
            Self::Compliance => {
                let institution = matches!(record.holder, Holder::Participant(_));
                institution && matches!(record.role, Role::Compliance)
            }
        }
    }
}

/// Everyone who must sign.
#[derive(Clone, Debug)]
pub(crate) struct Authority(Vec<Group>);

impl Authority {
    pub(crate) fn new(groups: Vec<Group>) -> Self {
        Self(groups)
    }
    /// One institution by its policy.
    pub(crate) fn of(lei: Lei, money: Option<(CurrencyCode, Amount)>) -> Self {
        Self(vec![Group {
            holders: [Holder::Participant(lei)].into(),
            need: Need::Policy(money),
        }])
    }
    /// One of several institutions by its policy.
    pub(crate) fn one_of<const N: usize>(
        leis: [Lei; N],
        money: Option<(CurrencyCode, Amount)>,
    ) -> Self {
        let holders = leis.into_iter().map(Holder::Participant).collect();
        Self(vec![Group {
            holders,
            need: Need::Policy(money),
        }])
    }
    /// The same holders, but one signature is enough: for an approval.
    pub(crate) fn any_signer(self) -> Self {
        let holders = self.0.into_iter().flat_map(|group| group.holders).collect();
        Self(vec![Group {
            holders,
            need: Need::AnySigner,
        }])
    }
    /// The groups, for whoever looks for signers.
    pub(crate) fn groups(self) -> Vec<SignerGroup> {
        let group = |group: Group| SignerGroup {
            needed: group.needed(),
            keys: group.keys(),
            holders: group.holders,
        };
        self.0.into_iter().map(group).collect()
    }
    /// Every signer must be registered, in force, and belong to a group.
    pub(crate) fn check_signers(
        &self,
        state: &State,
        signers: &BTreeSet<PublicKey>,
    ) -> Result<(), Rejection> {
        check_keys(state, signers)?;
        for key in signers {
            let record = state.key(key).ok_or(Rejection::UnknownKey { key: *key })?;
            if !self.0.iter().any(|group| group.takes(record)) {
                return Err(Rejection::SignerNotAllowed { key: *key });
            }
        }
        Ok(())
    }
    /// Whether the signers that are in force now meet every need.
    pub(crate) fn is_met(&self, state: &State, signers: &BTreeSet<PublicKey>) -> bool {
        let in_force: Vec<&KeyRecord> = signers
            .iter()
            .filter_map(|key| state.key(key))
            .filter(|record| record.revoked_at.is_none())
            .collect();
        self.0.iter().all(|group| group.is_met(state, &in_force))
    }
}

impl Group {
    /// How many holders must sign.
    fn needed(&self) -> usize {
        match self.need {
            Need::Policy(_) | Need::AnySigner | Need::Compliance => 1,
            Need::Signers(keys) => usize::from(keys),
            Need::AllHolders => self.holders.len(),
            Need::TwoThirdsOfHolders => {
                (self.holders.len().saturating_mul(2) / 3).saturating_add(1)
            }
        }
    }
    /// Which keys of the holders count.
    fn keys(&self) -> SigningKeys {
        match self.need {
            Need::Compliance => SigningKeys::Compliance,
            Need::Policy(_)
            | Need::AnySigner
            | Need::TwoThirdsOfHolders
            | Need::AllHolders
            | Need::Signers(_) => SigningKeys::Instructing,
        }
    }
    /// Whether a key may sign for this group.
    fn takes(&self, record: &KeyRecord) -> bool {
        self.holders.contains(&record.holder) && self.keys().include(record)
    }
    fn is_met(&self, state: &State, in_force: &[&KeyRecord]) -> bool {
        let own = in_force.iter().filter(|record| self.takes(record));
        let signers: Vec<&KeyRecord> = own.copied().collect();
        let signed = |holder: &Holder| signers.iter().any(|record| record.holder == *holder);
        match self.need {
            Need::AnySigner | Need::Compliance => self.holders.iter().any(signed),
            Need::TwoThirdsOfHolders | Need::AllHolders => {
                self.holders.iter().filter(|holder| signed(holder)).count() >= self.needed()
            }
            Need::Policy(money) => self.holders.iter().any(|holder| match holder {
                Holder::Participant(lei) => state
                    .participant(lei)
                    .is_some_and(|participant| participant.policy.is_met(holder, money, &signers)),
                Holder::Governor(_)
                | Holder::Regulator(_)
                | Holder::Auditor(_)
                | Holder::Court(_) => signed(holder),
            }),
            Need::Signers(keys) => self.holders.iter().any(|holder| {
                let own = signers.iter().filter(|record| record.holder == *holder);
                own.count() >= usize::from(keys)
            }),
        }
    }
}

impl ApprovalPolicy {
    /// Whether the signers bring what the first tier that covers the money asks for.
    fn is_met(
        &self,
        holder: &Holder,
        money: Option<(CurrencyCode, Amount)>,
        signers: &[&KeyRecord],
    ) -> bool {
        let covers = |limit: &Option<(CurrencyCode, Amount)>| match (limit, money) {
            (None, _) => true,
            (Some((currency, up_to)), Some((paid, amount))) => {
                *currency == paid && amount <= *up_to
            }
            // Instructions that concern no amount are never released automatically.
            (Some(_), None) => false,
        };
        let Some(tier) = self.tiers.iter().find(|tier| covers(&tier.up_to)) else {
            return false;
        };
        let count = |role: Role| {
            signers
                .iter()
                .filter(|record| record.holder == *holder && record.role == role)
                .count()
        };
        count(Role::Maker) >= usize::from(tier.makers)
            && count(Role::Checker) >= usize::from(tier.checkers)
            && count(Role::Releaser) >= usize::from(tier.releasers)
    }
}

/// Every signer must be registered and in force. Judged before anything that the instruction names.
pub(crate) fn check_keys(state: &State, signers: &BTreeSet<PublicKey>) -> Result<(), Rejection> {
    for key in signers {
        let record = state.key(key).ok_or(Rejection::UnknownKey { key: *key })?;
        if record.revoked_at.is_some() {
            return Err(Rejection::RevokedKey { key: *key });
        }
    }
    Ok(())
}

/// Whether one of the signers acts for an institution.
pub(crate) fn acts_for(state: &State, signers: &BTreeSet<PublicKey>, lei: Lei) -> bool {
    let holder = Holder::Participant(lei);
    signers
        .iter()
        .filter_map(|key| state.key(key))
        .any(|record| record.holder == holder && record.revoked_at.is_none() && may_sign(record))
}

/// Access keys sign tokens, never an instruction; compliance keys attest and do nothing else.
const fn may_sign(record: &KeyRecord) -> bool {
    match record.role {
        Role::Maker | Role::Checker | Role::Releaser => {
            matches!(record.holder, Holder::Participant(_))
        }
        Role::Approver => matches!(
            record.holder,
            Holder::Governor(_) | Holder::Regulator(_) | Holder::Court(_)
        ),
        Role::Access | Role::Compliance => false,
    }
}
