//! The invented world that settles payments: four jurisdictions, their central banks, banks, keys and accounts.
//!
//! Keys are made from the names of their holders, so that whoever needs one can make it again. A participant's spare key
//! is the one that is rotated; its generation is read from the ledger.

use crate::clock::EPOCH_MS;
use karwan_ledger::{
    AccountClass, AccountStatus, Activity, ApprovalTier, BusinessDayRules, Direction,
    EndOfDayAction, Genesis, GenesisAccount, GenesisCurrency, GenesisDocument, GenesisJurisdiction,
    GenesisKey, GenesisLicence, GenesisParticipant, LicenceScope, LimitRule, Money, NationalRules,
    OnExceed, ParticipantKind, Permission, Role, Rulebook, State, SupervisionRules, TravelRules,
};
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, Bic, ClearingMember, CurrencyCode, DurationMs,
    HashDomain, JurisdictionCode, Lei, Max35Text, PublicKey, SecretKey, Timestamp, Validator,
    hash_of, mod_97,
};
use std::collections::BTreeMap;

/// The activity that the first home licenses.
const ACTIVITY: &str = "SETTLEMENT";
/// An activity on which no payment depends, because nobody here keeps client money on an account of its class.
pub(crate) const CUSTODY: &str = "CUSTODY";
/// How long a business is wound down here, in milliseconds: short, so that its end is seen.
const WIND_DOWN_MS: u64 = 20_000;
/// When the ledger begins.
const GENESIS_TIME: Timestamp = Timestamp::from_millis(EPOCH_MS - 60_000);
/// Jurisdiction and currency.
const HOMES: [(&str, &str); 4] = [("PK", "PKR"), ("KG", "KGS"), ("KZ", "KZT"), ("UZ", "UZS")];
/// What every bank has on each of its accounts at the beginning, in minor units.
const OPENING: u128 = 20_000_000;
/// Up to this amount a bank's maker signs alone, in minor units of the bank's own currency.
pub(crate) const MAKER_ALONE_MAX: u128 = 100_000;

/// An institution and the names it answers to.
#[derive(Clone, Debug)]
pub(crate) struct Institution {
    pub(crate) name: String,
    pub(crate) lei: Lei,
    pub(crate) names: Vec<AgentIdentification>,
    pub(crate) jurisdiction: JurisdictionCode,
    pub(crate) kind: ParticipantKind,
}

/// The whole world of clients.
pub(crate) struct Town {
    pub(crate) genesis: Genesis,
    /// Banks and others that pay.
    pub(crate) banks: Vec<Institution>,
    /// One central bank for each currency.
    pub(crate) issuers: BTreeMap<CurrencyCode, Institution>,
    pub(crate) currencies: Vec<CurrencyCode>,
    keys: BTreeMap<String, SecretKey>,
}

/// The key that belongs to a name.
pub(crate) fn key_of(name: &str) -> SecretKey {
    let seed = hash_of(HashDomain::Payload, &[b"simulated key ", name.as_bytes()]);
    SecretKey::from_seed(seed.as_bytes())
}

impl Town {
    /// Builds the genesis of a network with these validators.
    pub(crate) fn new(powers: &[u64], retention_ms: u64) -> Self {
        let mut town = Builder::default();
        for (code, currency) in HOMES {
            town.add_home(code, currency);
        }
        let validators = powers
            .iter()
            .enumerate()
            .map(|(number, power)| validator(number, *power))
            .collect();
        let mut rulebook = Rulebook::plain(
            DurationMs::from_millis(3_600_000),
            DurationMs::from_millis(retention_ms),
        );
        rulebook.national = vec![licensing(rulebook.common.supervision)];
        rulebook.common.travel_rule = Some(travel_rule());
        rulebook.common.limits = limits();
        let document = GenesisDocument {
            network: "simulation".parse().expect("constant"),
            time: GENESIS_TIME,
            rulebook,
            jurisdictions: town.jurisdictions,
            validators,
            currencies: town.currencies,
            participants: town.participants,
        };
        let currencies = HOMES.map(|(_, code)| currency(code)).to_vec();
        let genesis = Genesis::new(document).expect("the town's genesis follows the rules");
        Self {
            genesis,
            banks: town.banks,
            issuers: town.issuers,
            currencies,
            keys: town.keys,
        }
    }

    /// The home that licenses its institutions.
    pub(crate) fn licensing_home(&self) -> JurisdictionCode {
        HOMES[0].0.parse().expect("constant")
    }

    /// The key with this name: made once, because making one costs as much as a signature.
    pub(crate) fn key(&mut self, name: String) -> &SecretKey {
        self.keys
            .entry(name)
            .or_insert_with_key(|name| key_of(name))
    }

    /// The name of an institution's spare key that is in force, and of the one after it.
    pub(crate) fn spare(&mut self, state: &State, holder: &str) -> (String, String) {
        let mut generation = 0u32;
        loop {
            let name = spare_name(holder, generation);
            let public = self.key(name.clone()).public_key();
            let in_force = state
                .key(&public)
                .is_some_and(|record| record.revoked_at.is_none());
            if in_force || generation > 100 {
                return (name, spare_name(holder, generation + 1));
            }
            generation += 1;
        }
    }
}

/// A validator by its number; jurisdictions take turns.
pub(crate) fn validator(number: usize, power: u64) -> Validator {
    let (home, _) = HOMES[number % HOMES.len()];
    Validator {
        key: key_of(&format!("validator {number}")).public_key(),
        power,
        jurisdiction: home.parse().expect("constant"),
    }
}

/// The name of a governor's key.
pub(crate) fn governor(jurisdiction: JurisdictionCode) -> String {
    format!("governor {jurisdiction}")
}

/// The name of a regulator's key.
pub(crate) fn regulator(jurisdiction: JurisdictionCode) -> String {
    format!("regulator {jurisdiction}")
}

/// The name of a key with which a regulator signs orders.
pub(crate) fn supervisor(jurisdiction: JurisdictionCode, number: u8) -> String {
    format!("supervisor {jurisdiction} {number}")
}

/// The name of a key of a jurisdiction's courts.
pub(crate) fn court(jurisdiction: JurisdictionCode, number: u8) -> String {
    format!("court {jurisdiction} {number}")
}

/// The name of an auditor's key.
pub(crate) fn auditor(jurisdiction: JurisdictionCode) -> String {
    format!("auditor {jurisdiction}")
}

fn spare_name(holder: &str, generation: u32) -> String {
    format!("{holder}/spare {generation}")
}

fn currency(code: &str) -> CurrencyCode {
    code.parse().expect("constant")
}

/// The account of an institution in a currency.
pub(crate) fn account(institution: &str, currency: CurrencyCode) -> AccountNumber {
    format!("{institution}:{currency}")
        .parse()
        .expect("short names")
}

#[derive(Default)]
struct Builder {
    jurisdictions: Vec<GenesisJurisdiction>,
    currencies: Vec<GenesisCurrency>,
    participants: Vec<GenesisParticipant>,
    banks: Vec<Institution>,
    issuers: BTreeMap<CurrencyCode, Institution>,
    keys: BTreeMap<String, SecretKey>,
}

impl Builder {
    fn public(&mut self, name: String) -> PublicKey {
        let key = key_of(&name);
        let public = key.public_key();
        self.keys.insert(name, key);
        public
    }

    fn add_home(&mut self, code: &str, money: &str) {
        let jurisdiction: JurisdictionCode = code.parse().expect("constant");
        let governor = self.public(governor(jurisdiction));
        let regulator = self.public(regulator(jurisdiction));
        let auditor = self.public(auditor(jurisdiction));
        let supervisors = [1, 2].map(|number| self.public(supervisor(jurisdiction, number)));
        let courts = [1, 2].map(|number| self.public(court(jurisdiction, number)));
        self.jurisdictions.push(GenesisJurisdiction {
            code: jurisdiction,
            governors: vec![governor],
            regulators: vec![regulator],
            auditors: vec![auditor],
            supervisors: supervisors.into(),
            courts: courts.into(),
        });
        let issuer = self.add_institution(code, "CB", ParticipantKind::CentralBank);
        self.currencies.push(GenesisCurrency {
            code: currency(money),
            issuer: issuer.lei,
            contra: format!("CONTRA:{money}").parse().expect("constant"),
            payment_max: Amount::from_minor(10_000_000),
            payment_min: Amount::from_minor(10),
            supply_cap: Amount::from_minor(300_000_000),
            utc_offset_minutes: 300,
            // One of the issuers closes a minute after the beginning.
            issuer_window: if money == "UZS" {
                (0, 14 * 60 + 1)
            } else {
                (0, 24 * 60)
            },
        });
        self.issuers.insert(currency(money), issuer);
        for name in ["AA", "BB"] {
            let bank = self.add_institution(code, name, ParticipantKind::Bank);
            self.banks.push(bank);
        }
        if code == "PK" {
            let vasp = self.add_institution(code, "VA", ParticipantKind::Vasp);
            self.banks.push(vasp);
        }
    }

    fn add_institution(&mut self, home: &str, short: &str, kind: ParticipantKind) -> Institution {
        let name = format!("{home}{short}");
        let bic: Bic = format!("{short}KW{home}22").parse().expect("constant");
        let member = ClearingMember {
            system: Max35Text::parse(&format!("{home}CLR")).expect("constant"),
            member: Max35Text::parse(&name).expect("constant"),
        };
        let institution = Institution {
            lei: lei(&name),
            names: vec![
                AgentIdentification::Bic(bic),
                AgentIdentification::ClearingMember(member.clone()),
                AgentIdentification::Lei(lei(&name)),
            ],
            jurisdiction: home.parse().expect("constant"),
            name,
            kind,
        };
        let roles = [
            ("maker", Role::Maker),
            ("checker", Role::Checker),
            ("releaser", Role::Releaser),
            ("spare 0", Role::Maker),
            ("compliance", Role::Compliance),
        ];
        let keys = roles
            .into_iter()
            .map(|(label, role)| GenesisKey {
                key: self.public(format!("{}/{label}", institution.name)),
                role,
            })
            .collect();
        self.participants.push(GenesisParticipant {
            lei: institution.lei,
            name: institution
                .name
                .parse()
                .expect("a short name is a sentence"),
            bic: Some(bic),
            jurisdiction: institution.jurisdiction,
            kind,
            members: vec![member],
            payload_recipient: None,
            policy: policy(home, short),
            keys,
            accounts: accounts(&institution),
            licences: licences(&institution),
        });
        institution
    }
}

/// Small amounts in the bank's own currency need a maker; other amounts a checker too; `BB` banks also have large ones
/// released.
fn policy(home: &str, short: &str) -> Vec<ApprovalTier> {
    let own = HOMES
        .iter()
        .find(|(code, _)| *code == home)
        .map(|(_, money)| currency(money))
        .expect("every home has its currency");
    let tier = |up_to: Option<u128>, checkers, releasers| ApprovalTier {
        up_to: up_to.map(|minor| (own, Amount::from_minor(minor))),
        makers: 1,
        checkers,
        releasers,
    };
    match short {
        "CB" => vec![tier(None, 1, 0)],
        "BB" => vec![
            tier(Some(MAKER_ALONE_MAX), 0, 0),
            tier(Some(MAKER_ALONE_MAX * 10), 1, 0),
            tier(None, 1, 1),
        ],
        _ => vec![tier(Some(MAKER_ALONE_MAX), 0, 0), tier(None, 1, 0)],
    }
}

/// Customer payments across a border from 500 rupees or soms on, summed over a day; little time to attest them.
fn travel_rule() -> TravelRules {
    let threshold = |money: &str| Money {
        currency: currency(money),
        amount: Amount::from_minor(50_000),
    };
    TravelRules {
        window_ms: DurationMs::from_millis(86_400_000),
        waiting_max_ms: DurationMs::from_millis(20_000),
        attestation_max_ms: DurationMs::from_millis(3_600_000),
        thresholds: vec![threshold("KGS"), threshold("PKR")],
    }
}

/// What banks may pay in a day in one currency, and hold in another: little enough to let some payments wait.
fn limits() -> Vec<LimitRule> {
    let limit = |currency: &str, direction| LimitRule {
        kind: ParticipantKind::Bank,
        currency: currency.parse().expect("constant"),
        direction,
        payment_max: None,
        day_max: None,
        holding_max: None,
        on_exceed: OnExceed::Wait,
    };
    vec![
        LimitRule {
            holding_max: Some(Amount::from_minor(OPENING + OPENING / 20)),
            ..limit("KGS", Direction::Credit)
        },
        LimitRule {
            day_max: Some(Amount::from_minor(OPENING / 10)),
            ..limit("PKR", Direction::Debit)
        },
    ]
}

/// What the first home licenses: the activity that is the example of every instruction about licences, and one on which nothing
/// depends. The other homes ask for none.
fn licensing(supervision: SupervisionRules) -> NationalRules {
    let home = HOMES[0].0.parse().expect("constant");
    let supervision = SupervisionRules {
        wind_down_ms: DurationMs::from_millis(WIND_DOWN_MS),
        ..supervision
    };
    let mut rules = NationalRules::plain(home, true, supervision);
    let activity = |code: &str, name: &str, permissions: &[Permission]| Activity {
        code: code.parse().expect("constant"),
        name: name.parse().expect("constant"),
        law: None,
        kinds: vec![ParticipantKind::Bank],
        permissions: permissions.into(),
        checklist: vec!["BUSINESS-PLAN".parse().expect("constant")],
        no_objection: true,
        term_max_ms: DurationMs::from_millis(365 * 86_400_000),
    };
    let settlement = [
        Permission::InstitutionPayment,
        Permission::CustomerPayment,
        Permission::IssueAndRedemption,
        Permission::Exchange,
        Permission::ClientMoney,
    ];
    rules.activities = vec![
        activity(
            CUSTODY,
            "Custody of client money",
            &[Permission::ClientMoney],
        ),
        activity(ACTIVITY, "Settlement of payments", &settlement),
    ];
    // A business day ends two minutes after the beginning: the date rolls, and intraday credit is asked back.
    rules.business_days = vec![BusinessDayRules {
        currency: currency(HOMES[0].1),
        ends_minute: 14 * 60 + 2,
        customer_cut_off_minute: Some(14 * 60 + 1),
        weekend: Vec::new(),
        holidays: Vec::new(),
        end_of_day: EndOfDayAction::Hold,
        foreign_holding_max: None,
    }];
    rules
}

fn licences(institution: &Institution) -> Vec<GenesisLicence> {
    let home = HOMES[0].0.parse().ok();
    if home != Some(institution.jurisdiction) || institution.kind != ParticipantKind::Bank {
        return Vec::new();
    }
    vec![GenesisLicence {
        activity: ACTIVITY.parse().expect("constant"),
        scope: LicenceScope::default(),
        until: GENESIS_TIME.after(DurationMs::from_millis(300 * 86_400_000)),
    }]
}

fn accounts(institution: &Institution) -> Vec<GenesisAccount> {
    if institution.kind == ParticipantKind::CentralBank {
        return Vec::new();
    }
    HOMES
        .iter()
        .map(|(_, money)| GenesisAccount {
            number: account(&institution.name, currency(money)),
            currency: currency(money),
            class: AccountClass::Settlement,
            // One bank may not be debited in one currency.
            status: if institution.name == "UZBB" && *money == "KZT" {
                AccountStatus::BlockedDebit
            } else {
                AccountStatus::Open
            },
            opening: Amount::from_minor(OPENING),
        })
        .collect()
}

/// A well-formed LEI for an invented institution.
pub(crate) fn lei(name: &str) -> Lei {
    let base = format!("SIMULATION{name:0<8}");
    let rest = mod_97(&format!("{base}00")).expect("letters and digits");
    format!("{base}{:02}", 98 - rest)
        .parse()
        .expect("check digits were just made")
}
