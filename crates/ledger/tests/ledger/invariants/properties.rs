//! The invariants of the semantics (§13) as properties, each named after its number.
//!
//! What must hold: each holds over the random sequences on the ledger and on the naive model, and each is seen to fail when the
//! rule that keeps it is broken on purpose. The rules are broken in the model, at the line where they stand.

use super::{CHECKS, Observation, follow};
use crate::model::author::{Secrets, registered};
use crate::model::broken::Break;
use crate::model::sequences::{Step, first_seed, report, run};
use crate::model::trace::quietly;
use crate::model::worlds::{geneses, of_seed};
use crate::model::{Model, Seen};
use crate::support::*;
use karwan_ledger::{Genesis, Operation, State, instruction_hash};
use karwan_types::{InstructionHash, decode, encode};

/// What cannot be tested yet.
const LEFT_OUT: &[(u32, &str)] = &[
    (5, "there is no escrow on the ledger"),
    (16, "there are no fines and no seizures on the ledger"),
];

/// How many sequences a broken rule may go unnoticed.
const WITHIN: u64 = 6_000;

macro_rules! invariants {
    ($( $number:literal $name:ident $check:block )*) => {
        $(
            #[test]
            fn $name() {
                holds($number);
                $check
            }
        )*
        /// The numbers and names of the properties here.
        const PROPERTIES: &[(u32, &str)] = &[ $( ($number, stringify!($name)) ),* ];
    };
}

invariants! {
    1 i1_the_accounts_of_a_currency_sum_up_to_zero_and_outstanding_is_issued_less_redeemed {
        fails_when(1, Break::LosesAUnit);
    }
    2 i2_nothing_is_below_what_it_holds {
        fails_when(2, Break::PaysWithoutFunds);
    }
    3 i3_only_issue_and_redemption_change_a_contra_account {
        fails_when(3, Break::IssuesTwice);
    }
    4 i4_both_payments_of_an_exchange_settle_or_neither {
        fails_when(4, Break::SettlesHalf);
    }
    6 i6_what_is_held_is_what_is_open {
        fails_when(6, Break::KeepsHolding);
    }
    7 i7_each_reference_has_one_effect {
        fails_when(7, Break::PaysAgain);
    }
    8 i8_nothing_blocked_or_frozen_pays {
        fails_when(8, Break::DebitsBlocked);
        fails_when(8, Break::DebitsFrozen);
    }
    9 i9_whoever_pays_or_is_paid_has_a_licence {
        fails_when(9, Break::NeedsNoLicence);
    }
    10 i10_no_limit_is_passed {
        fails_when(10, Break::PaysAboveLimits);
        fails_when(10, Break::IgnoresWindows);
    }
    11 i11_nothing_is_included_after_its_expiry_and_nothing_settles_after_its_reject_time {
        fails_when(11, Break::IncludesLate);
        fails_when(11, Break::SettlesTooLate);
    }
    12 i12_replay_and_restoring_from_a_checkpoint_give_the_same_state {
        replay_and_restore();
    }
    13 i13_client_money_is_never_the_houses {
        fails_when(13, Break::SpendsClientMoney);
    }
    14 i14_a_status_does_not_go_back {
        fails_when(14, Break::CancelsSettled);
    }
    15 i15_one_version_of_the_rulebook_is_in_force_at_a_height {
        fails_when(15, Break::KeepsOldVersions);
    }
    18 i18_nothing_at_the_threshold_of_the_travel_rule_settles_without_its_attestation {
        fails_when(18, Break::NeedsNoAttestation);
        fails_when(18, Break::CountsNoPairs);
    }
    17 i17_neither_order_of_fields_nor_threads_nor_locale_change_a_result {
        order_of_fields();
        threads();
        locale();
    }
}

#[test]
fn every_invariant_has_its_property_or_a_reason_why_it_has_none() {
    for number in 1..=18 {
        let tested = PROPERTIES.iter().find(|(one, _)| *one == number);
        let left_out = LEFT_OUT.iter().any(|(one, _)| *one == number);
        assert!(tested.is_some() != left_out, "I{number}");
        if let Some((_, name)) = tested {
            assert!(name.starts_with(&format!("i{number}_")), "{name}");
        }
    }
    for (number, reason) in LEFT_OUT {
        eprintln!("I{number} is not tested: {reason}");
    }
}

/// No sequence on the ledger broke this invariant.
fn holds(number: u32) {
    let words = format!("I{number}: ");
    let broken = report()
        .failures
        .iter()
        .find(|(_, told)| told.contains(&words));
    if let Some((_, told)) = broken {
        panic!("{told}");
    }
}

/// What an invariant says against the model's books while it goes through a sequence, if anything.
fn complaint(
    number: u32,
    genesis: &Genesis,
    steps: &[Step],
    broken: Option<Break>,
) -> Option<String> {
    let words = format!("I{number}: ");
    let mut model = Model::new(genesis.document());
    model.broken = broken;
    let mut before: Observation = model.observation(&[], &[]);
    for step in steps {
        let offered = &step.offer.transactions;
        let included = model.block(step.offer.time.millis(), offered);
        let mut now = model.observation(&included, offered);
        now.day = follow(&before, &now);
        for (name, check) in CHECKS {
            let problem = check(&before, &now).filter(|_| name.starts_with(&words));
            if problem.is_some() {
                return problem;
            }
        }
        before = now;
    }
    None
}

/// The same sequences that the model goes through without a complaint bring one about when the rule is broken.
fn fails_when(number: u32, broken: Break) {
    let (geneses, secrets) = (geneses(), registered());
    for seed in first_seed()..first_seed() + WITHIN {
        let genesis = of_seed(&geneses, seed);
        let steps = run(genesis, &secrets, seed, &mut Vec::new());
        let sound = complaint(number, genesis, &steps, None);
        assert_eq!(sound, None, "I{number} on the sound model, seed {seed}");
        let attempt = || complaint(number, genesis, &steps, Some(broken));
        // A broken rule may also let the model lose its way; that is no complaint of the invariant.
        if let Ok(Some(_)) = quietly(attempt) {
            return;
        }
    }
    panic!("I{number} does not notice {broken:?} in {WITHIN} sequences");
}

fn some_steps(secrets: &Secrets, geneses: &[Genesis], seed: u64) -> Vec<Step> {
    run(of_seed(geneses, seed), secrets, seed, &mut Vec::new())
}

/// The driver replays and restores in the sequences themselves. Here both are seen to fail.
fn replay_and_restore() {
    let mut chain = Chain::new();
    for name in ["one", "two", "three"] {
        chain.check(pay(INDUS, NARYN, "10 PKR", name), &all(INDUS), "ACSC");
    }
    chain.replay();
    let mut other = network();
    other.participants[4].accounts[0].opening = money("5999999 PKR").1;
    let mut elsewhere = chain.clone();
    elsewhere.genesis.state = Genesis::new(other).unwrap().state;
    let replay = quietly(|| elsewhere.replay());
    assert!(
        replay.is_err(),
        "a replay from another state goes unnoticed"
    );
    let mut forgetful = chain.clone();
    let earlier = chain.state.to_checkpoint();
    chain.check(pay(INDUS, NARYN, "10 PKR", "four"), &all(INDUS), "ACSC");
    forgetful.state = State::from_checkpoint(&earlier).unwrap();
    assert_ne!(forgetful.state.root(), chain.state.root());
    forgetful.parent = chain.parent;
    forgetful.history.clone_from(&chain.history);
    let replay = quietly(|| forgetful.replay());
    assert!(
        replay.is_err(),
        "a state restored from an older checkpoint goes unnoticed"
    );
}

/// The hash of the instruction that a JSON text is read as.
fn read(text: &str) -> InstructionHash {
    let operation: Operation = serde_json::from_str(text).expect("an example reads back");
    instruction_hash(&Chain::new().genesis.chain_id, &operation)
}
/// What reading would be if it took the text for the instruction.
fn read_the_text(text: &str) -> InstructionHash {
    InstructionHash(karwan_types::hash_of(
        karwan_types::HashDomain::Payload,
        &[text.as_bytes()],
    ))
}
/// The same JSON with the fields of every object in the opposite order.
fn reversed(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(fields) => {
            let field = |(name, value): (&String, &serde_json::Value)| {
                format!("{}:{}", serde_json::json!(name), reversed(value))
            };
            let fields: Vec<String> = fields.iter().rev().map(field).collect();
            format!("{{{}}}", fields.join(","))
        }
        serde_json::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(reversed).collect();
            format!("[{}]", items.join(","))
        }
        plain => plain.to_string(),
    }
}
fn order_of_fields() {
    for operation in Operation::examples() {
        let text = serde_json::to_string(&operation).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let other = reversed(&value);
        assert_eq!(read(&other), read(&text), "{}", operation.name());
        let bytes = encode(&operation);
        let again: Operation = decode(&bytes, bytes.len()).unwrap();
        assert_eq!(again, operation);
        if text != other {
            assert_ne!(read_the_text(&other), read_the_text(&text));
        }
    }
}

/// What a sequence came to, in one line.
fn digest(secrets: &Secrets, geneses: &[Genesis], seed: u64) -> String {
    let seen: Vec<Seen> = some_steps(secrets, geneses, seed)
        .into_iter()
        .map(|step| step.seen)
        .collect();
    let text = format!("{seen:?}");
    let hash = karwan_types::hash_of(karwan_types::HashDomain::Payload, &[text.as_bytes()]);
    format!("sequence {seed} comes to {hash}")
}
fn threads() {
    let (geneses, secrets) = (geneses(), registered());
    let alone = digest(&secrets, &geneses, 5);
    let digests: Vec<String> = std::thread::scope(|scope| {
        let start = |_| scope.spawn(|| digest(&secrets, &geneses, 5));
        let handles: Vec<_> = (0..4).map(start).collect();
        let finish = |handle: std::thread::ScopedJoinHandle<'_, String>| handle.join().unwrap();
        handles.into_iter().map(finish).collect()
    });
    assert!(digests.iter().all(|one| *one == alone), "{digests:?}");
    assert_ne!(digest(&secrets, &geneses, 8), alone);
}

/// Set for the process of which the digest is wanted; `disturbed` lets the result depend on it.
const ASKED: &str = "KARWAN_TEST_DIGEST";

#[test]
fn a_process_tells_what_a_sequence_came_to() {
    let (geneses, secrets) = (geneses(), registered());
    let told = digest(&secrets, &geneses, 5);
    assert!(told.starts_with("sequence 5"));
    match std::env::var(ASKED).as_deref() {
        Ok("disturbed") => eprintln!("{told} {:?}", std::env::var("LC_ALL")),
        Ok(_) => eprintln!("{told}"),
        Err(_) => {}
    }
}
fn locale() {
    let ask = |asked: &str, locale: &str, zone: &str, threads: &str| {
        let test = "invariants::properties::a_process_tells_what_a_sequence_came_to";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(ASKED, asked)
            .env("LC_ALL", locale)
            .env("TZ", zone)
            .env("RUST_TEST_THREADS", threads)
            .output()
            .expect("the test binary runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = said.lines().find(|line| line.starts_with("sequence"));
        line.expect("it tells what it came to").to_owned()
    };
    let here = ask("plain", "C", "UTC", "1");
    for (locale, zone, threads) in [
        ("tr_TR.UTF-8", "Asia/Karachi", "1"),
        ("ur_PK.UTF-8", "Asia/Bishkek", "8"),
        ("ky_KG.UTF-8", "America/New_York", "3"),
    ] {
        assert_eq!(ask("plain", locale, zone, threads), here, "{locale} {zone}");
    }
    let disturbed = ["C", "tr_TR.UTF-8"].map(|locale| ask("disturbed", locale, "UTC", "1"));
    assert_ne!(disturbed[0], disturbed[1]);
}

#[test]
fn the_observations_of_the_model_and_of_the_ledger_are_alike() {
    let (geneses, secrets) = (geneses(), registered());
    for seed in first_seed()..first_seed() + 30 {
        let genesis = of_seed(&geneses, seed);
        let steps = run(genesis, &secrets, seed, &mut Vec::new());
        for number in 1..=18 {
            assert_eq!(complaint(number, genesis, &steps, None), None, "I{number}");
        }
    }
}
