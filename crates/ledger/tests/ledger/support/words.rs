//! Names and what follows from them: an institution's LEI, BIC, keys and account numbers, a payment's UETR, an amount.

use karwan_types::{
    AccountNumber, AgentIdentification, Amount, Bic, CurrencyCode, Date, DurationMs, Hash,
    HashDomain, JurisdictionCode, Lei, SecretKey, Timestamp, Uetr, hash_of, mod_97,
};
use std::sync::OnceLock;

/// An institution of the test network, by its invented name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Institution {
    pub(crate) name: &'static str,
    pub(crate) country: &'static str,
}

const fn institution(name: &'static str, country: &'static str) -> Institution {
    Institution { name, country }
}

pub(crate) const PK_ISSUER: Institution = institution("PKISSUER", "PK");
pub(crate) const KG_ISSUER: Institution = institution("KGISSUER", "KG");
pub(crate) const KZ_ISSUER: Institution = institution("KZISSUER", "KZ");
pub(crate) const UZ_ISSUER: Institution = institution("UZISSUER", "UZ");
/// A large bank of PK, with client money in a segregated account.
pub(crate) const INDUS: Institution = institution("INDUS", "PK");
/// A small bank of PK, with a blocked and a closed account.
pub(crate) const RAVI: Institution = institution("RAVI", "PK");
pub(crate) const NARYN: Institution = institution("NARYN", "KG");
pub(crate) const TALAS: Institution = institution("TALAS", "KG");
pub(crate) const TOBOL: Institution = institution("TOBOL", "KZ");
pub(crate) const ZARAFSHAN: Institution = institution("ZARAFSHAN", "UZ");

/// The central banks with their currencies.
pub(crate) const ISSUERS: [(Institution, &str); 4] = [
    (PK_ISSUER, "PKR"),
    (KG_ISSUER, "KGS"),
    (KZ_ISSUER, "KZT"),
    (UZ_ISSUER, "UZS"),
];
/// The commercial banks.
pub(crate) const BANKS: [Institution; 6] = [INDUS, RAVI, NARYN, TALAS, TOBOL, ZARAFSHAN];

impl Institution {
    /// The name, zeros, and the check digits that ISO 7064 asks for. Worked out once: random sequences ask a million times.
    pub(crate) fn lei(self) -> Lei {
        static LEIS: OnceLock<Vec<(Institution, Lei)>> = OnceLock::new();
        let known = LEIS.get_or_init(|| {
            let issuers = ISSUERS.map(|(issuer, _)| issuer);
            let all = issuers.into_iter().chain(BANKS);
            all.map(|one| (one, one.new_lei())).collect()
        });
        let found = known.iter().find(|(one, _)| *one == self);
        found.map_or_else(|| self.new_lei(), |(_, lei)| *lei)
    }
    fn new_lei(self) -> Lei {
        let head = format!("{:0<18}", self.name);
        let rest = mod_97(&format!("{head}00")).expect("names are capital letters");
        let check = 98u32.checked_sub(rest).expect("a rest is below 97");
        format!("{head}{check:02}")
            .parse()
            .expect("the digits were made right")
    }
    pub(crate) fn bic(self) -> Bic {
        let bank: String = self.name.chars().take(4).collect();
        format!("{bank}{}KA", self.country)
            .parse()
            .expect("names have four letters and more")
    }
    /// How messages name it.
    pub(crate) fn agent(self) -> AgentIdentification {
        AgentIdentification::Bic(self.bic())
    }
}

fn key(name: &str) -> SecretKey {
    let seed = hash_of(HashDomain::Payload, &[name.as_bytes()]);
    SecretKey::from_seed(seed.as_bytes())
}
/// The key that enters an institution's instructions.
pub(crate) fn maker(of: Institution) -> SecretKey {
    key(&format!("{} maker", of.name))
}
/// Another maker of the same institution.
pub(crate) fn second_maker(of: Institution) -> SecretKey {
    key(&format!("{} second maker", of.name))
}
pub(crate) fn checker(of: Institution) -> SecretKey {
    key(&format!("{} checker", of.name))
}
pub(crate) fn releaser(of: Institution) -> SecretKey {
    key(&format!("{} releaser", of.name))
}
/// A key that attests payments only.
pub(crate) fn compliance(of: Institution) -> SecretKey {
    key(&format!("{} compliance", of.name))
}
/// A key that signs access tokens only.
pub(crate) fn reader(of: Institution) -> SecretKey {
    key(&format!("{} reader", of.name))
}
pub(crate) fn governor(country: &str) -> SecretKey {
    key(&format!("{country} governor"))
}
pub(crate) fn regulator(country: &str) -> SecretKey {
    key(&format!("{country} regulator"))
}
/// A key with which the regulator signs orders.
pub(crate) fn supervisor(country: &str, number: u8) -> SecretKey {
    key(&format!("{country} supervisor {number}"))
}
pub(crate) fn court(country: &str) -> SecretKey {
    key(&format!("{country} court"))
}
pub(crate) fn second_court(country: &str) -> SecretKey {
    key(&format!("{country} second court"))
}
pub(crate) fn auditor(country: &str) -> SecretKey {
    key(&format!("{country} auditor"))
}
pub(crate) fn validator(country: &str) -> SecretKey {
    key(&format!("{country} validator"))
}
/// A key that nobody registered.
pub(crate) fn stranger(name: &str) -> SecretKey {
    key(&format!("stranger {name}"))
}
/// Everybody whom an institution's largest instruction needs.
pub(crate) fn all(of: Institution) -> Vec<SecretKey> {
    let two = vec![maker(of), checker(of)];
    if ISSUERS.iter().any(|(issuer, _)| *issuer == of) {
        return two;
    }
    [two, vec![releaser(of)]].concat()
}
/// Several institutions' signers together.
pub(crate) fn together(of: &[Institution]) -> Vec<SecretKey> {
    of.iter().flat_map(|one| all(*one)).collect()
}

/// A reference by a name that people can read.
pub(crate) fn uetr(name: &str) -> Uetr {
    let hash: Hash = hash_of(HashDomain::Payload, &[b"uetr ", name.as_bytes()]);
    let half = hash
        .as_bytes()
        .first_chunk()
        .expect("a hash has more than 16 bytes");
    Uetr::from_random_bytes(*half)
}
/// `10.50 PKR`.
pub(crate) fn money(text: &str) -> (CurrencyCode, Amount) {
    let (amount, currency) = text.split_once(' ').expect("written as 10.50 PKR");
    let currency = code(currency);
    let amount = Amount::parse(amount, currency).expect("a test's amounts are well-formed");
    (currency, amount)
}
pub(crate) fn code(text: &str) -> CurrencyCode {
    text.parse().expect("a currency of ISO 4217")
}
pub(crate) fn country(text: &str) -> JurisdictionCode {
    text.parse().expect("two capital letters")
}
pub(crate) fn account(text: &str) -> AccountNumber {
    text.parse().expect("a well-formed account number")
}
pub(crate) fn date(text: &str) -> Date {
    text.parse().expect("a date")
}
pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}
pub(crate) const fn millis(millis: u64) -> DurationMs {
    DurationMs::from_millis(millis)
}
pub(crate) const SECOND: DurationMs = millis(1_000);
pub(crate) const MINUTE: DurationMs = millis(60_000);
pub(crate) const HOUR: DurationMs = millis(3_600_000);
pub(crate) const DAY: DurationMs = millis(86_400_000);
