//! The model's view of signatures: who must sign what, who may, and when it is enough.

use super::books::{Model, Payment};
use karwan_ledger::{Holder, Operation, PaymentTerms, Role};
use karwan_types::{AgentIdentification, CurrencyCode, JurisdictionCode, Lei, PublicKey, Uetr};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    /// By the policy of one of the holders, for this much.
    Policy(Option<(CurrencyCode, u128)>),
    One,
    TwoThirds,
    Every,
}

#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) holders: Vec<Holder>,
    pub(crate) need: Need,
}

fn bank(lei: Lei, money: Option<(CurrencyCode, u128)>) -> Vec<Group> {
    vec![Group {
        holders: vec![Holder::Participant(lei)],
        need: Need::Policy(money),
    }]
}
fn one_of(holders: Vec<Holder>) -> Vec<Group> {
    let need = Need::One;
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
    fn issuer(&self, currency: CurrencyCode) -> Result<Lei, u16> {
        self.currency(currency)
            .map(|one| one.rules.issuer)
            .ok_or(1003)
    }

    /// Who must sign.
    pub(crate) fn groups(&self, operation: &Operation) -> Result<Vec<Group>, u16> {
        let groups = match operation {
            Operation::Pay(pay) => {
                let terms = &pay.payment;
                let money = Some((terms.currency, terms.amount.minor()));
                bank(self.debtor(&terms.debtor_agent)?, money)
            }
            Operation::Hold(hold) => {
                let terms = &hold.payment;
                let money = Some((terms.currency, terms.amount.minor()));
                bank(self.debtor(&terms.debtor_agent)?, money)
            }
            Operation::PayBulk(bulk) => {
                let total = bulk.payments.iter().map(|terms| terms.amount.minor()).sum();
                let first = &bulk.payments[0];
                bank(
                    self.debtor(&first.debtor_agent)?,
                    Some((first.currency, total)),
                )
            }
            Operation::Linked(linked) => self.groups_for_legs(&linked.legs)?,
            Operation::IssueRequest(request) => {
                let money = Some((request.currency, request.amount.minor()));
                bank(self.debtor(&request.agent)?, money)
            }
            Operation::RedeemRequest(request) => {
                let money = Some((request.currency, request.amount.minor()));
                bank(self.debtor(&request.agent)?, money)
            }
            Operation::Issue(_)
            | Operation::RedeemConfirm(_)
            | Operation::RedeemCancel(_)
            | Operation::Post(_)
            | Operation::Void(_)
            | Operation::Return(_)
            | Operation::ConfirmCredit(_)
            | Operation::Cancel(_) => self.groups_by_original(operation)?,
            Operation::Approve(approve) => {
                let waiting = self
                    .waiting
                    .iter()
                    .find(|one| one.hash == approve.instruction);
                let groups = self.groups(&waiting.ok_or(406u16)?.operation)?;
                one_of(groups.into_iter().flat_map(|group| group.holders).collect())
            }
            Operation::CurrencyHalt(halt) => bank(self.issuer(halt.currency)?, None),
            Operation::CurrencyResume(resume) => bank(self.issuer(resume.currency)?, None),
            Operation::RotateKey(rotate) => self.groups_for_key(rotate.old)?,
            Operation::ValidatorSetChange(change) => {
                let homes = change.validators.iter().map(|one| one.jurisdiction);
                self.groups_for_validators(&homes.collect::<Vec<_>>())
            }
            Operation::RulebookPropose(one) => self.groups_for_rules(one)?,
            Operation::EmergencyRule(one) => self.governor(one.jurisdiction)?,
            Operation::ReserveLiquidity(_)
            | Operation::SetBilateralLimit(_)
            | Operation::Reprioritise(_)
            | Operation::MoveInQueue(_)
            | Operation::RunCycle(_)
            | Operation::BalancingPay(_) => panic!("not modelled yet"),
            Operation::EmergencyEnd(one) => self.governor(one.jurisdiction)?,
        };
        Ok(groups)
    }

    /// Every debtor agent, each for the sum of its legs in each currency.
    fn groups_for_legs(&self, legs: &[PaymentTerms]) -> Result<Vec<Group>, u16> {
        let mut totals: Vec<(Lei, CurrencyCode, u128)> = Vec::new();
        for terms in legs {
            let debtor = self.debtor(&terms.debtor_agent)?;
            let of =
                |one: &&mut (Lei, CurrencyCode, u128)| one.0 == debtor && one.1 == terms.currency;
            match totals.iter_mut().find(of) {
                Some(total) => total.2 += terms.amount.minor(),
                None => totals.push((debtor, terms.currency, terms.amount.minor())),
            }
        }
        let groups = totals
            .iter()
            .flat_map(|(lei, currency, total)| bank(*lei, Some((*currency, *total))));
        Ok(groups.collect())
    }

    fn groups_for_key(&self, old: PublicKey) -> Result<Vec<Group>, u16> {
        let old = self.keys.iter().find(|one| one.key == old);
        Ok(match old.ok_or(402u16)?.holder {
            Holder::Participant(lei) => bank(lei, None),
            Holder::Governor(place) | Holder::Regulator(place) | Holder::Auditor(place) => {
                one_of(vec![Holder::Governor(place)])
            }
        })
    }

    fn groups_by_original(&self, operation: &Operation) -> Result<Vec<Group>, u16> {
        let (agent, uetr) = match operation {
            Operation::Issue(one) => (&one.agent, one.uetr),
            Operation::RedeemConfirm(one) => (&one.agent, one.uetr),
            Operation::RedeemCancel(one) => (&one.agent, one.uetr),
            Operation::Post(one) => (&one.agent, one.uetr),
            Operation::Void(one) => (&one.agent, one.uetr),
            Operation::ConfirmCredit(one) => (&one.agent, one.uetr),
            Operation::Return(one) => (&one.original_agent, one.original_uetr),
            Operation::Cancel(one) => return Ok(bank(self.debtor(&one.agent)?, None)),
            other => panic!("{} refers to nothing", other.name()),
        };
        let sum = &self.original(agent, uetr)?.sum;
        let all_of_it = Some((sum.currency, sum.amount));
        let sides = vec![
            Holder::Participant(sum.agent),
            Holder::Participant(sum.creditor.unwrap_or(sum.agent)),
        ];
        let either = |money| {
            let need = Need::Policy(money);
            vec![Group {
                holders: sides,
                need,
            }]
        };
        let groups = match operation {
            Operation::Issue(_) | Operation::RedeemConfirm(_) => {
                bank(self.issuer(sum.currency)?, all_of_it)
            }
            Operation::RedeemCancel(_) => bank(self.issuer(sum.currency)?, None),
            Operation::Post(post) => either(Some((sum.currency, post.amount.minor()))),
            Operation::Void(_) => either(None),
            Operation::Return(one) => {
                let money = Some((sum.currency, one.amount.minor()));
                bank(sum.creditor.ok_or(1401u16)?, money)
            }
            Operation::ConfirmCredit(_) => {
                one_of(vec![Holder::Participant(sum.creditor.ok_or(1401u16)?)])
            }
            other => panic!("{} refers to nothing", other.name()),
        };
        Ok(groups)
    }

    fn groups_for_validators(&self, homes: &[JurisdictionCode]) -> Vec<Group> {
        let governors = self
            .jurisdictions
            .iter()
            .map(|place| Holder::Governor(*place));
        let mut groups = vec![Group {
            holders: governors.collect(),
            need: Need::TwoThirds,
        }];
        for place in &self.jurisdictions {
            let at_home = |one: &&karwan_types::Validator| one.jurisdiction == *place;
            let had = self.next_validators.iter().find(at_home).is_some();
            if !had || homes.contains(place) {
                continue;
            }
            for currency in &self.currencies {
                let issuer = currency.rules.issuer;
                let home = self.participant(issuer).map(|one| one.jurisdiction);
                if home == Some(*place) {
                    groups.extend(bank(issuer, None));
                }
            }
        }
        groups
    }

    /// The holder of a key in force that may sign instructions.
    fn signs_for(&self, key: PublicKey) -> Option<(Holder, Role)> {
        let row = self
            .keys
            .iter()
            .find(|one| one.key == key && !one.revoked)?;
        (row.role != Role::Access).then_some((row.holder, row.role))
    }
    pub(crate) fn acts_for(&self, signers: &[PublicKey], lei: Lei) -> bool {
        let holder = Holder::Participant(lei);
        let signs = |key: &PublicKey| self.signs_for(*key).is_some_and(|row| row.0 == holder);
        signers.iter().any(signs)
    }
    /// The first thing wrong with the signers, in the order of their keys.
    pub(crate) fn signers_problem(&self, groups: &[Group], signers: &[PublicKey]) -> Option<u16> {
        signers.iter().find_map(|key| {
            let belongs = |holder| groups.iter().any(|group| group.holders.contains(&holder));
            let may = self
                .signs_for(*key)
                .is_some_and(|(holder, _)| belongs(holder));
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
            Need::One => group
                .holders
                .iter()
                .any(|holder| self.count(signers, *holder) > 0),
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
