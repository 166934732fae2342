//! The genesis document of the test network: four jurisdictions, their central banks, six banks.

use super::words::*;
use karwan_ledger::{
    AccountClass, AccountStatus, ApprovalTier, GenesisAccount, GenesisCurrency, GenesisDocument,
    GenesisJurisdiction, GenesisKey, GenesisParticipant, ParticipantKind, Role, Rulebook,
};
use karwan_types::{Amount, ClearingMember, DurationMs, SecretKey, Timestamp, Validator};

/// How far ahead an instruction may expire.
pub(crate) const VALIDITY: DurationMs = millis(4 * 3_600_000);
/// How long a terminal record is kept after its expiry.
pub(crate) const RETENTION: DurationMs = millis(24 * 3_600_000);
/// Monday morning: ten o'clock in Pakistan, eleven in Kyrgyzstan.
pub(crate) fn opening() -> Timestamp {
    time("2026-11-23T05:00:00Z")
}

/// The document. Every test starts from it; a few change it first.
pub(crate) fn network() -> GenesisDocument {
    let banks = BANKS.iter().map(|bank| participant(*bank));
    let issuers = ISSUERS.iter().map(|(issuer, _)| participant(*issuer));
    GenesisDocument {
        network: "test network".parse().expect("a sentence"),
        time: opening(),
        rulebook: Rulebook::plain(VALIDITY, RETENTION),
        jurisdictions: ["PK", "KG", "KZ", "UZ"].map(jurisdiction).into(),
        validators: ["PK", "KG", "KZ", "UZ"].map(home_validator).into(),
        currencies: ISSUERS.map(currency).into(),
        participants: issuers.chain(banks).collect(),
    }
}

fn jurisdiction(code: &str) -> GenesisJurisdiction {
    GenesisJurisdiction {
        code: country(code),
        governors: vec![governor(code).public_key()],
        regulators: vec![regulator(code).public_key()],
        auditors: vec![auditor(code).public_key()],
        supervisors: vec![
            supervisor(code, 1).public_key(),
            supervisor(code, 2).public_key(),
        ],
        courts: vec![court(code).public_key(), second_court(code).public_key()],
    }
}

/// A validator of power 1.
pub(crate) fn home_validator(code: &str) -> Validator {
    Validator {
        key: validator(code).public_key(),
        power: 1,
        jurisdiction: country(code),
    }
}

/// The number of the account with minus everything outstanding.
pub(crate) fn contra(currency: &str) -> String {
    format!("{currency}-CONTRA")
}

fn currency((issuer, name): (Institution, &str)) -> GenesisCurrency {
    let major = |amount: &str| money(&format!("{amount} {name}")).1;
    GenesisCurrency {
        code: code(name),
        issuer: issuer.lei(),
        contra: account(&contra(name)),
        payment_max: major("8000000"),
        payment_min: major("1"),
        supply_cap: major("20000000"),
        utc_offset_minutes: if name == "KGS" { 360 } else { 300 },
        issuer_window: (8 * 60, 18 * 60),
    }
}

fn participant(of: Institution) -> GenesisParticipant {
    let issuer = ISSUERS.iter().any(|(issuer, _)| *issuer == of);
    let members = match of.name {
        "NARYN" => vec![member("KGBIK", "109001")],
        "TALAS" => vec![member("KGBIK", "109002")],
        _ => Vec::new(),
    };
    GenesisParticipant {
        lei: of.lei(),
        name: format!("Bank {}", of.name).parse().expect("a sentence"),
        bic: Some(of.bic()),
        jurisdiction: country(of.country),
        kind: if issuer {
            ParticipantKind::CentralBank
        } else {
            ParticipantKind::Bank
        },
        members,
        policy: if issuer {
            vec![tier(None, 1, 1, 0)]
        } else {
            bank_policy()
        },
        keys: keys(of),
        accounts: accounts(of),
        payload_recipient: None,
        licences: Vec::new(),
    }
}

fn member(system: &str, number: &str) -> ClearingMember {
    ClearingMember {
        system: system.parse().expect("an identifier"),
        member: number.parse().expect("an identifier"),
    }
}

/// Up to 1,000 a maker alone; up to 1,000,000 maker and checker; above that, and for instructions without an amount, a
/// releaser too.
fn bank_policy() -> Vec<ApprovalTier> {
    let mut tiers = Vec::new();
    for (_, currency) in ISSUERS {
        let limit = |amount: &str| Some(money(&format!("{amount} {currency}")));
        tiers.push(tier(limit("1000"), 1, 0, 0));
        tiers.push(tier(limit("1000000"), 1, 1, 0));
    }
    tiers.push(tier(None, 1, 1, 1));
    tiers
}

pub(crate) fn tier(
    up_to: Option<(karwan_types::CurrencyCode, Amount)>,
    makers: u8,
    checkers: u8,
    releasers: u8,
) -> ApprovalTier {
    ApprovalTier {
        up_to,
        makers,
        checkers,
        releasers,
    }
}

fn keys(of: Institution) -> Vec<GenesisKey> {
    let key = |secret: SecretKey, role| GenesisKey {
        key: secret.public_key(),
        role,
    };
    vec![
        key(maker(of), Role::Maker),
        key(second_maker(of), Role::Maker),
        key(checker(of), Role::Checker),
        key(releaser(of), Role::Releaser),
        key(reader(of), Role::Access),
        key(compliance(of), Role::Compliance),
    ]
}

/// An account `NAME-SUFFIX` with its opening balance. Of several in one currency the first by number is the default.
fn accounts(of: Institution) -> Vec<GenesisAccount> {
    use AccountClass::{ClientSegregated, Settlement};
    use AccountStatus::{Blocked, BlockedCredit, BlockedDebit, Closed, Open};
    let rows: &[(&str, &str, AccountClass, AccountStatus)] = match of.name {
        "INDUS" => &[
            ("PKR", "6000000 PKR", Settlement, Open),
            ("KGS", "1000000 KGS", Settlement, Open),
            ("CLIENTS", "200000 PKR", ClientSegregated, Open),
            ("PKR-X-BLOCKED", "500 PKR", Settlement, Blocked),
            ("PKR-X-CLOSED", "0 PKR", Settlement, Closed),
            ("PKR-X-CREDIT-ONLY", "500 PKR", Settlement, BlockedDebit),
            ("PKR-X-DEBIT-ONLY", "500 PKR", Settlement, BlockedCredit),
        ],
        "RAVI" => &[
            ("PKR", "2000000 PKR", Settlement, Open),
            ("KGS", "0 KGS", Settlement, Open),
            ("PKR-X-BLOCKED", "500 PKR", Settlement, Blocked),
            ("PKR-X-CLOSED", "0 PKR", Settlement, Closed),
            ("PKR-X-CREDIT-ONLY", "500 PKR", Settlement, BlockedDebit),
            ("PKR-X-DEBIT-ONLY", "500 PKR", Settlement, BlockedCredit),
        ],
        "NARYN" => &[
            ("KGS", "3000000 KGS", Settlement, Open),
            ("PKR", "500000 PKR", Settlement, Open),
            ("KZT", "100000 KZT", Settlement, Open),
            ("CLIENTS", "0 PKR", ClientSegregated, Open),
        ],
        "TALAS" => &[
            ("KGS", "50000 KGS", Settlement, Open),
            ("PKR", "0 PKR", Settlement, Open),
        ],
        "TOBOL" => &[
            ("KZT", "4000000 KZT", Settlement, Open),
            ("KGS", "20000 KGS", Settlement, Open),
        ],
        "ZARAFSHAN" => &[
            ("UZS", "9000000 UZS", Settlement, Open),
            ("KGS", "10000 KGS", Settlement, Open),
        ],
        _ => &[],
    };
    let row = |(suffix, opening, class, status): &(&str, &str, AccountClass, AccountStatus)| {
        let (currency, opening) = money(opening);
        GenesisAccount {
            number: account(&format!("{}-{suffix}", of.name)),
            currency,
            class: *class,
            status: *status,
            opening,
        }
    };
    rows.iter().map(row).collect()
}
