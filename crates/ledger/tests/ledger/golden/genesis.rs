//! A genesis document with every part filled, the chain that it names, the state that it opens with, and one block on it: a
//! settled, a refused and a waiting payment.

use super::rows::{payload_recipient, tier, validator};
use super::rules::rulebook;
use super::{Book, secret, time, uetr, word};
use karwan_ledger::{
    AccountClass, AccountStatus, BlockSeat, Draft, Genesis, GenesisAccount, GenesisCurrency,
    GenesisDocument, GenesisJurisdiction, GenesisKey, GenesisLicence, GenesisParticipant,
    LicenceScope, Operation, ParticipantKind, Pay, PaymentTerms, Role, State, Transaction,
    VerifiedTransaction,
};
use karwan_types::{Amount, ClearingMember, SecretKey, TransactionStatus};

const PK_ISSUER: &str = "GOLDENPKISSUER000011";
const KG_ISSUER: &str = "GOLDENKGISSUER000053";
const PK_BANK: &str = "GOLDENPKBANK00000009";
const KG_BANK: &str = "GOLDENKGBANK00000023";
/// The seeds of the banks' maker keys.
const PK_MAKER: u8 = 40;
const KG_MAKER: u8 = 50;

pub(super) fn add(book: &mut Book) {
    let document = document();
    book.value("GenesisJurisdiction", &document.jurisdictions[0]);
    book.value("GenesisCurrency", &document.currencies[0]);
    book.value("GenesisKey", &document.participants[3].keys[1]);
    book.value("GenesisAccount", &document.participants[3].accounts[2]);
    let licensed = document
        .participants
        .iter()
        .find(|one| !one.licences.is_empty());
    book.value("GenesisLicence", &licensed.unwrap().licences[0]);
    book.value("GenesisParticipant", &document.participants[3]);
    book.value("GenesisDocument", &document);
    let genesis = Genesis::new(document).unwrap();
    let again = Genesis::from_toml(&genesis.to_toml().unwrap()).unwrap();
    assert_eq!(again.chain_id, genesis.chain_id, "the file is the document");
    book.bytes("Genesis.chain_id", genesis.chain_id.0.as_bytes());
    state(book, "genesis", &genesis.state);
    let draft = block(&genesis);
    book.value("Block/first", &draft.block);
    book.bytes("Block.hash/first", draft.block.hash().as_bytes());
    for outcome in &draft.outcomes {
        book.value(&format!("Outcome/{}", outcome.status), outcome);
    }
    state(book, "first", &draft.state);
}

/// What headers commit to, and what a checkpoint file holds.
fn state(book: &mut Book, name: &str, state: &State) {
    let bytes = state.to_checkpoint();
    let restored = State::from_checkpoint(&bytes).unwrap();
    assert_eq!(restored.root(), state.root());
    assert_eq!(restored.to_checkpoint(), bytes);
    book.bytes(&format!("State.root/{name}"), state.root().as_bytes());
    book.bytes(&format!("State.checkpoint/{name}"), &bytes);
}

fn block(genesis: &Genesis) -> Draft {
    let paid = |debtor: &str, minor: u128, digit: u8| PaymentTerms {
        uetr: uetr(digit),
        amount: Amount::from_minor(minor),
        settlement_date: None,
        debtor_agent: word(debtor),
        creditor_account: None,
        creditor_agent: word(if debtor == PK_BANK { KG_BANK } else { PK_BANK }),
        ..PaymentTerms::example()
    };
    let signed = |payment: PaymentTerms, key: &SecretKey| {
        let operation = Operation::from(Pay { payment });
        let transaction =
            Transaction::unsigned(genesis.chain_id, operation, time(3_600)).signed_by(key);
        VerifiedTransaction::from_encoded(transaction.to_encoded(), &genesis.chain_id).unwrap()
    };
    let transactions = [
        signed(paid(PK_BANK, 250_000, 1), &secret(PK_MAKER)),
        signed(paid(KG_BANK, 900_000, 2), &secret(KG_MAKER)),
        signed(paid(PK_BANK, 2_000_000, 3), &secret(PK_MAKER)),
    ];
    let seat = BlockSeat {
        parent: genesis.chain_id.0,
        time: time(1),
        proposer: secret(1).public_key(),
    };
    let draft = genesis.state.draft(&seat, &transactions);
    let statuses: Vec<TransactionStatus> = draft
        .outcomes
        .iter()
        .map(|outcome| outcome.status)
        .collect();
    assert_eq!(
        statuses,
        [
            TransactionStatus::Acsc,
            TransactionStatus::Pdng,
            TransactionStatus::Patc
        ]
    );
    genesis
        .state
        .validate(seat.parent, &draft.block, &transactions)
        .unwrap();
    draft
}

fn document() -> GenesisDocument {
    GenesisDocument {
        network: word("golden network"),
        time: time(0),
        rulebook: rulebook(),
        jurisdictions: vec![jurisdiction("PK", 100), jurisdiction("KG", 110)],
        validators: vec![validator(1, "PK"), validator(2, "KG")],
        currencies: vec![
            currency("PKR", PK_ISSUER, 300),
            currency("KGS", KG_ISSUER, 360),
        ],
        participants: vec![
            issuer(PK_ISSUER, "PK", 20),
            issuer(KG_ISSUER, "KG", 30),
            bank(PK_BANK, "PK", PK_MAKER),
            kg_bank(),
        ],
    }
}

fn jurisdiction(code: &str, seed: u8) -> GenesisJurisdiction {
    GenesisJurisdiction {
        code: word(code),
        governors: vec![secret(seed).public_key(), secret(seed + 1).public_key()],
        regulators: vec![secret(seed + 2).public_key()],
        auditors: vec![secret(seed + 3).public_key()],
        supervisors: vec![secret(seed + 4).public_key(), secret(seed + 5).public_key()],
        courts: vec![secret(seed + 6).public_key(), secret(seed + 7).public_key()],
    }
}

fn currency(code: &str, issuer: &str, utc_offset_minutes: i16) -> GenesisCurrency {
    GenesisCurrency {
        code: word(code),
        issuer: word(issuer),
        contra: word(&format!("{code}-CONTRA")),
        payment_max: Amount::from_minor(800_000_000),
        payment_min: Amount::from_minor(100),
        supply_cap: Amount::from_minor(2_000_000_000),
        utc_offset_minutes,
        issuer_window: (480, 1_080),
    }
}

/// A central bank with a maker, a checker and no account but the contra account.
fn issuer(lei: &str, country: &str, seed: u8) -> GenesisParticipant {
    GenesisParticipant {
        lei: word(lei),
        name: word(&format!("Central Bank of {country}")),
        bic: None,
        jurisdiction: word(country),
        kind: ParticipantKind::CentralBank,
        members: Vec::new(),
        payload_recipient: None,
        policy: vec![tier(None, 1, 1, 0)],
        keys: vec![key(seed, Role::Maker), key(seed + 1, Role::Checker)],
        accounts: Vec::new(),
        licences: Vec::new(),
    }
}

/// A bank that pays up to 10,000.00 PKR by a maker alone.
fn bank(lei: &str, country: &str, seed: u8) -> GenesisParticipant {
    GenesisParticipant {
        lei: word(lei),
        name: word(&format!("Bank of {country}")),
        bic: Some(word(&format!("GOLD{country}KA"))),
        jurisdiction: word(country),
        kind: ParticipantKind::Bank,
        members: Vec::new(),
        payload_recipient: None,
        policy: vec![tier(Some(1_000_000), 1, 0, 0), tier(None, 1, 1, 1)],
        keys: vec![
            key(seed, Role::Maker),
            key(seed + 1, Role::Checker),
            key(seed + 2, Role::Releaser),
            key(seed + 3, Role::Access),
            key(seed + 4, Role::Compliance),
        ],
        accounts: vec![account(
            &format!("{country}BANK-PKR"),
            AccountClass::Settlement,
            if country == "PK" { 5_000_000 } else { 0 },
        )],
        // Only PK licenses anything here.
        licences: if country == "PK" {
            vec![licence()]
        } else {
            Vec::new()
        },
    }
}

fn licence() -> GenesisLicence {
    GenesisLicence {
        activity: word("SETTLEMENT"),
        scope: LicenceScope {
            currencies: vec![word("KGS"), word("PKR")],
            corridors: vec![word("KG")],
            payment_max: Vec::new(),
        },
        until: time(86_400),
    }
}

fn kg_bank() -> GenesisParticipant {
    let mut bank = bank(KG_BANK, "KG", KG_MAKER);
    bank.members = vec![ClearingMember {
        system: word("KGBIK"),
        member: word("109001"),
    }];
    bank.payload_recipient = Some(word(&payload_recipient()));
    let mut own = account("KGBANK-KGS", AccountClass::Settlement, 7_000_000);
    own.currency = word("KGS");
    let mut clients = account("KGBANK-CLIENTS", AccountClass::ClientSegregated, 3_000);
    clients.status = AccountStatus::BlockedDebit;
    bank.accounts.extend([own, clients]);
    bank
}

fn key(seed: u8, role: Role) -> GenesisKey {
    GenesisKey {
        key: secret(seed).public_key(),
        role,
    }
}

fn account(number: &str, class: AccountClass, opening: u128) -> GenesisAccount {
    GenesisAccount {
        number: word(number),
        currency: word("PKR"),
        class,
        status: AccountStatus::Open,
        opening: Amount::from_minor(opening),
    }
}
