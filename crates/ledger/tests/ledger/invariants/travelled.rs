//! The Travel Rule (I18), looked at with nothing but the observations: what settled between two persons within the window, this
//! payment included, is below the threshold, or the payment was attested.
//!
//! The window is taken to the millisecond here. The ledger counts by the hour and may ask for an attestation a little longer.

use super::{Observation, SeenAttestation, Settled};
use karwan_ledger::{PairKey, PaymentKind};
use karwan_types::Timestamp;

/// What a settled payment adds between its two persons; none when the rule does not concern it.
pub(crate) fn travelled(
    now: &Observation,
    settled: &Settled,
) -> Option<(Timestamp, PairKey, i128)> {
    let key = PairKey {
        debtor_agent: now.accounts[&settled.debit].owner,
        creditor_agent: now.accounts[&settled.credit].owner,
        currency: settled.currency,
        tag: settled.travel.pair_tag,
    };
    let customer = settled.payment == Some(PaymentKind::Customer);
    let (from, to) = (
        now.institutions[&key.debtor_agent],
        now.institutions[&key.creditor_agent],
    );
    let concerned = from.home != to.home || (from.vasp && to.vasp);
    let other = key.debtor_agent != key.creditor_agent;
    (customer && concerned && other).then_some((now.time, key, settled.amount))
}

/// The lowest threshold and the longest window of those that concern two institutions.
fn figures(now: &Observation, pair: &PairKey) -> Option<(i128, u64)> {
    let common = now.travel.rules.as_ref()?;
    let homes = [pair.debtor_agent, pair.creditor_agent].map(|lei| now.institutions[&lei].home);
    let own = now
        .travel
        .national
        .iter()
        .filter(|one| homes.contains(&one.0));
    let parts = own.map(|(_, part)| (&part.thresholds, part.window_ms));
    let parts: Vec<_> = parts
        .chain([(&common.thresholds, common.window_ms)])
        .collect();
    let all = parts.iter().flat_map(|(thresholds, _)| thresholds.iter());
    let of_currency = all.filter(|one| one.currency == pair.currency);
    let lowest = of_currency.map(|one| one.amount.minor()).min()?;
    let window = parts.iter().map(|(_, window)| window.millis()).max()?;
    Some((i128::try_from(lowest).expect("small"), window))
}

pub(super) fn attested(_: &Observation, now: &Observation) -> Option<String> {
    let mut here: Vec<(PairKey, i128)> = Vec::new();
    now.settled.iter().find_map(|settled| {
        let (_, pair, amount) = travelled(now, settled)?;
        here.push((pair, amount));
        let (threshold, window) = figures(now, &pair)?;
        let earlier = now.travel.travelled.iter();
        let counted = earlier.filter(|(time, of, _)| {
            *of == pair && *time < now.time && now.time.millis() - time.millis() <= window
        });
        let before: i128 = counted.map(|(_, _, amount)| amount).sum();
        let own = here.iter().filter(|(of, _)| *of == pair);
        let sum = before + own.map(|(_, amount)| amount).sum::<i128>();
        let attested = now
            .travel
            .attested
            .iter()
            .any(|one| says(one, now, settled));
        (sum >= threshold && !attested).then(|| {
            format!(
                "{:?} brought {pair:?} to {sum} without an attestation",
                settled.key
            )
        })
    })
}

/// More may be attested than is paid, out of a hold.
fn says(one: &SeenAttestation, now: &Observation, settled: &Settled) -> bool {
    one.payment == settled.key
        && one.creditor == now.accounts[&settled.credit].owner
        && one.accounts == (settled.debit.clone(), settled.credit.clone())
        && one.currency == settled.currency
        && one.amount >= settled.amount
        && one.travel == settled.travel
        && one.expires > now.time
}
