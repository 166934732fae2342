//! Licences from the application on, freezes and their end, and new versions of the rulebook: each follows what is on the ledger,
//! because nothing in a description says which order there is to lift.

use super::Thinker;
use crate::town::CUSTODY;
use karwan_ledger::{
    ChecklistDocument, EmergencyEnd, Freeze, FreezeConfirm, FreezeKey, FreezeMode, FreezeRecord,
    FreezeSubject, LicenceApply, LicenceGrant, LicenceKey, LicenceNoObjection, LicenceRefuse,
    LicenceReinstate, LicenceScope, LicenceStatus, LicenceSuspend, Operation, QueuedPayments,
    RulebookPropose,
};
use karwan_types::{AgentIdentification, DurationMs, Hash, Sentence, Timestamp};

/// How long orders of this town last at most, in milliseconds: short, so that their ends are seen.
const LASTS_MS: u64 = 15_000;

impl Thinker<'_> {
    fn before_long(&mut self) -> Timestamp {
        let ahead = self.rng.u64(1_000..LASTS_MS);
        self.time.after(DurationMs::from_millis(ahead))
    }
    fn document(&mut self) -> Hash {
        let mut bytes = [0; 32];
        self.rng.fill(&mut bytes);
        Hash::from_bytes(bytes)
    }
    /// Signed by whoever the ledger asks.
    fn ordered(&mut self, operation: impl Into<Operation>) -> (Operation, Vec<String>) {
        let operation = operation.into();
        let signers = self.signers_of(&operation);
        (operation, signers)
    }

    /// A licence with a status that fits, if there is one.
    fn licence(&mut self, fits: impl Fn(LicenceStatus) -> bool) -> Option<LicenceKey> {
        let all = self.state.licences().filter(|(_, row)| fits(row.status));
        let keys: Vec<LicenceKey> = all.map(|(key, _)| key.clone()).collect();
        self.rng.choice(&keys).cloned()
    }

    /// For an activity on which no payment depends, so that money keeps moving.
    pub(super) fn licence_apply(&mut self) -> (Operation, Vec<String>) {
        let home = self.town.licensing_home();
        let banks = self.town.banks.iter();
        let banks: Vec<_> = banks.filter(|bank| bank.jurisdiction == home).collect();
        let bank = self.rng.choice(&banks).expect("every home has its banks");
        let application = LicenceApply {
            agent: AgentIdentification::Lei(bank.lei),
            activity: CUSTODY.parse().expect("constant"),
            documents: vec![ChecklistDocument {
                item: "BUSINESS-PLAN".parse().expect("constant"),
                hash: self.document(),
            }],
        };
        self.ordered(application)
    }

    pub(super) fn licence_no_objection(&mut self) -> (Operation, Vec<String>) {
        let Some(key) = self.licence(|status| status == LicenceStatus::Applied) else {
            return self.licence_apply();
        };
        let no_objection = LicenceNoObjection {
            agent: AgentIdentification::Lei(key.participant),
            activity: key.activity,
            reference: self.reference(),
        };
        self.ordered(no_objection)
    }

    /// Of one that waits for it, or a variation of one in force.
    pub(super) fn licence_grant(&mut self) -> (Operation, Vec<String>) {
        let waits = self.licence(|status| status == LicenceStatus::NoObjection);
        let granted =
            |thinker: &mut Self| thinker.licence(|status| status == LicenceStatus::Granted);
        let Some(key) = waits.or_else(|| granted(self)) else {
            return self.licence_no_objection();
        };
        let until = self.time.after(DurationMs::from_millis(86_400_000));
        let grant = LicenceGrant {
            agent: AgentIdentification::Lei(key.participant),
            activity: key.activity,
            scope: LicenceScope::default(),
            conditions: Vec::new(),
            from: None,
            until,
        };
        self.ordered(grant)
    }

    pub(super) fn licence_refuse(&mut self) -> (Operation, Vec<String>) {
        let asked = |status| matches!(status, LicenceStatus::Applied | LicenceStatus::NoObjection);
        let Some(key) = self.licence(asked) else {
            return self.licence_apply();
        };
        let refuse = LicenceRefuse {
            agent: AgentIdentification::Lei(key.participant),
            activity: key.activity,
            legal_basis: basis(),
            order_hash: self.document(),
        };
        self.ordered(refuse)
    }

    pub(super) fn licence_reinstate(&mut self) -> (Operation, Vec<String>) {
        let suspended = |status| matches!(status, LicenceStatus::Suspended(_));
        if let Some(key) = self.licence(suspended) {
            let reinstate = LicenceReinstate {
                agent: AgentIdentification::Lei(key.participant),
                activity: key.activity,
                legal_basis: basis(),
                order_hash: self.document(),
            };
            return self.ordered(reinstate);
        }
        let Some(key) = self.licence(|status| status == LicenceStatus::Granted) else {
            return self.licence_grant();
        };
        let suspend = LicenceSuspend {
            agent: AgentIdentification::Lei(key.participant),
            activity: key.activity,
            until: Some(self.before_long()),
            queued: QueuedPayments::Wait,
            client_withdrawals: self.rng.bool(),
            legal_basis: basis(),
            order_hash: self.document(),
        };
        self.ordered(suspend)
    }

    fn freeze_on_the_ledger(&mut self) -> Option<(FreezeKey, FreezeRecord)> {
        let all: Vec<_> = self.state.freezes().collect();
        let (key, row) = self.rng.choice(&all)?;
        Some((key.clone(), (*row).clone()))
    }

    pub(super) fn freeze(&mut self) -> (Operation, Vec<String>) {
        let bank = self.bank();
        let own = self
            .state
            .accounts()
            .filter(|(_, row)| row.owner == bank.lei);
        let numbers: Vec<_> = own.map(|(number, _)| number.clone()).collect();
        let subject = match self.rng.choice(&numbers) {
            Some(number) if self.rng.bool() => FreezeSubject::Account(number.clone()),
            Some(_) | None => FreezeSubject::Participant(bank.lei),
        };
        let freeze = Freeze {
            jurisdiction: bank.jurisdiction,
            subject,
            mode: FreezeMode::Debit,
            from: None,
            until: self.before_long(),
            legal_basis: basis(),
            order_hash: self.document(),
            redemption_allowed: self.rng.bool(),
            salt: self.document(),
        };
        self.ordered(freeze)
    }

    pub(super) fn freeze_confirm(&mut self) -> (Operation, Vec<String>) {
        let Some((key, row)) = self.freeze_on_the_ledger() else {
            return self.freeze();
        };
        let confirm = FreezeConfirm {
            jurisdiction: key.jurisdiction,
            subject: key.subject,
            frozen_by: row.order_hash,
            until: Some(self.before_long()),
            court_order_hash: self.document(),
        };
        self.ordered(confirm)
    }

    pub(super) fn unfreeze(&mut self) -> (Operation, Vec<String>) {
        let Some((key, row)) = self.freeze_on_the_ledger() else {
            return self.freeze();
        };
        let unfreeze = karwan_ledger::Unfreeze {
            jurisdiction: key.jurisdiction,
            subject: key.subject,
            frozen_by: row.order_hash,
            order_hash: self.document(),
        };
        self.ordered(unfreeze)
    }

    pub(super) fn emergency_end(&mut self) -> (Operation, Vec<String>) {
        let now = self.time;
        let all = self.state.emergencies();
        let in_force = all.filter(|(_, rule)| rule.until > now);
        let rules: Vec<_> = in_force.map(|(id, _)| *id).collect();
        let Some(rule) = self.rng.choice(&rules).copied() else {
            let (operation, _) = self.filled("EmergencyRule");
            return self.ordered(operation);
        };
        self.ordered(EmergencyEnd {
            jurisdiction: rule.jurisdiction,
            number: rule.number,
        })
    }

    /// The next version, in which something changes that no payment depends on.
    pub(super) fn rulebook_propose(&mut self) -> (Operation, Vec<String>) {
        let mut rulebook = self.state.rules().clone();
        let diff_from = rulebook.version;
        let last = self.state.rulebooks().map(|(version, _)| *version).max();
        rulebook.version = last.unwrap_or(diff_from).saturating_add(1);
        let most = &mut rulebook.common.exchange.quotes_max;
        *most = most.saturating_add(1);
        let notice = rulebook.common.notice_min_ms;
        let propose = RulebookPropose {
            rulebook,
            diff_from,
            activates: self.before_long().after(notice),
            document_hash: self.document(),
            impact_report_hash: None,
        };
        self.ordered(propose)
    }
}

fn basis() -> Sentence {
    "By order of the court".parse().expect("constant")
}
