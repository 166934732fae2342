//! A small world: three jurisdictions with a central bank each, banks, a regulator and an auditor. Keys are made from names.

use karwan_ledger::{
    AccountClass, AccountStatus, ApprovalTier, Direction, Genesis, GenesisAccount, GenesisCurrency,
    GenesisDocument, GenesisJurisdiction, GenesisKey, GenesisParticipant, LimitRule, NationalRules,
    OnExceed, OnShortage, Operation, ParticipantKind, Pay, PaymentKind, PaymentTerms, Priority,
    Role, Rulebook, Transaction,
};
use karwan_types::{
    AccountNumber, Amount, ChainId, CurrencyCode, DurationMs, EncodedTransaction, Lei, PublicKey,
    SecretKey, Timestamp, Uetr, Validator, mod_97,
};

/// The time of genesis.
pub(crate) const GENESIS_MS: u64 = 1_795_000_000_000;
/// What an account holds at the beginning, in minor units.
pub(crate) const OPENING: u128 = 10_000_000;
/// Payments up to this need no checker, in minor units.
pub(crate) const CAP: u128 = 100_000;

/// Name, jurisdiction, BIC, currency of issue, accounts.
type Institution = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);
const CENTRAL_BANKS: [Institution; 3] = [
    ("SBP", "PK", "SBPPPKKA", &["PKR"]),
    ("NBKR", "KG", "NBKRKG22", &["KGS"]),
    ("CBU", "UZ", "CBUZUZ22", &["UZS"]),
];
const BANKS: [Institution; 4] = [
    ("ALFA", "PK", "ALFAPKKA", &["PKR"]),
    ("BRAVO", "KG", "BRAVKG22", &["PKR", "KGS"]),
    ("DELTA", "UZ", "DELTUZ22", &["PKR", "UZS"]),
    ("ECHO", "UZ", "ECHOUZ22", &["UZS"]),
];

/// The key of a name, such as `ALFA/MAKER` or `PK/REGULATOR`.
pub(crate) fn secret(name: &str) -> SecretKey {
    let mut seed = [7; 32];
    for (byte, letter) in seed.iter_mut().zip(name.bytes()) {
        *byte = letter;
    }
    SecretKey::from_seed(&seed)
}

pub(crate) fn key(name: &str) -> PublicKey {
    secret(name).public_key()
}

/// The LEI of a name, with right check digits.
pub(crate) fn lei(name: &str) -> Lei {
    let base = format!("{name:0<18}");
    let check = 98 - mod_97(&format!("{base}00")).unwrap();
    Lei::parse(&format!("{base}{check:02}")).unwrap()
}

/// The account of an institution in a currency.
pub(crate) fn account(name: &str, currency: &str) -> AccountNumber {
    format!("{name}-{currency}").parse().unwrap()
}

pub(crate) fn uetr(number: u8) -> Uetr {
    Uetr::from_random_bytes([number; 16])
}

fn code(currency: &str) -> CurrencyCode {
    currency.parse().unwrap()
}

fn tier(up_to: Option<&str>, checkers: u8) -> ApprovalTier {
    ApprovalTier {
        up_to: up_to.map(|currency| (code(currency), Amount::from_minor(CAP))),
        makers: 1,
        checkers,
        releasers: 0,
    }
}

fn participant(institution: &Institution, kind: ParticipantKind) -> GenesisParticipant {
    let (name, jurisdiction, bic, currencies) = *institution;
    let role = |word: &str, role: Role| GenesisKey {
        key: key(&format!("{name}/{word}")),
        role,
    };
    let opens = |currency: &&str| GenesisAccount {
        number: account(name, currency),
        currency: code(currency),
        class: AccountClass::Settlement,
        status: AccountStatus::Open,
        opening: Amount::from_minor(OPENING),
    };
    let mut policy: Vec<ApprovalTier> = currencies.iter().map(|one| tier(Some(one), 0)).collect();
    policy.push(tier(None, 1));
    GenesisParticipant {
        lei: lei(name),
        name: format!("{name} BANK")
            .parse::<karwan_types::Sentence>()
            .unwrap(),
        bic: Some(bic.parse().unwrap()),
        jurisdiction: jurisdiction.parse().unwrap(),
        kind,
        members: Vec::new(),
        payload_recipient: None,
        policy,
        keys: vec![
            role("MAKER", Role::Maker),
            role("CHECKER", Role::Checker),
            role("ACCESS", Role::Access),
        ],
        accounts: match kind {
            ParticipantKind::Bank => currencies.iter().map(opens).collect(),
            ParticipantKind::CentralBank
            | ParticipantKind::Vasp
            | ParticipantKind::Emi
            | ParticipantKind::Pso => Vec::new(),
        },
        licences: Vec::new(),
    }
}

/// What the banks of Pakistan may pay in rupees in a day: more than they ever do.
fn rulebook() -> Rulebook {
    let day = DurationMs::from_millis(86_400_000);
    let mut rulebook = Rulebook::plain(day, day);
    let supervision = rulebook.common.supervision;
    let mut pakistan = NationalRules::plain("PK".parse().unwrap(), true, supervision);
    pakistan.limits = vec![LimitRule {
        kind: ParticipantKind::Bank,
        currency: code("PKR"),
        direction: Direction::Debit,
        payment_max: None,
        day_max: Some(Amount::from_minor(900_000_000)),
        holding_max: None,
        on_exceed: OnExceed::Wait,
    }];
    rulebook.national = vec![pakistan];
    rulebook
}

/// The world before its first block.
pub(crate) fn genesis() -> Genesis {
    let jurisdiction = |(_, code, _, _): &Institution| GenesisJurisdiction {
        code: code.parse().unwrap(),
        governors: vec![key(&format!("{code}/GOVERNOR"))],
        regulators: vec![key(&format!("{code}/REGULATOR"))],
        supervisors: vec![key(&format!("{code}/SUPERVISOR"))],
        courts: vec![key(&format!("{code}/COURT"))],
        auditors: vec![key(&format!("{code}/AUDITOR"))],
    };
    let currency = |(name, _, _, currencies): &Institution| GenesisCurrency {
        code: code(currencies[0]),
        issuer: lei(name),
        contra: format!("CONTRA-{}", currencies[0]).parse().unwrap(),
        payment_max: Amount::from_minor(1_000_000_000),
        payment_min: Amount::from_minor(1),
        supply_cap: Amount::from_minor(1_000_000_000_000),
        utc_offset_minutes: 300,
        issuer_window: (0, 1_440),
    };
    let banks = BANKS
        .iter()
        .map(|one| participant(one, ParticipantKind::Bank));
    let central = CENTRAL_BANKS.iter();
    let central = central.map(|one| participant(one, ParticipantKind::CentralBank));
    Genesis::new(GenesisDocument {
        network: "test network".parse().unwrap(),
        time: Timestamp::from_millis(GENESIS_MS),
        rulebook: rulebook(),
        jurisdictions: CENTRAL_BANKS.iter().map(jurisdiction).collect(),
        validators: vec![Validator {
            key: key("VALIDATOR"),
            power: 1,
            jurisdiction: "PK".parse().unwrap(),
        }],
        currencies: CENTRAL_BANKS.iter().map(currency).collect(),
        participants: central.chain(banks).collect(),
    })
    .unwrap()
}

/// An expiry that no test reaches by itself.
pub(crate) fn valid_until() -> Timestamp {
    Timestamp::from_millis(GENESIS_MS + 3_600_000)
}

/// A payment between two banks.
pub(crate) fn terms(from: &str, to: &str, currency: &str, minor: u128, number: u8) -> PaymentTerms {
    PaymentTerms {
        kind: PaymentKind::FinancialInstitution,
        instruction_id: None,
        end_to_end_id: format!("E2E-{number}").parse().unwrap(),
        uetr: uetr(number),
        currency: code(currency),
        amount: Amount::from_minor(minor),
        settlement_date: None,
        debtor_agent: lei(from).to_string().parse().unwrap(),
        debtor_account: None,
        creditor_agent: lei(to).to_string().parse().unwrap(),
        creditor_account: None,
        charge_bearer: None,
        priority: Priority::Norm,
        on_shortage: OnShortage::Queue,
        from_time: None,
        till_time: None,
        reject_time: None,
        purpose: None,
        local_purpose: None,
        commitments: Vec::new(),
        message_hash: None,
        ivms_commitment: None,
        pair_tag: None,
    }
}

/// An instruction signed by keys of these names.
pub(crate) fn signed(
    chain: ChainId,
    operation: impl Into<Operation>,
    valid_until: Timestamp,
    signers: &[&str],
) -> EncodedTransaction {
    let transaction = Transaction::unsigned(chain, operation.into(), valid_until);
    let sign = |transaction: Transaction, name: &&str| transaction.signed_by(&secret(name));
    signers.iter().fold(transaction, sign).to_encoded()
}

/// A payment signed by the debtor's maker.
pub(crate) fn pay(
    chain: ChainId,
    from: &str,
    to: &str,
    currency: &str,
    minor: u128,
    number: u8,
) -> EncodedTransaction {
    let payment = terms(from, to, currency, minor, number);
    let maker = format!("{from}/MAKER");
    signed(chain, Pay { payment }, valid_until(), &[&maker])
}
