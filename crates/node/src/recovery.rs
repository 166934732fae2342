//! Opening a node's directory: locks, genesis, logs, and the state after the last stored block.
//!
//! The block log is the truth. The newest sound checkpoint whose state root equals the certified header at its height
//! saves executing from genesis; the tail of the log is executed again with every check, and must give the stored roots.

use crate::config::{Config, NodeRole};
use karwan_consensus::LogEntry;
use karwan_ledger::{Genesis, GenesisError, State, VerifiedTransaction};
use karwan_replica::Tip;
use karwan_storage::{
    BlockLog, BlockLogOptions, BlockReader, Checkpoints, Disk, FileSigner, HomeLock, Progress,
    RealDisk, StorageError,
};
use karwan_types::{
    Block, BlockFrame, ChainId, CodecError, CommitCertificate, DECODE_BYTES_MAX, Height, SecretKey,
    decode,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folders below the data directory.
const BLOCKS: &str = "blocks";
const CHECKPOINTS: &str = "checkpoints";
const SIGNER: &str = "signer";

/// Why a node cannot start.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The genesis file cannot be read.
    #[error("cannot read {path}")]
    Genesis {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The data directory cannot be made.
    #[error("cannot create {path}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The genesis file is not one.
    #[error(transparent)]
    GenesisContent(#[from] GenesisError),
    /// Damage, or the disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A stored block cannot be decoded.
    #[error("block {height} of the block log cannot be decoded")]
    Decode {
        /// The block.
        height: Height,
        /// Why.
        source: CodecError,
    },
    /// A stored block does not follow from the one before, or gives another result.
    #[error("block {height} of the block log does not check: {problem}")]
    Block {
        /// The block.
        height: Height,
        /// Why.
        problem: String,
    },
}

/// Everything that was opened.
pub(crate) struct Recovered {
    pub(crate) genesis: Genesis,
    pub(crate) log: BlockLog,
    pub(crate) tip: Tip,
    pub(crate) last: Option<Arc<BlockFrame>>,
    pub(crate) signer: Option<FileSigner>,
    pub(crate) entries: Vec<LogEntry>,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) lock: HomeLock,
}

/// Reads the genesis file of a home.
///
/// # Errors
/// `RecoveryError` when it cannot be read or does not check.
pub fn read_genesis(home: &Path) -> Result<Genesis, RecoveryError> {
    let path = home.join("genesis.toml");
    let text =
        std::fs::read_to_string(&path).map_err(|source| RecoveryError::Genesis { path, source })?;
    Ok(Genesis::from_toml(&text)?)
}

/// Opens everything and brings the state to the last stored block.
pub(crate) fn open(
    config: &Config,
    key: Option<SecretKey>,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<Recovered, RecoveryError> {
    let genesis = read_genesis(&config.home)?;
    let chain = genesis.chain_id;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(config.data()));
    std::fs::create_dir_all(config.data()).map_err(|source| RecoveryError::Directory {
        path: config.data(),
        source,
    })?;
    let lock = HomeLock::acquire(&*disk, Path::new(""))?;
    let signer = match (config.file.role, key) {
        (NodeRole::Validator, Some(key)) => Some(open_signer(&disk, chain, key)?),
        (NodeRole::Validator | NodeRole::Observer, _) => None,
    };
    let synced_through = signer.as_ref().map(FileSigner::base);
    let mut scan = |step: Progress| progress("checking blocks", step.done_bytes, step.total_bytes);
    let (log, torn) = BlockLog::open(
        Arc::clone(&disk),
        Path::new(BLOCKS),
        BlockLogOptions::new(chain, synced_through),
        &mut scan,
    )?;
    if let Some(torn) = torn {
        tracing::warn!(
            ?torn,
            "a half-written block was cut off the end of the block log"
        );
    }
    let checkpoints = Checkpoints::open(Arc::clone(&disk), Path::new(CHECKPOINTS), chain)?;
    let (tip, last) = replay(&genesis, &log.reader(), &checkpoints, progress)?;
    let next = tip.state.chain().height.next();
    let entries = signer
        .as_ref()
        .map(|signer| signer.entries_for(next))
        .unwrap_or_default();
    Ok(Recovered {
        genesis,
        log,
        tip,
        last,
        signer,
        entries,
        checkpoints,
        lock,
    })
}

fn open_signer(
    disk: &Arc<dyn Disk>,
    chain: ChainId,
    key: SecretKey,
) -> Result<FileSigner, RecoveryError> {
    let (signer, report) = FileSigner::open(Arc::clone(disk), Path::new(SIGNER), chain, key)?;
    if let Some(torn) = report.torn {
        tracing::warn!(
            ?torn,
            "a half-written group was cut off the end of the consensus log"
        );
    }
    tracing::info!(watermark = ?report.watermark, "signer opened");
    Ok(signer)
}

/// The state after the last stored block, from the newest checkpoint that a certified header vouches for.
fn replay(
    genesis: &Genesis,
    reader: &BlockReader,
    checkpoints: &Checkpoints,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<(Tip, Option<Arc<BlockFrame>>), RecoveryError> {
    let mut tip = Tip {
        hash: genesis.chain_id.0,
        state: genesis.state.clone(),
    };
    let mut last = None;
    for checkpoint in checkpoints.newest_first()? {
        let checkpoint = match checkpoint {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                tracing::warn!(%error, "a checkpoint is damaged and is not used");
                continue;
            }
        };
        if checkpoint.height > reader.last() {
            tracing::warn!(height = %checkpoint.height, "a checkpoint is ahead of the block log and is not used");
            continue;
        }
        let frame = read_frame(reader, checkpoint.height)?;
        match State::from_checkpoint(&checkpoint.state) {
            Ok(state)
                if state.root() == frame.block.header.state_root
                    && frame.block.hash() == checkpoint.block_hash =>
            {
                tip = Tip {
                    hash: checkpoint.block_hash,
                    state,
                };
                last = Some(Arc::new(frame));
                break;
            }
            Ok(_) => {
                tracing::warn!(height = %checkpoint.height, "a checkpoint does not match its certified header and is not used")
            }
            Err(error) => {
                tracing::warn!(height = %checkpoint.height, %error, "a checkpoint cannot be read and is not used")
            }
        }
    }
    let (from, to) = (tip.state.chain().height.get(), reader.last().get());
    for number in from.saturating_add(1)..=to {
        let frame = read_frame(reader, Height::new(number))?;
        tip = follow(&tip, &frame)?;
        last = Some(Arc::new(frame));
        progress(
            "executing blocks",
            number.saturating_sub(from),
            to.saturating_sub(from),
        );
    }
    Ok((tip, last))
}

/// Reads and decodes a stored block.
///
/// # Errors
/// `RecoveryError` when it is not there, is damaged, or cannot be decoded.
pub fn read_frame(reader: &BlockReader, height: Height) -> Result<BlockFrame, RecoveryError> {
    let bytes = reader.read(height)?;
    decode(&bytes, DECODE_BYTES_MAX).map_err(|source| RecoveryError::Decode { height, source })
}

/// Takes one stored block with every check: certificate, signatures, execution, roots. What an auditor does.
///
/// # Errors
/// `RecoveryError::Block` says which check failed.
pub fn follow(tip: &Tip, frame: &BlockFrame) -> Result<Tip, RecoveryError> {
    let height = frame.block.header.height;
    let failed = |problem: String| RecoveryError::Block { height, problem };
    let verified = verify_block(&tip.state, &frame.block, &frame.certificate)?;
    let draft = tip
        .state
        .validate(tip.hash, &frame.block, &verified)
        .map_err(|error| failed(error.to_string()))?;
    if draft.outcomes != frame.outcomes {
        return Err(failed(
            "its stored outcomes are not those of its execution".to_owned(),
        ));
    }
    Ok(Tip {
        hash: frame.block.hash(),
        state: draft.state,
    })
}

/// Verifies the certificate of the block after a state, and every signature under its instructions. Nothing is executed.
///
/// # Errors
/// `RecoveryError::Block` says which check failed.
pub fn verify_block(
    state: &State,
    block: &Block,
    certificate: &CommitCertificate,
) -> Result<Vec<VerifiedTransaction>, RecoveryError> {
    let height = block.header.height;
    let failed = |problem: String| RecoveryError::Block { height, problem };
    if certificate.block_hash != block.hash() || certificate.height != height {
        return Err(failed("its certificate is for another block".to_owned()));
    }
    let chain = state.chain();
    certificate
        .verify(&chain.chain_id, &chain.validators)
        .map_err(|error| failed(error.to_string()))?;
    let transactions = block.transactions.iter();
    transactions
        .map(|encoded| {
            VerifiedTransaction::from_encoded(encoded.clone(), &chain.chain_id)
                .map_err(|error| failed(error.to_string()))
        })
        .collect()
}

/// Makes the signer of a validator: its watermark and its empty consensus log. It signs only above the height given, which is
/// genesis for a key that has never signed. Refuses if there is one.
///
/// # Errors
/// `StorageError` when there is one already or the disk fails.
pub fn create_signer(
    config: &Config,
    chain: ChainId,
    key: &karwan_types::PublicKey,
    signs_above: Height,
) -> Result<(), StorageError> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(config.data()));
    FileSigner::create_new(&disk, Path::new(SIGNER), chain, key, signs_above)
}

/// Opens the block log of a stopped node for reading only: nothing is created, cut or repaired.
///
/// # Errors
/// `RecoveryError` when there is none or it is damaged.
pub fn open_block_log(config: &Config, chain: ChainId) -> Result<BlockReader, RecoveryError> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(config.data()));
    let (reader, torn) = BlockReader::open(
        disk,
        Path::new(BLOCKS),
        BlockLogOptions::new(chain, None),
        &mut |_| (),
    )?;
    if let Some(torn) = torn {
        tracing::warn!(
            ?torn,
            "the block log ends with a half-written block, which is not read"
        );
    }
    Ok(reader)
}
