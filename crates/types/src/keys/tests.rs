//! The signature rule against its own domains, bad keys, and the published Wycheproof vectors.

use super::*;
use std::path::Path;

fn secret(byte: u8) -> SecretKey {
    SecretKey::from_seed(&[byte; 32])
}

fn chain(byte: u8) -> ChainId {
    ChainId(Hash::from_bytes([byte; 32]))
}

#[test]
fn a_signature_is_valid_for_one_domain_one_chain_one_body_and_one_key() {
    let key = secret(1);
    for signed in SigningDomain::ALL {
        let signature = key.sign(signed, &chain(1), b"body");
        for tried in SigningDomain::ALL {
            for (other_chain, body) in [(1, b"body"), (2, b"body"), (1, b"bodz")] {
                let verdict = verify(
                    &key.public_key(),
                    tried,
                    &chain(other_chain),
                    body,
                    &signature,
                );
                let right = tried == signed && other_chain == 1 && body == b"body";
                assert_eq!(verdict.is_ok(), right, "{signed:?} as {tried:?}");
            }
        }
        assert!(
            verify(
                &secret(2).public_key(),
                signed,
                &chain(1),
                b"body",
                &signature
            )
            .is_err()
        );
        assert!(verify_token(&key.public_key(), "body", &signature).is_err());
    }
}

#[test]
fn weak_and_non_canonical_keys_cannot_be_registered() {
    let mut identity = [0; 32];
    identity[0] = 1;
    assert_eq!(PublicKey::parse(identity), Err(KeyError::SmallOrder));
    assert_eq!(PublicKey::parse([0; 32]), Err(KeyError::SmallOrder));
    // y = p + 1 is another encoding of the identity.
    let mut not_reduced = [0xff; 32];
    not_reduced[0] = 0xee;
    not_reduced[31] = 0x7f;
    assert_eq!(PublicKey::parse(not_reduced), Err(KeyError::NotCanonical));
    assert!(PublicKey::parse(*secret(1).public_key().as_bytes()).is_ok());
}

#[test]
fn a_secret_key_is_never_printed() {
    let key = secret(7);
    let shown = format!("{key:?}");
    assert!(!shown.contains(&hex::encode(key.seed().as_slice())));
    assert!(shown.starts_with("SecretKey(of "));
}

/// Every vector of the file, by its id: the strict rule must agree with the published verdict on each.
#[test]
#[expect(
    clippy::print_stdout,
    reason = "says whether it ran, and on how many vectors"
)]
fn wycheproof_ed25519_vectors_have_their_published_outcome() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors/wycheproof-ed25519.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no Wycheproof vectors beside the project");
        return;
    };
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut tested = 0;
    for group in file["testGroups"].as_array().unwrap() {
        let key: PublicKey = group["publicKey"]["pk"].as_str().unwrap().parse().unwrap();
        for vector in group["tests"].as_array().unwrap() {
            let message = hex::decode(vector["msg"].as_str().unwrap()).unwrap();
            let signature = hex::decode(vector["sig"].as_str().unwrap()).unwrap();
            let accepted = <[u8; 64]>::try_from(signature).is_ok_and(|bytes| {
                verify_raw(&key, &message, &Signature::from_bytes(bytes)).is_ok()
            });
            let published = vector["result"].as_str().unwrap() == "valid";
            assert_eq!(
                accepted, published,
                "vector {} {}",
                vector["tcId"], vector["comment"]
            );
            tested += 1;
        }
    }
    println!("{tested} Wycheproof vectors agree");
    assert_eq!(tested, file["numberOfTests"].as_u64().unwrap());
}
