//! The submit contract: every answer, and that a time-out never says "failed".

use crate::fake::{Fake, Node};
use crate::world::{GENESIS_MS, pay, signed, terms, valid_until};
use karwan_ledger::{Operation, Pay, PayBulk};
use karwan_rpc::{
    ProblemKind, SubmitAnswer, SubmitView, SubmitWord, TxSubmitParams, TxWaitParams, View, Wait,
    WaitWord,
};
use karwan_types::{DurationMs, EncodedTransaction, Height, Timestamp};
use std::sync::atomic::Ordering;

fn submission(transaction: &EncodedTransaction, wait: Wait, timeout_ms: u64) -> TxSubmitParams {
    TxSubmitParams {
        transaction: hex(transaction.as_bytes()),
        wait,
        timeout_ms: Some(timeout_ms),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn settled(view: &SubmitView) -> u64 {
    let finality = view.finality.as_ref().unwrap();
    assert_eq!(finality.statuses["ACSC"], 1);
    assert_eq!(finality.outcomes[0].status.to_string(), "ACSC");
    finality.height
}

#[tokio::test]
async fn a_new_transaction_is_accepted_and_the_same_bytes_are_a_duplicate_and_then_already_final() {
    let node = Node::start().await;
    let client = node.client("ALFA/ACCESS").await;
    let transaction = pay(node.fake.chain, "ALFA", "BRAVO", "PKR", 500, 1);
    let submit = || client.submit(&transaction, Wait::Accepted);

    let view = submit().await.unwrap();
    assert_eq!(
        (view.answer, view.finality.is_none()),
        (SubmitWord::Accepted, true)
    );
    assert_eq!(view.transaction.0, transaction.id());
    assert_eq!(submit().await.unwrap().answer, SubmitWord::Duplicate);
    node.fake.commit();
    let view = submit().await.unwrap();
    assert_eq!(view.answer, SubmitWord::AlreadyFinal);
    assert_eq!(settled(&view), 1);
}

#[tokio::test]
async fn waiting_for_finality_ends_with_the_block() {
    let node = Node::start().await;
    let client = node.client("ALFA/ACCESS").await;
    let transaction = pay(node.fake.chain, "ALFA", "BRAVO", "PKR", 500, 1);
    let fake = node.fake.clone();
    let block = tokio::spawn(async move {
        fake.until_waiting(1).await;
        fake.commit()
    });
    let view = client.submit(&transaction, Wait::Final).await.unwrap();
    assert_eq!(view.answer, SubmitWord::Accepted);
    assert_eq!(Height::new(settled(&view)), block.await.unwrap());
    assert!(view.sentence.contains("final in block 1"));
}

#[tokio::test]
async fn a_hundred_callers_wait_for_one_block() {
    let node = Node::start().await;
    let client = std::sync::Arc::new(node.client("ALFA/ACCESS").await);
    let waits: Vec<_> = (0..100u8)
        .map(|number| {
            let transaction = pay(node.fake.chain, "ALFA", "BRAVO", "PKR", 1, number);
            let client = client.clone();
            tokio::spawn(async move { client.submit(&transaction, Wait::Final).await })
        })
        .collect();
    node.fake.until_waiting(100).await;
    node.fake.commit();
    for wait in waits {
        assert_eq!(settled(&wait.await.unwrap().unwrap()), 1);
    }
}

#[tokio::test]
async fn when_the_time_is_over_the_outcome_is_unknown_and_never_failed() {
    let node = Node::start().await;
    let client = node.client("ALFA/ACCESS").await;
    let transaction = pay(node.fake.chain, "ALFA", "BRAVO", "PKR", 500, 1);
    let view = client
        .tx_submit(submission(&transaction, Wait::Final, 1))
        .await
        .unwrap();
    assert_eq!(view.answer, SubmitWord::Pending);
    assert!(view.problem.is_none() && view.sentence.starts_with("outcome unknown"));
    node.fake.commit();
    let view = client.submit(&transaction, Wait::Final).await.unwrap();
    assert_eq!((view.answer, settled(&view)), (SubmitWord::AlreadyFinal, 1));
}

#[tokio::test]
async fn waiting_for_nothing_is_pending_and_the_transaction_arrives_all_the_same() {
    let node = Node::start().await;
    let client = node.client("ALFA/ACCESS").await;
    let transaction = pay(node.fake.chain, "ALFA", "BRAVO", "PKR", 500, 1);
    let view = client.submit(&transaction, Wait::None).await.unwrap();
    assert_eq!(view.answer, SubmitWord::Pending);
    node.fake.until_waiting(1).await;
}

#[tokio::test]
async fn a_full_node_says_when_to_try_again() {
    let node = Node::start().await;
    let client = node.client("ALFA/ACCESS").await;
    node.fake.answer_next(SubmitAnswer::RetryLater {
        reason: "the mempool is full".parse().unwrap(),
        after: DurationMs::from_millis(250),
    });
    let transaction = pay(node.fake.chain, "ALFA", "BRAVO", "PKR", 500, 1);
    let view = client.submit(&transaction, Wait::Final).await.unwrap();
    assert_eq!(view.answer, SubmitWord::RetryLater);
    assert_eq!(view.retry_after_ms, Some(250));
    assert_eq!(view.sentence, "the mempool is full");
}

#[tokio::test]
async fn a_rejection_carries_its_clause_code_and_iso_reason() {
    let node = Node::start().await;
    let client = node.client("ALFA/ACCESS").await;
    let check =
        async |transaction: EncodedTransaction, code, name: &str, clause: &str, iso: &str| {
            let view = client.submit(&transaction, Wait::Final).await.unwrap();
            assert_eq!(view.answer, SubmitWord::Rejected);
            let problem = view.problem.unwrap();
            assert_eq!((problem.code, problem.name.as_str()), (code, name));
            assert_eq!(problem.clause.as_deref(), Some(clause));
            assert_eq!(problem.iso_reason.as_deref(), Some(iso));
            assert_eq!(
                (problem.kind, problem.retryable),
                (ProblemKind::Rejection, false)
            );
            assert_eq!(problem.sentence, view.sentence);
        };
    let payment = || Pay {
        payment: terms("ALFA", "BRAVO", "PKR", 5, 1),
    };
    let chain = node.fake.chain;
    let maker = &["ALFA/MAKER"][..];
    check(
        EncodedTransaction::new(vec![1, 2, 3]),
        101,
        "MALFORMED",
        "4.1",
        "FF01",
    )
    .await;
    let stranger = signed(chain, payment(), valid_until(), &["NOBODY"]);
    check(stranger, 402, "UNKNOWN_KEY", "4.4", "DS0E").await;
    let past = Timestamp::from_millis(GENESIS_MS - 1);
    check(
        signed(chain, payment(), past, maker),
        601,
        "EXPIRED",
        "4.6",
        "TM01",
    )
    .await;
    let other = karwan_types::ChainId::of_genesis(b"another");
    check(
        signed(other, payment(), valid_until(), maker),
        201,
        "WRONG_CHAIN",
        "4.2",
        "FF02",
    )
    .await;
}

#[tokio::test]
async fn an_instruction_that_expires_while_its_caller_waits_is_rejected_for_certain() {
    let node = Node::start().await;
    let client = node.client("ALFA/ACCESS").await;
    let soon = Timestamp::from_millis(GENESIS_MS + 10);
    let payment = Pay {
        payment: terms("ALFA", "BRAVO", "PKR", 5, 1),
    };
    let transaction = signed(node.fake.chain, payment, soon, &["ALFA/MAKER"]);
    let fake = node.fake.clone();
    tokio::spawn(async move {
        fake.until_waiting(1).await;
        fake.commit()
    });
    let view = client.submit(&transaction, Wait::Final).await.unwrap();
    assert_eq!(view.answer, SubmitWord::Rejected);
    assert_eq!(view.problem.unwrap().name, "EXPIRED");

    let wait = TxWaitParams {
        transaction: View(transaction.id()),
        valid_until: Some(View(soon)),
        timeout_ms: Some(9_000),
    };
    assert_eq!(
        client.tx_wait(wait).await.unwrap().answer,
        WaitWord::Expired
    );
}

#[tokio::test]
async fn a_transaction_can_be_waited_for_by_its_id_alone() {
    let node = Node::start().await;
    let client = node.client("BRAVO/ACCESS").await;
    let transaction = pay(node.fake.chain, "ALFA", "BRAVO", "PKR", 500, 1);
    let wait = |timeout_ms| TxWaitParams {
        transaction: View(transaction.id()),
        valid_until: None,
        timeout_ms: Some(timeout_ms),
    };
    assert_eq!(
        client.tx_wait(wait(1)).await.unwrap().answer,
        WaitWord::Pending
    );
    node.fake.commit_all(std::slice::from_ref(&transaction));
    for _ in 0..300 {
        node.fake.commit();
    }
    let view = client.tx_wait(wait(9_000)).await.unwrap();
    assert_eq!(view.answer, WaitWord::Final);
    assert_eq!(view.finality.unwrap().outcomes[0].height, 1);
}

#[tokio::test]
async fn an_index_that_is_far_behind_does_not_hinder_submissions() {
    let node = Node::start().await;
    let client = node.client("ALFA/ACCESS").await;
    for _ in 0..300 {
        node.fake.commit();
    }
    node.fake.indexed_to.store(0, Ordering::SeqCst);
    let transaction = pay(node.fake.chain, "ALFA", "BRAVO", "PKR", 500, 1);
    let fake = node.fake.clone();
    tokio::spawn(async move {
        fake.until_waiting(1).await;
        fake.commit()
    });
    let view = client.submit(&transaction, Wait::Final).await.unwrap();
    assert_eq!(settled(&view), 301);
    let again = client.submit(&transaction, Wait::Final).await.unwrap();
    assert_eq!(
        (again.answer, again.finality),
        (SubmitWord::AlreadyFinal, None)
    );
}

#[tokio::test]
async fn a_bulk_of_a_thousand_is_counted_and_shown_in_part() {
    let node = Node::start_with(Fake::new(), |_| {}).await;
    let client = node.client("ALFA/ACCESS").await;
    let payment = |number: u16| {
        let mut terms = terms("ALFA", "BRAVO", "PKR", 1, 0);
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&number.to_le_bytes());
        terms.uetr = karwan_types::Uetr::from_random_bytes(bytes);
        terms
    };
    let bulk = Operation::from(PayBulk {
        payments: (0..1_000).map(payment).collect(),
    });
    let transaction = signed(node.fake.chain, bulk, valid_until(), &["ALFA/MAKER"]);
    node.fake.commit_all(std::slice::from_ref(&transaction));
    let view = client.submit(&transaction, Wait::Accepted).await.unwrap();
    let finality = view.finality.unwrap();
    assert_eq!(finality.statuses["ACSC"], 1_000);
    assert_eq!(finality.outcomes.len(), 16);
}

#[tokio::test]
async fn what_is_no_transaction_at_all_is_an_error_of_the_request() {
    let node = Node::start().await;
    let client = node.client("ALFA/ACCESS").await;
    let check = async |transaction: String, name: &str| {
        let params = TxSubmitParams {
            transaction,
            wait: Wait::Accepted,
            timeout_ms: None,
        };
        match client.tx_submit(params).await.unwrap_err() {
            karwan_rpc::ClientError::Problem(problem) => assert_eq!(problem.name, name),
            other => panic!("{other}"),
        }
    };
    check("xyz".to_owned(), "INVALID_PARAMS").await;
    check("0".repeat((2 << 20) + 2), "TOO_LARGE").await;
}
