//! The admin listener.

use crate::fake::Fake;
use crate::http::{Answer, raw};
use karwan_rpc::{AdminConfig, AdminServer, Exposure, HealthItem, ServeError};
use std::sync::Arc;

async fn get(server: &AdminServer, path: &str, host: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    raw(server.address(), request.as_bytes()).await
}

async fn start(fake: &Arc<Fake>) -> AdminServer {
    let config = AdminConfig::new("127.0.0.1:0".parse().unwrap());
    AdminServer::start(config, fake.clone()).await.unwrap()
}

#[tokio::test]
async fn a_healthy_node_is_alive_ready_and_says_nothing_fails() {
    let server = start(&Fake::new()).await;
    for path in ["/livez", "/readyz"] {
        assert_eq!(get(&server, path, "localhost").await.status, 200, "{path}");
    }
    let health = get(&server, "/health", "localhost").await;
    assert_eq!(
        (
            health.status,
            health.json()["failing"].as_array().unwrap().len()
        ),
        (200, 0)
    );
    let metrics = get(&server, "/metrics", "localhost").await;
    assert!(metrics.head.contains("text/plain; version=0.0.4"));
    assert_eq!(metrics.body, "karwan_height 7\n");
    assert_eq!(get(&server, "/", "localhost").await.status, 404);
    assert_eq!(get(&server, "/health", "evil.example").await.status, 403);
}

#[tokio::test]
async fn only_what_fails_is_shown() {
    let fake = Fake::new();
    let server = start(&fake).await;
    fake.fail(vec![
        HealthItem {
            name: "peers",
            failing: None,
        },
        HealthItem {
            name: "disk",
            failing: Some("the disk is full; free some space".parse().unwrap()),
        },
    ]);
    assert_eq!(get(&server, "/livez", "localhost").await.status, 200);
    assert_eq!(get(&server, "/readyz", "localhost").await.status, 503);
    let health = get(&server, "/health", "localhost").await;
    assert_eq!(health.status, 503);
    let failing = &health.json()["failing"];
    assert_eq!(failing.as_array().unwrap().len(), 1);
    assert_eq!(failing[0]["item"], "disk");
    assert_eq!(failing[0]["sentence"], "the disk is full; free some space");
    server.stop().await;
}

#[tokio::test]
async fn an_address_that_others_reach_needs_tls_before_it() {
    let mut config = AdminConfig::new("0.0.0.0:0".parse().unwrap());
    let refused = AdminServer::start(config.clone(), Fake::new()).await;
    assert!(matches!(refused, Err(ServeError::Exposed(_))));
    config.exposure = Exposure::BehindTls;
    config.listen = "127.0.0.1:0".parse().unwrap();
    assert!(AdminServer::start(config, Fake::new()).await.is_ok());
}
