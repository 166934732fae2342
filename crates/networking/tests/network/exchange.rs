//! Honest nodes among themselves.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use karwan_networking::{
    Class, DisconnectReason, Network, NetworkError, NetworkEvent, PeerRole, SendError,
};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::harness::{
    LOOPBACK, Node, at, config, free_address, key, listed, pair, quick, start, start_at, within,
};

/// Both ways, every class, in order.
async fn exchange(one: &mut Node, n: u8, two: &mut Node, m: u8, count: usize) {
    for class in Class::ALL {
        for i in 0..count {
            one.send(m, class, &format!("{n} {class} {i}"));
            two.send(n, class, &format!("{m} {class} {i}"));
            // Read as we go: queues are bounded.
            for (node, from) in [(&mut *two, n), (&mut *one, m)] {
                let frame = node.frame(class).await;
                assert_eq!(frame.peer, key(from));
                assert_eq!(frame.bytes, format!("{from} {class} {i}"));
            }
        }
    }
}

#[tokio::test]
async fn two_nodes_exchange_frames_of_each_class_in_order() {
    let (mut one, mut two) = pair(quick()).await;
    exchange(&mut one, 1, &mut two, 2, 100).await;
    assert_eq!(one.handle.connected(), [key(2)]);
    assert_eq!(one.handle.public_key(), key(1));
    one.handle.shutdown().await;
    two.handle.shutdown().await;
}

#[tokio::test]
async fn a_burst_arrives_in_order() {
    let (one, mut two) = pair(quick()).await;
    for i in 0..500_usize {
        one.send(2, Class::Consensus, &i.to_string());
        one.send(2, Class::Bodies, &i.to_string());
    }
    for class in [Class::Consensus, Class::Bodies] {
        for i in 0..500_usize {
            assert_eq!(two.frame(class).await.bytes, i.to_string());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_nodes_form_a_mesh_and_a_broadcast_reaches_everyone() {
    let addresses = [(); 4].map(|()| free_address());
    let everyone: Vec<_> = (1..=4).zip(addresses).map(|(n, a)| at(n, a)).collect();
    let mut nodes = Vec::new();
    for (n, address) in (1..=4).zip(addresses) {
        // Everyone has the same list, with itself in it.
        nodes.push(start_at(n, address, everyone.clone(), quick()).await);
    }
    for node in &mut nodes {
        within("the mesh", async {
            while node.handle.connected().len() < 3 {
                node.events.consensus.recv().await.unwrap();
            }
        })
        .await;
    }
    for class in Class::ALL {
        for node in &nodes {
            // A lost race may still take a first connection away; then the hello is sent again.
            let text = Bytes::from(format!("hello from {}", node.handle.public_key()));
            within("a broadcast", async {
                while !node.handle.broadcast(class, &text).is_empty() {
                    tokio::task::yield_now().await;
                }
            })
            .await;
        }
        for node in &mut nodes {
            let mut heard = BTreeSet::new();
            while heard.len() < 3 {
                let frame = match class {
                    Class::Consensus => {
                        let event = node.event("a broadcast").await;
                        let NetworkEvent::Frame(frame) = event else {
                            continue;
                        };
                        frame
                    }
                    Class::Bodies | Class::Sync => node.frame(class).await,
                };
                assert_eq!(frame.bytes, format!("hello from {}", frame.peer));
                heard.insert(frame.peer);
            }
        }
    }
    for node in nodes {
        node.handle.shutdown().await;
    }
}

/// Says hello on every connection until both have heard the other.
async fn settle(mut one: Node, mut two: Node) -> (Node, Node) {
    async fn greet(node: &mut Node, from: u8, heard: &watch::Sender<[bool; 2]>) {
        let mut both = heard.subscribe();
        loop {
            let event = tokio::select! {
                event = node.event("a greeting") => event,
                _ = both.wait_for(|heard| *heard == [true; 2]) => return,
            };
            match event {
                // The connection may have been replaced already, of which the next events tell.
                NetworkEvent::Connected { .. } => {
                    let hello = Bytes::from_static(b"hello");
                    let _ = node.handle.send(key(from), Class::Consensus, hello);
                }
                NetworkEvent::Frame(frame) => {
                    assert_eq!(frame.bytes, "hello");
                    heard.send_modify(|heard| heard[usize::from(from) - 1] = true);
                }
                NetworkEvent::Disconnected { reason, .. } => {
                    let race = [
                        DisconnectReason::Replaced,
                        DisconnectReason::Lost,
                        DisconnectReason::ClosedByPeer,
                    ];
                    assert!(race.contains(&reason), "{reason}");
                }
                NetworkEvent::Refused(refusal) => panic!("{refusal}"),
            }
        }
    }
    let heard = watch::Sender::new([false; 2]);
    tokio::join!(greet(&mut one, 2, &heard), greet(&mut two, 1, &heard));
    (one, two)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_dial_each_other_at_once_end_with_one_connection() {
    for _ in 0..20 {
        let (a, b) = (free_address(), free_address());
        let (one, two) = tokio::join!(
            start_at(1, a, vec![at(2, b)], quick()),
            start_at(2, b, vec![at(1, a)], quick()),
        );
        let (one, two) = settle(one, two).await;
        assert_eq!(one.handle.connected().len(), 1);
        tokio::join!(one.handle.shutdown(), two.handle.shutdown());
    }
}

#[tokio::test]
async fn a_node_that_restarts_on_its_port_is_connected_again_by_either_side() {
    let address = free_address();
    // In the first round the other node dials, in the second the restarted one does.
    for other_dials in [true, false] {
        let peers_of_one = if other_dials {
            vec![at(2, address)]
        } else {
            vec![listed(2)]
        };
        let mut one = start(1, peers_of_one, quick()).await;
        let peers_of_two = if other_dials {
            vec![listed(1)]
        } else {
            vec![at(1, one.address())]
        };
        for _ in 0..3 {
            let mut two = start_at(2, address, peers_of_two.clone(), quick()).await;
            one.connected(2).await;
            two.connected(1).await;
            exchange(&mut one, 1, &mut two, 2, 3).await;
            two.handle.shutdown().await;
            let reason = one.disconnected(2).await;
            let expected = [DisconnectReason::ClosedByPeer, DisconnectReason::Lost];
            assert!(expected.contains(&reason), "{reason}");
            assert!(one.handle.connected().is_empty());
            assert_eq!(
                one.handle.send(key(2), Class::Bodies, Bytes::new()),
                Err(SendError::NotConnected)
            );
        }
        one.handle.shutdown().await;
    }
}

#[tokio::test]
async fn the_longest_frame_of_each_class_arrives_whole_and_a_longer_one_is_not_sent() {
    let (one, mut two) = pair(quick()).await;
    for class in Class::ALL {
        let bytes_max = class.frame_bytes_max();
        let frame: Bytes = (0..=u8::MAX).cycle().take(bytes_max).collect();
        one.handle.send(key(2), class, frame.clone()).unwrap();
        assert!(two.frame(class).await.bytes == frame, "{class}");
        let longer = Bytes::from(vec![0; bytes_max + 1]);
        let refused = one.handle.send(key(2), class, longer);
        let bytes = bytes_max + 1;
        assert_eq!(refused, Err(SendError::FrameTooLarge { bytes, bytes_max }));
    }
}

#[tokio::test]
async fn what_was_queued_before_a_shutdown_still_arrives() {
    let (one, mut two) = pair(quick()).await;
    for i in 0..200_usize {
        one.send(2, Class::Consensus, &i.to_string());
    }
    one.handle.shutdown().await;
    for i in 0..200_usize {
        assert_eq!(two.frame(Class::Consensus).await.bytes, i.to_string());
    }
    two.disconnected(1).await;
}

#[tokio::test]
async fn the_role_of_a_peer_comes_with_its_connection() {
    let mut observer = listed(2);
    observer.role = PeerRole::Observer;
    let mut one = start(1, vec![observer], quick()).await;
    let _two = start(2, vec![at(1, one.address())], quick()).await;
    let connected = NetworkEvent::Connected {
        peer: key(2),
        role: PeerRole::Observer,
    };
    assert_eq!(one.event("the observer").await, connected);
}

#[tokio::test]
async fn a_shutdown_leaves_no_task_even_when_nobody_reads_the_events() {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let (one, two) = pair(quick()).await;
    assert!(tasks() > before);
    // Fill everything on the way to node 2, which never reads.
    let frame = Bytes::from(vec![0; 1024]);
    while one
        .handle
        .send(key(2), Class::Bodies, frame.clone())
        .is_ok()
    {
        tokio::task::yield_now().await;
    }
    within("both shutdowns", async {
        one.handle.shutdown().await;
        two.handle.shutdown().await;
    })
    .await;
    assert_eq!(tasks(), before);
    assert!(one.handle.connected().is_empty());
    within("a second shutdown", one.handle.shutdown()).await;
}

#[tokio::test]
async fn a_network_whose_events_nobody_wants_stops_by_itself() {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let Node { handle, events } = start(1, vec![at(2, free_address())], quick()).await;
    drop(events);
    within("the end of all tasks", async {
        while tasks() > before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert!(handle.connected().is_empty());
}

#[tokio::test]
async fn a_port_that_another_node_holds_is_refused() {
    let one = start(1, vec![], quick()).await;
    let second = Network::start(config(2, one.address(), vec![], quick())).await;
    assert!(matches!(
        second,
        Err(NetworkError::Listen { address, .. }) if address == one.address()
    ));
}

#[tokio::test]
async fn a_faulty_list_of_peers_is_refused() {
    let start = |peers| Network::start(config(1, LOOPBACK.parse().unwrap(), peers, quick()));
    let twice = start(vec![listed(2), at(2, free_address())]).await;
    assert!(matches!(twice, Err(NetworkError::DuplicatePeer { key: k }) if k == key(2)));
    let many = (2..=130).map(listed).collect();
    assert!(matches!(
        start(many).await,
        Err(NetworkError::TooManyPeers { count: 129 })
    ));
}
