//! A rulebook with every field filled, its rows on the ledger, and emergency rules.

use super::{Book, every, hash, time, word};
use karwan_ledger::{
    Activity, BusinessDayRules, Clause, ClauseText, CommonRules, CorridorRule, Direction,
    EmergencyMeasure, EmergencyRecord, EndOfDayAction, LawReference, LimitRule, LocalForm,
    LocalPurpose, Money, NationalRules, NationalTravelRules, OnExceed, ParticipantKind, Permission,
    PurposeCode, PurposeRules, Quorum, RecallWindow, Rulebook, RulebookRecord, RulebookStatus,
    SupervisionRules, TravelRules,
};
use karwan_types::{Amount, DurationMs, InstructionHash, Weekday};

fn money(minor: u128) -> Money {
    Money {
        currency: word("PKR"),
        amount: Amount::from_minor(minor),
    }
}

fn activity() -> Activity {
    Activity {
        code: word("SETTLEMENT"),
        name: word("Settlement of payments"),
        law: Some(law()),
        kinds: vec![ParticipantKind::Bank, ParticipantKind::Vasp],
        permissions: vec![
            Permission::InstitutionPayment,
            Permission::CustomerPayment,
            Permission::IssueAndRedemption,
            Permission::Exchange,
            Permission::ClientMoney,
        ],
        checklist: vec![word("BUSINESS-PLAN"), word("CAPITAL")],
        no_objection: true,
        term_max_ms: DurationMs::from_millis(365 * 86_400_000),
    }
}

fn limit(direction: Direction) -> LimitRule {
    let holding = (direction == Direction::Credit).then_some(Amount::from_minor(900_000_000));
    LimitRule {
        kind: ParticipantKind::Bank,
        currency: word("PKR"),
        direction,
        payment_max: Some(Amount::from_minor(700_000_000)),
        day_max: Some(Amount::from_minor(800_000_000)),
        holding_max: holding,
        on_exceed: OnExceed::Wait,
    }
}

fn purposes() -> PurposeRules {
    let local = |country: &str, code: &str| LocalPurpose {
        jurisdiction: word(country),
        code: word(code),
    };
    let form = |country: &str, digits| LocalForm {
        jurisdiction: word(country),
        digits,
    };
    PurposeRules {
        forms: vec![form("KG", 8), form("PK", 4)],
        codes: vec![PurposeCode {
            code: word("GDDS"),
            name: word("Purchase and sale of goods"),
            local: vec![local("KG", "55101010"), local("PK", "9101")],
        }],
        corridors: vec![CorridorRule {
            // No payment of the golden network goes there.
            from: Some(word("KZ")),
            to: None,
            purpose: word("GDDS"),
            allowed: true,
            payment_max: vec![money(600_000_000)],
            documents: true,
            report: true,
            law: Some(law()),
        }],
    }
}

fn law() -> LawReference {
    LawReference {
        citation: word("PK VAA 2026 s.70"),
        dated: "2026-07-01".parse().unwrap(),
        verified: false,
    }
}

pub(super) fn rulebook() -> Rulebook {
    let mut rulebook = Rulebook::plain(
        DurationMs::from_millis(14_400_000),
        DurationMs::from_millis(86_400_000),
    );
    rulebook.common.settlement_methods = vec![word("CLRG"), word("INDA")];
    rulebook.common.payment_max = vec![money(800_000_000)];
    rulebook.common.recall.window_ms = DurationMs::from_millis(3_600_000);
    rulebook.common.recall.answer_ms = DurationMs::from_millis(1_800_000);
    rulebook.common.recall.windows = vec![RecallWindow {
        reason: word("FRAD"),
        window_ms: DurationMs::from_millis(7_200_000),
    }];
    rulebook.common.travel_rule = Some(TravelRules {
        window_ms: DurationMs::from_millis(86_400_000),
        waiting_max_ms: DurationMs::from_millis(3_600_000),
        attestation_max_ms: DurationMs::from_millis(7_200_000),
        thresholds: vec![money(28_000_000)],
    });
    rulebook.common.purposes = purposes();
    rulebook.national = vec![NationalRules {
        jurisdiction: word("PK"),
        domestic_payments: true,
        payment_max: vec![money(700_000_000)],
        activities: vec![activity()],
        supervision: SupervisionRules {
            order_signers: 2,
            freeze_max_ms: DurationMs::from_millis(86_400_000),
            wind_down_ms: DurationMs::from_millis(43_200_000),
        },
        business_days: vec![BusinessDayRules {
            currency: word("PKR"),
            ends_minute: 1_080,
            customer_cut_off_minute: Some(990),
            weekend: vec![Weekday::Sat, Weekday::Sun],
            holidays: vec![word("2026-12-25")],
            end_of_day: EndOfDayAction::BlockNew,
            foreign_holding_max: Some(money(900_000_000)),
        }],
        limits: vec![limit(Direction::Debit)],
        travel_rule: Some(NationalTravelRules {
            window_ms: DurationMs::from_millis(172_800_000),
            thresholds: vec![money(27_000_000)],
        }),
    }];
    rulebook.common.limits = vec![limit(Direction::Debit), limit(Direction::Credit)];
    let own = Clause {
        id: word("PK-10"),
        rule: word("4.10"),
        jurisdiction: Some(word("PK")),
        law: Some(law()),
        texts: vec![ClauseText {
            language: word("en"),
            hash: hash(9),
        }],
        quorum: Quorum::TwoThirds,
    };
    let place = rulebook
        .clauses
        .iter()
        .position(|clause| clause.rule.as_str() == "4.10")
        .unwrap();
    rulebook.clauses.insert(place + 1, own);
    rulebook.check().unwrap();
    rulebook
}

fn limits_and_purposes(book: &mut Book, common: &CommonRules) {
    book.value("LimitRule", &common.limits[1]);
    for (name, direction) in every!(Direction { Debit, Credit }) {
        book.value(name, &direction);
    }
    for (name, on_exceed) in every!(OnExceed { Wait, Refuse }) {
        book.value(name, &on_exceed);
    }
    let purposes = &common.purposes;
    book.value("PurposeRules", purposes);
    book.value("LocalForm", &purposes.forms[0]);
    book.value("PurposeCode", &purposes.codes[0]);
    book.value("LocalPurpose", &purposes.codes[0].local[0]);
    book.value("CorridorRule", &purposes.corridors[0]);
}

fn travel_and_days(book: &mut Book, rulebook: &Rulebook) {
    let (common, own) = (&rulebook.common, &rulebook.national[0]);
    book.value("TravelRules", common.travel_rule.as_ref().unwrap());
    book.value("NationalTravelRules", own.travel_rule.as_ref().unwrap());
    book.value("BusinessDayRules", &own.business_days[0]);
    let actions = every!(EndOfDayAction {
        Hold,
        SweepRedeem,
        BlockNew,
    });
    for (name, action) in actions {
        book.value(name, &action);
    }
}

pub(super) fn add(book: &mut Book) {
    let rulebook = rulebook();
    let common = &rulebook.common;
    book.value("Rulebook", &rulebook);
    book.value("CommonRules", common);
    book.value("QueueRules", &common.queue);
    book.value("RecallRules", &common.recall);
    book.value("ExchangeRules", &common.exchange);
    book.value("RecallWindow", &common.recall.windows[0]);
    book.value("NationalRules", &rulebook.national[0]);
    book.value("SupervisionRules", &rulebook.national[0].supervision);
    limits_and_purposes(book, common);
    travel_and_days(book, &rulebook);
    book.value("Activity", &rulebook.national[0].activities[0]);
    for (name, permission) in every!(Permission {
        InstitutionPayment,
        CustomerPayment,
        IssueAndRedemption,
        Exchange,
        ClientMoney,
    }) {
        book.value(name, &permission);
    }
    let own = rulebook
        .clauses
        .iter()
        .find(|clause| clause.law.is_some())
        .unwrap();
    book.value("Clause", own);
    book.value("LawReference", own.law.as_ref().unwrap());
    book.value("ClauseText", &own.texts[0]);
    book.value("Money", &money(5));
    for (name, quorum) in every!(Quorum { TwoThirds, All }) {
        book.value(name, &quorum);
    }
    let statuses = every!(RulebookStatus {
        Scheduled,
        Active,
        Superseded,
        Lapsed,
    });
    for (name, status) in statuses {
        book.value(name, &status);
    }
    let record = RulebookRecord {
        rulebook,
        status: RulebookStatus::Scheduled,
        diff_from: 2,
        activates: time(5),
        proposal: Some(InstructionHash(hash(3))),
    };
    book.value("RulebookRecord", &record);
    let measures = every!(EmergencyMeasure {
        PaymentMax => EmergencyMeasure::PaymentMax(money(7)),
        CorridorStop => EmergencyMeasure::CorridorStop { other: word("KG") },
    });
    for (name, measure) in measures {
        book.value(name, &measure);
        let record = EmergencyRecord {
            measure,
            until: time(6),
            legal_basis: word("an act of PK"),
            order_hash: hash(4),
        };
        book.value(&format!("EmergencyRecord/{name}"), &record);
    }
}
