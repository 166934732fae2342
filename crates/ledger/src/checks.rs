//! The fixed order of checks, §4 of the semantics: small rules, each with its answer. The first that fails wins.

use crate::business_day::Calendar;
use crate::execution::Route;
use crate::operations::terms::{PaymentKind, PaymentTerms};
use crate::records::{
    Account, AccountClass, AccountStatus, Currency, CurrencyStatus, EmergencyMeasure, Money,
    ParticipantKind, ParticipantStatus, Record, RecordKind, RtgsReference,
};
use crate::rejection::Rejection;
use crate::rulebook::{Permission, limit_of};
use crate::state::State;
use crate::supervision;
use crate::supervision::{Side, Use};
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, CANCELLATION_REASONS, CurrencyCode, DurationMs,
    ExternalCode, Lei, Timestamp, TransactionStatus, Uetr, is_reason,
};

/// The most minor units that 18 digits can write.
pub(crate) const MINOR_MAX: u128 = 999_999_999_999_999_999;

/// The part of check 10 that needs no ledger.
pub(crate) fn amount_alone(amount: Amount) -> Result<(), Rejection> {
    if amount.is_zero() {
        return Err(Rejection::ZeroAmount);
    }
    if amount.minor() > MINOR_MAX {
        return Err(Rejection::AmountDigits);
    }
    Ok(())
}

/// A reason for which a payment may be cancelled or recalled.
pub(crate) fn cancellation_reason(reason: &ExternalCode) -> Result<(), Rejection> {
    if is_reason(CANCELLATION_REASONS, reason) {
        return Ok(());
    }
    Err(Rejection::InvalidField {
        field: "reason",
        rule: "must be a cancellation reason of ISO 20022, for example CUST, DUPL or FRAD",
    })
}

/// A currency of this ledger; the other checks need its calendar and limits.
pub(crate) fn currency_known(
    state: &State,
    currency: CurrencyCode,
) -> Result<&Currency, Rejection> {
    state
        .currency(&currency)
        .ok_or(Rejection::CurrencyNotEnabled { currency })
}

/// A customer payment that names the present business date comes before the cut-off for it. Asked when it comes, not when it
/// settles: what came in time may wait.
pub(crate) fn cut_off(
    state: &State,
    time: Timestamp,
    terms: &PaymentTerms,
) -> Result<(), Rejection> {
    let (Some(row), PaymentKind::Customer) = (state.currency(&terms.currency), terms.kind) else {
        return Ok(());
    };
    let today = row.business_date;
    let calendar = Calendar::of(state, terms.currency, row);
    if terms.settlement_date == Some(today) && calendar.is_cut_off(today, time) {
        let currency = terms.currency;
        return Err(Rejection::CutOffPassed { currency, today });
    }
    Ok(())
}

/// Check 6: settlement date, reject time, from time. Says from when on the payment may settle.
pub(crate) fn times(
    state: &State,
    time: Timestamp,
    terms: &PaymentTerms,
) -> Result<Timestamp, Rejection> {
    let days = u64::from(state.rules().common.queue.days_ahead_max);
    let ahead = DurationMs::from_millis(days.saturating_mul(86_400_000));
    // A currency that is not settled here has no calendar; check 8 refuses it.
    let currency = state.currency(&terms.currency);
    let today = currency.map_or(time.date(), |currency| currency.business_date);
    let mut first = time;
    if let Some(date) = terms.settlement_date {
        if date < today {
            return Err(Rejection::DateInPast { date, today });
        }
        if date.start() > today.start().after(ahead) {
            return Err(Rejection::DateInFuture { date, today });
        }
        if date > today {
            let calendar = state.calendar(terms.currency);
            let begins = calendar.map_or(date.start(), |calendar| calendar.begin_of(date));
            // Not in this block in any case, whose business day is another.
            first = begins.max(time.after(DurationMs::from_millis(1)));
        }
    }
    if let Some(reject) = terms.reject_time.filter(|reject| *reject < time) {
        return Err(Rejection::RejectTimePassed { reject });
    }
    if let Some(from) = terms.from_time.filter(|from| *from > time) {
        if from > time.after(ahead) {
            return Err(Rejection::FromTimeAhead { from });
        }
        first = first.max(from);
    }
    Ok(first)
}

/// An agent that an instruction refers to, in good standing or not.
pub(crate) fn debtor_agent_known(
    state: &State,
    agent: &AgentIdentification,
) -> Result<Lei, Rejection> {
    state
        .agent(agent)
        .ok_or_else(|| Rejection::DebtorAgentUnknown {
            agent: agent.clone(),
        })
}

/// The other agent that an instruction refers to, in good standing or not.
pub(crate) fn creditor_agent_known(
    state: &State,
    agent: &AgentIdentification,
) -> Result<Lei, Rejection> {
    state
        .agent(agent)
        .ok_or_else(|| Rejection::CreditorAgentUnknown {
            agent: agent.clone(),
        })
}

/// Check 7, debtor side.
pub(crate) fn debtor_agent(state: &State, agent: &AgentIdentification) -> Result<Lei, Rejection> {
    let unknown = || Rejection::DebtorAgentUnknown {
        agent: agent.clone(),
    };
    let lei = state.agent(agent).ok_or_else(unknown)?;
    match state.participant(&lei).ok_or_else(unknown)?.status {
        ParticipantStatus::Active => Ok(lei),
        ParticipantStatus::Suspended => Err(Rejection::DebtorAgentSuspended {
            agent: agent.clone(),
        }),
    }
}

/// Check 7, creditor side.
pub(crate) fn creditor_agent(state: &State, agent: &AgentIdentification) -> Result<Lei, Rejection> {
    let unknown = || Rejection::CreditorAgentUnknown {
        agent: agent.clone(),
    };
    let lei = state.agent(agent).ok_or_else(unknown)?;
    match state.participant(&lei).ok_or_else(unknown)?.status {
        ParticipantStatus::Active => Ok(lei),
        ParticipantStatus::Suspended => Err(Rejection::CreditorAgentSuspended {
            agent: agent.clone(),
        }),
    }
}

/// The part of check 8 that stands without licences: the currency is settled here and its issuer has not stopped it. An
/// unknown currency is refused here and not at check 10, because a missing account would be the wrong complaint.
pub(crate) fn currency_moves(state: &State, currency: CurrencyCode) -> Result<(), Rejection> {
    match currency_known(state, currency)?.status {
        CurrencyStatus::Active => Ok(()),
        CurrencyStatus::Halted { .. } => Err(Rejection::CurrencyHalted { currency }),
    }
}

/// The issuer takes requests now.
pub(crate) fn issuer_window(
    state: &State,
    currency: CurrencyCode,
    time: Timestamp,
) -> Result<(), Rejection> {
    let row = currency_known(state, currency)?;
    if Calendar::of(state, currency, row).is_issuer_open(row.issuer_window, time) {
        Ok(())
    } else {
        Err(Rejection::IssuerWindowClosed { currency })
    }
}

/// Check 9: both accounts exist, move, hold the currency, and are of a class that may. Client money is never the house's,
/// so it does not leave its class for the same institution's own account.
pub(crate) fn route(
    state: &State,
    currency: CurrencyCode,
    (debtor, debtor_agent, debtor_account): (Lei, &AgentIdentification, Option<&AccountNumber>),
    (creditor, creditor_agent, creditor_account): (
        Lei,
        &AgentIdentification,
        Option<&AccountNumber>,
    ),
    debit_classes: &[AccountClass],
) -> Result<Route, Rejection> {
    let (debit, account) =
        find_owned(state, currency, debtor, debtor_account).ok_or_else(|| {
            Rejection::DebtorAccountMissing {
                agent: debtor_agent.clone(),
            }
        })?;
    debit_account(&debit, account, currency)?;
    if !debit_classes.contains(&account.class) {
        return Err(Rejection::DebtorAccountClass { account: debit });
    }
    let client_money = account.class == AccountClass::ClientSegregated;
    let (credit, account) =
        find_owned(state, currency, creditor, creditor_account).ok_or_else(|| {
            Rejection::CreditorAccountMissing {
                agent: creditor_agent.clone(),
            }
        })?;
    credit_account(&credit, account, currency)?;
    let for_the_house =
        client_money && account.owner == debtor && account.class == AccountClass::Settlement;
    if account.class == AccountClass::IssuerContra || for_the_house {
        return Err(Rejection::CreditorAccountClass { account: credit });
    }
    if debit == credit {
        return Err(Rejection::SameAccount { account: debit });
    }
    Ok(Route { debit, credit })
}

/// The part of check 11 that authorities decide by orders: the debit of one account, the credit of the other, or the corridor between them.
pub(crate) fn stops(state: &State, time: Timestamp, route: &Route) -> Result<(), Rejection> {
    let row = |number| state.account(number).expect("a route has two accounts");
    let (debit, credit) = (row(&route.debit), row(&route.credit));
    let (from, to) = (
        supervision::home(state, debit.owner),
        supervision::home(state, credit.owner),
    );
    supervision::check_debit(state, time, (&route.debit, debit), to, false)?;
    supervision::check_credit(state, time, (&route.credit, credit), from)
}

/// The account given, if it is the owner's, or else the owner's settlement account in the currency.
fn find_owned<'a>(
    state: &'a State,
    currency: CurrencyCode,
    owner: Lei,
    given: Option<&AccountNumber>,
) -> Option<(AccountNumber, &'a Account)> {
    let number = match given {
        Some(number) => number,
        None => state.settlement_account(&owner, &currency)?,
    };
    let account = state
        .account(number)
        .filter(|account| account.owner == owner)?;
    Some((number.clone(), account))
}

/// An account of an institution that it wants to manage.
pub(crate) fn owned<'a>(
    state: &'a State,
    currency: CurrencyCode,
    owner: Lei,
    (agent, given): (&AgentIdentification, Option<&AccountNumber>),
) -> Result<(AccountNumber, &'a Account), Rejection> {
    find_owned(state, currency, owner, given).ok_or_else(|| Rejection::DebtorAccountMissing {
        agent: agent.clone(),
    })
}

/// Check 9 for an account to be debited.
pub(crate) fn debit_account(
    number: &AccountNumber,
    account: &Account,
    currency: CurrencyCode,
) -> Result<(), Rejection> {
    match account.status {
        AccountStatus::Closed => {
            return Err(Rejection::DebtorAccountClosed {
                account: number.clone(),
            });
        }
        AccountStatus::Blocked | AccountStatus::BlockedDebit => {
            return Err(Rejection::AccountBlocked {
                account: number.clone(),
            });
        }
        AccountStatus::Open | AccountStatus::BlockedCredit => {}
    }
    if account.currency != currency {
        return Err(Rejection::DebtorAccountCurrency {
            account: number.clone(),
            currency,
        });
    }
    Ok(())
}

/// Check 9 for an account to be credited.
pub(crate) fn credit_account(
    number: &AccountNumber,
    account: &Account,
    currency: CurrencyCode,
) -> Result<(), Rejection> {
    match account.status {
        AccountStatus::Closed => {
            return Err(Rejection::CreditorAccountClosed {
                account: number.clone(),
            });
        }
        AccountStatus::Blocked | AccountStatus::BlockedCredit => {
            return Err(Rejection::AccountBlocked {
                account: number.clone(),
            });
        }
        AccountStatus::Open | AccountStatus::BlockedDebit => {}
    }
    if account.currency != currency {
        return Err(Rejection::CreditorAccountCurrency {
            account: number.clone(),
            currency,
        });
    }
    Ok(())
}

/// The part of check 10 that needs the currency's limits.
pub(crate) fn amount_limits(
    state: &State,
    currency: CurrencyCode,
    amount: Amount,
) -> Result<(), Rejection> {
    let row = currency_known(state, currency)?;
    if amount > row.payment_max {
        return Err(Rejection::AboveMaximum { currency });
    }
    if amount < row.payment_min {
        return Err(Rejection::BelowMinimum { currency });
    }
    Ok(())
}

/// The part of checks 10 and 11 that the rulebook decides: its maxima, payments inside one jurisdiction, and emergency rules.
pub(crate) fn rulebook(
    state: &State,
    time: Timestamp,
    (debtor, creditor): (Lei, Lei),
    money: Money,
) -> Result<(), Rejection> {
    let rules = state.rules();
    let home = |lei: Lei| {
        let participant = state.participant(&lei);
        participant
            .expect("agents were checked before")
            .jurisdiction
    };
    let homes = [home(debtor), home(creditor)];
    let currency = money.currency;
    let above =
        |limits: &[Money]| limit_of(limits, currency).is_some_and(|limit| money.amount > limit);
    if above(&rules.common.payment_max) {
        let national = None;
        return Err(Rejection::AboveRulebookMaximum { currency, national });
    }
    for code in homes {
        if rules
            .national(code)
            .is_some_and(|national| above(&national.payment_max))
        {
            let national = Some(code);
            return Err(Rejection::AboveRulebookMaximum { currency, national });
        }
    }
    let [jurisdiction, abroad] = homes;
    let domestic = jurisdiction == abroad && debtor != creditor;
    let allowed = rules
        .national(jurisdiction)
        .map_or(rules.common.domestic_payments, |national| {
            national.domestic_payments
        });
    if domestic && !allowed {
        return Err(Rejection::DomesticPayment { jurisdiction });
    }
    for (id, record) in state.emergencies_at(time) {
        let concerned = homes.contains(&id.jurisdiction);
        let stops = match &record.measure {
            EmergencyMeasure::PaymentMax(limit) => above(&[*limit]),
            EmergencyMeasure::CorridorStop { other } => {
                let corridor = [id.jurisdiction, *other];
                let reversed = [*other, id.jurisdiction];
                debtor != creditor && (homes == corridor || homes == reversed)
            }
        };
        if concerned && stops {
            return Err(Rejection::EmergencyStop { rule: *id });
        }
    }
    Ok(())
}

/// The participant's settlement account in a currency, open for credits.
pub(crate) fn settlement_account(
    state: &State,
    owner: Lei,
    agent: &AgentIdentification,
    currency: CurrencyCode,
) -> Result<AccountNumber, Rejection> {
    let (number, account) = find_owned(state, currency, owner, None).ok_or_else(|| {
        Rejection::CreditorAccountMissing {
            agent: agent.clone(),
        }
    })?;
    credit_account(&number, account, currency)?;
    Ok(number)
}

/// Only banks of the issuer's own jurisdiction have an RTGS account with it.
pub(crate) fn domestic_bank(
    state: &State,
    lei: Lei,
    agent: &AgentIdentification,
    currency: CurrencyCode,
    activity: &'static str,
) -> Result<(), Rejection> {
    let home = |lei: &Lei| {
        state
            .participant(lei)
            .map(|participant| participant.jurisdiction)
    };
    let issuer = currency_known(state, currency)?.issuer;
    let is_bank = state
        .participant(&lei)
        .is_some_and(|participant| participant.kind == ParticipantKind::Bank);
    if is_bank && home(&lei) == home(&issuer) {
        Ok(())
    } else {
        Err(Rejection::NotPermitted {
            agent: agent.clone(),
            activity,
        })
    }
}

/// The licence for issue and redemption, at the issuer of a currency. Redemption stays allowed while a licence is suspended or
/// wound down: it takes money out of the business.
pub(crate) fn issuer_licence(
    (state, time): (&State, Timestamp),
    (participant, agent): (Lei, &AgentIdentification),
    (currency, amount): (CurrencyCode, Amount),
    side: Side,
) -> Result<(), Rejection> {
    let Some(jurisdiction) = supervision::home(state, participant) else {
        return Ok(());
    };
    let used = Use {
        side,
        agent,
        participant,
        jurisdiction,
        counterparty: jurisdiction,
        permissions: &[Permission::IssueAndRedemption],
        currency,
        amount,
        winds_down: side == Side::Debtor,
    };
    supervision::check_licence(state, time, &used)
}

/// The licence for exchange of one side, for what it pays.
pub(crate) fn exchange_licence(
    (state, time): (&State, Timestamp),
    (participant, agent): (Lei, &AgentIdentification),
    counterparty: Option<Lei>,
    (currency, amount): (CurrencyCode, Amount),
) -> Result<(), Rejection> {
    let Some(jurisdiction) = supervision::home(state, participant) else {
        return Ok(());
    };
    let abroad = counterparty.and_then(|other| supervision::home(state, other));
    let used = Use {
        side: Side::Debtor,
        agent,
        participant,
        jurisdiction,
        counterparty: abroad.unwrap_or(jurisdiction),
        permissions: &[Permission::Exchange],
        currency,
        amount,
        winds_down: false,
    };
    supervision::check_licence(state, time, &used)
}

/// The licence for exchange of whoever pays one leg of an exchange.
pub(crate) fn leg_licence(
    state: &State,
    time: Timestamp,
    leg: &PaymentTerms,
) -> Result<(), Rejection> {
    let debtor = debtor_agent(state, &leg.debtor_agent)?;
    exchange_licence(
        (state, time),
        (debtor, &leg.debtor_agent),
        state.agent(&leg.creditor_agent),
        (leg.currency, leg.amount),
    )
}

/// No authority has stopped credits of an account.
pub(crate) fn credit_is_free(
    state: &State,
    time: Timestamp,
    number: &AccountNumber,
) -> Result<(), Rejection> {
    match state.account(number) {
        Some(row) => supervision::check_credit(state, time, (number, row), None),
        None => Ok(()),
    }
}

/// No authority has stopped redemption from an account.
pub(crate) fn redemption_is_free(
    state: &State,
    time: Timestamp,
    number: &AccountNumber,
) -> Result<(), Rejection> {
    match state.account(number) {
        Some(row) => supervision::check_debit(state, time, (number, row), None, true),
        None => Ok(()),
    }
}

/// Only money of an institution's own is redeemed, and no more than is outstanding: what an issuer lends within the day was
/// never issued.
pub(crate) fn redeemable(
    state: &State,
    (number, row): (&AccountNumber, &Account),
    amount: Amount,
) -> Result<(), Rejection> {
    if u128::try_from(row.own()).is_ok_and(|own| own >= amount.minor()) {
        if amount > currency_known(state, row.currency)?.outstanding() {
            let currency = row.currency;
            return Err(Rejection::AboveOutstanding { currency });
        }
        return Ok(());
    }
    Err(Rejection::InsufficientFunds {
        account: number.clone(),
    })
}

/// A request that waits for its issuer.
pub(crate) fn open(
    record: &Record,
    kind: &RecordKind,
    needed: &'static str,
    uetr: Uetr,
) -> Result<(), Rejection> {
    if record.kind != *kind {
        return Err(Rejection::OriginalKind { uetr, needed });
    }
    if record.status != TransactionStatus::Pdng {
        return Err(Rejection::OriginalStatus {
            uetr,
            status: record.status.as_str(),
        });
    }
    Ok(())
}

/// A movement of the RTGS account backs one issue or redemption.
pub(crate) fn unused_reference(state: &State, reference: &RtgsReference) -> Result<(), Rejection> {
    match state.references.get(reference) {
        None => Ok(()),
        Some(_) => Err(Rejection::ReferenceConflict {
            reference: reference.reference.clone(),
        }),
    }
}
