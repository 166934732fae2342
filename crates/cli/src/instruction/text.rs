//! Names and descriptions as the ledger's code has them, made readable.

/// Whether two spellings are of one name: `PayBulk`, `pay-bulk`, `PAY_BULK`.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let letters = |text: &str| {
        let kept = text.chars().filter(|character| !"-_ ".contains(*character));
        kept.collect::<String>().to_lowercase()
    };
    letters(one) == letters(other)
}

/// `pay-bulk` for `PayBulk`.
pub(super) fn kebab(name: &str) -> String {
    let mut text = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.extend(character.to_lowercase());
    }
    text
}

/// What is said of a field. An element of a message (`InstrId`) says nothing to most people: the field's own name goes before.
pub(super) fn named(name: &str, said: &str) -> String {
    let description = plain(said);
    let description = description.trim_end_matches('.');
    let element = said
        .strip_prefix('`')
        .and_then(|rest| rest.split('`').next());
    let element = element.filter(|element| !same(element, name));
    let parts = element.and_then(|element| Some((element, description.strip_prefix(element)?)));
    let Some((element, rest)) = parts else {
        return description.to_owned();
    };
    let name = name.replace('_', " ");
    let (first, others) = name.split_at(1);
    format!("{}{others} ({element}){rest}", first.to_uppercase())
}

/// A documentation comment in one line and without its marks.
pub(super) fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words
        .join(" ")
        .replace("[`", "")
        .replace("`]", "")
        .replace('`', "")
}
