//! PATC: an instruction with too few signatures waits, further signers approve it, and at the quorum it is judged anew.

use crate::support::*;
use karwan_types::TransactionStatus;

fn large() -> karwan_ledger::Pay {
    pay(INDUS, RAVI, "5000 PKR", "large")
}

#[test]
fn a_checkers_approval_releases_what_a_maker_entered() {
    let mut chain = Chain::new();
    chain.check(large(), &[maker(INDUS)], "PATC");
    chain.check_balances(&[("INDUS-PKR", "6000000.00")]);
    chain.check(chain.approve(large()), &[checker(INDUS)], "ACSC, ACSC");
    chain.check_balances(&[("INDUS-PKR", "5995000.00"), ("RAVI-PKR", "2005000.00")]);
    let again = "RJCT NARR NOTHING_TO_APPROVE";
    chain.check(chain.approve(large()), &[releaser(INDUS)], again);
    chain.replay();
}

#[test]
fn approvals_are_counted_one_by_one_or_together() {
    let largest = || pay(INDUS, RAVI, "2000000 PKR", "largest");
    let mut chain = Chain::new();
    chain.check(largest(), &[maker(INDUS)], "PATC");
    chain.check(chain.approve(largest()), &[releaser(INDUS)], "ACSC");
    chain.check(chain.approve(largest()), &[checker(INDUS)], "ACSC, ACSC");
    let mut chain = Chain::new();
    chain.check(largest(), &[checker(INDUS)], "PATC");
    let both = [maker(INDUS), releaser(INDUS)];
    chain.check(chain.approve(largest()), &both, "ACSC, ACSC");
}

#[test]
fn an_approval_counts_only_from_someone_who_may_sign_and_has_not() {
    let mut chain = Chain::new();
    chain.check(large(), &[maker(INDUS)], "PATC");
    let approve = chain.approve(large());
    let not_allowed = "RJCT DS0G SIGNER_NOT_ALLOWED";
    chain.check(approve.clone(), &[maker(INDUS)], "RJCT NARR ALREADY_SIGNED");
    chain.check(approve.clone(), &[checker(RAVI)], not_allowed);
    chain.check(approve.clone(), &[reader(INDUS)], not_allowed);
    chain.check(approve.clone(), &[stranger("x")], "RJCT DS0E UNKNOWN_KEY");
    // One who has signed spoils the approval of one who has not.
    let both = [maker(INDUS), checker(INDUS)];
    chain.check(approve.clone(), &both, "RJCT NARR ALREADY_SIGNED");
    // A second maker counts, but a checker is what is missing.
    chain.check(approve.clone(), &[second_maker(INDUS)], "ACSC");
    chain.check(approve, &[checker(INDUS)], "ACSC, ACSC");
}

#[test]
fn nothing_can_be_approved_before_it_is_there() {
    let mut chain = Chain::new();
    let nothing = "RJCT NARR NOTHING_TO_APPROVE";
    chain.check(chain.approve(large()), &[checker(INDUS)], nothing);
}

#[test]
fn further_signers_may_send_the_instruction_itself_instead_of_an_approval() {
    let mut chain = Chain::new();
    let largest = || pay(INDUS, RAVI, "2000000 PKR", "largest");
    chain.check(largest(), &[maker(INDUS)], "PATC");
    chain.check(largest(), &[maker(INDUS)], "PATC");
    chain.check(largest(), &[maker(INDUS), checker(INDUS)], "PATC");
    // What counted already may sign again beside who is missing.
    chain.check(largest(), &all(INDUS), "ACSC");
    chain.check(largest(), &all(INDUS), "ACSC");
    chain.check_balances(&[("INDUS-PKR", "4000000.00")]);
    // The same for instructions without a reference.
    chain.check(halt("PKR"), &[maker(PK_ISSUER)], "PATC");
    chain.check(halt("PKR"), &[second_maker(PK_ISSUER)], "PATC");
    chain.check(halt("PKR"), &[checker(PK_ISSUER)], "ACSC");
    chain.replay();
}

#[test]
fn nobody_is_bound_for_longer_than_signed_and_nobody_shortens_what_others_agreed_to() {
    let mut chain = Chain::new();
    let largest = || pay(INDUS, RAVI, "2000000 PKR", "largest");
    chain.check(largest(), &[maker(INDUS)], "PATC");
    // The checker's signature ends before the maker's: it does not count while the releaser is missing.
    let until = chain.upcoming().after(MINUTE);
    let brief = chain.sign_until(largest(), &[checker(INDUS)], until);
    // Its sender is told: a signature that is lost silently is never given again.
    let told = "RJCT NARR EXPIRES_EARLIER";
    assert_eq!(say(&chain.block(&[brief])), told);
    // Who has signed already is answered as before, however early that ends.
    let until = chain.upcoming().after(SECOND);
    let again = chain.sign_until(largest(), &[maker(INDUS)], until);
    assert_eq!(say(&chain.block(&[again])), "PATC");
    chain.check(largest(), &[releaser(INDUS)], "PATC");
    // Now nothing else is missing.
    let until = chain.upcoming().after(MINUTE);
    let brief = chain.sign_until(largest(), &[checker(INDUS)], until);
    assert_eq!(say(&chain.block(&[brief])), "ACSC");
}

#[test]
fn a_stranger_who_sends_the_instruction_again_changes_nothing() {
    let mut chain = Chain::new();
    chain.check(large(), &[maker(INDUS)], "PATC");
    let not_allowed = "RJCT DS0G SIGNER_NOT_ALLOWED";
    chain.check(large(), &[checker(RAVI)], not_allowed);
    chain.check(large(), &[checker(INDUS), checker(RAVI)], not_allowed);
    chain.check(large(), &[checker(INDUS)], "ACSC");
}

#[test]
fn a_signer_whose_key_is_revoked_while_the_instruction_waits_does_not_count() {
    let mut chain = Chain::new();
    chain.check(large(), &[maker(INDUS)], "PATC");
    let change = rotate(&maker(INDUS), &stranger("new maker"));
    let signers = [second_maker(INDUS), checker(INDUS), releaser(INDUS)];
    chain.check(change, &signers, "ACSC");
    chain.check(chain.approve(large()), &[checker(INDUS)], "ACSC");
    chain.check(
        chain.approve(large()),
        &[stranger("new maker")],
        "ACSC, ACSC",
    );
}

#[test]
fn an_approval_by_a_revoked_key_is_refused() {
    let mut chain = Chain::new();
    chain.check(large(), &[maker(INDUS)], "PATC");
    let change = rotate(&checker(INDUS), &stranger("new checker"));
    chain.check(change, &all(INDUS), "ACSC");
    let revoked = "RJCT DS0C REVOKED_KEY";
    chain.check(chain.approve(large()), &[checker(INDUS)], revoked);
    chain.check(
        chain.approve(large()),
        &[stranger("new checker")],
        "ACSC, ACSC",
    );
}

#[test]
fn an_approval_at_exactly_the_expiry_counts_and_a_millisecond_later_the_instruction_is_refused() {
    let mut chain = Chain::new();
    let entered = chain.sign(large(), &[maker(INDUS)]);
    let expiry = entered.valid_until;
    chain.block(&[entered]);
    let mut late = chain.clone();
    chain.at(expiry);
    chain.check(chain.approve(large()), &[checker(INDUS)], "ACSC, ACSC");
    assert_eq!(late.state.next_due(), Some(expiry.after(millis(1))));
    late.at(expiry.after(millis(1)));
    let refused = "RJCT AB03 APPROVAL_TIMEOUT, RJCT NARR NOTHING_TO_APPROVE";
    late.check(late.approve(large()), &[checker(INDUS)], refused);
    // The refusal has used the reference up.
    late.check(large(), &all(INDUS), "RJCT AB03 APPROVAL_TIMEOUT");
    late.replay();
}

#[test]
fn at_the_quorum_the_remaining_checks_run_at_that_time() {
    let dated = || {
        with(large(), |terms| {
            terms.settlement_date = Some(date("2026-11-23"))
        })
    };
    let mut chain = Chain::new();
    chain.at(time("2026-11-23T18:58:00Z"));
    chain.check(dated(), &[maker(INDUS)], "PATC");
    chain.at(time("2026-11-23T19:00:00Z"));
    let past = "ACSC, RJCT DT01 DATE_IN_PAST";
    chain.check(chain.approve(dated()), &[checker(INDUS)], past);

    let mut chain = Chain::new();
    let last = || pay(NARYN, INDUS, "400000 PKR", "last");
    chain.check(last(), &[maker(NARYN)], "PATC");
    chain.check(pay(NARYN, RAVI, "300000 PKR", "first"), &all(NARYN), "ACSC");
    let unfunded = "ACSC, RJCT AM04 INSUFFICIENT_FUNDS";
    chain.check(chain.approve(last()), &[checker(NARYN)], unfunded);
}

#[test]
fn instructions_without_a_reference_wait_and_time_out_as_well() {
    let mut chain = Chain::new();
    chain.check(halt("PKR"), &[maker(PK_ISSUER)], "PATC");
    chain.check(halt("PKR"), &[maker(PK_ISSUER)], "PATC");
    chain.check(
        chain.approve(halt("PKR")),
        &[checker(PK_ISSUER)],
        "ACSC, ACSC",
    );
    chain.check(resume("PKR"), &[maker(PK_ISSUER)], "PATC");
    chain.after(HOUR).check_time("");
    chain.after(MINUTE).check_time("RJCT AB03 APPROVAL_TIMEOUT");
    chain.check(resume("PKR"), &all(PK_ISSUER), "ACSC");
}

#[test]
fn a_return_that_waits_longer_than_its_original_is_kept_is_refused_and_not_forgotten() {
    let mut chain = Chain::new();
    let original = chain.sign(pay(INDUS, NARYN, "5000 PKR", "a"), &all(INDUS));
    let kept_until = original.valid_until.after(RETENTION);
    chain.block(&[original]);
    chain.at(kept_until);
    let back = send_back(INDUS, "a", "5000 PKR", "b");
    chain.check(back.clone(), &[maker(NARYN)], "PATC");
    let unknown = "RJCT NOOR ORIGINAL_UNKNOWN";
    chain.check(chain.approve(back.clone()), &[checker(NARYN)], unknown);
    chain.after(HOUR).check_time("RJCT AB03 APPROVAL_TIMEOUT");
    let key = karwan_ledger::InstructionKey {
        agent: NARYN.lei(),
        uetr: uetr("b"),
    };
    let record = chain.state.record(&key).unwrap();
    assert_eq!(record.status, TransactionStatus::Rjct);
    assert_eq!(chain.state.approvals().count(), 0);
}
