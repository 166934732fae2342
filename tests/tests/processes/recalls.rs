//! A payment made, recalled and given back between two banks by nothing but files, and each side's answer as a file.

use crate::devnet::{DEADLINE, Devnet, uetr};
use karwan_types::{DurationMs, Timestamp};
use serde_json::Value;
use std::time::{Duration, Instant};

const ISO: &str = "urn:iso:std:iso:20022:tech:xsd:";

/// A message with a fixed beginning and these elements.
fn message(definition: &str, element: &str, content: &str) -> String {
    format!("<Document xmlns=\"{ISO}{definition}\"><{element}>{content}</{element}></Document>")
}
fn agent(name: &str, bic: &str) -> String {
    format!("<{name}><FinInstnId><BICFI>{bic}</BICFI></FinInstnId></{name}>")
}
fn group(id: &str, more: &str) -> String {
    format!("<GrpHdr><MsgId>{id}</MsgId><CreDtTm>2026-11-23T05:00:00Z</CreDtTm>{more}</GrpHdr>")
}
const SETTLED: &str = "<NbOfTxs>1</NbOfTxs><SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf>";

fn payment(uetr: &str, today: &str, sum: &str) -> String {
    let content = format!(
        "{}<CdtTrfTxInf><PmtId><EndToEndId>E2E-1</EndToEndId><UETR>{uetr}</UETR></PmtId><IntrBkSttlmAmt Ccy=\"PKR\">{sum}\
         </IntrBkSttlmAmt><IntrBkSttlmDt>{today}</IntrBkSttlmDt>{}{}</CdtTrfTxInf>",
        group("PAY-1", SETTLED),
        agent("Dbtr", "KRVNPKKA"),
        agent("Cdtr", "ALATKG22"),
    );
    message("pacs.009.001.08", "FICdtTrf", &content)
}
fn request(uetr: &str) -> String {
    let side = |name: &str, bic: &str| format!("<{name}>{}</{name}>", agent("Agt", bic));
    let content = format!(
        "<Assgnmt><Id>CXL-1</Id>{}{}<CreDtTm>2026-11-23T05:00:00Z</CreDtTm></Assgnmt><Undrlyg><TxInf><CxlId>CXL-1</CxlId>\
         <Case><Id>CASE-1</Id></Case><OrgnlUETR>{uetr}</OrgnlUETR><CxlRsnInf><Rsn><Cd>DUPL</Cd></Rsn></CxlRsnInf></TxInf>\
         </Undrlyg>",
        side("Assgnr", "KRVNPKKA"),
        side("Assgne", "ALATKG22"),
    );
    message("camt.056.001.08", "FIToFIPmtCxlReq", &content)
}
fn back(uetr: &str, currency: &str) -> String {
    let content = format!(
        "{}<TxInf><RtrId>RTR-1</RtrId><OrgnlUETR>{uetr}</OrgnlUETR><RtrdIntrBkSttlmAmt Ccy=\"{currency}\">7.00\
         </RtrdIntrBkSttlmAmt>{}{}<RtrRsnInf><Rsn><Cd>FOCR</Cd></Rsn></RtrRsnInf></TxInf>",
        group("RTR-1", SETTLED),
        agent("InstgAgt", "ALATKG22"),
        agent("InstdAgt", "KRVNPKKA"),
    );
    message("pacs.004.001.09", "PmtRtr", &content)
}
fn question(uetr: &str) -> String {
    let content = format!(
        "{}<TxInf><OrgnlEndToEndId>E2E-1</OrgnlEndToEndId><OrgnlUETR>{uetr}</OrgnlUETR></TxInf>",
        group("ASK-1", "")
    );
    message("pacs.028.001.03", "FIToFIPmtStsReq", &content)
}

/// Imports a file as a bank, and gives what came of it and the answer that was written.
struct Desk<'a> {
    devnet: &'a Devnet,
    bank: &'static str,
}

impl Desk<'_> {
    fn import(&self, name: &str, xml: &str, answer: &str) -> (Value, String) {
        let file = self.devnet.folder.join(format!("{name}.xml"));
        std::fs::write(&file, xml).unwrap();
        let answers = self.devnet.folder.join("answers");
        let output = self.devnet.try_karwan(&[
            "iso",
            "import",
            file.to_str().unwrap(),
            "--as",
            self.bank,
            "--reports",
            answers.to_str().unwrap(),
            "--json",
        ]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let rows: Vec<Value> = serde_json::from_slice(&output.stdout).expect(&told);
        let answer = answers.join(format!("{name}.{answer}.xml"));
        let answer = std::fs::read_to_string(answer).unwrap_or_default();
        (rows[0].clone(), answer)
    }
    #[track_caller]
    fn check(&self, name: &str, xml: &str, status: &str, (kind, holds): (&str, &str)) {
        let (row, answer) = self.import(name, xml, kind);
        assert_eq!(row["status"], status, "{row}");
        assert!(answer.contains(holds), "{name}: {row} {answer}");
    }
    /// The checker signs what waits.
    fn approve(&self) {
        let listed = self
            .devnet
            .karwan(&["query", "approvals", "--as", self.bank, "--json"]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let hash = listed["approvals"][0]["instruction"].as_str().unwrap();
        self.devnet
            .karwan(&["tx", "approve", hash, "--as", self.bank]);
    }
    /// Waits until this bank's node has a block.
    fn reach(&self, height: &Value, uetr: &str) {
        let height = height.to_string();
        let query = ["query", "payment", uetr, "--as", self.bank];
        let arguments = [&query[..], &["--at-least-height", &height]].concat();
        self.devnet.karwan(&arguments);
    }
    /// The exported file that holds this; messages and blocks may still be on their way to the bank's node.
    fn export(&self, folder: &str, holds: &str) -> String {
        let out = self.devnet.folder.join(folder);
        let arguments = ["iso", "export", "--as", self.bank, "--out"];
        let arguments = [&arguments[..], &[out.to_str().unwrap()]].concat();
        let deadline = Instant::now() + DEADLINE;
        loop {
            self.devnet.karwan(&arguments);
            let files = std::fs::read_dir(&out).unwrap();
            let mut texts = files.map(|one| std::fs::read_to_string(one.unwrap().path()).unwrap());
            if let Some(found) = texts.find(|text| text.contains(holds)) {
                return found;
            }
            assert!(Instant::now() < deadline, "{folder} never holds {holds}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn a_payment_is_recalled_and_given_back_by_files_alone() {
    let devnet = Devnet::up(2, &[]);
    let [indus, alatoo] = ["indus", "alatoo"].map(|bank| Desk {
        devnet: &devnet,
        bank,
    });
    let head: Value = serde_json::from_str(&devnet.karwan(&["query", "head", "--json"])).unwrap();
    // The business date in Pakistan, five hours ahead of UTC.
    let now: Timestamp = Timestamp::parse(head["time"].as_str().unwrap()).unwrap();
    let ahead = DurationMs::from_millis(5 * 3_600_000);
    let today = now.after(ahead).date().to_string();
    let paid = uetr().to_string();
    let settled = ("pacs002", "<TxSts>ACSC</TxSts>");
    let (row, _) = indus.import("pay", &payment(&paid, &today, "7.00"), "pacs002");
    assert_eq!(row["status"], "ACSC", "{row}");
    alatoo.reach(&row["height"], &paid);
    alatoo.check("ask", &question(&paid), "ACSC", settled);

    // One import, whether the payment has settled or not: this one has.
    let waits = ("camt029", "<Conf>PDCR</Conf>");
    indus.check("recall", &request(&paid), "PATC", waits);
    indus.approve();
    let asked = alatoo.export("asked", "<FIToFIPmtCxlReq>");
    for part in [&paid, "<Cd>DUPL</Cd>", "<Id>CASE-1</Id>", ">7.00<"] {
        assert!(asked.contains(part), "{part}: {asked}");
    }

    // Money of another currency is no return, and the ledger is not asked.
    let (row, _) = alatoo.import("wrong", &back(&paid, "KGS"), "pacs002");
    assert!(row["reason"].as_str().unwrap().starts_with("AM11"), "{row}");
    let (row, answer) = alatoo.import("back", &back(&paid, "PKR"), "pacs002");
    assert_eq!(
        row["status"], "ACSC+CANC",
        "the return, and the recall as asked: {row}"
    );
    assert!(answer.contains("<TxSts>ACSC</TxSts>"), "{answer}");

    // Who asked finds the answer, and the message of the return as its sender wrote it.
    let told = indus.export("told", "<RsltnOfInvstgtn>");
    for part in [&paid, "<Conf>CNCL</Conf>", "<Id>CASE-1</Id>"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let returned = back(&paid, "PKR");
    assert_eq!(indus.export("told", &returned), returned);

    // It is back, so it cannot be recalled again.
    indus.check("again", &request(&paid), "PATC", waits);
    let listed = devnet.karwan(&["query", "approvals", "--as", "indus", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let hash = listed["approvals"][0]["instruction"].as_str().unwrap();
    let refused = devnet.try_karwan(&["tx", "approve", hash, "--as", "indus"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("RETURNED_ALREADY"), "{told}");
}
