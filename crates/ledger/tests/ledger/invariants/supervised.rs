//! What authorities have stopped: blocked accounts, freezes (I8) and licences (I9), looked at with nothing but the observations.
//!
//! Within a block the order of events is not seen. A freeze counts when the same order stood before the block and stands after
//! it; a licence counts when it was in force before the block or is after it, or was suspended, taken away or given back in it.

use super::{Observation, SeenFreeze, SeenInstitution, SeenLicence, Settled};
use karwan_ledger::{
    AccountClass, AccountStatus, FreezeSubject, LicenceStatus, PaymentKind, Permission, RecordKind,
};
use karwan_types::{Lei, Timestamp};

/// An account that is blocked stays so, and is before anything of its block moves.
pub(super) fn blocked(_: &Observation, now: &Observation) -> Option<String> {
    now.settled.iter().find_map(|settled| {
        let status = now.accounts[&settled.debit].status;
        let pays = matches!(status, AccountStatus::Open | AccountStatus::BlockedCredit);
        (!pays).then(|| {
            format!(
                "{:?} was paid by {}, which is {status:?}",
                settled.key, settled.debit
            )
        })
    })
}

pub(super) fn frozen(before: &Observation, now: &Observation) -> Option<String> {
    now.settled.iter().find_map(|settled| {
        let stood = |one: &&SeenFreeze| before.freezes.iter().any(|old| old.order == one.order);
        let mut freezes = now.freezes.iter().filter(stood);
        let freeze = freezes.find(|one| stops(now, one, settled))?;
        Some(format!("{:?} was paid in spite of {freeze:?}", settled.key))
    })
}
fn stops(now: &Observation, freeze: &SeenFreeze, settled: &Settled) -> bool {
    let (debit, credit) = (
        &now.accounts[&settled.debit],
        &now.accounts[&settled.credit],
    );
    let (from, to) = (
        now.institutions[&debit.owner],
        now.institutions[&credit.owner],
    );
    let in_force = freeze.from <= now.time && freeze.until.is_none_or(|until| now.time < until);
    let concerned = match &freeze.subject {
        FreezeSubject::Account(number) => *number == settled.debit,
        FreezeSubject::Participant(lei) => *lei == debit.owner,
        FreezeSubject::Currency(currency) => *currency == debit.currency,
        FreezeSubject::Corridor(other) => *other == to.home && to.home != from.home,
    };
    let redeems = settled.kind == Some(RecordKind::Redemption) && freeze.redeemable;
    let own = freeze.place == from.home && !from.issuer;
    in_force && freeze.stops_debits && concerned && own && !redeems
}

/// Payments, at least: who issues and redeems was judged at the request, and a return only undoes.
pub(super) fn licensed(before: &Observation, now: &Observation) -> Option<String> {
    now.settled.iter().find_map(|settled| {
        match settled.kind {
            Some(RecordKind::Payment | RecordKind::Hold { .. }) => {}
            Some(RecordKind::IssueRequest | RecordKind::Redemption | RecordKind::Return { .. })
            | None => return None,
        }
        let debit = &now.accounts[&settled.debit];
        let credit = &now.accounts[&settled.credit];
        let winds_down = debit.class == AccountClass::ClientSegregated;
        let permission = match settled.payment {
            Some(PaymentKind::Customer) => Permission::CustomerPayment,
            // An exchange is one between institutions, whose terms follow from its quote.
            Some(PaymentKind::FinancialInstitution) | None => Permission::InstitutionPayment,
        };
        let sides = [(debit.owner, winds_down), (credit.owner, false)];
        let unlicensed = sides.into_iter().find(|(lei, winds_down)| {
            let may = |seen: &Observation| has_licence(now, seen, *lei, permission, *winds_down);
            !may(before) && !may(now)
        });
        unlicensed
            .map(|(lei, _)| format!("{:?} was settled without a licence of {lei}", settled.key))
    })
}
fn has_licence(
    now: &Observation,
    seen: &Observation,
    lei: Lei,
    permission: Permission,
    winds_down: bool,
) -> bool {
    let SeenInstitution { home, issuer, .. } = now.institutions[&lei];
    let Some(activities) = now.licensing.get(&home).filter(|_| !issuer) else {
        return true;
    };
    let mut permitting = activities
        .iter()
        .filter(|(_, all)| all.contains(&permission));
    permitting.any(|(code, _)| {
        let own = |one: &&SeenLicence| one.holder == lei && one.activity == *code;
        let licence = seen.licences.iter().find(own);
        licence.is_some_and(|licence| allows(licence, now.time, winds_down))
    })
}
fn allows(licence: &SeenLicence, time: Timestamp, winds_down: bool) -> bool {
    match licence.status {
        LicenceStatus::Granted => licence.from <= time && time < licence.until,
        LicenceStatus::Suspended(_) | LicenceStatus::Surrendered { .. }
            if licence.changed == time =>
        {
            true
        }
        LicenceStatus::Revoked { wind_down_until } if licence.changed == time => {
            time < wind_down_until
        }
        // Clients may take their money out.
        LicenceStatus::Suspended(how) => winds_down && how.client_withdrawals,
        LicenceStatus::Revoked { wind_down_until }
        | LicenceStatus::Expired { wind_down_until }
        | LicenceStatus::Surrendered { wind_down_until } => winds_down && time < wind_down_until,
        LicenceStatus::Applied | LicenceStatus::NoObjection | LicenceStatus::Refused => false,
    }
}
