//! Writes XML: indented by two spaces, escaped, the same text for the same calls. Knows the pieces that several
//! messages share: an institution, the business application header.

use crate::catalogue::ISO_NAMESPACE;
use crate::envelope::Header;
use karwan_types::{AgentIdentification, Max35Text, Timestamp};
use quick_xml::escape::escape;

/// A message being written.
pub(crate) struct XmlWriter {
    text: String,
    open: Vec<&'static str>,
}

impl XmlWriter {
    /// Begins with the XML declaration.
    pub(crate) fn new() -> Self {
        Self {
            text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(),
            open: Vec::new(),
        }
    }

    /// Writes an element around what `content` writes.
    pub(crate) fn element(&mut self, name: &'static str, content: impl FnOnce(&mut Self)) {
        self.start(name, "");
        content(self);
        self.end();
    }

    /// Writes an element that declares the namespace of an ISO 20022 definition.
    pub(crate) fn root(
        &mut self,
        name: &'static str,
        definition: &str,
        content: impl FnOnce(&mut Self),
    ) {
        self.start(name, &format!(" xmlns=\"{ISO_NAMESPACE}{definition}\""));
        content(self);
        self.end();
    }

    /// Writes an element with a text.
    pub(crate) fn leaf(&mut self, name: &'static str, value: &str) {
        self.leaf_with(name, "", value);
    }

    /// Writes an element with a text if there is one.
    pub(crate) fn optional(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.leaf(name, value);
        }
    }

    /// Writes an amount with its currency.
    pub(crate) fn amount(&mut self, name: &'static str, currency: &str, decimal: &str) {
        self.leaf_with(name, &format!(" Ccy=\"{}\"", escape(currency)), decimal);
    }

    fn leaf_with(&mut self, name: &'static str, attributes: &str, value: &str) {
        // Control characters have no place in XML and none in a line of a message.
        let clean: String = value
            .chars()
            .map(|c| {
                if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') {
                    ' '
                } else {
                    c
                }
            })
            .collect();
        self.indent();
        self.text.push_str(&format!(
            "<{name}{attributes}>{}</{name}>\n",
            escape(&clean)
        ));
    }

    fn start(&mut self, name: &'static str, attributes: &str) {
        self.indent();
        self.text.push_str(&format!("<{name}{attributes}>\n"));
        self.open.push(name);
    }

    fn end(&mut self) {
        let name = self.open.pop().expect("every end follows its start");
        self.indent();
        self.text.push_str(&format!("</{name}>\n"));
    }

    fn indent(&mut self) {
        self.text.push_str(&"  ".repeat(self.open.len()));
    }

    /// The whole text.
    pub(crate) fn finish(self) -> String {
        self.text
    }

    /// An institution in the element `name`.
    pub(crate) fn agent(&mut self, name: &'static str, agent: &AgentIdentification) {
        self.element(name, |xml| xml.institution(agent));
    }

    fn institution(&mut self, agent: &AgentIdentification) {
        self.element("FinInstnId", |xml| match agent {
            AgentIdentification::Bic(bic) => xml.leaf("BICFI", bic.as_str()),
            AgentIdentification::ClearingMember(member) => xml.element("ClrSysMmbId", |xml| {
                // The schema gives a code five characters; a longer name is proprietary.
                let system = member.system.as_str();
                let choice = if system.len() <= 5 { "Cd" } else { "Prtry" };
                xml.element("ClrSysId", |xml| xml.leaf(choice, system));
                xml.leaf("MmbId", member.member.as_str());
            }),
            AgentIdentification::Lei(lei) => xml.leaf("LEI", lei.as_str()),
        });
    }

    /// The business application header, head.001.001.02.
    pub(crate) fn header(&mut self, header: &HeaderOut<'_>) {
        self.root("AppHdr", "head.001.001.02", |xml| {
            for (name, end) in [("Fr", header.from), ("To", header.to)] {
                xml.element(name, |xml| {
                    xml.element("FIId", |xml| match end {
                        Some(agent) => xml.institution(agent),
                        None => xml.element("FinInstnId", |_| {}),
                    })
                });
            }
            xml.leaf("BizMsgIdr", header.business_message_id.as_str());
            xml.leaf("MsgDefIdr", header.definition);
            xml.optional("BizSvc", header.business_service);
            xml.leaf("CreDt", &header.created.to_string());
        });
    }
}

/// Writes a whole message: the `Document`, or with a header an `Envelope` that holds `AppHdr` and `Document`.
pub(crate) fn write_enveloped(
    header: Option<&HeaderOut<'_>>,
    definition: &str,
    content: impl FnOnce(&mut XmlWriter),
) -> String {
    let mut xml = XmlWriter::new();
    match header {
        None => xml.root("Document", definition, content),
        Some(header) => xml.element("Envelope", |xml| {
            xml.header(header);
            xml.root("Document", definition, content);
        }),
    }
    xml.finish()
}

/// The same with the header as it is read.
pub(crate) fn write_message(
    header: Option<&Header>,
    definition: &'static str,
    content: impl FnOnce(&mut XmlWriter),
) -> String {
    let header = header.map(|header| HeaderOut {
        from: header.from.as_ref(),
        to: header.to.as_ref(),
        business_message_id: &header.business_message_id,
        definition,
        business_service: header.business_service.as_deref(),
        created: header.created,
    });
    write_enveloped(header.as_ref(), definition, content)
}

/// What a business application header says.
pub(crate) struct HeaderOut<'a> {
    pub(crate) from: Option<&'a AgentIdentification>,
    pub(crate) to: Option<&'a AgentIdentification>,
    pub(crate) business_message_id: &'a Max35Text,
    pub(crate) definition: &'static str,
    pub(crate) business_service: Option<&'a str>,
    pub(crate) created: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_control_characters_become_spaces() {
        let mut xml = XmlWriter::new();
        xml.element("A", |xml| {
            xml.leaf("B", "x < y & \"z\"\n\u{1}");
            xml.optional("C", None);
        });
        assert_eq!(
            xml.finish(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<A>\n  <B>x &lt; y &amp; &quot;z&quot;  </B>\n</A>\n"
        );
    }
}
