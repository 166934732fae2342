//! `karwan load`: an open-loop load generator.
//!
//! Instructions are signed beforehand; then one leaves at each tick of the rate, whether or not earlier ones have been
//! answered, and its latency counts from the tick, so that a network that falls behind cannot hide it. A payment counts when
//! the client has seen that it is final.

use crate::exit::{Exit, Failure, Outcome, failure};
use crate::funding::Funding;
use crate::instruction::operation;
use crate::network::{Keys, NetworkArgs, WhoArgs, connect, run as with_node};
use crate::output::Output;
use crate::words::{now, random_uetr};
use anyhow::{Context, bail};
use clap::Args;
use karwan_ledger::{Genesis, Operation, Pay, PayBulk, PaymentTerms, Transaction};
use karwan_rpc::{Client, SubmitWord, Wait};
use karwan_types::{
    AgentIdentification, Amount, ChainId, CurrencyCode, DurationMs, EncodedTransaction, SecretKey,
};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long after the last instruction answers are waited for.
const DRAIN: Duration = Duration::from_secs(30);
/// The pause before an instruction that a node had no room for is offered again.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// How long an instruction is valid.
const VALIDITY: DurationMs = DurationMs::from_millis(3_600_000);

/// Without options: 500 payments a second for 10 seconds from Indus Demo Bank to Ravi Demo Bank on the development network,
/// spread over all its validators.
#[derive(Args)]
pub(crate) struct LoadArgs {
    /// Payments a second
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// For how many seconds
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// Payments in one instruction: 1 for single ones, up to 1,000 for bulks
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    bulk: u32,
    /// The institution debited
    #[arg(long, value_name = "AGENT", default_value = "KRVNPKKA")]
    from: AgentIdentification,
    /// The institution credited
    #[arg(long, value_name = "AGENT", default_value = "ALATKG22")]
    to: AgentIdentification,
    /// The currency; each payment is of 0.01
    #[arg(long, default_value = "PKR")]
    currency: CurrencyCode,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    who: WhoArgs,
}

/// What came of one instruction.
enum Fate {
    /// Final after this long, with so many payments settled and refused.
    Final {
        took: Duration,
        settled: u64,
        refused: u64,
    },
    /// Not known when the run ended.
    Unknown,
    /// Rejected, and why.
    Rejected(String),
}

pub(crate) fn run(args: &LoadArgs, output: Output) -> Outcome {
    let genesis = args.network.genesis()?;
    let keys = args.who.keys(&args.network)?;
    let name = args.who.name.as_deref().unwrap_or("indus");
    let (maker, access) = (keys.signer(&format!("{name}-maker"))?, keys.access(name)?);
    let urls = urls(args)?;
    fund(args, &keys, &genesis)?;
    let instructions =
        u64::from(args.rate).saturating_mul(u64::from(args.seconds)) / u64::from(args.bulk);
    output.note(format!("Signing {instructions} instructions ..."));
    let signed = sign(args, instructions, genesis.chain_id, &maker)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let (fates, elapsed) = runtime.block_on(async {
        let mut clients = Vec::new();
        for url in &urls {
            let access = SecretKey::from_seed(&access.seed());
            match connect(url, Some(access), &genesis).await {
                Ok(client) => clients.push(Arc::new(client)),
                Err(error) => output.note(format!("{url} is left out: {error}")),
            }
        }
        if clients.is_empty() {
            return Err(failure(Exit::Unreachable, "no validator can be reached"));
        }
        output.note(format!(
            "Sending {} payments a second to {} validators for {} s ...",
            args.rate,
            clients.len(),
            args.seconds
        ));
        Ok::<_, Failure>(
            send(
                &clients,
                signed,
                Duration::from_secs(1) * args.bulk / args.rate.max(1),
            )
            .await,
        )
    })?;
    report(args, fates, elapsed, output)
}

/// On the development network the payer's central bank issues what the run will cost, when it is missing.
fn fund(args: &LoadArgs, keys: &Keys, genesis: &Genesis) -> Result<(), Failure> {
    let Some(devnet) = args.network.devnet()? else {
        return Ok(());
    };
    let agent = args.from.to_string();
    let found = devnet
        .institutions
        .iter()
        .find(|one| one.agents.contains(&agent));
    let bank = found.with_context(|| format!("{agent} is no institution of this network"))?;
    let payments = u128::from(args.rate).saturating_mul(u128::from(args.seconds));
    let url = args.network.url(Some(&bank.prefix))?;
    let funding = Funding {
        devnet: &devnet,
        genesis,
        keys,
        url: &url,
    };
    with_node(funding.ensure(bank, args.currency, Amount::from_minor(payments)))
}

/// Where to send: the node named, or every validator of the development network.
fn urls(args: &LoadArgs) -> anyhow::Result<Vec<String>> {
    match args.network.devnet()? {
        Some(devnet) if args.network.node.is_none() => Ok(devnet
            .validators
            .iter()
            .map(|node| format!("ws://{}", node.rpc))
            .collect()),
        Some(_) | None => Ok(vec![args.network.url(None)?]),
    }
}

fn sign(
    args: &LoadArgs,
    instructions: u64,
    chain: ChainId,
    maker: &SecretKey,
) -> anyhow::Result<Vec<EncodedTransaction>> {
    let valid_until = now().after(VALIDITY);
    let template = template(args)?;
    let mut signed = Vec::new();
    for _ in 0..instructions {
        let mut payments = Vec::new();
        for _ in 0..args.bulk {
            payments.push(PaymentTerms {
                uetr: random_uetr()?,
                ..template.clone()
            });
        }
        let operation: Operation = match payments.len() {
            1 => Pay {
                payment: payments.remove(0),
            }
            .into(),
            _ => PayBulk { payments }.into(),
        };
        signed.push(
            Transaction::unsigned(chain, operation, valid_until)
                .signed_by(maker)
                .to_encoded(),
        );
    }
    Ok(signed)
}

/// The payment that is made again and again, under another reference each time.
fn template(args: &LoadArgs) -> anyhow::Result<PaymentTerms> {
    let amount = Amount::from_minor(1).to_decimal(args.currency);
    let fields = [
        ("from", args.from.to_string()),
        ("to", args.to.to_string()),
        ("currency", args.currency.to_string()),
        ("amount", amount),
        ("end_to_end_id", "LOAD".to_owned()),
    ];
    let fields = fields.map(|(key, text)| (key.to_owned(), toml::Value::String(text)));
    let operation = operation("Pay", &fields.into_iter().collect(), now())?;
    let Operation::Pay(pay) = operation else {
        bail!("a payment became another kind of instruction");
    };
    Ok(pay.payment)
}

/// Sends one instruction at each tick, in turn to every client, and gathers what came of them.
async fn send(
    clients: &[Arc<Client>],
    signed: Vec<EncodedTransaction>,
    tick: Duration,
) -> (Vec<Fate>, Duration) {
    let started = Instant::now();
    let mut under_way = JoinSet::new();
    for (index, transaction) in signed.into_iter().enumerate() {
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let due = started + tick * number;
        tokio::time::sleep_until(due.into()).await;
        let client = Arc::clone(&clients[index % clients.len()]);
        under_way.spawn(async move { one(&client, transaction, due).await });
    }
    let deadline = Instant::now() + DRAIN;
    let mut fates = Vec::new();
    let mut last = Instant::now();
    while let Ok(Some(joined)) =
        tokio::time::timeout_at(deadline.into(), under_way.join_next()).await
    {
        fates.push(joined.unwrap_or(Fate::Unknown));
        last = Instant::now();
    }
    for _ in 0..under_way.len() {
        fates.push(Fate::Unknown);
    }
    (fates, last.duration_since(started))
}

async fn one(client: &Client, transaction: EncodedTransaction, due: Instant) -> Fate {
    loop {
        match client.submit(&transaction, Wait::Final).await {
            Ok(view) => match (&view.finality, view.answer) {
                (Some(finality), _) => {
                    let count = |status: &str| {
                        u64::from(finality.statuses.get(status).copied().unwrap_or(0))
                    };
                    return Fate::Final {
                        took: due.elapsed(),
                        settled: count("ACSC"),
                        refused: count("RJCT"),
                    };
                }
                (None, SubmitWord::Rejected) => return Fate::Rejected(view.sentence),
                (None, _) => tokio::time::sleep(RETRY_PAUSE).await,
            },
            Err(error) if error.is_retryable() && client.is_connected() => {
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            Err(_) => return Fate::Unknown,
        }
    }
}

fn report(args: &LoadArgs, fates: Vec<Fate>, elapsed: Duration, output: Output) -> Outcome {
    let (mut latencies, mut settled, mut refused, mut unknown) = (Vec::new(), 0u64, 0u64, 0u64);
    let mut rejected: Vec<String> = Vec::new();
    for fate in fates {
        match fate {
            Fate::Final {
                took,
                settled: more,
                refused: no,
            } => {
                latencies.push(took);
                settled = settled.saturating_add(more);
                refused = refused.saturating_add(no);
            }
            Fate::Unknown => unknown = unknown.saturating_add(1),
            Fate::Rejected(sentence) => rejected.push(sentence),
        }
    }
    latencies.sort_unstable();
    let percentile = |per_mille: usize| {
        let index = latencies.len().saturating_mul(per_mille) / 1_000;
        let found = latencies.get(index.min(latencies.len().saturating_sub(1)));
        found.map_or(0.0, |took| took.as_secs_f64() * 1_000.0)
    };
    let per_second = settled as f64 / elapsed.as_secs_f64();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    output.line(format!(
        "offered      {} payments/s for {} s",
        args.rate, args.seconds
    ));
    output.line(format!(
        "settled      {settled} payments, {per_second:.0} payments/s"
    ));
    output.line(format!(
        "finality     p50 {:.0} ms, p99 {:.0} ms",
        percentile(500),
        percentile(990)
    ));
    output.line(format!("refused      {refused}"));
    output.line(format!("rejected     {}", rejected.len()));
    output.line(format!("unknown      {unknown} instructions"));
    output.line(format!(
        "machine      {cores} cores, all validators and the client on it"
    ));
    if let Some(sentence) = rejected.first() {
        output.note(format!("The first rejection: {sentence}"));
    }
    output.json(&json!({
        "offered_per_second": args.rate, "seconds": args.seconds, "payments_per_instruction": args.bulk,
        "settled": settled, "settled_per_second": per_second, "refused": refused,
        "rejected": rejected.len(), "unknown_instructions": unknown,
        "finality_p50_ms": percentile(500), "finality_p99_ms": percentile(990), "cores": cores,
    }));
    if settled == 0 {
        return Err(failure(Exit::Negative, "no payment settled"));
    }
    Ok(if unknown == 0 {
        Exit::Ok
    } else {
        Exit::Unknown
    })
}
