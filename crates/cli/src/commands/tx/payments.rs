//! A payment on the command line and in a file of payments.

use crate::files;
use crate::terms::between;
use crate::words::random_uetr;
use anyhow::Context;
use clap::Args;
use karwan_ledger::{PaymentTerms, Priority};
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, CurrencyCode, Date, ExternalCode, Max35Text,
    Timestamp, Uetr,
};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::path::Path;

/// The largest file of payments, in bytes.
const PAYMENTS_BYTES_MAX: usize = 4 << 20;

/// One payment between institutions. Customer payments are read from messages (karwan iso import), because their parties'
/// data may not stand on a command line.
#[derive(Args, Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentArgs {
    /// The institution debited: BIC, LEI or SYSTEM:NUMBER
    #[arg(long, value_name = "AGENT")]
    #[serde(deserialize_with = "agent")]
    from: AgentIdentification,
    /// The institution credited
    #[arg(long, value_name = "AGENT")]
    #[serde(deserialize_with = "agent")]
    to: AgentIdentification,
    /// Currency by its ISO 4217 code
    #[arg(long)]
    currency: CurrencyCode,
    /// Amount in major units, for example 1250.00
    #[arg(long)]
    amount: String,
    /// The payment's reference; a new one when left out
    #[arg(long)]
    uetr: Option<Uetr>,
    /// The account debited; the settlement account when left out
    #[arg(long, value_name = "ACCOUNT")]
    from_account: Option<AccountNumber>,
    /// The account credited; the settlement account when left out
    #[arg(long, value_name = "ACCOUNT")]
    to_account: Option<AccountNumber>,
    /// The end-to-end reference; NOTPROVIDED when left out
    #[arg(long, value_name = "TEXT")]
    end_to_end_id: Option<Max35Text>,
    /// The settlement date; any business date when left out
    #[arg(long, value_name = "DATE")]
    settlement_date: Option<Date>,
    /// URGT, HIGH or NORM
    #[arg(long, value_parser = priority)]
    #[serde(default)]
    priority: Option<Priority>,
    /// Purpose code, for example SUPP
    #[arg(long, value_name = "CODE")]
    purpose: Option<ExternalCode>,
    /// The national purpose code
    #[arg(long, value_name = "CODE")]
    local_purpose: Option<Max35Text>,
    /// Refused when it has not settled by this time
    #[arg(long, value_name = "TIME")]
    reject_time: Option<Timestamp>,
}

impl PaymentArgs {
    pub(crate) fn terms(&self) -> anyhow::Result<PaymentTerms> {
        let end_to_end_id = match &self.end_to_end_id {
            Some(text) => text.clone(),
            None => Max35Text::parse("NOTPROVIDED")?,
        };
        let uetr = self.uetr.map_or_else(random_uetr, Ok)?;
        let amount = amount(&self.amount, self.currency)?;
        let bare = between(
            (&self.from, &self.to),
            self.currency,
            amount,
            (uetr, end_to_end_id),
        );
        Ok(PaymentTerms {
            settlement_date: self.settlement_date,
            debtor_account: self.from_account.clone(),
            creditor_account: self.to_account.clone(),
            priority: self.priority.unwrap_or(Priority::Norm),
            reject_time: self.reject_time,
            purpose: self.purpose.clone(),
            local_purpose: self.local_purpose.clone(),
            ..bare
        })
    }
}

/// An agent in a file, spelled as on the command line.
fn agent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AgentIdentification, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

fn priority(text: &str) -> Result<Priority, String> {
    match text.to_ascii_uppercase().as_str() {
        "URGT" => Ok(Priority::Urgt),
        "HIGH" => Ok(Priority::High),
        "NORM" => Ok(Priority::Norm),
        _ => Err(format!(
            "\"{text}\" is no priority; write URGT, HIGH or NORM"
        )),
    }
}

/// An amount in major units.
pub(crate) fn amount(text: &str, currency: CurrencyCode) -> anyhow::Result<Amount> {
    Amount::parse(text, currency).with_context(|| format!("--amount {text}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaymentFile {
    payments: Vec<PaymentArgs>,
}

/// Reads a file of payments: TOML with a `[[payments]]` table for each, its keys named as the options of `tx pay` with
/// underscores.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<PaymentTerms>> {
    let text = files::read_text(path, PAYMENTS_BYTES_MAX)?;
    let file: PaymentFile = toml::from_str(&text).with_context(|| path.display().to_string())?;
    let terms = |(index, payment): (usize, &PaymentArgs)| {
        let number = index.saturating_add(1);
        payment
            .terms()
            .with_context(|| format!("{}, payment {number}", path.display()))
    };
    file.payments.iter().enumerate().map(terms).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_payments_is_read_and_a_misspelt_key_is_refused() {
        let folder = crate::testing::Folder::new();
        let path = folder.path().join("payments.toml");
        let payment = "[[payments]]\nfrom = \"KRVNPKKA\"\nto = \"KGBIK:109001\"\ncurrency = \"KGS\"\namount = \"12.50\"\n";
        std::fs::write(&path, payment.repeat(2)).unwrap();
        let terms = read(&path).unwrap();
        assert_eq!(
            (terms.len(), terms[0].amount),
            (2, Amount::from_minor(1_250))
        );
        assert_ne!(terms[0].uetr, terms[1].uetr);
        std::fs::write(&path, payment.replace("amount", "ammount")).unwrap();
        assert!(read(&path).is_err());
    }
}
