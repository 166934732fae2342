//! Peers that are listed and behave badly, or are only slow.

use std::time::Duration;

use bytes::Bytes;
use karwan_networking::{Class, DisconnectReason, Limits, Rate, SendError};
use tokio::time::Instant;

use crate::harness::{Node, key, listed, pair, quick, start, within};
use crate::raw_peer::{RawPeer, closed, write};

/// Node 1, and identity 2 that speaks to it by hand.
async fn with_raw_peer(limits: Limits) -> (Node, RawPeer, Vec<(Class, libp2p::Stream)>) {
    let mut node = start(1, vec![listed(2)], limits).await;
    let mut raw = RawPeer::connect(2, 1, node.address()).await;
    let streams = raw.open_all().await;
    node.connected(2).await;
    (node, raw, streams)
}

#[tokio::test]
async fn a_claim_of_four_gibibytes_closes_the_connection_without_allocating() {
    for class in Class::ALL {
        let (mut node, _raw, mut streams) = with_raw_peer(quick()).await;
        write(&mut streams, class, b"\x02\0\0\0ok").await;
        assert_eq!(node.frame(class).await.bytes, "ok");
        let before = address_space_bytes();
        write(&mut streams, class, &[0xff; 4]).await;
        let bytes = u32::MAX;
        assert_eq!(
            node.disconnected(2).await,
            DisconnectReason::FrameTooLarge { class, bytes }
        );
        if let (Some(before), Some(after)) = (before, address_space_bytes()) {
            assert!(after < before.saturating_add(2 << 30));
        }
        closed(&mut streams[0].1).await;
    }
}

/// The largest address space that this process ever had, where the system tells.
fn address_space_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmPeak:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[tokio::test]
async fn one_byte_over_the_limit_is_too_much() {
    for class in Class::ALL {
        let (mut node, _raw, mut streams) = with_raw_peer(quick()).await;
        let bytes = u32::try_from(class.frame_bytes_max()).unwrap() + 1;
        write(&mut streams, class, &bytes.to_le_bytes()).await;
        assert_eq!(
            node.disconnected(2).await,
            DisconnectReason::FrameTooLarge { class, bytes }
        );
    }
}

#[tokio::test]
async fn a_frame_that_has_begun_must_be_complete_in_time() {
    let mut limits = quick();
    for class in Class::ALL {
        limits.classes.get_mut(class).frame_deadline = Duration::from_millis(200);
    }
    for class in Class::ALL {
        for beginning in [&b"\x05"[..], b"\x05\0\0\0half"] {
            let (mut node, _raw, mut streams) = with_raw_peer(limits.clone()).await;
            write(&mut streams, class, beginning).await;
            assert_eq!(
                node.disconnected(2).await,
                DisconnectReason::FrameDeadline { class }
            );
        }
    }
}

#[tokio::test]
async fn a_second_stream_of_a_class_ends_the_connection() {
    let (mut node, mut raw, _streams) = with_raw_peer(quick()).await;
    // The node may close before the second stream is negotiated to its end.
    let _second = raw.open(Class::Bodies).await;
    let class = Class::Bodies;
    assert_eq!(
        node.disconnected(2).await,
        DisconnectReason::DuplicateStream { class }
    );
}

#[tokio::test]
async fn a_peer_that_ends_its_streams_has_closed_the_connection() {
    let (mut node, _raw, mut streams) = with_raw_peer(quick()).await;
    write(&mut streams, Class::Sync, b"\x04\0\0\0last").await;
    for (_, mut stream) in streams {
        futures::AsyncWriteExt::close(&mut stream).await.unwrap();
    }
    assert_eq!(node.frame(Class::Sync).await.bytes, "last");
    assert_eq!(node.disconnected(2).await, DisconnectReason::ClosedByPeer);
}

#[tokio::test]
async fn a_frozen_peer_is_given_up_and_does_not_hold_up_a_shutdown() {
    let limits = Limits {
        ping_interval: Duration::from_millis(100),
        ping_deadline: Duration::from_millis(200),
        ..quick()
    };
    let (mut node, mut raw, _streams) = with_raw_peer(limits).await;
    let _frozen = raw.freeze().await;
    // Something is on its way that the peer will never take, so that closing in order cannot succeed.
    let frame = Bytes::from(vec![0; 1 << 20]);
    while node
        .handle
        .send(key(2), Class::Bodies, frame.clone())
        .is_ok()
    {}
    assert_eq!(node.disconnected(2).await, DisconnectReason::Unresponsive);
    within("the shutdown", node.handle.shutdown()).await;
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_dropped_after_the_write_deadline() {
    let limits = Limits {
        write_deadline: Duration::from_millis(300),
        ..quick()
    };
    // The raw peer answers probes, but nobody reads what it has accepted.
    let (mut node, _raw, _streams) = with_raw_peer(limits).await;
    let frame = Bytes::from(vec![0; 8 << 20]);
    node.handle.send(key(2), Class::Bodies, frame).unwrap();
    let class = Class::Bodies;
    assert_eq!(
        node.disconnected(2).await,
        DisconnectReason::WriteDeadline { class }
    );
}

/// Queues frames until the queue is full.
async fn fill(node: &Node, to: u8, class: Class, frame: &Bytes) -> usize {
    let mut queued = 0;
    let mut refused_at = None;
    within("a full queue", async {
        // Full for good, not only until the writer has moved the next frame on.
        loop {
            match node.handle.send(key(to), class, frame.clone()) {
                Ok(()) => (queued, refused_at) = (queued + 1, None),
                Err(SendError::Full) => {
                    let since = *refused_at.get_or_insert_with(Instant::now);
                    if since.elapsed() > Duration::from_millis(300) {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                Err(other) => panic!("{other}"),
            }
        }
    })
    .await;
    queued
}

#[tokio::test]
async fn a_flood_of_bodies_does_not_hold_up_consensus() {
    let (one, mut two) = pair(quick()).await;
    // Node 2 reads no bodies and no sync frames, so both lanes to it fill up completely.
    let frame = Bytes::from(vec![7; 1 << 20]);
    let bodies = fill(&one, 2, Class::Bodies, &frame).await;
    let sync = fill(&one, 2, Class::Sync, &frame).await;
    for i in 0..500_usize {
        one.send(2, Class::Consensus, &i.to_string());
        assert_eq!(two.frame(Class::Consensus).await.bytes, i.to_string());
    }
    // And nothing of the flood is lost or out of place once it is read.
    for (class, count) in [(Class::Bodies, bodies), (Class::Sync, sync)] {
        for _ in 0..count {
            assert!(two.frame(class).await.bytes == frame);
        }
        one.send(2, class, "more");
        assert_eq!(two.frame(class).await.bytes, "more");
    }
}

#[tokio::test]
async fn a_peer_too_slow_for_consensus_is_disconnected_and_comes_back() {
    let mut limits = quick();
    limits.classes.consensus.outbound_frames_max = 8;
    limits.classes.consensus.inbound_frames_max = 8;
    let (mut one, mut two) = pair(limits).await;
    let frame = Bytes::from(vec![7; 60 * 1024]);
    within("a full queue", async {
        while one
            .handle
            .send(key(2), Class::Consensus, frame.clone())
            .is_ok()
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(one.disconnected(2).await, DisconnectReason::TooSlow);
    // Node 2 still holds frames of the old connection; after them come its end and the new one.
    two.disconnected(1).await;
    two.connected(1).await;
    one.connected(2).await;
    one.send(2, Class::Consensus, "again");
    assert_eq!(two.frame(Class::Consensus).await.bytes, "again");
}

#[tokio::test]
async fn a_peer_that_sends_too_much_is_read_more_slowly() {
    let mut limits = quick();
    limits.classes.bodies.inbound_rate = Rate {
        frames_per_second: 50,
        bytes_per_second: 1 << 30,
    };
    let (one, mut two) = pair(limits).await;
    let start = Instant::now();
    for i in 0..200_usize {
        one.send(2, Class::Bodies, &i.to_string());
    }
    for i in 0..200_usize {
        assert_eq!(two.frame(Class::Bodies).await.bytes, i.to_string());
    }
    // 100 frames are the burst of two seconds, the other 100 take two seconds.
    assert!(start.elapsed() > Duration::from_millis(1_900));
}
