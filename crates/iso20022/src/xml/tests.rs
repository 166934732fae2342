//! The hardened reader: what it takes, and what it refuses in which words.

use super::*;

fn refusal(text: &str) -> String {
    match decode(text.as_bytes()).and_then(parse) {
        Ok(_) => "read".to_owned(),
        Err(refusal) => refusal.to_string(),
    }
}

fn check(text: &str, part: &str) {
    let answer = refusal(text);
    assert!(answer.contains(part), "{text}\ngave {answer}\nnot {part}");
}

#[test]
fn elements_have_names_namespaces_attributes_text_and_the_bytes_they_came_from() {
    let text = r#"<?xml version="1.0" encoding="utf-8"?>
<!-- c --><p:a xmlns:p="urn:one" xmlns="urn:two" p:ignored="x">
  <b Ccy = 'K&#71;S' z="2"> x &amp; y<![CDATA[ <z> ]]></b><p:c/>
</p:a>
"#;
    let root = parse(text).unwrap();
    assert_eq!((root.name, &*root.namespace), ("a", "urn:one"));
    assert!(root.attributes.is_empty());
    assert!(
        text[root.span.clone()].starts_with("<p:a xmlns:p")
            && text[root.span.clone()].ends_with("</p:a>")
    );
    let (b, c) = (&root.children[0], &root.children[1]);
    assert_eq!(
        (b.name, &*b.namespace, &*b.text),
        ("b", "urn:two", " x & y <z> ")
    );
    assert_eq!(
        b.attributes,
        [
            ("Ccy".to_owned(), "KGS".to_owned()),
            ("z".to_owned(), "2".to_owned())
        ]
    );
    assert_eq!(&text[b.content.clone()], " x &amp; y<![CDATA[ <z> ]]>");
    assert!(text[b.span.clone()].starts_with("<b Ccy") && text[b.span.clone()].ends_with("</b>"));
    assert_eq!((c.name, &*c.namespace), ("c", "urn:one"));
    assert_eq!(&text[c.span.clone()], "<p:c/>");
    assert!(c.content.is_empty());
}

#[test]
fn a_byte_order_mark_is_skipped_and_other_encodings_are_refused() {
    check("\u{FEFF}<a/>", "read");
    check("<?xml version='1.0' encoding='UTF-8'?><a/>", "read");
    check(
        "<?xml version='1.0' encoding='windows-1251'?><a/>",
        "declares the encoding \"windows-1251\"",
    );
    check("<?xml version='1.1'?><a/>", "XML version \"1.1\"");
    check(
        "<a><?xml version='1.0'?></a>",
        "XML declaration stands inside",
    );
    assert!(
        decode(b"\xFF\xFE<\0a\0")
            .unwrap_err()
            .sentence
            .contains("UTF-16")
    );
    assert!(
        decode(b"<a>\xC3</a>")
            .unwrap_err()
            .sentence
            .contains("byte 3 cannot be read")
    );
}

#[test]
fn document_types_and_entities_are_refused() {
    check("<!DOCTYPE a><a/>", "document type declaration");
    check(
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        "document type declaration",
    );
    check("<a>&x;</a>", "uses the entity \"x\"");
    check("<a b='&x;'/>", "not well-formed XML");
    check("<a>&#0;</a>", "not well-formed XML");
    check("<a>&#1;</a>", "uses the entity \"#1\"");
    check("<a>&#xFFFE;</a>", "uses the entity");
    check("<a>&lt;&#1080;&#x438;</a>", "read");
    check("<a>& b</a>", "not well-formed XML");
}

#[test]
fn what_is_not_well_formed_is_refused_with_its_line() {
    check("", "holds no XML element");
    check("text", "text outside the outermost element");
    check("<a>\n<b>\n</a>", "line 3");
    check("<a><b></b>", "ends inside the element \"a\"");
    check("<a/><b/>", "goes on after its outermost element");
    check("<a/>text", "text outside the outermost element");
    check("<a b=c/>", "not well-formed XML");
    check("<a b='1' b='2'/>", "duplicated attribute");
    check("<a b='<'/>", "not well-formed");
    check("<></>", "not a well-formed element name");
    check("<a:b:c/>", "not a well-formed element name");
    check("<x:a/>", "prefix \"x\" has no namespace");
    check("<a>\u{1}</a>", "U+0001");
    check("</a>", "not well-formed XML");
}

#[test]
fn every_size_has_a_limit() {
    let deep = format!("{}{}", "<a>".repeat(DEPTH_MAX), "</a>".repeat(DEPTH_MAX));
    check(&deep, "read");
    check(&format!("<a>{deep}</a>"), "more than 32 deep");
    check(
        &format!("<a>{}</a>", "<b/>".repeat(ELEMENTS_MAX)),
        "more than 100000 elements",
    );
    check(&format!("<a>{}</a>", "x".repeat(TEXT_BYTES_MAX)), "read");
    check(
        &format!("<a>{}</a>", "x".repeat(TEXT_BYTES_MAX + 1)),
        "bytes of text",
    );
    check(
        &format!("<a><![CDATA[{}]]></a>", "x".repeat(TEXT_BYTES_MAX + 1)),
        "read",
    );
    check(
        &format!("<{}/>", "a".repeat(NAME_BYTES_MAX + 1)),
        "not a well-formed element name",
    );
    check(
        &format!("<a b='{}'/>", "x".repeat(ATTRIBUTE_BYTES_MAX + 1)),
        "too long",
    );
    check(
        &format!("<a xmlns='urn:{}'/>", "x".repeat(NAMESPACE_BYTES_MAX)),
        "namespace name is longer",
    );
    let many: String = (0..=ATTRIBUTES_MAX).map(|n| format!(" a{n}='1'")).collect();
    check(&format!("<a{many}/>"), "more than 16 attributes");
    let namespaces: String = (0..=NAMESPACES_MAX)
        .map(|n| format!(" xmlns:a{n}='urn:{n}'"))
        .collect();
    check(&format!("<a{namespaces}/>"), "not well-formed XML");
    check(&" ".repeat(FILE_BYTES_MAX + 1), "bytes; at most");
}
