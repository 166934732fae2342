//! A receipt in words: who paid whom what, when it became final, by which rule, and who signed.

use karwan_ledger::Genesis;
use karwan_types::{Lei, Receipt, TransactionStatus, Validator, ValidatorSet};

/// The lines that a person reads after the receipt was verified.
pub(crate) fn lines(receipt: &Receipt, genesis: &Genesis) -> Vec<String> {
    let outcome = &receipt.outcome;
    let mut lines = vec![sentence(receipt, genesis), String::new()];
    let mut add = |label: &str, value: String| lines.push(format!("{label:<13}{value}"));
    add("instruction", outcome.instruction.to_string());
    if let Some(transaction) = outcome.transaction {
        add("transaction", transaction.to_string());
    }
    add("operation", outcome.operation.to_string());
    if let Some(movement) = &outcome.movement {
        add("UETR", movement.uetr.to_string());
        let account = |account: &Option<karwan_types::AccountNumber>| {
            account
                .as_ref()
                .map_or_else(|| "none".to_owned(), ToString::to_string)
        };
        add("debited", account(&movement.debtor_account));
        add("credited", account(&movement.creditor_account));
    }
    add(
        "status",
        format!("{} ({})", outcome.status, meaning(outcome.status)),
    );
    if let Some(refusal) = &outcome.refusal {
        add(
            "reason",
            format!("{} {}: {}", refusal.reason, refusal.name, refusal.detail),
        );
    }
    add(
        "clause",
        format!("{} of rulebook {}", outcome.clause, outcome.rulebook),
    );
    if let Some(rule) = outcome.emergency {
        let (jurisdiction, number) = (rule.jurisdiction, rule.number);
        add("emergency", format!("rule {number} of {jurisdiction}"));
    }
    if let Some(withheld) = outcome.withheld {
        add(
            "withheld",
            format!("{withheld} (the authority can open it)"),
        );
    }
    add("height", receipt.header.height.to_string());
    add("time", receipt.header.time.to_string());
    add("block", receipt.header.hash().to_string());
    add(
        "chain",
        format!(
            "{} ({})",
            receipt.header.chain_id,
            genesis.document().network
        ),
    );
    add("signed by", signers(receipt, genesis));
    lines
}

/// What happened, in one sentence.
fn sentence(receipt: &Receipt, genesis: &Genesis) -> String {
    let outcome = &receipt.outcome;
    let at = format!(
        "at {} in block {}",
        receipt.header.time, receipt.header.height
    );
    let Some(movement) = &outcome.movement else {
        return format!(
            "{} was recorded with status {} {at}.",
            outcome.operation, outcome.status
        );
    };
    let money = format!(
        "{} {}",
        movement.amount.to_decimal(movement.currency),
        movement.currency
    );
    let from = institution(&movement.debtor_agent, genesis);
    let to = movement.creditor_agent.map_or_else(
        || "an unknown institution".to_owned(),
        |lei| institution(&lei, genesis),
    );
    match outcome.status {
        TransactionStatus::Acsc | TransactionStatus::Accc => match outcome.operation.as_str() {
            "IssueRequest" => format!("{to} issued {money} to {from} {at}."),
            "RedeemRequest" => format!("{to} redeemed {money} from {from} {at}."),
            _ if outcome.status == TransactionStatus::Accc => {
                format!("{to} confirmed {at} that it has credited the {money} that {from} paid.")
            }
            _ => format!("{from} paid {to} {money} {at}."),
        },
        TransactionStatus::Rjct => format!("{money} from {from} to {to} were refused {at}."),
        TransactionStatus::Canc => format!("{money} from {from} to {to} were cancelled {at}."),
        TransactionStatus::Rcvd
        | TransactionStatus::Patc
        | TransactionStatus::Actc
        | TransactionStatus::Pdng
        | TransactionStatus::Acsp => format!(
            "{money} from {from} to {to} waited with status {} {at}.",
            outcome.status
        ),
    }
}

/// An institution as the genesis file calls it.
fn institution(lei: &Lei, genesis: &Genesis) -> String {
    match genesis.state.participant(lei) {
        Some(participant) => format!("{} ({lei})", participant.name),
        None => lei.to_string(),
    }
}

/// The validators whose signatures make the block final.
fn signers(receipt: &Receipt, genesis: &Genesis) -> String {
    let anchor = genesis.trust_anchor();
    let set: &ValidatorSet = receipt
        .validator_changes
        .last()
        .map_or(&anchor.validators, |change| &change.next);
    let name = |validator: &Validator| {
        let key: String = validator.key.to_string().chars().take(8).collect();
        format!("{} {key}", validator.jurisdiction)
    };
    let signed: Vec<String> = receipt
        .certificate
        .signatures
        .iter()
        .filter_map(|signature| set.by_index(usize::from(signature.validator)))
        .map(name)
        .collect();
    format!(
        "{} of {} validators: {}",
        signed.len(),
        set.len(),
        signed.join(", ")
    )
}

const fn meaning(status: TransactionStatus) -> &'static str {
    match status {
        TransactionStatus::Rcvd => "received",
        TransactionStatus::Patc => "waits for further signatures",
        TransactionStatus::Actc => "accepted",
        TransactionStatus::Pdng => "pending",
        TransactionStatus::Acsp => "settling",
        TransactionStatus::Acsc => "settled, final and irrevocable",
        TransactionStatus::Accc => "settled, and credited to the customer",
        TransactionStatus::Rjct => "refused",
        TransactionStatus::Canc => "cancelled",
    }
}
