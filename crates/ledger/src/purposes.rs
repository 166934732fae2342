//! Check 11, purposes: a payment for a customer says what it is for where the rulebook has a table for its corridor, and the
//! corridor allows that.
//!
//! Judged at every attempt to execute or settle, like every rule. Whether the purpose is true is not known here.

use crate::operations::terms::{PartyDatum, PaymentKind, PaymentTerms};
use crate::rejection::Rejection;
use crate::rulebook::{LocalPurpose, PurposeCode, limit_of};
use crate::state::State;
use crate::supervision;
use karwan_types::{JurisdictionCode, Lei};

/// Whether a payment from one institution to another may be made for what it says.
pub(crate) fn check(
    state: &State,
    (debtor, creditor): (Lei, Lei),
    terms: &PaymentTerms,
) -> Result<(), Rejection> {
    let purposes = state.rules().purposes();
    if terms.kind != PaymentKind::Customer || debtor == creditor || purposes.corridors.is_empty() {
        return Ok(());
    }
    let home = |lei| supervision::home(state, lei);
    let (Some(from), Some(to)) = (home(debtor), home(creditor)) else {
        return Ok(());
    };
    if !purposes.has_table(from, to) {
        return Ok(());
    }
    let Some(purpose) = &terms.purpose else {
        return Err(Rejection::PurposeMissing { from, to });
    };
    let known = purposes
        .code(purpose)
        .zip(purposes.rule((from, to), purpose));
    let Some((code, rule)) = known else {
        let purpose = purpose.clone();
        return Err(Rejection::PurposeUnknown { purpose, from, to });
    };
    check_local(code, [from, to], terms)?;
    if !rule.allowed {
        let purpose = purpose.clone();
        return Err(Rejection::PurposeForbidden { purpose, from, to });
    }
    let currency = terms.currency;
    if limit_of(&rule.payment_max, currency).is_some_and(|most| terms.amount > most) {
        let purpose = purpose.clone();
        return Err(Rejection::PurposeCap { purpose, currency });
    }
    let reported = |one: &crate::PartyCommitment| one.datum == PartyDatum::RegulatoryReporting;
    if rule.documents && !terms.commitments.iter().any(reported) {
        let purpose = purpose.clone();
        return Err(Rejection::ReportingMissing { purpose });
    }
    Ok(())
}

/// A national code, where there is one, is of the debtor's or the creditor's country and belongs to the purpose.
fn check_local(
    code: &PurposeCode,
    homes: [JurisdictionCode; 2],
    terms: &PaymentTerms,
) -> Result<(), Rejection> {
    let Some(given) = &terms.local_purpose else {
        return Ok(());
    };
    let is = |local: &LocalPurpose| local.code == *given && homes.contains(&local.jurisdiction);
    if code.local.iter().any(is) {
        return Ok(());
    }
    Err(Rejection::LocalPurpose {
        code: given.clone(),
        purpose: code.code.clone(),
    })
}
