//! The genesis document: everything that the validators agree on before the first block. Its hash is the chain id.
//!
//! A document is read from TOML, checked as a whole, and turned into the state of height 0. Nothing can be added later
//! but by transactions; no key in it has more power than its role.

mod licences;

use crate::business_day::{BusinessDayKey, BusinessDayRecord, Calendar};
use crate::records::{
    Account, AccountClass, AccountStatus, ApprovalPolicy, ApprovalTier, Currency, CurrencyStatus,
    Holder, KeyRecord, Participant, ParticipantKind, ParticipantStatus, Role,
};
use crate::rulebook::{Rulebook, RulebookError, RulebookRecord, RulebookStatus};
use crate::state::{ChainRecord, State};
use crate::supervision::LicenceScope;
use karwan_types::{
    AccountDay, AccountNumber, Amount, Bic, ChainId, ClearingMember, CurrencyCode, Height,
    JurisdictionCode, Lei, Max35Text, PayloadRecipient, PublicKey, Sentence, Timestamp,
    TrustAnchor, Validator, ValidatorSet, WordError, encode,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The largest genesis file, in bytes.
pub const GENESIS_BYTES_MAX: usize = 64 << 20;

const MINUTES_PER_DAY: u16 = 24 * 60;
const UTC_OFFSET_MINUTES_MAX: u16 = 14 * 60;

/// The document, as it stands in `genesis.toml`. Amounts are minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisDocument {
    /// The network's name, for people.
    pub network: Sentence,
    /// The time of height 0.
    pub time: Timestamp,
    /// The first version of the rulebook.
    pub rulebook: Rulebook,
    /// The jurisdictions.
    pub jurisdictions: Vec<GenesisJurisdiction>,
    /// The validators of the first heights.
    pub validators: Vec<Validator>,
    /// The currencies.
    pub currencies: Vec<GenesisCurrency>,
    /// The institutions, central banks among them.
    pub participants: Vec<GenesisParticipant>,
}

/// A jurisdiction and who acts for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisJurisdiction {
    /// Its code.
    pub code: JurisdictionCode,
    /// Keys that approve for its governor.
    pub governors: Vec<PublicKey>,
    /// Keys with which its regulator reads.
    pub regulators: Vec<PublicKey>,
    /// Keys with which its auditors read.
    pub auditors: Vec<PublicKey>,
    /// Keys with which its regulator signs orders.
    #[serde(default)]
    pub supervisors: Vec<PublicKey>,
    /// Keys of the registrar of its courts.
    #[serde(default)]
    pub courts: Vec<PublicKey>,
}

/// A currency and its issuer's rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisCurrency {
    /// Its code.
    pub code: CurrencyCode,
    /// The central bank.
    pub issuer: Lei,
    /// The number of the issuer's contra account.
    pub contra: AccountNumber,
    /// The largest single payment.
    pub payment_max: Amount,
    /// The smallest single payment.
    pub payment_min: Amount,
    /// The most that may be outstanding.
    pub supply_cap: Amount,
    /// The offset of the business date from UTC, in minutes.
    pub utc_offset_minutes: i16,
    /// When the issuer takes requests: minutes of its local day.
    pub issuer_window: (u16, u16),
}

/// An institution with its keys, signing policy and accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisParticipant {
    /// Its LEI.
    pub lei: Lei,
    /// Its name.
    pub name: Sentence,
    /// Its BIC.
    pub bic: Option<Bic>,
    /// Its jurisdiction.
    pub jurisdiction: JurisdictionCode,
    /// What it is.
    pub kind: ParticipantKind,
    /// Its numbers in clearing systems.
    pub members: Vec<ClearingMember>,
    /// To whom messages for it are encrypted.
    pub payload_recipient: Option<PayloadRecipient>,
    /// Who must sign for it.
    pub policy: Vec<ApprovalTier>,
    /// Its keys.
    pub keys: Vec<GenesisKey>,
    /// Its accounts.
    pub accounts: Vec<GenesisAccount>,
    /// The licences that it holds.
    #[serde(default)]
    pub licences: Vec<GenesisLicence>,
}

/// A licence that was granted before the ledger began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisLicence {
    /// The activity.
    pub activity: Max35Text,
    /// What it covers.
    #[serde(default)]
    pub scope: LicenceScope,
    /// In force until this time, exclusive.
    pub until: Timestamp,
}

/// A key and its one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisKey {
    /// The key.
    pub key: PublicKey,
    /// Its role.
    pub role: Role,
}

/// An account and what is on it at the beginning, counted as issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisAccount {
    /// Its number.
    pub number: AccountNumber,
    /// Its currency.
    pub currency: CurrencyCode,
    /// What for.
    pub class: AccountClass,
    /// Whether it moves.
    pub status: AccountStatus,
    /// The opening balance.
    pub opening: Amount,
}

/// Why a document is no genesis.
#[derive(Debug, thiserror::Error)]
pub enum GenesisError {
    /// Too large.
    #[error("the genesis file has {0} bytes, more than the limit of {GENESIS_BYTES_MAX}")]
    TooLong(usize),
    /// Not the TOML that it should be.
    #[error("the genesis file cannot be read: {0}")]
    Malformed(String),
    /// A rule broken.
    #[error("genesis: {what} {rule}")]
    Invalid {
        /// Which part.
        what: String,
        /// Which rule.
        rule: &'static str,
    },
    /// A rulebook that is not sound.
    #[error("genesis: {0}")]
    Rulebook(#[from] RulebookError),
    /// A word that is not well-formed.
    #[error("genesis: {0}")]
    Word(#[from] WordError),
}

/// A checked genesis: the chain id, the first validators and the state of height 0.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// The document's hash.
    pub chain_id: ChainId,
    /// The state before the first block.
    pub state: State,
    document: GenesisDocument,
}

impl Genesis {
    /// Reads and checks a genesis file.
    ///
    /// # Errors
    /// `GenesisError` names the first thing wrong.
    pub fn from_toml(text: &str) -> Result<Self, GenesisError> {
        if text.len() > GENESIS_BYTES_MAX {
            return Err(GenesisError::TooLong(text.len()));
        }
        let document: GenesisDocument =
            toml::from_str(text).map_err(|error| GenesisError::Malformed(error.to_string()))?;
        Self::new(document)
    }
    /// Checks a document.
    ///
    /// # Errors
    /// `GenesisError` names the first thing wrong.
    pub fn new(document: GenesisDocument) -> Result<Self, GenesisError> {
        let chain_id = ChainId::of_genesis(&encode(&document));
        let state = build(&document, chain_id)?;
        Ok(Self {
            chain_id,
            state,
            document,
        })
    }
    /// The document as TOML.
    ///
    /// # Errors
    /// `GenesisError::Malformed` when a value has no TOML form, which no checked document has.
    pub fn to_toml(&self) -> Result<String, GenesisError> {
        toml::to_string_pretty(&self.document)
            .map_err(|error| GenesisError::Malformed(error.to_string()))
    }
    /// The document.
    #[must_use]
    pub fn document(&self) -> &GenesisDocument {
        &self.document
    }
    /// What a receipt's verifier must know.
    #[must_use]
    pub fn trust_anchor(&self) -> TrustAnchor {
        TrustAnchor {
            chain_id: self.chain_id,
            validators: self.state.chain().validators.clone(),
        }
    }
}

fn invalid(what: impl ToString, rule: &'static str) -> GenesisError {
    GenesisError::Invalid {
        what: what.to_string(),
        rule,
    }
}

fn build(document: &GenesisDocument, chain_id: ChainId) -> Result<State, GenesisError> {
    let jurisdictions: BTreeSet<JurisdictionCode> = document
        .jurisdictions
        .iter()
        .map(|entry| entry.code)
        .collect();
    if jurisdictions.len() != document.jurisdictions.len() {
        return Err(invalid("a jurisdiction", "is listed twice"));
    }
    for validator in &document.validators {
        PublicKey::parse(*validator.key.as_bytes())
            .map_err(|_| invalid(validator.key, "is no sound validator key"))?;
        if !jurisdictions.contains(&validator.jurisdiction) {
            return Err(invalid(
                validator.key,
                "names a jurisdiction that is not listed",
            ));
        }
    }
    let validators = ValidatorSet::new(document.validators.clone())
        .map_err(|error| invalid(error, "(validator set)"))?;
    let chain = ChainRecord {
        chain_id,
        height: Height::GENESIS,
        time: document.time,
        validators: validators.clone(),
        next_validators: validators,
        jurisdictions: jurisdictions.iter().copied().collect(),
        rulebook: document.rulebook.version,
        queue_entries: 0,
    };
    let mut state = State::empty(chain, Arc::new(document.rulebook.clone()));
    add_rulebook(&mut state, document)?;
    add_jurisdiction_keys(&mut state, document)?;
    for participant in &document.participants {
        add_participant(&mut state, participant, &jurisdictions)?;
    }
    for validator in &document.validators {
        if state.key(&validator.key).is_some() {
            return Err(invalid(
                validator.key,
                "is a validator key and registered for another role; one key holds one role",
            ));
        }
    }
    for currency in &document.currencies {
        add_currency(&mut state, currency)?;
    }
    for participant in &document.participants {
        for account in &participant.accounts {
            add_account(&mut state, participant.lei, account)?;
        }
        for licence in &participant.licences {
            licences::add_licence(&mut state, participant, licence)?;
        }
    }
    state.draw_boundaries();
    state.seal();
    state.derive_indices();
    state.assert_conserved();
    Ok(state)
}

fn add_rulebook(state: &mut State, document: &GenesisDocument) -> Result<(), GenesisError> {
    let rulebook = &document.rulebook;
    rulebook.check()?;
    if let Some(stranger) = rulebook.stranger(&state.chain().jurisdictions) {
        return Err(invalid(
            stranger,
            "has a part of the rulebook but is no jurisdiction of the document",
        ));
    }
    let record = RulebookRecord {
        rulebook: rulebook.clone(),
        status: RulebookStatus::Active,
        diff_from: 0,
        activates: document.time,
        proposal: None,
    };
    state.put_rulebook(rulebook.version, record);
    Ok(())
}

fn add_jurisdiction_keys(
    state: &mut State,
    document: &GenesisDocument,
) -> Result<(), GenesisError> {
    for entry in &document.jurisdictions {
        if entry.governors.is_empty() {
            return Err(invalid(entry.code, "needs a governor key"));
        }
        for key in &entry.governors {
            add_key(state, *key, Holder::Governor(entry.code), Role::Approver)?;
        }
        for key in &entry.regulators {
            add_key(state, *key, Holder::Regulator(entry.code), Role::Access)?;
        }
        for key in &entry.auditors {
            add_key(state, *key, Holder::Auditor(entry.code), Role::Access)?;
        }
        for key in &entry.supervisors {
            add_key(state, *key, Holder::Regulator(entry.code), Role::Approver)?;
        }
        for key in &entry.courts {
            add_key(state, *key, Holder::Court(entry.code), Role::Approver)?;
        }
        let needed = usize::from(document.rulebook.supervision(entry.code).order_signers);
        let enough = |keys: &[PublicKey]| keys.is_empty() || keys.len() >= needed;
        if !enough(&entry.supervisors) || !enough(&entry.courts) {
            return Err(invalid(
                entry.code,
                "has fewer keys of its regulator or its courts than its rulebook asks for under an order",
            ));
        }
    }
    Ok(())
}

fn add_key(
    state: &mut State,
    key: PublicKey,
    holder: Holder,
    role: Role,
) -> Result<(), GenesisError> {
    PublicKey::parse(*key.as_bytes()).map_err(|_| invalid(key, "is no sound key"))?;
    let record = KeyRecord {
        holder,
        role,
        revoked_at: None,
    };
    match state.keys.insert(key, record) {
        None => Ok(()),
        Some(_) => Err(invalid(key, "is registered twice; one key holds one role")),
    }
}

fn add_participant(
    state: &mut State,
    entry: &GenesisParticipant,
    jurisdictions: &BTreeSet<JurisdictionCode>,
) -> Result<(), GenesisError> {
    if !jurisdictions.contains(&entry.jurisdiction) {
        return Err(invalid(
            &entry.name,
            "names a jurisdiction that is not listed",
        ));
    }
    let covers_all = entry.policy.last().is_some_and(|tier| tier.up_to.is_none());
    if !covers_all {
        return Err(invalid(
            &entry.name,
            "needs an approval policy whose last tier has no limit",
        ));
    }
    if entry.policy.iter().any(|tier| tier.makers == 0) {
        return Err(invalid(
            &entry.name,
            "needs at least one maker in every tier of its policy",
        ));
    }
    for key in &entry.keys {
        if key.role == Role::Approver {
            return Err(invalid(
                &entry.name,
                "may not hold a governor's approver key",
            ));
        }
        add_key(state, key.key, Holder::Participant(entry.lei), key.role)?;
    }
    let participant = Participant {
        name: entry.name.clone(),
        bic: entry.bic,
        members: entry.members.clone(),
        payload_recipient: entry.payload_recipient.clone(),
        jurisdiction: entry.jurisdiction,
        kind: entry.kind,
        status: ParticipantStatus::Active,
        policy: ApprovalPolicy {
            tiers: entry.policy.clone(),
        },
    };
    for other in state.participants.iter().map(|(_, other)| other) {
        let same_bic = participant.bic.is_some() && other.bic == participant.bic;
        if same_bic
            || participant
                .members
                .iter()
                .any(|member| other.members.contains(member))
        {
            return Err(invalid(
                &entry.name,
                "shares a BIC or clearing member number with another",
            ));
        }
    }
    match state.participants.insert(entry.lei, participant) {
        None => Ok(()),
        Some(_) => Err(invalid(entry.lei, "is listed twice")),
    }
}

fn add_currency(state: &mut State, entry: &GenesisCurrency) -> Result<(), GenesisError> {
    let is_issuer = state
        .participant(&entry.issuer)
        .is_some_and(|participant| participant.kind == ParticipantKind::CentralBank);
    if !is_issuer {
        return Err(invalid(
            entry.code,
            "names an issuer that is no central bank of the document",
        ));
    }
    check_currency_rules(entry)?;
    let issuer = state.participant(&entry.issuer).expect("found above");
    let calendar = Calendar::new(
        entry.utc_offset_minutes,
        state.rules().business_day(issuer.jurisdiction, entry.code),
    );
    let date = calendar.date_at(state.chain().time);
    let day_ends = calendar.end_of(date);
    let contra = Account::empty(
        date,
        entry.issuer,
        entry.code,
        AccountClass::IssuerContra,
        AccountStatus::Open,
    );
    if state
        .accounts
        .insert(entry.contra.clone(), contra)
        .is_some()
    {
        return Err(invalid(&entry.contra, "is listed twice"));
    }
    let currency = Currency {
        issuer: entry.issuer,
        contra: entry.contra.clone(),
        payment_max: entry.payment_max,
        payment_min: entry.payment_min,
        supply_cap: entry.supply_cap,
        utc_offset_minutes: entry.utc_offset_minutes,
        issuer_window: entry.issuer_window,
        status: CurrencyStatus::Active,
        issued: Amount::ZERO,
        redeemed: Amount::ZERO,
        business_date: date,
        day_ends,
    };
    let key = BusinessDayKey {
        currency: entry.code,
        date,
    };
    let opened = BusinessDayRecord {
        first: Height::GENESIS.next(),
        opened: state.chain().time,
    };
    state.business_days.insert(key, opened);
    match state.currencies.insert(entry.code, currency) {
        None => Ok(()),
        Some(_) => Err(invalid(entry.code, "is listed twice")),
    }
}

/// What would make a currency unusable, or its sums too large for a balance.
fn check_currency_rules(entry: &GenesisCurrency) -> Result<(), GenesisError> {
    let (from, until) = entry.issuer_window;
    let rules = [
        (
            entry.payment_min <= entry.payment_max,
            "has a smallest payment above its largest",
        ),
        (
            from < until && until <= MINUTES_PER_DAY,
            "needs an issuer window that ends after it begins, within one day",
        ),
        (
            entry.utc_offset_minutes.unsigned_abs() <= UTC_OFFSET_MINUTES_MAX,
            "is offset from UTC by more than 14 hours",
        ),
        (
            i128::try_from(entry.supply_cap.minor()).is_ok(),
            "has a supply cap that no balance can hold",
        ),
    ];
    match rules.iter().find(|(holds, _)| !holds) {
        Some((_, rule)) => Err(invalid(entry.code, rule)),
        None => Ok(()),
    }
}

fn add_account(state: &mut State, owner: Lei, entry: &GenesisAccount) -> Result<(), GenesisError> {
    if entry.class == AccountClass::IssuerContra {
        return Err(invalid(
            &entry.number,
            "is a contra account; those are named with their currency",
        ));
    }
    let too_much = || {
        invalid(
            &entry.number,
            "opens with more than the currency's supply cap",
        )
    };
    let opening = i128::try_from(entry.opening.minor()).map_err(|_| too_much())?;
    let currency = state
        .currencies
        .get_mut(&entry.currency)
        .ok_or_else(|| invalid(&entry.number, "is in a currency that is not listed"))?;
    currency.issued = currency
        .issued
        .checked_add(entry.opening)
        .ok_or_else(too_much)?;
    if currency.issued > currency.supply_cap {
        return Err(too_much());
    }
    let contra = currency.contra.clone();
    let contra = state
        .accounts
        .get_mut(&contra)
        .expect("a currency is added with its contra account");
    contra.posted = contra.posted.checked_sub(opening).ok_or_else(too_much)?;
    contra.day.opening = contra.posted;
    let date = contra.day.date;
    let account = Account {
        posted: opening,
        day: AccountDay::opened(date, opening),
        ..Account::empty(date, owner, entry.currency, entry.class, entry.status)
    };
    match state.accounts.insert(entry.number.clone(), account) {
        None => Ok(()),
        Some(_) => Err(invalid(&entry.number, "is listed twice")),
    }
}
