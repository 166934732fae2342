//! The client: what it says when there is nobody, and when the node goes away.

use crate::fake::{DEADLINE, Fake, Node};
use karwan_rpc::{Client, ClientError, Exposure, ServeError, Server, ServerConfig};
use tokio::time::timeout;

#[tokio::test]
async fn a_node_that_is_not_there_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Client::connect(&url, None).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable(_)), "{error}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_node_that_stops_ends_the_connection_and_a_new_one_finds_the_next() {
    let node = Node::start().await;
    let client = node.stranger().await;
    assert!(client.is_connected());
    assert!(client.chain_head(Default::default()).await.is_ok());
    let fake = node.fake.clone();
    timeout(DEADLINE, node.server.stop()).await.unwrap();
    let error = client.chain_head(Default::default()).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable(_)), "{error}");
    let node = Node::start_with(fake, |_| {}).await;
    assert!(
        node.stranger()
            .await
            .chain_head(Default::default())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_taken_port_and_an_exposed_address_are_named() {
    let node = Node::start().await;
    let config = ServerConfig::new(node.address());
    let error = Server::start(config, Fake::new(), None).await.unwrap_err();
    assert!(matches!(error, ServeError::Listen { .. }));
    assert!(error.to_string().contains(&node.address().to_string()));
    let config = ServerConfig::new("0.0.0.0:0".parse().unwrap());
    assert_eq!(config.exposure, Exposure::Loopback);
    let error = Server::start(config, Fake::new(), None).await.unwrap_err();
    assert!(matches!(error, ServeError::Exposed(_)));
}
