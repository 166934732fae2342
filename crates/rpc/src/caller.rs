//! Who asks, and what they may see: decision 10 of the architecture as one module.
//!
//! A participant sees what it is a party to. A central bank sees what is in its currency, and what concerns an institution of
//! its jurisdiction. A regulator and an auditor see what concerns an institution of their jurisdiction. Everybody else, and
//! everybody without a token, sees nothing that has an owner. Nothing here knows a method; the policy table does.

use crate::problem::{Fault, Problem};
use crate::token::{Scopes, TokenError};
use karwan_ledger::{Account, Holder, ParticipantKind, Role, State};
use karwan_types::{CurrencyCode, JurisdictionCode, Lei, Movement, PublicKey, Timestamp};
use std::net::IpAddr;

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// Somebody at an address.
    Anonymous(IpAddr),
    /// The holder of an access key.
    Known(Reader),
}

/// The holder of an access key, as its token proved.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    pub(crate) key: PublicKey,
    pub(crate) holder: Holder,
    pub(crate) scopes: Scopes,
    pub(crate) expires: Timestamp,
}

/// Under whose name places are counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identity {
    Address(IpAddr),
    Key(PublicKey),
}

impl Caller {
    /// Whether what the token proved still holds: connections outlive tokens, and keys are revoked.
    pub(crate) fn check(&self, now: Timestamp, state: &State) -> Result<(), Problem> {
        let Self::Known(reader) = self else {
            return Ok(());
        };
        let refused =
            |error: TokenError| Err(Problem::new(Fault::Unauthenticated, error.to_string()));
        if reader.expires <= now {
            return refused(TokenError::Expired);
        }
        let in_force = state
            .key(&reader.key)
            .is_some_and(|record| record.revoked_at.is_none() && record.role == Role::Access);
        if in_force {
            Ok(())
        } else {
            refused(TokenError::Key)
        }
    }
    /// Under whose name its places are counted.
    pub(crate) fn identity(&self) -> Identity {
        match self {
            Self::Anonymous(address) => Identity::Address(*address),
            Self::Known(reader) => Identity::Key(reader.key),
        }
    }
    /// The institution that it speaks for.
    pub(crate) fn institution(&self) -> Option<Lei> {
        match self {
            Self::Anonymous(_) => None,
            Self::Known(reader) => match reader.holder {
                Holder::Participant(lei) => Some(lei),
                Holder::Governor(_)
                | Holder::Regulator(_)
                | Holder::Auditor(_)
                | Holder::Court(_) => None,
            },
        }
    }
}

/// Whose eyes look.
#[derive(Clone, Copy, Debug)]
enum Eye {
    Nobody,
    Institution(Lei),
    CentralBank(Lei, JurisdictionCode),
    Supervisor(JurisdictionCode),
}

/// What a caller sees of a state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight<'a> {
    state: &'a State,
    eye: Eye,
}

impl<'a> Sight<'a> {
    pub(crate) fn new(state: &'a State, caller: &Caller) -> Self {
        let eye = match caller {
            Caller::Known(reader) if reader.scopes.read => match reader.holder {
                Holder::Participant(lei) => Self::institution_eye(state, lei),
                Holder::Regulator(code) | Holder::Auditor(code) => Eye::Supervisor(code),
                Holder::Governor(_) | Holder::Court(_) => Eye::Nobody,
            },
            Caller::Known(_) | Caller::Anonymous(_) => Eye::Nobody,
        };
        Self { state, eye }
    }

    fn institution_eye(state: &State, lei: Lei) -> Eye {
        match state.participant(&lei) {
            Some(row) if row.kind == ParticipantKind::CentralBank => {
                Eye::CentralBank(lei, row.jurisdiction)
            }
            Some(_) => Eye::Institution(lei),
            None => Eye::Nobody,
        }
    }

    /// Whether it supervises a jurisdiction.
    pub(crate) fn supervises(&self, code: JurisdictionCode) -> bool {
        match self.eye {
            Eye::Supervisor(own) => own == code,
            Eye::Nobody | Eye::Institution(_) | Eye::CentralBank(..) => false,
        }
    }

    /// Whether it sees anything that has an owner.
    pub(crate) fn is_blind(&self) -> bool {
        matches!(self.eye, Eye::Nobody)
    }

    /// Whether it sees what this institution owns or is a party to.
    pub(crate) fn institution(&self, lei: &Lei) -> bool {
        match self.eye {
            Eye::Nobody => false,
            Eye::Institution(own) => own == *lei,
            Eye::CentralBank(own, code) => own == *lei || self.is_of(lei, code),
            Eye::Supervisor(code) => self.is_of(lei, code),
        }
    }

    /// Whether it sees everything in a currency.
    pub(crate) fn currency(&self, code: &CurrencyCode) -> bool {
        match self.eye {
            Eye::CentralBank(own, _) => self
                .state
                .currency(code)
                .is_some_and(|currency| currency.issuer == own),
            Eye::Nobody | Eye::Institution(_) | Eye::Supervisor(_) => false,
        }
    }

    /// Whether it oversees a currency: its issuer, or a supervisor of the issuer's jurisdiction.
    pub(crate) fn oversees(&self, code: &CurrencyCode) -> bool {
        match self.eye {
            Eye::CentralBank(..) => self.currency(code),
            Eye::Supervisor(own) => self
                .state
                .currency(code)
                .is_some_and(|currency| self.is_of(&currency.issuer, own)),
            Eye::Nobody | Eye::Institution(_) => false,
        }
    }

    /// Whether it may read whole blocks: a supervisor of a jurisdiction that runs a validator, whose disk holds every block
    /// already.
    pub(crate) fn whole_blocks(&self) -> bool {
        match self.eye {
            Eye::Supervisor(own) => {
                let mut validators = self.state.chain().validators.iter();
                validators.any(|validator| validator.jurisdiction == own)
            }
            Eye::Nobody | Eye::Institution(_) | Eye::CentralBank(..) => false,
        }
    }

    pub(crate) fn account(&self, account: &Account) -> bool {
        self.institution(&account.owner) || self.currency(&account.currency)
    }

    pub(crate) fn movement(&self, movement: &Movement) -> bool {
        self.institution(&movement.debtor_agent)
            || movement
                .creditor_agent
                .is_some_and(|creditor| self.institution(&creditor))
            || self.currency(&movement.currency)
    }

    /// Whether it sees what a holder of a key has signed: for instructions that move no money.
    pub(crate) fn holder(&self, holder: &Holder) -> bool {
        match holder {
            Holder::Participant(lei) => self.institution(lei),
            Holder::Governor(code)
            | Holder::Regulator(code)
            | Holder::Auditor(code)
            | Holder::Court(code) => match self.eye {
                Eye::Nobody | Eye::Institution(_) => false,
                Eye::CentralBank(_, own) | Eye::Supervisor(own) => own == *code,
            },
        }
    }

    fn is_of(&self, lei: &Lei, code: JurisdictionCode) -> bool {
        self.state
            .participant(lei)
            .is_some_and(|participant| participant.jurisdiction == code)
    }
}
