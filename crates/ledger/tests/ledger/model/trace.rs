//! What went into a sequence, so that it can be done again without an author, made shorter, and read.

use super::{Model, Seen};
use crate::support::*;
use karwan_ledger::{
    Genesis, Operation, PaymentTerms, Transaction, VerifiedTransaction, instruction_hash,
};
use karwan_types::{SecretKey, Timestamp};
use std::cell::Cell;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// One block as it was offered.
#[derive(Clone)]
pub(crate) struct Offer {
    pub(crate) time: Timestamp,
    /// Whether the ledger goes on from a checkpoint of itself.
    pub(crate) restored: bool,
    /// Whether a validator that was restored a moment ago executes the block again.
    pub(crate) audited: bool,
    pub(crate) transactions: Vec<Transaction>,
}

/// Puts one block before the ledger and the model, and requires that they agree.
pub(crate) fn step(chain: &mut Chain, model: &mut Model, offer: &Offer) -> Seen {
    if offer.restored {
        chain.restore();
    }
    chain.at(offer.time);
    let verified: Vec<VerifiedTransaction> = offer
        .transactions
        .iter()
        .map(|one| chain.verify(one).expect("its form is right"))
        .collect();
    step_verified(chain, model, offer, &verified)
}
/// The same with transactions whose signatures were checked.
pub(crate) fn step_verified(
    chain: &mut Chain,
    model: &mut Model,
    offer: &Offer,
    verified: &[VerifiedTransaction],
) -> Seen {
    let outcomes = if offer.audited {
        chain.block_of(verified)
    } else {
        chain.block_unaudited(verified)
    };
    let seen = Seen::of_chain(chain, &outcomes);
    let included = model.block(offer.time.millis(), &offer.transactions);
    if let Some(difference) = seen.difference(&Seen::of_model(model, included)) {
        panic!(
            "the ledger and the model differ at height {}: {difference}",
            chain.state.chain().height
        );
    }
    seen
}

/// What goes wrong with a sequence, if anything does.
fn problem(genesis: &Genesis, offers: &[Offer]) -> Option<String> {
    let run = || {
        let mut chain = Chain::from_genesis(genesis);
        let mut model = Model::new(genesis.document());
        for offer in offers {
            step(&mut chain, &mut model, offer);
        }
    };
    let panic = quietly(run).err()?;
    Some(words_of(&*panic))
}

/// Runs something that is expected to panic, and keeps its words off the screen.
pub(crate) fn quietly<T>(run: impl FnOnce() -> T) -> std::thread::Result<T> {
    thread_local! {
        static QUIET: Cell<bool> = const { Cell::new(false) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                usual(info);
            }
        }));
    });
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(run));
    QUIET.set(false);
    result
}

/// What a panic said.
pub(crate) fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "a panic without words".to_owned())
}

/// Leaves out whatever is not needed for something to go wrong, and tells what is left in words.
pub(crate) fn shortest(genesis: &Genesis, mut offers: Vec<Offer>) -> String {
    let mut told = problem(genesis, &offers);
    if told.is_none() {
        return "the sequence goes well without its author".to_owned();
    }
    let mut place = 0;
    while place < offers.len() {
        let mut fewer = offers.clone();
        fewer.remove(place);
        match problem(genesis, &fewer) {
            Some(problem) => (offers, told) = (fewer, Some(problem)),
            None => place += 1,
        }
    }
    for block in 0..offers.len() {
        let mut place = 0;
        while place < offers[block].transactions.len() {
            let mut fewer = offers.clone();
            fewer[block].transactions.remove(place);
            match problem(genesis, &fewer) {
                Some(problem) => (offers, told) = (fewer, Some(problem)),
                None => place += 1,
            }
        }
    }
    let mut text = String::from("the shortest sequence in which something goes wrong:\n");
    for offer in &offers {
        let restored = if offer.restored { ", restored" } else { "" };
        writeln!(text, "  block at {}{restored}", offer.time).expect("a string takes it");
        for transaction in &offer.transactions {
            writeln!(text, "    {}", words(genesis, transaction)).expect("a string takes it");
        }
    }
    text + &told.unwrap_or_default()
}

fn words(genesis: &Genesis, transaction: &Transaction) -> String {
    let operation = &transaction.operation;
    let terms = super::kinds::payments_of(operation);
    let mut text = format!(
        "{} {} by {} until {}",
        operation.name(),
        instruction_hash(&genesis.chain_id, operation),
        transaction.signatures.len(),
        transaction.valid_until
    );
    if terms.is_empty() {
        write!(text, " {operation:?}").expect("a string takes it");
    }
    for one in terms {
        write!(text, "\n      {}", payment(one)).expect("a string takes it");
    }
    if let Operation::Hold(hold) = operation {
        write!(text, " held until {}", hold.expires).expect("a string takes it");
    }
    text
}
fn payment(terms: &PaymentTerms) -> String {
    let mut text = format!(
        "{} {} to {} {} {} {:?} {:?} {:?}",
        terms.uetr,
        terms.debtor_agent,
        terms.creditor_agent,
        terms.amount.to_decimal(terms.currency),
        terms.currency,
        terms.priority,
        terms.on_shortage,
        terms.kind
    );
    for (name, account) in [
        ("from", &terms.debtor_account),
        ("to", &terms.creditor_account),
    ] {
        if let Some(account) = account {
            write!(text, " {name} {account}").expect("a string takes it");
        }
    }
    for (name, time) in [
        ("not before", terms.from_time),
        ("not after", terms.reject_time),
    ] {
        if let Some(time) = time {
            write!(text, " {name} {time}").expect("a string takes it");
        }
    }
    if let Some(date) = terms.settlement_date {
        write!(text, " on {date}").expect("a string takes it");
    }
    text
}

#[test]
fn a_sequence_that_goes_wrong_is_told_as_short_as_it_can_be() {
    let genesis = Genesis::new(network()).unwrap();
    let chain = Chain::from_genesis(&genesis);
    let sign = |one: karwan_ledger::Pay, by: &[SecretKey]| chain.sign(one, by);
    let block = |seconds: u64, transactions: Vec<Transaction>| Offer {
        time: opening().after(millis(1_000 * seconds)),
        restored: false,
        audited: true,
        transactions,
    };
    // The only thing wrong with these is a time that does not go forward.
    let offers = vec![
        block(
            1,
            vec![sign(pay(INDUS, NARYN, "1 PKR", "one"), &all(INDUS))],
        ),
        block(
            2,
            vec![sign(pay(INDUS, NARYN, "2 PKR", "two"), &all(INDUS))],
        ),
        block(
            2,
            vec![sign(pay(INDUS, NARYN, "3 PKR", "three"), &all(INDUS))],
        ),
    ];
    let told = shortest(&genesis, offers);
    assert_eq!(told.matches("block at").count(), 2, "{told}");
    assert!(!told.contains("Pay"), "{told}");
}
