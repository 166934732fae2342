//! A payment between institutions with nothing but what every payment has.

use karwan_ledger::{PaymentKind, PaymentTerms, Priority};
use karwan_types::{AgentIdentification, Amount, CurrencyCode, Max35Text, Uetr};

/// The terms of a payment of `amount` from the first agent to the second, from and to their settlement accounts.
pub(crate) fn between(
    (from, to): (&AgentIdentification, &AgentIdentification),
    currency: CurrencyCode,
    amount: Amount,
    (uetr, end_to_end_id): (Uetr, Max35Text),
) -> PaymentTerms {
    PaymentTerms {
        kind: PaymentKind::FinancialInstitution,
        instruction_id: None,
        end_to_end_id,
        uetr,
        currency,
        amount,
        settlement_date: None,
        debtor_agent: from.clone(),
        debtor_account: None,
        creditor_agent: to.clone(),
        creditor_account: None,
        charge_bearer: None,
        priority: Priority::Norm,
        from_time: None,
        till_time: None,
        reject_time: None,
        purpose: None,
        local_purpose: None,
        commitments: Vec::new(),
        message_hash: None,
    }
}
