//! What several tests of this crate share: the development network with keys that follow from their names, and a receipt
//! made on it without a node.

pub(crate) use crate::genesis_plan::DEVNET_PLAN;
use crate::genesis_plan::{GenesisPlan, PlannedValidator};
pub(crate) use crate::rulebook_document::DEVNET_RULEBOOK;
use crate::rulebook_document::RulebookDocument;
use karwan_ledger::{
    BlockSeat, Draft, Genesis, Issue, IssueRequest, Operation, Transaction, VerifiedTransaction,
};
use karwan_node::keystore::{KeyPurpose, NewKey, PublicPart};
use karwan_types::{
    Amount, BlockHeader, CommitCertificate, CommitSignature, HashDomain, Receipt, Round, SecretKey,
    SigningDomain, Timestamp, VoteKind, hash_of, merkle_path, vote_bytes,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) const VALIDATORS: [&str; 4] = ["PK", "KG", "KZ", "UZ"];

/// A directory that goes away with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("karwan-cli-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn seed(name: &str) -> [u8; 32] {
    *hash_of(HashDomain::Payload, &[name.as_bytes()]).as_bytes()
}

/// The signing key called `name`.
pub(crate) fn secret(name: &str) -> SecretKey {
    SecretKey::from_seed(&seed(name))
}

/// The public part of the key called `name`; its purpose is the last part of the name.
pub(crate) fn public(name: &str) -> PublicPart {
    let purpose = match name.rsplit('-').next().unwrap() {
        "governor" | "supervisor" | "court" => KeyPurpose::Approver,
        "regulator" | "auditor" => KeyPurpose::Access,
        other => other.parse().unwrap(),
    };
    if purpose == KeyPurpose::Payload {
        return NewKey::payload().public();
    }
    NewKey::from_seed(purpose, &seed(name)).public()
}

/// Builds a plan with the four validators of the corridor.
pub(crate) fn build(plan: &str) -> anyhow::Result<Genesis> {
    let mut plan = GenesisPlan::parse(plan)?;
    for code in VALIDATORS {
        plan.validators.push(PlannedValidator {
            key: format!("{code}-validator"),
            power: 1,
            jurisdiction: code.parse()?,
        });
    }
    let time = "2026-11-23T00:00:00Z".parse()?;
    let rulebook = RulebookDocument::parse(DEVNET_RULEBOOK)?.build()?;
    Ok(Genesis::new(
        plan.build(time, rulebook, &|name| Ok(public(name)))?,
    )?)
}

/// Block 1 of `genesis`: an issue of 1,000,000.00 PKR to Indus.
pub(crate) fn first_block(genesis: &Genesis) -> Draft {
    let time = Timestamp::from_millis(genesis.document().time.millis() + 1_000);
    let until = Timestamp::from_millis(time.millis() + 60_000);
    let uetr = "8a562c67-ca16-48ba-b074-65581be6f001".parse().unwrap();
    let request = IssueRequest {
        uetr,
        agent: "KRVNPKKA".parse().unwrap(),
        currency: "PKR".parse().unwrap(),
        amount: Amount::from_minor(100_000_000),
        rtgs_reference: "RTGS-1".parse().unwrap(),
    };
    let issue = Issue {
        agent: "KRVNPKKA".parse().unwrap(),
        uetr,
        rtgs_credit_reference: "RTGS-CR-1".parse().unwrap(),
    };
    let signed = |operation: Operation, signers: &[&str]| {
        let unsigned = Transaction::unsigned(genesis.chain_id, operation, until);
        let transaction = signers
            .iter()
            .fold(unsigned, |one, name| one.signed_by(&secret(name)));
        VerifiedTransaction::from_encoded(transaction.to_encoded(), &genesis.chain_id).unwrap()
    };
    let transactions = [
        signed(request.into(), &["indus-maker", "indus-checker"]),
        signed(issue.into(), &["central-pk-maker", "central-pk-checker"]),
    ];
    let seat = BlockSeat {
        parent: genesis.chain_id.0,
        time,
        proposer: secret("PK-validator").public_key(),
    };
    genesis.state.draft(&seat, &transactions)
}

/// The receipt of the issue in block 1.
pub(crate) fn receipt(genesis: &Genesis) -> Receipt {
    let draft = first_block(genesis);
    let header = draft.block.header;
    let leaves: Vec<_> = draft
        .outcomes
        .iter()
        .map(karwan_types::Outcome::hash)
        .collect();
    // What became of the request; the issuing instruction has an outcome of its own, which moves no money.
    let moved = |outcome: &karwan_types::Outcome| outcome.movement.is_some();
    let last = draft.outcomes.iter().rposition(moved).unwrap();
    Receipt {
        version: karwan_types::RECEIPT_VERSION,
        outcome: draft.outcomes[last].clone(),
        path: merkle_path(&leaves, last).unwrap(),
        certificate: certificate(genesis, &header),
        header,
        validator_changes: Vec::new(),
    }
}

/// What three of the four validators sign together.
pub(crate) fn certificate(genesis: &Genesis, header: &BlockHeader) -> CommitCertificate {
    let body = vote_bytes(
        VoteKind::Precommit,
        header.height,
        Round::ZERO,
        Some(header.hash()),
    );
    let set = genesis.trust_anchor().validators;
    let mut signatures: Vec<CommitSignature> = VALIDATORS[..3]
        .iter()
        .map(|code| {
            let key = secret(&format!("{code}-validator"));
            CommitSignature {
                validator: u16::try_from(set.get(&key.public_key()).unwrap().0).unwrap(),
                signature: key.sign(SigningDomain::Vote, &genesis.chain_id, &body),
            }
        })
        .collect();
    signatures.sort_by_key(|signature| signature.validator);
    CommitCertificate {
        height: header.height,
        round: Round::ZERO,
        block_hash: header.hash(),
        signatures,
    }
}
