//! Input made to harm: nothing panics, nothing is expanded, everything ends soon.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "these tests bound the time that reading takes"
)]

use crate::support::{CUSTOMER, INSTITUTION, any_method, read_default, samples, with};
use karwan_iso20022::{BULK_FRAME_BYTES_MAX, FILE_BYTES_MAX, TRANSACTIONS_MAX, read};
use std::fs;
use std::time::{Duration, Instant};

/// Far more than any file needs on a slow machine, far less than a quadratic reader needs.
const TIME_MAX: Duration = Duration::from_secs(10);
const MUTATIONS: u64 = 20_000;

/// The files to damage.
fn victims() -> Vec<Vec<u8>> {
    let mut victims = vec![
        CUSTOMER.as_bytes().to_vec(),
        INSTITUTION.as_bytes().to_vec(),
    ];
    if let Some(folder) = samples() {
        let mut paths: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        victims.extend(paths.iter().map(|path| fs::read(path).unwrap()));
    }
    victims
}

fn refused_soon(what: &str, text: &str, part: &str) {
    let start = Instant::now();
    let answer = read(text.as_bytes(), &any_method());
    assert!(
        start.elapsed() < TIME_MAX,
        "{what} took {:?}",
        start.elapsed()
    );
    let refusal = answer.map(|_| "read").unwrap_err();
    assert!(refusal.to_string().contains(part), "{what}: {refusal}");
    assert!(
        refusal.to_string().len() < 1_000,
        "{what}: a refusal is short"
    );
}

#[test]
fn entities_are_never_expanded() {
    let laughs: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let bomb = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY l0 \"ha\">{laughs}]><Document>&l9;</Document>"
    );
    refused_soon("billion laughs", &bomb, "DOCTYPE");
    let external =
        "<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><Document>&f;</Document>";
    refused_soon("external entity", external, "DOCTYPE");
    let parameter =
        "<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://example.org/x.dtd\"> %p;]><Document/>";
    refused_soon("parameter entity", parameter, "DOCTYPE");
    refused_soon(
        "undeclared entity",
        &with(CUSTOMER, "E2E-1", "&l9;"),
        "entity",
    );
    let inside = format!("<a><![CDATA[{bomb}]]></a>");
    refused_soon(
        "billion laughs inside CDATA",
        &inside,
        "holds no ISO 20022 message",
    );
}

#[test]
fn files_of_the_largest_size_and_the_worst_shapes_are_answered_soon() {
    let fill = |piece: &str| piece.repeat((FILE_BYTES_MAX - 4_096) / piece.len());
    refused_soon("10,000 deep", &"<a>".repeat(10_000), "32 deep");
    refused_soon(
        "deep and closed",
        &["<a>".repeat(10_000), "</a>".repeat(10_000)].concat(),
        "32 deep",
    );
    refused_soon("open tags", &fill("<a>"), "32 deep");
    refused_soon(
        "siblings",
        &format!("<a>{}</a>", fill("<b/>")),
        "100000 elements",
    );
    refused_soon(
        "a huge attribute",
        &format!("<a b='{}'/>", fill("x")),
        "too long",
    );
    let attributes: String = (0..80_000).map(|n| format!(" a{n}='1'")).collect();
    refused_soon(
        "many attributes",
        &format!("<a{attributes}/>"),
        "16 attributes",
    );
    let namespaces: String = (0..50_000).map(|n| format!(" xmlns:a{n}='u'")).collect();
    refused_soon("many namespaces", &format!("<a{namespaces}/>"), "line 1");
    refused_soon("a huge name", &format!("<{}/>", fill("a")), "element name");
    refused_soon(
        "a huge namespace",
        &format!("<a xmlns='{}'/>", fill("u")),
        "namespace name",
    );
    refused_soon(
        "a huge text",
        &format!("<a>{}</a>", fill("x")),
        "bytes of text",
    );
    refused_soon(
        "references",
        &format!("<a>{}</a>", fill("&#65;")),
        "bytes of text",
    );
    refused_soon("comments", &fill("<!---->"), "no XML element");
    refused_soon("processing instructions", &fill("<?a?>"), "no XML element");
    refused_soon(
        "an open comment",
        &format!("<!--{}", fill("-")),
        "well-formed",
    );
    refused_soon("open angles", &fill("<"), "well-formed");
    refused_soon("ampersands", &format!("<a>{}", fill("&")), "well-formed");
    refused_soon("lines", &fill("\n"), "no XML element");
    refused_soon(
        "CDATA that looks like XML",
        &format!("<a>{}</a>", fill("<b><![CDATA[<c>]]></b>")),
        "no ISO 20022 message",
    );
    refused_soon(
        "nested CDATA text",
        &format!("<a><![CDATA[{}]]></a>", fill("<b>")),
        "no ISO 20022 message",
    );
    refused_soon(
        "too large",
        &" ".repeat(FILE_BYTES_MAX + 1),
        "at most 1048576",
    );
}

#[test]
fn messages_swollen_with_what_is_allowed_are_answered_soon() {
    let name = "n".repeat(100);
    let deep_open: String = format!("<{name}>").repeat(20);
    let deep_close: String = format!("</{name}>").repeat(20);
    let leaves = "<x>1</x>".repeat(50_000);
    let swollen = with(
        CUSTOMER,
        "<RfrdDocInf>",
        &format!("{deep_open}{leaves}{deep_close}<RfrdDocInf>"),
    );
    refused_soon("long paths", &swollen, "32768 bytes");
    let lines = with(
        CUSTOMER,
        "<Strd>",
        &format!("{}<Strd>", "<Ustrd>line</Ustrd>".repeat(40_000)),
    );
    refused_soon("remittance lines", &lines, "32768 bytes");
    let ignored = with(
        CUSTOMER,
        "<ChrgBr>",
        &format!("{}<ChrgBr>", "<z/>".repeat(90_000)),
    );
    let start = Instant::now();
    assert!(read_default(&ignored).is_ok());
    assert!(start.elapsed() < TIME_MAX);
}

#[test]
fn a_bulk_message_is_bounded_in_payments_and_in_what_is_repeated() {
    let start = INSTITUTION.find("      <CdtTrfTxInf>").unwrap();
    let end = INSTITUTION.find("    </FICdtTrf>").unwrap();
    let payment: String = INSTITUTION[start..end]
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace("> <", "><");
    let bulk = |count: usize, promised: usize| {
        let payments = payment.repeat(count);
        let text = [&INSTITUTION[..start], &payments, &INSTITUTION[end..]].concat();
        with(&text, "<NbOfTxs>1<", &format!("<NbOfTxs>{promised}<"))
    };
    let started = Instant::now();
    assert_eq!(
        read_default(&bulk(TRANSACTIONS_MAX, TRANSACTIONS_MAX))
            .unwrap()
            .transfers
            .len(),
        TRANSACTIONS_MAX
    );
    assert!(started.elapsed() < TIME_MAX);
    let over = TRANSACTIONS_MAX + 1;
    refused_soon("too many payments", &bulk(over, over), "at most 1000");
    let heavy = with(
        &bulk(2, 2),
        "<MsgId>MSG-9",
        &format!("<z>{}</z><MsgId>MSG-9", "x".repeat(BULK_FRAME_BYTES_MAX)),
    );
    refused_soon("a heavy group header", &heavy, "8192 bytes");
}

#[test]
fn a_file_cut_off_at_any_byte_is_refused() {
    for victim in victims() {
        let whole = victim.trim_ascii_end().len();
        for length in 0..whole {
            let answer = read(&victim[..length], &any_method());
            assert!(answer.is_err(), "cut at byte {length} it was read");
        }
    }
}

#[test]
fn invalid_utf_8_is_refused_wherever_it_stands() {
    for place in (0..CUSTOMER.len()).step_by(7) {
        for bytes in [
            &[0xFF][..],
            &[0xC0, 0x80],
            &[0xED, 0xA0, 0x80],
            &[0xF8, 0x88],
        ] {
            let mut damaged = CUSTOMER.as_bytes().to_vec();
            damaged.splice(place..place, bytes.iter().copied());
            assert!(read(&damaged, &any_method()).is_err(), "byte {place}");
        }
    }
}

#[test]
fn random_damage_never_panics_and_a_damaged_file_answers_the_same_twice() {
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let victims = victims();
    for round in 0..MUTATIONS {
        let mut random = fastrand::Rng::with_seed(seed.wrapping_add(round));
        let mut bytes = victims[random.usize(..victims.len())].clone();
        for _ in 0..random.usize(1..6) {
            mutate(&mut bytes, &mut random, &victims);
        }
        let answer = read(&bytes, &any_method());
        assert_eq!(
            answer,
            read(&bytes, &any_method()),
            "seed {seed} round {round}"
        );
        if let Ok(document) = answer {
            for transfer in document.transfers {
                assert!(
                    !transfer.ledger.amount.is_zero(),
                    "seed {seed} round {round}"
                );
                assert!(
                    read(&transfer.payload, &any_method()).is_ok(),
                    "seed {seed} round {round}"
                );
            }
        }
    }
}

/// Changes, removes, repeats or moves some bytes, or puts in something that means something to a reader.
fn mutate(bytes: &mut Vec<u8>, random: &mut fastrand::Rng, victims: &[Vec<u8>]) {
    const PIECES: [&[u8]; 14] = [
        b"<",
        b">",
        b"&",
        b"/",
        b"]]>",
        b"<![CDATA[",
        b"<!--",
        b"-->",
        b"<!DOCTYPE a>",
        b"&amp;",
        b"xmlns=''",
        b"<a>",
        b"\0",
        b"\xD0",
    ];
    let at = random.usize(..bytes.len().max(1)).min(bytes.len());
    let until = at.saturating_add(random.usize(..64)).min(bytes.len());
    match random.u8(..6) {
        0 if at < bytes.len() => bytes[at] = random.u8(..),
        1 => drop(bytes.drain(at..until)),
        2 => {
            let piece = bytes[at..until].to_vec();
            bytes.splice(at..at, piece);
        }
        3 => {
            let piece = PIECES[random.usize(..PIECES.len())];
            bytes.splice(at..at, piece.iter().copied());
        }
        4 => {
            let other = &victims[random.usize(..victims.len())];
            let from = random.usize(..other.len());
            let piece = other[from..from.saturating_add(200).min(other.len())].to_vec();
            bytes.splice(at..at, piece);
        }
        _ => bytes.truncate(at.max(1)),
    }
}
