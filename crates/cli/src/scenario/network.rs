//! A scenario on a network of four processes, each with its own disk. One of them is killed in the middle, and comes back at
//! the end.
//!
//! The steps go through JSON-RPC to one validator. Every block that the network decides is fetched and executed here too, from
//! genesis on, and must give the state root in its header: what a scenario then sees is a state that the validators have
//! signed. What the validator tells of accounts and payments is compared with that state.
//!
//! **Invariant**: no process and no file of the network outlives [`Running`], nor a signal that ends the program.

mod running;

pub(crate) use running::end_on_signals;

use super::cast::{Cast, secret};
use super::chain::{Chain, Submitted};
use super::document::Passing;
use super::given::Given;
use crate::commands::devnet::{READY_LIMIT, prepare, processes};
use crate::exit::Failure;
use crate::manifest::{Devnet, DevnetNode};
use crate::network::connect;
use crate::submission::{PATIENCE, WaitFor, submit};
use crate::words::now;
use anyhow::{Context, anyhow, bail, ensure};
use karwan_ledger::{Account, Genesis, Holder, State, Transaction, VerifiedTransaction};
use karwan_rpc::{
    AccountGetParams, AsOfParams, BlockAnswer, BlockGetParams, Client, ClientError,
    PaymentGetParams, Problem, ProblemKind, View,
};
use karwan_types::{
    AccountNumber, Block, DurationMs, Hash, InstructionHash, Lei, Max35Text, Outcome, Refusal,
    Sentence, Timestamp, TransactionId, TransactionStatus, Uetr,
};
use running::{Running, directory};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Four validators lose one and go on.
const VALIDATORS: u8 = 4;
/// An idle network makes an empty block this often, so that time is seen to pass.
const HEARTBEAT_MS: u64 = 250;
/// How much time a step may let pass, where it passes as it does for everybody.
const WAIT_MAX: DurationMs = DurationMs::from_millis(20_000);
/// How long a node may take to answer what it can answer later.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// The pause before asking again.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

fn event_queue() -> anyhow::Result<Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.context("the system gives no event queue")
}

/// A network on this machine, and the ledger as it follows from the blocks that the network has decided.
pub(crate) struct Network {
    runtime: Runtime,
    devnet: Devnet,
    genesis: Genesis,
    cast: Cast,
    client: Client,
    /// Connections of those who may read what others may not, by the names of their keys.
    readers: BTreeMap<String, Client>,
    state: State,
    parent: Hash,
    sent: BTreeMap<TransactionId, VerifiedTransaction>,
    /// What happened in blocks that were looked at while something was asked.
    unread: Vec<Outcome>,
    /// Last, so that the connections are gone before the processes are.
    running: Running,
}

impl Network {
    /// Starts a network for a scenario and waits until it has decided a block.
    pub(crate) fn start(given: &Given) -> anyhow::Result<Self> {
        let directory = directory();
        let nodes = prepare::free_nodes(VALIDATORS, None)?;
        let running = Running::begin(&Devnet::new(directory.clone(), nodes.clone(), Vec::new()));
        let time = prepare::start_of_hour(now());
        let (devnet, genesis) = prepare::make(&directory, nodes, HEARTBEAT_MS, |_, _, keys| {
            given.document(time, keys)
        })?;
        for node in &devnet.validators {
            running.start(node)?;
        }
        for node in &devnet.validators {
            processes::until_ready(&devnet, node, READY_LIMIT)?;
        }
        let runtime = event_queue()?;
        let url = devnet.url(None)?;
        let client = runtime.block_on(connect(&url, None, &genesis));
        Ok(Self {
            runtime,
            cast: given.cast()?,
            client: client.map_err(plain)?,
            readers: BTreeMap::new(),
            state: genesis.state.clone(),
            parent: genesis.chain_id.0,
            sent: BTreeMap::new(),
            unread: Vec::new(),
            devnet,
            genesis,
            running,
        })
    }

    /// The validator that is killed, which is never the one that answers.
    fn victim(&self) -> anyhow::Result<&DevnetNode> {
        let last = self.devnet.validators.last();
        last.context("the network has no validators")
    }

    /// Asks until the node can answer.
    fn ask<T>(
        &self,
        what: &str,
        question: impl AsyncFn() -> Result<T, ClientError>,
    ) -> anyhow::Result<T> {
        let deadline = Instant::now() + ANSWER_LIMIT;
        let answer = self.runtime.block_on(async {
            loop {
                match question().await {
                    Err(error) if error.is_retryable() && Instant::now() < deadline => {
                        tokio::time::sleep(RETRY_PAUSE).await;
                    }
                    answer => return answer,
                }
            }
        });
        answer.with_context(|| format!("the validator was asked for {what}"))
    }

    fn block(&self, client: &Client, height: u64) -> anyhow::Result<BlockAnswer> {
        let params = BlockGetParams {
            height: Some(height),
            limit: Some(1),
            at_least_height: Some(height),
            ..BlockGetParams::default()
        };
        self.ask("a block", async || client.block_get(params.clone()).await)
    }

    /// Executes what the network has decided up to a height.
    fn follow(&mut self, height: u64) -> anyhow::Result<()> {
        for height in self.state.chain().height.get().saturating_add(1)..=height {
            let answer = self.block(&self.client, height)?;
            let mut verified = Vec::with_capacity(answer.transactions.len());
            for View(id) in &answer.transactions {
                let sent = self.sent.get(id);
                verified.push(sent.cloned().with_context(|| {
                    format!("block {height} holds transaction {id}, which nobody here has sent")
                })?);
            }
            let block = Block {
                header: answer.header.0,
                transactions: verified.iter().map(|one| one.encoded().clone()).collect(),
            };
            let draft = self.state.validate(self.parent, &block, &verified);
            let draft = draft.with_context(|| {
                format!("block {height} of the network, executed here, is not what its validators signed")
            })?;
            draft.state.assert_conserved();
            self.parent = block.header.hash();
            self.state = draft.state;
            self.unread.extend(draft.outcomes);
        }
        Ok(())
    }

    fn height(&self) -> u64 {
        self.state.chain().height.get()
    }

    /// Connects as a reader, once for each.
    fn connect_reader(&mut self, key: &str) -> anyhow::Result<()> {
        if !self.readers.contains_key(key) {
            let url = self.devnet.url(None)?;
            let access = Some(secret(key));
            let client = self.runtime.block_on(connect(&url, access, &self.genesis));
            self.readers.insert(key.to_owned(), client.map_err(plain)?);
        }
        Ok(())
    }

    /// The name of the key with which an institution reads.
    fn access(&self, owner: Lei) -> anyhow::Result<String> {
        let handle = self.cast.handle(&Holder::Participant(owner));
        let handle = handle.context("the owner of the account takes no part")?;
        Ok(format!("{handle}-access"))
    }
}

/// A failure whose exit code does not matter here.
fn plain(failure: Failure) -> anyhow::Error {
    failure.error
}

/// A problem of the node as the refusal that it is, if the ledger's rules refuse.
fn refusal(problem: &Problem) -> anyhow::Result<Submitted> {
    let told = || anyhow!("{}: {}", problem.name, problem.sentence);
    ensure!(problem.kind == ProblemKind::Rejection, told());
    let reason = problem.iso_reason.as_deref().with_context(told)?;
    let clause: Max35Text = problem.clause.as_deref().with_context(told)?.parse()?;
    Ok(Submitted::Refused {
        refusal: Refusal {
            reason: reason.parse()?,
            code: u16::try_from(problem.code)?,
            name: problem.name.parse()?,
            detail: Sentence::fitted(&problem.sentence),
        },
        clause,
    })
}

impl Chain for Network {
    fn state(&self) -> &State {
        &self.state
    }

    fn now(&self) -> Timestamp {
        now().max(self.state.chain().time)
    }

    fn submit(&mut self, transaction: &Transaction) -> anyhow::Result<Submitted> {
        let encoded = transaction.to_encoded();
        let chain = &self.genesis.chain_id;
        // What cannot be verified here is for the node to refuse.
        if let Ok(verified) = VerifiedTransaction::from_encoded(encoded.clone(), chain) {
            self.sent.insert(verified.id(), verified);
        }
        let submitted = submit(&self.client, &encoded, WaitFor::Final, PATIENCE);
        let view = self.runtime.block_on(submitted).map_err(plain)?;
        if let Some(finality) = &view.finality {
            self.follow(finality.height)?;
            return Ok(Submitted::Final(core::mem::take(&mut self.unread)));
        }
        match &view.problem {
            Some(problem) => refusal(problem),
            None => bail!("{}", view.sentence),
        }
    }

    fn pass(&mut self, passing: Passing) -> anyhow::Result<Vec<Outcome>> {
        let start = self.state.chain().time;
        match passing {
            Passing::After(length) => {
                ensure!(
                    length <= WAIT_MAX,
                    "a network's time passes as everybody's: at most {} s in one step",
                    WAIT_MAX.millis() / 1_000
                );
                while self.state.chain().time < start.after(length) {
                    self.follow(self.height().saturating_add(1))?;
                }
            }
            Passing::At(_) => {
                bail!("a network has the time of its clocks, and no step can choose one")
            }
            Passing::Blocks(count) => self.follow(self.height().saturating_add(count.into()))?,
        }
        Ok(core::mem::take(&mut self.unread))
    }

    fn before_step(&mut self, number: usize, of: usize) -> anyhow::Result<()> {
        if number == of / 2 + 1 {
            processes::kill(&self.devnet, self.victim()?)?;
        }
        Ok(())
    }

    fn confirm_account(&mut self, number: &AccountNumber, account: &Account) -> anyhow::Result<()> {
        let key = self.access(account.owner)?;
        self.connect_reader(&key)?;
        let params = AccountGetParams {
            account: View(number.clone()),
            at_least_height: Some(self.height()),
        };
        let client = &self.readers[&key];
        let answer = self.ask("an account", async || {
            client.account_get(params.clone()).await
        })?;
        self.follow(answer.as_of_height)?;
        let row = self.state.account(number).context("the account is gone")?;
        let (told, kept) = (
            (answer.account.posted.minor, answer.account.held.minor.0),
            (row.posted.to_string(), row.held),
        );
        ensure!(
            told == kept,
            "the validator tells {told:?} of account {number} at height {}, but the blocks give {kept:?}",
            answer.as_of_height
        );
        Ok(())
    }

    fn confirm_status(
        &mut self,
        instruction: InstructionHash,
        uetr: Option<Uetr>,
        status: TransactionStatus,
    ) -> anyhow::Result<()> {
        let Some(uetr) = uetr else {
            // An instruction without money belongs to no institution that could ask for it.
            return Ok(());
        };
        let params = PaymentGetParams {
            instruction: Some(View(instruction)),
            at_least_height: Some(self.height()),
            ..PaymentGetParams::default()
        };
        for key in self.cast.regulators().to_vec() {
            self.connect_reader(&key)?;
            let client = &self.readers[&key];
            let asked = self.ask("a payment", async || {
                match client.payment_get(params.clone()).await {
                    // It is another jurisdiction's.
                    Err(ClientError::Problem(problem)) if problem.name == "NOT_FOUND" => Ok(None),
                    answer => answer.map(Some),
                }
            })?;
            let payments = asked.map(|answer| answer.payments).unwrap_or_default();
            let Some(view) = payments.iter().find(|one| one.uetr == Some(View(uetr))) else {
                continue;
            };
            ensure!(
                view.status.0 == status,
                "the validator tells status {} of payment {uetr}, but the blocks give {status}",
                view.status
            );
            return Ok(());
        }
        bail!(
            "the validator knows nothing of payment {uetr}, which the blocks hold with status {status}"
        )
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        let victim = self.victim()?.clone();
        self.running.start(&victim)?;
        processes::until_alive(&self.devnet, &victim, READY_LIMIT)?;
        let head = self.ask("its head", async || {
            self.client.chain_head(AsOfParams::default()).await
        })?;
        self.follow(head.height)?;
        let url = format!("ws://{}", victim.rpc);
        let client = self.runtime.block_on(async {
            let deadline = Instant::now() + ANSWER_LIMIT;
            loop {
                match connect(&url, None, &self.genesis).await {
                    Err(_) if Instant::now() < deadline => tokio::time::sleep(RETRY_PAUSE).await,
                    connected => return connected,
                }
            }
        });
        let client = client.map_err(plain)?;
        let answer = self.block(&client, head.height);
        let answer =
            answer.with_context(|| format!("validator {} does not catch up", victim.name))?;
        ensure!(
            answer.hash.0 == self.parent && answer.header.0.state_root == self.state.root(),
            "validator {}, killed and back, has another block {}",
            victim.name,
            head.height
        );
        Ok(())
    }
}
