//! The rulebook, what waits under it, and whole blocks.

use crate::fake::Node;
use crate::world::{OPENING, key, lei, pay, signed, terms, valid_until};
use karwan_ledger::{
    EmergencyMeasure, EmergencyRule, Money, Pay, Priority, Quorum, ReserveLiquidity, Rulebook,
    RulebookPropose, VerifiedTransaction,
};
use karwan_rpc::{
    AccountGetParams, AsOfParams, BlocksListParams, ClientError, QueueListParams,
    RulebookGetParams, View,
};
use karwan_types::{Amount, DurationMs, Hash};

const GOVERNORS: [&str; 3] = ["PK/GOVERNOR", "KG/GOVERNOR", "UZ/GOVERNOR"];

fn propose() -> RulebookPropose {
    let day = DurationMs::from_millis(86_400_000);
    let mut rulebook = Rulebook::plain(day, day);
    rulebook.version = 2;
    rulebook.common.quorum = Quorum::TwoThirds;
    RulebookPropose {
        rulebook,
        diff_from: 1,
        activates: valid_until(),
        document_hash: Hash::from_bytes([1; 32]),
        impact_report_hash: None,
    }
}

#[tokio::test]
async fn versions_of_the_rulebook_are_told_with_where_they_stand() {
    let node = Node::start().await;
    let client = node.stranger().await;
    let transaction = signed(node.fake.chain, propose(), valid_until(), &GOVERNORS);
    node.fake.commit_all(&[transaction]);
    let answer = client.rulebooks_list(AsOfParams::default()).await.unwrap();
    let told: Vec<(u32, String)> = answer
        .rulebooks
        .iter()
        .map(|one| (one.version, format!("{:?}", one.status.0)))
        .collect();
    let stands = |word: &str| word.to_owned();
    assert_eq!(told, [(1, stands("Active")), (2, stands("Scheduled"))]);
    assert_ne!(answer.rulebooks[0].hash, answer.rulebooks[1].hash);

    let active = client
        .rulebook_get(RulebookGetParams::default())
        .await
        .unwrap();
    assert_eq!(active.rulebook.0.version, 1);
    let second = RulebookGetParams {
        version: Some(2),
        ..RulebookGetParams::default()
    };
    let second = client.rulebook_get(second).await.unwrap();
    assert_eq!(second.rulebook.0, propose().rulebook);
    let third = RulebookGetParams {
        version: Some(3),
        ..RulebookGetParams::default()
    };
    match client.rulebook_get(third).await.unwrap_err() {
        ClientError::Problem(problem) => assert_eq!(problem.name, "NOT_FOUND"),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_emergency_rule_is_told_with_whether_it_binds() {
    let node = Node::start().await;
    let client = node.stranger().await;
    let money = Money {
        currency: "PKR".parse().unwrap(),
        amount: Amount::from_minor(500),
    };
    let rule = EmergencyRule {
        jurisdiction: "PK".parse().unwrap(),
        number: 1,
        measure: EmergencyMeasure::PaymentMax(money),
        until: valid_until(),
        legal_basis: "an act".parse().unwrap(),
        order_hash: Hash::from_bytes([2; 32]),
    };
    let transaction = signed(node.fake.chain, rule, valid_until(), &["PK/GOVERNOR"]);
    node.fake.commit_all(&[transaction]);
    let told = async || {
        let answer = client.emergencies_list(AsOfParams::default()).await;
        answer.unwrap().emergencies.remove(0)
    };
    let first = told().await;
    assert!(first.in_force);
    assert_eq!(first.payment_max.unwrap().amount, "5.00");
    node.fake.commit_after(3_600_000);
    assert!(!told().await.in_force);
}

#[tokio::test]
async fn a_queue_is_read_page_by_page_and_reservations_stand_with_the_account() {
    let node = Node::start().await;
    let chain = node.fake.chain;
    let large = |number: u8| {
        let payment = terms("ALFA", "BRAVO", "PKR", 2 * OPENING, number);
        signed(
            chain,
            Pay { payment },
            valid_until(),
            &["ALFA/MAKER", "ALFA/CHECKER"],
        )
    };
    let reserve = ReserveLiquidity {
        agent: lei("ALFA").to_string().parse().unwrap(),
        currency: "PKR".parse().unwrap(),
        account: None,
        priority: Priority::High,
        amount: Amount::from_minor(700),
    };
    let reserve = signed(
        chain,
        reserve,
        valid_until(),
        &["ALFA/MAKER", "ALFA/CHECKER"],
    );
    node.fake
        .commit_all(&[large(1), large(2), large(3), reserve]);
    let client = node.client("ALFA/ACCESS").await;
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let params = QueueListParams {
            after,
            limit: Some(2),
            ..QueueListParams::default()
        };
        let page = client.queue_list(params).await.unwrap();
        assert!(page.entries.len() <= 2);
        seen.extend(page.entries.iter().map(|one| one.number));
        match page.next_after {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, [1, 2, 3]);
    let params = AccountGetParams {
        account: View("ALFA-PKR".parse().unwrap()),
        at_least_height: None,
    };
    let account = client.account_get(params).await.unwrap().account;
    assert_eq!(account.reserved_high.amount, "7.00");
    assert_eq!(account.reserved_urgent.amount, "0.00");
}

#[tokio::test]
async fn whole_blocks_prove_themselves_and_give_the_same_state() {
    let node = Node::start().await;
    let chain = node.fake.chain;
    node.fake
        .commit_all(&[pay(chain, "ALFA", "BRAVO", "PKR", 500, 1)]);
    node.fake.commit();
    node.fake
        .commit_all(&[pay(chain, "BRAVO", "ALFA", "PKR", 200, 2)]);
    let client = node.client("PK/AUDITOR").await;
    let params = BlocksListParams {
        from: 1,
        to: None,
        at_least_height: None,
    };
    let answer = client.blocks_list(params).await.unwrap();
    assert_eq!((answer.blocks.len(), answer.next_from), (3, None));
    let (mut state, mut parent) = (node.fake.genesis.state.clone(), chain.0);
    for whole in &answer.blocks {
        let block = whole.block().unwrap();
        let certificate = &whole.certificate.0;
        assert_eq!(certificate.block_hash, block.hash());
        certificate
            .verify(&chain, &state.chain().validators)
            .unwrap();
        let verify = |one: &karwan_types::EncodedTransaction| {
            VerifiedTransaction::from_encoded(one.clone(), &chain).unwrap()
        };
        let transactions: Vec<_> = block.transactions.iter().map(verify).collect();
        state = state.validate(parent, &block, &transactions).unwrap().state;
        parent = block.hash();
    }
    let head = client.chain_head(AsOfParams::default()).await.unwrap();
    assert_eq!((state.root(), parent), (head.state_root.0, head.hash.0));
    assert_eq!(head.header.unwrap().0.proposer, key("VALIDATOR"));
}

#[tokio::test]
async fn who_may_not_read_whole_blocks_is_told_who_may() {
    let node = Node::start().await;
    node.fake.commit();
    for name in ["KG/REGULATOR", "ALFA/ACCESS", "SBP/ACCESS"] {
        let params = BlocksListParams {
            from: 1,
            to: None,
            at_least_height: None,
        };
        match node
            .client(name)
            .await
            .blocks_list(params)
            .await
            .unwrap_err()
        {
            ClientError::Problem(problem) => {
                assert_eq!(problem.name, "FORBIDDEN", "{name}");
                let sentence = problem.sentence;
                assert!(sentence.contains("regulators and auditors"), "{sentence}");
            }
            other => panic!("{name}: {other}"),
        }
    }
}
