//! The whole state of the ledger as one value: tables under one root, and what can be derived from them.
//!
//! A clone is cheap and independent: a draft block executes on a clone, adopting it is a move, a query snapshot is a
//! clone. Derived indices (agents by identifier, settlement accounts by owner, what falls due when) are rebuilt from the tables and are
//! not under the root.

mod reads;

use crate::business_day::{BusinessDayKey, BusinessDayRecord};
use crate::credit::{CreditLine, CreditLineKey};
use crate::due::{Due, Forgettable};
use crate::exchange::{ExchangeRecord, OpenQuote, QuoteRecord, RateFixKey, RateFixRecord};
use crate::operations::terms::Priority;
use crate::queue::{CycleRecord, QueueEntry, Standing};
use crate::recalls::RecallCase;
use crate::records::{
    Account, AccountClass, AccountStatus, BilateralLimit, Currency, EmergencyRecord,
    InstructionKey, KeyRecord, LimitKey, Participant, PendingApproval, Record, RtgsReference,
};
use crate::rulebook::{Rulebook, RulebookRecord};
use crate::state_tree::{ProveError, StateTree, combine, prove};
use crate::supervision::{FreezePlace, FreezeRow, Licence, LicenceKey};
use crate::table::Table;
use crate::travel_rule::{Attestation, AttestationKey, PairKey, PairSum};
use crate::usage::{LimitIndex, UsageKey};
use crate::window::SlidingSum;
use imbl::{OrdMap, OrdSet};
use karwan_types::{
    AccountNumber, AgentIdentification, ChainId, CurrencyCode, EmergencyRuleId, Hash, Height,
    InstructionHash, JurisdictionCode, Lei, PublicKey, StateProof, Timestamp, TransactionId,
    ValidatorSet, encode,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the chain stands: the one row of the `chain` table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainRecord {
    /// The chain.
    pub chain_id: ChainId,
    /// The height of the last block executed.
    pub height: Height,
    /// Its time.
    pub time: Timestamp,
    /// The validators of the next height.
    pub validators: ValidatorSet,
    /// The validators of the height after that.
    pub next_validators: ValidatorSet,
    /// The jurisdictions, in order.
    pub jurisdictions: Vec<JurisdictionCode>,
    /// The version of the rulebook in force.
    pub rulebook: u32,
    /// How many entries the queue has ever had.
    pub queue_entries: u64,
}

/// The ledger after some block.
#[derive(Clone, Debug)]
pub struct State {
    pub(crate) chain: Table<u8, ChainRecord>,
    pub(crate) currencies: Table<CurrencyCode, Currency>,
    pub(crate) participants: Table<Lei, Participant>,
    pub(crate) keys: Table<PublicKey, KeyRecord>,
    pub(crate) accounts: Table<AccountNumber, Account>,
    pub(crate) records: Table<InstructionKey, Record>,
    pub(crate) approvals: Table<InstructionHash, PendingApproval>,
    pub(crate) transactions: Table<TransactionId, Timestamp>,
    pub(crate) references: Table<RtgsReference, InstructionKey>,
    /// The heights whose header names other next validators than its own, and those next validators.
    pub(crate) validator_changes: Table<Height, ValidatorSet>,
    pub(crate) rulebooks: Table<u32, RulebookRecord>,
    pub(crate) emergencies: Table<EmergencyRuleId, EmergencyRecord>,
    pub(crate) queue: Table<u64, QueueEntry>,
    pub(crate) limits: Table<LimitKey, BilateralLimit>,
    pub(crate) cycles: Table<Height, CycleRecord>,
    pub(crate) rate_fixes: Table<RateFixKey, RateFixRecord>,
    pub(crate) quotes: Table<InstructionKey, QuoteRecord>,
    pub(crate) exchanges: Table<InstructionHash, ExchangeRecord>,
    /// Recalls, under the payments that they ask for.
    pub(crate) recalls: Table<InstructionKey, RecallCase>,
    pub(crate) licences: Table<LicenceKey, Licence>,
    pub(crate) business_days: Table<BusinessDayKey, BusinessDayRecord>,
    pub(crate) credit_lines: Table<CreditLineKey, CreditLine>,
    pub(crate) usage: Table<UsageKey, SlidingSum>,
    pub(crate) limit_index: LimitIndex,
    pub(crate) freezes: Table<FreezePlace, FreezeRow>,
    /// The accounts that the end of a winding down has blocked, with the status that each had before.
    pub(crate) wound_down: Table<AccountNumber, AccountStatus>,
    pub(crate) attestations: Table<AttestationKey, Attestation>,
    pub(crate) pair_sums: Table<PairKey, PairSum>,
    pub(crate) rules: Arc<Rulebook>,
    /// Every entry of the queue in its order: class, place, number.
    pub(crate) queue_order: OrdSet<(Priority, u64, u64)>,
    pub(crate) standings: OrdSet<Standing>,
    pub(crate) queued_keys: OrdMap<InstructionKey, u64>,
    /// The entries whose time is still to come.
    pub(crate) starts: OrdSet<(Timestamp, u64)>,
    /// The accounts with a queue that got money, room or their turn in the block under way. Empty between blocks.
    pub(crate) ready: OrdSet<AccountNumber>,
    /// The entries that an authority's order stops, as of the last order or the block's beginning.
    pub(crate) stopped: OrdSet<u64>,
    /// Whether an order changed since.
    pub(crate) orders_changed: bool,
    /// Whether an issuer asked for a cycle in the block under way.
    pub(crate) cycle_asked: bool,
    pub(crate) emergency_ends: OrdSet<(Timestamp, EmergencyRuleId)>,
    /// The suspended licences.
    pub(crate) suspended: OrdSet<LicenceKey>,
    pub(crate) agents: OrdMap<AgentIdentification, Lei>,
    /// Every institution's own accounts in a currency, in order; the first is the one meant when none is named.
    pub(crate) settlement_accounts: OrdMap<(Lei, CurrencyCode), Vec<AccountNumber>>,
    /// The institutions that have a compliance key.
    pub(crate) attesters: OrdSet<Lei>,
    /// The accounts below zero, by currency.
    pub(crate) owing: OrdSet<(CurrencyCode, AccountNumber)>,
    /// The institutions that have not repaid intraday credit in a currency.
    pub(crate) overdue: OrdSet<(Lei, CurrencyCode)>,
    /// The accounts that moved in the block under way, with their balances before it. Empty between blocks.
    pub(crate) moved: BTreeMap<AccountNumber, i128>,
    /// The versions of the rulebook that are to come into force.
    pub(crate) activations: OrdSet<(Timestamp, u32)>,
    pub(crate) due: OrdSet<(Timestamp, Due)>,
    pub(crate) forgettable: OrdSet<(Timestamp, Forgettable)>,
    pub(crate) open_quotes: OrdSet<OpenQuote>,
}

/// The only key of the `chain` table.
pub(crate) const CHAIN_ROW: u8 = 0;

impl State {
    /// Tables with nothing in them but the chain record and the rulebook in force.
    pub(crate) fn empty(chain: ChainRecord, rules: Arc<Rulebook>) -> Self {
        let mut state = Self {
            chain: Table::new(),
            currencies: Table::new(),
            participants: Table::new(),
            keys: Table::new(),
            accounts: Table::new(),
            records: Table::new(),
            approvals: Table::new(),
            transactions: Table::new(),
            references: Table::new(),
            validator_changes: Table::new(),
            rulebooks: Table::new(),
            emergencies: Table::new(),
            queue: Table::new(),
            limits: Table::new(),
            cycles: Table::new(),
            rate_fixes: Table::new(),
            quotes: Table::new(),
            exchanges: Table::new(),
            recalls: Table::new(),
            licences: Table::new(),
            freezes: Table::new(),
            business_days: Table::new(),
            credit_lines: Table::new(),
            usage: Table::new(),
            limit_index: LimitIndex::default(),
            wound_down: Table::new(),
            attestations: Table::new(),
            pair_sums: Table::new(),
            rules,
            queue_order: OrdSet::new(),
            standings: OrdSet::new(),
            queued_keys: OrdMap::new(),
            starts: OrdSet::new(),
            ready: OrdSet::new(),
            stopped: OrdSet::new(),
            orders_changed: false,
            cycle_asked: false,
            emergency_ends: OrdSet::new(),
            suspended: OrdSet::new(),
            agents: OrdMap::new(),
            settlement_accounts: OrdMap::new(),
            attesters: OrdSet::new(),
            owing: OrdSet::new(),
            overdue: OrdSet::new(),
            moved: BTreeMap::new(),
            activations: OrdSet::new(),
            due: OrdSet::new(),
            forgettable: OrdSet::new(),
            open_quotes: OrdSet::new(),
        };
        state.chain.insert(CHAIN_ROW, chain);
        state
    }

    /// Where the chain stands.
    #[must_use]
    pub fn chain(&self) -> &ChainRecord {
        self.chain
            .get(&CHAIN_ROW)
            .expect("a state is made with its chain record")
    }
    pub(crate) fn chain_mut(&mut self) -> &mut ChainRecord {
        self.chain
            .get_mut(&CHAIN_ROW)
            .expect("a state is made with its chain record")
    }
    /// The rulebook in force.
    #[must_use]
    pub fn rules(&self) -> &Rulebook {
        &self.rules
    }
    /// Whether a transaction is on the ledger and not yet expired.
    #[must_use]
    pub fn holds_transaction(&self, id: &TransactionId) -> bool {
        self.transactions.get(id).is_some()
    }
    /// The earliest block time at which something falls due by time alone, if anything will.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let due = self.due.get_min().map(|(time, _)| *time);
        let starts = self.starts.get_min().map(|(time, _)| *time);
        let activations = self.activations.get_min().map(|(time, _)| *time);
        let slide = self.next_slide();
        due.into_iter()
            .chain(starts)
            .chain(activations)
            .chain(slide)
            .min()
    }

    /// The root that headers commit to. The state must be sealed.
    #[must_use]
    pub fn root(&self) -> Hash {
        combine(&self.tables())
    }
    /// Brings every tree up to date with its rows.
    pub(crate) fn seal(&mut self) {
        self.chain.seal();
        self.currencies.seal();
        self.participants.seal();
        self.keys.seal();
        self.accounts.seal();
        self.records.seal();
        self.approvals.seal();
        self.transactions.seal();
        self.references.seal();
        self.validator_changes.seal();
        self.rulebooks.seal();
        self.emergencies.seal();
        self.queue.seal();
        self.limits.seal();
        self.cycles.seal();
        self.rate_fixes.seal();
        self.quotes.seal();
        self.exchanges.seal();
        self.recalls.seal();
        self.licences.seal();
        self.freezes.seal();
        self.business_days.seal();
        self.credit_lines.seal();
        self.usage.seal();
        self.wound_down.seal();
        self.attestations.seal();
        self.pair_sums.seal();
    }
    /// Proves an account's row, or that there is no such account.
    ///
    /// # Errors
    /// `ProveError` never for a well-formed number.
    pub fn prove_account(&self, number: &AccountNumber) -> Result<StateProof, ProveError> {
        prove(&self.tables(), "accounts", &encode(number))
    }
    /// The tables in the order in which the root covers them. New tables come last.
    pub(crate) fn tables(&self) -> [(&'static str, &StateTree); 27] {
        [
            ("chain", self.chain.tree()),
            ("currencies", self.currencies.tree()),
            ("participants", self.participants.tree()),
            ("keys", self.keys.tree()),
            ("accounts", self.accounts.tree()),
            ("records", self.records.tree()),
            ("approvals", self.approvals.tree()),
            ("transactions", self.transactions.tree()),
            ("references", self.references.tree()),
            ("validator_changes", self.validator_changes.tree()),
            ("rulebooks", self.rulebooks.tree()),
            ("emergencies", self.emergencies.tree()),
            ("queue", self.queue.tree()),
            ("limits", self.limits.tree()),
            ("cycles", self.cycles.tree()),
            ("rate_fixes", self.rate_fixes.tree()),
            ("quotes", self.quotes.tree()),
            ("exchanges", self.exchanges.tree()),
            ("recalls", self.recalls.tree()),
            ("licences", self.licences.tree()),
            ("freezes", self.freezes.tree()),
            ("business_days", self.business_days.tree()),
            ("credit_lines", self.credit_lines.tree()),
            ("usage", self.usage.tree()),
            ("wound_down", self.wound_down.tree()),
            ("attestations", self.attestations.tree()),
            ("pair_sums", self.pair_sums.tree()),
        ]
    }

    /// Rebuilds everything that is derived from the tables.
    pub(crate) fn derive_indices(&mut self) {
        self.emergency_ends = self
            .emergencies
            .iter()
            .map(|(id, rule)| (rule.until, *id))
            .collect();
        self.agents = OrdMap::new();
        for (lei, participant) in self.participants.iter() {
            if let Some(bic) = participant.bic {
                self.agents.insert(AgentIdentification::Bic(bic), *lei);
            }
            for member in &participant.members {
                self.agents
                    .insert(AgentIdentification::ClearingMember(member.clone()), *lei);
            }
        }
        self.derive_account_indices();
        self.derive_attesters();
        self.due = OrdSet::new();
        for (code, currency) in self.currencies.iter() {
            self.due.insert(currency.due(*code));
        }
        self.forgettable = OrdSet::new();
        self.derive_limit_index();
        (self.queue_order, self.standings) = (OrdSet::new(), OrdSet::new());
        (self.queued_keys, self.starts) = (OrdMap::new(), OrdSet::new());
        for (number, entry) in self.queue.clone().iter() {
            self.index_queue_entry(*number, entry);
        }
        for (key, record) in self.records.iter() {
            self.due.extend(record.due(*key));
            self.forgettable.extend(record.forgettable(*key));
        }
        for (instruction, approval) in self.approvals.iter() {
            self.due.insert(approval.due(*instruction));
        }
        self.activations = OrdSet::new();
        for (version, record) in self.rulebooks.iter() {
            self.activations.extend(record.activation(*version));
        }
        for (key, case) in self.recalls.iter() {
            self.due.extend(case.due(*key));
        }
        self.suspended = OrdSet::new();
        for (key, licence) in self.licences.clone().iter() {
            self.index_licence(key, licence);
        }
        self.derive_freeze_indices();
        for (id, valid_until) in self.transactions.iter() {
            self.forgettable
                .insert((*valid_until, Forgettable::Transaction(*id)));
        }
        self.derive_exchange_indices();
        self.derive_travel_indices();
    }

    fn derive_account_indices(&mut self) {
        self.settlement_accounts = OrdMap::new();
        (self.owing, self.overdue) = (OrdSet::new(), OrdSet::new());
        for (number, account) in self.accounts.iter() {
            let key = (account.owner, account.currency);
            if account.class == AccountClass::Settlement {
                let accounts = self.settlement_accounts.entry(key).or_default();
                accounts.push(number.clone());
            }
            if account.owes() {
                self.owing.insert((account.currency, number.clone()));
            }
            if account.overdue {
                self.overdue.insert(key);
            }
        }
    }

    /// Records an instruction and what block time will bring about for it.
    pub(crate) fn put_record(&mut self, key: InstructionKey, record: Record) {
        if let Some(old) = self.records.get(&key) {
            if let Some(due) = old.due(key) {
                self.due.remove(&due);
            }
            if let Some(forgettable) = old.forgettable(key) {
                self.forgettable.remove(&forgettable);
            }
        }
        self.due.extend(record.due(key));
        self.forgettable.extend(record.forgettable(key));
        self.records.insert(key, record);
    }
    /// Everything that waits, by number.
    pub fn queue(&self) -> impl Iterator<Item = (&u64, &QueueEntry)> {
        self.queue.iter()
    }
    /// The liquidity-saving cycles of late, by height.
    pub fn cycles(&self) -> impl Iterator<Item = (&Height, &CycleRecord)> {
        self.cycles.iter()
    }
    /// All bilateral limits.
    pub fn limits(&self) -> impl Iterator<Item = (&LimitKey, &BilateralLimit)> {
        self.limits.iter()
    }
    /// The entry of the queue that a payment belongs to, while it waits.
    #[must_use]
    pub fn queued(&self, key: &InstructionKey) -> Option<(u64, &QueueEntry)> {
        let number = self.queued_keys.get(key)?;
        Some((*number, self.queue.get(number)?))
    }
    pub(crate) fn queue_entry(&self, number: u64) -> &QueueEntry {
        let entry = self.queue.get(&number);
        entry.expect("the indices hold entries of the queue only")
    }
    /// The queue of an account, in its order.
    pub(crate) fn standings(&self, account: &AccountNumber) -> impl Iterator<Item = &Standing> {
        let from = (account.clone(), Priority::Urgt, 0, 0);
        let to = (account.clone(), Priority::Norm, u64::MAX, u64::MAX);
        self.standings.range(from..=to)
    }
    fn index_queue_entry(&mut self, number: u64, entry: &QueueEntry) {
        self.queue_order
            .insert((entry.priority, entry.place, number));
        self.standings.extend(entry.standings(number));
        self.due.insert(entry.due(number));
        // Only what lies ahead of the last block, so that a restored state has the same ones.
        if entry.from > self.chain().time {
            self.starts.insert((entry.from, number));
        }
        for leg in &entry.legs {
            self.queued_keys.insert(leg.key, number);
        }
        self.index_creditors(number, entry);
    }
    /// Puts an entry into the queue, or changes its class or place, which gives it another turn.
    pub(crate) fn put_queue_entry(&mut self, number: u64, entry: QueueEntry) {
        let changes = self.queue.get(&number).is_some();
        if changes {
            self.take_queue_entry(number);
        }
        self.index_queue_entry(number, &entry);
        if changes {
            // Only now: an entry that waits alone had left its account without a queue.
            for standing in entry.standings(number) {
                self.mark_ready(&standing.0);
            }
        }
        self.queue.insert(number, entry);
    }
    /// Takes an entry out of the queue. What stood behind it may have its turn.
    pub(crate) fn take_queue_entry(&mut self, number: u64) -> QueueEntry {
        let entry = self.queue.remove(&number);
        let entry = entry.expect("the indices hold entries of the queue only");
        self.queue_order
            .remove(&(entry.priority, entry.place, number));
        for standing in entry.standings(number) {
            self.standings.remove(&standing);
            self.mark_ready(&standing.0);
        }
        self.due.remove(&entry.due(number));
        self.starts.remove(&(entry.from, number));
        for leg in &entry.legs {
            self.queued_keys.remove(&leg.key);
        }
        self.forget_creditors(number, &entry);
        entry
    }
    /// Gives everything whose time has come its turn. All of it, in every block: what waits is bounded, and a part left for the
    /// next block would be lost with a restart.
    pub(crate) fn start_queue_entries(&mut self, time: Timestamp) {
        while let Some((from, number)) = self.starts.get_min().copied() {
            if from > time {
                return;
            }
            self.starts.remove(&(from, number));
            let standings: Vec<Standing> = self.queue_entry(number).standings(number).collect();
            for standing in standings {
                self.mark_ready(&standing.0);
            }
        }
    }
    /// Something changed for the better for an account; its queue is looked at when the block ends.
    pub(crate) fn mark_ready(&mut self, account: &AccountNumber) {
        // Most of the time nothing waits anywhere, and every payment comes by here.
        if !self.standings.is_empty() && self.standings(account).next().is_some() {
            self.ready.insert(account.clone());
        }
    }
    /// The same for all accounts of which something is true.
    pub(crate) fn mark_ready_where(&mut self, concerns: impl Fn(&Account) -> bool) {
        let waiting = self.standings.iter().map(|(account, ..)| account);
        let concerned = waiting.filter(|number| self.account(number).is_some_and(&concerns));
        let accounts: OrdSet<AccountNumber> = concerned.cloned().collect();
        self.ready = self.ready.clone().union(accounts);
    }
    /// Records a version of the rulebook and when it is to be activated.
    pub(crate) fn put_rulebook(&mut self, version: u32, record: RulebookRecord) {
        let old = self.rulebooks.get(&version);
        if let Some(activation) = old.and_then(|old| old.activation(version)) {
            self.activations.remove(&activation);
        }
        self.activations.extend(record.activation(version));
        self.rulebooks.insert(version, record);
    }
    /// Puts a recorded version in force.
    pub(crate) fn activate_rulebook(&mut self, version: u32) {
        let record = self.rulebooks.get(&version).expect("a recorded version");
        self.rules = Arc::new(record.rulebook.clone());
        self.chain_mut().rulebook = version;
        self.reset_day_ends();
        self.orders_changed = true;
    }
    /// Records an emergency rule, or its earlier end.
    pub(crate) fn put_emergency(&mut self, id: EmergencyRuleId, record: EmergencyRecord) {
        if let Some(old) = self.emergencies.get(&id) {
            self.emergency_ends.remove(&(old.until, id));
        }
        self.emergency_ends.insert((record.until, id));
        self.emergencies.insert(id, record);
        // What refuses for another reason is not stopped by an order any more, and the other way round.
        self.orders_changed = true;
    }
    pub(crate) fn put_approval(&mut self, instruction: InstructionHash, approval: PendingApproval) {
        self.due.insert(approval.due(instruction));
        self.approvals.insert(instruction, approval);
    }
    pub(crate) fn take_approval(
        &mut self,
        instruction: &InstructionHash,
    ) -> Option<PendingApproval> {
        let approval = self.approvals.remove(instruction)?;
        self.due.remove(&approval.due(*instruction));
        Some(approval)
    }
    pub(crate) fn remember_transaction(&mut self, id: TransactionId, valid_until: Timestamp) {
        self.forgettable
            .insert((valid_until, Forgettable::Transaction(id)));
        self.transactions.insert(id, valid_until);
    }
}
