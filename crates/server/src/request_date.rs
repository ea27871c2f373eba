//! The `Date` of a signed request, read as leniently as clients write it: `Mon, 04 Mar 2024 09:07:05 CST`.
//!
//! The zone may be an abbreviation (which several zones share), an id such as `Asia/Shanghai`, or an offset. Many servers of
//! this protocol ignore it and compare the digits with their own wall clock, and clients have come to rely on that: a date is
//! recent when any of its readings is.

use imprint_api::ReplyZone;
use imprint_domain::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// How far a request's date may be from now, in milliseconds.
const SKEW_MS: i64 = 15 * 60 * 1000;

/// Minutes from UTC of the zones that an abbreviation may mean.
const ABBREVIATIONS: &[(&str, &[i32])] = &[
    ("UTC", &[0]),
    ("GMT", &[0]),
    ("UT", &[0]),
    ("Z", &[0]),
    ("WET", &[0]),
    ("WEST", &[60]),
    ("BST", &[60, 360]),
    ("IST", &[330, 60, 120]),
    ("CET", &[60]),
    ("CEST", &[120]),
    ("EET", &[120]),
    ("EEST", &[180]),
    ("MSK", &[180]),
    ("CST", &[480, -360, -300]),
    ("CDT", &[-300, -240]),
    ("HKT", &[480]),
    ("SGT", &[480]),
    ("PST", &[-480, 480]),
    ("PDT", &[-420]),
    ("MST", &[-420]),
    ("MDT", &[-360]),
    ("EST", &[-300]),
    ("EDT", &[-240]),
    ("JST", &[540]),
    ("KST", &[540]),
    ("AEST", &[600]),
    ("AEDT", &[660]),
    ("NZST", &[720]),
    ("NZDT", &[780]),
];

/// A date that was read: the digits of its clock, and what stands behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestDate<'a> {
    clock: DateTime,
    zone: &'a str,
}

impl<'a> RequestDate<'a> {
    /// Reads a date; `None` when it does not have the form.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (weekday, rest) = text.trim().split_once(',')?;
        let mut words = rest.split_ascii_whitespace();
        let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let zone = words.next()?;
        if words.next().is_some() || !is_day(weekday) {
            return None;
        }
        let mut parts = time.split(':').map(|part| number(part, 1..=2));
        let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
        if parts.next().is_some() {
            return None;
        }
        let clock = DateTime::new(
            number(year, 4..=4)?,
            month_of(month)?,
            i8::try_from(number(day, 1..=2)?).ok()?,
            i8::try_from(hour).ok()?,
            i8::try_from(minute).ok()?,
            i8::try_from(second).ok()?,
            0,
        );
        Some(Self { clock: clock.ok()?, zone })
    }

    /// Whether it is at most fifteen minutes from now, in any of its readings. `local` is the server's own zone.
    pub(crate) fn is_recent(&self, now: Timestamp, local: &ReplyZone) -> bool {
        let here = local.instant_of(self.clock);
        let zones = zones(self.zone).into_iter().filter_map(|zone| instant(self.clock, zone));
        here.into_iter().chain(zones).any(|instant| (now.0.saturating_sub(instant.0)).saturating_abs() <= SKEW_MS)
    }
}

fn instant(clock: DateTime, zone: TimeZone) -> Option<Timestamp> {
    Some(Timestamp(clock.to_zoned_datetime(zone).ok()?.timestamp().as_millisecond()))
}

/// Digits alone, so many.
fn number(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<i16> {
    (length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn is_day(text: &str) -> bool {
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].iter().any(|day| text.trim().eq_ignore_ascii_case(day))
}

fn month_of(text: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let place = MONTHS.iter().position(|month| text.eq_ignore_ascii_case(month))?;
    i8::try_from(place + 1).ok()
}

/// The zones that a text may mean; none when it means nothing.
fn zones(text: &str) -> Vec<TimeZone> {
    let fixed = |minutes: i32| Offset::from_seconds(minutes * 60).ok().map(TimeZone::fixed);
    if let Some((_, offsets)) = ABBREVIATIONS.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)) {
        return offsets.iter().copied().filter_map(fixed).collect();
    }
    if let Some(minutes) = offset(text) {
        return fixed(minutes).into_iter().collect();
    }
    TimeZone::get(text).into_iter().collect()
}

/// `+08`, `-0330`, `+08:00`, `GMT+8:00`: minutes from UTC.
fn offset(text: &str) -> Option<i32> {
    let text = text.strip_prefix("GMT").or_else(|| text.strip_prefix("UTC")).unwrap_or(text);
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (number(hours, 1..=2)?, number(minutes, 2..=2)?),
        None if digits.len() <= 2 => (number(digits, 1..=2)?, 0),
        None => {
            let digits = number(digits, 4..=4)?;
            (digits / 100, digits % 100)
        }
    };
    (hours <= 18 && minutes < 60).then(|| sign * (i32::from(hours) * 60 + i32::from(minutes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, proptest};

    /// Mar 4, 2024 9:07:05 AM UTC.
    const NOW: i64 = 1_709_543_225_000;

    fn is_recent(text: &str) -> bool {
        RequestDate::parse(text).unwrap().is_recent(Timestamp(NOW), &ReplyZone::default())
    }

    #[test]
    fn the_forms_of_all_clients_mean_the_same_instant() {
        for (clock, zone) in [
            ("17:07:05", "CST"),
            ("17:07:05", "Asia/Shanghai"),
            ("17:07:05", "+08"),
            ("17:07:05", "+0800"),
            ("17:07:05", "GMT+08:00"),
            ("03:07:05", "CST"),
            ("05:37:05", "-0330"),
            ("10:07:05", "Europe/Berlin"),
            ("09:07:05", "GMT"),
            ("9:7:5", "utc"),
        ] {
            assert!(is_recent(&format!("Mon, 04 Mar 2024 {clock} {zone}")), "{clock} {zone}");
            assert!(!is_recent(&format!("Mon, 05 Mar 2024 {clock} {zone}")), "{clock} {zone}");
        }
    }

    #[test]
    fn the_digits_of_the_local_clock_do_whatever_the_zone_says() {
        for zone in ["CST", "Asia/Tokyo", "XYZ", "Nowhere/Else"] {
            assert!(is_recent(&format!("mon, 4 mar 2024 09:07:05 {zone}")), "{zone}");
        }
        assert!(!is_recent("Mon, 04 Mar 2024 17:07:05 XYZ"));
    }

    #[test]
    fn fifteen_minutes_is_the_limit_either_way() {
        for (time, recent) in [("09:22:05", true), ("09:22:06", false), ("08:52:05", true), ("08:52:04", false)] {
            assert_eq!(is_recent(&format!("Mon, 04 Mar 2024 {time} GMT")), recent, "{time}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "Mon, 04 Mar 2024 09:07:05",
            "04 Mar 2024 09:07:05 GMT",
            "Mon, 32 Mar 2024 09:07:05 GMT",
            "Mon, 04 Mrz 2024 09:07:05 GMT",
            "Mon, 04 Mar 24 09:07:05 GMT",
            "Mon, 04 Mar 2024 09:07 GMT",
            "Mon, 04 Mar 2024 25:07:05 GMT",
            "2024-03-04T09:07:05Z",
        ] {
            assert_eq!(RequestDate::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_leads_to_a_fault(zone in "[-+A-Za-z0-9:/]{1,12}", year in "[0-9]{1,4}", text in any::<String>()) {
            for text in [format!("Mon, 04 Mar {year} 09:07:05 {zone}"), text] {
                if let Some(date) = RequestDate::parse(&text) {
                    date.is_recent(Timestamp(NOW), &ReplyZone::default());
                }
            }
        }
    }
}
