//! `karwan query`: what a node knows, as far as the caller may see it.

mod books;
mod proof;

use crate::approval::fetch;
use crate::exit::{Exit, Failure, Outcome};
use crate::files;
use crate::network::{NetworkArgs, WhoArgs, connect, refused, run as with_node};
use crate::output::Output;
use crate::render;
use clap::{Args, Subcommand};
use karwan_rpc::{
    AccountGetParams, AccountHistoryParams, AccountsListParams, AsOfParams, AttestationsParams,
    BlockGetParams, Client, ClientError, ExchangesListParams, PaymentGetParams, QueueListParams,
    ReceiptGetParams, View,
};
use karwan_types::{AccountNumber, ChainId, InstructionHash, Lei, TransactionId, Uetr};
use serde::Serialize;
use std::path::PathBuf;

/// Balances, payments and receipts need a key of their owner, or of a supervisor: --as NAME. Everything else is public.
#[derive(Args)]
pub(crate) struct QueryArgs {
    #[command(subcommand)]
    what: Query,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    who: WhoArgs,
    /// Wait until the node has reached this height
    #[arg(long, value_name = "HEIGHT", global = true)]
    at_least_height: Option<u64>,
}

#[derive(Subcommand)]
enum Query {
    /// Where the chain stands
    Head,
    /// Who votes
    Validators,
    /// The register of institutions
    Participants,
    /// The register of currencies
    Currencies,
    /// How the node does
    Node,
    /// A block: its certificate, and of its outcomes those that the caller may see
    Block {
        /// The height; the last one when left out
        height: Option<u64>,
    },
    /// The accounts that the caller may see
    Accounts,
    /// One account's balance, with its proof in --json
    Account {
        /// The account's number
        number: AccountNumber,
    },
    /// What moved on an account, newest first
    History {
        /// The account's number
        number: AccountNumber,
        /// Only outcomes before this one, by its number
        #[arg(long, value_name = "SEQUENCE")]
        before: Option<u64>,
    },
    /// A payment and everything that came of it
    Payment(PaymentArgs),
    /// The receipt that proves what came of a payment
    Receipt {
        #[command(flatten)]
        payment: PaymentArgs,
        /// Where the receipt is written; standard output when left out
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// A statement that proves what the ledger holds, or does not hold, under a key
    Proof(proof::ProofArgs),
    /// What waits for signatures of the caller's institution; one instruction in full with its hash
    Approvals {
        /// The hash of one instruction
        instruction: Option<InstructionHash>,
    },
    /// What waits for signatures of governors; one proposal in full with its hash
    Proposals {
        /// The hash of one instruction
        instruction: Option<InstructionHash>,
    },
    /// The payments that wait for funds, of debtors that the caller may see
    Queue {
        /// Only payments of this institution
        #[arg(long, value_name = "LEI")]
        agent: Option<Lei>,
        /// Only entries after this one, by its number
        #[arg(long, value_name = "NUMBER")]
        after: Option<u64>,
    },
    /// Bilateral limits, of debtors that the caller may see
    Limits,
    /// Intraday credit lines and the collateral behind them, as far as the caller may see them
    Credit,
    /// What the rulebook limits institutions to, and what they have used of it, of institutions that the caller may see
    Usage,
    /// What liquidity-saving cycles moved in the currencies that the caller oversees
    Cycles,
    /// The register of licences
    Licences,
    /// The freezes of the caller's own jurisdiction, for its supervisors
    Freezes,
    /// The payments that wait for an attestation under the Travel Rule, and the attestations given
    Attestations,
    #[command(flatten)]
    Books(books::BooksQuery),
    /// The reference rates of the issuers
    Rates,
    /// The quotes that the caller has given, may accept or supervises
    Quotes,
    /// Exchanges of institutions that the caller may see, and what became of them
    Exchanges {
        /// Only exchanges of this institution
        #[arg(long, value_name = "LEI")]
        agent: Option<Lei>,
        /// Only exchanges of which something is still to follow
        #[arg(long)]
        open: bool,
        /// Only exchanges after the one with this instruction
        #[arg(long, value_name = "HASH")]
        after: Option<InstructionHash>,
    },
    /// The emergency rules of all jurisdictions
    Emergencies,
    /// Events as they come, until interrupted
    Events {
        /// Only events after this one, by its number; 0 for all since genesis
        #[arg(long, value_name = "SEQUENCE")]
        after: Option<u64>,
        /// Stop after this many events
        #[arg(long, value_name = "NUMBER")]
        count: Option<u64>,
    },
}

/// Which payment.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = true)]
struct PaymentArgs {
    /// The payment's reference
    uetr: Option<Uetr>,
    /// The transaction that brought it
    #[arg(long, value_name = "ID")]
    transaction: Option<TransactionId>,
    /// The hash of its instruction
    #[arg(long, value_name = "HASH")]
    instruction: Option<InstructionHash>,
    /// The debtor agent, when several have used the reference
    #[arg(long, value_name = "LEI")]
    agent: Option<Lei>,
}

pub(crate) fn run(args: QueryArgs, output: Output) -> Outcome {
    let genesis = args.network.genesis()?;
    let access = match &args.who.name {
        Some(name) => Some(args.who.keys(&args.network)?.access(name)?),
        None => None,
    };
    let url = args.network.url(args.who.name.as_deref())?;
    with_node(async {
        let client = connect(&url, access, &genesis).await?;
        ask(
            (&client, &genesis.chain_id),
            args.what,
            args.at_least_height,
            output,
        )
        .await?;
        Ok(Exit::Ok)
    })
}

fn block_params(height: Option<u64>, at_least_height: Option<u64>) -> BlockGetParams {
    BlockGetParams {
        height,
        at_least_height,
        ..BlockGetParams::default()
    }
}

async fn ask(
    (client, chain): (&Client, &ChainId),
    what: Query,
    at_least_height: Option<u64>,
    output: Output,
) -> Result<(), Failure> {
    let as_of = AsOfParams { at_least_height };
    match what {
        Query::Head => show(output, client.chain_head(as_of).await),
        Query::Validators => show(output, client.validators_get(as_of).await),
        Query::Participants => show(output, client.participants_list(as_of).await),
        Query::Currencies => show(output, client.currencies_list(as_of).await),
        Query::Node => show(output, client.node_status(as_of).await),
        Query::Block { height } => {
            let params = block_params(height, at_least_height);
            show(output, client.block_get(params).await)
        }
        Query::Accounts => {
            let params = accounts_params(at_least_height);
            show(output, client.accounts_list(params).await)
        }
        Query::Account { number } => account(client, number, at_least_height, output).await,
        Query::History { number, before } => {
            let params = AccountHistoryParams {
                account: View(number),
                before,
                limit: None,
                at_least_height,
            };
            show(output, client.account_history(params).await)
        }
        Query::Payment(payment) => {
            let params = payment.params(at_least_height);
            show(output, client.payment_get(params).await)
        }
        Query::Receipt { payment, out } => {
            receipt(client, &payment, at_least_height, out, output).await
        }
        Query::Proof(args) => proof::prove(client, args, at_least_height, output).await,
        Query::Approvals { instruction: None } => show(output, client.approvals_list(as_of).await),
        Query::Approvals {
            instruction: Some(instruction),
        }
        | Query::Proposals {
            instruction: Some(instruction),
        } => {
            let answer = fetch(client, chain, instruction, at_least_height).await?;
            render::answer(output, &answer);
            output.note("The hash of this instruction was checked here.");
            Ok(())
        }
        Query::Proposals { instruction: None } => show(output, client.proposals_list(as_of).await),
        Query::Queue { agent, after } => {
            let params = queue_params(agent, after, at_least_height);
            show(output, client.queue_list(params).await)
        }
        Query::Limits => show(output, client.limits_list(as_of).await),
        Query::Credit => show(output, client.credit_list(as_of).await),
        Query::Usage => show(output, client.limits_usage(as_of).await),
        Query::Cycles => show(output, client.cycles_list(as_of).await),
        Query::Licences => show(output, client.licences_list(as_of).await),
        Query::Freezes => show(output, client.freezes_list(as_of).await),
        Query::Attestations => attestations(client, at_least_height, output).await,
        Query::Books(query) => books::ask(client, query, at_least_height, output).await,
        Query::Rates => show(output, client.rates_list(as_of).await),
        Query::Quotes => show(output, client.quotes_list(as_of).await),
        Query::Exchanges { agent, open, after } => {
            let params = exchanges_params(agent, open, after, at_least_height);
            show(output, client.exchanges_list(params).await)
        }
        Query::Emergencies => show(output, client.emergencies_list(as_of).await),
        Query::Events { after, count } => events(client, after, count, output).await,
    }
}

async fn attestations(
    client: &Client,
    at_least_height: Option<u64>,
    output: Output,
) -> Result<(), Failure> {
    let params = AttestationsParams {
        at_least_height,
        ..AttestationsParams::default()
    };
    show(output, client.attestations_list(params).await)
}

/// Prints what the node answers.
fn show(output: Output, answer: Result<impl Serialize, ClientError>) -> Result<(), Failure> {
    render::answer(output, &answer.map_err(refused)?);
    Ok(())
}

impl PaymentArgs {
    fn params(&self, at_least_height: Option<u64>) -> PaymentGetParams {
        PaymentGetParams {
            uetr: self.uetr.map(View),
            agent: self.agent.map(View),
            transaction: self.transaction.map(View),
            instruction: self.instruction.map(View),
            limit: None,
            at_least_height,
        }
    }
}

async fn account(
    client: &Client,
    number: AccountNumber,
    at_least_height: Option<u64>,
    output: Output,
) -> Result<(), Failure> {
    let params = AccountGetParams {
        account: View(number),
        at_least_height,
    };
    let answer = client.account_get(params).await.map_err(refused)?;
    if output.is_json() {
        render::answer(output, &answer);
    } else {
        output.line(format!("as of height  {}", answer.as_of_height));
        render::answer(output, &answer.account);
    }
    Ok(())
}

fn accounts_params(at_least_height: Option<u64>) -> AccountsListParams {
    AccountsListParams {
        at_least_height,
        ..AccountsListParams::default()
    }
}

fn exchanges_params(
    agent: Option<Lei>,
    open: bool,
    after: Option<InstructionHash>,
    at_least_height: Option<u64>,
) -> ExchangesListParams {
    ExchangesListParams {
        agent: agent.map(View),
        open,
        after: after.map(View),
        limit: None,
        at_least_height,
    }
}

fn queue_params(
    agent: Option<Lei>,
    after: Option<u64>,
    at_least_height: Option<u64>,
) -> QueueListParams {
    QueueListParams {
        agent: agent.map(View),
        after,
        limit: None,
        at_least_height,
    }
}

async fn receipt(
    client: &Client,
    payment: &PaymentArgs,
    at_least_height: Option<u64>,
    out: Option<PathBuf>,
    output: Output,
) -> Result<(), Failure> {
    let params = ReceiptGetParams {
        sequence: None,
        uetr: payment.uetr.map(View),
        agent: payment.agent.map(View),
        transaction: payment.transaction.map(View),
        instruction: payment.instruction.map(View),
        at_least_height,
    };
    let answer = client.receipt_get(params).await.map_err(refused)?;
    let file = answer.receipt.0.to_file();
    match out {
        Some(path) => {
            files::write_new(&path, &file)?;
            output.note(format!("The receipt is in {}.", path.display()));
        }
        None => output.raw(String::from_utf8_lossy(&file).trim_end()),
    }
    Ok(())
}

/// Prints events as they come, one JSON object a line.
async fn events(
    client: &Client,
    after: Option<u64>,
    count: Option<u64>,
    output: Output,
) -> Result<(), Failure> {
    let mut events = client.events(after).await.map_err(refused)?;
    let mut left = count.unwrap_or(u64::MAX);
    while left > 0 {
        let Some(event) = events.next().await else {
            let sentence = "the feed has ended; go on with --after and the last number";
            return Err(crate::exit::failure(Exit::Unreachable, sentence));
        };
        let event = event.map_err(refused)?;
        output.raw(&serde_json::to_string(&event)?);
        left -= 1;
    }
    Ok(())
}
