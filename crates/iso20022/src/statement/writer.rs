//! Writes camt.052.001.08, camt.053.001.08 and camt.054.001.08: the same statement gives the same bytes.

use super::entry::ProprietaryReference;
use super::sums::AMOUNT_MAX;
use super::{
    CashAccount, CashBalance, DateOrTime, EntryTransaction, Page, ReportEntry, ReportHeader,
    Statement, StatementError, StatementKind,
};
use crate::xml_writer::{HeaderOut, XmlWriter, write_enveloped};
use karwan_types::{AccountNumber, Amount, CurrencyCode, Max35Text, Timestamp};

/// A message with one statement, or one page of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementMessage {
    /// `MsgId`, another on each page.
    pub message_id: Max35Text,
    /// When it is made (`CreDtTm`): block time, not a clock.
    pub created: Timestamp,
    /// The header to write in front; none writes the `Document` alone.
    pub header: Option<ReportHeader>,
    /// The statement.
    pub statement: Statement,
}

/// Writes a message: the `Document`, or with a header an `Envelope` that holds `AppHdr` and `Document`.
///
/// # Errors
/// [`StatementError`] when the figures do not agree with each other. They are our own, so this is our mistake.
pub fn write_statement(message: &StatementMessage) -> Result<String, StatementError> {
    let statement = &message.statement;
    statement.check()?;
    let kind = statement.kind;
    let definition = kind.definition();
    let header = message.header.as_ref().map(|header| HeaderOut {
        from: Some(&header.from),
        to: Some(&header.to),
        business_message_id: &message.message_id,
        definition,
        business_service: header.business_service.as_deref(),
        created: message.created,
    });
    let totals = Totals::of(statement)?;
    Ok(write_enveloped(header.as_ref(), definition, |xml| {
        xml.element(kind.message_element(), |xml| {
            xml.element("GrpHdr", |xml| {
                xml.leaf("MsgId", message.message_id.as_str());
                xml.leaf("CreDtTm", &message.created.to_string());
            });
            xml.element(kind.account_element(), |xml| {
                write_one(xml, statement, message.created, &totals);
            });
        });
    }))
}

fn write_one(xml: &mut XmlWriter, statement: &Statement, created: Timestamp, totals: &Totals) {
    let kind = statement.kind;
    let currency = statement.account.currency;
    xml.leaf("Id", statement.id.as_str());
    let Page { number, last } = statement.page;
    xml.element(kind.pagination_element(), |xml| {
        xml.leaf("PgNb", &number.to_string());
        xml.leaf("LastPgInd", if last { "true" } else { "false" });
    });
    xml.leaf("CreDtTm", &created.to_string());
    if let Some(period) = statement.period {
        xml.element("FrToDt", |xml| {
            xml.leaf("FrDtTm", &period.from.to_string());
            xml.leaf("ToDtTm", &period.to.to_string());
        });
    }
    write_account(xml, &statement.account);
    for balance in &statement.balances {
        write_balance(xml, balance, currency);
    }
    // A notification tells of entries one by one and has no summary.
    if kind != StatementKind::Notification {
        totals.write(xml, currency);
    }
    for entry in &statement.entries {
        xml.element("Ntry", |xml| write_entry(xml, entry, currency));
    }
    xml.optional(kind.note_element(), statement.note.as_deref());
}

fn write_account(xml: &mut XmlWriter, account: &CashAccount) {
    xml.element("Acct", |xml| {
        write_account_number(xml, &account.number);
        xml.leaf("Ccy", account.currency.as_str());
        let owner = &account.owner;
        if owner.name.is_none() && owner.bic.is_none() && owner.lei.is_none() {
            return;
        }
        xml.element("Ownr", |xml| {
            xml.optional("Nm", owner.name.as_deref());
            if owner.bic.is_some() || owner.lei.is_some() {
                xml.element("Id", |xml| {
                    xml.element("OrgId", |xml| {
                        xml.optional("AnyBIC", owner.bic.as_ref().map(|bic| bic.as_str()));
                        xml.optional("LEI", owner.lei.as_ref().map(|lei| lei.as_str()));
                    });
                });
            }
        });
    });
}

fn write_account_number(xml: &mut XmlWriter, number: &AccountNumber) {
    xml.element("Id", |xml| {
        if number.is_iban() {
            xml.leaf("IBAN", number.as_str());
        } else {
            xml.element("Othr", |xml| xml.leaf("Id", number.as_str()));
        }
    });
}

fn write_balance(xml: &mut XmlWriter, balance: &CashBalance, currency: CurrencyCode) {
    xml.element("Bal", |xml| {
        xml.element("Tp", |xml| {
            xml.element("CdOrPrtry", |xml| xml.leaf("Cd", balance.kind.code()));
        });
        write_signed(xml, balance.minor, currency);
        write_date_or_time(xml, "Dt", balance.at);
    });
}

/// `Amt` and `CdtDbtInd`; nothing is in the owner's favour.
fn write_signed(xml: &mut XmlWriter, minor: i128, currency: CurrencyCode) {
    let amount = Amount::from_minor(minor.unsigned_abs());
    xml.amount("Amt", currency.as_str(), &amount.to_decimal(currency));
    xml.leaf("CdtDbtInd", if minor < 0 { "DBIT" } else { "CRDT" });
}

fn write_date_or_time(xml: &mut XmlWriter, name: &'static str, at: DateOrTime) {
    xml.element(name, |xml| match at {
        DateOrTime::Date(date) => xml.leaf("Dt", &date.to_string()),
        DateOrTime::Time(time) => xml.leaf("DtTm", &time.to_string()),
    });
}

fn write_entry(xml: &mut XmlWriter, entry: &ReportEntry, currency: CurrencyCode) {
    xml.optional("NtryRef", entry.reference.as_ref().map(Max35Text::as_str));
    write_signed(xml, entry.minor, currency);
    xml.element("Sts", |xml| xml.leaf("Cd", entry.status.code()));
    if let Some(booked) = entry.booked {
        write_date_or_time(xml, "BookgDt", booked);
    }
    if let Some(date) = entry.value_date {
        write_date_or_time(xml, "ValDt", DateOrTime::Date(date));
    }
    let servicer = entry.servicer_reference.as_ref().map(Max35Text::as_str);
    xml.optional("AcctSvcrRef", servicer);
    xml.element("BkTxCd", |xml| {
        xml.element("Domn", |xml| {
            xml.leaf("Cd", entry.code.domain.as_str());
            xml.element("Fmly", |xml| {
                xml.leaf("Cd", entry.code.family.as_str());
                xml.leaf("SubFmlyCd", entry.code.subfamily.as_str());
            });
        });
    });
    if !entry.transactions.is_empty() {
        xml.element("NtryDtls", |xml| {
            for transaction in &entry.transactions {
                xml.element("TxDtls", |xml| {
                    write_transaction(xml, transaction, entry.minor, currency);
                });
            }
        });
    }
    xml.optional("AddtlNtryInf", entry.note.as_deref());
}

fn write_transaction(
    xml: &mut XmlWriter,
    transaction: &EntryTransaction,
    entry_minor: i128,
    currency: CurrencyCode,
) {
    let text = |id: &'_ Option<Max35Text>| id.as_ref().map(|id| id.as_str().to_owned());
    xml.element("Refs", |xml| {
        xml.optional("MsgId", text(&transaction.message_id).as_deref());
        let servicer = text(&transaction.servicer_reference);
        xml.optional("AcctSvcrRef", servicer.as_deref());
        xml.optional("InstrId", text(&transaction.instruction_id).as_deref());
        xml.optional("EndToEndId", text(&transaction.end_to_end_id).as_deref());
        let uetr = transaction.uetr.map(|uetr| uetr.to_string());
        xml.optional("UETR", uetr.as_deref());
        xml.optional("TxId", text(&transaction.transaction_id).as_deref());
        let clearing = text(&transaction.clearing_system_reference);
        xml.optional("ClrSysRef", clearing.as_deref());
        for ProprietaryReference { kind, reference } in &transaction.proprietary {
            xml.element("Prtry", |xml| {
                xml.leaf("Tp", kind.as_str());
                xml.leaf("Ref", reference.as_str());
            });
        }
    });
    if let Some(amount) = transaction.amount {
        xml.amount("Amt", currency.as_str(), &amount.to_decimal(currency));
        xml.leaf("CdtDbtInd", if entry_minor < 0 { "DBIT" } else { "CRDT" });
    }
    let accounts = [
        ("DbtrAcct", &transaction.debtor_account),
        ("CdtrAcct", &transaction.creditor_account),
    ];
    if accounts.iter().any(|(_, account)| account.is_some()) {
        xml.element("RltdPties", |xml| {
            for (name, account) in accounts {
                if let Some(number) = account {
                    xml.element(name, |xml| write_account_number(xml, number));
                }
            }
        });
    }
    let agents = [
        ("DbtrAgt", &transaction.debtor_agent),
        ("CdtrAgt", &transaction.creditor_agent),
    ];
    if agents.iter().any(|(_, agent)| agent.is_some()) {
        xml.element("RltdAgts", |xml| {
            for (name, agent) in agents {
                if let Some(agent) = agent {
                    xml.agent(name, agent);
                }
            }
        });
    }
}

/// The numbers and sums of the entries.
struct Totals {
    credits: (usize, Amount),
    debits: (usize, Amount),
    all: (usize, Amount),
    net: i128,
}

impl Totals {
    fn of(statement: &Statement) -> Result<Self, StatementError> {
        let sum = |counts: fn(i128) -> bool| {
            let entries: Vec<_> = statement
                .entries
                .iter()
                .filter(|entry| counts(entry.minor))
                .collect();
            let sum = entries.iter().try_fold(0_u128, |sum, entry| {
                sum.checked_add(entry.minor.unsigned_abs())
            });
            let sum = sum.ok_or(StatementError::TooLarge)?;
            Ok((entries.len(), Amount::from_minor(sum)))
        };
        Ok(Self {
            credits: sum(|minor| minor >= 0)?,
            debits: sum(|minor| minor < 0)?,
            all: sum(|_| true)?,
            net: statement
                .entries
                .iter()
                .map(|entry| entry.minor)
                .try_fold(0_i128, i128::checked_add)
                .ok_or(StatementError::TooLarge)?,
        })
    }

    fn write(&self, xml: &mut XmlWriter, currency: CurrencyCode) {
        let number_and_sum = |xml: &mut XmlWriter, (number, sum): (usize, Amount)| {
            xml.leaf("NbOfNtries", &number.to_string());
            // A sum of many amounts may have more digits than a number of ISO 20022; it is then left out.
            if sum.minor() <= AMOUNT_MAX {
                xml.leaf("Sum", &sum.to_decimal(currency));
            }
        };
        xml.element("TxsSummry", |xml| {
            xml.element("TtlNtries", |xml| {
                number_and_sum(xml, self.all);
                let net = Amount::from_minor(self.net.unsigned_abs());
                if net.minor() <= AMOUNT_MAX {
                    xml.element("TtlNetNtry", |xml| {
                        xml.leaf("Amt", &net.to_decimal(currency));
                        xml.leaf("CdtDbtInd", if self.net < 0 { "DBIT" } else { "CRDT" });
                    });
                }
            });
            xml.element("TtlCdtNtries", |xml| number_and_sum(xml, self.credits));
            xml.element("TtlDbtNtries", |xml| number_and_sum(xml, self.debits));
        });
    }
}
