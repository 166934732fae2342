//! Access tokens: only a fresh one, for this chain, in the one form, signed by an access key in force, opens anything.

use crate::fake::{Fake, Node};
use crate::http::{bearer, call, post};
use crate::world::{GENESIS_MS, key, secret, signed, valid_until};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use karwan_ledger::RotateKey;
use karwan_rpc::{Claims, Client, ClientError, Scopes, TOKEN_SECONDS_MAX, TokenProvider};
use karwan_types::ChainId;
use serde_json::json;

const NOW: u64 = GENESIS_MS / 1_000;

fn claims(fake: &Fake) -> Claims {
    Claims {
        iss: key("ALFA/ACCESS"),
        chain: fake.chain,
        node: None,
        scope: "read".to_owned(),
        iat: NOW,
        exp: NOW + 60,
    }
}

/// A token with any header and claims, signed by the key of a name.
fn forged(header: &str, claims: &str, signer: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let input = format!("{}.{}", part(header), part(claims));
    let signature = secret(signer).sign_token(&input).to_bytes();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn status(node: &Node, token: &str) -> (u16, String) {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"accounts.list"}"#;
    let answer = post(node.address(), &bearer(token), body).await;
    let sentence = answer.json()["error"]["message"]
        .as_str()
        .unwrap_or("")
        .to_owned();
    (answer.status, sentence)
}

/// Claims that are wrong in one thing each, and the words of their refusal.
fn wrong_claims(right: &Claims) -> Vec<(Claims, &'static str)> {
    let other_chain = Claims {
        chain: ChainId::of_genesis(b"x"),
        ..right.clone()
    };
    let other_node = Claims {
        node: Some(key("OTHER")),
        ..right.clone()
    };
    let mut wrong = vec![(other_chain, "another chain"), (other_node, "another node")];
    for (iat, exp, reason) in [
        (NOW, NOW, "expired"),
        (NOW - 7_200, NOW - 3_600, "expired"),
        (NOW, NOW + TOKEN_SECONDS_MAX + 1, "more than 15 minutes"),
        (NOW + 61, NOW + 120, "in the future"),
        (NOW, u64::MAX, "more than 15 minutes"),
    ] {
        let claims = Claims {
            iat,
            exp,
            ..right.clone()
        };
        wrong.push((claims, reason));
    }
    for scope in ["write", "", "read read"] {
        let claims = Claims {
            scope: scope.to_owned(),
            ..right.clone()
        };
        wrong.push((claims, "scope"));
    }
    wrong
}

#[tokio::test]
async fn every_wrong_claim_is_refused_with_its_reason() {
    let node = Node::start().await;
    let right = claims(&node.fake);
    let sign = |claims: &Claims| claims.sign(&secret("ALFA/ACCESS"));
    assert_eq!(status(&node, &sign(&right)).await.0, 200);
    let for_this_node = Claims {
        node: Some(key("VALIDATOR")),
        ..right.clone()
    };
    assert_eq!(status(&node, &sign(&for_this_node)).await.0, 200);

    for (claims, reason) in wrong_claims(&right) {
        let (code, sentence) = status(&node, &sign(&claims)).await;
        assert_eq!(code, 401, "{claims:?}");
        assert!(sentence.contains(reason), "{sentence}: {reason}");
    }
}

#[tokio::test]
async fn only_an_access_key_that_is_registered_and_in_force_opens_anything() {
    let node = Node::start().await;
    let check = async |holder: &str, signer: &str, reason: &str| {
        let claims = Claims {
            iss: key(holder),
            ..claims(&node.fake)
        };
        let (code, sentence) = status(&node, &claims.sign(&secret(signer))).await;
        assert_eq!(
            (code, sentence.contains(reason)),
            (401, true),
            "{holder} {signer} {sentence}"
        );
    };
    check("NOBODY", "NOBODY", "not signed by an access key").await;
    check("ALFA/MAKER", "ALFA/MAKER", "not signed by an access key").await;
    check("PK/GOVERNOR", "PK/GOVERNOR", "not signed by an access key").await;
    check("VALIDATOR", "VALIDATOR", "not signed by an access key").await;
    check("ALFA/ACCESS", "BRAVO/ACCESS", "signature does not verify").await;

    let token = node.token("ALFA/ACCESS");
    assert_eq!(status(&node, &token).await.0, 200);
    let client = node.client("ALFA/ACCESS").await;
    let rotate = RotateKey {
        old: key("ALFA/ACCESS"),
        new: key("ALFA/NEW"),
    };
    let signers = ["ALFA/MAKER", "ALFA/CHECKER"];
    node.fake
        .commit_all(&[signed(node.fake.chain, rotate, valid_until(), &signers)]);
    assert_eq!(status(&node, &token).await.0, 401);
    // A connection that is open already ends its power too.
    match client.accounts_list(Default::default()).await.unwrap_err() {
        ClientError::Problem(problem) => assert_eq!(problem.name, "UNAUTHENTICATED"),
        other => panic!("{other}"),
    }
    assert_eq!(status(&node, &node.token("ALFA/NEW")).await.0, 200);
}

#[tokio::test]
async fn there_is_one_algorithm_and_one_form() {
    let node = Node::start().await;
    let text = serde_json::to_string(&claims(&node.fake)).unwrap();
    let signer = "ALFA/ACCESS";
    let eddsa = r#"{"alg":"EdDSA","typ":"JWT"}"#;
    let good = forged(eddsa, &text, signer);
    assert_eq!(status(&node, &good).await.0, 200);
    assert_eq!(
        status(&node, &forged(r#"{"alg":"EdDSA"}"#, &text, signer))
            .await
            .0,
        200
    );
    for header in [
        r#"{"alg":"none","typ":"JWT"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"eddsa"}"#,
        r#"{"alg":"Ed25519"}"#,
        r#"{"alg":"EdDSA","kid":"1"}"#,
        r#"{"alg":"EdDSA","crit":["b64"],"b64":false}"#,
        r#"{"alg":"EdDSA","alg":"none"}"#,
        r#"{"alg":"EdDSA","typ":"at+jwt"}"#,
        r#"{"typ":"JWT"}"#,
        "{}",
        "null",
    ] {
        assert_eq!(
            status(&node, &forged(header, &text, signer)).await.0,
            401,
            "{header}"
        );
    }
    let parts: Vec<&str> = good.split('.').collect();
    let extra = text.replacen('{', r#"{"admin":true,"#, 1);
    let other = text.replace("read", "gateway");
    for token in [
        String::new(),
        "x".to_owned(),
        "..".to_owned(),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{good}.{}", parts[2]),
        format!("{good}="),
        format!(
            "{}.{}.{}",
            parts[0],
            URL_SAFE_NO_PAD.encode(other),
            parts[2]
        ),
        forged(eddsa, &extra, signer),
        forged(eddsa, "{}", signer),
        format!("{good}{}", "A".repeat(4_096)),
    ] {
        assert_eq!(status(&node, &token).await.0, 401, "{token}");
    }
}

#[tokio::test]
async fn the_header_stands_once_and_is_a_bearer_token() {
    let node = Node::start().await;
    let token = node.token("ALFA/ACCESS");
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"accounts.list"}"#;
    for headers in [
        vec![format!("Authorization: Basic {token}")],
        vec![format!("Authorization: {token}")],
        vec![
            format!("Authorization: Bearer {token}"),
            format!("Authorization: Bearer {token}"),
        ],
    ] {
        assert_eq!(post(node.address(), &headers, body).await.status, 401);
    }
    // A wrong token is refused even where none is needed: whoever sends one means to be known.
    let public = r#"{"jsonrpc":"2.0","id":1,"method":"chain.head"}"#;
    assert_eq!(post(node.address(), &bearer("x"), public).await.status, 401);
    let in_params = call(
        node.address(),
        None,
        "accounts.list",
        json!({ "token": token }),
    )
    .await;
    assert_eq!(in_params["error"]["data"]["name"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_websocket_is_refused_with_a_wrong_token_and_loses_its_power_when_the_token_expires() {
    let node = Node::start().await;
    let wrong = karwan_rpc::Bearer("x".to_owned());
    match Client::connect(&node.url(), Some(&wrong))
        .await
        .unwrap_err()
    {
        ClientError::Refused { code, .. } => assert_eq!(code, 401),
        other => panic!("{other}"),
    }
    let client = node.client("ALFA/ACCESS").await;
    assert_eq!(
        client
            .accounts_list(Default::default())
            .await
            .unwrap()
            .accounts
            .len(),
        1
    );
    node.fake.advance_clock(TOKEN_SECONDS_MAX * 1_000);
    match client.accounts_list(Default::default()).await.unwrap_err() {
        ClientError::Problem(problem) => {
            assert_eq!(problem.name, "UNAUTHENTICATED");
            assert!(problem.sentence.contains("expired"));
        }
        other => panic!("{other}"),
    }
    let access = node.access("ALFA/ACCESS", Scopes::READ);
    assert_eq!(status(&node, &access.token()).await.0, 200);
}
