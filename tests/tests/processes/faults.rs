//! Validators that are killed, and indices that are lost.

use crate::devnet::{Devnet, height, reach, state_root, times_settled};
use karwan_rpc::{TxWaitParams, View, Wait, WaitWord};
use karwan_types::Uetr;

/// Every validator must come to the same state root at the height of the highest.
pub(crate) async fn agree(devnet: &Devnet) -> u64 {
    let mut clients = Vec::new();
    for name in devnet.names() {
        clients.push(devnet.client(&name).await);
    }
    let mut highest = 0;
    for client in &clients {
        highest = highest.max(height(client).await);
    }
    let mut roots = Vec::new();
    for client in &clients {
        reach(client, highest).await;
        roots.push(state_root(client, highest).await);
    }
    assert!(
        roots.windows(2).all(|pair| pair[0] == pair[1]),
        "state roots differ: {roots:?}"
    );
    highest
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_go_on_when_one_validator_is_killed_and_it_catches_up() {
    let devnet = Devnet::up(4, &[]);
    let client = devnet.client("kg").await;
    devnet.pay(&client).await;
    devnet.kill("pk");
    let mut paid = Vec::new();
    for _ in 0..20 {
        paid.push(devnet.pay(&client).await);
    }
    devnet.restart("pk");
    let height = agree(&devnet).await;
    assert!(height >= 20);
    let back = devnet.client("pk").await;
    for uetr in paid {
        assert_eq!(times_settled(&back, uetr).await, 1, "{uetr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_validators_halt_when_one_is_down_and_go_on_when_it_is_back() {
    let devnet = Devnet::up(2, &[]);
    let client = devnet.client("pk").await;
    devnet.pay(&client).await;
    devnet.kill("kg");
    let halted_at = height(&client).await;
    let (uetr, transaction) = devnet.payment();
    let accepted = client.submit(&transaction, Wait::Accepted).await.unwrap();
    assert!(accepted.finality.is_none(), "{accepted:?}");
    let wait = |timeout_ms| TxWaitParams {
        transaction: View(transaction.id()),
        valid_until: None,
        timeout_ms: Some(timeout_ms),
    };
    // Longer than a hundred blocks take with both.
    let known = client.tx_wait(wait(3_000)).await.unwrap();
    assert_eq!(
        known.answer,
        WaitWord::Pending,
        "one of two validators decided alone"
    );
    let now = height(&client).await;
    assert!(
        now <= halted_at + 1,
        "the chain went on from {halted_at} to {now}"
    );

    devnet.restart("kg");
    let deadline = std::time::Instant::now() + crate::devnet::DEADLINE;
    while client.tx_wait(wait(9_000)).await.unwrap().answer != WaitWord::Final {
        assert!(
            std::time::Instant::now() < deadline,
            "the chain does not go on"
        );
    }
    assert_eq!(times_settled(&client, uetr).await, 1);
    agree(&devnet).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_deleted_or_damaged_is_rebuilt() {
    let devnet = Devnet::up(4, &[]);
    let client = devnet.client("pk").await;
    let mut paid: Vec<Uetr> = Vec::new();
    for _ in 0..10 {
        paid.push(devnet.pay(&client).await);
    }
    let index = devnet.home("uz").join("data").join("index");
    for damage in ["deleted", "damaged"] {
        devnet.kill("uz");
        assert!(index.exists());
        if damage == "deleted" {
            std::fs::remove_dir_all(&index).unwrap();
        } else {
            spoil(&index);
        }
        devnet.restart("uz");
        let back = devnet.client("uz").await;
        for uetr in &paid {
            assert_eq!(
                times_settled(&back, *uetr).await,
                1,
                "{uetr} after the index was {damage}"
            );
        }
    }
    assert!(devnet.log("uz").contains("query index is being rebuilt"));
    agree(&devnet).await;
}

/// Overwrites every file below a directory.
fn spoil(directory: &std::path::Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            spoil(&path);
        } else {
            let length = usize::try_from(path.metadata().unwrap().len()).unwrap();
            std::fs::write(&path, vec![0x5a; length]).unwrap();
        }
    }
}
