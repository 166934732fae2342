//! ISO 20022 messages in and out: XML to the fields of an instruction, a result to XML.
//!
//! [`read`] takes a file and gives a [`Document`] with one [`CreditTransfer`] for each payment in it, or a
//! [`Refusal`]: an ISO reason code and a sentence that a payments clerk understands. [`write_status_report`] answers
//! with a pacs.002.001.10.
//!
//! What must hold: the same bytes give the same fields or the same refusal, everywhere and always; the meaning of a
//! file does not depend on its prefixes, white space or the order of its elements; names, customer accounts and free
//! text are kept apart ([`PrivateFields`]) from what the ledger may hold ([`LedgerFields`]); no input makes it panic,
//! expand an entity or use memory beyond a small multiple of [`FILE_BYTES_MAX`].
//!
//! What it refuses to know: the ledger (whether an agent exists, whether there are funds), keys, clocks and files.

mod agents;
mod amounts;
mod catalogue;
mod cursor;
mod document;
mod envelope;
mod group;
mod message;
mod parties;
mod payload;
mod profile;
mod refusal;
mod status_report;
mod template;
mod times;
mod transaction;
mod transfer;
mod transfer_writer;
mod xml;
mod xml_writer;

pub use catalogue::MessageDefinition;
pub use document::read;
pub use envelope::Header;
pub use group::TRANSACTIONS_MAX;
pub use parties::PRIVATE_BYTES_MAX;
pub use payload::BULK_FRAME_BYTES_MAX;
pub use profile::{Charset, PartialApproval, PartyNames, Profile, SettlementMethod};
pub use refusal::{IsoReason, Refusal};
pub use status_report::{
    OriginalMessage, PaymentStatus, ReportHeader, StatusReason, StatusReport, TransactionReport,
    write_status_report,
};
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
