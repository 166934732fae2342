//! Every process killed at once under load, again and again: what was acknowledged is there, once, on every node.

use crate::devnet::{Devnet, balance, times_settled};
use crate::faults::agree;
use karwan_rpc::Wait;
use karwan_types::Uetr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often everything is killed; more by the environment variable.
const ROUNDS: usize = 3;
/// Payments acknowledged before a kill.
const ACKNOWLEDGED: usize = 150;
/// Payers for each validator.
const PAYERS: usize = 4;

/// What the payers saw.
#[derive(Default)]
struct Seen {
    offered: Mutex<Vec<Uetr>>,
    acknowledged: Mutex<Vec<Uetr>>,
    count: AtomicUsize,
    over: AtomicBool,
}

async fn pay_until_killed(devnet: &Devnet, name: &str, seen: &Seen) {
    let client = devnet.client(name).await;
    while !seen.over.load(Ordering::SeqCst) {
        let (uetr, transaction) = devnet.payment();
        seen.offered.lock().unwrap().push(uetr);
        match client.submit(&transaction, Wait::Final).await {
            Ok(view) if view.finality.is_some() => {
                seen.acknowledged.lock().unwrap().push(uetr);
                seen.count.fetch_add(1, Ordering::SeqCst);
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_payment_survives_a_kill_of_all_validators_once_on_all_of_them() {
    let rounds = std::env::var("KARWAN_KILL_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let devnet = Arc::new(Devnet::up(4, &[]));
    let opening = balance(&devnet.client("pk").await, 1).await;
    let (mut offered, mut acknowledged) = (Vec::new(), Vec::new());
    for round in 1..=rounds.unwrap_or(ROUNDS) {
        let seen = Arc::new(Seen::default());
        let mut payers = tokio::task::JoinSet::new();
        for name in devnet.names() {
            for _ in 0..PAYERS {
                let (devnet, seen, name) = (Arc::clone(&devnet), Arc::clone(&seen), name.clone());
                payers.spawn(async move { pay_until_killed(&devnet, &name, &seen).await });
            }
        }
        let enough = async {
            while seen.count.load(Ordering::SeqCst) < ACKNOWLEDGED {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(crate::devnet::DEADLINE, enough)
            .await
            .unwrap();
        devnet.kill_all();
        seen.over.store(true, Ordering::SeqCst);
        while let Some(payer) = payers.join_next().await {
            payer.unwrap();
        }
        offered.append(&mut seen.offered.lock().unwrap());
        acknowledged.append(&mut seen.acknowledged.lock().unwrap());
        devnet.karwan(&["devnet", "up"]);
        check(&devnet, &offered, &acknowledged, opening).await;
        eprintln!(
            "round {round}: {} of {} payments acknowledged, all there once",
            acknowledged.len(),
            offered.len()
        );
    }
    devnet.karwan(&["devnet", "down"]);
    let home = devnet.home("kz");
    let told = devnet_verify(&home);
    assert!(told.contains("The chain is true."), "{told}");
}

fn devnet_verify(home: &std::path::Path) -> String {
    let output = crate::devnet::run(&["verify", "chain", "--home", home.to_str().unwrap()]);
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Every acknowledged payment is there once on every node, no payment is there twice, the money adds up, and all roots agree.
async fn check(devnet: &Devnet, offered: &[Uetr], acknowledged: &[Uetr], opening: u128) {
    let height = agree(devnet).await;
    for name in devnet.names() {
        let client = devnet.client(&name).await;
        let mut settled = 0;
        for uetr in offered {
            let times = times_settled(&client, *uetr).await;
            assert!(times <= 1, "{uetr} settled {times} times on {name}");
            assert!(
                times == 1 || !acknowledged.contains(uetr),
                "{uetr} was acknowledged and is lost on {name}"
            );
            settled += times;
        }
        let paid = opening - balance(&client, height).await;
        assert_eq!(
            paid,
            100 * u128::try_from(settled).unwrap(),
            "the money does not add up on {name}"
        );
    }
}
