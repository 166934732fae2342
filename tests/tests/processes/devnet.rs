//! A network of processes, driven through the program that operators use.

use karwan_ledger::{
    OnShortage, Operation, Pay, PayBulk, PaymentKind, PaymentTerms, Priority, Transaction,
};
use karwan_node::keystore::{KeyPurpose, Keystore, Unlock, secret_path};
use karwan_rpc::{
    AccessKey, AccountGetParams, AsOfParams, BlockGetParams, Client, Clock, PaymentGetParams,
    Scopes, View, Wait,
};
use karwan_types::{
    Amount, ChainId, EncodedTransaction, SecretKey, Timestamp, TransactionStatus, Uetr,
};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Far longer than anything here takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// Whether a network runs: two cores carry one at a time.
static TAKEN: Mutex<bool> = Mutex::new(false);
static FREED: Condvar = Condvar::new();

/// The right to run a network, until it is dropped.
pub(crate) struct Turn;

impl Turn {
    pub(crate) fn take() -> Self {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = FREED.wait_while(taken, |taken| *taken);
        *waited.unwrap_or_else(PoisonError::into_inner) = true;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = false;
        FREED.notify_one();
    }
}

/// The program under test, which is built before the tests are run.
pub(crate) fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join("karwan");
    assert!(
        program.exists(),
        "build the program first: cargo build --release -p karwan-cli"
    );
    program
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).output().unwrap()
}

/// A directory that goes away with the test, unless the test fails.
pub(crate) fn folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("karwan-test-{}-{number}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

pub(crate) struct Devnet {
    pub(crate) folder: PathBuf,
    pub(crate) chain: ChainId,
    maker: SecretKey,
    access: SecretKey,
    _turn: Turn,
}

impl Devnet {
    /// Starts a network of so many validators, but for some of them, with money for one bank.
    pub(crate) fn up(validators: u8, without: &[&str]) -> Self {
        let mut more = Vec::new();
        for name in without {
            more.extend(["--without", name]);
        }
        Self::up_with(validators, &more)
    }

    /// The same with other options of `devnet up`.
    pub(crate) fn up_with(validators: u8, more: &[&str]) -> Self {
        let turn = Turn::take();
        let folder = folder();
        let directory = folder.to_str().unwrap();
        let count = validators.to_string();
        let mut arguments = vec![
            "devnet",
            "up",
            "--devnet",
            directory,
            "--validators",
            &count,
        ];
        arguments.extend(more);
        let output = run(&arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        let keystore = Keystore::new(Unlock::identity_file(&folder.join("identity.txt")).unwrap());
        let keys = folder.join("keys");
        let open = |name: &str, purpose| {
            keystore
                .open_secret(&secret_path(&keys, name), purpose)
                .unwrap()
        };
        let text = std::fs::read_to_string(folder.join("genesis.toml")).unwrap();
        let devnet = Self {
            chain: karwan_ledger::Genesis::from_toml(&text).unwrap().chain_id,
            maker: open("indus-maker", KeyPurpose::Maker),
            access: open("indus-access", KeyPurpose::Access),
            folder,
            _turn: turn,
        };
        devnet.fund();
        devnet
    }

    /// The bank asks its central bank for 100 million rupees, and gets them.
    fn fund(&self) {
        let (bank, uetr) = ("DEMO00INDUS00000PK44", uetr().to_string());
        let signed = |name: &str| [format!("{name}-maker"), format!("{name}-checker")];
        let [maker, checker] = signed("indus");
        self.karwan(&[
            "tx",
            "issue-request",
            "--as",
            "indus",
            "--sign",
            &maker,
            "--sign",
            &checker,
            "--agent",
            bank,
            "--currency",
            "PKR",
            "--amount",
            "100000000.00",
            "--uetr",
            &uetr,
            "--rtgs-reference",
            "RTGS-1",
        ]);
        let [maker, checker] = signed("central-pk");
        self.karwan(&[
            "tx",
            "issue",
            "--as",
            "central-pk",
            "--sign",
            &maker,
            "--sign",
            &checker,
            "--agent",
            bank,
            "--uetr",
            &uetr,
            "--rtgs-credit-reference",
            "CREDIT-1",
        ]);
    }

    /// Runs a command on this network; it must end well.
    pub(crate) fn karwan(&self, arguments: &[&str]) -> String {
        let output = self.try_karwan(arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {told}{text}");
        text
    }
    pub(crate) fn try_karwan(&self, arguments: &[&str]) -> Output {
        let mut all = arguments.to_vec();
        all.extend(["--devnet", self.folder.to_str().unwrap()]);
        run(&all)
    }

    fn manifest(&self) -> Value {
        let text = std::fs::read_to_string(self.folder.join("devnet.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
    pub(crate) fn names(&self) -> Vec<String> {
        let manifest = self.manifest();
        let nodes = manifest["validators"].as_array().unwrap();
        nodes
            .iter()
            .map(|node| node["name"].as_str().unwrap().to_owned())
            .collect()
    }
    pub(crate) fn address(&self, name: &str, what: &str) -> SocketAddr {
        let manifest = self.manifest();
        let nodes = manifest["validators"].as_array().unwrap();
        let node = nodes.iter().find(|node| node["name"] == name).unwrap();
        node[what].as_str().unwrap().parse().unwrap()
    }
    pub(crate) fn home(&self, name: &str) -> PathBuf {
        self.folder.join("nodes").join(name)
    }
    pub(crate) fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.home(name).join("log")).unwrap()
    }

    pub(crate) fn kill(&self, name: &str) {
        self.karwan(&["devnet", "kill", name]);
    }
    pub(crate) fn restart(&self, name: &str) {
        self.karwan(&["devnet", "restart", name]);
    }
    /// Kills every process of the network in one moment, as a power cut does.
    pub(crate) fn kill_all(&self) {
        let output = self.try_karwan(&["devnet", "status", "--json"]);
        let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let processes: Vec<String> = rows.iter().map(|row| row["process"].to_string()).collect();
        let killed = Command::new("kill")
            .arg("-9")
            .args(&processes)
            .status()
            .unwrap();
        assert!(killed.success());
        for process in processes {
            let command_line = PathBuf::from(format!("/proc/{}/cmdline", process.trim()));
            let deadline = Instant::now() + DEADLINE;
            while std::fs::read(&command_line).is_ok_and(|words| !words.is_empty()) {
                assert!(Instant::now() < deadline, "process {process} does not die");
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Connects to a validator as the paying bank.
    pub(crate) async fn client(&self, name: &str) -> Client {
        self.connect(self.address(name, "rpc")).await
    }
    pub(crate) async fn connect(&self, address: SocketAddr) -> Client {
        let access = AccessKey {
            key: SecretKey::from_seed(&self.access.seed()),
            chain: self.chain,
            scopes: Scopes::ALL,
            clock: Clock::system(),
        };
        let deadline = Instant::now() + DEADLINE;
        loop {
            match Client::connect(&format!("ws://{address}"), Some(&access)).await {
                Ok(client) => return client,
                Err(error) => assert!(Instant::now() < deadline, "{address}: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A payment of one rupee between two banks, signed by the maker.
    pub(crate) fn payment(&self) -> (Uetr, EncodedTransaction) {
        let uetr = uetr();
        let payment = terms(uetr);
        (uetr, self.signed(Pay { payment }))
    }
    fn signed(&self, operation: impl Into<Operation>) -> EncodedTransaction {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis();
        let valid_until = Timestamp::from_millis(u64::try_from(now).unwrap() + 600_000);
        let unsigned = Transaction::unsigned(self.chain, operation.into(), valid_until);
        unsigned.signed_by(&self.maker).to_encoded()
    }
    /// So many payments of one rupee in one instruction, signed by the maker.
    pub(crate) fn bulk(&self, count: usize) -> EncodedTransaction {
        let payments = (0..count).map(|_| terms(uetr())).collect();
        self.signed(PayBulk { payments })
    }
    /// Pays and waits until the payment is final.
    pub(crate) async fn pay(&self, client: &Client) -> Uetr {
        let (uetr, transaction) = self.payment();
        let deadline = Instant::now() + DEADLINE;
        loop {
            let view = client.submit(&transaction, Wait::Final).await.unwrap();
            if let Some(finality) = view.finality {
                assert_eq!(
                    finality.statuses.get("ACSC"),
                    Some(&1),
                    "{:?}",
                    finality.outcomes
                );
                return uetr;
            }
            assert!(view.problem.is_none(), "{:?}", view.problem);
            assert!(Instant::now() < deadline, "no finality: {view:?}");
        }
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        for name in self.names() {
            let _ = self.try_karwan(&["devnet", "kill", &name]);
        }
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

pub(crate) fn uetr() -> Uetr {
    Uetr::from_random_bytes(*uuid::Uuid::new_v4().as_bytes())
}

fn terms(uetr: Uetr) -> PaymentTerms {
    PaymentTerms {
        kind: PaymentKind::FinancialInstitution,
        instruction_id: None,
        end_to_end_id: "TEST".parse().unwrap(),
        uetr,
        currency: "PKR".parse().unwrap(),
        amount: Amount::from_minor(100),
        settlement_date: None,
        debtor_agent: "KRVNPKKA".parse().unwrap(),
        debtor_account: None,
        creditor_agent: "ALATKG22".parse().unwrap(),
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

/// How often a payment has settled, as a node tells; the index may lag for a moment, which the node says.
pub(crate) async fn times_settled(client: &Client, uetr: Uetr) -> usize {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let params = PaymentGetParams {
            uetr: Some(View(uetr)),
            ..PaymentGetParams::default()
        };
        match client.payment_get(params).await {
            Ok(answer) => {
                let transitions = answer
                    .payments
                    .iter()
                    .flat_map(|payment| &payment.transitions);
                return transitions
                    .filter(|one| one.status.0 == TransactionStatus::Acsc)
                    .count();
            }
            Err(karwan_rpc::ClientError::Problem(problem)) if problem.name == "NOT_FOUND" => {
                return 0;
            }
            Err(error) => {
                assert!(error.is_retryable() && Instant::now() < deadline, "{error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// The last final height of a node.
pub(crate) async fn height(client: &Client) -> u64 {
    client
        .chain_head(AsOfParams::default())
        .await
        .unwrap()
        .height
}

/// Waits until a node has reached a height.
pub(crate) async fn reach(client: &Client, height: u64) {
    let deadline = Instant::now() + DEADLINE;
    let params = AsOfParams {
        at_least_height: Some(height),
    };
    while let Err(error) = client.chain_head(params.clone()).await {
        assert!(error.is_retryable() && Instant::now() < deadline, "{error}");
    }
}

/// The state root that a node's block of a height carries.
pub(crate) async fn state_root(client: &Client, height: u64) -> String {
    let params = BlockGetParams {
        height: Some(height),
        at_least_height: Some(height),
        ..BlockGetParams::default()
    };
    client
        .block_get(params)
        .await
        .unwrap()
        .header
        .0
        .state_root
        .to_string()
}

/// The balance of the paying bank in rupees' minor units.
pub(crate) async fn balance(client: &Client, height: u64) -> u128 {
    let params = AccountGetParams {
        account: View("INDUS-PKR".parse().unwrap()),
        at_least_height: Some(height),
    };
    client
        .account_get(params)
        .await
        .unwrap()
        .account
        .posted
        .minor
        .parse()
        .unwrap()
}

/// One HTTP answer of the admin listener.
pub(crate) fn metrics(address: SocketAddr) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}
