//! Limits: what is too large, too deep, too many or too slow is refused, before anything is allocated for it.

use crate::fake::{DEADLINE, Fake, Node};
use crate::http::{bearer, call, post, raw};
use crate::world::{lei, uetr};
use karwan_rpc::{ClientError, IsoDeliverParams, SEALED_BYTES_MAX, TxSubmitParams, Wait};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

#[tokio::test]
async fn json_ten_thousand_levels_deep_is_refused_before_it_is_parsed() {
    let node = Node::start().await;
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        let bodies = [
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"chain.head","params":{deep}}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":{deep},"method":"chain.head"}}"#),
            deep.clone(),
            open.repeat(10_000),
        ];
        for body in bodies {
            let answer = post(node.address(), &[], &body).await;
            assert_eq!(
                (answer.status, answer.problem()),
                (400, "TOO_DEEP".to_owned())
            );
        }
    }
    // Brackets inside text are text.
    let harmless = json!({ "account": "[".repeat(30) });
    let answer = call(node.address(), None, "account.get", harmless).await;
    assert_eq!(answer["error"]["data"]["name"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_claim_of_a_hundred_megabytes_is_refused_at_once() {
    let node = Node::start().await;
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n";
    let claimed = raw(
        node.address(),
        format!("{head}Content-Length: 104857600\r\n\r\n{{").as_bytes(),
    )
    .await;
    assert_eq!(
        (claimed.status, claimed.problem()),
        (413, "TOO_LARGE".to_owned())
    );
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, " ".repeat(1 << 20));
    let chunked = format!(
        "{head}Transfer-Encoding: chunked\r\n\r\n{}",
        chunk.repeat(3)
    );
    assert_eq!(raw(node.address(), chunked.as_bytes()).await.status, 413);
}

#[tokio::test]
async fn parameters_have_the_limit_of_their_method() {
    let node = Node::start().await;
    let long = "x".repeat(300 << 10);
    let answer = call(node.address(), None, "chain.head", json!({ "x": long })).await;
    assert_eq!(answer["error"]["data"]["name"], "TOO_LARGE");
    assert_eq!(answer["error"]["code"], -32_046);

    let client = node.client("ALFA/ACCESS").await;
    let deliver = async |bytes: usize| {
        let params = IsoDeliverParams::new(uetr(1), lei("BRAVO"), &vec![0; bytes]);
        client.iso_deliver(params).await
    };
    assert!(deliver(SEALED_BYTES_MAX).await.is_ok());
    match deliver(SEALED_BYTES_MAX + 1).await.unwrap_err() {
        ClientError::Problem(problem) => assert_eq!(problem.name, "TOO_LARGE"),
        other => panic!("{other}"),
    }
    // The largest transaction fits through the door; the ledger then says that this is none.
    let params = TxSubmitParams {
        transaction: "00".repeat(1 << 20),
        wait: Wait::Accepted,
        timeout_ms: None,
    };
    let view = client.tx_submit(params).await.unwrap();
    assert_eq!(view.problem.unwrap().name, "MALFORMED");
}

#[tokio::test]
async fn a_batch_of_twenty_one_is_refused() {
    let node = Node::start().await;
    let call = |id: u32| json!({ "jsonrpc": "2.0", "id": id, "method": "chain.head" });
    let batch: Vec<Value> = (0..21).map(call).collect();
    let answer = post(node.address(), &[], &json!(batch).to_string()).await;
    assert_eq!(answer.json()["error"]["code"], -32_010);
}

/// One text frame of a WebSocket client, masked with zeros.
fn frame(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x81, 0xff];
    bytes.extend(u64::try_from(text.len()).unwrap().to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(text.as_bytes());
    bytes
}

/// Opens a WebSocket by hand, sends text, and reads until `until` has come.
async fn socket(node: &Node, texts: &[&str], until: &str) -> String {
    let mut stream = TcpStream::connect(node.address()).await.unwrap();
    let head = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    let mut sent = false;
    let read = timeout(DEADLINE, async {
        let mut buffer = [0; 4_096];
        loop {
            let text_so_far = String::from_utf8_lossy(&seen).into_owned();
            if !sent && text_so_far.contains("\r\n\r\n") {
                for text in texts {
                    let _ = stream.write_all(&frame(text)).await;
                }
                sent = true;
            }
            if text_so_far.contains(until) {
                return text_so_far;
            }
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return text_so_far,
                Ok(count) => seen.extend(&buffer[..count]),
            }
        }
    });
    let read = read.await;
    read.unwrap_or_else(|_| panic!("{until} did not come: {}", String::from_utf8_lossy(&seen)))
}

#[tokio::test]
async fn a_websocket_takes_no_batch_nothing_deep_and_nothing_too_large() {
    let node = Node::start().await;
    let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"chain.head"}]"#;
    assert!(socket(&node, &[batch], "-32005").await.contains("-32005"));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let call =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"chain.head","params":{{"a":{deep}}}}}"#);
    assert!(
        socket(&node, &[&call], "TOO_DEEP")
            .await
            .contains("TOO_DEEP")
    );
    let odd = format!(r#"{{"jsonrpc":"2.0","id":{deep},"method":"chain.head"}}"#);
    // What is no call at all has no answer, and does no harm to the calls after it.
    let head = r#"{"jsonrpc":"2.0","id":7,"method":"chain.head"}"#;
    let answered = socket(&node, &[&odd, head], "state_root").await;
    assert!(answered.contains("\"id\":7"), "{answered}");
    let large = "x".repeat(3 << 20);
    assert!(socket(&node, &[&large], "-32007").await.contains("-32007"));
}

#[tokio::test]
async fn wrong_parameters_are_told_apart_and_told_plainly() {
    let node = Node::start().await;
    let check = async |method: &str, params: Value, sentence: &str| {
        let token = node.token("ALFA/ACCESS");
        let answer = call(node.address(), Some(&token), method, params).await;
        assert_eq!(answer["error"]["code"], -32_602, "{answer}");
        assert_eq!(answer["error"]["data"]["name"], "INVALID_PARAMS");
        assert_eq!(answer["error"]["data"]["retryable"], false);
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(sentence), "{message}");
    };
    check("payment.get", json!({}), "name a payment").await;
    check("payment.get", json!([uetr(1)]), "by name").await;
    check("payment.get", json!({ "uetr": "x" }), "UUID version 4").await;
    check("payment.get", json!({ "utr": "x" }), "unknown field").await;
    check("account.get", json!({}), "missing field `account`").await;
    check(
        "tx.submit",
        json!({ "transaction": "00", "wait": "forever" }),
        "unknown variant",
    )
    .await;
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_no_more() {
    let fake = Fake::new();
    let node = Node::start_with(fake, |config| config.limits.connections_per_address_max = 2).await;
    let one = node.stranger().await;
    let two = node.stranger().await;
    assert!(one.chain_head(Default::default()).await.is_ok());
    assert!(
        karwan_rpc::Client::connect(&node.url(), None)
            .await
            .is_err()
    );
    drop(two);
    let again = timeout(DEADLINE, async {
        while karwan_rpc::Client::connect(&node.url(), None)
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    });
    again.await.unwrap();
}

#[tokio::test]
async fn a_connection_that_only_trickles_is_closed() {
    let fake = Fake::new();
    let node = Node::start_with(fake, |config| config.limits.idle_ms = 300).await;
    let mut stream = TcpStream::connect(node.address()).await.unwrap();
    let begun = Instant::now();
    let closed = timeout(DEADLINE, async {
        let mut buffer = [0; 64];
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(20));
        loop {
            tokio::select! {
                read = stream.read(&mut buffer) => if matches!(read, Ok(0) | Err(_)) { return },
                _ = tick.tick() => if stream.try_write(b"A").is_err() { return },
            }
        }
    });
    closed.await.unwrap();
    assert!(begun.elapsed() >= std::time::Duration::from_millis(300));
    // A WebSocket that is silent for as long stays.
    let client = node.stranger().await;
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    assert!(client.chain_head(Default::default()).await.is_ok());
}

#[tokio::test]
async fn calls_beyond_the_memory_of_a_connection_are_told_to_come_again() {
    let node = Node::start().await;
    // Each may hold a full page; thirteen of them fill a connection while they wait for a height that does not come.
    let client = std::sync::Arc::new(node.client("ALFA/ACCESS").await);
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            let params = karwan_rpc::AccountsListParams {
                at_least_height: Some(1),
                ..Default::default()
            };
            tokio::spawn(async move { client.accounts_list(params).await })
        })
        .collect();
    let mut busy = 0;
    let mut waiting = Vec::new();
    for call in calls {
        waiting.push(call);
    }
    // The refused ones are answered at once; the others when the block comes.
    while waiting.iter().filter(|call| call.is_finished()).count() < 8 {
        tokio::task::yield_now().await;
    }
    node.fake.commit();
    for call in waiting {
        match call.await.unwrap() {
            Ok(_) => {}
            Err(ClientError::Problem(problem)) => {
                assert_eq!((problem.name.as_str(), problem.retryable), ("BUSY", true));
                busy += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(busy, 8);
    // Once the answers have left there is room again.
    let again = timeout(DEADLINE, async {
        while client.accounts_list(Default::default()).await.is_err() {
            tokio::task::yield_now().await;
        }
    });
    again.await.unwrap();
}

#[tokio::test]
async fn a_call_ends_after_its_time() {
    let fake = Fake::new();
    let node = Node::start_with(fake, |config| config.limits.call_ms = 50).await;
    let params = json!({ "at_least_height": 9 });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "chain.head", "params": params });
    let token = node.token("ALFA/ACCESS");
    let answer = post(node.address(), &bearer(&token), &body.to_string())
        .await
        .json();
    assert_eq!(answer["error"]["data"]["name"], "TIMED_OUT");
    assert_eq!(answer["error"]["data"]["retryable"], true);
}
