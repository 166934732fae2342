//! Every method × every kind of caller × whose it is: only the cells of this table succeed.
//!
//! The table is written by hand from decision 10, not computed by what it tests. The letters: `V` sees it, `B` is answered
//! without what has an owner, `N` not found, `U` needs a token, `F` forbidden.

mod money;

use crate::fake::Node;
use crate::http::call;
use crate::world::{CAP, OPENING, account, lei, pay, signed, terms, uetr, valid_until};
use karwan_ledger::{
    Pay, PayVersusPayment, Quorum, RecallRequest, Rulebook, RulebookPropose, RunCycle,
    SetBilateralLimit,
};
use karwan_rpc::{Bearer, Client, EventView, Scopes, TokenProvider, policy};
use karwan_types::{Amount, DurationMs, Hash, TransactionId};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Who asks: nobody, the debtor, the creditor, another bank, three central banks, regulators, auditors, and the debtor's
/// gateway with a token that reads nothing. `ECHO` is party to nothing.
const CALLERS: [&str; 14] = [
    "",
    "ALFA/ACCESS",
    "BRAVO/ACCESS",
    "DELTA/ACCESS",
    "ECHO/ACCESS",
    "SBP/ACCESS",
    "NBKR/ACCESS",
    "CBU/ACCESS",
    "PK/REGULATOR",
    "KG/REGULATOR",
    "UZ/REGULATOR",
    "PK/AUDITOR",
    "UZ/AUDITOR",
    "gateway",
];

struct Cells {
    method: &'static str,
    /// What is asked for.
    params: Value,
    /// Where the owned part of the answer is, if not all of it is owned.
    owned: Option<&'static str>,
    expected: &'static str,
}

fn cells(
    method: &'static str,
    params: Value,
    owned: Option<&'static str>,
    expected: &'static str,
) -> Cells {
    Cells {
        method,
        params,
        owned,
        expected,
    }
}

/// What the table asks about.
struct Subjects {
    /// ALFA (PK) to BRAVO (KG) in PKR, at height 1.
    first: TransactionId,
    first_bytes: String,
    /// ALFA's instruction that waits for its checker.
    waiting: String,
    /// A new rulebook that waits for other governors.
    proposal: String,
}

/// The columns: nobody, ALFA BRAVO DELTA ECHO, SBP NBKR CBU, regulators PK KG UZ, auditors PK UZ, gateway.
fn table(subjects: &Subjects) -> Vec<Cells> {
    [
        payments(subjects),
        accounts(),
        proofs(),
        blocks(subjects),
        institutions(subjects),
        money::waiting(subjects),
        money::exchanges(),
        money::travel(),
        money::usage(),
        public(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn payments(subjects: &Subjects) -> Vec<Cells> {
    let (alfa_bravo, bravo_delta) = (uetr(1).to_string(), uetr(2).to_string());
    let first = &subjects.first;
    vec![
        cells(
            "payment.get",
            json!({ "uetr": alfa_bravo }),
            None,
            "U VVNN VVN VVN VN F",
        ),
        cells(
            "payment.get",
            json!({ "transaction": first }),
            None,
            "U VVNN VVN VVN VN F",
        ),
        cells(
            "receipt.get",
            json!({ "uetr": alfa_bravo }),
            None,
            "U VVNN VVN VVN VN F",
        ),
        cells(
            "receipt.get",
            json!({ "sequence": 1u64 << 20 }),
            None,
            "U VVNN VVN VVN VN F",
        ),
        // The Pakistani central bank sees it because the currency is its own, its regulator does not.
        cells(
            "payment.get",
            json!({ "uetr": bravo_delta }),
            None,
            "U NVVN VVV NVV NV F",
        ),
        cells(
            "receipt.get",
            json!({ "uetr": bravo_delta }),
            None,
            "U NVVN VVV NVV NV F",
        ),
        cells(
            "payment.get",
            json!({ "uetr": uetr(77) }),
            None,
            "U NNNN NNN NNN NN F",
        ),
    ]
}

/// An account is proved to whoever may see it; licences are a public register; a freeze, and that there is none, is known to
/// the jurisdiction's own supervisors only.
fn proofs() -> Vec<Cells> {
    let licence = json!({ "participant": lei("BRAVO"), "activity": "SETTLEMENT" });
    let freeze = json!({ "jurisdiction": "PK", "subject": { "Account": "ALFA-PKR" } });
    let cell = |subject, seen| cells("state.prove", json!({ "subject": subject }), None, seen);
    vec![
        cell(json!({ "account": "BRAVO-PKR" }), "U NVNN VVN NVN NN F"),
        cell(json!({ "licence": licence }), "U VVVV VVV VVV VV F"),
        cell(json!({ "freeze": freeze }), "U NNNN NNN VNN VN F"),
    ]
}

fn accounts() -> Vec<Cells> {
    let agent = lei("BRAVO").to_string();
    vec![
        cells(
            "statements.list",
            json!({ "account": account("ALFA", "PKR") }),
            None,
            "U VNNN VNN VNN VN F",
        ),
        cells(
            "statements.get",
            json!({ "account": account("ALFA", "PKR") }),
            None,
            "U VNNN VNN VNN VN F",
        ),
        cells(
            "statements.entries",
            json!({ "account": account("ALFA", "PKR") }),
            None,
            "U VNNN VNN VNN VN F",
        ),
        // The Pakistani central bank sees the rupees of a Kyrgyz bank, its regulator does not.
        cells(
            "statements.get",
            json!({ "account": account("BRAVO", "PKR") }),
            None,
            "U NVNN VVN NVN NN F",
        ),
        cells(
            "issuance.get",
            json!({ "currency": "PKR" }),
            None,
            "U NNNN VNN VNN VN F",
        ),
        cells(
            "account.get",
            json!({ "account": "BRAVO-PKR" }),
            None,
            "U NVNN VVN NVN NN F",
        ),
        cells(
            "account.get",
            json!({ "account": "BRAVO-KGS" }),
            None,
            "U NVNN NVN NVN NN F",
        ),
        cells(
            "account.get",
            json!({ "account": "CONTRA-PKR" }),
            None,
            "U NNNN VNN VNN VN F",
        ),
        cells(
            "account.get",
            json!({ "account": "NO-SUCH" }),
            None,
            "U NNNN NNN NNN NN F",
        ),
        cells(
            "account.history",
            json!({ "account": "BRAVO-PKR" }),
            None,
            "U NVNN VVN NVN NN F",
        ),
        cells(
            "accounts.list",
            json!({ "owner": agent }),
            Some("/accounts"),
            "U BVBB VVB BVB BB F",
        ),
    ]
}

/// Blocks, what came of transactions, and events.
fn blocks(subjects: &Subjects) -> Vec<Cells> {
    let (first, first_bytes) = (&subjects.first, &subjects.first_bytes);
    vec![
        cells(
            "block.get",
            json!({ "height": 1 }),
            Some("/outcomes"),
            "B VVBB VVB VVB VB B",
        ),
        cells(
            "tx.submit",
            json!({ "transaction": first_bytes }),
            Some("/final/outcomes"),
            "B VVBB VVB VVB VB B",
        ),
        cells(
            "tx.wait",
            json!({ "transaction": first }),
            Some("/final/outcomes"),
            "B VVBB VVB VVB VB B",
        ),
        cells("events.subscribe", json!({}), None, "B VVBB VVB VVB VB B"),
    ]
}

/// What an institution's own people and its gateway ask for.
fn institutions(subjects: &Subjects) -> Vec<Cells> {
    let waiting = &subjects.waiting;
    vec![
        cells(
            "approvals.list",
            json!({}),
            Some("/approvals"),
            "U VBBB BBB BBB BB F",
        ),
        cells(
            "approvals.get",
            json!({ "instruction": waiting }),
            None,
            "U VNNN NNN NNN NN F",
        ),
        cells(
            "recalls.list",
            json!({}),
            Some("/recalls"),
            "U VVBB BBB FFF FF F",
        ),
        cells(
            "iso.deliver",
            json!({ "uetr": uetr(1), "creditor_agent": lei("BRAVO"), "sealed": "YWdl" }),
            None,
            "U FFFF FFF FFF FF V",
        ),
        cells("iso.outbox", json!({}), None, "U FFFF FFF FFF FF V"),
    ]
}

fn public() -> Vec<Cells> {
    let methods = [
        "chain.head",
        "validators.get",
        "participants.list",
        "currencies.list",
        "licences.list",
        "rates.list",
        "node.status",
        "rpc.discover",
        "rulebooks.list",
        "rulebook.get",
        "emergencies.list",
    ];
    methods
        .map(|method| cells(method, json!({}), None, "V VVVV VVV VVV VV V"))
        .into()
}

fn prepare(node: &Node) -> Subjects {
    let chain = node.fake.chain;
    let first = pay(chain, "ALFA", "BRAVO", "PKR", 500, 1);
    node.fake.commit_all(std::slice::from_ref(&first));
    node.fake
        .commit_all(&[pay(chain, "BRAVO", "DELTA", "PKR", 500, 2)]);
    let large = Pay {
        payment: terms("ALFA", "BRAVO", "PKR", CAP + 1, 3),
    };
    let waiting = karwan_ledger::instruction_hash(&chain, &large.clone().into());
    node.fake
        .commit_all(&[signed(chain, large, valid_until(), &["ALFA/MAKER"])]);
    let recall = RecallRequest {
        agent: lei("ALFA").to_string().parse().unwrap(),
        uetr: uetr(1),
        reason: "DUPL".parse().unwrap(),
        case: None,
    };
    let signers = ["ALFA/MAKER", "ALFA/CHECKER"];
    node.fake
        .commit_all(&[signed(chain, recall, valid_until(), &signers)]);
    // Neither has an account in the other's currency, so that it is refused, and stands in the register.
    let exchange = PayVersusPayment {
        leg_a: Box::new(terms("BRAVO", "DELTA", "KGS", 100, 7)),
        leg_b: Box::new(terms("DELTA", "BRAVO", "UZS", 100, 8)),
        settle_from: None,
        settle_till: valid_until(),
    };
    let signers = ["BRAVO/MAKER", "DELTA/MAKER"];
    node.fake
        .commit_all(&[signed(chain, exchange, valid_until(), &signers)]);
    let proposal = prepare_queue(node);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Subjects {
        first: first.id(),
        first_bytes: hex(first.as_bytes()),
        waiting: waiting.to_string(),
        proposal,
    }
}

/// A cycle that settled something, then a payment of ALFA that waits, its limit, and a proposal, whose hash is returned.
fn prepare_queue(node: &Node) -> String {
    let chain = node.fake.chain;
    let large = |from: &str, to: &str, number: u8| {
        let payment = terms(from, to, "PKR", 2 * OPENING, number);
        let signers = [format!("{from}/MAKER"), format!("{from}/CHECKER")];
        let signers: Vec<&str> = signers.iter().map(String::as_str).collect();
        signed(chain, Pay { payment }, valid_until(), &signers)
    };
    let cycle = RunCycle {
        currency: "PKR".parse().unwrap(),
    };
    node.fake.commit_all(&[
        large("ALFA", "BRAVO", 4),
        large("BRAVO", "ALFA", 5),
        signed(chain, cycle, valid_until(), &["SBP/MAKER", "SBP/CHECKER"]),
    ]);
    let limit = SetBilateralLimit {
        agent: lei("ALFA").to_string().parse().unwrap(),
        counterparty: lei("BRAVO").to_string().parse().unwrap(),
        currency: "PKR".parse().unwrap(),
        limit: Some(Amount::from_minor(5_000)),
    };
    let mut rulebook = Rulebook::plain(
        DurationMs::from_millis(86_400_000),
        DurationMs::from_millis(86_400_000),
    );
    rulebook.version = 2;
    rulebook.common.quorum = Quorum::TwoThirds;
    let propose = RulebookPropose {
        rulebook,
        diff_from: 1,
        activates: valid_until(),
        document_hash: Hash::from_bytes([1; 32]),
        impact_report_hash: None,
    };
    let proposal = karwan_ledger::instruction_hash(&chain, &propose.clone().into());
    node.fake.commit_all(&[
        large("ALFA", "BRAVO", 6),
        signed(chain, limit, valid_until(), &["ALFA/MAKER", "ALFA/CHECKER"]),
        signed(chain, propose, valid_until(), &["PK/GOVERNOR"]),
    ]);
    proposal.to_string()
}

/// What a caller gets.
fn letter(answer: &Value, owned: Option<&str>) -> char {
    if let Some(name) = answer["error"]["data"]["name"].as_str() {
        return match name {
            "NOT_FOUND" => 'N',
            "UNAUTHENTICATED" => 'U',
            "FORBIDDEN" => 'F',
            other => panic!("{other}: {answer}"),
        };
    }
    let result = &answer["result"];
    assert!(result.is_object(), "{answer}");
    let is_shown = |path| match result.pointer(path) {
        Some(Value::Array(entries)) => !entries.is_empty(),
        Some(_) | None => panic!("no {path} in {answer}"),
    };
    if owned.is_none_or(is_shown) { 'V' } else { 'B' }
}

/// Whether the feed tells the first payment before it tells the end of its block.
async fn event_letter(node: &Node, token: Option<&str>) -> char {
    let bearer = token.map(|token| Bearer(token.to_owned()));
    let provider = bearer.as_ref().map(|bearer| bearer as &dyn TokenProvider);
    let client = Client::connect(&node.url(), provider).await.unwrap();
    let mut events = client.events(Some(0)).await.unwrap();
    match events.next().await.unwrap().unwrap() {
        EventView::Outcome(outcome) => {
            assert_eq!(outcome.height, 1);
            'V'
        }
        EventView::Message(message) => panic!("nobody has mail yet: {message:?}"),
        EventView::Block(block) => {
            assert_eq!(block.height, 1);
            'B'
        }
    }
}

#[tokio::test]
async fn every_method_answers_every_kind_of_caller_as_the_table_says() {
    let node = Node::start().await;
    let subjects = prepare(&node);
    let tokens: Vec<Option<String>> = CALLERS
        .iter()
        .map(|name| match *name {
            "" => None,
            "gateway" => Some(
                node.access(
                    "ALFA/ACCESS",
                    Scopes {
                        read: false,
                        gateway: true,
                    },
                )
                .token(),
            ),
            name => Some(node.token(name)),
        })
        .collect();
    let mut wrong = Vec::new();
    for row in table(&subjects) {
        let expected: Vec<char> = row.expected.chars().filter(|one| *one != ' ').collect();
        assert_eq!(expected.len(), CALLERS.len(), "{}", row.method);
        for ((name, token), expected) in CALLERS.iter().zip(&tokens).zip(expected) {
            let got = if row.method == "events.subscribe" {
                event_letter(&node, token.as_deref()).await
            } else {
                let answer = call(
                    node.address(),
                    token.as_deref(),
                    row.method,
                    row.params.clone(),
                );
                letter(&answer.await, row.owned)
            };
            if got != expected {
                wrong.push(format!(
                    "{} {} for {name:?}: {got}, not {expected}",
                    row.method, row.params
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let told: BTreeSet<&str> = table(&subjects).iter().map(|row| row.method).collect();
    let served: BTreeSet<&str> = policy().iter().map(|row| row.method).collect();
    assert_eq!(told, served, "every method has its row in this table");
}

#[tokio::test]
async fn what_may_not_be_seen_is_answered_exactly_as_what_does_not_exist() {
    let node = Node::start().await;
    prepare(&node);
    let token = node.token("ECHO/ACCESS");
    let ask = async |method, params| call(node.address(), Some(&token), method, params).await;
    let pairs = [
        (
            "payment.get",
            json!({ "uetr": uetr(1) }),
            json!({ "uetr": uetr(77) }),
        ),
        (
            "receipt.get",
            json!({ "uetr": uetr(1) }),
            json!({ "uetr": uetr(77) }),
        ),
        (
            "receipt.get",
            json!({ "sequence": 1u64 << 20 }),
            json!({ "sequence": 99u64 << 20 }),
        ),
        (
            "account.get",
            json!({ "account": account("BRAVO", "PKR") }),
            json!({ "account": "X" }),
        ),
        (
            "account.history",
            json!({ "account": account("BRAVO", "PKR") }),
            json!({ "account": "X" }),
        ),
    ];
    for (method, hidden, absent) in pairs {
        assert_eq!(
            ask(method, hidden).await,
            ask(method, absent).await,
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_method_that_is_in_no_row_does_not_exist() {
    let node = Node::start().await;
    let answer = call(node.address(), None, "state.dump", json!({})).await;
    assert_eq!(answer["error"]["code"], -32_601);
}
