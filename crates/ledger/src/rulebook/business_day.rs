//! The business day of a currency: when its date rolls, what closes before, and what its end brings about.

use super::Rulebook;
use super::check::{RulebookError, is_writable, wrong};
use crate::records::Money;
use karwan_types::{CurrencyCode, Date, JurisdictionCode, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most holidays of a calendar.
pub(crate) const HOLIDAYS_MAX: usize = 512;
/// The most currencies with a calendar of their own in one jurisdiction.
const CALENDARS_MAX: usize = 16;
/// The minutes of a day.
pub(crate) const MINUTES_PER_DAY: u16 = 24 * 60;

/// What the end of a currency's business day does with money besides rolling the date, sealing the books and asking intraday
/// credit back. It takes nothing out of the queue, and so refuses no exchange before its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EndOfDayAction {
    /// Nothing: what an institution has it keeps.
    #[default]
    Hold,
    /// What domestic banks have available is set aside for redemption, as by their own request.
    SweepRedeem,
    /// Foreign institutions that hold more than the overnight maximum are credited no more until they hold less.
    BlockNew,
}

/// The calendar of a currency, in the part of the jurisdiction whose central bank issues it. Times are minutes of the
/// currency's local day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BusinessDayRules {
    /// The currency.
    pub currency: CurrencyCode,
    /// When the business day ends and the date rolls: 1 to 1440; 1440 is midnight.
    pub ends_minute: u16,
    /// After this minute a customer payment that names the present business date comes too late; none for no cut-off.
    pub customer_cut_off_minute: Option<u16>,
    /// The days of the week without business, in order.
    pub weekend: Vec<Weekday>,
    /// Other days without business, in order.
    pub holidays: Vec<Date>,
    /// What the end of the day does with money.
    pub end_of_day: EndOfDayAction,
    /// The most that a foreign institution holds overnight; asked for with `BLOCK_NEW` only.
    pub foreign_holding_max: Option<Money>,
}

impl Rulebook {
    /// The calendar of a currency, if the jurisdiction of its issuer has set one.
    #[must_use]
    pub fn business_day(
        &self,
        issuer: JurisdictionCode,
        currency: CurrencyCode,
    ) -> Option<&BusinessDayRules> {
        let calendars = &self.national(issuer)?.business_days;
        let place = calendars.binary_search_by_key(&currency, |rules| rules.currency);
        calendars.get(place.ok()?)
    }
}

/// Whether calendars are sound: each leaves some day for business, and its times lie within a day.
pub(super) fn check_calendars(
    what: &str,
    calendars: &[BusinessDayRules],
) -> Result<(), RulebookError> {
    let ordered = calendars
        .windows(2)
        .all(|two| two[0].currency < two[1].currency);
    if calendars.len() > CALENDARS_MAX || !ordered {
        return Err(wrong(
            format!("{what} business_days"),
            "must be at most 16, each currency once and in order",
        ));
    }
    for rules in calendars {
        let ascending = rules.weekend.windows(2).all(|two| two[0] < two[1])
            && rules.holidays.windows(2).all(|two| two[0] < two[1]);
        let cut_off = rules.customer_cut_off_minute.unwrap_or(0);
        let blocks = rules.end_of_day == EndOfDayAction::BlockNew;
        let broken = [
            (
                (1..=MINUTES_PER_DAY).contains(&rules.ends_minute),
                "must end between the first and the last minute of the day",
            ),
            (
                cut_off <= rules.ends_minute,
                "has a cut-off after the end of the day",
            ),
            (
                rules.weekend.len() < Weekday::ALL.len() && rules.holidays.len() <= HOLIDAYS_MAX,
                "must leave a day of the week for business, and have at most 512 holidays",
            ),
            (
                ascending,
                "must name weekend and holidays once and in order",
            ),
            (
                blocks == rules.foreign_holding_max.is_some()
                    && rules.foreign_holding_max.is_none_or(|most| {
                        most.currency == rules.currency && is_writable(most.amount)
                    }),
                "needs foreign_holding_max in its currency with BLOCK_NEW, and with nothing else",
            ),
        ];
        if let Some((_, rule)) = broken.iter().find(|(holds, _)| !holds) {
            return Err(wrong(
                format!("{what} business_days {}", rules.currency),
                rule,
            ));
        }
    }
    Ok(())
}
