//! Every kind can be filled, and the ledger takes most kinds.

use super::super::{Origin, Thinker};
use super::{Around, Field, Filler};
use crate::clock::true_time;
use crate::plan::{Choices, Plan};
use crate::town::{Town, key_of};
use karwan_ledger::{BlockSeat, Operation, Role, State, Transaction, VerifiedTransaction};
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, Bic, CurrencyCode, DurationMs, ExternalCode, Hash,
    Height, JurisdictionCode, Lei, PayloadRecipient, PublicKey, Sentence, Timestamp,
    TransactionStatus, Uetr,
};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Instructions of each kind that are filled from one state.
const FILLED_EACH: usize = 200;
/// Blocks of a short history, and instructions in each.
const BLOCKS: u64 = 120;
const IN_A_BLOCK: usize = 4;
/// Of the kinds that there are at least so many must be accepted in a short history.
const ACCEPTED_MIN: usize = 12;

/// A town and its ledger, without a network.
struct Bench {
    seed: u64,
    town: Town,
    state: State,
    rng: fastrand::Rng,
    plan: Plan,
    now_ms: u64,
    references: Vec<Uetr>,
    accepted: BTreeSet<String>,
}

impl Bench {
    fn new(seed: u64) -> Self {
        let plan = Plan::new(seed, Choices::default());
        let town = Town::new(&plan.powers, plan.retention_ms);
        Self {
            seed,
            state: town.genesis.state.clone(),
            town,
            rng: fastrand::Rng::with_seed(seed),
            plan,
            now_ms: 0,
            references: Vec::new(),
            accepted: BTreeSet::new(),
        }
    }

    fn thinker(&mut self) -> Thinker<'_> {
        Thinker {
            town: &mut self.town,
            state: &self.state,
            rng: &mut self.rng,
            plan: &self.plan,
            time: true_time(self.now_ms),
            references: &self.references,
        }
    }

    /// One block of filled instructions, all kinds alike.
    fn block(&mut self) {
        let kinds = Operation::NAMES;
        let chain = self.town.genesis.chain_id;
        let valid_until = true_time(self.now_ms).after(DurationMs::from_millis(30_000));
        let mut transactions = Vec::new();
        for _ in 0..IN_A_BLOCK {
            let kind = kinds[self.rng.usize(0..kinds.len())];
            let (operation, signers, _) = self.thinker().by_description(kind);
            let mut transaction = Transaction::unsigned(chain, operation, valid_until);
            for signer in signers {
                transaction = transaction.signed_by(self.town.key(signer));
            }
            transactions
                .extend(VerifiedTransaction::from_encoded(transaction.to_encoded(), &chain).ok());
        }
        self.now_ms += 300;
        let seat = BlockSeat {
            parent: Hash::from_bytes([0; 32]),
            time: true_time(self.now_ms),
            proposer: key_of("validator 0").public_key(),
        };
        let draft = self.state.draft(&seat, &transactions);
        let accepted = draft.outcomes.iter().filter(|outcome| {
            matches!(
                outcome.status,
                TransactionStatus::Acsc | TransactionStatus::Pdng | TransactionStatus::Patc
            )
        });
        for outcome in accepted {
            let brought = transactions
                .iter()
                .find(|transaction| Some(transaction.id()) == outcome.transaction);
            if let Some(transaction) = brought {
                let name = transaction.transaction().operation.name();
                self.accepted.insert(name.to_owned());
            }
        }
        self.state = draft.state;
    }

    fn short_history(seed: u64) -> Self {
        let mut bench = Self::new(seed);
        for _ in 0..BLOCKS {
            bench.block();
        }
        bench
    }
}

/// A rule of the ledger itself may fail, so the seed is named by whoever fails.
impl Drop for Bench {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {} at {} ms", self.seed, self.now_ms);
        }
    }
}

#[test]
fn every_kind_can_be_filled_from_its_description() {
    for seed in 1..=3 {
        let mut bench = Bench::short_history(seed);
        for kind in Operation::NAMES {
            let filled = (0..FILLED_EACH)
                .map(|_| bench.thinker().filled(kind))
                .filter(|(_, origin)| *origin == Origin::Filled)
                .count();
            assert!(filled > 0, "no {kind} could be filled");
        }
    }
}

#[test]
fn the_ledger_accepts_filled_instructions_of_most_kinds() {
    for seed in 1..=5 {
        let bench = Bench::short_history(seed);
        let kinds = bench.accepted.len();
        assert!(
            kinds >= ACCEPTED_MIN,
            "only {kinds} kinds were accepted: {:?}",
            bench.accepted
        );
    }
}

/// Every shape that the fields of an instruction can have.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Shapes {
    yes: bool,
    small: u8,
    large: u64,
    signed: i16,
    height: Height,
    lasts: DurationMs,
    lei: Lei,
    bic: Option<Bic>,
    recipient: Option<PayloadRecipient>,
    account: AccountNumber,
    role: Role,
    role_if_any: Option<Role>,
    tier: Option<(CurrencyCode, Amount)>,
    tiers: Vec<(CurrencyCode, Amount)>,
    caps: BTreeMap<CurrencyCode, Amount>,
    jurisdictions: Vec<JurisdictionCode>,
    change: Change,
    changes: Vec<Change>,
    change_if_any: Option<Change>,
    three: [Hash; 3],
    #[schemars(length(min = 1, max = 2))]
    few: Vec<PublicKey>,
    free: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
enum Change {
    Nothing,
    Bounds(Amount, Amount),
    Rename(Sentence),
    Move {
        agent: AgentIdentification,
        uetr: Uetr,
        until: Option<Timestamp>,
        code: ExternalCode,
    },
}

#[test]
fn every_shape_of_a_field_can_be_filled() {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let description = settings
        .into_generator()
        .into_root_schema_for::<Shapes>()
        .to_value();
    let mut bench = Bench::short_history(11);
    for example in [
        None,
        Some(&json!({ "changes": [{ "Rename": "so" }, "Nothing"], "small": 250 })),
    ] {
        for _ in 0..FILLED_EACH {
            let field = Field {
                name: "",
                description: &description,
                example,
            };
            let mut thinker = bench.thinker();
            let around = Around::new(&mut thinker);
            let mut filler = Filler {
                thinker: &mut thinker,
                spoiled: true,
            };
            let filled = filler.value(field, &around);
            let shapes: Result<Shapes, _> = serde_json::from_value(filled.clone());
            let shapes = shapes.unwrap_or_else(|error| panic!("{error}: {filled:#}"));
            assert!((1..=2).contains(&shapes.few.len()), "{shapes:?}");
        }
    }
}

#[test]
fn a_seed_fills_the_same_instructions_again() {
    let (mut one, mut other) = (Bench::short_history(7), Bench::short_history(7));
    assert_eq!(one.state.root(), other.state.root());
    for kind in Operation::NAMES {
        let first = one.thinker().by_description(kind);
        assert_eq!(first, other.thinker().by_description(kind));
    }
}
