//! One subcommand for every kind of instruction, and the operation that its flags describe.

use super::payments::{self, PaymentArgs, amount};
use crate::files;
use crate::words::{duration, now, random_uetr};
use anyhow::Context;
use clap::Subcommand;
use karwan_ledger as ledger;
use karwan_ledger::Operation;
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, CurrencyCode, DurationMs, ExternalCode,
    InstructionHash, Max35Text, PublicKey, Sentence, Uetr, Validator,
};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The largest file of validators, in bytes.
const VALIDATORS_BYTES_MAX: usize = 1 << 20;

#[derive(Subcommand)]
pub(crate) enum Instruction {
    /// Pay from one institution to another
    Pay(PaymentArgs),
    /// Pay many under one set of signatures; each payment has its own answer
    PayBulk {
        /// TOML with a [[payments]] table for each, keys named as the options of tx pay
        file: PathBuf,
    },
    /// Pay many, all or none; every debtor agent must sign
    Linked {
        /// TOML with a [[payments]] table for each, keys named as the options of tx pay
        file: PathBuf,
    },
    /// Set an amount aside for a creditor, to be posted or voided
    Hold {
        #[command(flatten)]
        payment: PaymentArgs,
        /// When the hold is released if it was not posted
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires_in: DurationMs,
    },
    /// Pay out of a hold
    Post {
        #[command(flatten)]
        of: Reference,
        /// Currency of the hold
        #[arg(long)]
        currency: CurrencyCode,
        /// How much, in major units
        #[arg(long)]
        amount: String,
    },
    /// Release a hold
    Void(Reference),
    /// Add a signature to a waiting instruction; read it first with karwan query approvals HASH
    Approve {
        /// The hash of the instruction
        instruction: InstructionHash,
    },
    /// Withdraw what has not settled
    Cancel {
        #[command(flatten)]
        of: Reference,
        /// Cancellation reason code, for example CUST or DUPL
        #[arg(long, value_name = "CODE")]
        reason: ExternalCode,
    },
    /// Send a settled payment back
    Return {
        #[command(flatten)]
        of: Reference,
        /// Currency of the payment
        #[arg(long)]
        currency: CurrencyCode,
        /// How much, in major units
        #[arg(long)]
        amount: String,
        /// Return reason code, for example AC04 or FOCR
        #[arg(long, value_name = "CODE")]
        reason: ExternalCode,
        /// The reference of the return; a new one when left out
        #[arg(long, value_name = "UETR")]
        return_uetr: Option<Uetr>,
    },
    /// Confirm that the customer has been credited
    ConfirmCredit(Reference),
    /// Ask the central bank to issue against a payment into its RTGS account
    IssueRequest {
        #[command(flatten)]
        request: RequestArgs,
        /// The reference of the payment into the RTGS account
        #[arg(long, value_name = "TEXT")]
        rtgs_reference: Max35Text,
    },
    /// Issue what was asked for, as the central bank
    Issue {
        #[command(flatten)]
        of: Reference,
        /// The credit of the RTGS account that backs the issue
        #[arg(long, value_name = "TEXT")]
        rtgs_credit_reference: Max35Text,
    },
    /// Ask to have money redeemed to an RTGS account
    RedeemRequest {
        #[command(flatten)]
        request: RequestArgs,
        /// The RTGS account to be credited
        #[arg(long, value_name = "ACCOUNT")]
        rtgs_account: AccountNumber,
    },
    /// Complete a redemption, as the central bank
    RedeemConfirm {
        #[command(flatten)]
        of: Reference,
        /// The debit of the backing RTGS account
        #[arg(long, value_name = "TEXT")]
        rtgs_debit_reference: Max35Text,
    },
    /// Decline a redemption, as the central bank
    RedeemCancel(Reference),
    /// Stop a currency, as its issuer
    CurrencyHalt(CurrencyArgs),
    /// Let a halted currency move again, as its issuer
    CurrencyResume(CurrencyArgs),
    /// Replace a signing key
    RotateKey {
        /// The public key that goes
        #[arg(long, value_name = "KEY")]
        old: PublicKey,
        /// The public key that takes its role
        #[arg(long, value_name = "KEY")]
        new: PublicKey,
    },
    /// Put a new validator set in place two heights later, as the governors
    ValidatorSetChange {
        /// TOML with a [[validators]] table for each: key, power, jurisdiction
        file: PathBuf,
    },
}

/// An earlier instruction.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Reference {
    /// The agent that gave it: BIC, LEI or SYSTEM:NUMBER
    #[arg(long, value_name = "AGENT")]
    agent: AgentIdentification,
    /// Its reference
    #[arg(long)]
    uetr: Uetr,
}

/// A request to the central bank.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct RequestArgs {
    /// The institution that asks: BIC, LEI or SYSTEM:NUMBER
    #[arg(long, value_name = "AGENT")]
    agent: AgentIdentification,
    /// Currency by its ISO 4217 code
    #[arg(long)]
    currency: CurrencyCode,
    /// How much, in major units
    #[arg(long)]
    amount: String,
    /// The reference of the request; a new one when left out
    #[arg(long)]
    uetr: Option<Uetr>,
}

/// A currency and why.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct CurrencyArgs {
    /// The currency
    currency: CurrencyCode,
    /// The issuer's words
    #[arg(long)]
    reason: Sentence,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValidatorFile {
    validators: Vec<Validator>,
}

impl Instruction {
    /// The operation that the flags describe.
    pub(super) fn operation(&self) -> anyhow::Result<Operation> {
        Ok(match self {
            Self::Pay(payment) => ledger::Pay {
                payment: payment.terms()?,
            }
            .into(),
            Self::PayBulk { file } => ledger::PayBulk {
                payments: payments::read(file)?,
            }
            .into(),
            Self::Linked { file } => ledger::Linked {
                legs: payments::read(file)?,
            }
            .into(),
            Self::Hold {
                payment,
                expires_in,
            } => ledger::Hold {
                payment: payment.terms()?,
                expires: now().after(*expires_in),
            }
            .into(),
            Self::Post {
                of,
                currency,
                amount: text,
            } => of.post(amount(text, *currency)?).into(),
            Self::Void(of) => of.void().into(),
            Self::Approve { instruction } => ledger::Approve {
                instruction: *instruction,
            }
            .into(),
            Self::Cancel { of, reason } => of.cancel(reason).into(),
            Self::Return {
                of,
                currency,
                amount: text,
                reason,
                return_uetr,
            } => of
                .send_back(or_new(*return_uetr)?, amount(text, *currency)?, reason)
                .into(),
            Self::ConfirmCredit(of) => of.confirm_credit().into(),
            Self::IssueRequest {
                request,
                rtgs_reference,
            } => request.issue(rtgs_reference)?.into(),
            Self::Issue {
                of,
                rtgs_credit_reference,
            } => of.issue(rtgs_credit_reference).into(),
            Self::RedeemRequest {
                request,
                rtgs_account,
            } => request.redeem(rtgs_account)?.into(),
            Self::RedeemConfirm {
                of,
                rtgs_debit_reference,
            } => of.confirm_redemption(rtgs_debit_reference).into(),
            Self::RedeemCancel(of) => of.decline_redemption().into(),
            Self::CurrencyHalt(args) => args.halt().into(),
            Self::CurrencyResume(args) => args.resume().into(),
            Self::RotateKey { old, new } => {
                let (old, new) = (*old, *new);
                ledger::RotateKey { old, new }.into()
            }
            Self::ValidatorSetChange { file } => validator_set_change(file)?.into(),
        })
    }
}

/// What is asked about an earlier payment.
impl Reference {
    fn post(&self, amount: Amount) -> ledger::Post {
        ledger::Post {
            agent: self.agent.clone(),
            uetr: self.uetr,
            amount,
        }
    }

    fn void(&self) -> ledger::Void {
        ledger::Void {
            agent: self.agent.clone(),
            uetr: self.uetr,
        }
    }

    fn cancel(&self, reason: &ExternalCode) -> ledger::Cancel {
        ledger::Cancel {
            agent: self.agent.clone(),
            uetr: self.uetr,
            reason: reason.clone(),
        }
    }

    fn send_back(&self, uetr: Uetr, amount: Amount, reason: &ExternalCode) -> ledger::Return {
        ledger::Return {
            uetr,
            original_agent: self.agent.clone(),
            original_uetr: self.uetr,
            amount,
            reason: reason.clone(),
        }
    }

    fn confirm_credit(&self) -> ledger::ConfirmCredit {
        ledger::ConfirmCredit {
            agent: self.agent.clone(),
            uetr: self.uetr,
        }
    }
}

/// What the central bank answers to a request.
impl Reference {
    fn issue(&self, rtgs_credit_reference: &Max35Text) -> ledger::Issue {
        ledger::Issue {
            agent: self.agent.clone(),
            uetr: self.uetr,
            rtgs_credit_reference: rtgs_credit_reference.clone(),
        }
    }

    fn confirm_redemption(&self, rtgs_debit_reference: &Max35Text) -> ledger::RedeemConfirm {
        ledger::RedeemConfirm {
            agent: self.agent.clone(),
            uetr: self.uetr,
            rtgs_debit_reference: rtgs_debit_reference.clone(),
        }
    }

    fn decline_redemption(&self) -> ledger::RedeemCancel {
        ledger::RedeemCancel {
            agent: self.agent.clone(),
            uetr: self.uetr,
        }
    }
}

impl RequestArgs {
    fn issue(&self, rtgs_reference: &Max35Text) -> anyhow::Result<ledger::IssueRequest> {
        Ok(ledger::IssueRequest {
            uetr: or_new(self.uetr)?,
            agent: self.agent.clone(),
            currency: self.currency,
            amount: amount(&self.amount, self.currency)?,
            rtgs_reference: rtgs_reference.clone(),
        })
    }

    fn redeem(&self, rtgs_account: &AccountNumber) -> anyhow::Result<ledger::RedeemRequest> {
        Ok(ledger::RedeemRequest {
            uetr: or_new(self.uetr)?,
            agent: self.agent.clone(),
            currency: self.currency,
            amount: amount(&self.amount, self.currency)?,
            rtgs_account: rtgs_account.clone(),
        })
    }
}

impl CurrencyArgs {
    fn halt(&self) -> ledger::CurrencyHalt {
        ledger::CurrencyHalt {
            currency: self.currency,
            reason: self.reason.clone(),
        }
    }

    fn resume(&self) -> ledger::CurrencyResume {
        ledger::CurrencyResume {
            currency: self.currency,
            reason: self.reason.clone(),
        }
    }
}

fn validator_set_change(path: &Path) -> anyhow::Result<ledger::ValidatorSetChange> {
    let text = files::read_text(path, VALIDATORS_BYTES_MAX)?;
    let file: ValidatorFile = toml::from_str(&text).with_context(|| path.display().to_string())?;
    Ok(ledger::ValidatorSetChange {
        validators: file.validators,
    })
}

fn or_new(uetr: Option<Uetr>) -> anyhow::Result<Uetr> {
    uetr.map_or_else(random_uetr, Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_operation_of_the_ledger_has_a_subcommand() {
        let command = Instruction::augment_subcommands(clap::Command::new("tx"));
        let offered: BTreeSet<String> = command
            .get_subcommands()
            .map(|one| one.get_name().replace('-', ""))
            .collect();
        let wanted: BTreeSet<String> = Operation::NAMES
            .iter()
            .map(|name| name.to_lowercase())
            .collect();
        assert_eq!(offered, wanted);
    }
}
