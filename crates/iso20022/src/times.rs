//! Dates and times of a message. A time without its offset from UTC is refused: institutions of a corridor live in
//! different time zones, and an hour guessed wrong moves a deadline.

use crate::cursor::Cursor;
use crate::refusal::{IsoReason, Refusal, quoted};
use karwan_types::{Date, Timestamp};

/// A date and time (`ISODateTime`) with its offset.
pub(crate) fn instant(cursor: &Cursor<'_>, reason: IsoReason) -> Result<Timestamp, Refusal> {
    let text = cursor.text()?;
    let time_part = text.split_once('T').map_or("", |(_, time)| time);
    let well_formed = text.get(..10).is_some_and(is_date_shaped)
        && text.as_bytes().get(10) == Some(&b'T')
        && is_time_shaped(time_part);
    let parsed = well_formed.then(|| Timestamp::parse(text).ok()).flatten();
    parsed.ok_or_else(|| {
        let name = cursor.element().name;
        let sentence = format!(
            "{name} is {}. It must be a date and time with its offset from UTC, for example \
             2026-11-23T10:00:00+05:00.",
            quoted(text)
        );
        cursor.refuse(reason, sentence)
    })
}

/// A date and time (`ISODateTime`) of which the offset may be missing: then it is only the date.
pub(crate) fn instant_or_date(
    cursor: &Cursor<'_>,
    reason: IsoReason,
) -> Result<Result<Timestamp, Date>, Refusal> {
    let text = cursor.text()?;
    let date = text.get(..10).filter(|date| is_date_shaped(date));
    let time = text.get(10..).and_then(|rest| rest.strip_prefix('T'));
    if let Some((date, time)) = date.zip(time)
        && is_time_shaped(&format!("{time}Z"))
        && let Ok(date) = Date::parse(date)
    {
        return Ok(Err(date));
    }
    instant(cursor, reason).map(Ok)
}

/// A date without time (`ISODate`).
pub(crate) fn date(cursor: &Cursor<'_>) -> Result<Date, Refusal> {
    let text = cursor.text()?;
    let parsed = is_date_shaped(text)
        .then(|| Date::parse(text).ok())
        .flatten();
    parsed.ok_or_else(|| {
        let name = cursor.element().name;
        let sentence = format!(
            "{name} is {}. It must be a date such as 2026-11-23.",
            quoted(text)
        );
        cursor.refuse(IsoReason::InvalidDate, sentence)
    })
}

/// A time of day (`ISOTime`) with its offset, on `date` as it is called in that offset.
pub(crate) fn time_on(date: Date, cursor: &Cursor<'_>) -> Result<Timestamp, Refusal> {
    let text = cursor.text()?;
    let parsed = is_time_shaped(text)
        .then(|| Timestamp::parse(&format!("{date}T{text}")).ok())
        .flatten();
    parsed.ok_or_else(|| {
        let name = cursor.element().name;
        let sentence = format!(
            "{name} is {}. It must be a time of day with its offset from UTC, for example 16:30:00+05:00.",
            quoted(text)
        );
        cursor.refuse(IsoReason::ElementIncorrect, sentence)
    })
}

/// `YYYY-MM-DD`.
fn is_date_shaped(text: &str) -> bool {
    matches_shape(text, "dddd-dd-dd")
}

/// `hh:mm:ss`, at most nine fraction digits, and `Z` or `±hh:mm`. Narrower than what the time library reads.
fn is_time_shaped(text: &str) -> bool {
    let Some((clock, rest)) = text.split_at_checked(8) else {
        return false;
    };
    let offset = match rest.strip_prefix('.') {
        None => Some(rest),
        Some(fraction) => {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            fraction.get(digits..).filter(|_| (1..=9).contains(&digits))
        }
    };
    let offset_fits = |offset: &str| {
        offset == "Z" || matches_shape(offset, "+dd:dd") || matches_shape(offset, "-dd:dd")
    };
    matches_shape(clock, "dd:dd:dd") && offset.is_some_and(offset_fits)
}

/// `d` stands for a digit, every other character for itself.
fn matches_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, expected)| {
            if expected == b'd' {
                byte.is_ascii_digit()
            } else {
                byte == expected
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    fn at<T>(text: &str, read: impl Fn(&Cursor<'_>) -> Result<T, Refusal>) -> Option<String>
    where
        T: ToString,
    {
        let xml = format!("<X>{text}</X>");
        let root = parse(&xml).unwrap();
        read(&Cursor::root(&root))
            .ok()
            .map(|value| value.to_string())
    }

    #[test]
    fn an_instant_needs_its_offset() {
        let check = |text: &str, expected: Option<&str>| {
            let found = at(text, |cursor| {
                instant(cursor, IsoReason::InvalidCreationDate)
            });
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        check(
            "2026-11-23T10:00:00+05:00",
            Some("2026-11-23T05:00:00.000Z"),
        );
        check(
            "2021-02-10T15:07:38.6875000+03:00",
            Some("2021-02-10T12:07:38.687Z"),
        );
        check("2026-11-23T10:00:00Z", Some("2026-11-23T10:00:00.000Z"));
        check(
            "2026-11-23T10:00:00.123456789-11:30",
            Some("2026-11-23T21:30:00.123Z"),
        );
        for wrong in [
            "2026-11-23T10:00:00",
            "2026-11-23",
            "2026-11-23 10:00:00Z",
            "2026-11-23T10:00Z",
            "2026-11-23T10:00:00.Z",
            "2026-11-23T10:00:00.+05:00",
            "2026-11-23T10:00:00.1234567890Z",
            "2026-11-23T25:00:00Z",
            "2026-02-30T10:00:00Z",
            "2026-11-23T10:00:00+0500",
            "2026-11-23T10:00:00+05:00[Asia/Karachi]",
            "-026-11-23T10:00:00Z",
            "1960-01-01T00:00:00Z",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_time_without_offset_may_be_read_as_its_date() {
        let check = |text: &str, expected: Option<&str>| {
            let found = at(text, |cursor| {
                let found = instant_or_date(cursor, IsoReason::InvalidDate)?;
                Ok(match found {
                    Ok(time) => time.to_string(),
                    Err(date) => date.to_string(),
                })
            });
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        check("2018-04-30T17:32:05", Some("2018-04-30"));
        check("2018-04-30T17:32:05.5", Some("2018-04-30"));
        check("2018-04-30T17:32:05Z", Some("2018-04-30T17:32:05.000Z"));
        check(
            "2018-04-30T17:32:05+05:00",
            Some("2018-04-30T12:32:05.000Z"),
        );
        for wrong in [
            "2018-02-30T17:32:05",
            "2018-04-30T1732",
            "2018-04-30",
            "2018-04-30T17:32:05ZZ",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_time_of_day_falls_on_the_date_as_its_own_time_zone_calls_it() {
        let day = Date::parse("2026-11-23").unwrap();
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(
                at(text, |cursor| time_on(day, cursor)).as_deref(),
                expected,
                "{text}"
            );
        };
        check("16:30:00+05:00", Some("2026-11-23T11:30:00.000Z"));
        check("01:00:00+06:00", Some("2026-11-22T19:00:00.000Z"));
        check("16:30:00.5Z", Some("2026-11-23T16:30:00.500Z"));
        check("16:30:00", None);
        check("24:00:01Z", None);
        check("16:30Z", None);
    }

    #[test]
    fn a_date_has_no_time_zone() {
        assert_eq!(at("2026-11-23", date).as_deref(), Some("2026-11-23"));
        for wrong in ["2026-11-23Z", "23.11.2026", "2026-02-30", "20261123"] {
            assert_eq!(at(wrong, date), None, "{wrong}");
        }
    }
}
