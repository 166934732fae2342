//! HTTP as bytes on a socket, so that nothing of the client's library hides what the server does.

use crate::fake::{DEADLINE, Node};
use crate::world::pay;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// An HTTP answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
    /// The stable name in the error.
    pub(crate) fn problem(&self) -> String {
        let name = &self.json()["error"]["data"]["name"];
        name.as_str().unwrap_or("NONE").to_owned()
    }
}

/// Writes bytes and reads until the server closes the connection.
pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    // The server may close before it has read everything; what it says then still counts.
    let _ = stream.write_all(bytes).await;
    let _ = timeout(DEADLINE, stream.read_to_end(&mut answer))
        .await
        .unwrap();
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Answer {
        status: status.unwrap_or(0),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// A `POST /` with these further headers.
pub(crate) async fn post(address: SocketAddr, headers: &[String], body: &str) -> Answer {
    let mut request = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    request.push_str(body);
    raw(address, request.as_bytes()).await
}

pub(crate) fn bearer(token: &str) -> Vec<String> {
    vec![format!("Authorization: Bearer {token}")]
}

/// One call, with a token or without.
pub(crate) async fn call(
    address: SocketAddr,
    token: Option<&str>,
    method: &str,
    params: Value,
) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let headers = token.map(bearer).unwrap_or_default();
    let answer = post(address, &headers, &body.to_string()).await;
    assert_eq!(answer.status, 200, "{method}: {}", answer.body);
    answer.json()
}

#[tokio::test]
async fn a_plain_http_post_is_answered() {
    let node = Node::start().await;
    let payment = pay(node.fake.chain, "ALFA", "BRAVO", "PKR", 500, 1);
    node.fake.commit_all(&[payment]);
    let body = r#"{"jsonrpc":"2.0","id":"a","method":"chain.head"}"#;
    let answer = post(node.address(), &[], body).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .head
            .to_lowercase()
            .contains("cache-control: no-store")
    );
    assert!(!answer.head.to_lowercase().contains("access-control"));
    let json = answer.json();
    assert_eq!(json["id"], "a");
    assert_eq!(json["result"]["height"], 1);
    assert_eq!(json["result"]["network"], "test network");
    assert_eq!(json["result"]["chain_id"], node.fake.chain.to_string());
}

#[tokio::test]
async fn a_batch_is_answered_in_one() {
    let node = Node::start().await;
    let call = |id: u32| json!({ "jsonrpc": "2.0", "id": id, "method": "node.status" });
    let batch: Vec<Value> = (0..20).map(call).collect();
    let answer = post(node.address(), &[], &json!(batch).to_string()).await;
    let answers = answer.json();
    assert_eq!(answers.as_array().unwrap().len(), 20);
    assert_eq!(answers[7]["result"]["role"], "validator");
}

#[tokio::test]
async fn an_unknown_host_or_origin_is_refused_and_told_nothing() {
    let node = Node::start_with(crate::fake::Fake::new(), |config| {
        config.hosts = vec!["node.example".to_owned()];
        config.origins = vec!["https://console.example".to_owned()];
    })
    .await;
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"chain.head"}"#;
    let request = |host: &str, extra: &str| {
        format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{extra}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let cases = [
        ("evil.example", "", 403),
        ("node.example", "", 200),
        ("localhost:1", "", 200),
        ("localhost", "Origin: https://evil.example\r\n", 403),
        ("localhost", "Origin: null\r\n", 403),
        ("localhost", "Origin: https://console.example\r\n", 200),
    ];
    for (host, extra, status) in cases {
        let answer = raw(node.address(), request(host, extra).as_bytes()).await;
        assert_eq!(answer.status, status, "{host} {extra}");
        if status == 403 {
            assert_eq!(answer.problem(), "FORBIDDEN");
        }
    }
    let socket = "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    // The connection stays open for another request, so the answer is read to its end only.
    let closing = socket.replace("Connection: Upgrade", "Connection: close");
    assert_eq!(raw(node.address(), closing.as_bytes()).await.status, 403);
}

#[tokio::test]
async fn other_verbs_paths_and_kinds_of_content_are_refused() {
    let node = Node::start().await;
    let address = node.address();
    let check = |line: &str, headers: &str, status: u16| {
        let request =
            format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
        async move {
            let answer = raw(address, request.as_bytes()).await;
            assert_eq!(answer.status, status, "{request}");
        }
    };
    check("PUT /", "Content-Length: 0\r\n", 405).await;
    check("OPTIONS /", "", 405).await;
    check("GET /", "", 403).await;
    check("GET /metrics", "", 404).await;
    check(
        "POST /",
        "Content-Length: 0\r\nContent-Type: text/plain\r\n",
        415,
    )
    .await;
    check(
        "POST /",
        "Content-Length: 0\r\nContent-Type: application/json\r\n",
        400,
    )
    .await;
}
