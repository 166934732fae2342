//! Nodes that come late, nodes that only follow, and peers that nobody listed.

use crate::devnet::{DEADLINE, Devnet, folder, height, metrics, reach, run, state_root};
use crate::faults::agree;
use karwan_networking::{Limits, Network, NetworkConfig, NetworkEvent, Peer, PeerRole};
use karwan_node::{Config, ConfigFile, NodeRole, PeerEntry};
use karwan_rpc::AsOfParams;
use karwan_types::{PublicKey, SecretKey};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_starts_late_catches_up_and_signs() {
    let devnet = Devnet::up(4, &["uz"]);
    let client = devnet.client("pk").await;
    for _ in 0..10 {
        devnet.pay(&client).await;
    }
    devnet.restart("uz");
    agree(&devnet).await;
    // Without its signature three of four would be two: payments go on only if it signs.
    devnet.kill("kz");
    for _ in 0..3 {
        devnet.pay(&client).await;
    }
    devnet.restart("kz");
    agree(&devnet).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unlisted_peer_is_closed_before_multiplexing() {
    let devnet = Devnet::up(4, &[]);
    let config = Config::read(&devnet.home("pk")).unwrap();
    let listed: Vec<PublicKey> = config.file.peers.iter().map(|peer| peer.key).collect();
    let stranger = Zeroizing::new([7; 32]);
    assert!(!listed.contains(&SecretKey::from_seed(&stranger).public_key()));
    let pk = Config::read(&devnet.home("kg")).unwrap().file.peers;
    let pk = pk
        .into_iter()
        .find(|peer| peer.address == Some(config.file.listen))
        .unwrap();
    let (handle, mut events) = Network::start(NetworkConfig {
        chain_id: devnet.chain,
        identity_seed: stranger,
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        peers: vec![Peer {
            key: pk.key,
            address: pk.address,
            role: PeerRole::Validator,
        }],
        limits: Limits::default(),
    })
    .await
    .unwrap();
    let admin = devnet.address("pk", "admin");
    let deadline = Instant::now() + DEADLINE;
    let refused = |text: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with("karwan_refused_peers_total "));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .unwrap_or(0)
    };
    while refused(&metrics(admin)) == 0 {
        assert!(Instant::now() < deadline, "the stranger was not refused");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(devnet.log("pk").contains("is not listed"));
    while let Ok(event) = events.consensus.try_recv() {
        let connected = matches!(event, NetworkEvent::Connected { .. });
        assert!(!connected, "the stranger was let in: {event:?}");
    }
    handle.shutdown().await;
    let client = devnet.client("kg").await;
    devnet.pay(&client).await;
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free() -> std::net::SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn rewrite(home: &Path, change: impl FnOnce(&mut ConfigFile)) {
    let mut file = Config::read(home).unwrap().file;
    change(&mut file);
    std::fs::write(home.join("node.toml"), toml::to_string(&file).unwrap()).unwrap();
}

/// Makes an observer's home, and says by which key its peers know it.
fn init_observer(devnet: &Devnet, home: &Path) -> PublicKey {
    let made = run(&[
        "init",
        "--json",
        "--role",
        "observer",
        "--home",
        &text(home),
        "--identity",
        &text(&devnet.folder.join("identity.txt")),
        "--genesis",
        &text(&devnet.folder.join("genesis.toml")),
    ]);
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    made["peer"].as_str().unwrap().parse().unwrap()
}

/// How the other validators list the one called pk.
fn entry_of_pk(devnet: &Devnet) -> PeerEntry {
    let listed = Config::read(&devnet.home("kg")).unwrap().file.peers;
    let address = devnet.address("pk", "listen");
    listed
        .into_iter()
        .find(|peer| peer.address == Some(address))
        .unwrap()
}

fn start_node(devnet: &Devnet, home: &Path) -> Running {
    let log = std::fs::File::create(home.join("log")).unwrap();
    let program = std::env::current_exe()
        .unwrap()
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("karwan");
    let running = Command::new(program)
        .args([
            "node",
            "start",
            "--home",
            &text(home),
            "--identity",
            &text(&devnet.folder.join("identity.txt")),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    Running(running)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_observer_follows_and_answers_without_voting() {
    let devnet = Devnet::up(4, &[]);
    let home = folder();
    let own = init_observer(&devnet, &home);
    rewrite(&devnet.home("pk"), |file| {
        file.peers.push(PeerEntry {
            key: own,
            address: None,
            role: NodeRole::Observer,
        });
    });
    devnet.restart("pk");
    let pk = entry_of_pk(&devnet);
    let (listen, rpc, admin) = (free(), free(), free());
    rewrite(&home, |file| {
        (file.listen, file.rpc_listen, file.admin_listen) = (listen, rpc, admin);
        file.peers = vec![pk];
    });
    let running = start_node(&devnet, &home);

    let observer = devnet.connect(rpc).await;
    assert_eq!(
        observer
            .node_status(AsOfParams::default())
            .await
            .unwrap()
            .role,
        "observer"
    );
    // A payment handed to the observer reaches the validators, and the observer tells when it is final.
    devnet.pay(&observer).await;
    let client = devnet.client("uz").await;
    let reached = height(&client).await;
    reach(&observer, reached).await;
    assert_eq!(
        state_root(&observer, reached).await,
        state_root(&client, reached).await
    );
    drop(running);
    let _ = std::fs::remove_dir_all(home);
}
