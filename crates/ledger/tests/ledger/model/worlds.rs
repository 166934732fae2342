//! The networks on which random sequences run: the test network, two in which money is short, one with licences, and one with
//! limits.

use crate::support::*;
use karwan_ledger::{
    Activity, BusinessDayRules, CorridorRule, Direction, EndOfDayAction, Genesis, GenesisDocument,
    GenesisLicence, LicenceScope, LimitRule, LocalForm, LocalPurpose, Money, NationalRules,
    NationalTravelRules, OnExceed, ParticipantKind, Permission, PurposeCode, PurposeRules,
    RecallWindow, TravelRules,
};
use karwan_types::{Amount, Weekday};

/// All of them; a sequence runs on one, by its seed.
pub(crate) fn worlds() -> Vec<GenesisDocument> {
    let rich = {
        let mut document = network();
        let queue = &mut document.rulebook.common.queue;
        (queue.days_ahead_max, queue.cycle_blocks) = (1, 5);
        travelling(&mut document, [50_000, 50_000]);
        document.rulebook.common.purposes = purposes();
        document
    };
    let tight = {
        let mut document = poor([40_000, 0, 15_000, 90_000]);
        let queue = &mut document.rulebook.common.queue;
        (queue.days_ahead_max, queue.cycle_blocks, queue.cycle_length) = (2, 3, 6);
        queue.waiting_max_ms = millis(7_200_000);
        document
    };
    let crowded = {
        let mut document = poor([0, 0, 20_000]);
        let queue = &mut document.rulebook.common.queue;
        (queue.cycle_blocks, queue.cycle_length) = (0, 4);
        (queue.account_entries_max, queue.cycle_entries_max) = (4, 7);
        document
    };
    let licensing = {
        let mut document = licensing(poor([40_000, 90_000, 500_000]));
        travelling(&mut document, [30_000, 60_000]);
        let travel = NationalTravelRules {
            window_ms: millis(8 * 3_600_000),
            thresholds: thresholds([30_000, 20_000]),
        };
        document.rulebook.national[0].travel_rule = Some(travel);
        let own = limit(
            "PKR",
            Direction::Debit,
            [None, Some(300_000), None],
            OnExceed::Refuse,
        );
        document.rulebook.national[0].limits = vec![own];
        document
    };
    let limited = {
        let mut document = tight.clone();
        // Long enough for a window to slide.
        document.rulebook.common.queue.waiting_max_ms = millis(30 * 3_600_000);
        document.rulebook.common.limits = limits();
        document
    };
    let mut all = vec![tight, rich, crowded, licensing, limited];
    // Payments here are small, so that several of two persons come to the threshold only together.
    travelling(&mut all[0], [25_000, 25_000]);
    // The network opens at 10:00 in Pakistan and at 11:00 in Kyrgyzstan.
    rest(
        &mut all[0],
        ("KG", "KGS", 11 * 60 + 20),
        EndOfDayAction::BlockNew,
    );
    rest(
        &mut all[1],
        ("PK", "PKR", 10 * 60 + 5),
        EndOfDayAction::SweepRedeem,
    );
    rest(&mut all[3], ("PK", "PKR", 13 * 60), EndOfDayAction::Hold);
    for document in &mut all {
        let recall = &mut document.rulebook.common.recall;
        (recall.window_ms, recall.answer_ms) = (HOUR, millis(1_800_000));
        let reason = "FRAD".parse().expect("a code");
        let window_ms = millis(5 * 3_600_000);
        recall.windows = vec![RecallWindow { reason, window_ms }];
        let exchange = &mut document.rulebook.common.exchange;
        (exchange.band_bps, exchange.quotes_max) = (500, 1);
    }
    all
}

/// Gives a currency a calendar in which its day ends at a minute of the first day, and Tuesday is a holiday.
fn rest(
    document: &mut GenesisDocument,
    (home, currency, ends_minute): (&str, &str, u16),
    end_of_day: EndOfDayAction,
) {
    let currency = code(currency);
    let most = Money {
        currency,
        amount: Amount::from_minor(60_000),
    };
    let rules = BusinessDayRules {
        currency,
        ends_minute,
        customer_cut_off_minute: None,
        weekend: vec![Weekday::Sat, Weekday::Sun],
        holidays: vec![date("2026-11-24")],
        end_of_day,
        foreign_holding_max: (end_of_day == EndOfDayAction::BlockNew).then_some(most),
    };
    let supervision = document.rulebook.common.supervision;
    let parts = &mut document.rulebook.national;
    if parts.is_empty() {
        parts.push(NationalRules::plain(country(home), true, supervision));
    }
    parts[0].business_days = vec![rules];
}

pub(crate) fn limit(
    currency: &str,
    direction: Direction,
    figures: [Option<u128>; 3],
    on_exceed: OnExceed,
) -> LimitRule {
    let [payment_max, day_max, holding_max] = figures.map(|one| one.map(Amount::from_minor));
    LimitRule {
        kind: ParticipantKind::Bank,
        currency: code(currency),
        direction,
        payment_max,
        day_max,
        holding_max,
        on_exceed,
    }
}
/// What banks may pay and receive in a day, and hold: little enough to be reached.
fn limits() -> Vec<LimitRule> {
    let (out, into) = (Direction::Debit, Direction::Credit);
    vec![
        limit(
            "KGS",
            out,
            [Some(900_000), Some(400_000), None],
            OnExceed::Wait,
        ),
        limit("KGS", into, [None, None, Some(300_000)], OnExceed::Wait),
        limit("PKR", out, [None, Some(300_000), None], OnExceed::Wait),
        limit("PKR", into, [None, Some(350_000), None], OnExceed::Refuse),
    ]
}

/// The least sums in soms and rupees to which the rule applies.
fn thresholds([soms, rupees]: [u128; 2]) -> Vec<Money> {
    let of = |currency: &str, minor| Money {
        currency: code(currency),
        amount: Amount::from_minor(minor),
    };
    vec![of("KGS", soms), of("PKR", rupees)]
}
fn travelling(document: &mut GenesisDocument, least: [u128; 2]) {
    document.rulebook.common.travel_rule = Some(TravelRules {
        window_ms: millis(6 * 3_600_000),
        waiting_max_ms: millis(1_800_000),
        attestation_max_ms: millis(6 * 3_600_000),
        thresholds: thresholds(least),
    });
}

pub(crate) fn corridor(from: Option<&str>, to: Option<&str>, purpose: &str) -> CorridorRule {
    CorridorRule {
        from: from.map(country),
        to: to.map(country),
        purpose: purpose.parse().expect("a code"),
        allowed: true,
        payment_max: Vec::new(),
        documents: false,
        report: false,
        law: None,
    }
}
/// A purpose, with a code of a national list.
pub(crate) fn purpose(code: &str, local: &[(&str, &str)]) -> PurposeCode {
    let local = local.iter().map(|(place, code)| LocalPurpose {
        jurisdiction: country(place),
        code: code.parse().expect("an identifier"),
    });
    PurposeCode {
        code: code.parse().expect("a code"),
        name: "A purpose".parse().expect("a sentence"),
        local: local.collect(),
    }
}
/// What customers may pay for between Pakistan and Kyrgyzstan, and to Kazakhstan from anywhere.
pub(crate) fn purposes() -> PurposeRules {
    let form = |place, digits| LocalForm {
        jurisdiction: country(place),
        digits,
    };
    let (pk, kg, kz) = (Some("PK"), Some("KG"), Some("KZ"));
    let goods = CorridorRule {
        payment_max: vec![Money {
            currency: code("PKR"),
            amount: Amount::from_minor(200_000),
        }],
        ..corridor(pk, kg, "GDDS")
    };
    let loans = CorridorRule {
        documents: true,
        ..corridor(pk, kg, "LOAN")
    };
    let wages = CorridorRule {
        allowed: false,
        ..corridor(pk, kg, "SALA")
    };
    PurposeRules {
        forms: vec![form("KG", 8), form("PK", 4)],
        codes: vec![
            purpose("GDDS", &[("KG", "55101010"), ("PK", "9101")]),
            purpose("LOAN", &[("PK", "9202")]),
            purpose("SALA", &[]),
        ],
        corridors: vec![
            corridor(None, kz, "GDDS"),
            corridor(kg, None, "GDDS"),
            CorridorRule {
                documents: true,
                ..corridor(kg, pk, "GDDS")
            },
            goods,
            loans,
            wages,
        ],
    }
}

fn activity(code: &str, permissions: &[Permission], no_objection: bool) -> Activity {
    Activity {
        code: code.parse().expect("an identifier"),
        name: "An activity".parse().expect("a sentence"),
        law: None,
        kinds: vec![ParticipantKind::Bank],
        permissions: permissions.into(),
        checklist: ["CAPITAL", "PLAN"]
            .map(|item| item.parse().expect("an identifier"))
            .into(),
        no_objection,
        term_max_ms: millis(365 * 86_400_000),
    }
}
/// PK licenses settlement, and the keeping of client money apart from it, and an order needs two signatures there. One of its
/// banks has both licences, the other a narrow one that ends soon.
fn licensing(mut document: GenesisDocument) -> GenesisDocument {
    document.rulebook.common.queue.cycle_blocks = 3;
    let mut supervision = document.rulebook.common.supervision;
    supervision.order_signers = 2;
    supervision.wind_down_ms = millis(3_600_000);
    let mut part = NationalRules::plain(country("PK"), true, supervision);
    let settlement = [
        Permission::InstitutionPayment,
        Permission::CustomerPayment,
        Permission::IssueAndRedemption,
        Permission::Exchange,
    ];
    part.activities = vec![
        activity("CUSTODY", &[Permission::ClientMoney], true),
        activity("SETTLEMENT", &settlement, false),
    ];
    document.rulebook.national = vec![part];
    let time = document.time;
    for participant in &mut document.participants {
        let licence = |activity: &str, hours: u64| GenesisLicence {
            activity: activity.parse().expect("an identifier"),
            scope: LicenceScope::default(),
            until: time.after(millis(hours * 3_600_000)),
        };
        if participant.lei == INDUS.lei() {
            participant.licences = vec![licence("CUSTODY", 30), licence("SETTLEMENT", 8_000)];
        }
        if participant.lei == RAVI.lei() {
            let mut narrow = licence("SETTLEMENT", 2);
            narrow.scope.corridors = vec![country("KG")];
            narrow.scope.payment_max = vec![Money {
                currency: code("PKR"),
                amount: Amount::from_minor(100_000),
            }];
            participant.licences = vec![narrow];
        }
    }
    document
}

/// The test network with these balances in turn, in minor units, where one maker is enough.
fn poor<const N: usize>(balances: [u128; N]) -> GenesisDocument {
    let mut document = network();
    let mut turn = balances.iter().cycle();
    for participant in &mut document.participants {
        for account in &mut participant.accounts {
            let balance = turn.next().expect("a circle has no end");
            account.opening = Amount::from_minor(*balance);
        }
        let bank = BANKS.iter().any(|bank| bank.lei() == participant.lei);
        if bank {
            participant.policy = vec![tier(None, 1, 0, 0)];
        }
    }
    document
}

/// The genesis of each, made once.
pub(crate) fn geneses() -> Vec<Genesis> {
    let genesis = |document| Genesis::new(document).expect("the document is sound");
    worlds().into_iter().map(genesis).collect()
}

/// The genesis that belongs to a seed: a quarter of the network with licences, a quarter of the one in which money is short, an
/// eighth of the one with limits.
pub(crate) fn of_seed(geneses: &[Genesis], seed: u64) -> &Genesis {
    match seed % 16 {
        0 | 8 | 12 => &geneses[1],
        1 | 9 | 13 => &geneses[2],
        2 | 3 | 10 | 11 => &geneses[3],
        4 | 5 => &geneses[4],
        _ => &geneses[0],
    }
}
