//! The institution's side: foreign messages in, delivered messages out, and instructions that wait for its checkers.

use crate::fake::{Fake, Node};
use crate::world::{CAP, lei, signed, terms, uetr, valid_until};
use karwan_ledger::{Approve, Linked, Operation, Pay, instruction_hash};
use karwan_rpc::{
    ApprovalsGetParams, AsOfParams, Client, ClientError, IsoDeliverParams, IsoOutboxParams, Server,
    ServerConfig, View,
};
use karwan_types::decode;

/// As large as a sealed message may be.
const LARGEST: usize = (1 << 20) + (64 << 10);

#[tokio::test]
async fn sealed_messages_are_kept_and_read_in_pieces_that_fit() {
    let node = Node::start().await;
    let client = node.client("ALFA/ACCESS").await;
    for number in 1..=7 {
        let sealed = vec![number; LARGEST];
        let params = IsoDeliverParams::new(uetr(number), lei("BRAVO"), &sealed);
        assert_eq!(
            client.iso_deliver(params).await.unwrap().uetr.0,
            uetr(number)
        );
    }
    let (mut after, mut read) = (None, Vec::new());
    loop {
        let params = IsoOutboxParams { after, limit: None };
        let page = client.iso_outbox(params).await.unwrap();
        assert!(!page.messages.is_empty() && page.messages.len() < 7);
        for message in &page.messages {
            assert_eq!(message.place.debtor_agent.0, lei("ALFA"));
            assert_eq!(message.sealed_bytes().unwrap().len(), LARGEST);
            read.push(message.place.uetr.0);
        }
        after = page.messages.last().map(|last| last.place.clone());
        if !page.more {
            break;
        }
    }
    let mut sent: Vec<_> = (1..=7).map(uetr).collect();
    sent.sort_unstable();
    assert_eq!(read, sent);

    let params = IsoDeliverParams::new(uetr(8), lei("BRAVO"), b"age");
    match client.iso_deliver(params).await {
        Err(ClientError::Problem(problem)) => {
            assert_eq!(problem.name, "BUSY");
            assert!(problem.retryable);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_message_that_is_too_long_or_no_base64_is_refused() {
    let node = Node::start().await;
    let client = node.client("ALFA/ACCESS").await;
    let long = IsoDeliverParams::new(uetr(1), lei("BRAVO"), &vec![0; LARGEST + 1]);
    let mut spoilt = IsoDeliverParams::new(uetr(1), lei("BRAVO"), b"age");
    spoilt.sealed.push('*');
    for (params, name) in [(long, "TOO_LARGE"), (spoilt, "INVALID_PARAMS")] {
        match client.iso_deliver(params).await {
            Err(ClientError::Problem(problem)) => assert_eq!(problem.name, name),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_institution_that_the_node_does_not_serve_is_told_so() {
    let node = Node::start().await;
    let client = node.client("ECHO/ACCESS").await;
    match client.iso_outbox(IsoOutboxParams::default()).await {
        Err(ClientError::Problem(problem)) => assert_eq!(problem.name, "NO_GATEWAY"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_node_without_a_gateway_says_so() {
    let fake = Fake::new();
    let mut config = ServerConfig::new("127.0.0.1:0".parse().unwrap());
    config.clock = fake.clock();
    let server = Server::start(config, fake.clone(), None).await.unwrap();
    let node = Node { fake, server };
    match node
        .client("ALFA/ACCESS")
        .await
        .iso_outbox(IsoOutboxParams::default())
        .await
    {
        Err(ClientError::Problem(problem)) => assert_eq!(problem.name, "NO_GATEWAY"),
        other => panic!("{other:?}"),
    }
}

async fn waiting(client: &Client) -> Vec<karwan_rpc::ApprovalView> {
    client
        .approvals_list(AsOfParams::default())
        .await
        .unwrap()
        .approvals
}

#[tokio::test]
async fn a_checker_finds_what_waits_and_can_check_the_hash_it_signs() {
    let node = Node::start().await;
    let chain = node.fake.chain;
    let large = Operation::from(Pay {
        payment: terms("ALFA", "BRAVO", "PKR", CAP + 1, 1),
    });
    let hash = instruction_hash(&chain, &large);
    node.fake
        .commit_all(&[signed(chain, large.clone(), valid_until(), &["ALFA/MAKER"])]);
    let client = node.client("ALFA/ACCESS").await;
    let list = waiting(&client).await;
    assert_eq!(
        (list.len(), list[0].instruction.0, list[0].payments),
        (1, hash, 1)
    );
    assert_eq!(list[0].totals[0].amount, "1000.01");
    assert_eq!(list[0].signers.len(), 1);
    assert!(list[0].signers[0].in_force);

    let params = ApprovalsGetParams {
        instruction: View(hash),
        at_least_height: None,
    };
    let full = client.approvals_get(params).await.unwrap();
    let bytes: Vec<u8> = (0..full.operation_bytes.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&full.operation_bytes[at..at + 2], 16).unwrap())
        .collect();
    let operation: Operation = decode(&bytes, 1 << 20).unwrap();
    assert_eq!(instruction_hash(&chain, &operation), hash);
    assert_eq!(full.operation["Pay"]["payment"]["currency"], "PKR");

    let approve = Approve { instruction: hash };
    node.fake
        .commit_all(&[signed(chain, approve, valid_until(), &["ALFA/CHECKER"])]);
    assert!(waiting(&client).await.is_empty());
}

#[tokio::test]
async fn a_linked_instruction_waits_for_every_debtor() {
    let node = Node::start().await;
    let chain = node.fake.chain;
    let linked = Linked {
        legs: vec![
            terms("ALFA", "BRAVO", "PKR", 5, 1),
            terms("DELTA", "ECHO", "UZS", 5, 2),
        ],
    };
    node.fake
        .commit_all(&[signed(chain, linked, valid_until(), &["ALFA/MAKER"])]);
    for (name, count) in [("ALFA", 1), ("DELTA", 1), ("BRAVO", 0), ("ECHO", 0)] {
        let client = node.client(&format!("{name}/ACCESS")).await;
        assert_eq!(waiting(&client).await.len(), count, "{name}");
    }
}
