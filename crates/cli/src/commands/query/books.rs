//! `karwan query statements`, `statement`, `entries` and `issuance`: the books of accounts, and what a currency rests on.

use super::show;
use crate::exit::Failure;
use crate::output::Output;
use clap::Subcommand;
use karwan_rpc::{
    Client, IssuanceGetParams, StatementsEntriesParams, StatementsGetParams, StatementsListParams,
    View,
};
use karwan_types::{AccountNumber, CurrencyCode, Date, Max35Text, Uetr};

#[derive(Subcommand)]
pub(super) enum BooksQuery {
    /// The business days of an account that are over, with their seals
    Statements {
        /// The account's number
        number: AccountNumber,
        /// Only days after this one
        #[arg(long, value_name = "DATE")]
        after: Option<Date>,
    },
    /// One business day of an account: balances, number of entries, digest
    Statement {
        /// The account's number
        number: AccountNumber,
        /// The business date; the present one when left out
        date: Option<Date>,
    },
    /// The entries of a business day of an account, newest first
    Entries {
        /// The account's number
        number: AccountNumber,
        /// The business date; the present one when left out
        date: Option<Date>,
        /// Those with this reference instead, whenever they were booked
        #[arg(long, value_name = "UETR", conflicts_with = "date")]
        uetr: Option<Uetr>,
        /// Only entries before this one, by its number
        #[arg(long, value_name = "SEQUENCE")]
        before: Option<u64>,
    },
    /// What is outstanding of a currency that the caller oversees, and the RTGS references that it rests on
    Issuance {
        /// The currency
        currency: CurrencyCode,
        /// Only references after this one
        #[arg(long, value_name = "REFERENCE")]
        after: Option<Max35Text>,
    },
}

pub(super) async fn ask(
    client: &Client,
    query: BooksQuery,
    at_least_height: Option<u64>,
    output: Output,
) -> Result<(), Failure> {
    match query {
        BooksQuery::Statements { number, after } => {
            let params = StatementsListParams {
                account: View(number),
                after: after.map(View),
                limit: None,
                at_least_height,
            };
            show(output, client.statements_list(params).await)
        }
        BooksQuery::Statement { number, date } => {
            let params = StatementsGetParams {
                account: View(number),
                date: date.map(View),
                at_least_height,
            };
            show(output, client.statements_get(params).await)
        }
        BooksQuery::Entries {
            number,
            date,
            uetr,
            before,
        } => {
            let params = StatementsEntriesParams {
                account: View(number),
                date: date.map(View),
                uetr: uetr.map(View),
                before,
                limit: None,
                at_least_height,
            };
            show(output, client.statements_entries(params).await)
        }
        BooksQuery::Issuance { currency, after } => {
            let params = IssuanceGetParams {
                currency: View(currency),
                after: after.map(View),
                limit: None,
                at_least_height,
            };
            show(output, client.issuance_get(params).await)
        }
    }
}
