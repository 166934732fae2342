//! Money in one word: `1 250.00 PKR` says its currency too, and may be written in groups of three digits.

use super::fields::denomination;
use super::format::AMOUNT;
use super::schema::Field;
use anyhow::bail;
use toml::{Table, Value};

/// How many digits stand between two spaces.
const GROUP_DIGITS: usize = 3;

/// The fields with every amount that says its currency taken apart: the number stays, the currency goes into its own field.
pub(super) fn apart(fields: &[Field], placed: &Table) -> anyhow::Result<Table> {
    let mut apart = placed.clone();
    for field in fields.iter().filter(|field| field.form.is_word(AMOUNT)) {
        let text = placed.get(&field.name).and_then(Value::as_str);
        let Some((number, currency)) = text.and_then(split) else {
            continue;
        };
        let Some(beside) = denomination(fields, &field.name) else {
            bail!(
                "{} = \"{number} {currency}\": the currency of this amount is said by a field of its own",
                field.key
            );
        };
        let said = apart.entry(beside.name.as_str());
        let said = said.or_insert_with(|| Value::from(currency));
        if said.as_str() != Some(currency) {
            bail!(
                "{} = \"{number} {currency}\": {} says {said}",
                field.key,
                beside.key
            );
        }
        apart.insert(field.name.clone(), Value::from(number));
    }
    Ok(apart)
}

/// The number and the currency of a text such as `1 250.00 PKR`; none when it names no currency.
pub(crate) fn split(text: &str) -> Option<(&str, &str)> {
    let (number, currency) = text.rsplit_once(' ')?;
    let code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    code.then_some((number, currency))
}

/// The number without the spaces between its groups of three digits. Anything else is left as it is, for whoever reads it to
/// refuse.
pub(crate) fn ungrouped(number: &str) -> String {
    let whole = number.split('.').next().unwrap_or_default();
    let mut groups = whole.split(' ');
    let first = groups.next().unwrap_or_default();
    let grouped = !first.is_empty() && groups.all(|group| group.len() == GROUP_DIGITS);
    let spaces_elsewhere = number[whole.len()..].contains(' ');
    if grouped && !spaces_elsewhere && first.len() <= GROUP_DIGITS {
        return number.replace(' ', "");
    }
    number.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_groups_of_three_digits_are_joined() {
        let check = |text: &str, joined: &str| assert_eq!(ungrouped(text), joined);
        check("1 250.00", "1250.00");
        check("12 000 000", "12000000");
        check("1250.00", "1250.00");
        check("1 25.00", "1 25.00");
        check("1250 000", "1250 000");
        check("1 250. 00", "1 250. 00");
        check(" 250", " 250");
        check("", "");
    }

    #[test]
    fn a_currency_is_three_capital_letters_after_a_space() {
        assert_eq!(split("1 250.00 PKR"), Some(("1 250.00", "PKR")));
        for other in ["1 250.00", "PKR", "1250.00PKR", "5 pkr", ""] {
            assert_eq!(split(other), None, "{other}");
        }
    }
}
