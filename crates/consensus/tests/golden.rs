//! The bytes of everything that validators sign, send to each other and log about a height, as
//! `tests/golden/consensus.txt` has them.
//!
//! What must hold: every signature here verifies, so that the committed bytes are those of messages that count. The unit tests of
//! messages and entries spell the same layouts part by part.

#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

#[path = "../../types/tests/golden/book.rs"]
mod book;
#[path = "../../types/tests/golden/encoded.rs"]
mod encoded;

use book::Book;
use encoded::every;
use karwan_consensus::{
    ConsensusMessage, EngineEntry, Evidence, LogEntry, PolkaCertificate, Proposal,
    RoundCertificate, RoundCertificateKind, RoundSignature, SignRequest, Step, Timeout,
    TimeoutKind, Vote,
};
use karwan_types::{
    ChainId, CommitSignature, Hash, Height, Round, SecretKey, Validator, ValidatorSet, VoteKind,
    verify,
};

const HEIGHT: Height = Height::new(5);
const ROUND: Round = Round::new(2);
const BLOCK: Hash = Hash::from_bytes([0xaa; 32]);
const OTHER: Hash = Hash::from_bytes([0xbb; 32]);

#[test]
fn the_bytes_of_consensus_are_the_committed_ones() {
    let mut book = Book::default();
    requests(&mut book);
    votes(&mut book);
    certificates(&mut book);
    messages(&mut book);
    entries(&mut book);
    evidence(&mut book);
    book.require_every_type();
    book.compare("consensus.txt");
}

fn chain() -> ChainId {
    ChainId::of_genesis(b"golden genesis")
}

/// The validators' keys by their position in the set.
fn keys() -> Vec<SecretKey> {
    let mut keys: Vec<SecretKey> = (1..=4)
        .map(|byte| SecretKey::from_seed(&[byte; 32]))
        .collect();
    keys.sort_by_key(SecretKey::public_key);
    keys
}

fn set() -> ValidatorSet {
    let validators = keys().into_iter().map(|key| Validator {
        key: key.public_key(),
        power: 1,
        jurisdiction: "PK".parse().unwrap(),
    });
    ValidatorSet::new(validators.collect()).unwrap()
}

fn vote_request(kind: VoteKind, block: Option<Hash>) -> SignRequest {
    SignRequest::Vote {
        kind,
        height: HEIGHT,
        round: ROUND,
        block,
    }
}

fn proposal_request(valid_round: Option<Round>, block: Hash) -> SignRequest {
    SignRequest::Proposal {
        height: HEIGHT,
        round: ROUND,
        valid_round,
        block,
    }
}

fn vote(kind: VoteKind, block: Option<Hash>) -> Vote {
    let key = &keys()[0];
    Vote {
        kind,
        height: HEIGHT,
        round: ROUND,
        block,
        validator: key.public_key(),
        signature: vote_request(kind, block).sign_with(key, &chain()),
    }
}

fn proposal(valid_round: Option<Round>, block: Hash) -> Proposal {
    let key = &keys()[1];
    Proposal {
        height: HEIGHT,
        round: ROUND,
        valid_round,
        block,
        proposer: key.public_key(),
        signature: proposal_request(valid_round, block).sign_with(key, &chain()),
    }
}

/// Three prevotes of four for one block.
fn polka() -> PolkaCertificate {
    let request = vote_request(VoteKind::Prevote, Some(BLOCK));
    let signatures = (0u16..3)
        .zip(keys())
        .map(|(validator, key)| CommitSignature {
            validator,
            signature: request.sign_with(&key, &chain()),
        });
    let polka = PolkaCertificate {
        height: HEIGHT,
        round: ROUND,
        block: BLOCK,
        signatures: signatures.collect(),
    };
    polka.verify(&chain(), &set()).unwrap();
    polka
}

/// Three votes of one kind: the first for no block, the others for one.
fn round_certificate(kind: RoundCertificateKind, votes: VoteKind) -> RoundCertificate {
    let signatures = (0u16..3).zip(keys()).map(|(validator, key)| {
        let block = (validator > 0).then_some(BLOCK);
        RoundSignature {
            kind: votes,
            block,
            validator,
            signature: vote_request(votes, block).sign_with(&key, &chain()),
        }
    });
    let certificate = RoundCertificate {
        height: HEIGHT,
        round: ROUND,
        kind,
        signatures: signatures.collect(),
    };
    certificate.verify(&chain(), &set()).unwrap();
    certificate
}

fn precommits() -> RoundCertificate {
    round_certificate(RoundCertificateKind::Precommits, VoteKind::Precommit)
}

fn timeout(kind: TimeoutKind) -> Timeout {
    Timeout {
        height: HEIGHT,
        round: ROUND,
        kind,
    }
}

/// What a signer is asked, what it signs, and what its watermark keeps of it.
fn requests(book: &mut Book) {
    let variants = every!(SignRequest {
        Proposal => proposal_request(Some(Round::new(1)), BLOCK),
        Vote => vote_request(VoteKind::Precommit, Some(BLOCK)),
    });
    let more = [
        ("SignRequest/proposed-first", proposal_request(None, BLOCK)),
        (
            "SignRequest/prevote-nil",
            vote_request(VoteKind::Prevote, None),
        ),
    ];
    let key = &keys()[0];
    for (name, request) in variants.into_iter().chain(more) {
        book.value(name, &request);
        let body = request.body();
        let signature = request.sign_with(key, &chain());
        let domain = request.domain();
        verify(&key.public_key(), domain, &chain(), &body, &signature).unwrap();
        book.bytes(&format!("{name}.body"), &body);
        book.bytes(&format!("{name}.signature"), &signature.to_bytes());
        book.value(&format!("Watermark/{name}"), &request.watermark());
    }
    for (name, step) in every!(Step {
        Proposal,
        Prevote,
        Precommit,
    }) {
        book.value(name, &step);
    }
}

fn votes(book: &mut Book) {
    book.value("Vote", &vote(VoteKind::Precommit, Some(BLOCK)));
    book.value("Vote/prevote-nil", &vote(VoteKind::Prevote, None));
    book.value("Proposal", &proposal(Some(Round::new(1)), BLOCK));
    book.value("Proposal/first", &proposal(None, BLOCK));
    for (name, kind) in every!(TimeoutKind {
        Propose,
        Prevote,
        Precommit,
        Rebroadcast,
    }) {
        book.value(name, &kind);
        book.value(&format!("Timeout/{name}"), &timeout(kind));
    }
}

fn certificates(book: &mut Book) {
    for (name, kind) in every!(RoundCertificateKind { Precommits, Skip }) {
        book.value(name, &kind);
    }
    book.value("RoundSignature/nil", &precommits().signatures[0]);
    book.value("RoundSignature", &precommits().signatures[1]);
    book.value("RoundCertificate", &precommits());
    let skip = round_certificate(RoundCertificateKind::Skip, VoteKind::Prevote);
    book.value("RoundCertificate/skip", &skip);
    book.value("PolkaCertificate", &polka());
}

fn messages(book: &mut Book) {
    for (name, message) in every!(ConsensusMessage {
        Vote => ConsensusMessage::Vote(vote(VoteKind::Precommit, Some(BLOCK))),
        Proposal => ConsensusMessage::Proposal(proposal(Some(Round::new(1)), BLOCK)),
        PolkaCertificate => ConsensusMessage::PolkaCertificate(polka()),
        RoundCertificate => ConsensusMessage::RoundCertificate(precommits()),
    }) {
        let bytes = message.encode();
        assert_eq!(ConsensusMessage::decode(&bytes).unwrap(), message);
        book.value(name, &message);
    }
}

fn entries(book: &mut Book) {
    for (name, entry) in every!(EngineEntry {
        Proposed => EngineEntry::Proposed { height: HEIGHT, round: ROUND, block: BLOCK },
        Validated => EngineEntry::Validated { height: HEIGHT, round: ROUND, block: BLOCK, valid: true },
        Vote => EngineEntry::Vote(vote(VoteKind::Precommit, Some(BLOCK))),
        Proposal => EngineEntry::Proposal(proposal(Some(Round::new(1)), BLOCK)),
        PolkaCertificate => EngineEntry::PolkaCertificate(polka()),
        TimedOut => EngineEntry::TimedOut(timeout(TimeoutKind::Prevote)),
    }) {
        book.value(name, &entry);
    }
    let proposed = EngineEntry::Proposed {
        height: HEIGHT,
        round: ROUND,
        block: BLOCK,
    };
    for (name, entry) in every!(LogEntry {
        Body => LogEntry::Body { height: HEIGHT, block_hash: BLOCK, bytes: b"block".to_vec() },
        Engine => LogEntry::Engine(proposed),
    }) {
        book.value(name, &entry);
    }
}

fn evidence(book: &mut Book) {
    for (name, evidence) in every!(Evidence {
        Votes => Evidence::Votes {
            first: vote(VoteKind::Precommit, Some(BLOCK)),
            second: vote(VoteKind::Precommit, None),
        },
        Proposals => Evidence::Proposals {
            first: proposal(None, BLOCK),
            second: proposal(None, OTHER),
        },
    }) {
        evidence.verify(&chain(), &set()).unwrap();
        book.value(name, &evidence);
    }
}
