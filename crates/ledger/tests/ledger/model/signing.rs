//! The model's view of signatures: who must sign what, who may, and when it is enough.

use super::books::{Key, Model, Payment, Sum};
use super::kinds::modelled;
use karwan_ledger::{Holder, Operation, PaymentTerms, Role};
use karwan_types::{AgentIdentification, CurrencyCode, Lei, PublicKey, Uetr};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    /// By the policy of one of the holders, for this much.
    Policy(Option<(CurrencyCode, u128)>),
    One,
    /// So many keys of one of the holders.
    Keys(usize),
    TwoThirds,
    Every,
    /// A compliance key of one of the holders.
    Compliance,
}

#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) holders: Vec<Holder>,
    pub(crate) need: Need,
}

/// One institution by its policy.
pub(crate) fn institution(lei: Lei, money: Option<(CurrencyCode, u128)>) -> Vec<Group> {
    vec![Group {
        holders: vec![Holder::Participant(lei)],
        need: Need::Policy(money),
    }]
}
/// A signature of any of them.
pub(crate) fn one_of(holders: Vec<Holder>) -> Vec<Group> {
    let need = Need::One;
    vec![Group { holders, need }]
}
/// The debtor's side or the creditor's.
pub(crate) fn either_side(sum: &Sum, money: Option<(CurrencyCode, u128)>) -> Vec<Group> {
    let holders = vec![
        Holder::Participant(sum.agent),
        Holder::Participant(sum.creditor.unwrap_or(sum.agent)),
    ];
    let need = Need::Policy(money);
    vec![Group { holders, need }]
}

impl Model {
    pub(crate) fn debtor(&self, name: &AgentIdentification) -> Result<Lei, u16> {
        self.who(name).ok_or(701)
    }
    /// The payment that an instruction refers to.
    pub(crate) fn original(&self, name: &AgentIdentification, uetr: Uetr) -> Result<&Payment, u16> {
        let agent = self.debtor(name)?;
        self.payment(agent, uetr).ok_or(1401)
    }
    pub(crate) fn issuer(&self, currency: CurrencyCode) -> Result<Lei, u16> {
        self.currency(currency)
            .map(|one| one.rules.issuer)
            .ok_or(1003)
    }

    /// Who must sign.
    pub(crate) fn groups(&self, operation: &Operation) -> Result<Vec<Group>, u16> {
        let known = modelled(operation).expect("only what is modelled is asked for");
        known.groups(self)
    }
    /// Who must sign a payment.
    pub(crate) fn groups_of_payment(&self, terms: &PaymentTerms) -> Result<Vec<Group>, u16> {
        let money = Some((terms.currency, terms.amount.minor()));
        Ok(institution(self.debtor(&terms.debtor_agent)?, money))
    }

    /// The holder of a key in force that may sign instructions.
    fn signs_for(&self, key: PublicKey) -> Option<(Holder, Role)> {
        let row = self
            .keys
            .iter()
            .find(|one| one.key == key && !one.revoked)?;
        let signs = ![Role::Access, Role::Compliance].contains(&row.role);
        signs.then_some((row.holder, row.role))
    }
    /// The holder of a key in force that attests.
    fn attests_for(&self, key: PublicKey) -> Option<Holder> {
        let is = |one: &&Key| one.key == key && !one.revoked && one.role == Role::Compliance;
        self.keys.iter().find(is).map(|one| one.holder)
    }
    /// For whom a key counts in a group.
    fn counts_for(&self, group: &Group, key: PublicKey) -> Option<Holder> {
        match group.need {
            Need::Compliance => self.attests_for(key),
            Need::Policy(_) | Need::One | Need::Keys(_) | Need::TwoThirds | Need::Every => {
                self.signs_for(key).map(|(holder, _)| holder)
            }
        }
    }
    pub(crate) fn acts_for(&self, signers: &[PublicKey], lei: Lei) -> bool {
        let holder = Holder::Participant(lei);
        let signs = |key: &PublicKey| self.signs_for(*key).is_some_and(|row| row.0 == holder);
        signers.iter().any(signs)
    }
    /// The first thing wrong with the signers, in the order of their keys.
    pub(crate) fn signers_problem(&self, groups: &[Group], signers: &[PublicKey]) -> Option<u16> {
        signers.iter().find_map(|key| {
            let takes = |group: &Group| {
                let holder = self.counts_for(group, *key);
                holder.is_some_and(|holder| group.holders.contains(&holder))
            };
            let may = groups.iter().any(takes);
            (!may).then_some(404)
        })
    }
    pub(crate) fn keys_problem(&self, signers: &[PublicKey]) -> Option<u16> {
        signers.iter().find_map(|key| {
            let row = self.keys.iter().find(|one| one.key == *key);
            match row {
                None => Some(402),
                Some(row) => row.revoked.then_some(403),
            }
        })
    }
    pub(crate) fn enough(&self, groups: &[Group], signers: &[PublicKey]) -> bool {
        groups.iter().all(|group| match group.need {
            Need::Compliance => signers.iter().any(|key| {
                let holder = self.attests_for(*key);
                holder.is_some_and(|holder| group.holders.contains(&holder))
            }),
            Need::One => group
                .holders
                .iter()
                .any(|holder| self.count(signers, *holder) > 0),
            Need::Keys(most) => group
                .holders
                .iter()
                .any(|holder| self.count(signers, *holder) >= most),
            Need::Every => group
                .holders
                .iter()
                .all(|holder| self.count(signers, *holder) > 0),
            Need::TwoThirds => {
                let signed = group
                    .holders
                    .iter()
                    .filter(|one| self.count(signers, **one) > 0);
                signed.count() * 3 > group.holders.len() * 2
            }
            Need::Policy(money) => group.holders.iter().any(|holder| {
                let Holder::Participant(lei) = holder else {
                    return false;
                };
                self.policy_met(*lei, money, signers)
            }),
        })
    }
    fn count(&self, signers: &[PublicKey], holder: Holder) -> usize {
        let of = |key: &&PublicKey| self.signs_for(**key).is_some_and(|row| row.0 == holder);
        signers.iter().filter(of).count()
    }
    fn policy_met(
        &self,
        lei: Lei,
        money: Option<(CurrencyCode, u128)>,
        signers: &[PublicKey],
    ) -> bool {
        let holder = Holder::Participant(lei);
        let have = |role| {
            let of = |key: &&PublicKey| self.signs_for(**key) == Some((holder, role));
            signers.iter().filter(of).count()
        };
        for tier in &self.participant(lei).expect("a participant").policy {
            let covered = match (tier.up_to, money) {
                (None, _) => true,
                (Some((currency, most)), Some((paid, amount))) => {
                    currency == paid && amount <= most.minor()
                }
                (Some(_), None) => false,
            };
            if covered {
                return have(Role::Maker) >= usize::from(tier.makers)
                    && have(Role::Checker) >= usize::from(tier.checkers)
                    && have(Role::Releaser) >= usize::from(tier.releasers);
            }
        }
        false
    }
}
