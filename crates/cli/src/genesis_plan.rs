//! The plan of a genesis document: what people write, with keys named by their public files and amounts in major units.
//!
//! [`GenesisPlan::build`] turns it into the document that the validators hash. Every key takes its role from the purpose in
//! its public file, so a role is written down once, where the key was made.

use crate::rulebook_document::maxima;
use crate::words::duration;
use anyhow::{Context, bail};
use karwan_ledger::{
    AccountClass, AccountStatus, ApprovalTier, GenesisAccount, GenesisCurrency, GenesisDocument,
    GenesisJurisdiction, GenesisKey, GenesisLicence, GenesisParticipant, LicenceScope,
    ParticipantKind, Role, Rulebook,
};
use karwan_node::keystore::{KeyPurpose, PublicPart};
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, Bic, ClearingMember, CurrencyCode,
    JurisdictionCode, Lei, Max35Text, PayloadRecipient, PublicKey, Sentence, Timestamp, Validator,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The largest plan, in bytes.
pub(crate) const PLAN_BYTES_MAX: usize = 4 << 20;

/// The plan of the development network, which came with this program.
pub(crate) const DEVNET_PLAN: &str = include_str!("../../../node-config/genesis-plan.toml");

/// A genesis plan, as it stands in TOML.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GenesisPlan {
    network: Sentence,
    /// Signing policies by name, because many participants share one.
    policies: BTreeMap<String, Vec<PlannedTier>>,
    pub(crate) jurisdictions: Vec<PlannedJurisdiction>,
    /// A node's development network fills these in itself.
    #[serde(default)]
    pub(crate) validators: Vec<PlannedValidator>,
    pub(crate) currencies: Vec<PlannedCurrency>,
    pub(crate) participants: Vec<PlannedParticipant>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlannedJurisdiction {
    pub(crate) code: JurisdictionCode,
    pub(crate) governors: Vec<String>,
    #[serde(default)]
    pub(crate) regulators: Vec<String>,
    #[serde(default)]
    pub(crate) auditors: Vec<String>,
    /// The keys with which its regulator signs orders.
    #[serde(default)]
    pub(crate) supervisors: Vec<String>,
    /// The keys of its courts.
    #[serde(default)]
    pub(crate) courts: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlannedValidator {
    /// A public file's name, or the key itself.
    pub(crate) key: String,
    pub(crate) power: u64,
    pub(crate) jurisdiction: JurisdictionCode,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlannedCurrency {
    pub(crate) code: CurrencyCode,
    pub(crate) issuer: Lei,
    contra: AccountNumber,
    payment_max: String,
    payment_min: String,
    supply_cap: String,
    utc_offset_minutes: i16,
    /// Local time of day, for example `["09:00", "16:30"]`.
    issuer_window: (String, String),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlannedParticipant {
    pub(crate) lei: Lei,
    pub(crate) name: Sentence,
    pub(crate) bic: Option<Bic>,
    pub(crate) jurisdiction: JurisdictionCode,
    kind: ParticipantKind,
    /// As `SYSTEM:NUMBER`.
    #[serde(default)]
    members: Vec<String>,
    /// The name of a payload key's public file.
    payload: Option<String>,
    /// The name of a policy.
    policy: String,
    pub(crate) keys: Vec<String>,
    #[serde(default)]
    accounts: Vec<PlannedAccount>,
    #[serde(default)]
    licences: Vec<PlannedLicence>,
}

/// A licence that is in force from the genesis time on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlannedLicence {
    activity: Max35Text,
    /// How long it lasts, for example `360d`.
    term: String,
    #[serde(default)]
    currencies: Vec<CurrencyCode>,
    #[serde(default)]
    corridors: Vec<JurisdictionCode>,
    /// Currency and amount, for example `["PKR", "5000000.00"]`.
    #[serde(default)]
    payment_max: Vec<(CurrencyCode, String)>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlannedTier {
    /// Currency and amount, for example `["PKR", "5000000.00"]`; none covers everything.
    up_to: Option<(CurrencyCode, String)>,
    makers: u8,
    checkers: u8,
    #[serde(default)]
    releasers: u8,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlannedAccount {
    number: AccountNumber,
    currency: CurrencyCode,
    #[serde(default = "settlement")]
    class: AccountClass,
    #[serde(default)]
    opening: Option<String>,
}

fn settlement() -> AccountClass {
    AccountClass::Settlement
}

/// Finds the public part of a key by the name of its file.
pub(crate) type FindKey<'a> = &'a dyn Fn(&str) -> anyhow::Result<PublicPart>;

impl GenesisPlan {
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        toml::from_str(text).context("the genesis plan cannot be read")
    }

    /// Every key that the plan names, with its purpose: that of an institution's key is the last part of its name.
    pub(crate) fn key_purposes(&self) -> anyhow::Result<Vec<(String, KeyPurpose)>> {
        let supervisors = self.jurisdictions.iter().flat_map(|one| {
            let signers = one.governors.iter().chain(&one.supervisors);
            let approvers = signers
                .chain(&one.courts)
                .map(|name| (name.clone(), KeyPurpose::Approver));
            let readers = one.regulators.iter().chain(&one.auditors);
            approvers.chain(readers.map(|name| (name.clone(), KeyPurpose::Access)))
        });
        let mut found: Vec<(String, KeyPurpose)> = supervisors.collect();
        for participant in &self.participants {
            for name in participant.key_names() {
                let word = name.rsplit('-').next().unwrap_or_default();
                let purpose = word.parse().map_err(|_| {
                    anyhow::anyhow!(
                        "key {name}: its name must end with its purpose, such as -maker"
                    )
                })?;
                found.push((name.clone(), purpose));
            }
        }
        Ok(found)
    }

    /// The document that begins at `time` under `rulebook`, with the keys that `find` finds.
    pub(crate) fn build(
        &self,
        time: Timestamp,
        rulebook: Rulebook,
        find: FindKey<'_>,
    ) -> anyhow::Result<GenesisDocument> {
        let mut document = GenesisDocument {
            network: self.network.clone(),
            time,
            rulebook,
            jurisdictions: Vec::new(),
            validators: Vec::new(),
            currencies: Vec::new(),
            participants: Vec::new(),
        };
        for jurisdiction in &self.jurisdictions {
            let built = jurisdiction.build(find);
            document
                .jurisdictions
                .push(built.with_context(|| format!("jurisdiction {}", jurisdiction.code))?);
        }
        for validator in &self.validators {
            let key = key_with_purpose(find, &validator.key, KeyPurpose::Validator)?;
            document.validators.push(Validator {
                key,
                power: validator.power,
                jurisdiction: validator.jurisdiction,
            });
        }
        for currency in &self.currencies {
            let built = currency.build();
            document
                .currencies
                .push(built.with_context(|| format!("currency {}", currency.code))?);
        }
        for participant in &self.participants {
            let built = participant.build(find, &self.policies, time);
            document
                .participants
                .push(built.with_context(|| format!("participant {}", participant.name))?);
        }
        Ok(document)
    }
}

impl PlannedJurisdiction {
    fn build(&self, find: FindKey<'_>) -> anyhow::Result<GenesisJurisdiction> {
        let keys = |names: &[String], purpose| {
            names
                .iter()
                .map(|name| key_with_purpose(find, name, purpose))
                .collect::<anyhow::Result<Vec<PublicKey>>>()
        };
        Ok(GenesisJurisdiction {
            code: self.code,
            governors: keys(&self.governors, KeyPurpose::Approver)?,
            regulators: keys(&self.regulators, KeyPurpose::Access)?,
            auditors: keys(&self.auditors, KeyPurpose::Access)?,
            supervisors: keys(&self.supervisors, KeyPurpose::Approver)?,
            courts: keys(&self.courts, KeyPurpose::Approver)?,
        })
    }
}

impl PlannedCurrency {
    fn build(&self) -> anyhow::Result<GenesisCurrency> {
        let amount = |text: &str| Amount::parse(text, self.code);
        Ok(GenesisCurrency {
            code: self.code,
            issuer: self.issuer,
            contra: self.contra.clone(),
            payment_max: amount(&self.payment_max)?,
            payment_min: amount(&self.payment_min)?,
            supply_cap: amount(&self.supply_cap)?,
            utc_offset_minutes: self.utc_offset_minutes,
            issuer_window: (
                minute_of_day(&self.issuer_window.0)?,
                minute_of_day(&self.issuer_window.1)?,
            ),
        })
    }
}

impl PlannedParticipant {
    fn build(
        &self,
        find: FindKey<'_>,
        policies: &BTreeMap<String, Vec<PlannedTier>>,
        time: Timestamp,
    ) -> anyhow::Result<GenesisParticipant> {
        let policy = policies
            .get(&self.policy)
            .with_context(|| format!("there is no policy called \"{}\"", self.policy))?;
        let payload_recipient = match &self.payload {
            Some(name) => Some(recipient(find, name)?),
            None => None,
        };
        let members = self.members.iter().map(|text| member(text));
        let policy = policy.iter().map(PlannedTier::build);
        let keys = self.keys.iter().map(|name| participant_key(find, name));
        let accounts = self.accounts.iter().map(PlannedAccount::build);
        let licences = self.licences.iter().map(|licence| licence.build(time));
        Ok(GenesisParticipant {
            lei: self.lei,
            name: self.name.clone(),
            bic: self.bic,
            jurisdiction: self.jurisdiction,
            kind: self.kind,
            members: members.collect::<anyhow::Result<_>>()?,
            payload_recipient,
            policy: policy.collect::<anyhow::Result<_>>()?,
            keys: keys.collect::<anyhow::Result<_>>()?,
            accounts: accounts.collect::<anyhow::Result<_>>()?,
            licences: licences.collect::<anyhow::Result<_>>()?,
        })
    }
    /// What the names of its keys begin with.
    pub(crate) fn handle(&self) -> Option<&str> {
        let (handle, _) = self.key_names().next()?.rsplit_once('-')?;
        Some(handle)
    }
    /// Every key name that the participant uses, the payload key's too.
    pub(crate) fn key_names(&self) -> impl Iterator<Item = &String> {
        self.keys.iter().chain(&self.payload)
    }
}

impl PlannedLicence {
    fn build(&self, time: Timestamp) -> anyhow::Result<GenesisLicence> {
        let term = duration(&self.term).map_err(anyhow::Error::msg);
        let mut scope = LicenceScope {
            currencies: self.currencies.clone(),
            corridors: self.corridors.clone(),
            payment_max: maxima(&self.payment_max)?,
        };
        scope.currencies.sort_unstable();
        scope.corridors.sort_unstable();
        Ok(GenesisLicence {
            activity: self.activity.clone(),
            scope,
            until: time.after(term.with_context(|| format!("licence {}", self.activity))?),
        })
    }
}

impl PlannedTier {
    fn build(&self) -> anyhow::Result<ApprovalTier> {
        let up_to = match &self.up_to {
            Some((currency, amount)) => Some((*currency, Amount::parse(amount, *currency)?)),
            None => None,
        };
        Ok(ApprovalTier {
            up_to,
            makers: self.makers,
            checkers: self.checkers,
            releasers: self.releasers,
        })
    }
}

impl PlannedAccount {
    fn build(&self) -> anyhow::Result<GenesisAccount> {
        let opening = match &self.opening {
            Some(text) => Amount::parse(text, self.currency)?,
            None => Amount::ZERO,
        };
        Ok(GenesisAccount {
            number: self.number.clone(),
            currency: self.currency,
            class: self.class,
            status: AccountStatus::Open,
            opening,
        })
    }
}

fn member(text: &str) -> anyhow::Result<ClearingMember> {
    match text.parse()? {
        AgentIdentification::ClearingMember(member) => Ok(member),
        AgentIdentification::Bic(_) | AgentIdentification::Lei(_) => {
            bail!("\"{text}\" is no clearing member; write SYSTEM:NUMBER")
        }
    }
}

/// `HH:MM` as minutes of the day; `24:00` is its end.
pub(crate) fn minute_of_day(text: &str) -> anyhow::Result<u16> {
    let read = || -> Option<u16> {
        let (hours, minutes) = text.split_once(':')?;
        let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
        let total = hours.checked_mul(60)?.checked_add(minutes)?;
        (minutes < 60 && total <= 24 * 60).then_some(total)
    };
    read().with_context(|| format!("\"{text}\" is no time of day such as 09:30"))
}

/// A key given by itself, or by the name of its public file.
fn key_with_purpose(
    find: FindKey<'_>,
    name: &str,
    purpose: KeyPurpose,
) -> anyhow::Result<PublicKey> {
    if let Ok(key) = name.parse::<PublicKey>() {
        return Ok(key);
    }
    let public = find(name)?;
    match public.key().filter(|_| public.purpose == purpose) {
        Some(key) => Ok(key),
        None => bail!(
            "key {name} is a {} key, where a {purpose} key is needed",
            public.purpose
        ),
    }
}

fn recipient(find: FindKey<'_>, name: &str) -> anyhow::Result<PayloadRecipient> {
    let public = find(name)?;
    match public.recipient() {
        Some(recipient) => Ok(recipient.clone()),
        None => bail!(
            "key {name} is a {} key, where a payload key is needed",
            public.purpose
        ),
    }
}

fn participant_key(find: FindKey<'_>, name: &str) -> anyhow::Result<GenesisKey> {
    let public = find(name)?;
    let role = match public.purpose {
        KeyPurpose::Maker => Role::Maker,
        KeyPurpose::Checker => Role::Checker,
        KeyPurpose::Releaser => Role::Releaser,
        KeyPurpose::Access => Role::Access,
        KeyPurpose::Compliance => Role::Compliance,
        KeyPurpose::Validator
        | KeyPurpose::Peer
        | KeyPurpose::Approver
        | KeyPurpose::Payload
        | KeyPurpose::Commitment => {
            bail!(
                "key {name} is a {} key, which no participant signs with",
                public.purpose
            )
        }
    };
    let key = public.key().context("signing keys have a public key")?;
    Ok(GenesisKey { key, role })
}

#[cfg(test)]
mod tests;
