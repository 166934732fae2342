//! Rules that differ in the model only: each must be noticed, so that the comparison is known to be able to fail.

use super::author::registered;
use super::broken::{Break, OF_THE_QUEUE};
use super::sequences::{Step, first_seed, run};
use super::trace::quietly;
use super::worlds::worlds;
use super::{Model, Seen};
use crate::support::*;
use karwan_ledger::{
    AccountClass, AccountStatus, CorridorRule, Genesis, GenesisDocument, LimitRule, OnExceed,
    QueueRules,
};
use karwan_types::{Amount, DurationMs};

/// A rule that differs: its name, and how the document of the model is altered.
type Alteration = (&'static str, fn(&mut GenesisDocument));

/// Rules of the network with plenty of money.
const ALTERED: &[Alteration] = &[
    ("a validity longer by a millisecond", |doc| {
        let common = &mut doc.rulebook.common;
        common.validity_max_ms = later(common.validity_max_ms);
    }),
    ("a retention longer by a millisecond", |doc| {
        let common = &mut doc.rulebook.common;
        common.retention_ms = later(common.retention_ms);
    }),
    ("a largest payment larger by one", |doc| {
        doc.currencies[0].payment_max = more(doc.currencies[0].payment_max);
    }),
    ("a smallest payment larger by one", |doc| {
        doc.currencies[0].payment_min = more(doc.currencies[0].payment_min);
    }),
    ("another supply cap", |doc| {
        doc.currencies[0].supply_cap = money("8703000 PKR").1;
    }),
    ("a business date an hour off", |doc| {
        doc.currencies[0].utc_offset_minutes -= 60
    }),
    ("a window that closes a minute later", |doc| {
        doc.currencies[0].issuer_window.1 += 1
    }),
    ("a window that opens a minute earlier", |doc| {
        doc.currencies[0].issuer_window.0 -= 1
    }),
    ("an automatic release larger by one", |doc| {
        let tier = &mut doc.participants[4].policy[0];
        tier.up_to = tier.up_to.map(|(currency, most)| (currency, more(most)));
    }),
    ("a release without a checker", |doc| {
        doc.participants[4].policy[1].checkers = 0
    }),
    ("a release without a releaser", |doc| {
        doc.participants[4].policy.last_mut().unwrap().releasers = 0;
    }),
    ("an opening balance larger by one", |doc| {
        let opening = &mut doc.participants[4].accounts[0].opening;
        *opening = more(*opening);
    }),
    ("clients' money taken for the house's", |doc| {
        doc.participants[4].accounts[2].class = AccountClass::Settlement;
    }),
    ("a blocked account open", |doc| {
        doc.participants[4].accounts[3].status = AccountStatus::Open;
    }),
    ("an account for credits only open", |doc| {
        doc.participants[4].accounts[5].status = AccountStatus::Open;
    }),
    ("an account for debits only open", |doc| {
        doc.participants[4].accounts[6].status = AccountStatus::Open;
    }),
    ("a closed account open", |doc| {
        doc.participants[4].accounts[4].status = AccountStatus::Open;
    }),
    ("a maker's key as a checker's", |doc| {
        doc.participants[4].keys[1].role = karwan_ledger::Role::Checker;
    }),
    ("another governor", |doc| {
        doc.jurisdictions[0].governors[0] = stranger("governor").public_key();
    }),
    ("a bank taken for something else", |doc| {
        doc.participants[4].kind = karwan_ledger::ParticipantKind::Pso;
    }),
    ("a bank of another jurisdiction", |doc| {
        doc.participants[4].jurisdiction = country("KG");
    }),
    ("another clearing number", |doc| {
        doc.participants[6].members.clear()
    }),
    ("a purpose without its cap", |doc| {
        corridor(doc, 3).payment_max.clear()
    }),
    ("a purpose without its documents", |doc| {
        corridor(doc, 4).documents = false
    }),
    ("a forbidden purpose allowed", |doc| {
        corridor(doc, 5).allowed = true
    }),
    ("a purpose without its national codes", |doc| {
        doc.rulebook.common.purposes.codes[0].local.clear();
    }),
    ("no purposes at all", |doc| {
        doc.rulebook.common.purposes.corridors.clear();
    }),
];

fn more(amount: Amount) -> Amount {
    Amount::from_minor(amount.minor() + 1)
}
fn later(duration: DurationMs) -> DurationMs {
    millis(duration.millis() + 1)
}

/// Rules of what waits, on the network in which money is short.
const QUEUED: &[Alteration] = &[
    ("one day further ahead", |doc| {
        queue(doc).days_ahead_max += 1;
    }),
    ("a longer wait by a millisecond", |doc| {
        queue(doc).waiting_max_ms = later(queue(doc).waiting_max_ms);
    }),
    ("cycles by another turn", |doc| queue(doc).cycle_blocks = 2),
    ("cycles at another length", |doc| {
        queue(doc).cycle_length -= 1;
    }),
    ("one payment less in a cycle", |doc| {
        queue(doc).cycle_entries_max = 3;
    }),
    ("less room in the queue", |doc| {
        queue(doc).account_entries_max = 2;
    }),
];

/// Rules of authorities and of recalls, on the network with licences.
const LICENSED: &[Alteration] = &[
    ("an order by one key", |doc| {
        doc.rulebook.national[0].supervision.order_signers = 1;
    }),
    ("a freeze longer by a millisecond", |doc| {
        let longest = &mut doc.rulebook.common.supervision.freeze_max_ms;
        *longest = later(*longest);
    }),
    ("a winding down longer by a millisecond", |doc| {
        let wind_down = &mut doc.rulebook.national[0].supervision.wind_down_ms;
        *wind_down = later(*wind_down);
    }),
    ("a grant without the regulator's no-objection", |doc| {
        doc.rulebook.national[0].activities[0].no_objection = false;
    }),
    ("one document less", |doc| {
        doc.rulebook.national[0].activities[1].checklist.pop();
    }),
    ("a term longer by a millisecond", |doc| {
        let term = &mut doc.rulebook.national[0].activities[1].term_max_ms;
        *term = later(*term);
    }),
    ("client money without a licence of its own", |doc| {
        doc.rulebook.national[0].activities.remove(0);
    }),
    ("a licence in force for a millisecond more", |doc| {
        let licence = &mut doc.participants[5].licences[0];
        licence.until = licence.until.after(millis(1));
    }),
    ("a licence without its corridors", |doc| {
        doc.participants[5].licences[0].scope.corridors.clear();
    }),
    ("a licence without its cap", |doc| {
        doc.participants[5].licences[0].scope.payment_max.clear();
    }),
    ("a recall window longer by a millisecond", |doc| {
        let window = &mut doc.rulebook.common.recall.window_ms;
        *window = later(*window);
    }),
    ("a millisecond more to answer", |doc| {
        let answer = &mut doc.rulebook.common.recall.answer_ms;
        *answer = later(*answer);
    }),
    ("one quote more", |doc| {
        doc.rulebook.common.exchange.quotes_max += 1;
    }),
    ("a quote that stands a millisecond more", |doc| {
        let longest = &mut doc.rulebook.common.exchange.quote_validity_max_ms;
        *longest = later(*longest);
    }),
    ("a narrow band", |doc| {
        doc.rulebook.common.exchange.band_bps = 100;
    }),
    ("a millisecond more for an exchange", |doc| {
        let longest = &mut doc.rulebook.common.exchange.settlement_max_ms;
        *longest = later(*longest);
    }),
];

/// Limits, on the network that has some.
const LIMITED: &[Alteration] = &[
    ("no largest payment of a bank", |doc| {
        limits(doc)[0].payment_max = None;
    }),
    ("no limit of a day on what is paid", |doc| {
        limits(doc)[2].day_max = None;
    }),
    ("no limit of a day on what is received", |doc| {
        limits(doc)[3].day_max = None;
    }),
    ("nothing too much to be held", |doc| {
        limits(doc)[1].holding_max = None;
    }),
    ("waiting instead of a refusal", |doc| {
        limits(doc)[3].on_exceed = OnExceed::Wait;
    }),
    ("a refusal instead of waiting", |doc| {
        limits(doc)[2].on_exceed = OnExceed::Refuse;
    }),
];

fn limits(document: &mut GenesisDocument) -> &mut [LimitRule] {
    &mut document.rulebook.common.limits
}
fn corridor(document: &mut GenesisDocument, index: usize) -> &mut CorridorRule {
    &mut document.rulebook.common.purposes.corridors[index]
}

fn queue(document: &mut GenesisDocument) -> &mut QueueRules {
    &mut document.rulebook.common.queue
}

#[test]
fn every_rule_that_differs_in_the_model_is_noticed() {
    let [tight, rich, _, licensing, limited] = worlds().try_into().expect("there are five");
    let altered = |document: &GenesisDocument, (name, alter): &Alteration| {
        let mut document = document.clone();
        alter(&mut document);
        ((*name).to_owned(), Model::new(&document))
    };
    let of = |document: &GenesisDocument, all: &[Alteration]| {
        let altered = all.iter().map(|one| altered(document, one));
        altered.collect::<Vec<_>>()
    };
    notice(&rich, of(&rich, ALTERED));
    let mut queued = of(&tight, QUEUED);
    queued.extend(OF_THE_QUEUE.iter().map(|rule| {
        let mut model = Model::new(&tight);
        model.broken = Some(*rule);
        (format!("{rule:?}"), model)
    }));
    notice(&tight, queued);
    let mut licensed = of(&licensing, LICENSED);
    let mut holds_back = Model::new(&licensing);
    holds_back.broken = Some(Break::StoppedHoldBack);
    licensed.push(("stopped payments that hold back".to_owned(), holds_back));
    notice(&licensing, licensed);
    let mut limits = of(&limited, LIMITED);
    let mut ignores = Model::new(&limited);
    ignores.broken = Some(Break::IgnoresWindows);
    limits.push(("limits that are not looked at".to_owned(), ignores));
    notice(&limited, limits);
}

fn notice(document: &GenesisDocument, mut unnoticed: Vec<(String, Model)>) {
    const WITHIN: u64 = 3_000;
    let genesis = Genesis::new(document.clone()).unwrap();
    let secrets = registered();
    for seed in first_seed()..first_seed() + WITHIN {
        if unnoticed.is_empty() {
            return;
        }
        let steps = run(&genesis, &secrets, seed, &mut Vec::new());
        unnoticed.retain(|(_, model)| {
            let mut model = model.clone();
            let agrees = |model: &mut Model, step: &Step| {
                let offer = &step.offer;
                let included = model.block(offer.time.millis(), &offer.transactions);
                Seen::of_model(model, included) == step.seen
            };
            // A model that loses its way is noticed, too.
            quietly(|| steps.iter().all(|step| agrees(&mut model, step))).unwrap_or(false)
        });
    }
    let names: Vec<&String> = unnoticed.iter().map(|(name, _)| name).collect();
    assert!(
        names.is_empty(),
        "not noticed in {WITHIN} sequences: {names:?}"
    );
}
