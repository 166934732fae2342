//! Messages are found again by their names, replaced or kept side by side, and half-written ones are gone.

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("karwan-shelf-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
    fn open(&self) -> Shelf {
        Shelf::open(self.0.clone()).expect("the folder of the test opens")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn key(last: u8) -> DeliveryKey {
    let uetr = format!("8a562c67-ca16-48ba-b074-65581be6f0{last:02x}");
    DeliveryKey {
        agent: "529900T8BM49AURSDO55".parse().expect("an LEI"),
        uetr: uetr.parse().expect("a UETR"),
    }
}

fn message(key: DeliveryKey, content: u8) -> Delivery {
    Delivery {
        key,
        creditor: "5493001KJTIIGC8Y1R12".parse().expect("an LEI"),
        ciphertext: vec![content; 3],
    }
}

fn peer(number: u8) -> Variant {
    Variant::of_sender(&PublicKey::from_bytes([number; 32]))
}

fn put(shelf: &Shelf, variant: Variant, delivery: &Delivery, others: Others) {
    shelf
        .put(variant, delivery, others)
        .expect("the folder of the test takes files");
}

/// What is on the shelf: the last byte of each payment's reference, and the content.
fn check(shelf: &Shelf, expected: &[(u8, u8)]) {
    let found: Vec<(u8, u8)> = shelf
        .entries()
        .iter()
        .map(|entry| {
            let delivery = shelf.read(entry).expect("it was stored whole");
            assert_eq!(delivery.key, entry.key);
            (delivery.key.uetr.as_bytes()[15], delivery.ciphertext[0])
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn messages_are_there_again_after_a_restart_and_half_written_ones_are_not() {
    let folder = Folder::new();
    let shelf = folder.open();
    put(&shelf, peer(1), &message(key(2), 7), Others::Stay);
    put(&shelf, peer(1), &message(key(1), 8), Others::Stay);
    let unfinished = folder.0.join("half.delivery.0.tmp");
    fs::write(&unfinished, b"half").expect("the folder of the test takes files");
    let shelf = folder.open();
    check(&shelf, &[(1, 8), (2, 7)]);
    assert!(!unfinished.exists());
    assert_eq!(shelf.after(key(1)).len(), 1);
    assert_eq!(shelf.len_of(&key(1).agent), 2);
}

#[test]
fn on_the_way_out_a_second_message_replaces_the_first() {
    let folder = Folder::new();
    let shelf = folder.open();
    for content in [1, 2] {
        let delivery = message(key(1), content);
        let variant = Variant::of_content(delivery.content());
        put(&shelf, variant, &delivery, Others::Go);
    }
    check(&shelf, &[(1, 2)]);
    check(&folder.open(), &[(1, 2)]);
}

#[test]
fn in_an_outbox_each_peer_has_one_message_for_a_payment() {
    let folder = Folder::new();
    let shelf = folder.open();
    put(&shelf, peer(1), &message(key(1), 1), Others::Stay);
    put(&shelf, peer(2), &message(key(1), 2), Others::Stay);
    put(&shelf, peer(1), &message(key(1), 3), Others::Stay);
    check(&shelf, &[(1, 3), (1, 2)]);
    shelf.remove_payment(&key(1));
    check(&shelf, &[]);
    check(&folder.open(), &[]);
}

#[test]
fn a_damaged_file_and_a_missing_one_are_told_apart() {
    let folder = Folder::new();
    let shelf = folder.open();
    put(&shelf, peer(1), &message(key(1), 1), Others::Stay);
    let entry = shelf.entries()[0];
    fs::write(shelf.path(&entry), b"damage").expect("the folder of the test takes files");
    let kind = |shelf: &Shelf| shelf.read(&entry).map_err(|error| error.kind()).err();
    assert_eq!(kind(&shelf), Some(io::ErrorKind::InvalidData));
    fs::remove_file(shelf.path(&entry)).expect("the file is there");
    assert_eq!(kind(&shelf), Some(io::ErrorKind::NotFound));
    assert_eq!(shelf.len(), 0);
}
