//! The names of ISO 20022 messages: which definition a namespace means, and what a clerk calls it.

use crate::cancellation::{CANCELLATION, CANCELLATION_ELEMENT};
use crate::payment_return::{RETURN, RETURN_ELEMENT};
use crate::refusal::quoted;
use crate::resolution::{RESOLUTION, RESOLUTION_ELEMENT};
use crate::status_request::{STATUS_REQUEST, STATUS_REQUEST_ELEMENT};
use crate::transfer::TransferKind;
use core::fmt;

/// The beginning of every ISO 20022 namespace.
pub(crate) const ISO_NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:";

/// A message definition identifier such as `pacs.008.001.08`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct MessageDefinition(String);

impl MessageDefinition {
    /// Reads four letters, three digits, three digits and two digits, divided by points.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let [area, functionality, variant, version] = parts.as_slice() else {
            return None;
        };
        let digits = |part: &str, length: usize| {
            part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let well_formed = area.len() == 4
            && area.bytes().all(|byte| byte.is_ascii_lowercase())
            && digits(functionality, 3)
            && digits(variant, 3)
            && digits(version, 2);
        well_formed.then(|| Self(text.to_owned()))
    }
    /// The definition that a namespace stands for; none when it is not an ISO 20022 namespace.
    #[must_use]
    pub fn from_namespace(namespace: &str) -> Option<Self> {
        Self::parse(namespace.strip_prefix(ISO_NAMESPACE)?)
    }
    /// For example `pacs.008.001.08`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Business area and functionality, for example `pacs.008`.
    #[must_use]
    pub fn family(&self) -> &str {
        &self.0[..8]
    }
    /// The two digits of the version, for example `08`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.0[13..]
    }
    /// What the message is in plain words; none for one that is rare in payments.
    #[must_use]
    pub fn plain_name(&self) -> Option<&'static str> {
        let entry = PLAIN_NAMES
            .iter()
            .find(|(family, _)| *family == self.family());
        entry.map(|(_, name)| *name)
    }
    /// The kind of message, when this is one that is read.
    pub(crate) fn kind(&self) -> Option<MessageKind> {
        let is = |kind: &MessageKind| kind.definition() == self.as_str();
        MessageKind::ALL.into_iter().find(is)
    }

    /// Why a message of this definition is not taken, and what to do instead.
    pub(crate) fn refusal_sentence(&self) -> String {
        let name = self
            .plain_name()
            .map_or(String::new(), |name| format!(" ({name})"));
        let same_family = |kind: &MessageKind| kind.definition().starts_with(self.family());
        if let Some(kind) = MessageKind::ALL.into_iter().find(same_family) {
            return format!(
                "This file is a {}{name} in version {} of its definition ({self}). Karwan reads {}; export the message in \
                 that version.",
                self.family(),
                self.version(),
                kind.definition(),
            );
        }
        let advice = match self.family() {
            "pacs.002" => " Karwan sends payment status reports, it does not take them in.",
            "pain.001" => " The debtor's bank turns a customer's initiation into a pacs.008.",
            "camt.052" | "camt.053" | "camt.054" => {
                " A statement of an account instructs nothing; it is read to compare it with the ledger."
            }
            _ => "",
        };
        format!(
            "This file is a {}{name}, version {}. Karwan reads pacs.008.001.08 and pacs.009.001.08 (credit transfers \
             between institutions), pacs.004.001.09 (returns), camt.056.001.08 and camt.029.001.09 (recalls) and \
             pacs.028.001.03 (status requests).{advice}",
            self.family(),
            self.version(),
        )
    }
}

/// A message that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageKind {
    Transfer(TransferKind),
    Return,
    Cancellation,
    Resolution,
    StatusRequest,
}

impl MessageKind {
    const ALL: [Self; 6] = [
        Self::Transfer(TransferKind::Customer),
        Self::Transfer(TransferKind::FinancialInstitution),
        Self::Return,
        Self::Cancellation,
        Self::Resolution,
        Self::StatusRequest,
    ];
    /// For example `pacs.008.001.08`.
    pub(crate) const fn definition(self) -> &'static str {
        match self {
            Self::Transfer(kind) => kind.definition(),
            Self::Return => RETURN,
            Self::Cancellation => CANCELLATION,
            Self::Resolution => RESOLUTION,
            Self::StatusRequest => STATUS_REQUEST,
        }
    }
    /// The element inside `Document`.
    pub(crate) const fn message_element(self) -> &'static str {
        match self {
            Self::Transfer(kind) => kind.message_element(),
            Self::Return => RETURN_ELEMENT,
            Self::Cancellation => CANCELLATION_ELEMENT,
            Self::Resolution => RESOLUTION_ELEMENT,
            Self::StatusRequest => STATUS_REQUEST_ELEMENT,
        }
    }
}

impl From<TransferKind> for MessageDefinition {
    fn from(kind: TransferKind) -> Self {
        Self(kind.definition().to_owned())
    }
}

impl fmt::Display for MessageDefinition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// The sentence for a `Document` whose namespace is none of ISO 20022.
pub(crate) fn unknown_namespace_sentence(namespace: &str) -> String {
    if namespace.is_empty() {
        return format!(
            "The Document has no namespace, so nobody can tell which message it is. Declare it, for example \
             xmlns=\"{ISO_NAMESPACE}pacs.008.001.08\"."
        );
    }
    format!(
        "The Document has the namespace {}, which is not one of ISO 20022 ({ISO_NAMESPACE}…). Karwan reads \
         pacs.008.001.08 and pacs.009.001.08; export the payment in the ISO definition.",
        quoted(namespace)
    )
}

/// What payments people call a message, by business area and functionality.
const PLAIN_NAMES: &[(&str, &str)] = &[
    ("acmt.023", "account identification verification request"),
    ("acmt.024", "account identification verification report"),
    ("admi.002", "message rejection"),
    ("admi.004", "system event notification"),
    ("admi.007", "receipt acknowledgement"),
    ("admi.011", "system event acknowledgement"),
    ("auth.018", "currency control contract registration"),
    ("camt.003", "account query"),
    ("camt.004", "account report"),
    ("camt.005", "transaction query"),
    ("camt.006", "transaction report"),
    ("camt.007", "transaction modification"),
    ("camt.008", "transaction cancellation"),
    ("camt.025", "receipt"),
    ("camt.026", "unable to apply"),
    ("camt.027", "claim of non-receipt"),
    ("camt.028", "additional payment information"),
    ("camt.029", "resolution of investigation"),
    ("camt.030", "notification of case assignment"),
    ("camt.050", "liquidity credit transfer"),
    ("camt.052", "bank to customer account report"),
    ("camt.053", "bank to customer statement"),
    ("camt.054", "bank to customer debit and credit notification"),
    ("camt.055", "customer payment cancellation request"),
    (
        "camt.056",
        "payment cancellation request between institutions",
    ),
    ("camt.057", "notification to receive"),
    ("camt.058", "cancellation of a notification to receive"),
    ("camt.060", "account reporting request"),
    ("camt.087", "request to modify a payment"),
    ("camt.105", "charges notification"),
    ("camt.106", "charges request"),
    ("camt.107", "cheque presentment notification"),
    ("camt.110", "investigation request"),
    ("camt.111", "investigation response"),
    ("head.001", "business application header"),
    ("pacs.002", "payment status report between institutions"),
    ("pacs.003", "customer direct debit between institutions"),
    ("pacs.004", "payment return"),
    ("pacs.007", "payment reversal between institutions"),
    ("pacs.008", "customer credit transfer between institutions"),
    ("pacs.009", "credit transfer of financial institutions"),
    ("pacs.010", "direct debit of financial institutions"),
    ("pacs.028", "payment status request between institutions"),
    ("pain.001", "customer credit transfer initiation"),
    ("pain.002", "customer payment status report"),
    ("pain.007", "customer payment reversal"),
    ("pain.008", "customer direct debit initiation"),
    ("pain.009", "mandate initiation request"),
    ("pain.013", "creditor payment activation request"),
    (
        "pain.014",
        "creditor payment activation request status report",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_read_from_namespaces() {
        let check = |namespace: &str, expected: Option<&str>| {
            let found = MessageDefinition::from_namespace(namespace);
            assert_eq!(
                found.as_ref().map(MessageDefinition::as_str),
                expected,
                "{namespace}"
            );
        };
        check(
            "urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08",
            Some("pacs.008.001.08"),
        );
        check("urn:iso:std:iso:20022:tech:xsd:pacs.008.001.8", None);
        check("urn:iso:std:iso:20022:tech:xsd:", None);
        check("urn:swift:xsd:pacs.008.001.08", None);
        check("", None);
    }

    #[test]
    fn other_versions_and_other_messages_are_named() {
        let sentence = |text: &str| MessageDefinition::parse(text).unwrap().refusal_sentence();
        assert!(sentence("pacs.008.001.10").starts_with(
            "This file is a pacs.008 (customer credit transfer between institutions) in version 10"
        ));
        assert!(
            sentence("camt.053.001.07")
                .starts_with("This file is a camt.053 (bank to customer statement), version 07.")
        );
        assert!(sentence("setr.001.001.04").starts_with("This file is a setr.001, version 04."));
    }

    #[test]
    fn the_names_are_in_order_and_unique() {
        assert!(PLAIN_NAMES.is_sorted_by(|left, right| left.0 < right.0));
    }
}
