//! Statements of accounts on a running network, and the backing of a currency compared with a statement of the RTGS account.

use crate::devnet::Devnet;
use serde_json::Value;

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
