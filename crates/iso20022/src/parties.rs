//! People and their accounts: the data that never reach the ledger, as canonical text.
//!
//! What must hold: the same datum gives the same text whatever the white space and the order of its elements; a refusal
//! here never quotes what it refuses.

use crate::cursor::Cursor;
use crate::profile::{Charset, PartyNames, Profile};
use crate::refusal::{IsoReason, Refusal};
use crate::transfer::{Party, PrivateFields, TransferKind};
use crate::xml::Element;
use karwan_types::AccountNumber;

/// Bytes of canonical text about the parties of one payment, which bounds what paths and values can grow to.
pub const PRIVATE_BYTES_MAX: usize = 32 << 10;
/// Characters of a name (`Max140Text`) and of a line of remittance information.
const LINE_CHARS_MAX: usize = 140;

/// Reads the private fields of one payment.
pub(crate) fn read_private(
    transaction: &Cursor<'_>,
    kind: TransferKind,
    profile: &Profile,
) -> Result<PrivateFields, Refusal> {
    let mut reader = PrivateReader {
        charset: profile.charset,
        bytes_left: PRIVATE_BYTES_MAX,
    };
    let mut fields = PrivateFields {
        ultimate_debtor: reader.optional_party(transaction, "UltmtDbtr")?,
        ultimate_creditor: reader.optional_party(transaction, "UltmtCdtr")?,
        initiating_party: reader.optional_party(transaction, "InitgPty")?,
        regulatory_reports: reader.canonical_list(transaction.all("RgltryRptg"))?,
        ..PrivateFields::default()
    };
    // The debtor and creditor of an institution payment are no people; the ledger holds them and their accounts.
    if kind == TransferKind::Customer {
        let debtor = transaction.required("Dbtr")?;
        let creditor = transaction.required("Cdtr")?;
        fields.debtor = reader.party(&debtor)?;
        fields.creditor = reader.party(&creditor)?;
        fields.debtor_account =
            read_account(transaction, "DbtrAcct", IsoReason::InvalidDebtorAccount)?;
        fields.creditor_account =
            read_account(transaction, "CdtrAcct", IsoReason::InvalidCreditorAccount)?;
        check_name(
            &debtor,
            &fields.debtor,
            IsoReason::MissingDebtorName,
            profile,
        )?;
        check_name(
            &creditor,
            &fields.creditor,
            IsoReason::MissingCreditorName,
            profile,
        )?;
    }
    for name in ["InstrForCdtrAgt", "InstrForNxtAgt"] {
        let instructions = reader.canonical_list(transaction.all(name))?;
        fields.agent_instructions.extend(instructions);
    }
    if let Some(remittance) = transaction.optional("RmtInf")? {
        for line in remittance.all("Ustrd") {
            fields.remittance_lines.push(reader.line(&line)?);
        }
        fields.remittance_documents = reader.canonical_list(remittance.all("Strd"))?;
    }
    Ok(fields)
}

fn check_name(
    cursor: &Cursor<'_>,
    party: &Party,
    reason: IsoReason,
    profile: &Profile,
) -> Result<(), Refusal> {
    match (profile.party_names, &party.name) {
        (PartyNames::Optional, _) | (PartyNames::Required, Some(_)) => Ok(()),
        (PartyNames::Required, None) => {
            let name = cursor.element().name;
            let sentence = format!(
                "{name} has no name (Nm). A customer payment names both its debtor and its creditor."
            );
            Err(cursor.refuse(reason, sentence))
        }
    }
}

/// The account in the element `name` (`CashAccount38`): an IBAN with right check digits, or another number.
pub(crate) fn read_account(
    transaction: &Cursor<'_>,
    name: &str,
    reason: IsoReason,
) -> Result<Option<AccountNumber>, Refusal> {
    let Some(account) = transaction.optional(name)? else {
        return Ok(None);
    };
    let identification = account.required("Id")?;
    if let Some(iban) = identification.optional("IBAN")? {
        let number = AccountNumber::parse(iban.text()?)
            .ok()
            .filter(AccountNumber::is_iban);
        let sentence = format!(
            "The IBAN of {name} is not valid: its structure or its check digits are wrong."
        );
        return number
            .map(Some)
            .ok_or_else(|| iban.refuse(reason, sentence));
    }
    let Some(other) = identification.find("Othr/Id")? else {
        let sentence = format!("{name} has neither an IBAN nor another account number (Othr/Id).");
        return Err(identification.refuse(reason, sentence));
    };
    match AccountNumber::parse(other.text()?) {
        Ok(number) => Ok(Some(number)),
        Err(error) => Err(other.refuse(
            reason,
            format!("The account number of {name} {}.", error.rule),
        )),
    }
}

/// Reads private text within the limit of one payment.
struct PrivateReader {
    charset: Charset,
    bytes_left: usize,
}

impl PrivateReader {
    fn optional_party(&mut self, transaction: &Cursor<'_>, name: &str) -> Result<Party, Refusal> {
        match transaction.optional(name)? {
            Some(cursor) => self.party(&cursor),
            None => Ok(Party::default()),
        }
    }

    fn party(&mut self, cursor: &Cursor<'_>) -> Result<Party, Refusal> {
        let name = cursor
            .optional("Nm")?
            .map(|name| self.line(&name))
            .transpose()?;
        // A customer has `Id`, an institution in a party's place (pacs.009 `UltmtDbtr`) has `FinInstnId`.
        let identification = match cursor.optional("Id")? {
            Some(identification) => Some(identification),
            None => cursor.optional("FinInstnId")?,
        };
        Ok(Party {
            name,
            address: self.canonical(cursor.optional("PstlAdr")?)?,
            identification: self.canonical(identification)?,
            residence: cursor
                .optional("CtryOfRes")?
                .map(|country| self.line(&country))
                .transpose()?,
            contact: self.canonical(cursor.optional("CtctDtls")?)?,
        })
    }

    /// One line of text for people.
    fn line(&mut self, cursor: &Cursor<'_>) -> Result<String, Refusal> {
        let line = single_spaced(cursor.text()?);
        if line.chars().count() > LINE_CHARS_MAX {
            let name = cursor.element().name;
            let sentence =
                format!("{name} is longer than {LINE_CHARS_MAX} characters. Shorten it.");
            return Err(cursor.refuse(IsoReason::ElementIncorrect, sentence));
        }
        self.check(cursor, &line)?;
        Ok(line)
    }

    fn canonical_list(&mut self, cursors: Vec<Cursor<'_>>) -> Result<Vec<String>, Refusal> {
        let mut texts = Vec::new();
        for cursor in cursors {
            texts.extend(self.canonical(Some(cursor))?);
        }
        Ok(texts)
    }

    /// Everything in an element as lines `path=text`, sorted by path; none for an element with nothing in it.
    fn canonical(&mut self, cursor: Option<Cursor<'_>>) -> Result<Option<String>, Refusal> {
        let Some(cursor) = cursor else {
            return Ok(None);
        };
        let mut leaves = Leaves {
            found: Vec::new(),
            bytes_left: self.bytes_left,
        };
        if leaves.collect(cursor.element(), "").is_none() {
            return Err(too_much(&cursor));
        }
        // A stable sort: address lines and other repeated elements keep their order.
        leaves.found.sort_by(|left, right| left.0.cmp(&right.0));
        let lines: Vec<String> = leaves
            .found
            .into_iter()
            .map(|(path, text)| format!("{path}={text}"))
            .collect();
        let text = lines.join("\n");
        for line in &lines {
            self.check(&cursor, line)?;
        }
        Ok((!text.is_empty()).then_some(text))
    }

    fn check(&mut self, cursor: &Cursor<'_>, text: &str) -> Result<(), Refusal> {
        self.bytes_left = self
            .bytes_left
            .checked_sub(text.len())
            .ok_or_else(|| too_much(cursor))?;
        let Some(character) = self.charset.offending(text) else {
            return Ok(());
        };
        let sentence = format!(
            "{} holds the character U+{:04X}, which is outside the character set of this network \
             ({}). Write it in those.",
            cursor.element().name,
            u32::from(character),
            self.charset.description()
        );
        Err(cursor.refuse(IsoReason::InvalidCharacterSet, sentence))
    }
}

fn too_much(cursor: &Cursor<'_>) -> Refusal {
    let sentence = format!(
        "The payment holds more than {PRIVATE_BYTES_MAX} bytes about its parties and remittance. Shorten it, or \
         send the remittance advice by itself."
    );
    cursor.refuse(IsoReason::ElementIncorrect, sentence)
}

/// The texts at the ends of a tree, each with its path.
struct Leaves {
    found: Vec<(String, String)>,
    bytes_left: usize,
}

impl Leaves {
    /// None when the limit is passed. The tree is at most `DEPTH_MAX` deep, so is this recursion.
    fn collect(&mut self, element: &Element<'_>, path: &str) -> Option<()> {
        for (name, value) in &element.attributes {
            let path = if path.is_empty() {
                format!("@{name}")
            } else {
                format!("{path}@{name}")
            };
            self.push(path, single_spaced(value))?;
        }
        let text = single_spaced(&element.text);
        if !text.is_empty() {
            self.push(path.to_owned(), text)?;
        }
        for child in &element.children {
            let path = if path.is_empty() {
                child.name.to_owned()
            } else {
                format!("{path}/{}", child.name)
            };
            self.collect(child, &path)?;
        }
        Some(())
    }

    fn push(&mut self, path: String, text: String) -> Option<()> {
        let bytes = path.len().checked_add(text.len())?;
        self.bytes_left = self.bytes_left.checked_sub(bytes)?;
        self.found.push((path, text));
        Some(())
    }
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
