//! The event feed: resumed at any number it goes on without gap or repeat, on a new connection and on a new server.

use crate::fake::{DEADLINE, Fake, Node};
use crate::world::{lei, pay, uetr};
use karwan_rpc::{
    Client, ClientError, EventView, Events, IsoDeliverParams, Scopes, TOKEN_SECONDS_MAX,
};
use tokio::time::timeout;

async fn next(events: &mut Events) -> EventView {
    let event = timeout(DEADLINE, events.next()).await.unwrap();
    event.unwrap().unwrap()
}

/// Sequences up to the end of a height.
async fn up_to(events: &mut Events, height: u64) -> Vec<u64> {
    let mut seen = Vec::new();
    loop {
        let event = next(events).await;
        seen.push(event.sequence());
        if matches!(&event, EventView::Block(block) if block.height == height) {
            return seen;
        }
    }
}

fn blocks(fake: &Fake, from: u8, to: u8) {
    for block in from..to {
        let payment = |number| pay(fake.chain, "ALFA", "BRAVO", "PKR", 1, block * 3 + number);
        fake.commit_all(&[payment(0), payment(1), payment(2)]);
    }
}

#[tokio::test]
async fn a_feed_resumed_after_any_event_goes_on_without_gap_or_repeat() {
    let node = Node::start().await;
    blocks(&node.fake, 0, 4);
    let client = node.client("BRAVO/ACCESS").await;
    let all = up_to(&mut client.events(Some(0)).await.unwrap(), 4).await;
    let end = (1u64 << 20) - 1;
    let expected: Vec<u64> = (1..=4u64)
        .flat_map(|height| [0, 1, 2, end].map(|position| height << 20 | position))
        .collect();
    assert_eq!(all, expected);
    for (index, sequence) in all.iter().enumerate() {
        if index + 1 == all.len() {
            break;
        }
        let client = node.client("BRAVO/ACCESS").await;
        let mut events = client.events(Some(*sequence)).await.unwrap();
        assert_eq!(
            up_to(&mut events, 4).await,
            all[index + 1..],
            "after {sequence}"
        );
    }
}

#[tokio::test]
async fn a_feed_goes_on_with_new_blocks_and_on_a_new_server() {
    let node = Node::start().await;
    let client = node.client("ALFA/ACCESS").await;
    let mut events = client.events(None).await.unwrap();
    blocks(&node.fake, 0, 2);
    let first = up_to(&mut events, 2).await;
    assert_eq!(first.len(), 8);
    let (fake, last) = (node.fake.clone(), *first.last().unwrap());
    node.server.stop().await;
    assert!(timeout(DEADLINE, events.next()).await.unwrap().is_none());

    blocks(&fake, 2, 3);
    let node = Node::start_with(fake, |_| {}).await;
    let client = node.client("ALFA/ACCESS").await;
    let mut events = client.events(Some(last)).await.unwrap();
    assert_eq!(up_to(&mut events, 3).await.len(), 4);
    // A node that is behind what the caller has seen tells nothing until it gets there.
    let mut ahead = client.events(Some(4 << 20)).await.unwrap();
    blocks(&node.fake, 3, 4);
    assert_eq!(up_to(&mut ahead, 4).await.first(), Some(&(4 << 20 | 1)));
}

#[tokio::test]
async fn a_feed_ends_when_its_token_does() {
    let node = Node::start().await;
    let client = node.client("ALFA/ACCESS").await;
    let mut events = client.events(None).await.unwrap();
    blocks(&node.fake, 0, 1);
    assert_eq!(up_to(&mut events, 1).await.len(), 4);
    node.fake.advance_clock(TOKEN_SECONDS_MAX * 1_000);
    blocks(&node.fake, 1, 2);
    let ended = timeout(DEADLINE, async {
        while let Some(event) = events.next().await {
            assert_eq!(
                event.unwrap().sequence() >> 20,
                1,
                "nothing after the token has expired"
            );
        }
    });
    ended.await.unwrap();
}

#[tokio::test]
async fn a_caller_has_so_many_feeds_and_no_more() {
    let fake = Fake::new();
    let node = Node::start_with(fake, |config| {
        config.limits.subscriptions_per_caller_max = 2
    })
    .await;
    let (one, two) = (
        node.client("ALFA/ACCESS").await,
        node.client("ALFA/ACCESS").await,
    );
    let first = one.events(None).await.unwrap();
    let _second = two.events(None).await.unwrap();
    match two.events(None).await.unwrap_err() {
        ClientError::Problem(problem) => {
            assert_eq!((problem.name.as_str(), problem.retryable), ("BUSY", true));
        }
        other => panic!("{other}"),
    }
    assert!(node.client("BRAVO/ACCESS").await.events(None).await.is_ok());
    drop(first);
    drop(one);
    // The place is free once the server has noticed.
    let again = timeout(DEADLINE, async {
        while two.events(None).await.is_err() {
            tokio::task::yield_now().await;
        }
    });
    again.await.unwrap();
}

/// The sealed bytes of the next event, which must be a message.
async fn next_message(events: &mut Events) -> Vec<u8> {
    match next(events).await {
        EventView::Message(event) => event.message.sealed_bytes().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_institution_is_handed_its_messages_as_they_arrive_and_a_reader_of_its_balances_is_not()
{
    let node = Node::start().await;
    blocks(&node.fake, 0, 1);
    let client = node.client("BRAVO/ACCESS").await;
    let deliver = async |number: u8, sealed: &[u8]| {
        let params = IsoDeliverParams::new(uetr(number), lei("BRAVO"), sealed);
        client.iso_deliver(params).await.unwrap();
    };
    deliver(1, b"first").await;
    let mut events = client.events(None).await.unwrap();
    assert_eq!(next_message(&mut events).await, b"first");
    deliver(2, b"second").await;
    assert_eq!(next_message(&mut events).await, b"second");
    blocks(&node.fake, 1, 2);
    assert_eq!(
        up_to(&mut events, 2).await.len(),
        4,
        "each message comes once"
    );
    // Whoever begins again is handed what is not confirmed, and a token that only reads is handed nothing.
    let mut again = client.events(None).await.unwrap();
    assert_eq!(next_message(&mut again).await, b"first");
    let reader = node.access("BRAVO/ACCESS", Scopes::READ);
    let reader = Client::connect(&node.url(), Some(&reader)).await.unwrap();
    let mut reading = reader.events(None).await.unwrap();
    blocks(&node.fake, 2, 3);
    assert_eq!(up_to(&mut reading, 3).await.len(), 4);
}
