//! Returns, recalls and their answers: from messages to instructions. None of them holds anything about a person but the bytes
//! of a return's message, of which the ledger gets a salted hash.

use karwan_iso20022::{CancellationRequest, PaymentReturn, Resolution, ResolutionAnswer};
use karwan_ledger as ledger;
use karwan_types::{CommitmentSecret, Hash, HashDomain, hash_of};

/// What withdraws a payment that has not settled.
#[must_use]
pub fn to_cancel(request: &CancellationRequest) -> ledger::Cancel {
    ledger::Cancel {
        agent: request.assignment.from.clone(),
        uetr: request.original.uetr,
        reason: request.reason.clone(),
    }
}

/// What asks for a payment back that has settled.
#[must_use]
pub fn to_recall(request: &CancellationRequest) -> ledger::RecallRequest {
    ledger::RecallRequest {
        agent: request.assignment.from.clone(),
        uetr: request.original.uetr,
        reason: request.reason.clone(),
        case: request.assignment.case.clone(),
    }
}

/// Why a camt.029 is no instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// It says only that the case waits.
    #[error(
        "The answer is PDCR, which changes nothing: the ledger knows that the case waits. Send CNCL or RJCR when it is decided."
    )]
    Pending,
    /// It says that money comes back, and not which.
    #[error(
        "The answer is CNCL without a return, but money and answer go together here: name the return in RsltnRltdInf (UETR \
         and IntrBkSttlmAmt), or send the pacs.004 with the reason FOCR instead, which answers the case."
    )]
    NoReturn,
}

/// The answer to a recall.
///
/// # Errors
/// `NoAnswer` when the message decides nothing.
pub fn to_answer(resolution: &Resolution) -> Result<ledger::RecallAnswer, NoAnswer> {
    let decision = match &resolution.answer {
        ResolutionAnswer::Pending => return Err(NoAnswer::Pending),
        ResolutionAnswer::Cancelled(None) => return Err(NoAnswer::NoReturn),
        ResolutionAnswer::Cancelled(Some(back)) => ledger::RecallDecision::Cancel {
            uetr: back.uetr,
            amount: back.amount,
            reason: "FOCR".parse().expect("a code of four letters"),
            message_hash: None,
        },
        ResolutionAnswer::Rejected { reason, .. } => ledger::RecallDecision::Reject {
            reason: reason.clone(),
        },
    };
    Ok(ledger::RecallAnswer {
        original_agent: resolution.assignment.to.clone(),
        original_uetr: resolution.original.uetr,
        decision,
    })
}

/// A return of the creditor agent's own accord.
#[must_use]
pub fn to_return(back: &PaymentReturn, secret: &CommitmentSecret) -> ledger::Return {
    ledger::Return {
        uetr: back.uetr(),
        original_agent: back.to.clone(),
        original_uetr: back.original.uetr,
        amount: back.amount,
        reason: back.reason.clone(),
        message_hash: Some(message_hash(back, secret)),
    }
}

/// A return that answers a recall.
#[must_use]
pub fn to_returning_answer(
    back: &PaymentReturn,
    secret: &CommitmentSecret,
) -> ledger::RecallAnswer {
    ledger::RecallAnswer {
        original_agent: back.to.clone(),
        original_uetr: back.original.uetr,
        decision: ledger::RecallDecision::Cancel {
            uetr: back.uetr(),
            amount: back.amount,
            reason: back.reason.clone(),
            message_hash: Some(message_hash(back, secret)),
        },
    }
}

/// The hash of a message with names in it could be guessed; salted, it cannot.
fn message_hash(back: &PaymentReturn, secret: &CommitmentSecret) -> Hash {
    let hash = hash_of(HashDomain::Payload, &[&back.payload]);
    secret
        .salt(&back.uetr())
        .commit("message", &hash.to_string())
}
