//! A place in a message: an element, and the path to it that a refusal names.
//!
//! What must hold: an element that ISO 20022 allows once is refused when it stands twice, because two readers of the
//! same file could take one each; children count only in the message's own namespace.

use crate::refusal::{IsoReason, Refusal, quoted};
use crate::xml::Element;
use karwan_types::Max35Text;
use std::fmt::Write as _;
use std::rc::Rc;

/// An element and how it was reached.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    element: &'a Element<'a>,
    step: Rc<Step<'a>>,
}

struct Step<'a> {
    parent: Option<Rc<Step<'a>>>,
    name: &'a str,
    /// Counted from 1, where several of the name stand side by side.
    number: Option<usize>,
}

impl<'a> Cursor<'a> {
    /// The start of a path.
    pub(crate) fn root(element: &'a Element<'a>) -> Self {
        let step = Rc::new(Step {
            parent: None,
            name: element.name,
            number: None,
        });
        Self { element, step }
    }
    /// The element here.
    pub(crate) const fn element(&self) -> &'a Element<'a> {
        self.element
    }
    /// This element as the start of a path of its own.
    pub(crate) fn as_root(&self) -> Self {
        Self::root(self.element)
    }

    fn down(&self, element: &'a Element<'a>, number: Option<usize>) -> Self {
        let step = Rc::new(Step {
            parent: Some(Rc::clone(&self.step)),
            name: element.name,
            number,
        });
        Self { element, step }
    }

    /// All child elements, whatever their namespace.
    pub(crate) fn children(&self) -> impl Iterator<Item = Self> + '_ {
        let element: &'a Element<'a> = self.element;
        element.children.iter().map(|child| self.down(child, None))
    }

    /// The children of this name in this element's namespace.
    pub(crate) fn all(&self, name: &str) -> Vec<Self> {
        let found: Vec<_> = self
            .element
            .children
            .iter()
            .filter(|child| child.name == name && child.namespace == self.element.namespace)
            .collect();
        let several = found.len() > 1;
        (1..)
            .zip(found)
            .map(|(number, child)| self.down(child, several.then_some(number)))
            .collect()
    }

    /// The one child of this name; none when there is none.
    pub(crate) fn optional(&self, name: &str) -> Result<Option<Self>, Refusal> {
        let mut found = self.all(name).into_iter();
        match (found.next(), found.next()) {
            (first, None) => Ok(first),
            (_, Some(second)) => Err(second.refuse(
                IsoReason::InvalidFileFormat,
                format!("The element {name} stands more than once where ISO 20022 allows it once. Remove one."),
            )),
        }
    }

    /// The element at the end of a path of names, each of which may be missing.
    pub(crate) fn find(&self, path: &str) -> Result<Option<Self>, Refusal> {
        let mut here = self.clone();
        for name in path.split('/') {
            match here.optional(name)? {
                Some(child) => here = child,
                None => return Ok(None),
            }
        }
        Ok(Some(here))
    }

    /// The one child of this name, which ISO 20022 or the profile requires.
    pub(crate) fn required(&self, name: &str) -> Result<Self, Refusal> {
        self.optional(name)?.ok_or_else(|| self.missing(name))
    }

    /// The refusal that the child `name` is missing here.
    pub(crate) fn missing(&self, name: &str) -> Refusal {
        let mut refusal = self.refuse(
            IsoReason::ElementMissing,
            format!("The element {name} is missing. Add it and send the file again."),
        );
        refusal.path.push('/');
        refusal.path.push_str(name);
        refusal
    }

    /// The text here, without white space around it. An empty element, or one with elements in it, is refused.
    pub(crate) fn text(&self) -> Result<&'a str, Refusal> {
        let element: &'a Element<'a> = self.element;
        if !element.children.is_empty() {
            let sentence = format!(
                "The element {} holds other elements where a text is expected.",
                element.name
            );
            return Err(self.refuse(IsoReason::ElementIncorrect, sentence));
        }
        let text = element.text.trim_matches([' ', '\t', '\n', '\r']);
        if text.is_empty() {
            let sentence = format!(
                "The element {} is empty. Fill it in or leave it out.",
                element.name
            );
            return Err(self.refuse(IsoReason::ElementIncorrect, sentence));
        }
        Ok(text)
    }

    /// The text here as an identifier of the FIN-X set, up to 35 characters.
    pub(crate) fn identifier(&self, reason: IsoReason) -> Result<Max35Text, Refusal> {
        let text = self.text()?;
        Max35Text::parse(text).map_err(|error| {
            let name = self.element.name;
            self.refuse(
                reason,
                format!("{name} is {}: it {}.", quoted(text), error.rule),
            )
        })
    }

    /// The value of the attribute `name`.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
        let element: &'a Element<'a> = self.element;
        let found = element.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A refusal at this place.
    pub(crate) fn refuse(&self, reason: IsoReason, sentence: impl Into<String>) -> Refusal {
        Refusal {
            reason,
            sentence: sentence.into(),
            path: self.path(),
        }
    }

    fn path(&self) -> String {
        let mut steps = vec![&self.step];
        while let Some(parent) = steps.last().and_then(|step| step.parent.as_ref()) {
            steps.push(parent);
        }
        let mut path = String::new();
        for step in steps.into_iter().rev() {
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(step.name);
            if let Some(number) = step.number {
                write!(path, "[{number}]").expect("writing to a string cannot fail");
            }
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    #[test]
    fn a_refusal_names_the_path_and_the_number_among_equals() {
        let root = parse("<D><T><I>1</I></T><T><I>2</I><I>3</I></T></D>").unwrap();
        let transactions = Cursor::root(&root).all("T");
        assert_eq!(transactions[0].required("I").unwrap().text().unwrap(), "1");
        let refusal = transactions[1].optional("I").err().unwrap();
        assert_eq!(refusal.path, "D/T[2]/I[2]");
        assert!(refusal.sentence.contains("more than once"));
        assert_eq!(
            transactions[0].required("X").err().unwrap().path,
            "D/T[1]/X"
        );
    }

    #[test]
    fn children_of_another_namespace_do_not_count() {
        let root = parse("<D xmlns='a' xmlns:b='b'><b:I>1</b:I></D>").unwrap();
        assert!(Cursor::root(&root).optional("I").unwrap().is_none());
        assert_eq!(Cursor::root(&root).children().count(), 1);
    }

    #[test]
    fn a_text_is_trimmed_and_neither_empty_nor_mixed() {
        let root = parse("<D><a>\n x </a><b> </b><c>x<d/></c></D>").unwrap();
        let root = Cursor::root(&root);
        assert_eq!(root.required("a").unwrap().text(), Ok("x"));
        assert!(root.required("b").unwrap().text().is_err());
        assert!(root.required("c").unwrap().text().is_err());
    }
}
