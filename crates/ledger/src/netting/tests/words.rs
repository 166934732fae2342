//! Pools and results in words, for the examples by hand.
//!
//! Accounts: `a 100 urgent 60 high 30, a:client 5, a/KGS 7`; what stands before a colon is the party. Limits: `a>b 30`. The
//! queue: `URGT a>b 100; NORM a>b 5 + b/KGS>a/KGS 7`. Results: `single 0; multilateral 1 2`.

use super::super::*;

#[derive(Debug)]
pub(super) struct Words {
    accounts: String,
    limits: String,
    queue: String,
}

impl Words {
    pub(super) fn new(accounts: &str, queue: &str) -> Self {
        Self {
            accounts: accounts.to_owned(),
            limits: String::new(),
            queue: queue.to_owned(),
        }
    }

    pub(super) fn limits(mut self, limits: &str) -> Self {
        self.limits = limits.to_owned();
        self
    }

    pub(super) fn pool(&self) -> Pool {
        let mut names: Vec<&str> = Vec::new();
        let mut parties: Vec<&str> = Vec::new();
        let mut positions = Vec::new();
        for account in items(&self.accounts, ",") {
            let words: Vec<&str> = account.split_whitespace().collect();
            let party = words[0].split(':').next().unwrap();
            if !parties.contains(&party) {
                parties.push(party);
            }
            let reserved = |class: &str| {
                let place = words.iter().position(|word| *word == class);
                place.map_or(0, |place| words[place + 1].parse().unwrap())
            };
            names.push(words[0]);
            positions.push(Position {
                available: words[1].parse().unwrap(),
                reserved_urgent: reserved("urgent"),
                reserved_high: reserved("high"),
                party: index(&parties, party),
            });
        }
        let limit = |text| {
            let (debtor, creditor, headroom) = movement(text);
            let parties = (index(&parties, debtor), index(&parties, creditor));
            (parties, headroom)
        };
        Pool {
            positions,
            limits: items(&self.limits, ",").map(limit).collect(),
            entries: items(&self.queue, ";")
                .map(|text| entry(&names, text))
                .collect(),
        }
    }
}

/// Postings in words.
pub(super) fn tell(postings: &[Posting]) -> String {
    let posting = |posting: &Posting| {
        let step = match posting.step {
            Step::Single => "single",
            Step::Bilateral => "bilateral",
            Step::Multilateral => "multilateral",
        };
        let entries = posting.entries.iter().map(|entry| format!(" {entry}"));
        format!("{step}{}", entries.collect::<String>())
    };
    let told: Vec<String> = postings.iter().map(posting).collect();
    told.join("; ")
}

fn entry(names: &[&str], text: &str) -> Entry {
    let (class, legs) = text.split_once(' ').unwrap();
    let leg = |text| {
        let (debit, credit, amount) = movement(text);
        Leg {
            debit: index(names, debit),
            credit: index(names, credit),
            amount,
        }
    };
    Entry {
        class: match class {
            "URGT" => Priority::Urgt,
            "HIGH" => Priority::High,
            "NORM" => Priority::Norm,
            other => panic!("{other} is no class"),
        },
        legs: items(legs, "+").map(leg).collect(),
    }
}

fn movement(text: &str) -> (&str, &str, i128) {
    let (names, amount) = text.split_once(' ').unwrap();
    let (from, to) = names.split_once('>').unwrap();
    (from, to, amount.parse().unwrap())
}

fn items<'a>(text: &'a str, separator: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(separator)
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

fn index(names: &[&str], name: &str) -> usize {
    let found = names.iter().position(|other| *other == name);
    found.unwrap_or_else(|| panic!("{name} is not known"))
}
