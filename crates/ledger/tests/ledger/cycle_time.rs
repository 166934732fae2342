//! How long a whole liquidity-saving cycle takes, with everything that the ledger does around the mechanism: the rules are
//! applied again to everything that waits, the money is posted, each payment has its record and its outcome. Promised: 5,000
//! entries of 200 participants in 4 currencies stay under 50 ms on one core. What a block does with any payments that settled in
//! it, which is to hash its outcomes and the rows that changed, is not the cycle's and comes on top.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "this test tells how long a cycle takes; the ledger itself sees no clock"
)]

use crate::support::*;
use karwan_ledger::{
    AccountClass, AccountStatus, Genesis, GenesisAccount, GenesisDocument, GenesisKey,
    GenesisParticipant, OnShortage, ParticipantKind, PayBulk, PaymentKind, Priority, Role,
    Transaction,
};
use karwan_types::{
    AgentIdentification, Amount, Hash, HashDomain, Lei, SecretKey, hash_of, mod_97,
};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const ENTRIES: usize = 5_000;
const PARTICIPANTS: usize = 200;
const CURRENCIES: [&str; 4] = ["PKR", "KGS", "KZT", "UZS"];
/// Three times the promise: other tests run beside this one and take its memory and half of its core. The printed time is the
/// result; alone on a quiet machine it is the promised one.
const CYCLE_GENEROUS: Duration = Duration::from_millis(150);
const RUNS: u32 = 10;
/// What every account opens with: less than any of the payments.
const OPENING: u128 = 1_000_000;

fn lei(number: usize) -> Lei {
    let head = format!("{:0<18}", format!("CYCLE{number:03}X"));
    let rest = mod_97(&format!("{head}00")).expect("capital letters and digits");
    format!("{head}{:02}", 98 - rest)
        .parse()
        .expect("a sound LEI")
}
fn secret(number: usize) -> SecretKey {
    let hash: Hash = hash_of(HashDomain::Payload, &[format!("cycle {number}").as_bytes()]);
    SecretKey::from_seed(hash.as_bytes())
}
/// The test network with 200 banks more, each with an account in every currency.
fn document() -> GenesisDocument {
    let mut document = network();
    let queue = &mut document.rulebook.common.queue;
    (queue.cycle_blocks, queue.cycle_length) = (0, 0);
    queue.account_entries_max = 5_000;
    for currency in &mut document.currencies {
        currency.supply_cap = Amount::from_minor(u128::from(u64::MAX));
    }
    for number in 0..PARTICIPANTS {
        let account = |currency: &&str| GenesisAccount {
            number: account(&format!("CYCLE-{number:03}-{currency}")),
            currency: code(currency),
            class: AccountClass::Settlement,
            status: AccountStatus::Open,
            opening: Amount::from_minor(OPENING),
        };
        document.participants.push(GenesisParticipant {
            lei: lei(number),
            name: format!("Bank {number}").parse().expect("a sentence"),
            bic: None,
            jurisdiction: country("PK"),
            kind: ParticipantKind::Bank,
            members: Vec::new(),
            payload_recipient: None,
            policy: vec![tier(None, 1, 0, 0)],
            keys: vec![GenesisKey {
                key: secret(number).public_key(),
                role: Role::Maker,
            }],
            accounts: CURRENCIES.iter().map(account).collect(),
            licences: Vec::new(),
        });
    }
    document
}

/// How long this thread has had a processor: other tests run beside it. Where the system does not tell, the time that has passed.
fn processor_time() -> Duration {
    static BEGINNING: OnceLock<Instant> = OnceLock::new();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split_whitespace().next()?.parse().ok());
    let passed = BEGINNING.get_or_init(Instant::now);
    nanos.map_or_else(|| passed.elapsed(), Duration::from_nanos)
}

/// Payments of all classes between everybody, which wait because nobody has enough for any of them.
fn waiting(chain: &mut Chain, seed: u64, classes: &[Priority]) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bulks: Vec<Transaction> = Vec::new();
    for (number, currency) in (0..PARTICIPANTS * CURRENCIES.len())
        .map(|place| (place % PARTICIPANTS, CURRENCIES[place / PARTICIPANTS]))
    {
        let payment = |place: usize| {
            let creditor = (number + random.usize(1..PARTICIPANTS)) % PARTICIPANTS;
            let mut terms = terms(INDUS, RAVI, &format!("1 {currency}"), "");
            terms.kind = PaymentKind::FinancialInstitution;
            terms.uetr = uetr(&format!("{seed}/{number}/{currency}/{place}"));
            terms.debtor_agent = AgentIdentification::Lei(lei(number));
            terms.creditor_agent = AgentIdentification::Lei(lei(creditor));
            terms.amount = Amount::from_minor(random.u128(OPENING + 1..2 * OPENING));
            terms.on_shortage = OnShortage::Queue;
            terms.priority = classes[random.usize(0..classes.len())];
            terms
        };
        // 25 of each participant: seven in one currency, six in each of the others.
        let count = if currency == CURRENCIES[number % CURRENCIES.len()] {
            7
        } else {
            6
        };
        let payments = (0..count).map(payment).collect();
        bulks.push(chain.sign(PayBulk { payments }, &[secret(number)]));
    }
    for some in bulks.chunks(200) {
        let verified: Vec<_> = some
            .iter()
            .map(|one| chain.verify(one).expect("its form is right"))
            .collect();
        chain.block_unaudited(&verified);
    }
    assert_eq!(chain.state.queue().count(), ENTRIES, "all of them wait");
}

#[test]
fn a_whole_cycle_over_five_thousand_entries_takes_less_than_fifty_milliseconds() {
    use Priority::{High, Norm, Urgt};
    let cases: [(&str, &[Priority]); 2] = [
        ("one class", &[Norm]),
        (
            "all classes",
            &[Urgt, High, High, Norm, Norm, Norm, Norm, Norm],
        ),
    ];
    for (name, classes) in cases {
        let genesis = Genesis::new(document()).expect("the document is sound");
        let mut chain = Chain::from_genesis(&genesis);
        waiting(&mut chain, 5, classes);
        let mut settled = 0;
        let start = processor_time();
        for _ in 0..RUNS {
            let cycle = chain.state.preview_cycle().expect("something waits");
            assert_eq!(cycle.entries, u32::try_from(ENTRIES).unwrap(), "{name}");
            settled = cycle.settled.iter().sum::<u32>();
        }
        let one = processor_time().saturating_sub(start) / RUNS;
        println!(
            "a cycle over {ENTRIES} entries of {PARTICIPANTS} participants in {} currencies, {name}: \
             {settled} settle, {one:?} of one processor, the mean of {RUNS}",
            CURRENCIES.len(),
        );
        assert!(settled > 250, "{name}: only {settled} settle");
        assert!(one < CYCLE_GENEROUS, "{name}: {one:?}");
    }
}
