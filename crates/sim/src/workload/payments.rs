//! Instructions that move money between banks.

use super::Thinker;
use crate::town::{Institution, account};
use karwan_ledger::{
    Hold, Linked, Operation, Pay, PayBulk, PaymentKind, PaymentTerms, Post, Priority, RecordKind,
    Return, Void,
};
use karwan_types::{Amount, CurrencyCode, DurationMs, TransactionStatus};

impl Thinker<'_> {
    /// A payment of one bank to another.
    pub(crate) fn terms(&mut self, debtor: &Institution, currency: CurrencyCode) -> PaymentTerms {
        let creditor = self.bank();
        let mut terms = PaymentTerms::example();
        terms.kind = if self.rng.bool() {
            PaymentKind::Customer
        } else {
            PaymentKind::FinancialInstitution
        };
        terms.uetr = self.uetr();
        terms.currency = currency;
        terms.amount = self.amount();
        terms.settlement_date = None;
        terms.debtor_agent = self.name(debtor);
        terms.creditor_agent = self.name(&creditor);
        terms.debtor_account = None;
        terms.creditor_account = self.rng.bool().then(|| account(&creditor.name, currency));
        terms.priority = Priority::Norm;
        if self.rng.u8(0..10) == 0 {
            terms.pair_tag = None;
        }
        match self.rng.u8(0..30) {
            0 => terms.creditor_agent = "NOWHPK22".parse().expect("constant"),
            1 => terms.creditor_account = Some("PK:NOWHERE".parse().expect("constant")),
            2 => terms.currency = "USD".parse().expect("constant"),
            3 => {
                let soon = DurationMs::from_millis(self.rng.u64(0..2_000));
                terms.reject_time = Some(self.time.after(soon));
            }
            4 => {
                let soon = DurationMs::from_millis(self.rng.u64(0..1_000));
                terms.from_time = Some(self.time.after(soon));
            }
            5 => terms.settlement_date = Some(self.time.date()),
            _ => {}
        }
        terms
    }

    pub(super) fn pay(&mut self) -> (Operation, Vec<String>) {
        let (debtor, currency) = (self.bank(), self.currency());
        let payment = self.terms(&debtor, currency);
        (Pay { payment }.into(), self.signers(&debtor))
    }

    pub(super) fn pay_bulk(&mut self) -> (Operation, Vec<String>) {
        let (debtor, currency) = (self.bank(), self.currency());
        let debtor_agent = self.name(&debtor);
        let payments = (0..self.rng.usize(1..6))
            .map(|_| {
                let mut terms = self.terms(&debtor, currency);
                terms.debtor_agent = debtor_agent.clone();
                terms.currency = currency;
                terms
            })
            .collect();
        (PayBulk { payments }.into(), self.signers(&debtor))
    }

    pub(super) fn linked(&mut self) -> (Operation, Vec<String>) {
        let mut signers = Vec::new();
        let legs = (0..self.rng.usize(2..4))
            .map(|_| {
                let (debtor, currency) = (self.bank(), self.currency());
                for signer in self.signers(&debtor) {
                    if !signers.contains(&signer) {
                        signers.push(signer);
                    }
                }
                self.terms(&debtor, currency)
            })
            .collect();
        (Linked { legs }.into(), signers)
    }

    pub(super) fn hold(&mut self) -> (Operation, Vec<String>) {
        let (debtor, currency) = (self.bank(), self.currency());
        let payment = self.terms(&debtor, currency);
        let lasts = DurationMs::from_millis(self.rng.u64(200..20_000));
        let expires = self.time.after(lasts);
        (Hold { payment, expires }.into(), self.signers(&debtor))
    }

    pub(super) fn post(&mut self) -> (Operation, Vec<String>) {
        let open = self.record(|record| {
            matches!(record.kind, RecordKind::Hold { .. })
                && record.status == TransactionStatus::Pdng
        });
        let Some((key, record)) = open else {
            return self.hold();
        };
        let held = u64::try_from(record.movement.amount.minor()).unwrap_or(u64::MAX - 2);
        let amount = Amount::from_minor(u128::from(self.rng.u64(1..held + 2)));
        let (agent, signers) = self.either_side(&key.agent, record.movement.creditor_agent);
        let post = Post {
            agent,
            uetr: key.uetr,
            amount,
        };
        (post.into(), signers)
    }

    pub(super) fn void(&mut self) -> (Operation, Vec<String>) {
        let open = self.record(|record| matches!(record.kind, RecordKind::Hold { .. }));
        let Some((key, record)) = open else {
            return self.hold();
        };
        let (agent, signers) = self.either_side(&key.agent, record.movement.creditor_agent);
        let uetr = key.uetr;
        (Void { agent, uetr }.into(), signers)
    }

    pub(super) fn send_back(&mut self) -> (Operation, Vec<String>) {
        let paid = self.record(|record| {
            matches!(record.kind, RecordKind::Payment | RecordKind::Hold { .. })
                && matches!(
                    record.status,
                    TransactionStatus::Acsc | TransactionStatus::Accc
                )
        });
        let Some((key, record)) = paid else {
            return self.pay();
        };
        let (debtor, creditor) = (
            key.agent,
            record.movement.creditor_agent.unwrap_or(key.agent),
        );
        let (Some(debtor), Some(creditor)) =
            (self.institution(&debtor), self.institution(&creditor))
        else {
            return self.pay();
        };
        let whole = self.rng.bool();
        let part = self.amount().min(record.movement.amount);
        let send_back = Return {
            uetr: self.uetr(),
            original_agent: self.name(&debtor),
            original_uetr: key.uetr,
            amount: if whole { record.movement.amount } else { part },
            reason: "AC04".parse().expect("constant"),
            message_hash: None,
        };
        (send_back.into(), self.signers(&creditor))
    }
}
