//! A receipt convinces only if it is true, and the exit code says so.

use super::*;
use crate::testing::{DEVNET_PLAN, Folder, build, receipt as make_receipt};

fn refusal(bytes: &[u8], genesis: &Genesis) -> String {
    let failure = check(bytes, genesis).unwrap_err();
    assert_eq!(failure.exit, Exit::Negative, "{failure}");
    failure.to_string()
}

#[test]
fn a_true_receipt_is_told_in_words() {
    let genesis = build(DEVNET_PLAN).unwrap();
    let receipt = check(&make_receipt(&genesis).to_file(), &genesis).unwrap();
    let text = receipt_text::lines(&receipt, &genesis).join("\n");
    for words in [
        "Demo Central Bank of Pakistan (DEMO00CENTRAL000PK75) issued 1000000.00 PKR to Indus Demo Bank",
        "2026-11-23T00:00:01.000Z in block 1",
        "ACSC (settled, final and irrevocable)",
        "3 of 4 validators",
    ] {
        assert!(text.contains(words), "{words} is missing in\n{text}");
    }
}

#[test]
fn a_receipt_with_any_single_byte_changed_is_refused() {
    let genesis = build(DEVNET_PLAN).unwrap();
    let bytes = make_receipt(&genesis).to_file();
    for index in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[index] ^= 1;
        refusal(&changed, &genesis);
    }
}

#[test]
fn the_check_that_fails_is_named() {
    let genesis = build(DEVNET_PLAN).unwrap();
    let other = build(&DEVNET_PLAN.replace("Karwan development network", "Another")).unwrap();
    let receipt = make_receipt(&genesis);
    assert!(refusal(&receipt.to_file(), &other).contains("belongs to chain"));
    assert!(refusal(b"{}", &genesis).contains("not a receipt"));

    let mut short = receipt.clone();
    short.certificate.signatures.pop();
    assert!(refusal(&short.to_file(), &genesis).contains("voting power 2 of 4"));

    let mut forged = receipt.clone();
    let first = forged.certificate.signatures[0].signature;
    forged.certificate.signatures[1].signature = first;
    assert!(refusal(&forged.to_file(), &genesis).contains("does not verify"));

    let mut richer = receipt.clone();
    richer.outcome.movement.as_mut().unwrap().amount =
        karwan_types::Amount::from_minor(200_000_000);
    assert!(refusal(&richer.to_file(), &genesis).contains("receipts root"));

    let mut spaced = receipt.to_file();
    spaced.push(b'\n');
    assert!(refusal(&spaced, &genesis).contains("not spelled"));
}

#[test]
fn the_command_ends_with_the_exit_code_of_the_answer() {
    let folder = Folder::new();
    let genesis = build(DEVNET_PLAN).unwrap();
    let (genesis_path, receipt_path) = (folder.path().join("g"), folder.path().join("r"));
    std::fs::write(&genesis_path, genesis.to_toml().unwrap()).unwrap();
    let bytes = make_receipt(&genesis).to_file();
    let exit = |bytes: Option<&[u8]>| {
        match bytes {
            Some(bytes) => std::fs::write(&receipt_path, bytes).unwrap(),
            None => std::fs::remove_file(&receipt_path).unwrap(),
        }
        let args = ReceiptArgs {
            file: receipt_path.clone(),
            genesis: genesis_path.clone(),
        };
        receipt(&args, Output::new(true)).unwrap_or_else(|failure| failure.exit)
    };
    assert_eq!(exit(Some(&bytes)), Exit::Ok);
    assert_eq!(exit(Some(&bytes[1..])), Exit::Negative);
    assert_eq!(exit(None), Exit::Usage);
}
