//! The books of accounts over several business days: what the node answers is what happened, and can be checked.

use crate::fake::{Fake, Node};
use crate::world::{account, lei, signed, terms};
use karwan_ledger::{Account, Pay};
use karwan_rpc::{
    AccountGetParams, Client, EntryView, StatementView, StatementsEntriesParams,
    StatementsGetParams, StatementsListParams, View,
};
use karwan_types::{
    AccountNumber, Date, DurationMs, Hash, Height, SealedDay, StatementEntry, Timestamp, Uetr,
    decode, follow_entry,
};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

const BANKS: [&str; 3] = ["ALFA", "BRAVO", "DELTA"];
const HOUR_MS: u64 = 3_600_000;
/// The home of every currency in the world of the tests, east of Greenwich.
const OFFSET: DurationMs = DurationMs::from_millis(5 * HOUR_MS);

/// The balances at the beginning and at the end of the days on which an account moved.
type Days = BTreeMap<(String, Date), (i128, i128)>;

fn now(fake: &Fake) -> Timestamp {
    use karwan_rpc::Backend as _;
    fake.snapshot().state.chain().time
}

fn posted(fake: &Fake, bank: &str) -> i128 {
    use karwan_rpc::Backend as _;
    let state = fake.snapshot().state.clone();
    state.account(&account(bank, "PKR")).unwrap().posted
}

/// Some payments between random banks, and a block of them after a while; what moved goes into the days.
fn block(fake: &Fake, random: &mut fastrand::Rng, days: &mut Days) {
    let step = match random.u8(..6) {
        0 => random.u64(24 * HOUR_MS..72 * HOUR_MS),
        1 => random.u64(8 * HOUR_MS..20 * HOUR_MS),
        _ => random.u64(1..HOUR_MS),
    };
    let valid_until = now(fake).after(DurationMs::from_millis(24 * HOUR_MS));
    let mut payments = Vec::new();
    for _ in 0..random.usize(..4) {
        let from = random.usize(..3);
        let to = (from + random.usize(1..3)) % 3;
        let mut payment = terms(BANKS[from], BANKS[to], "PKR", random.u128(1..=100_000), 1);
        payment.uetr = Uetr::from_random_bytes(random.u128(..).to_le_bytes());
        let maker = format!("{}/MAKER", BANKS[from]);
        payments.push(signed(fake.chain, Pay { payment }, valid_until, &[&maker]));
    }
    let before: Vec<i128> = BANKS.iter().map(|bank| posted(fake, bank)).collect();
    // The banks answer at once; the block stands a while later.
    for payment in &payments {
        fake.commit_all(std::slice::from_ref(payment));
    }
    fold(fake, &before, days);
    let before: Vec<i128> = BANKS.iter().map(|bank| posted(fake, bank)).collect();
    fake.commit_after(step);
    fold(fake, &before, days);
}

/// Whatever is different since, on the date that it is in the currency's home.
fn fold(fake: &Fake, before: &[i128], days: &mut Days) {
    let date = now(fake).after(OFFSET).date();
    for (bank, before) in BANKS.iter().zip(before) {
        let after = posted(fake, bank);
        if after != *before {
            let day = days
                .entry(((*bank).to_owned(), date))
                .or_insert((*before, *before));
            day.1 = after;
        }
    }
}

async fn list(client: &Client, number: &AccountNumber) -> (Date, Vec<StatementView>) {
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let params = StatementsListParams {
            account: View(number.clone()),
            after,
            limit: Some(3),
            at_least_height: None,
        };
        let page = client.statements_list(params).await.unwrap();
        after = page.statements.last().map(|last| last.date);
        found.extend(page.statements);
        if !page.more {
            return (page.business_date.0, found);
        }
    }
}

async fn day(client: &Client, number: &AccountNumber, date: Option<Date>) -> StatementView {
    let params = StatementsGetParams {
        account: View(number.clone()),
        date: date.map(View),
        at_least_height: None,
    };
    client.statements_get(params).await.unwrap().statement
}

/// The entries of a day, oldest first.
async fn entries(client: &Client, number: &AccountNumber, date: Date) -> Vec<EntryView> {
    let (mut before, mut found) = (None, Vec::new());
    loop {
        let params = StatementsEntriesParams {
            account: View(number.clone()),
            date: Some(View(date)),
            uetr: None,
            before,
            limit: Some(2),
            at_least_height: None,
        };
        let page = client.statements_entries(params).await.unwrap();
        found.extend(page.entries);
        before = page.next_before;
        if before.is_none() {
            found.reverse();
            return found;
        }
    }
}

fn minor(text: &str) -> i128 {
    text.parse().unwrap()
}

fn sealed(view: &StatementView) -> SealedDay {
    SealedDay {
        date: view.date.0,
        opening: minor(&view.opening.minor),
        closing: minor(&view.closing.minor),
        entries: view.entries,
        digest: view.digest.0,
    }
}

/// Opening and entries lead to closing and digest.
async fn check_entries(client: &Client, number: &AccountNumber, view: &StatementView) {
    let (mut balance, mut digest, mut count) = (minor(&view.opening.minor), Hash::ZERO, 0);
    for one in entries(client, number, view.date.0).await {
        assert!(one.time.0 >= view.from.0 && view.until.is_none_or(|until| one.time.0 < until.0));
        let amount = minor(&one.amount.minor);
        balance += amount;
        count += 1;
        let entry = StatementEntry {
            height: Height::new(one.height),
            agent: one.agent.0,
            uetr: one.uetr.0,
            counterparty: one.counterparty.0,
            amount,
            balance,
        };
        digest = follow_entry(digest, &entry);
    }
    assert_eq!(
        balance,
        minor(&view.closing.minor),
        "{number} {}",
        view.date
    );
    assert_eq!((digest, count), (view.digest.0, view.entries), "{number}");
}

async fn row(client: &Client, number: &AccountNumber) -> Account {
    let params = AccountGetParams {
        account: View(number.clone()),
        at_least_height: None,
    };
    let answer = client.account_get(params).await.unwrap();
    decode(&hex::decode(answer.value).unwrap(), 100_000).unwrap()
}

/// Every statement of a bank against what happened, and against its row on the ledger.
async fn check_bank(client: &Client, bank: &str, days: &Days, seed: u64) {
    let number = account(bank, "PKR");
    let (today, views) = list(client, &number).await;
    let happened: Vec<(Date, i128, i128)> = days
        .iter()
        .filter(|((name, date), _)| name == bank && *date < today)
        .map(|((_, date), (opening, closing))| (*date, *opening, *closing))
        .collect();
    let told: Vec<(Date, i128, i128)> = views
        .iter()
        .map(sealed)
        .filter(|day| day.opening != day.closing || happened.iter().any(|one| one.0 == day.date))
        .map(|day| (day.date, day.opening, day.closing))
        .collect();
    assert_eq!(told, happened, "{bank}, seed {seed}");
    let row = row(client, &number).await;
    let all: Vec<SealedDay> = views.iter().map(sealed).collect();
    for (index, view) in views.iter().enumerate() {
        check_entries(client, &number, view).await;
        assert_eq!(day(client, &number, Some(view.date.0)).await, *view);
        let later: Vec<SealedDay> = all[index + 1..]
            .iter()
            .filter(|day| day.date < row.day.date)
            .cloned()
            .collect();
        let own = row.day.date == view.date.0
            && row.day.closed(row.posted) == all[index]
            && row.day.before == view.before.0;
        assert!(
            own || row.day.follows(view.before.0, &all[index], &later),
            "{bank} {}, seed {seed}",
            view.date
        );
    }
    let present = day(client, &number, None).await;
    assert_eq!((present.date.0, present.seal), (today, None));
    assert_eq!(minor(&present.closing.minor), row.posted);
    check_entries(client, &number, &present).await;
}

#[tokio::test]
async fn opening_and_entries_are_closing_for_every_account_and_day_of_random_histories() {
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    for round in 0..6 {
        let seed = seed.wrapping_add(round);
        let mut random = fastrand::Rng::with_seed(seed);
        let fake = Fake::new();
        let node = Node::start_with(fake.clone(), |_| {}).await;
        let client = node.client("SBP/ACCESS").await;
        let mut days = Days::new();
        for _ in 0..12 {
            block(&fake, &mut random, &mut days);
            if random.bool() {
                // What was read once is gone on from; the index may be behind.
                let back = random.u64(..4);
                let height = node.fake.height().saturating_sub(back);
                fake.indexed_to.store(height, Ordering::SeqCst);
                let bank = BANKS[random.usize(..3)];
                check_bank(&client, bank, &days, seed).await;
                fake.indexed_to.store(u64::MAX, Ordering::SeqCst);
            }
        }
        // A server that has read nothing yet says the same.
        let fresh = Node::start_with(fake.clone(), |_| {}).await;
        let client_fresh = fresh.client("SBP/ACCESS").await;
        for bank in BANKS {
            check_bank(&client, bank, &days, seed).await;
            let number = account(bank, "PKR");
            assert_eq!(
                list(&client, &number).await,
                list(&client_fresh, &number).await
            );
        }
    }
}

/// One payment of 700 from ALFA to BRAVO, then a day on which nothing moves, then a third day.
async fn three_days() -> (std::sync::Arc<Fake>, Node, [Date; 3]) {
    let fake = Fake::new();
    let node = Node::start_with(fake.clone(), |_| {}).await;
    let first = now(&fake).after(OFFSET).date();
    let valid_until = now(&fake).after(DurationMs::from_millis(HOUR_MS));
    let payment = terms("ALFA", "BRAVO", "PKR", 700, 9);
    fake.commit_all(&[signed(
        fake.chain,
        Pay { payment },
        valid_until,
        &["ALFA/MAKER"],
    )]);
    let second = first.tomorrow().unwrap();
    fake.commit_after(24 * HOUR_MS);
    fake.commit_after(24 * HOUR_MS);
    (fake, node, [first, second, second.tomorrow().unwrap()])
}

#[tokio::test]
async fn a_day_without_entries_has_its_balance_and_no_seal() {
    let (_, node, [first, second, third]) = three_days().await;
    let client = node.client("ALFA/ACCESS").await;
    let number = account("ALFA", "PKR");
    let moved = day(&client, &number, Some(first)).await;
    let quiet = day(&client, &number, Some(second)).await;
    assert_eq!(quiet.opening, moved.closing);
    assert_eq!((&quiet.closing, quiet.entries), (&quiet.opening, 0));
    assert_eq!(Some(quiet.before), moved.seal);
    assert_eq!(quiet.seal, None);
    assert!(quiet.sealed_height.is_some());
    let present = day(&client, &number, Some(third)).await;
    assert_eq!((present.sealed_height, present.entries), (None, 0));
    assert_eq!(list(&client, &number).await.1, [moved]);
}

#[tokio::test]
async fn a_day_that_is_none_and_two_questions_at_once_are_refused() {
    let (_, node, [first, _, third]) = three_days().await;
    let client = node.client("ALFA/ACCESS").await;
    let number = account("ALFA", "PKR");
    let params = |date: Option<Date>, uetr: Option<Uetr>| StatementsEntriesParams {
        account: View(number.clone()),
        date: date.map(View),
        uetr: uetr.map(View),
        before: None,
        limit: None,
        at_least_height: None,
    };
    let reference = crate::world::uetr(9);
    for wrong in [
        params(third.tomorrow(), None),
        params(first.yesterday(), None),
        params(Some(first), Some(reference)),
    ] {
        assert!(client.statements_entries(wrong).await.is_err());
    }
    let found = client
        .statements_entries(params(None, Some(reference)))
        .await
        .unwrap()
        .entries;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].amount.minor, "-700");
    assert_eq!(found[0].counterparty.0, account("BRAVO", "PKR"));
    assert_eq!(found[0].creditor_agent.map(|one| one.0), Some(lei("BRAVO")));
}

#[tokio::test]
async fn an_index_that_lost_an_entry_gives_no_statement() {
    let (fake, node, [first, ..]) = three_days().await;
    fake.forgets(Some(Height::new(1)));
    let client = node.client("ALFA/ACCESS").await;
    let number = account("ALFA", "PKR");
    let params = StatementsGetParams {
        account: View(number.clone()),
        date: Some(View(first)),
        at_least_height: None,
    };
    assert!(client.statements_get(params.clone()).await.is_err());
    // What was derived wrongly is not kept.
    fake.forgets(None);
    let answer = client.statements_get(params).await.unwrap();
    assert_eq!(answer.statement.entries, 1);
}
