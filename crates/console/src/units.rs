//! Numbers as people read them.

/// Bytes in the largest unit of which there is at least one: `512 B`, `1.5 GiB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut index = 0;
    // Tenths of the unit, so that no float is needed.
    let mut tenths = u128::from(count) * 10 / 1024;
    while tenths >= 10_240 && index + 1 < UNITS.len() {
        tenths /= 1024;
        index += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS.get(index).copied().unwrap_or_default())
}

/// A number with its thousands apart.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many times `whole` is `part`, in tenths: `12.5 ×`.
pub(crate) fn ratio(whole: u64, part: u64) -> String {
    let tenths = u128::from(whole) * 10 / u128::from(part.max(1));
    format!("{}.{} ×", tenths / 10, tenths % 10)
}

/// How long ago, in whole seconds, minutes, hours, or, from two on, days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    Seconds(i64),
    Minutes(i64),
    Hours(i64),
    Days(i64),
}

impl Age {
    pub(crate) const fn of(seconds: i64) -> Self {
        match seconds {
            ..60 => Self::Seconds(seconds),
            60..3_600 => Self::Minutes(seconds / 60),
            3_600..172_800 => Self::Hours(seconds / 3_600),
            _ => Self::Days(seconds / 86_400),
        }
    }
}

/// `parts` of `whole` in percent; 0 of nothing.
pub(crate) fn percent(parts: u64, whole: u64) -> u64 {
    let percent = u128::from(parts) * 100 / u128::from(whole.max(1));
    u64::try_from(percent).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::ENGLISH;

    #[test]
    fn bytes_are_told_in_the_largest_unit() {
        let told = [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (10 << 30, "10.0 GiB")];
        for (count, text) in told {
            assert_eq!(bytes(count), text);
        }
        assert_eq!(bytes((1 << 20) - 1), "1023.9 KiB");
        assert_eq!(bytes(u64::MAX), "15.9 EiB");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn ages_and_ratios_are_told_in_few_digits() {
        let told = [5, 61, 7_200, 180_000].map(|seconds| (ENGLISH.ago)(Age::of(seconds)));
        assert_eq!(told, ["5 s ago", "1 min ago", "2 h ago", "2 days ago"]);
        assert_eq!([ratio(125, 10), ratio(0, 0), ratio(10, 20)], ["12.5 ×", "0.0 ×", "0.5 ×"]);
    }

    #[test]
    fn nothing_is_no_part_of_nothing() {
        assert_eq!([percent(0, 0), percent(1, 3), percent(u64::MAX, u64::MAX)], [0, 33, 100]);
    }
}
