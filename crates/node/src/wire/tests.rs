//! What one node says to another has these bytes, and reads back in its own class only.

use super::*;
use karwan_types::Height;

const AGENT: &str = "529900T8BM49AURSDO55";
const CREDITOR: &str = "5493001KJTIIGC8Y1R12";
/// The number of the kind.
const DELIVER: &[u8] = &[1, 0, 0, 0];

fn key() -> DeliveryKey {
    DeliveryKey {
        agent: AGENT.parse().unwrap(),
        uetr: "8a562c67-ca16-48ba-b074-65581be6f001".parse().unwrap(),
    }
}

fn delivery() -> Delivery {
    Delivery {
        key: key(),
        creditor: CREDITOR.parse().unwrap(),
        ciphertext: vec![0xee, 0xff],
    }
}

fn check(wire: &Wire, class: Class, parts: &[&[u8]]) {
    // A new kind of message does not compile here until its bytes are written below.
    match wire {
        Wire::Replica(_) | Wire::Deliver(_) | Wire::Delivered { .. } => {}
    }
    let bytes = wire.to_bytes();
    assert_eq!(bytes, parts.concat(), "{wire:?}");
    assert_eq!(Wire::from_bytes(&bytes, class).unwrap().to_bytes(), bytes);
    for other in Class::ALL {
        let read = Wire::from_bytes(&bytes, other);
        assert_eq!(read.is_ok(), other == class, "{wire:?} as {other:?}");
    }
}

#[test]
fn the_bytes_of_every_message_are_fixed() {
    let uetr: &[u8] = &[
        0x8a, 0x56, 0x2c, 0x67, 0xca, 0x16, 0x48, 0xba, 0xb0, 0x74, 0x65, 0x58, 0x1b, 0xe6, 0xf0,
        0x01,
    ];
    let agent = AGENT.as_bytes();
    check(
        &Wire::Replica(PeerMessage::Status(Height::new(5))),
        Class::Consensus,
        &[&[0, 0, 0, 0], &[1, 0, 0, 0], &[5, 0, 0, 0, 0, 0, 0, 0]],
    );
    let content: &[&[u8]] = &[
        agent,
        uetr,
        CREDITOR.as_bytes(),
        &[2, 0, 0, 0, 0, 0, 0, 0],
        &[0xee, 0xff],
    ];
    let mut deliver = vec![DELIVER];
    deliver.extend_from_slice(content);
    check(&Wire::Deliver(delivery()), Class::Sync, &deliver);
    check(
        &Wire::Delivered {
            key: key(),
            content: Hash::from_bytes([0xab; 32]),
        },
        Class::Sync,
        &[&[2, 0, 0, 0], agent, uetr, &[0xab; 32]],
    );
    // An outbox keeps a message as it came.
    assert_eq!(encode(&delivery()), content.concat());
}
