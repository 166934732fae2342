//! Making a development network: directories, keys, genesis, settings. Nothing runs yet when this ends.

use super::UpArgs;
use crate::files;
use crate::genesis_plan::{DEVNET_PLAN, GenesisPlan, PLAN_BYTES_MAX, PlannedValidator};
use crate::home::HomeKeys;
use crate::manifest::{Devnet, DevnetNode, Institution};
use crate::output::Output;
use crate::rulebook_document::{DEVNET_RULEBOOK, RULEBOOK_BYTES_MAX, RulebookDocument};
use crate::unlock::new_key;
use crate::words::now;
use anyhow::{Context, bail};
use karwan_ledger::{Genesis, GenesisDocument};
use karwan_node::keystore::{KeyPurpose, Keystore, PublicPart, Unlock, public_path};
use karwan_node::{ConfigFile, NodeRole, PeerEntry};
use karwan_types::{Lei, Timestamp};
use std::fs::DirBuilder;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// The jurisdictions whose validators a network has, in this order; a second round follows the first.
const JURISDICTIONS: [&str; 4] = ["PK", "KG", "KZ", "UZ"];
/// The file that says that a directory is a development network's, and may be removed as a whole.
const MARKER: &str = ".karwan-devnet";
/// An idle development network makes an empty block this often, so that its height is seen to move.
const HEARTBEAT_MS: u64 = 2_000;

/// Makes the network's directory anew.
pub(super) fn prepare(directory: &Path, args: &UpArgs, output: Output) -> anyhow::Result<Devnet> {
    let text = match &args.plan {
        Some(path) => files::read_text(path, PLAN_BYTES_MAX)?,
        None => DEVNET_PLAN.to_owned(),
    };
    let mut plan = GenesisPlan::parse(&text)?;
    let text = match &args.rulebook {
        Some(path) => files::read_text(path, RULEBOOK_BYTES_MAX)?,
        None => DEVNET_RULEBOOK.to_owned(),
    };
    let rulebook = RulebookDocument::parse(&text)?.build()?;
    let nodes = free_nodes(args.validators, args.base_port)?;
    output.note("Making keys and genesis ...");
    let (devnet, genesis) = make(
        directory,
        nodes,
        HEARTBEAT_MS,
        |devnet, keystore, validators| {
            make_institution_keys(&plan, keystore, devnet)?;
            plan.validators = validators;
            let find = |name: &str| Ok(PublicPart::read(&public_path(&devnet.keys(), name))?);
            plan.build(start_of_hour(now()), rulebook, &find)
        },
    )?;
    let institutions = institutions(&plan, genesis.document(), &devnet.validators);
    let devnet = Devnet::new(directory.to_owned(), devnet.validators, institutions);
    devnet.save()?;
    Ok(devnet)
}

/// Makes the directory of a network with these validators: their keys, the genesis file that `document` gives for them, and
/// their settings.
pub(crate) fn make(
    directory: &Path,
    nodes: Vec<DevnetNode>,
    heartbeat_ms: u64,
    document: impl FnOnce(&Devnet, &Keystore, Vec<PlannedValidator>) -> anyhow::Result<GenesisDocument>,
) -> anyhow::Result<(Devnet, Genesis)> {
    // Only what could not be told without touching anything comes after this.
    remove_earlier(directory)?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    files::write_new(&directory.join(MARKER), b"")?;
    let devnet = Devnet::new(directory.to_owned(), nodes, Vec::new());
    std::fs::create_dir_all(devnet.receipts()).context("cannot make the receipts directory")?;
    let keystore = Keystore::new(Unlock::create_identity_file(&devnet.identity())?);
    let mut keys = Vec::new();
    let mut validators = Vec::new();
    for (index, node) in devnet.validators.iter().enumerate() {
        let made = devnet.home(node).make_keys(&keystore)?;
        validators.push(PlannedValidator {
            key: made.validator.to_string(),
            power: 1,
            jurisdiction: JURISDICTIONS[index % JURISDICTIONS.len()].parse()?,
        });
        keys.push(made);
    }
    let genesis = Genesis::new(document(&devnet, &keystore, validators)?)?;
    for (index, node) in devnet.validators.iter().enumerate() {
        let home = devnet.home(node);
        let settings = settings(&devnet, (index, heartbeat_ms), &keys, genesis.document());
        files::write_new(&home.settings(), toml::to_string(&settings)?.as_bytes())?;
        home.join(&genesis, &keys[index], None)?;
    }
    files::write_new(&devnet.genesis(), genesis.to_toml()?.as_bytes())?;
    Ok((devnet, genesis))
}

/// Genesis must lie before the first block's time on every clock of this machine.
pub(crate) fn start_of_hour(now: Timestamp) -> Timestamp {
    const HOUR_MS: u64 = 3_600_000;
    Timestamp::from_millis(now.millis() / HOUR_MS * HOUR_MS)
}

/// Removes what an earlier network left, and refuses to remove anything that is none.
fn remove_earlier(directory: &Path) -> anyhow::Result<()> {
    let Ok(mut entries) = std::fs::read_dir(directory) else {
        return Ok(());
    };
    if !directory.join(MARKER).exists() {
        if entries.next().is_none() {
            return Ok(());
        }
        bail!(
            "{} holds something else than a development network; name another directory with --devnet",
            directory.display()
        );
    }
    std::fs::remove_dir_all(directory).with_context(|| {
        format!(
            "cannot remove the earlier network in {}",
            directory.display()
        )
    })
}

/// Validators with addresses at which nothing listens.
pub(crate) fn free_nodes(count: u8, base_port: Option<u16>) -> anyhow::Result<Vec<DevnetNode>> {
    let count = usize::from(count);
    let mut held = Vec::new();
    let mut addresses = Vec::new();
    for index in 0..count * 3 {
        let port = match base_port {
            Some(base) => {
                let offset = u16::try_from(index).context("too many ports")?;
                base.checked_add(offset)
                    .context("--base-port is too high")?
            }
            None => 0,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
            format!("port {port} is taken by another program; stop it, or leave --base-port out so that free ports are chosen")
        })?;
        addresses.push(listener.local_addr().context("a port has no address")?);
        held.push(listener);
    }
    let node = |(index, ports): (usize, &[SocketAddr])| {
        let round = index / JURISDICTIONS.len() + 1;
        let mut name = JURISDICTIONS[index % JURISDICTIONS.len()].to_lowercase();
        if round > 1 {
            name.push_str(&round.to_string());
        }
        DevnetNode {
            name,
            listen: ports[0],
            rpc: ports[1],
            admin: ports[2],
        }
    };
    Ok(addresses.chunks(3).enumerate().map(node).collect())
}

/// One key for each name of the plan, its purpose being the last part of the name, and a commitment key for each institution.
fn make_institution_keys(
    plan: &GenesisPlan,
    keystore: &Keystore,
    devnet: &Devnet,
) -> anyhow::Result<()> {
    let mut wanted = plan.key_purposes()?;
    for participant in &plan.participants {
        if let Some(handle) = participant.handle() {
            wanted.push((format!("{handle}-commitment"), KeyPurpose::Commitment));
        }
    }
    for (name, purpose) in wanted {
        keystore.create(&devnet.keys(), &name, &new_key(purpose)?)?;
    }
    Ok(())
}

fn institutions(
    plan: &GenesisPlan,
    document: &GenesisDocument,
    nodes: &[DevnetNode],
) -> Vec<Institution> {
    let describe = |lei: Lei, prefix: String| {
        let row = document.participants.iter().find(|row| row.lei == lei)?;
        let mut agents = vec![row.lei.to_string()];
        agents.extend(row.bic.map(|bic| bic.to_string()));
        agents.extend(
            row.members
                .iter()
                .map(|one| format!("{}:{}", one.system, one.member)),
        );
        let server = nodes.get(server(&row.jurisdiction.to_string(), nodes.len()))?;
        Some(Institution {
            prefix,
            name: row.name.to_string(),
            lei,
            agents,
            served_by: server.name.clone(),
        })
    };
    let named = plan.participants.iter();
    named
        .filter_map(|one| describe(one.lei, one.handle()?.to_owned()))
        .collect()
}

/// Which validator serves the institutions of a jurisdiction: its own, or the first where there is none.
fn server(jurisdiction: &str, nodes: usize) -> usize {
    let own = JURISDICTIONS.iter().position(|one| *one == jurisdiction);
    own.filter(|position| *position < nodes).unwrap_or(0)
}

/// The settings of one validator: the others are its peers, and it keeps the outbox of its jurisdiction's institutions.
fn settings(
    devnet: &Devnet,
    (index, heartbeat_ms): (usize, u64),
    keys: &[HomeKeys],
    document: &GenesisDocument,
) -> ConfigFile {
    let node = &devnet.validators[index];
    let peer = |other: usize| PeerEntry {
        key: keys[other].peer,
        address: Some(devnet.validators[other].listen),
        role: NodeRole::Validator,
    };
    let nodes = devnet.validators.len();
    let institutions = document
        .participants
        .iter()
        .filter(|row| server(&row.jurisdiction.to_string(), nodes) == index)
        .map(|row| row.lei);
    ConfigFile {
        role: NodeRole::Validator,
        listen: node.listen,
        rpc_listen: node.rpc,
        admin_listen: node.admin,
        peers: (0..nodes)
            .filter(|other| *other != index)
            .map(peer)
            .collect(),
        institutions: institutions.collect(),
        heartbeat_ms,
        ..ConfigFile::default()
    }
}
