//! ISO 20022 messages in and out: XML to the fields of an instruction, a result to XML.
//!
//! [`read`] takes a file and gives a [`Document`] with one [`CreditTransfer`] for each payment in it, or a
//! [`Refusal`]: an ISO reason code and a sentence that a payments clerk understands. [`read_any`] also takes returns
//! (pacs.004), requests for cancellation and their answers (camt.056, camt.029) and requests for status (pacs.028).
//! [`write_status_report`] answers with a pacs.002.001.10, [`write_resolution`] with a camt.029.001.09.
//!
//! What must hold: the same bytes give the same fields or the same refusal, everywhere and always; the meaning of a
//! file does not depend on its prefixes, white space or the order of its elements; names, customer accounts and free
//! text are kept apart ([`PrivateFields`]) from what the ledger may hold ([`LedgerFields`]); no input makes it panic,
//! expand an entity or use memory beyond a small multiple of [`FILE_BYTES_MAX`].
//!
//! What it refuses to know: the ledger (whether an agent exists, whether there are funds), keys, clocks and files.

mod agents;
mod amounts;
mod assignment;
mod cancellation;
mod catalogue;
mod cursor;
mod document;
mod envelope;
mod group;
pub mod ivms101;
mod message;
mod original;
mod parties;
mod payload;
mod payment_return;
mod profile;
mod refusal;
mod resolution;
mod statement;
mod status_report;
mod status_request;
mod template;
mod times;
mod transaction;
mod transfer;
mod transfer_writer;
mod xml;
mod xml_writer;

pub use assignment::Assignment;
pub use cancellation::{CancellationRequest, write_cancellation_request};
pub use catalogue::MessageDefinition;
pub use document::{read, read_any};
pub use envelope::Header;
pub use group::TRANSACTIONS_MAX;
pub use message::Message;
pub use original::{OriginalMessage, OriginalPayment};
pub use parties::PRIVATE_BYTES_MAX;
pub use payload::BULK_FRAME_BYTES_MAX;
pub use payment_return::{PaymentReturn, write_return};
pub use profile::{Charset, PartialApproval, PartyNames, Profile, SettlementMethod};
pub use refusal::{IsoReason, Refusal};
pub use resolution::{Resolution, ResolutionAnswer, ReturnReference, write_resolution};
pub use statement::{
    AccountOwner, BalanceType, BankTransactionCode, CashAccount, CashBalance, DateOrTime,
    ENTRIES_PER_PAGE, EntryStatus, EntryTransaction, NOTE_CHARS_MAX, Page, Period,
    ProprietaryReference, ReportEntry, Statement, StatementError, StatementFile, StatementKind,
    StatementMessage, read_statements, write_statement,
};
pub use status_report::{
    PaymentStatus, ReportHeader, StatusReason, StatusReport, TransactionReport, write_status_report,
};
pub use status_request::{RequestedStatus, StatusRequest, write_status_request};
pub use template::{TemplateError, fill_template};
pub use transfer::{
    ChargeBearer, CreditTransfer, Document, LedgerFields, NamedAgents, Party, Priority,
    PrivateFields, RegulatoryCode, TransferKind,
};
pub use transfer_writer::{
    OutgoingMessage, OutgoingParty, OutgoingTransfer, write_credit_transfers,
};
pub use xml::{
    ATTRIBUTE_BYTES_MAX, ATTRIBUTES_MAX, DEPTH_MAX, ELEMENTS_MAX, FILE_BYTES_MAX, NAME_BYTES_MAX,
    NAMESPACE_BYTES_MAX, NAMESPACES_MAX, TEXT_BYTES_MAX,
};
