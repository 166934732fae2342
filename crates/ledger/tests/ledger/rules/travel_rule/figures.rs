//! The figures: which payments the rule concerns, and what a jurisdiction may tighten.

use super::*;
use karwan_ledger::{Money, NationalRules, NationalTravelRules, ParticipantKind, Rulebook};

#[test]
fn institutions_own_payments_domestic_ones_and_other_currencies_are_free_of_it() {
    let mut chain = chain();
    let own = with(transfer(INDUS, NARYN, "5000 PKR", "1", "a"), |terms| {
        terms.kind = PaymentKind::FinancialInstitution;
    });
    send(&mut chain, &own, "ACSC");
    send(
        &mut chain,
        &transfer(INDUS, RAVI, "5000 PKR", "2", "a"),
        "ACSC",
    );
    let mut document = travelling();
    let rules = document.rulebook.common.travel_rule.as_mut().unwrap();
    rules.thresholds.pop();
    let mut chain = Chain::of(document);
    send(
        &mut chain,
        &transfer(INDUS, NARYN, "5000 PKR", "3", "a"),
        "ACSC",
    );
    assert_eq!(chain.state.pair_sums().count(), 0);
}

#[test]
fn two_providers_of_virtual_assets_are_concerned_at_home_too() {
    let mut document = travelling();
    for participant in &mut document.participants {
        if [INDUS.lei(), RAVI.lei()].contains(&participant.lei) {
            participant.kind = ParticipantKind::Vasp;
        }
    }
    let mut chain = Chain::of(document);
    send(
        &mut chain,
        &transfer(INDUS, RAVI, "5000 PKR", "1", "a"),
        "PDNG",
    );
}

fn threshold(sum: &str) -> Money {
    let (currency, amount) = money(sum);
    Money { currency, amount }
}
fn national(rulebook: &Rulebook, hours: u64, sum: &str) -> NationalRules {
    let supervision = rulebook.common.supervision;
    let mut part = NationalRules::plain(country("KG"), true, supervision);
    part.travel_rule = Some(NationalTravelRules {
        window_ms: millis(hours * 3_600_000),
        thresholds: vec![threshold(sum)],
    });
    part
}

#[test]
fn the_stricter_of_the_two_jurisdictions_decides() {
    let mut document = travelling();
    let part = national(&document.rulebook, 48, "500 PKR");
    document.rulebook.national = vec![part];
    let mut chain = Chain::of(document);
    send(
        &mut chain,
        &transfer(INDUS, NARYN, "300 PKR", "1", "a"),
        "ACSC",
    );
    chain.after(millis(36 * 3_600_000));
    send(
        &mut chain,
        &transfer(INDUS, NARYN, "300 PKR", "2", "a"),
        "PDNG",
    );
    let elsewhere = transfer(INDUS, TOBOL, "600 KGS", "3", "a");
    send(&mut chain, &elsewhere, "ACSC");
}

#[test]
fn unsound_figures_and_looser_parts_are_refused() {
    let check = |edit: &dyn Fn(&mut Rulebook), expected: &str| {
        let mut rulebook = travelling().rulebook;
        edit(&mut rulebook);
        let wrong = rulebook.check().unwrap_err().to_string();
        assert!(wrong.contains(expected), "{wrong}");
    };
    let common = |edit: &dyn Fn(&mut TravelRules), expected: &str| {
        let edit = |rulebook: &mut Rulebook| {
            edit(rulebook.common.travel_rule.as_mut().unwrap());
        };
        check(&edit, expected);
    };
    let window = "common.travel_rule.window_ms must be whole hours";
    common(&|rules| rules.window_ms = millis(0), window);
    common(&|rules| rules.window_ms = millis(3_600_001), window);
    common(&|rules| rules.window_ms = millis(32 * 86_400_000), window);
    let waiting = "may be at most ten years";
    common(
        &|rules| rules.waiting_max_ms = millis(4_000 * 86_400_000),
        waiting,
    );
    let attested = "must be from a minute";
    common(&|rules| rules.attestation_max_ms = millis(59_999), attested);
    let order = "each currency once and in order";
    common(&|rules| rules.thresholds.reverse(), order);
    let part = |hours, sum: &'static str, expected: &str| {
        let edit = |rulebook: &mut Rulebook| {
            rulebook.national = vec![national(rulebook, hours, sum)];
        };
        check(&edit, expected);
    };
    part(23, "1000 PKR", "no shorter than the common one");
    part(24, "1000.01 PKR", "has a higher threshold");
    let off = |rulebook: &mut Rulebook| {
        rulebook.national = vec![national(rulebook, 24, "1 PKR")];
        rulebook.common.travel_rule = None;
    };
    check(&off, "the common part does not apply the rule");
}
