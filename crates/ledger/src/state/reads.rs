//! What a state answers about its rows: by key, or all of them in order.

use super::State;
use crate::records::{
    Account, Currency, EmergencyRecord, InstructionKey, KeyRecord, Participant, PendingApproval,
    Record, RtgsReference,
};
use crate::rulebook::RulebookRecord;
use karwan_types::{
    AccountNumber, AgentIdentification, CurrencyCode, EmergencyRuleId, Height, InstructionHash,
    Lei, PublicKey, Timestamp, ValidatorSet,
};

impl State {
    /// Every version of the rulebook, by number.
    pub fn rulebooks(&self) -> impl Iterator<Item = (&u32, &RulebookRecord)> {
        self.rulebooks.iter()
    }
    /// Every emergency rule there ever was.
    pub fn emergencies(&self) -> impl Iterator<Item = (&EmergencyRuleId, &EmergencyRecord)> {
        self.emergencies.iter()
    }
    /// The emergency rules in force at a time.
    pub(crate) fn emergencies_at(
        &self,
        time: Timestamp,
    ) -> impl Iterator<Item = (&EmergencyRuleId, &EmergencyRecord)> {
        let latest = self.emergency_ends.iter().rev();
        latest
            .take_while(move |(until, _)| *until > time)
            .filter_map(|(_, id)| Some((id, self.emergencies.get(id)?)))
    }
    /// The institution that an identification names.
    #[must_use]
    pub fn agent(&self, identification: &AgentIdentification) -> Option<Lei> {
        match identification {
            AgentIdentification::Lei(lei) => self.participants.get(lei).map(|_| *lei),
            AgentIdentification::Bic(_) | AgentIdentification::ClearingMember(_) => {
                self.agents.get(identification).copied()
            }
        }
    }
    /// An institution.
    #[must_use]
    pub fn participant(&self, lei: &Lei) -> Option<&Participant> {
        self.participants.get(lei)
    }
    /// All institutions, by LEI.
    pub fn participants(&self) -> impl Iterator<Item = (&Lei, &Participant)> {
        self.participants.iter()
    }
    /// A currency.
    #[must_use]
    pub fn currency(&self, code: &CurrencyCode) -> Option<&Currency> {
        self.currencies.get(code)
    }
    /// All currencies.
    pub fn currencies(&self) -> impl Iterator<Item = (&CurrencyCode, &Currency)> {
        self.currencies.iter()
    }
    /// A registered key.
    #[must_use]
    pub fn key(&self, key: &PublicKey) -> Option<&KeyRecord> {
        self.keys.get(key)
    }
    /// All registered keys.
    pub fn keys(&self) -> impl Iterator<Item = (&PublicKey, &KeyRecord)> {
        self.keys.iter()
    }
    /// An account.
    #[must_use]
    pub fn account(&self, number: &AccountNumber) -> Option<&Account> {
        self.accounts.get(number)
    }
    /// All accounts, by number.
    pub fn accounts(&self) -> impl Iterator<Item = (&AccountNumber, &Account)> {
        self.accounts.iter()
    }
    /// The account from which an institution settles in a currency when an instruction names none.
    #[must_use]
    pub fn settlement_account(
        &self,
        owner: &Lei,
        currency: &CurrencyCode,
    ) -> Option<&AccountNumber> {
        self.own_accounts(*owner, *currency).first()
    }
    /// All accounts of an institution's own money in a currency, in order.
    pub(crate) fn own_accounts(&self, owner: Lei, currency: CurrencyCode) -> &[AccountNumber] {
        let accounts = self.settlement_accounts.get(&(owner, currency));
        accounts.map_or(&[], Vec::as_slice)
    }
    /// An instruction that moves or will move money.
    #[must_use]
    pub fn record(&self, key: &InstructionKey) -> Option<&Record> {
        self.records.get(key)
    }
    /// All such instructions.
    pub fn records(&self) -> impl Iterator<Item = (&InstructionKey, &Record)> {
        self.records.iter()
    }
    /// An instruction that waits for signatures.
    #[must_use]
    pub fn approval(&self, instruction: &InstructionHash) -> Option<&PendingApproval> {
        self.approvals.get(instruction)
    }
    /// All instructions that wait for signatures.
    pub fn approvals(&self) -> impl Iterator<Item = (&InstructionHash, &PendingApproval)> {
        self.approvals.iter()
    }
    /// The movements of the RTGS account that back a currency, by reference, each with the request that it settled.
    pub fn references_of(
        &self,
        currency: CurrencyCode,
    ) -> impl Iterator<Item = (&RtgsReference, &InstructionKey)> {
        let of_currency = move |row: &(&RtgsReference, &InstructionKey)| row.0.currency == currency;
        self.references.iter().filter(of_currency)
    }
    /// Every change of the validator set: the height whose header names the next set, and that set. What a receipt needs.
    pub fn validator_changes(&self) -> impl Iterator<Item = (Height, &ValidatorSet)> {
        self.validator_changes
            .iter()
            .map(|(height, set)| (*height, set))
    }
}
