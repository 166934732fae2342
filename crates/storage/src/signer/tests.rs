//! The rules of the watermark; crashes and other processes are in modules of their own.

use super::*;
use crate::memory::{Fault, MemoryDisk};
use crate::testing::{chain, hash, input, other_chain};
use karwan_consensus::Step;
use karwan_types::{Round, VoteKind};

mod crashes;
mod processes;

const DIRECTORY: &str = "signer";
const WATERMARK: &str = "signer/watermark";
const LOG: &str = "signer/consensus-00000001.log";

type Opened = Result<(FileSigner, SignerReport), StorageError>;

fn key(number: u8) -> SecretKey {
    SecretKey::from_seed(&[number; 32])
}

fn shared(disk: &MemoryDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

fn create(disk: &MemoryDisk, signs_above: u64) -> Result<(), StorageError> {
    let directory = Path::new(DIRECTORY);
    let above = Height::new(signs_above);
    FileSigner::create_new(
        &shared(disk),
        directory,
        chain(),
        &key(1).public_key(),
        above,
    )
}

fn open(disk: &MemoryDisk) -> Opened {
    FileSigner::open(shared(disk), Path::new(DIRECTORY), chain(), key(1))
}

fn new_disk() -> MemoryDisk {
    let disk = MemoryDisk::new();
    create(&disk, 0).unwrap();
    disk
}

/// A precommit for a block, or for none.
fn precommit(height: u64, round: u32, block: Option<u64>) -> SignRequest {
    SignRequest::Vote {
        kind: VoteKind::Precommit,
        height: Height::new(height),
        round: Round::new(round),
        block: block.map(hash),
    }
}

/// What an engine does: inputs, sync, sign, own vote, sync.
fn vote(signer: &mut FileSigner, request: &SignRequest) -> Result<Signature, SignerError> {
    let height = request.watermark().height.get();
    signer.append(&input(height, 1));
    signer.sync();
    let signature = signer.sign(request)?;
    signer.append(&input(height, 2));
    signer.sync();
    Ok(signature)
}

fn contents(disk: &MemoryDisk, path: &str) -> Vec<u8> {
    disk.contents(Path::new(path)).unwrap()
}

fn refusal(disk: &MemoryDisk) -> StorageError {
    open(disk).err().expect("the directory is refused")
}

#[test]
fn a_later_position_is_signed_the_same_again_and_anything_else_never() {
    let disk = new_disk();
    let (mut signer, report) = open(&disk).unwrap();
    assert_eq!(report.torn, None);
    assert!(
        signer.sign(&precommit(0, 9, None)).is_err(),
        "genesis is not voted on"
    );
    let first = vote(&mut signer, &precommit(5, 1, Some(1))).unwrap();
    let refused = [
        precommit(5, 1, Some(2)),
        precommit(5, 1, None),
        precommit(5, 0, Some(1)),
        precommit(4, 7, Some(1)),
        SignRequest::Proposal {
            height: Height::new(5),
            round: Round::new(1),
            valid_round: None,
            block: hash(1),
        },
    ];
    for restarts in 0..3 {
        for request in &refused {
            let error = signer.sign(request).unwrap_err();
            assert!(
                matches!(error, SignerError::Watermark { .. }),
                "{restarts} restarts: {error}"
            );
        }
        assert_eq!(signer.sign(&precommit(5, 1, Some(1))).unwrap(), first);
        drop(signer);
        let (reopened, report) = open(&disk).unwrap();
        assert_eq!(report.watermark, precommit(5, 1, Some(1)).watermark());
        signer = reopened;
    }
    vote(&mut signer, &precommit(5, 2, None)).unwrap();
    vote(&mut signer, &precommit(6, 0, Some(3))).unwrap();
    let error = signer.sign(&precommit(5, 1, Some(1))).unwrap_err();
    assert!(error.to_string().contains("height 6 round 0"), "{error}");
    assert_eq!(signer.watermark().step, Step::Precommit);
}

#[test]
fn the_signature_is_the_one_of_the_key_and_the_chain() {
    let (mut signer, _) = open(&new_disk()).unwrap();
    let request = precommit(1, 0, Some(1));
    let signature = vote(&mut signer, &request).unwrap();
    assert_eq!(signer.public_key(), key(1).public_key());
    let body = request.body();
    karwan_types::verify(
        &signer.public_key(),
        request.domain(),
        &chain(),
        &body,
        &signature,
    )
    .unwrap();
}

#[test]
fn the_inputs_are_durable_before_the_watermark_moves() {
    let disk = new_disk();
    let (mut signer, _) = open(&disk).unwrap();
    // Not synced by the caller, and still not lost.
    signer.append(&input(1, 7));
    signer.sign(&precommit(1, 0, Some(1))).unwrap();
    disk.crash(&mut |_| crate::memory::Kept::Nothing);
    let (signer, report) = open(&disk).unwrap();
    assert_eq!(signer.entries_for(Height::new(1)), [input(1, 7)]);
    assert_eq!(report.watermark.height.get(), 1);
}

#[test]
fn a_signer_is_created_once_and_may_start_above_a_height() {
    let disk = new_disk();
    let refused = create(&disk, 0).unwrap_err();
    assert!(
        matches!(refused, StorageError::SignerExists { .. }),
        "{refused}"
    );

    let disk = MemoryDisk::new();
    create(&disk, 100).unwrap();
    let (mut signer, _) = open(&disk).unwrap();
    for height in [1, 99, 100] {
        assert!(signer.sign(&precommit(height, u32::MAX, Some(1))).is_err());
    }
    vote(&mut signer, &precommit(101, 0, Some(1))).unwrap();
}

#[test]
fn a_missing_watermark_is_refused_and_never_made_up() {
    let disk = new_disk();
    let (mut signer, _) = open(&disk).unwrap();
    vote(&mut signer, &precommit(1, 0, Some(1))).unwrap();
    drop(signer);
    disk.unlink(Path::new(WATERMARK));
    let error = refusal(&disk);
    assert!(
        error
            .to_string()
            .contains("not known what this key signed before"),
        "{error}"
    );
    // Nor by creating one beside a log that was used.
    let error = create(&disk, 0).unwrap_err();
    assert!(
        matches!(error, StorageError::SignerExists { .. }),
        "{error}"
    );
    let error = open(&MemoryDisk::new()).err().unwrap();
    assert!(
        matches!(error, StorageError::MissingWatermark { .. }),
        "{error}"
    );
}

#[test]
fn another_key_and_another_chain_are_refused() {
    let disk = new_disk();
    let directory = Path::new(DIRECTORY);
    let other = FileSigner::open(shared(&disk), directory, chain(), key(2));
    assert!(matches!(
        other.err().unwrap(),
        StorageError::OtherKey { .. }
    ));
    let other = FileSigner::open(shared(&disk), directory, other_chain(), key(1));
    assert!(matches!(
        other.err().unwrap(),
        StorageError::OtherChain { .. }
    ));
}

#[test]
fn a_flipped_byte_of_the_watermark_in_use_is_refused_and_of_the_older_slot_is_harmless() {
    let disk = new_disk();
    let (mut signer, _) = open(&disk).unwrap();
    for round in 0..3 {
        vote(&mut signer, &precommit(1, round, Some(1))).unwrap();
    }
    let newest = signer.watermark();
    drop(signer);
    let bytes = contents(&disk, WATERMARK);
    let mut refusals = 0;
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x08;
        disk.plant(Path::new(WATERMARK), &flipped);
        match open(&disk) {
            Ok((_, report)) => assert_eq!(report.watermark, newest, "byte {at}"),
            Err(StorageError::Damaged { what, .. }) => {
                assert_eq!(
                    what,
                    Damage::OldWatermark {
                        stored: 4,
                        known: 5
                    },
                    "byte {at}"
                );
                refusals += 1;
            }
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
    assert_eq!(
        refusals,
        bytes.len() - 4096,
        "every byte of the newest slot"
    );
    let mut both = bytes.clone();
    both[10] ^= 1;
    both[4096 + 10] ^= 1;
    disk.plant(Path::new(WATERMARK), &both);
    let error = refusal(&disk);
    assert!(error.to_string().contains("both slots"), "{error}");
    let slot_bytes = bytes.len() - 4096;
    for length in 0..slot_bytes {
        disk.plant(Path::new(WATERMARK), &bytes[..length]);
        let _ = refusal(&disk);
    }
}

#[test]
fn an_old_copy_of_either_file_is_refused() {
    let disk = new_disk();
    let mut copies = Vec::new();
    for round in 0..6 {
        copies.push((contents(&disk, WATERMARK), contents(&disk, LOG)));
        let (mut signer, _) = open(&disk).unwrap();
        vote(&mut signer, &precommit(1, round, Some(1))).unwrap();
    }
    let newest = (contents(&disk, WATERMARK), contents(&disk, LOG));
    for (watermark, log) in copies {
        disk.plant(Path::new(WATERMARK), &watermark);
        let error = refusal(&disk);
        assert!(error.to_string().contains("old copy"), "{error}");
        disk.plant(Path::new(WATERMARK), &newest.0);
        disk.plant(Path::new(LOG), &log);
        let error = refusal(&disk);
        assert!(error.to_string().contains("was synced before"), "{error}");
        disk.plant(Path::new(LOG), &newest.1);
    }
    disk.unlink(Path::new(LOG));
    let error = refusal(&disk);
    assert!(
        matches!(error, StorageError::MissingConsensusLog { .. }),
        "{error}"
    );
}

#[test]
fn a_signer_that_cannot_store_signs_nothing_more() {
    for fault in [Fault::InputOutput, Fault::NoSpace, Fault::FailedSync] {
        let disk = new_disk();
        let (mut signer, _) = open(&disk).unwrap();
        vote(&mut signer, &precommit(1, 0, Some(1))).unwrap();
        disk.inject(disk.operations(), fault);
        let error = signer.sign(&precommit(1, 1, Some(1))).unwrap_err();
        assert!(matches!(error, SignerError::Unavailable { .. }), "{error}");
        disk.heal();
        assert!(signer.sign(&precommit(1, 2, Some(1))).is_err(), "{fault:?}");
    }
}

#[test]
#[should_panic(expected = "the consensus log cannot be written, so nothing may be signed any more")]
fn a_log_that_cannot_be_synced_ends_the_process() {
    let disk = new_disk();
    let (mut signer, _) = open(&disk).unwrap();
    signer.append(&input(1, 1));
    disk.inject(disk.operations(), Fault::FailedSync);
    signer.sync();
}
