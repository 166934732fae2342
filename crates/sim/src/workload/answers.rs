//! Instructions that answer others, and those of issuers and key holders.

use super::Thinker;
use karwan_ledger::{
    Approve, Attest, Cancel, ConfirmCredit, CurrencyHalt, CurrencyResume, CurrencyStatus, Issue,
    IssueRequest, Operation, RecordKind, RedeemCancel, RedeemConfirm, RedeemRequest, RotateKey,
};
use karwan_types::{AgentIdentification, DurationMs, Hash, Lei, TransactionStatus};

impl Thinker<'_> {
    /// The debtor agent's name in a message, and signatures of either side.
    pub(super) fn either_side(
        &mut self,
        debtor: &Lei,
        creditor: Option<Lei>,
    ) -> (AgentIdentification, Vec<String>) {
        let side = if self.rng.bool() {
            *debtor
        } else {
            creditor.unwrap_or(*debtor)
        };
        let agent = self.agent(debtor);
        let signing = self.institution(&side).unwrap_or_else(|| self.bank());
        (agent, self.signers(&signing))
    }

    fn agent(&mut self, lei: &Lei) -> AgentIdentification {
        match self.institution(lei) {
            Some(institution) => self.name(&institution),
            None => AgentIdentification::Lei(*lei),
        }
    }

    /// The attestation of a payment that waits for one, mostly right in every field; of any payment when none waits.
    pub(super) fn attest(&mut self) -> (Operation, Vec<String>) {
        let state = self.state;
        let waiting: Vec<_> = state
            .queue()
            .flat_map(|(_, entry)| {
                let unattested = state.unattested(entry);
                let legs = entry.legs.iter();
                legs.filter(move |leg| unattested.contains(&leg.key))
            })
            .collect();
        let terms = if waiting.is_empty() {
            let (debtor, currency) = (self.bank(), self.currency());
            self.terms(&debtor, currency)
        } else {
            waiting[self.rng.usize(0..waiting.len())].terms.clone()
        };
        let mut attest = Attest {
            debtor_agent: terms.debtor_agent,
            uetr: terms.uetr,
            debtor_account: terms.debtor_account,
            creditor_agent: terms.creditor_agent,
            creditor_account: terms.creditor_account,
            currency: terms.currency,
            amount: terms.amount,
            ivms_commitment: terms.ivms_commitment.unwrap_or(Hash::from_bytes([1; 32])),
            pair_tag: terms.pair_tag,
            expires: self.time.after(DurationMs::from_millis(600_000)),
            rulebook: state.chain().rulebook,
        };
        match self.rng.u8(0..16) {
            0 => attest.amount = self.amount(),
            1 => attest.pair_tag = None,
            _ => {}
        }
        let operation = attest.into();
        let signers = self.signers_of(&operation);
        (operation, signers)
    }

    pub(super) fn issue_request(&mut self) -> (Operation, Vec<String>) {
        let bank = self.bank();
        let home = self
            .town
            .issuers
            .iter()
            .find(|(_, issuer)| issuer.jurisdiction == bank.jurisdiction)
            .map(|(currency, _)| *currency);
        let currency = match self.rng.u8(0..10) {
            0 => self.currency(),
            _ => home.expect("every bank has its central bank"),
        };
        let request = IssueRequest {
            uetr: self.uetr(),
            agent: self.name(&bank),
            currency,
            amount: self.amount(),
            rtgs_reference: self.reference(),
        };
        (request.into(), self.signers(&bank))
    }

    pub(super) fn issue(&mut self) -> (Operation, Vec<String>) {
        let open = self.record(|record| {
            record.kind == RecordKind::IssueRequest && record.status == TransactionStatus::Pdng
        });
        let Some((key, record)) = open else {
            return self.issue_request();
        };
        let issuer = self.issuer(record.movement.currency);
        let issue = Issue {
            agent: self.agent(&key.agent),
            uetr: key.uetr,
            rtgs_credit_reference: self.reference(),
        };
        (issue.into(), self.signers(&issuer))
    }

    pub(super) fn redeem_request(&mut self) -> (Operation, Vec<String>) {
        let bank = self.bank();
        let home = self
            .town
            .issuers
            .iter()
            .find(|(_, issuer)| issuer.jurisdiction == bank.jurisdiction)
            .map(|(currency, _)| *currency);
        let request = RedeemRequest {
            uetr: self.uetr(),
            agent: self.name(&bank),
            currency: home.expect("every bank has its central bank"),
            amount: self.amount(),
            rtgs_account: "RTGS-0001".parse().expect("constant"),
        };
        (request.into(), self.signers(&bank))
    }

    pub(super) fn redeem_confirm(&mut self) -> (Operation, Vec<String>) {
        let open = self.record(|record| {
            record.kind == RecordKind::Redemption && record.status == TransactionStatus::Pdng
        });
        let Some((key, record)) = open else {
            return self.redeem_request();
        };
        let issuer = self.issuer(record.movement.currency);
        let confirm = RedeemConfirm {
            agent: self.agent(&key.agent),
            uetr: key.uetr,
            rtgs_debit_reference: self.reference(),
        };
        (confirm.into(), self.signers(&issuer))
    }

    pub(super) fn redeem_cancel(&mut self) -> (Operation, Vec<String>) {
        let open = self.record(|record| record.kind == RecordKind::Redemption);
        let Some((key, record)) = open else {
            return self.redeem_request();
        };
        let issuer = self.issuer(record.movement.currency);
        let cancel = RedeemCancel {
            agent: self.agent(&key.agent),
            uetr: key.uetr,
        };
        (cancel.into(), self.signers(&issuer))
    }

    /// One more signature under something that waits, by a key of one of those who signed already.
    pub(super) fn approve(&mut self) -> (Operation, Vec<String>) {
        let waiting: Vec<_> = self.state.approvals().collect();
        if waiting.is_empty() {
            return self.pay();
        }
        let (instruction, pending) = waiting[self.rng.usize(0..waiting.len())];
        let holders: Vec<_> = pending
            .signers
            .iter()
            .filter_map(|key| self.state.key(key))
            .filter_map(|record| self.holder(record.holder))
            .collect();
        if holders.is_empty() {
            return self.pay();
        }
        let holder = &holders[self.rng.usize(0..holders.len())];
        let signer = match self.rng.u8(0..8) {
            0 => format!("{}/maker", holder.name),
            1..=3 => format!("{}/releaser", holder.name),
            _ => format!("{}/checker", holder.name),
        };
        let approve = Approve {
            instruction: *instruction,
        };
        (approve.into(), vec![signer])
    }

    pub(super) fn cancel(&mut self) -> (Operation, Vec<String>) {
        let chosen = match self.rng.u8(0..4) {
            0 => self.record(|_| true),
            _ => self.record(|record| {
                record.status == TransactionStatus::Patc
                    || (record.kind == RecordKind::IssueRequest
                        && record.status == TransactionStatus::Pdng)
            }),
        };
        let Some((key, _)) = chosen else {
            return self.issue_request();
        };
        let cancel = Cancel {
            agent: self.agent(&key.agent),
            uetr: key.uetr,
            reason: "CUST".parse().expect("constant"),
        };
        let bank = self.institution(&key.agent).unwrap_or_else(|| self.bank());
        (cancel.into(), self.signers(&bank))
    }

    pub(super) fn confirm_credit(&mut self) -> (Operation, Vec<String>) {
        let paid = self.record(|record| record.status == TransactionStatus::Acsc);
        let Some((key, record)) = paid else {
            return self.pay();
        };
        let confirm = ConfirmCredit {
            agent: self.agent(&key.agent),
            uetr: key.uetr,
        };
        let creditor = record.movement.creditor_agent.unwrap_or(key.agent);
        let bank = self.institution(&creditor).unwrap_or_else(|| self.bank());
        (confirm.into(), self.signers(&bank))
    }

    pub(super) fn currency_halt(&mut self) -> (Operation, Vec<String>) {
        let halted = self
            .state
            .currencies()
            .any(|(_, row)| row.status != CurrencyStatus::Active);
        // One at a time, so that money keeps moving.
        if halted {
            return self.currency_resume();
        }
        let currency = self.currency();
        let halt = CurrencyHalt {
            currency,
            reason: "RTGS outage".parse().expect("constant"),
        };
        let issuer = self.issuer(currency);
        (halt.into(), self.signers(&issuer))
    }

    pub(super) fn currency_resume(&mut self) -> (Operation, Vec<String>) {
        let halted = self
            .state
            .currencies()
            .find(|(_, row)| row.status != CurrencyStatus::Active)
            .map(|(code, _)| *code);
        let currency = match halted {
            Some(code) => code,
            None => self.currency(),
        };
        let resume = CurrencyResume {
            currency,
            reason: "RTGS restored".parse().expect("constant"),
        };
        let issuer = self.issuer(currency);
        (resume.into(), self.signers(&issuer))
    }

    /// Replaces an institution's spare key by the next one.
    pub(super) fn rotate_key(&mut self) -> (Operation, Vec<String>) {
        let bank = self.bank();
        let (old, new) = self.town.spare(self.state, &bank.name);
        let rotate = RotateKey {
            old: self.town.key(old).public_key(),
            new: self.town.key(new).public_key(),
        };
        let name = &bank.name;
        let signers = ["maker", "checker", "releaser"].map(|role| format!("{name}/{role}"));
        (rotate.into(), signers.to_vec())
    }
}
