//! The bytes of what nodes say to each other, as `tests/golden/replica.txt` has them.
//!
//! What must hold: validators of different releases understand each other, or are told apart by a version.

#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

#[path = "../../types/tests/golden/book.rs"]
mod book;
#[path = "../../types/tests/golden/encoded.rs"]
mod encoded;

use book::Book;
use encoded::every;
use karwan_consensus::{ConsensusMessage, SignRequest, Vote};
use karwan_replica::{PEER_MESSAGE_BYTES_MAX, PeerMessage};
use karwan_types::{
    BLOCK_VERSION, Block, BlockFrame, BlockHeader, ChainId, CommitCertificate, CommitSignature,
    EncodedTransaction, Hash, Height, InstructionHash, Outcome, Round, SecretKey, Timestamp,
    TransactionStatus, VoteKind, receipts_root, transactions_root,
};

#[test]
fn the_bytes_of_peer_messages_are_the_committed_ones() {
    let mut book = Book::default();
    for (name, message) in every!(PeerMessage {
        Consensus => PeerMessage::Consensus(ConsensusMessage::Vote(vote())),
        Status => PeerMessage::Status(Height::new(5)),
        Body => PeerMessage::Body(block()),
        BodyWanted => PeerMessage::BodyWanted { height: Height::new(5), block: hash(6) },
        Transactions => PeerMessage::Transactions(transactions()),
        FramesWanted => PeerMessage::FramesWanted(Height::new(5)),
        Frames => PeerMessage::Frames(vec![frame()]),
    }) {
        let bytes = message.to_bytes();
        let read = PeerMessage::from_bytes(&bytes, PEER_MESSAGE_BYTES_MAX).unwrap();
        assert_eq!(read, message, "{name}");
        book.value(name, &message);
    }
    book.value(
        "PeerMessage/no-transactions",
        &PeerMessage::Transactions(Vec::new()),
    );
    book.value("PeerMessage/no-frames", &PeerMessage::Frames(Vec::new()));
    book.require_every_type();
    book.compare("replica.txt");
}

fn hash(byte: u8) -> Hash {
    Hash::from_bytes([byte; 32])
}

fn key() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

fn chain() -> ChainId {
    ChainId::of_genesis(b"golden genesis")
}

fn vote() -> Vote {
    let (kind, height, round) = (VoteKind::Precommit, Height::new(5), Round::new(2));
    let block = Some(block().hash());
    let request = SignRequest::Vote {
        kind,
        height,
        round,
        block,
    };
    Vote {
        kind,
        height,
        round,
        block,
        validator: key().public_key(),
        signature: request.sign_with(&key(), &chain()),
    }
}

fn transactions() -> Vec<EncodedTransaction> {
    vec![
        EncodedTransaction::new(b"first transaction".to_vec()),
        EncodedTransaction::new(b"second transaction".to_vec()),
    ]
}

/// What block time brought about: the least that an outcome can say.
fn outcome() -> Outcome {
    Outcome {
        transaction: None,
        instruction: InstructionHash(hash(7)),
        operation: "Hold".parse().unwrap(),
        status: TransactionStatus::Canc,
        refusal: None,
        clause: "5".parse().unwrap(),
        rulebook: 3,
        emergency: None,
        withheld: None,
        movement: None,
        booked: false,
    }
}

fn block() -> Block {
    let header = BlockHeader {
        version: BLOCK_VERSION,
        chain_id: chain(),
        height: Height::new(5),
        time: Timestamp::from_millis(1_790_000_000_000),
        parent: hash(1),
        transactions_root: transactions_root(&transactions()),
        receipts_root: receipts_root(&[outcome()]),
        state_root: hash(2),
        validators_hash: hash(3),
        next_validators_hash: hash(4),
        proposer: key().public_key(),
    };
    Block {
        header,
        transactions: transactions(),
    }
}

fn frame() -> BlockFrame {
    let vote = vote();
    BlockFrame {
        block: block(),
        certificate: CommitCertificate {
            height: vote.height,
            round: vote.round,
            block_hash: block().hash(),
            signatures: vec![CommitSignature {
                validator: 3,
                signature: vote.signature,
            }],
        },
        outcomes: vec![outcome()],
    }
}
