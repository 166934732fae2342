//! Statements of accounts on a running network, and the backing of a currency compared with a statement of the RTGS account.

use crate::devnet::{DEADLINE, Devnet, folder};
use karwan_types::{DurationMs, Timestamp};
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A camt.053 of the RTGS account: an opening balance, one credit with its reference, a closing balance.
fn rtgs(opening: &str, credit: &str, reference: &str, closing: &str) -> String {
    let balance = |code: &str, amount: &str| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"PKR\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
             <Dt><Dt>2026-01-01</Dt></Dt></Bal>"
        )
    };
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>RTGS-7</MsgId>\
         <CreDtTm>2026-01-01T20:00:00</CreDtTm></GrpHdr><Stmt><Id>S-7</Id><Acct><Id><Othr><Id>RTGS-KARWAN</Id></Othr></Id>\
         <Ccy>PKR</Ccy></Acct>{}{}<Ntry><Amt Ccy=\"PKR\">{credit}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
         <BkTxCd/><NtryDtls><TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry></Stmt>\
         </BkToCstmrStmt></Document>",
        balance("OPBD", opening),
        balance("CLBD", closing),
    )
}

/// The comparison with a statement that tells until `until`: exit code and answer.
fn reconcile(devnet: &Devnet, who: &str, statement: &str, until: &str) -> (Option<i32>, Value) {
    let file = devnet.folder.join("rtgs.xml");
    std::fs::write(&file, statement).unwrap();
    let file = file.to_str().unwrap();
    let output = devnet.try_karwan(&[
        "reconcile",
        "--rtgs",
        file,
        "--until",
        until,
        "--as",
        who,
        "--json",
    ]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = serde_json::from_str(&text).unwrap_or(Value::Null);
    (output.status.code(), value)
}

const LATE: &str = "2999-01-01T00:00:00Z";

#[test]
fn the_backing_of_a_currency_is_compared_with_the_rtgs_account() {
    let devnet = Devnet::up(4, &[]);
    let whole = rtgs("0.00", "100000000.00", "CREDIT-1", "100000000.00");
    let (code, told) = reconcile(&devnet, "central-pk", &whole, LATE);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(told["equal"], true);
    assert_eq!(told["outstanding"], "100000000.00");
    assert_eq!(told["matched"], 1);
    assert_eq!(told["findings"].as_array().unwrap().len(), 0);

    let less = rtgs("0.00", "99999999.99", "CREDIT-1", "99999999.99");
    let (code, told) = reconcile(&devnet, "central-pk", &less, LATE);
    assert_eq!(code, Some(1), "{told}");
    assert_eq!(told["difference"], "-0.01");
    assert_eq!(told["unexplained"], "0.00");
    assert_eq!(told["findings"][0]["finding"], "other amount");

    let other = rtgs("0.00", "100000000.00", "CREDIT-2", "100000000.00");
    let (code, told) = reconcile(&devnet, "central-pk", &other, LATE);
    assert_eq!(code, Some(0), "{told}");
    let findings = told["findings"].as_array().unwrap();
    let kinds: Vec<_> = findings.iter().map(|one| &one["finding"]).collect();
    assert_eq!(kinds, ["only in the statement", "only on the ledger"]);

    // As of a time before the issue nothing was outstanding.
    let before = rtgs("0.00", "0.00", "NOTHING", "0.00");
    let (code, told) = reconcile(&devnet, "central-pk", &before, "2026-01-02T00:00:00Z");
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(told["outstanding"], "0.00");
    assert_eq!(told["findings"][1]["finding"], "after the statement");

    // A statement that does not add up is refused, and so is whoever does not oversee the currency.
    let torn = rtgs("0.00", "100000000.00", "CREDIT-1", "100000000.01");
    assert_eq!(
        reconcile(&devnet, "central-pk", &torn, LATE).0,
        Some(1),
        "it does not add up"
    );
    assert_eq!(reconcile(&devnet, "indus", &whole, LATE).0, Some(1));
    assert_eq!(reconcile(&devnet, "pk-auditor", &whole, LATE).0, Some(0));
}

const ACCOUNT: &str = "INDUS-PKR";

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap())
}

/// A rulebook whose rupee day ends in one to two minutes.
fn rulebook_with_a_short_day(folder: &Path) -> String {
    let text = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../node-config/rulebook.toml"),
    )
    .unwrap();
    let end = now().after(DurationMs::from_millis(120_000)).to_string();
    let clock = match &end[11..16] {
        "00:00" => "24:00",
        other => other,
    };
    let (before, rupees) = text.split_once("currency = \"PKR\"\nends = ").unwrap();
    let changed = rupees.replacen("\"24:00\"", &format!("\"{clock}\""), 1);
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join("rulebook.toml");
    std::fs::write(
        &path,
        format!("{before}currency = \"PKR\"\nends = {changed}"),
    )
    .unwrap();
    path.to_str().unwrap().to_owned()
}

fn pay(devnet: &Devnet, amount: &str) -> String {
    let told = devnet.karwan(&[
        "tx",
        "pay",
        "--as",
        "indus",
        "--from",
        "KRVNPKKA",
        "--to",
        "ALATKG22",
        "--currency",
        "PKR",
        "--amount",
        amount,
        "--json",
    ]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let outcomes = told["final"]["outcomes"].as_array().unwrap();
    let movement = &outcomes[0]["movement"];
    movement["uetr"].as_str().unwrap().to_owned()
}

/// The present business day of the account.
fn present(devnet: &Devnet) -> Value {
    let told = devnet.karwan(&["query", "statement", ACCOUNT, "--as", "indus", "--json"]);
    serde_json::from_str(&told).unwrap()
}

/// Exports a message: exit code, and the file's text.
fn export(devnet: &Devnet, who: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let out = devnet.folder.join("books");
    let _ = std::fs::remove_dir_all(&out);
    let mut all = vec!["iso", "export", "--account", ACCOUNT, "--as", who];
    all.extend(["--out", out.to_str().unwrap()]);
    all.extend(arguments);
    let output = devnet.try_karwan(&all);
    let files = std::fs::read_dir(&out).map(|files| files.map(|one| one.unwrap().path()));
    let files: Vec<_> = files.map(Iterator::collect).unwrap_or_default();
    let text = match files.as_slice() {
        [one] => std::fs::read_to_string(one).unwrap(),
        _ => String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    (output.status.code(), text)
}

/// Every node gives the same bytes, one that has just started too, to the owner and to whoever supervises it.
fn every_node_says(devnet: &Devnet, of_day: &[&str], statement: String) {
    for name in ["kg", "kz"] {
        let node = devnet.address(name, "rpc").to_string();
        let mut asked = of_day.to_vec();
        asked.extend(["--node", &node]);
        assert_eq!(
            export(devnet, "pk-auditor", &asked),
            (Some(0), statement.clone())
        );
    }
    devnet.kill("pk");
    devnet.restart("pk");
    assert_eq!(export(devnet, "central-pk", of_day), (Some(0), statement));
    assert_eq!(export(devnet, "alatoo", of_day).0, Some(1), "another bank");
}

#[test]
fn a_day_is_sealed_and_its_statement_is_the_same_from_every_node() {
    let place = folder();
    let rulebook = rulebook_with_a_short_day(&place);
    let devnet = Devnet::up_with(4, &["--rulebook", &rulebook]);
    let first = present(&devnet)["business_date"]
        .as_str()
        .unwrap()
        .to_owned();
    let paid = pay(&devnet, "250.00");
    pay(&devnet, "0.01");
    let of_day = ["--statement", "camt.053", "--date", &first];

    // While the day is not over there is a report, and no statement.
    let (code, told) = export(&devnet, "indus", &of_day);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("is not over"), "{told}");
    let (code, report) = export(&devnet, "indus", &["--statement", "camt.052"]);
    assert_eq!(code, Some(0), "{report}");
    for part in [
        "<Cd>OPBD</Cd>",
        "<Cd>ITBD</Cd>",
        "<Cd>ITAV</Cd>",
        "99999749.99",
        "<NbOfNtries>3<",
    ] {
        assert!(report.contains(part), "{part} is missing in {report}");
    }
    let deadline = Instant::now() + DEADLINE + DEADLINE;
    while present(&devnet)["business_date"] == first.as_str() {
        assert!(Instant::now() < deadline, "the day does not end");
        std::thread::sleep(Duration::from_millis(250));
    }
    pay(&devnet, "1.00");

    let (code, statement) = export(&devnet, "indus", &of_day);
    assert_eq!(code, Some(0), "{statement}");
    for part in [
        "<Cd>CLBD</Cd>",
        "99999749.99",
        "<NbOfNtries>3<",
        "Sealed by the ledger at height",
        &paid,
        "KARWAN/HEIGHT",
        "<SubFmlyCd>XBCT<",
    ] {
        assert!(statement.contains(part), "{part} is missing in {statement}");
    }
    every_node_says(&devnet, &of_day, statement);

    let of_payment = ["--notification", "camt.054", "--uetr", &paid];
    let (code, notice) = export(&devnet, "indus", &of_payment);
    assert_eq!(code, Some(0), "{notice}");
    assert_eq!(notice.matches("<Ntry>").count(), 1, "{notice}");
    assert!(notice.contains("250.00") && notice.contains("<CdtDbtInd>DBIT<"));

    // The business day of the ledger is the end of a statement that does not tell its own.
    let whole = rtgs("0.00", "100000000.00", "CREDIT-1", "100000000.00");
    let file = devnet.folder.join("rtgs.xml");
    std::fs::write(&file, whole.replace("2026-01-01", &first)).unwrap();
    let file = file.to_str().unwrap();
    let told = devnet.karwan(&["reconcile", "--rtgs", file, "--as", "central-pk", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["matched"], 1, "{told}");
    let _ = std::fs::remove_dir_all(place);
}
