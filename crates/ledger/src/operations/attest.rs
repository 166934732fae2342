//! `Attest`: the beneficiary's institution says that it has the data of a payment's parties, and takes the payment.
//!
//! It repeats everything that it attests, so that its compliance key signs the payment that it has seen and no other. It may come
//! before the payment. What it says otherwise than a payment that is on the ledger refuses it; what it says otherwise than one
//! that comes later makes it count for nothing.

use super::Execute;
use super::terms::PaymentTerms;
use crate::authority::{Authority, Group, Need};
use crate::checks;
use crate::execution::{Execution, Item};
use crate::records::{Holder, InstructionKey, Money, Record, RecordKind};
use crate::rejection::Rejection;
use crate::rulebook::RulebookStatus;
use crate::state::State;
use crate::travel_rule::{self, Attestation, AttestationKey, TravelData};
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, CurrencyCode, Hash, Lei, Timestamp,
    TransactionStatus, Uetr,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The attestation of a payment, signed by a compliance key of its creditor agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attest {
    /// The payment's debtor agent.
    #[schemars(extend("x-alias" = "from"))]
    pub debtor_agent: AgentIdentification,
    /// The payment.
    pub uetr: Uetr,
    /// The account debited; none means the settlement account in the currency.
    #[schemars(extend("x-alias" = "from-account"))]
    pub debtor_account: Option<AccountNumber>,
    /// The payment's creditor agent, which attests.
    #[schemars(extend("x-alias" = "to"))]
    pub creditor_agent: AgentIdentification,
    /// The account credited; none means the settlement account in the currency.
    #[schemars(extend("x-alias" = "to-account"))]
    pub creditor_account: Option<AccountNumber>,
    /// The currency.
    pub currency: CurrencyCode,
    /// The amount in minor units.
    pub amount: Amount,
    /// The commitment to the IVMS101 data that the institution has.
    pub ivms_commitment: Hash,
    /// The tag of the two persons, if the payment has one.
    pub pair_tag: Option<Hash>,
    /// In force until this block time, exclusive.
    pub expires: Timestamp,
    /// The version of the rulebook under which it was signed.
    pub rulebook: u32,
}

impl Attest {
    fn parties(&self, state: &State) -> Result<(Lei, Lei), Rejection> {
        let debtor = checks::debtor_agent_known(state, &self.debtor_agent)?;
        let creditor = checks::creditor_agent_known(state, &self.creditor_agent)?;
        Ok((debtor, creditor))
    }
    /// The two accounts, which are those of the two institutions.
    fn accounts(
        &self,
        state: &State,
        (debtor, creditor): (Lei, Lei),
    ) -> Result<(AccountNumber, AccountNumber), Rejection> {
        let (agent, given) = (&self.debtor_agent, self.debtor_account.as_ref());
        let (debit, _) = checks::owned(state, self.currency, debtor, (agent, given))?;
        let (agent, given) = (&self.creditor_agent, self.creditor_account.as_ref());
        let credit = checks::owned(state, self.currency, creditor, (agent, given));
        let missing = |_| Rejection::CreditorAccountMissing {
            agent: agent.clone(),
        };
        Ok((debit, credit.map_err(missing)?.0))
    }
    /// How long it may be in force, and under which rulebook it may have been signed.
    fn check_terms(&self, state: &State, time: Timestamp) -> Result<(), Rejection> {
        let rules = state.rules().common.travel_rule.as_ref();
        let rules = rules.ok_or(Rejection::TravelRuleOff)?;
        let known = state.rulebooks.get(&self.rulebook).is_some_and(|record| {
            let status = record.status;
            matches!(status, RulebookStatus::Active | RulebookStatus::Superseded)
        });
        if !known {
            let active = state.chain().rulebook;
            return Err(Rejection::AttestationRulebook { active });
        }
        let latest = time.after(rules.attestation_max_ms);
        if self.expires <= time || self.expires > latest {
            return Err(Rejection::AttestationExpiry { latest });
        }
        Ok(())
    }
    /// Whether the payment that is on the ledger is the one attested.
    fn check_record(
        &self,
        state: &State,
        (key, record): (&InstructionKey, &Record),
        row: &Attestation,
        creditor: Lei,
    ) -> Result<(), Rejection> {
        let uetr = self.uetr;
        let (RecordKind::Payment | RecordKind::Hold { .. }) = record.kind else {
            let needed = "a payment";
            return Err(Rejection::OriginalKind { uetr, needed });
        };
        if record.status != TransactionStatus::Pdng && record.status != TransactionStatus::Patc {
            let status = record.status.as_str();
            return Err(Rejection::OriginalStatus { uetr, status });
        }
        let movement = &record.movement;
        let differs = |field| Rejection::AttestationDiffers { uetr, field };
        if movement.creditor_agent != Some(creditor) {
            return Err(differs("creditor agent"));
        }
        let accounts = movement.debtor_account.as_ref();
        let accounts = accounts.zip(movement.creditor_account.as_ref());
        let money = Money {
            currency: movement.currency,
            amount: movement.amount,
        };
        let data = data_of(state, key, record).unwrap_or(TravelData {
            ivms_commitment: Some(row.ivms_commitment),
            pair_tag: row.pair_tag,
        });
        match row.differs(accounts, money, data) {
            Some(field) => Err(differs(field)),
            None => Ok(()),
        }
    }
}

/// What a payment on the ledger carries of its parties' data; none while it waits for signatures, because nobody has signed for
/// it with effect.
fn data_of(state: &State, key: &InstructionKey, record: &Record) -> Option<TravelData> {
    if let RecordKind::Hold { travel, .. } = record.kind {
        return Some(travel);
    }
    let (_, entry) = state.queued(key)?;
    let leg = entry.legs.iter().find(|leg| leg.key == *key)?;
    Some(TravelData {
        ivms_commitment: leg.terms.ivms_commitment,
        pair_tag: leg.terms.pair_tag,
    })
}

impl Execute for Attest {
    fn check_alone(&self) -> Result<(), Rejection> {
        checks::amount_alone(self.amount)
    }
    fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let (_, creditor) = self.parties(state)?;
        if !state.has_compliance_key(creditor) {
            let agent = self.creditor_agent.clone();
            return Err(Rejection::PayeeKeyNotSet { agent });
        }
        Ok(Authority::new(vec![Group {
            holders: [Holder::Participant(creditor)].into(),
            need: Need::Compliance,
        }]))
    }
    fn execute(&self, execution: &mut Execution<'_>, _open: &[Item]) -> Result<(), Rejection> {
        let (debtor, creditor) = self.parties(execution.state)?;
        let accounts = self.accounts(execution.state, (debtor, creditor))?;
        let payment = InstructionKey {
            agent: debtor,
            uetr: self.uetr,
        };
        self.check_terms(execution.state, execution.time)?;
        let row = Attestation {
            debtor_account: accounts.0,
            creditor_account: accounts.1,
            money: Money {
                currency: self.currency,
                amount: self.amount,
            },
            ivms_commitment: self.ivms_commitment,
            pair_tag: self.pair_tag,
            expires: self.expires,
            rulebook: self.rulebook,
            instruction: execution.instruction,
            height: execution.height,
            kept_until: self.expires,
        };
        if let Some(record) = execution.state.record(&payment) {
            self.check_record(execution.state, (&payment, record), &row, creditor)?;
        }
        let key = AttestationKey {
            payment,
            creditor_agent: creditor,
        };
        execution.state.put_attestation(key, row);
        give_turn(execution, &payment);
        Ok(())
    }
    fn example() -> Self {
        let payment = PaymentTerms::example();
        Self {
            debtor_agent: payment.debtor_agent,
            uetr: payment.uetr,
            debtor_account: payment.debtor_account,
            creditor_agent: payment.creditor_agent,
            creditor_account: payment.creditor_account,
            currency: payment.currency,
            amount: payment.amount,
            ivms_commitment: Hash::from_bytes([5; 32]),
            pair_tag: Some(Hash::from_bytes([6; 32])),
            expires: Timestamp::from_millis(1_790_000_000_000),
            rulebook: 1,
        }
    }
}

/// A payment that waited for this attestation has its turn in this block.
fn give_turn(execution: &mut Execution<'_>, payment: &InstructionKey) {
    let state = &mut *execution.state;
    let Some((number, entry)) = state.queued(payment) else {
        return;
    };
    if travel_rule::waits(state, execution.time, entry.terms()) {
        return;
    }
    let mut entry = entry.clone();
    entry.attest_by = None;
    state.put_queue_entry(number, entry);
}
