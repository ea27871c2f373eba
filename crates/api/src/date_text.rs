//! Points in time as clients read them: `Mar 4, 2024 9:07:05 AM`, in a zone that is not written.

use imprint_domain::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The one pattern of dates in replies: English, no leading zero of day and hour, seconds.
const PATTERN: &str = "%b %-d, %Y %-I:%M:%S %p";

/// The pattern of dates in query conditions.
const QUERY_PATTERN: &str = "%Y-%m-%d %H:%M:%S";

/// A point in time as text, such as `Mar 4, 2024 9:07:05 AM`. Made by [`ReplyZone::format`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("examples" = ["Mar 4, 2024 9:07:05 AM"]))]
pub struct DateText(String);

impl DateText {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name that no time zone has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not the name of a time zone, such as UTC or Europe/Berlin")]
pub struct UnknownZone(pub String);

/// The time zone of replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyZone(TimeZone);

impl Default for ReplyZone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl ReplyZone {
    /// The zone of this IANA name.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_name(name: &str) -> Result<Self, UnknownZone> {
        TimeZone::get(name).map(Self).map_err(|_| UnknownZone(name.chars().take(64).collect()))
    }

    /// The date of a point in time; fractions of a second are dropped.
    pub fn format(&self, time: Timestamp) -> DateText {
        // Beyond year 9999 the text stays at the end of time; nothing here lives that long.
        let instant = jiff::Timestamp::from_second(time.0.div_euclid(1000)).unwrap_or(jiff::Timestamp::MAX);
        DateText(instant.to_zoned_datetime(self.0.clone()).strftime(PATTERN).to_string())
    }

    /// Reads a date of a query condition, `2024-03-04 09:07:05`, or one in the form of replies.
    pub fn parse(&self, text: &str) -> Option<Timestamp> {
        let date = jiff::civil::DateTime::strptime(QUERY_PATTERN, text)
            .or_else(|_| jiff::civil::DateTime::strptime(PATTERN, text))
            .ok()?;
        self.instant_of(date)
    }

    /// When a clock in this zone shows that; `None` beyond the end of time.
    pub fn instant_of(&self, clock: jiff::civil::DateTime) -> Option<Timestamp> {
        Some(Timestamp(clock.to_zoned_datetime(self.0.clone()).ok()?.timestamp().as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(zone: &ReplyZone, millis: i64, text: &str) {
        assert_eq!(zone.format(Timestamp(millis)).as_str(), text);
    }

    #[test]
    fn dates_have_the_form_that_clients_read() {
        let utc = ReplyZone::default();
        check(&utc, 1_709_543_225_999, "Mar 4, 2024 9:07:05 AM");
        check(&utc, 1_732_968_000_000, "Nov 30, 2024 12:00:00 PM");
        check(&utc, 0, "Jan 1, 1970 12:00:00 AM");
        check(&utc, -1, "Dec 31, 1969 11:59:59 PM");
        check(&utc, i64::MAX, "Dec 30, 9999 10:00:00 PM");
    }

    #[test]
    fn the_zone_moves_the_clock_but_is_not_written() {
        check(&ReplyZone::from_name("Asia/Shanghai").unwrap(), 1_709_543_225_000, "Mar 4, 2024 5:07:05 PM");
        assert_eq!(ReplyZone::from_name("Nowhere"), Err(UnknownZone("Nowhere".to_owned())));
    }

    #[test]
    fn dates_are_read_in_the_form_of_queries_and_of_replies() {
        let zone = ReplyZone::from_name("Asia/Shanghai").unwrap();
        assert_eq!(zone.parse("2024-03-04 17:07:05"), Some(Timestamp(1_709_543_225_000)));
        assert_eq!(zone.parse("Mar 4, 2024 5:07:05 PM"), Some(Timestamp(1_709_543_225_000)));
        assert_eq!(zone.parse("yesterday"), None);
    }
}
