//! The bytes that the creditor institution receives.
//!
//! A message with one payment is handed on as the bytes of its `Document`, unchanged, without envelope and header: a
//! copy sent again under a new header (possible duplicate) is then the same message with the same hash.
//!
//! A message with several payments may not be handed on whole: a bank would read the customers of others. Each creditor
//! gets a `Document` with the bytes of its payment and of the group header, in which `NbOfTxs` becomes 1 and the sums
//! over all payments (`CtrlSum`, `TtlIntrBkSttlmAmt`) are left out. It is a valid message that [`crate::read`] reads
//! again.

use crate::cursor::Cursor;
use crate::refusal::{IsoReason, Refusal};
use crate::xml::Element;

/// Bytes around the payments of a message with several: start tags and group header. They are repeated for each
/// payment.
pub const BULK_FRAME_BYTES_MAX: usize = 8 << 10;

/// What surrounds each payment of a message.
pub(crate) enum Payloads<'a> {
    /// One payment: the whole document.
    Whole(&'a str),
    /// Several payments.
    Framed {
        /// The text that the spans of elements refer to.
        text: &'a str,
        /// Up to the payment.
        before: String,
        /// After the payment.
        after: String,
    },
}

impl<'a> Payloads<'a> {
    /// Prepares the frame of `message` in `document`.
    pub(crate) fn of(
        document: &Cursor<'_>,
        message: &Cursor<'_>,
        group_header: &Cursor<'_>,
        text: &'a str,
    ) -> Result<Self, Refusal> {
        let (outer, inner) = (document.element(), message.element());
        if message.all("CdtTrfTxInf").len() == 1 {
            return Ok(Self::Whole(&text[outer.span.clone()]));
        }
        let start_tag = |element: &Element<'_>| &text[element.span.start..element.content.start];
        let end_tag = |element: &Element<'_>| &text[element.content.end..element.span.end];
        let header = single_payment_header(group_header.element(), text);
        let before = [start_tag(outer), start_tag(inner), &header].concat();
        let after = [end_tag(inner), end_tag(outer)].concat();
        if before.len().saturating_add(after.len()) > BULK_FRAME_BYTES_MAX {
            let sentence = format!(
                "The group header of a message with several payments may have {BULK_FRAME_BYTES_MAX} bytes. Shorten it, \
                 or send the payments one by one."
            );
            return Err(group_header.refuse(IsoReason::InvalidFileFormat, sentence));
        }
        Ok(Self::Framed {
            text,
            before,
            after,
        })
    }

    /// The message with this payment alone.
    pub(crate) fn of_transaction(&self, transaction: &Cursor<'_>) -> Vec<u8> {
        match self {
            Self::Whole(document) => document.as_bytes().to_vec(),
            Self::Framed {
                text,
                before,
                after,
            } => {
                let payment = &text[transaction.element().span.clone()];
                [before.as_bytes(), payment.as_bytes(), after.as_bytes()].concat()
            }
        }
    }
}

fn single_payment_header(header: &Element<'_>, text: &str) -> String {
    let mut bytes = text[header.span.start..header.content.start].to_owned();
    for child in &header.children {
        match child.name {
            "CtrlSum" | "TtlIntrBkSttlmAmt" => {}
            "NbOfTxs" => {
                bytes.push_str(&text[child.span.start..child.content.start]);
                bytes.push('1');
                bytes.push_str(&text[child.content.end..child.span.end]);
            }
            _ => bytes.push_str(&text[child.span.clone()]),
        }
    }
    bytes.push_str(&text[header.content.end..header.span.end]);
    bytes
}
