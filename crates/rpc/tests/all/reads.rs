//! Reads: complete up to the height they name, never older than what the caller has seen, and provable.

use crate::fake::Node;
use crate::world::{OPENING, account, lei, pay, signed, terms, uetr, valid_until};
use karwan_ledger::{
    ConfirmCredit, CurrencyHalt, Pay, RecallAnswer, RecallDecision, RecallRequest, Return,
    ValidatorSetChange,
};
use karwan_rpc::{
    AccountGetParams, AccountHistoryParams, AsOfParams, BlockGetParams, Client, ClientError,
    PaymentGetParams, PaymentView, Problem, ReceiptGetParams, View,
};
use karwan_types::{Amount, Receipt, Validator, encode, verify_receipt};
use std::sync::atomic::Ordering;

fn problem<T: std::fmt::Debug>(result: Result<T, ClientError>) -> Problem {
    match result.unwrap_err() {
        ClientError::Problem(problem) => *problem,
        other => panic!("{other}"),
    }
}

fn by_uetr(number: u8) -> PaymentGetParams {
    PaymentGetParams {
        uetr: Some(View(uetr(number))),
        ..PaymentGetParams::default()
    }
}

async fn payments(client: &Client, params: PaymentGetParams) -> Vec<PaymentView> {
    client.payment_get(params).await.unwrap().payments
}

#[tokio::test]
async fn a_payment_shows_its_whole_life_and_its_present_status() {
    let node = Node::start().await;
    let client = node.client("BRAVO/ACCESS").await;
    let chain = node.fake.chain;
    let agent = || lei("ALFA").to_string().parse().unwrap();
    node.fake
        .commit_all(&[pay(chain, "ALFA", "BRAVO", "PKR", 50_000, 1)]);
    let confirm = ConfirmCredit {
        agent: agent(),
        uetr: uetr(1),
    };
    node.fake
        .commit_all(&[signed(chain, confirm, valid_until(), &["BRAVO/MAKER"])]);
    let back = Return {
        uetr: uetr(2),
        original_agent: agent(),
        original_uetr: uetr(1),
        amount: Amount::from_minor(20_000),
        reason: "FOCR".parse().unwrap(),
        message_hash: None,
    };
    node.fake
        .commit_all(&[signed(chain, back, valid_until(), &["BRAVO/MAKER"])]);

    let answer = client.payment_get(by_uetr(1)).await.unwrap();
    assert_eq!(
        (answer.as_of_height, answer.more, answer.payments.len()),
        (3, false, 1)
    );
    let payment = &answer.payments[0];
    assert_eq!(payment.status.to_string(), "ACCC");
    assert_eq!(payment.agent.unwrap().0, lei("ALFA"));
    assert_eq!(payment.returned.as_ref().unwrap().amount, "200.00");
    let statuses: Vec<String> = payment
        .transitions
        .iter()
        .map(|one| one.status.to_string())
        .collect();
    assert_eq!(statuses, ["ACSC", "ACCC"]);
    let movement = payment.transitions[0].movement.as_ref().unwrap();
    assert_eq!(movement.money.amount, "500.00");
    assert_eq!(movement.money.minor.to_string(), "50000");
    assert_eq!(
        movement.creditor_account.as_ref().unwrap().0,
        account("BRAVO", "PKR")
    );
    assert_eq!(payment.transitions[0].time.to_string().len(), 24);
}

#[tokio::test]
async fn a_reference_that_several_used_gives_an_entry_for_each() {
    let node = Node::start().await;
    let chain = node.fake.chain;
    node.fake
        .commit_all(&[pay(chain, "ALFA", "BRAVO", "PKR", 500, 1)]);
    node.fake.commit_all(&[
        pay(chain, "ALFA", "BRAVO", "PKR", 501, 1),
        pay(chain, "DELTA", "BRAVO", "PKR", 700, 1),
    ]);
    let found = payments(&node.client("BRAVO/ACCESS").await, by_uetr(1)).await;
    let told: Vec<(String, String)> = found
        .iter()
        .map(|one| (one.agent.unwrap().to_string(), one.status.to_string()))
        .collect();
    let (alfa, delta) = (lei("ALFA").to_string(), lei("DELTA").to_string());
    assert_eq!(
        told,
        [
            (alfa.clone(), "ACSC".into()),
            (alfa, "RJCT".into()),
            (delta, "ACSC".into())
        ]
    );
    assert_eq!(found[1].refusal.as_ref().unwrap().name, "UETR_CONFLICT");
    assert_eq!(found[1].refusal.as_ref().unwrap().iso_reason, "DU03");

    let only = PaymentGetParams {
        agent: Some(View(lei("DELTA"))),
        ..by_uetr(1)
    };
    assert_eq!(
        payments(&node.client("BRAVO/ACCESS").await, only)
            .await
            .len(),
        1
    );
    // The debtor of one sees nothing of the other's.
    assert_eq!(
        payments(&node.client("DELTA/ACCESS").await, by_uetr(1))
            .await
            .len(),
        1
    );
}

#[tokio::test]
async fn a_receipt_convinces_offline_and_a_repeated_submission_does_not_move_it() {
    let node = Node::start().await;
    let client = node.client("ALFA/ACCESS").await;
    let chain = node.fake.chain;
    node.fake
        .commit_all(&[pay(chain, "ALFA", "BRAVO", "PKR", 500, 1)]);
    let change = ValidatorSetChange {
        validators: vec![Validator {
            key: crate::world::key("VALIDATOR"),
            power: 3,
            jurisdiction: "PK".parse().unwrap(),
        }],
    };
    let governors = ["PK/GOVERNOR", "KG/GOVERNOR", "UZ/GOVERNOR"];
    node.fake
        .commit_all(&[signed(chain, change, valid_until(), &governors)]);
    node.fake.commit();
    node.fake.commit();
    // The same instruction again, with another expiry: it repeats the status later.
    let payment = Pay {
        payment: terms("ALFA", "BRAVO", "PKR", 500, 1),
    };
    let later = karwan_types::Timestamp::from_millis(valid_until().millis() + 1);
    let again = signed(chain, payment, later, &["ALFA/MAKER"]);
    node.fake
        .commit_all(&[again, pay(chain, "ALFA", "BRAVO", "PKR", 600, 2)]);

    let receipt = async |number: u8| {
        let params = ReceiptGetParams {
            uetr: Some(View(uetr(number))),
            ..ReceiptGetParams::default()
        };
        client.receipt_get(params).await.unwrap()
    };
    let first = receipt(1).await;
    assert_eq!(first.outcome.height, 1);
    let second = receipt(2).await;
    assert_eq!(second.receipt.0.validator_changes.len(), 1);
    let anchor = node.fake.genesis.trust_anchor();
    for answer in [first, second] {
        verify_receipt(&answer.receipt.0, &anchor).unwrap();
        let file = answer.receipt.0.to_file();
        assert_eq!(Receipt::from_file(&file).unwrap(), answer.receipt.0);
        let params = ReceiptGetParams {
            sequence: Some(answer.outcome.sequence),
            ..ReceiptGetParams::default()
        };
        assert_eq!(
            client.receipt_get(params).await.unwrap().receipt,
            answer.receipt
        );
    }
}

#[tokio::test]
async fn instructions_that_move_no_money_belong_to_those_who_signed_them() {
    let node = Node::start().await;
    let halt = CurrencyHalt {
        currency: "PKR".parse().unwrap(),
        reason: "drill".parse().unwrap(),
    };
    let transaction = signed(
        node.fake.chain,
        halt,
        valid_until(),
        &["SBP/MAKER", "SBP/CHECKER"],
    );
    node.fake.commit_all(std::slice::from_ref(&transaction));
    let check = async |name: &str, found: bool| {
        let params = ReceiptGetParams {
            transaction: Some(View(transaction.id())),
            ..ReceiptGetParams::default()
        };
        let answer = node.client(name).await.receipt_get(params).await;
        if found {
            assert_eq!(answer.unwrap().outcome.operation, "CurrencyHalt");
        } else {
            assert_eq!(problem(answer).name, "NOT_FOUND");
        }
    };
    check("SBP/ACCESS", true).await;
    check("PK/AUDITOR", true).await;
    check("KG/REGULATOR", false).await;
    check("ALFA/ACCESS", false).await;
    let register = node
        .stranger()
        .await
        .currencies_list(AsOfParams::default())
        .await
        .unwrap();
    let halted = register
        .currencies
        .iter()
        .find(|one| one.code.to_string() == "PKR");
    assert_eq!(halted.unwrap().halted.as_deref(), Some("drill"));
}

#[tokio::test]
async fn an_account_comes_with_a_proof_of_its_balance() {
    let node = Node::start().await;
    let client = node.client("BRAVO/ACCESS").await;
    node.fake
        .commit_all(&[pay(node.fake.chain, "ALFA", "BRAVO", "PKR", 50_000, 1)]);
    let params = AccountGetParams {
        account: View(account("BRAVO", "PKR")),
        at_least_height: None,
    };
    let answer = client.account_get(params).await.unwrap();
    assert_eq!(answer.account.posted.minor, (OPENING + 50_000).to_string());
    assert_eq!(
        answer.account.available.as_ref().unwrap().amount,
        "100500.00"
    );
    let (header, certificate) = (answer.header.unwrap().0, answer.certificate.unwrap().0);
    let anchor = node.fake.genesis.trust_anchor();
    certificate
        .verify(&anchor.chain_id, &anchor.validators)
        .unwrap();
    assert_eq!(certificate.block_hash, header.hash());
    let value: Vec<u8> = (0..answer.value.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&answer.value[at..at + 2], 16).unwrap())
        .collect();
    let number = encode(&account("BRAVO", "PKR"));
    let proof = &answer.proof.0;
    proof
        .verify_presence(&header.state_root, "accounts", &number, &value)
        .unwrap();
}

#[tokio::test]
async fn the_history_of_an_account_is_read_page_by_page_without_gap_or_repeat() {
    let node = Node::start().await;
    let client = node.client("ALFA/ACCESS").await;
    let chain = node.fake.chain;
    for block in 0..5u8 {
        let payment = |number| pay(chain, "ALFA", "BRAVO", "PKR", 1, block * 3 + number);
        node.fake.commit_all(&[payment(0), payment(1), payment(2)]);
    }
    // Half of it is found in the index, half in the blocks.
    node.fake.indexed_to.store(2, Ordering::SeqCst);
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let params = AccountHistoryParams {
            account: View(account("ALFA", "PKR")),
            before,
            limit: Some(4),
            at_least_height: None,
        };
        let page = client.account_history(params).await.unwrap();
        seen.extend(page.outcomes.iter().map(|one| one.sequence));
        before = page.next_before;
        if before.is_none() {
            break;
        }
    }
    let mut expected: Vec<u64> = (1..=5u64)
        .flat_map(|height| (0..3).map(move |position| height << 20 | position))
        .collect();
    expected.reverse();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn what_is_final_is_found_although_the_index_lags_and_never_said_to_be_absent() {
    let node = Node::start().await;
    let client = node.client("ALFA/ACCESS").await;
    node.fake.indexed_to.store(0, Ordering::SeqCst);
    node.fake
        .commit_all(&[pay(node.fake.chain, "ALFA", "BRAVO", "PKR", 500, 1)]);
    assert_eq!(payments(&client, by_uetr(1)).await.len(), 1);
    for _ in 0..300 {
        node.fake.commit();
    }
    let behind = problem(client.payment_get(by_uetr(1)).await);
    assert_eq!(
        (behind.name.as_str(), behind.retryable, behind.height),
        ("BEHIND", true, Some(301))
    );
    node.fake.indexed_to.store(300, Ordering::SeqCst);
    assert_eq!(payments(&client, by_uetr(1)).await.len(), 1);
}

#[tokio::test]
async fn a_read_waits_for_the_height_that_its_caller_has_seen() {
    let node = Node::start().await;
    let client = node.stranger().await;
    let params = AsOfParams {
        at_least_height: Some(2),
    };
    let fake = node.fake.clone();
    let read = tokio::spawn(async move { client.chain_head(params).await });
    fake.commit();
    fake.commit();
    assert_eq!(read.await.unwrap().unwrap().height, 2);

    let params = AsOfParams {
        at_least_height: Some(9),
    };
    let behind = problem(node.stranger().await.chain_head(params).await);
    assert_eq!(
        (behind.name.as_str(), behind.code, behind.height),
        ("BEHIND", -32_043, Some(2))
    );
}

#[tokio::test]
async fn a_block_shows_its_outcomes_page_by_page() {
    let node = Node::start().await;
    let chain = node.fake.chain;
    let all: Vec<_> = (0..5u8)
        .map(|number| match number {
            2 => pay(chain, "DELTA", "BRAVO", "PKR", 1, number),
            _ => pay(chain, "ALFA", "BRAVO", "PKR", 1, number),
        })
        .collect();
    node.fake.commit_all(&all);
    let client = node.client("ALFA/ACCESS").await;
    let page = async |from_position| {
        let params = BlockGetParams {
            height: Some(1),
            from_position,
            limit: Some(2),
            at_least_height: None,
        };
        let block = client.block_get(params).await.unwrap();
        assert_eq!(block.transactions.len(), 5);
        assert_eq!(block.hash.0, block.header.0.hash());
        let positions: Vec<u32> = block.outcomes.iter().map(|one| one.position).collect();
        (positions, block.next_position)
    };
    assert_eq!(page(0).await, (vec![0, 1], Some(3)));
    assert_eq!(page(3).await, (vec![3, 4], None));

    let none = BlockGetParams {
        height: Some(0),
        ..BlockGetParams::default()
    };
    assert_eq!(problem(client.block_get(none).await).name, "NOT_FOUND");
    let ahead = BlockGetParams {
        height: Some(7),
        ..BlockGetParams::default()
    };
    assert_eq!(problem(client.block_get(ahead).await).name, "BEHIND");
}

#[tokio::test]
async fn a_node_that_cannot_read_its_log_says_so_and_nothing_of_its_inside() {
    let node = Node::start().await;
    node.fake
        .commit_all(&[pay(node.fake.chain, "ALFA", "BRAVO", "PKR", 500, 1)]);
    for _ in 0..20 {
        node.fake.commit();
    }
    node.fake.broken.store(true, Ordering::SeqCst);
    let unavailable = problem(
        node.client("ALFA/ACCESS")
            .await
            .payment_get(by_uetr(1))
            .await,
    );
    assert_eq!(
        (unavailable.name.as_str(), unavailable.retryable),
        ("UNAVAILABLE", true)
    );
    assert!(!format!("{unavailable:?}").contains("secret"));
}

#[tokio::test]
async fn the_registers_and_the_validators_are_public() {
    let node = Node::start().await;
    let client = node.stranger().await;
    let register = client
        .participants_list(AsOfParams::default())
        .await
        .unwrap();
    let alfa = register
        .participants
        .iter()
        .find(|one| one.lei.0 == lei("ALFA"))
        .unwrap();
    assert_eq!(
        (alfa.name.as_str(), alfa.jurisdiction.to_string()),
        ("ALFA BANK", "PK".to_owned())
    );
    assert_eq!(register.participants.len(), 7);
    let validators = client.validators_get(AsOfParams::default()).await.unwrap();
    assert_eq!((validators.total_power, validators.quorum), (1, 1));
    assert!(validators.next_validators.is_none());
    let status = client.node_status(AsOfParams::default()).await.unwrap();
    assert_eq!(
        (status.role.as_str(), status.peers_connected),
        ("validator", 2)
    );
}

#[tokio::test]
async fn a_recall_shows_with_its_payment_and_to_both_sides_and_its_answer_comes_as_an_event() {
    let node = Node::start().await;
    let chain = node.fake.chain;
    node.fake
        .commit_all(&[pay(chain, "ALFA", "BRAVO", "PKR", 50_000, 1)]);
    let agent = || lei("ALFA").to_string().parse().unwrap();
    let request = RecallRequest {
        agent: agent(),
        uetr: uetr(1),
        reason: "DUPL".parse().unwrap(),
        case: Some("CASE-1".parse().unwrap()),
    };
    let signers = ["ALFA/MAKER", "ALFA/CHECKER"];
    node.fake
        .commit_all(&[signed(chain, request, valid_until(), &signers)]);
    for name in ["ALFA/ACCESS", "BRAVO/ACCESS"] {
        let client = node.client(name).await;
        let recalls = client.recalls_list(AsOfParams::default()).await.unwrap();
        let recall = &recalls.recalls[0];
        assert_eq!((recalls.as_of_height, recalls.recalls.len()), (2, 1));
        assert_eq!(
            (recall.status.as_str(), recall.reason.as_str()),
            ("PDCR", "DUPL")
        );
        assert_eq!(recall.case.as_deref(), Some("CASE-1"));
        assert_eq!(recall.paid.amount, "500.00");
        assert_eq!(recall.creditor_agent.0, lei("BRAVO"));
        let found = payments(&client, by_uetr(1)).await;
        assert_eq!(found[0].recall.as_ref(), Some(recall), "the payment");
        assert_eq!(
            (found[1].operation.as_str(), &found[1].recall),
            ("RecallRequest", &None)
        );
        assert_eq!(found[1].status.to_string(), "PDNG");
    }
    let stranger = node.client("DELTA/ACCESS").await;
    let seen = stranger.recalls_list(AsOfParams::default()).await.unwrap();
    assert!(seen.recalls.is_empty());

    let answer = RecallAnswer {
        original_agent: agent(),
        original_uetr: uetr(1),
        decision: RecallDecision::Reject {
            reason: "CUST".parse().unwrap(),
        },
    };
    node.fake
        .commit_all(&[signed(chain, answer, valid_until(), &["BRAVO/MAKER"])]);
    let client = node.client("ALFA/ACCESS").await;
    let found = payments(&client, by_uetr(1)).await;
    let recall = found[0].recall.as_ref().unwrap();
    assert_eq!(
        (recall.status.as_str(), recall.rejected_for.as_deref()),
        ("RJCR", Some("CUST"))
    );
    assert_eq!(
        found[0].status.to_string(),
        "ACSC",
        "the payment stays as it is"
    );
    let refusal = found[1].refusal.as_ref().unwrap();
    assert_eq!(
        (refusal.iso_reason.as_str(), refusal.name.as_str()),
        ("CUST", "RECALL_REJECTED")
    );
}

#[tokio::test]
async fn a_payment_in_the_queue_says_to_its_debtor_alone_why_it_waits_and_tells_no_balance() {
    let node = Node::start().await;
    let chain = node.fake.chain;
    // Nobody has so much.
    let large = Pay {
        payment: terms("ALFA", "BRAVO", "PKR", OPENING + 1, 1),
    };
    let signers = ["ALFA/MAKER", "ALFA/CHECKER"];
    node.fake
        .commit_all(&[signed(chain, large, valid_until(), &signers)]);
    // The debtor's limits and what else waits are none of the creditor's business.
    let creditor = node.client("BRAVO/ACCESS").await;
    let payment = &payments(&creditor, by_uetr(1)).await[0];
    assert_eq!(payment.status.to_string(), "PDNG");
    assert_eq!(payment.waiting, None);
    let client = node.client("ALFA/ACCESS").await;
    let payment = &payments(&client, by_uetr(1)).await[0];
    let waiting = payment.waiting.as_ref().unwrap();
    assert_eq!(
        (waiting.iso_reason.as_str(), waiting.name.as_str()),
        ("AM04", "INSUFFICIENT_FUNDS")
    );
    assert!(
        !waiting.sentence.chars().any(|c| c.is_ascii_digit()),
        "{}",
        waiting.sentence
    );
}

#[tokio::test]
async fn an_institution_reads_what_it_has_used_of_its_limits_and_nobody_elses() {
    let node = Node::start().await;
    let pay = Pay {
        payment: terms("ALFA", "BRAVO", "PKR", 1_000, 1),
    };
    let signers = ["ALFA/MAKER", "ALFA/CHECKER"];
    node.fake
        .commit_all(&[signed(node.fake.chain, pay, valid_until(), &signers)]);
    let read = async |name: &str| {
        let client = node.client(name).await;
        client.limits_usage(AsOfParams::default()).await.unwrap()
    };
    let own = read("ALFA/ACCESS").await.limits;
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].agent.0, lei("ALFA"));
    assert_eq!(own[0].day_used.as_ref().unwrap().amount, "10.00");
    assert_eq!(own[0].day_max.as_ref().unwrap().amount, "9000000.00");
    assert!(own[0].makes_room_at.is_some());
    assert_eq!((&own[0].holding_max, &own[0].held), (&None, &None));
    assert_eq!(read("BRAVO/ACCESS").await.limits, Vec::new());
    assert_eq!(read("PK/REGULATOR").await.limits, own);
}
