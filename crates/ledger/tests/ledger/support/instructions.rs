//! Instructions as one would say them: `pay(INDUS, NARYN, "10 PKR", "rent")`.

use super::Chain;
use super::words::*;
use karwan_ledger::{
    AcceptQuote, Cancel, ConfirmCredit, CurrencyHalt, CurrencyResume, DealtSide, Hold, Issue,
    IssueRequest, Linked, OnShortage, Pay, PayBulk, PayVersusPayment, PaymentKind, PaymentTerms,
    Post, Priority, Quote, RateFix, RecallAnswer, RecallDecision, RecallRequest, RedeemCancel,
    RedeemConfirm, RedeemRequest, Return, RotateKey, ValidatorSetChange, Void,
};
use karwan_types::{SecretKey, Timestamp, Validator};

/// The terms of a payment between two institutions for themselves.
pub(crate) fn terms(from: Institution, to: Institution, sum: &str, name: &str) -> PaymentTerms {
    let (currency, amount) = money(sum);
    PaymentTerms {
        kind: PaymentKind::FinancialInstitution,
        instruction_id: None,
        end_to_end_id: "NOTPROVIDED".parse().expect("an identifier"),
        uetr: uetr(name),
        currency,
        amount,
        settlement_date: None,
        debtor_agent: from.agent(),
        debtor_account: None,
        creditor_agent: to.agent(),
        creditor_account: None,
        charge_bearer: None,
        priority: Priority::Norm,
        // Most tests want to see the refusal; those about the queue say so.
        on_shortage: OnShortage::Refuse,
        from_time: None,
        till_time: None,
        reject_time: None,
        purpose: None,
        local_purpose: None,
        commitments: Vec::new(),
        message_hash: None,
        ivms_commitment: None,
        pair_tag: None,
    }
}
pub(crate) fn pay(from: Institution, to: Institution, sum: &str, name: &str) -> Pay {
    Pay {
        payment: terms(from, to, sum, name),
    }
}
/// The same payment, with something about it changed.
pub(crate) fn with(mut pay: Pay, edit: impl FnOnce(&mut PaymentTerms)) -> Pay {
    edit(&mut pay.payment);
    pay
}
pub(crate) fn bulk(payments: Vec<Pay>) -> PayBulk {
    PayBulk {
        payments: payments.into_iter().map(|pay| pay.payment).collect(),
    }
}
pub(crate) fn linked(legs: Vec<Pay>) -> Linked {
    Linked {
        legs: legs.into_iter().map(|pay| pay.payment).collect(),
    }
}
pub(crate) fn hold(
    from: Institution,
    to: Institution,
    sum: &str,
    name: &str,
    expires: Timestamp,
) -> Hold {
    Hold {
        payment: terms(from, to, sum, name),
        expires,
    }
}
pub(crate) fn post(agent: Institution, name: &str, sum: &str) -> Post {
    Post {
        agent: agent.agent(),
        uetr: uetr(name),
        amount: money(sum).1,
    }
}
pub(crate) fn void(agent: Institution, name: &str) -> Void {
    Void {
        agent: agent.agent(),
        uetr: uetr(name),
    }
}
pub(crate) fn issue_request(agent: Institution, sum: &str, name: &str) -> IssueRequest {
    let (currency, amount) = money(sum);
    IssueRequest {
        uetr: uetr(name),
        agent: agent.agent(),
        currency,
        amount,
        rtgs_reference: "RTGS".parse().expect("an identifier"),
    }
}
pub(crate) fn issue(agent: Institution, name: &str, reference: &str) -> Issue {
    Issue {
        agent: agent.agent(),
        uetr: uetr(name),
        rtgs_credit_reference: reference.parse().expect("an identifier"),
    }
}
pub(crate) fn redeem_request(agent: Institution, sum: &str, name: &str) -> RedeemRequest {
    let (currency, amount) = money(sum);
    RedeemRequest {
        uetr: uetr(name),
        agent: agent.agent(),
        currency,
        amount,
        rtgs_account: account("RTGS-1"),
    }
}
pub(crate) fn redeem_confirm(agent: Institution, name: &str, reference: &str) -> RedeemConfirm {
    RedeemConfirm {
        agent: agent.agent(),
        uetr: uetr(name),
        rtgs_debit_reference: reference.parse().expect("an identifier"),
    }
}
pub(crate) fn redeem_cancel(agent: Institution, name: &str) -> RedeemCancel {
    RedeemCancel {
        agent: agent.agent(),
        uetr: uetr(name),
    }
}
pub(crate) fn cancel(agent: Institution, name: &str) -> Cancel {
    Cancel {
        agent: agent.agent(),
        uetr: uetr(name),
        reason: "CUST".parse().expect("a code"),
    }
}
/// Sends `sum` of the payment `original` of `original_agent` back, under the name `name`.
pub(crate) fn send_back(
    original_agent: Institution,
    original: &str,
    sum: &str,
    name: &str,
) -> Return {
    Return {
        uetr: uetr(name),
        original_agent: original_agent.agent(),
        original_uetr: uetr(original),
        amount: money(sum).1,
        reason: "AC04".parse().expect("a code"),
        message_hash: None,
    }
}
/// Asks for the payment `name` of `agent` back.
pub(crate) fn recall(agent: Institution, name: &str, reason: &str) -> RecallRequest {
    RecallRequest {
        agent: agent.agent(),
        uetr: uetr(name),
        reason: reason.parse().expect("a code"),
        case: None,
    }
}
/// Gives `sum` of a recalled payment back, under the name `name`.
pub(crate) fn give_back(
    original_agent: Institution,
    original: &str,
    sum: &str,
    name: &str,
) -> RecallAnswer {
    let decision = RecallDecision::Cancel {
        uetr: uetr(name),
        amount: money(sum).1,
        reason: "FOCR".parse().expect("a code"),
        message_hash: None,
    };
    answer(original_agent, original, decision)
}
/// Does not give a recalled payment back.
pub(crate) fn keep(original_agent: Institution, original: &str, reason: &str) -> RecallAnswer {
    let reason = reason.parse().expect("a code");
    answer(original_agent, original, RecallDecision::Reject { reason })
}
fn answer(original_agent: Institution, original: &str, decision: RecallDecision) -> RecallAnswer {
    RecallAnswer {
        original_agent: original_agent.agent(),
        original_uetr: uetr(original),
        decision,
    }
}
pub(crate) fn confirm_credit(agent: Institution, name: &str) -> ConfirmCredit {
    ConfirmCredit {
        agent: agent.agent(),
        uetr: uetr(name),
    }
}
pub(crate) fn halt(currency: &str) -> CurrencyHalt {
    CurrencyHalt {
        currency: code(currency),
        reason: "RTGS outage".parse().expect("a sentence"),
    }
}
pub(crate) fn resume(currency: &str) -> CurrencyResume {
    CurrencyResume {
        currency: code(currency),
        reason: "RTGS restored".parse().expect("a sentence"),
    }
}
pub(crate) fn rotate(old: &SecretKey, new: &SecretKey) -> RotateKey {
    RotateKey {
        old: old.public_key(),
        new: new.public_key(),
    }
}
pub(crate) fn validators(validators: Vec<Validator>) -> ValidatorSetChange {
    ValidatorSetChange { validators }
}
/// A reference rate: so much of the second currency for one of the first.
pub(crate) fn rate_fix(base: &str, counter: &str, rate: &str, day: &str) -> RateFix {
    RateFix {
        base_currency: code(base),
        counter_currency: code(counter),
        rate: rate.parse().expect("a rate"),
        date: date(day),
    }
}
/// A quote of INDUS to everybody, good for half an hour: up to 100,000 rupees, 3.2 for one som.
pub(crate) fn rupees_for_som(chain: &Chain, name: &str) -> Quote {
    Quote {
        provider: INDUS.agent(),
        quote: uetr(name),
        currency: code("PKR"),
        counter_currency: code("KGS"),
        rate: "3.2".parse().expect("a rate"),
        minimum: money("100 PKR").1,
        maximum: money("60000 PKR").1,
        size: money("100000 PKR").1,
        expires: chain.upcoming().after(millis(30 * 60_000)),
        settle_within_ms: millis(10 * 60_000),
        margin_bps: 25,
        to: None,
    }
}
/// Each of two institutions pays the other, within an hour of the next block; the legs are called `NAME a` and `NAME b`.
pub(crate) fn exchange(
    chain: &Chain,
    (one, sum): (Institution, &str),
    (other, for_sum): (Institution, &str),
    name: &str,
) -> PayVersusPayment {
    let leg = |from, to, sum, side| {
        Box::new(PaymentTerms {
            on_shortage: OnShortage::Queue,
            ..terms(from, to, sum, &format!("{name} {side}"))
        })
    };
    PayVersusPayment {
        leg_a: leg(one, other, sum, "a"),
        leg_b: leg(other, one, for_sum, "b"),
        settle_from: None,
        settle_till: chain.upcoming().after(HOUR),
    }
}
/// An institution buys 3,200 rupees of a quote of INDUS at 3.2, within a minute of the next block.
pub(crate) fn accept(chain: &Chain, taker: Institution, quote: &str, name: &str) -> AcceptQuote {
    AcceptQuote {
        taker: taker.agent(),
        provider: INDUS.agent(),
        quote: uetr(quote),
        uetr: uetr(name),
        side: DealtSide::Buy,
        currency: code("PKR"),
        amount: money("3200 PKR").1,
        counter_currency: code("KGS"),
        rate: "3.2".parse().expect("a rate"),
        debtor_account: None,
        creditor_account: None,
        settle_from: None,
        settle_till: chain.upcoming().after(MINUTE),
    }
}
