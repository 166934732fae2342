//! Message templates: files that are whole but for a date and UETRs, so that a demonstration shipped today can be paid
//! tomorrow. `@DATE@` stands for the settlement date, `@UETR:name@` for a UETR, the same for the same name.

use karwan_types::{Date, Uetr};

/// Characters of a name in a placeholder.
const NAME_CHARS_MAX: usize = 64;

/// Why a template cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `@UETR:` without its second `@`, or with a name that is empty or has other characters than letters, digits and
    /// `-`.
    #[error(
        "the placeholder \"{0}\" is not of the form @UETR:name@, with a name of letters, digits and -"
    )]
    Placeholder(String),
}

/// Fills in a template. A text without placeholders comes back unchanged.
///
/// # Errors
/// [`TemplateError`] when a UETR placeholder is not well-formed.
pub fn fill_template(
    template: &str,
    date: Date,
    uetr_of: &mut dyn FnMut(&str) -> Uetr,
) -> Result<String, TemplateError> {
    const START: &str = "@UETR:";
    let mut filled = String::with_capacity(template.len());
    let dated = template.replace("@DATE@", &date.to_string());
    let mut rest = dated.as_str();
    while let Some((before, after)) = rest.split_once(START) {
        filled.push_str(before);
        let well_formed = |name: &str| {
            !name.is_empty()
                && name.len() <= NAME_CHARS_MAX
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let Some((name, behind)) = after.split_once('@').filter(|(name, _)| well_formed(name))
        else {
            let shown: String = START.chars().chain(after.chars().take(20)).collect();
            return Err(TemplateError::Placeholder(shown));
        };
        filled.push_str(&uetr_of(name).to_string());
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: &str) -> Result<String, TemplateError> {
        let date = Date::parse("2026-11-23").unwrap();
        let mut uetr_of =
            |name: &str| Uetr::from_random_bytes([u8::try_from(name.len()).unwrap(); 16]);
        fill_template(template, date, &mut uetr_of)
    }

    #[test]
    fn dates_and_uetrs_are_filled_in() {
        let filled = fill("<a>@DATE@T00:00:00Z</a><b>@UETR:one@</b><c>@UETR:one@</c>").unwrap();
        let uetr = "03030303-0303-4303-8303-030303030303";
        assert_eq!(
            filled,
            format!("<a>2026-11-23T00:00:00Z</a><b>{uetr}</b><c>{uetr}</c>")
        );
        assert_eq!(fill("x@y.z"), Ok("x@y.z".to_owned()));
    }

    #[test]
    fn a_broken_placeholder_is_named() {
        for broken in ["@UETR:one", "@UETR:@", "@UETR:a b@"] {
            assert!(fill(broken).is_err(), "{broken}");
        }
    }
}
