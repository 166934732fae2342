//! `karwan devnet demo`: the demonstration files settled by their own institutions, and a receipt checked offline.
//!
//! Each file goes the way of a real one: read and signed with its debtor agent's maker key, its message sealed and left with
//! the node, submitted, waited for. Afterwards the payment that waits is approved by a checker.

use crate::commands::iso::{Row, message_files};
use crate::commands::verify::check;
use crate::exit::{Exit, Failure, Outcome, failure};
use crate::files;
use crate::funding::Funding;
use crate::importing::Importer;
use crate::manifest::{Devnet, Institution};
use crate::network::{Keys, connect_gateway, refused, run as with_node};
use crate::output::{Output, Tone};
use crate::submission::{PATIENCE, WaitFor, submit};
use crate::table::{Align, Cell, Table};
use crate::words::{now, random_uetr, short};
use anyhow::Context;
use karwan_iso20022::{CreditTransfer, FILE_BYTES_MAX, fill_template};
use karwan_ledger::{Approve, Genesis, Transaction};
use karwan_node::keystore::{Keystore, Unlock};
use karwan_rpc::{Client, ReceiptGetParams, View};
use karwan_types::{Amount, CurrencyCode, Date, DurationMs, InstructionHash, Uetr};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long the instructions of the demonstration are valid.
const VALIDITY: DurationMs = DurationMs::from_millis(3_600_000);

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        /// The files that come with the program.
        const SHIPPED: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../../../node-config/demo/", $name, ".xml")))),*
        ];
    };
}

shipped![
    "01-accepted-customer-pkr",
    "02-accepted-customer-kgs",
    "03-accepted-institution-kzt",
    "04-accepted-institution-uzs",
    "05-accepted-inside-cdata-kgs",
    "06-bulk-customers-pkr",
    "07-waiting-for-checker-pkr",
    "08-queued-for-funds-kgs",
    "09-refused-unknown-agent-pkr",
    "10-duplicate-first-pkr",
    "11-duplicate-again-pkr",
    "12-conflicting-duplicate-pkr",
    "13-expired-settlement-date-kzt",
    "14-expired-reject-time-uzs",
    "15-malformed-cut-off",
    "16-malformed-amount-pkr",
    "17-malformed-without-uetr",
    "18-malformed-iban-pkr",
    "19-other-message-statement",
];

/// What must come of a file that comes with the program, by its name.
fn expected(name: &str) -> &'static str {
    let has = |word: &str| name.contains(word);
    if has("accepted") || has("bulk") || has("duplicate-") || has("approved") || has("issue to") {
        if has("conflicting") { "RJCT" } else { "ACSC" }
    } else if has("waiting") {
        "PATC"
    } else if has("queued") {
        "PDNG"
    } else if has("malformed") || has("other-message") {
        "refused"
    } else {
        "RJCT"
    }
}

/// What central banks issue first: to whom, in which currency and how much in major units.
const ISSUES: &[(&str, &str, &str)] = &[
    ("indus", "PKR", "100000000"),
    ("ravi", "PKR", "1000000"),
    ("alatoo", "KGS", "1000000"),
    ("naryn", "KGS", "1000000"),
    ("steppe", "KZT", "5000000"),
    ("samarkand", "UZS", "5000000"),
];

/// What a row of the table is about.
struct What {
    name: String,
    from: String,
    money: String,
    uetr: String,
}

impl What {
    /// A file and the payments in it; none when it was refused.
    fn file(name: &str, transfers: &[CreditTransfer]) -> Self {
        let from = transfers
            .first()
            .map(|one| one.ledger.debtor_agent.to_string());
        let (money, uetr) = match transfers {
            [] => (String::new(), String::new()),
            [one] => {
                let (amount, currency) = (one.ledger.amount, one.ledger.currency);
                (
                    format!("{} {currency}", amount.to_decimal(currency)),
                    short(&one.ledger.uetr),
                )
            }
            several => (format!("{} payments", several.len()), String::new()),
        };
        Self {
            name: name.to_owned(),
            from: from.unwrap_or_default(),
            money,
            uetr,
        }
    }
}

/// What the demonstration works with.
struct Demo<'a> {
    devnet: &'a Devnet,
    genesis: Genesis,
    keys: Keys,
    table: Table,
    values: Vec<Value>,
    receipts: Vec<PathBuf>,
    /// Files of which something else came than their names say.
    surprises: Vec<String>,
    /// Whether the files are those that come with the program.
    shipped: bool,
    /// The instruction that waits for a checker, and whose it is.
    waiting: Option<(InstructionHash, Institution)>,
}

pub(super) fn run(devnet: &Devnet, files: Option<&Path>, output: Output) -> Outcome {
    let genesis = crate::commands::genesis::read_genesis(&devnet.genesis())?;
    let keystore = Keystore::new(Unlock::identity_file(&devnet.identity())?);
    std::fs::create_dir_all(devnet.receipts()).context("cannot make the receipts directory")?;
    let mut demo = Demo {
        devnet,
        genesis,
        keys: Keys::new(keystore, devnet.keys()),
        table: Table::new([
            ("FILE", Align::Left),
            ("FROM", Align::Left),
            ("AMOUNT", Align::Right),
            ("UETR", Align::Left),
            ("STATUS", Align::Left),
            ("HEIGHT", Align::Right),
            ("MS", Align::Right),
            ("REASON", Align::Left),
        ]),
        values: Vec::new(),
        receipts: Vec::new(),
        surprises: Vec::new(),
        shipped: files.is_none(),
        waiting: None,
    };
    let messages = messages(files)?;
    with_node(async {
        demo.fund().await?;
        for (name, text) in &messages {
            demo.file(name, text).await?;
        }
        demo.approve().await
    })?;
    output.table(&demo.table, &demo.values);
    demo.verify(output)
}

/// The files with the day's date and new UETRs, the same for the same name.
fn messages(files: Option<&Path>) -> anyhow::Result<Vec<(String, String)>> {
    let templates: Vec<(String, String)> = match files {
        None => SHIPPED
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect(),
        Some(directory) => {
            let read = |path: &PathBuf| -> anyhow::Result<(String, String)> {
                let name = path
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                Ok((name, files::read_text(path, FILE_BYTES_MAX)?))
            };
            message_files(directory)?
                .iter()
                .map(read)
                .collect::<anyhow::Result<_>>()?
        }
    };
    let mut uetrs: BTreeMap<String, Uetr> = BTreeMap::new();
    let today = Date::parse(&now().to_string()[..10])?;
    let mut filled = Vec::new();
    for (name, template) in templates {
        for word in template.split("@UETR:").skip(1) {
            let key = word.split('@').next().unwrap_or_default();
            if !uetrs.contains_key(key) {
                uetrs.insert(key.to_owned(), random_uetr()?);
            }
        }
        let text = fill_template(&template, today, &mut |key| uetrs[key])
            .with_context(|| format!("{name}.xml"))?;
        filled.push((name, text));
    }
    Ok(filled)
}

impl Demo<'_> {
    /// The central banks issue what the banks have paid into their RTGS accounts.
    async fn fund(&mut self) -> Result<(), Failure> {
        for (prefix, currency, amount) in ISSUES {
            let found = self
                .devnet
                .institutions
                .iter()
                .find(|one| one.prefix == *prefix);
            let Some(bank) = found.cloned() else {
                continue;
            };
            let currency: CurrencyCode = currency.parse()?;
            let amount = Amount::parse(amount, currency)?;
            let url = self.devnet.url(Some(prefix))?;
            let funding = Funding {
                devnet: self.devnet,
                genesis: &self.genesis,
                keys: &self.keys,
                url: &url,
            };
            let started = Instant::now();
            let (uetr, view) = funding.issue(&bank, currency, amount).await?;
            let money = format!("{} {currency}", amount.to_decimal(currency));
            let what = What {
                name: format!("issue to {prefix}"),
                from: "central bank".to_owned(),
                money,
                uetr: short(&uetr),
            };
            self.row(what, &Row::submitted(1, &view), Some(started.elapsed()));
        }
        Ok(())
    }

    async fn file(&mut self, name: &str, text: &str) -> Result<(), Failure> {
        // The maker of the first institution reads what names no institution of this network.
        let profile = karwan_node::gateway::profile(&self.genesis.document().rulebook);
        let document = match karwan_iso20022::read(text.as_bytes(), &profile) {
            Ok(document) => document,
            Err(refusal) => {
                self.row(What::file(name, &[]), &Row::refused(&refusal), None);
                return Ok(());
            }
        };
        let agent = document.transfers[0].ledger.debtor_agent.to_string();
        let found = self
            .devnet
            .institutions
            .iter()
            .find(|one| one.agents.contains(&agent));
        let institution = found
            .with_context(|| format!("{agent} is no institution of this network"))?
            .clone();
        let importer = Importer::new(&self.keys, &institution.prefix, &self.genesis, VALIDITY)?;
        let imported = importer.import(text.as_bytes(), now());
        let imported = imported.context("what was read once is read again")?;
        let client = self.client(&institution).await?;
        let transfers = &imported.document.transfers;
        importer.deliver(&client, &self.genesis, transfers).await?;
        let started = Instant::now();
        let encoded = imported.transaction.to_encoded();
        let view = submit(&client, &encoded, WaitFor::Final, PATIENCE).await?;
        let took = started.elapsed();
        let row = Row::submitted(transfers.len(), &view);
        if row.status == "PATC" {
            self.waiting = Some((imported.transaction.instruction_hash(), institution.clone()));
        }
        if row.status == "ACSC" {
            for transfer in transfers {
                self.receipt(&client, &transfer.ledger.uetr, &institution)
                    .await?;
            }
        }
        self.row(What::file(name, transfers), &row, Some(took));
        Ok(())
    }

    /// The checker of the institution reads what waits, and signs for it.
    async fn approve(&mut self) -> Result<(), Failure> {
        let Some((instruction, institution)) = self.waiting.take() else {
            return Ok(());
        };
        let checker = self
            .keys
            .signer(&format!("{}-checker", institution.prefix))?;
        let approve = Approve { instruction };
        let transaction =
            Transaction::unsigned(self.genesis.chain_id, approve.into(), now().after(VALIDITY))
                .signed_by(&checker);
        let client = self.client(&institution).await?;
        let started = Instant::now();
        let view = submit(&client, &transaction.to_encoded(), WaitFor::Final, PATIENCE).await?;
        let took = started.elapsed();
        let row = Row::submitted(1, &view);
        self.row(What::file("waiting one approved", &[]), &row, Some(took));
        Ok(())
    }

    async fn client(&self, institution: &Institution) -> Result<Client, Failure> {
        let access = self.keys.access(&institution.prefix)?;
        let url = self.devnet.url(Some(&institution.prefix))?;
        connect_gateway(&url, access, &self.genesis).await
    }

    async fn receipt(
        &mut self,
        client: &Client,
        uetr: &Uetr,
        institution: &Institution,
    ) -> Result<(), Failure> {
        let params = ReceiptGetParams {
            uetr: Some(View(*uetr)),
            agent: Some(View(institution.lei)),
            ..ReceiptGetParams::default()
        };
        let answer = client.receipt_get(params).await.map_err(refused)?;
        let path = self.devnet.receipts().join(format!("{uetr}.json"));
        files::replace(&path, &answer.receipt.0.to_file())?;
        if !self.receipts.contains(&path) {
            self.receipts.push(path);
        }
        Ok(())
    }

    fn row(&mut self, what: What, row: &Row, took: Option<Duration>) {
        let millis = took.map(|took| took.as_millis());
        if self.shipped && row.status != expected(&what.name) {
            self.surprises
                .push(format!("{}: {} {}", what.name, row.status, row.reason));
        }
        self.values.push(json!({
            "file": what.name, "status": row.status, "height": row.height, "milliseconds": millis,
            "payments": row.payments, "reason": row.reason,
        }));
        self.table.row([
            what.name.into(),
            what.from.into(),
            what.money.into(),
            what.uetr.into(),
            Cell::status(&row.status),
            row.height
                .map(|height| height.to_string())
                .unwrap_or_default()
                .into(),
            millis
                .map(|millis| millis.to_string())
                .unwrap_or_default()
                .into(),
            shortened(&row.reason).into(),
        ]);
    }

    /// Checks one receipt as anybody could, and says where it is.
    fn verify(&self, output: Output) -> Outcome {
        let Some(path) = self.receipts.first() else {
            return Err(failure(
                Exit::Negative,
                "no payment settled, so there is no receipt",
            ));
        };
        let bytes = files::read(path, karwan_types::RECEIPT_BYTES_MAX)?;
        let receipt = check(&bytes, &self.genesis)?;
        output.line("");
        output.line(output.paint(Tone::Good, "The receipt is true."));
        output.line("");
        for line in crate::receipt_text::lines(&receipt, &self.genesis) {
            output.line(line);
        }
        output.line("");
        if !self.surprises.is_empty() {
            let sentence = format!(
                "the demonstration went wrong: {}",
                self.surprises.join("; ")
            );
            return Err(failure(Exit::Negative, sentence));
        }
        output.line(format!("genesis: {}", self.devnet.genesis().display()));
        output.line(format!("receipt: {}", path.display()));
        Ok(Exit::Ok)
    }
}

/// How much of a reason fits a line of the table.
const REASON_CHARS: usize = 72;

fn shortened(reason: &str) -> String {
    if reason.chars().count() <= REASON_CHARS {
        return reason.to_owned();
    }
    let cut: String = reason.chars().take(REASON_CHARS - 1).collect();
    format!("{}…", cut.trim_end())
}
