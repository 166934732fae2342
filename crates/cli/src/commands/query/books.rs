//! `karwan query issuance`: what a currency rests on.

use super::show;
use crate::exit::Failure;
use crate::output::Output;
use clap::Subcommand;
use karwan_rpc::{Client, IssuanceGetParams, View};
use karwan_types::{CurrencyCode, Max35Text};

#[derive(Subcommand)]
pub(super) enum BooksQuery {
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
