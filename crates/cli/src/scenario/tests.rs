//! Every scenario of the repository on the ledger alone; what is wrong with a scenario is named; and a scenario can fail.

use super::alone::Alone;
use super::chain::Chain as _;
use super::document::Scenario;
use super::given::Given;
use super::performance::perform;
use super::{document, expected, given};
use karwan_ledger::Genesis;
use karwan_types::Hash;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Performs a scenario; the state root that it ends with.
fn run(text: &str) -> anyhow::Result<Hash> {
    let scenario = Scenario::parse(Path::new("test.toml"), text)?;
    let given = Given::of(&scenario)?;
    let genesis = Genesis::new(given.document(given.time(), given.validators())?)?;
    let mut chain = Alone::new(&genesis)?;
    perform(&scenario, &given, &mut chain)?;
    Ok(chain.state().root())
}

/// The sentence of a scenario that must not end well.
#[track_caller]
fn failure(text: &str) -> String {
    format!("{:#}", run(text).unwrap_err())
}

#[track_caller]
fn check_failure(text: &str, parts: &[&str]) {
    let sentence = failure(text);
    for part in parts {
        assert!(sentence.contains(part), "\"{part}\" is not in: {sentence}");
    }
}

fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let entries = std::fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_scenario_shows_what_its_name_says() {
    let mut failed = Vec::new();
    let mut names = BTreeSet::new();
    let mut on_a_network = 0;
    let files = files();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        if let Err(error) = run(&text) {
            failed.push(format!("{}, {error:#}", file.display()));
            continue;
        }
        let scenario = Scenario::parse(file, &text).unwrap();
        on_a_network += u32::from(scenario.devnet);
        let name = scenario.name;
        assert!(
            names.insert(name.clone()),
            "two scenarios are called: {name}"
        );
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(files.len() >= 40, "{} scenarios", files.len());
    assert!(on_a_network >= 10, "{on_a_network} for a network");
}

/// A small scenario with room for one more key at the top, and a tail.
const RENT: &str = r#"
name = "rent"
rules = ["4.14"]

[given.balances]
INDUS-PKR = "1 000.00"

[[when]]
pay = { from = "indus", to = "alatoo", amount = "250.00 PKR" }
as = "rent"
then = "ACSC"

[[then]]
outcome.rent = "ACSC"
balances.ALATOO-PKR = "250.00"

[[when]]
pay = { from = "indus", to = "naryn", amount = "5 000.00 PKR" }
as = "house"
then = "PDNG"

[[then]]
queue = ["house"]
"#;

/// [`RENT`] with one thing other must fail with a sentence that has these parts.
#[track_caller]
fn check(from: &str, to: &str, parts: &[&str]) {
    assert_eq!(RENT.matches(from).count(), 1, "{from}");
    check_failure(&RENT.replace(from, to), parts);
}

#[test]
fn the_same_scenario_gives_the_same_state_every_time() {
    assert_eq!(run(RENT).unwrap(), run(RENT).unwrap());
}

#[test]
fn what_comes_otherwise_than_expected_is_told_with_step_and_line() {
    check(
        "then = \"ACSC\"",
        "then = \"RJCT AM04\"",
        &[
            "step 1 (line 8)",
            "expected status RJCT, not ACSC",
            "reason AM04, not none",
            "clause C-4.14",
        ],
    );
    check(
        "then = \"PDNG\"",
        "then = \"ACSC\"",
        &["step 3 (line 17)", "expected status ACSC, not PDNG"],
    );
    check(
        "outcome.rent = \"ACSC\"",
        "outcome.rent = \"CANC\"",
        &["step 2 (line 13)", "rent: status CANC, not ACSC"],
    );
    check(
        "balances.ALATOO-PKR = \"250.00\"",
        "balances.ALATOO-PKR = \"250.01\"",
        &["step 2", "ALATOO-PKR posted 250.01, not 250.00 PKR"],
    );
    check(
        "queue = [\"house\"]",
        "queue = [\"rent\", \"house\"]",
        &["step 4", "queue [rent, house], not [house]"],
    );
    check(
        "queue = [\"house\"]",
        "rulebook = 2\ncycle.excluded = 1",
        &["rulebook 2 in force, not 1", "a cycle, but none has run"],
    );
    check(
        "queue = [\"house\"]",
        "accounts.INDUS-PKR.status = \"BLOCKED\"",
        &["INDUS-PKR status BLOCKED, not OPEN"],
    );
    check(
        "queue = [\"house\"]",
        "participants = { indus.status = \"SUSPENDED\", ALATKG22 = { kind = \"EMI\", jurisdiction = \"KG\" } }",
        &[
            "indus status SUSPENDED, not ACTIVE",
            "ALATKG22 kind EMI, not BANK",
        ],
    );
    check(
        "queue = [\"house\"]",
        "outcome.house = { status = \"PDNG\", amount = \"1.00 PKR\", recorded = false }",
        &[
            "amount 1.00 PKR, not 5000.00 PKR",
            "recorded false, not true",
        ],
    );
}

#[test]
fn a_refusal_that_nobody_expects_fails_with_its_own_sentence() {
    let text = RENT.replace("as = \"house\"\nthen = \"PDNG\"", "as = \"house\"");
    run(&text).unwrap();
    let refused = text.replace("to = \"naryn\"", "to = \"ravi\"");
    check_failure(
        &refused,
        &[
            "step 3",
            "no refusal was expected",
            "RR04 DOMESTIC_PAYMENT",
            "its own RTGS system",
            "PK-4.11",
        ],
    );
}

#[test]
fn a_bulk_has_as_many_answers_as_payments() {
    let text = RENT.replace(
        "pay = { from = \"indus\", to = \"naryn\", amount = \"5 000.00 PKR\" }",
        "pay_bulk = [{ from = \"indus\", to = \"naryn\", amount = \"1.00 PKR\" }, { from = \"indus\", to = \"steppe\", amount = \"1.00 PKR\" }]",
    );
    check_failure(&text, &["expected 1 outcomes, but there are 2: ACSC"]);
    let both = text.replace("then = \"PDNG\"", "then = [\"ACSC\", \"ACSC\"]");
    let seen = both.replace(
        "queue = [\"house\"]",
        "queue = []\noutcome = { house = \"ACSC\", \"house 2\" = \"ACSC\" }",
    );
    run(&seen).unwrap();
}

#[test]
fn a_key_that_is_not_known_is_named_with_the_nearest() {
    check(
        "rules = ",
        "rule = ",
        &["rule is not known in a scenario", "rules"],
    );
    check(
        "[given.balances]",
        "[given.balance]",
        &["balance is not known in given", "balances"],
    );
    check(
        "INDUS-PKR = ",
        "INDUS-PKRR = ",
        &["given.balances.INDUS-PKRR", "did you mean INDUS-PKR"],
    );
    check(
        "as = \"house\"",
        "as_ = \"house\"",
        &["step 3 (line 17)", "as_ is no kind of instruction", "as"],
    );
    check(
        "to = \"naryn\"",
        "tom = \"naryn\"",
        &["step 3", "pay", "tom is not known", "to"],
    );
    check(
        "queue = ",
        "queues = ",
        &["step 4", "queues is not known in a [[then]]", "queue"],
    );
    check(
        "outcome.rent",
        "outcome.rant",
        &["step 2", "no earlier step is called rant", "rent"],
    );
    check(
        "outcome.rent = \"ACSC\"",
        "outcome.rent = { state = \"ACSC\" }",
        &["outcome.rent", "state is not known", "status"],
    );
    check(
        "then = \"PDNG\"",
        "then = \"PNDG\"",
        &["PNDG is no status", "PDNG"],
    );
}

#[test]
fn what_is_given_wrong_is_named_with_the_nearest() {
    check(
        "rules = [\"4.14\"]",
        "rules = [\"4.15\"]",
        &["4.15", "has no clause", "did you mean 4.1"],
    );
    check(
        "[given.balances]",
        "[given.rulebook.common.queue]\ncycle_block = 3\n[given.balances]",
        &["rulebook", "unknown field `cycle_block`", "cycle_blocks"],
    );
    check(
        "[given.balances]",
        "[given.rulebook.national.PX]\ndomestic_payments = true\n[given.balances]",
        &["rulebook.national has no PX", "PK"],
    );
    check(
        "queue = [\"house\"]",
        "accounts.INDUS-PKR.hold = \"1.00\"",
        &["hold, which is not known", "held"],
    );
    check(
        "queue = [\"house\"]",
        "participants.indos.status = \"ACTIVE\"",
        &["indos", "indus"],
    );
    check(
        "as = \"house\"",
        "by = \"indus-makr\"",
        &["nobody has a key called indus-makr", "indus-maker"],
    );
}

#[test]
fn a_scenario_that_makes_no_sense_is_refused() {
    check(
        "as = \"house\"",
        "as = \"rent\"",
        &["an earlier step is called rent already"],
    );
    check(
        "as = \"house\"",
        "after = \"1h\"",
        &["does one thing", "after and pay"],
    );
    check("queue = [\"house\"]", "", &["nothing is expected"]);
    check(
        "as = \"house\"",
        "[[when]]\nas = \"house\"\nafter = \"1h\"",
        &["as belongs to an instruction"],
    );
    check(
        "queue = [\"house\"]",
        "queue = [\"house\"]\n[[when]]\nat = \"2026-11-23T05:00:00Z\"",
        &["time does not go back"],
    );
    let timed = RENT.replace(
        "[given.balances]",
        "[given]\ntime = \"2026-11-23T05:00:00Z\"\n[given.balances]",
    );
    run(&timed).unwrap();
    check_failure(
        &timed.replace("name = \"rent\"", "name = \"rent\"\ndevnet = true"),
        &["given.time cannot be chosen", "clocks"],
    );
}

/// The description of the format.
const DOCUMENTATION: &str = include_str!("../../../../docs/reference/scenarios.md");

#[test]
fn the_documentation_describes_every_key_and_its_example_holds() {
    let keys = document::TOP_KEYS
        .iter()
        .chain(&document::ADDED_KEYS)
        .chain(&document::DEED_KEYS)
        .chain(&given::KEYS)
        .chain(&expected::EXPECTED_KEYS)
        .chain(&expected::SEEN_KEYS);
    for key in keys {
        let told = format!("`{key}`");
        assert!(DOCUMENTATION.contains(&told), "{key} is not described");
    }
    let (_, after) = DOCUMENTATION.split_once("```toml\n").unwrap();
    let (example, _) = after.split_once("```").unwrap();
    run(example).unwrap();
}

#[test]
fn licences_and_freezes_that_are_not_as_expected_are_named() {
    let seen = |expected: &str| format!("{RENT}\n[[then]]\n{expected}\n");
    check_failure(
        &seen("licences.indus.SETTLEMENT = \"REVOKED\""),
        &["licence indus SETTLEMENT", "REVOKED"],
    );
    check_failure(
        &seen("licences.indos.SETTLEMENT = \"none\""),
        &["indos", "indus"],
    );
    check_failure(
        &seen("freezes.PK = [\"DEBIT account INDUS-PKR\"]"),
        &["freezes of PK [DEBIT account INDUS-PKR], not []"],
    );
    check_failure(&seen("freezes.PK = \"none\""), &["sequence"]);
    run(&seen("freezes.PK = []\nlicences.indus.MINING = \"none\"")).unwrap();
}
