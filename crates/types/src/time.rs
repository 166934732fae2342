//! Block time, durations, dates and heights. Nothing here reads a clock: time always comes as an argument.

use crate::text::{WordError, word_serde};
use core::fmt;
use core::str::FromStr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A position in the chain. The genesis state is height 0, the first block is height 1.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Height(u64);

impl Height {
    /// The state before the first block.
    pub const GENESIS: Self = Self(0);

    /// A height from its number.
    #[must_use]
    pub const fn new(height: u64) -> Self {
        Self(height)
    }
    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
    /// The height after this one.
    ///
    /// # Panics
    /// After 2^64 blocks.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(
            self.0
                .checked_add(1)
                .expect("a chain has fewer than 2^64 blocks"),
        )
    }
    /// The height before this one; none before genesis.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }
}

impl fmt::Display for Height {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A round of consensus within a height, from 0.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Round(u32);

impl Round {
    /// The first round.
    pub const ZERO: Self = Self(0);

    /// A round from its number.
    #[must_use]
    pub const fn new(round: u32) -> Self {
        Self(round)
    }
    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Round {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A length of time in milliseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct DurationMs(u64);

impl DurationMs {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }
    /// Milliseconds.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }
}

/// A point in time: milliseconds since 1970-01-01T00:00:00Z. Text form: RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The latest time that can be written: the end of the year 9998.
    pub const MAX: Self = Self(253_370_764_799_999);

    /// From milliseconds since the epoch; later than [`Timestamp::MAX`] becomes that.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        if millis > Self::MAX.0 {
            return Self::MAX;
        }
        Self(millis)
    }
    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }
    /// This time and a while; at most [`Timestamp::MAX`].
    #[must_use]
    pub const fn after(self, duration: DurationMs) -> Self {
        Self::from_millis(self.0.saturating_add(duration.0))
    }
    /// How long since `earlier`; zero if that is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> DurationMs {
        DurationMs(self.0.saturating_sub(earlier.0))
    }
    /// The civil date in UTC.
    #[must_use]
    pub fn date(self) -> Date {
        let date = jiff::tz::Offset::UTC.to_datetime(self.to_jiff()).date();
        Date::from_jiff(date).expect("timestamps lie between 1970 and 9998")
    }
    /// Reads RFC 3339 with an offset, for example `2026-11-23T10:00:00+05:00`.
    ///
    /// # Errors
    /// `WordError` when the text is no such time or lies before 1970.
    pub fn parse(text: &str) -> Result<Self, WordError> {
        let rule = "must be a time with offset, for example 2026-11-23T10:00:00+05:00";
        let error = || WordError::new("time", text, rule);
        let parsed: jiff::Timestamp = text.parse().map_err(|_| error())?;
        let millis = u64::try_from(parsed.as_millisecond()).map_err(|_| error())?;
        if millis > Self::MAX.0 {
            return Err(error());
        }
        Ok(Self(millis))
    }
    fn to_jiff(self) -> jiff::Timestamp {
        let millis = i64::try_from(self.0.min(Self::MAX.0)).expect("bounded by MAX");
        jiff::Timestamp::from_millisecond(millis).expect("bounded by MAX")
    }
}

impl Timestamp {
    fn to_wire(self) -> u64 {
        self.0
    }
    fn from_wire(millis: u64) -> Result<Self, WordError> {
        if millis > Self::MAX.0 {
            return Err(WordError::new(
                "time",
                &millis.to_string(),
                "must lie before the year 9999",
            ));
        }
        Ok(Self(millis))
    }
}

word_serde!(Timestamp, u64);

impl FromStr for Timestamp {
    type Err = WordError;
    fn from_str(text: &str) -> Result<Self, WordError> {
        Self::parse(text)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.3}", self.to_jiff())
    }
}

/// A day of the week.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Weekday {
    /// From Monday to Sunday.
    pub const ALL: [Self; 7] = [
        Self::Mon,
        Self::Tue,
        Self::Wed,
        Self::Thu,
        Self::Fri,
        Self::Sat,
        Self::Sun,
    ];
}

/// A civil date. Text form: `2026-11-23`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(u32);

impl Date {
    /// Reads `YYYY-MM-DD`.
    ///
    /// # Errors
    /// `WordError` when the text is no date between 1970 and 9998.
    pub fn parse(text: &str) -> Result<Self, WordError> {
        let error = || WordError::new("date", text, "must be a date such as 2026-11-23");
        if text.len() != 10 {
            return Err(error());
        }
        let date: jiff::civil::Date = text.parse().map_err(|_| error())?;
        Self::from_jiff(date).ok_or_else(error)
    }
    /// Midnight UTC at the beginning of the date.
    #[must_use]
    pub fn start(self) -> Timestamp {
        let text = format!("{self}T00:00:00Z");
        Timestamp::parse(&text).expect("a valid date has a midnight")
    }
    /// The day after; the last day of 9998 has none.
    #[must_use]
    pub fn tomorrow(self) -> Option<Self> {
        Self::from_jiff(self.to_jiff().tomorrow().ok()?)
    }
    /// The day before; the first day of 1970 has none.
    #[must_use]
    pub fn yesterday(self) -> Option<Self> {
        Self::from_jiff(self.to_jiff().yesterday().ok()?)
    }
    /// Its day of the week.
    #[must_use]
    pub fn weekday(self) -> Weekday {
        let monday = self.to_jiff().weekday().to_monday_zero_offset();
        let place = usize::try_from(monday).ok();
        let found = place.and_then(|place| Weekday::ALL.get(place));
        *found.expect("a week has seven days")
    }
    fn to_jiff(self) -> jiff::civil::Date {
        let (year, month, day) = (self.0 / 10_000, self.0 / 100 % 100, self.0 % 100);
        let part = |number| i8::try_from(number).expect("a valid date");
        let year = i16::try_from(year).expect("a valid date");
        jiff::civil::date(year, part(month), part(day))
    }
    fn from_jiff(date: jiff::civil::Date) -> Option<Self> {
        let year = u32::try_from(date.year()).ok()?;
        let month = u32::try_from(date.month()).ok()?;
        let day = u32::try_from(date.day()).ok()?;
        if !(1970..=9998).contains(&year) {
            return None;
        }
        year.checked_mul(10_000)?
            .checked_add(month.checked_mul(100)?)?
            .checked_add(day)
            .map(Self)
    }
    fn to_wire(self) -> u32 {
        self.0
    }
    fn from_wire(packed: u32) -> Result<Self, WordError> {
        Self::parse(&Self(packed).to_string())
    }
}

word_serde!(Date, u32);

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = (self.0 / 10_000, self.0 / 100 % 100, self.0 % 100);
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

impl FromStr for Date {
    type Err = WordError;
    fn from_str(text: &str) -> Result<Self, WordError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_dates_read_back_as_written() {
        let time = Timestamp::parse("2026-11-23T10:00:00+05:00").unwrap();
        assert_eq!(time.to_string(), "2026-11-23T05:00:00.000Z");
        assert_eq!(time.date().to_string(), "2026-11-23");
        assert_eq!(
            Date::parse("2026-11-23").unwrap().start().to_string(),
            "2026-11-23T00:00:00.000Z"
        );
        assert_eq!(Timestamp::from_millis(u64::MAX), Timestamp::MAX);
        assert!(Timestamp::MAX.to_string().starts_with("9998-12-31"));
    }

    #[test]
    fn a_date_knows_its_neighbours_and_its_day_of_the_week() {
        let monday = Date::parse("2026-11-30").unwrap();
        assert_eq!(monday.weekday(), Weekday::Mon);
        assert_eq!(monday.tomorrow().unwrap().to_string(), "2026-12-01");
        let sunday = monday.yesterday().unwrap();
        assert_eq!(
            (sunday.to_string(), sunday.weekday()),
            ("2026-11-29".into(), Weekday::Sun)
        );
        assert_eq!(Date::parse("9998-12-31").unwrap().tomorrow(), None);
        assert_eq!(Date::parse("1970-01-01").unwrap().yesterday(), None);
    }

    #[test]
    fn impossible_dates_are_refused() {
        for text in [
            "2026-02-30",
            "2026-13-01",
            "26-01-01",
            "",
            "2026-1-1",
            "1969-12-31",
        ] {
            assert!(Date::parse(text).is_err(), "{text}");
        }
    }
}
