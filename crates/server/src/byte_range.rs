//! Which bytes of a file a `Range` header asks for (RFC 9110, section 14).

use std::ops::Range;

/// What a request for part of a file is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// All of it: no range, one that cannot be read, or several.
    Whole,
    /// This part: at least one byte, within the file.
    Part(Range<u64>),
    /// The range begins behind the end.
    Unsatisfiable,
}

/// Reads the value of a `Range` header for a file of `len` bytes. A server may ignore ranges: several at once are answered
/// with the whole file, and so is what is no range.
pub(crate) fn select(range: &str, len: u64) -> Selection {
    let Some((unit, spec)) = range.split_once('=') else { return Selection::Whole };
    let Some((first, last)) = spec.trim().split_once('-') else { return Selection::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Selection::Whole;
    }
    let (first, last) = (number(first), number(last));
    let part = match (first, last) {
        (Number::Of(first), Number::Of(last)) if first <= last => first..last.saturating_add(1).min(len),
        (Number::Of(first), Number::Absent) => first..len,
        (Number::Absent, Number::Of(suffix)) => len.saturating_sub(suffix)..len,
        _ => return Selection::Whole,
    };
    if part.is_empty() { Selection::Unsatisfiable } else { Selection::Part(part) }
}

enum Number {
    Absent,
    Of(u64),
    Invalid,
}

fn number(digits: &str) -> Number {
    let digits = digits.trim();
    if digits.is_empty() {
        return Number::Absent;
    }
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Number::Invalid;
    }
    // A number beyond 64 bits is a place behind every end.
    Number::Of(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert, proptest};

    #[test]
    fn single_ranges_select_the_bytes_that_they_name() {
        assert_eq!(select("bytes=0-499", 1000), Selection::Part(0..500));
        assert_eq!(select("bytes=500-", 1000), Selection::Part(500..1000));
        assert_eq!(select("bytes=-200", 1000), Selection::Part(800..1000));
        assert_eq!(select("bytes=-2000", 1000), Selection::Part(0..1000));
        assert_eq!(select("bytes=990-2000", 1000), Selection::Part(990..1000));
        assert_eq!(select("Bytes = 0-0", 1000), Selection::Part(0..1));
        assert_eq!(select("bytes=0-99999999999999999999999", 1000), Selection::Part(0..1000));
    }

    #[test]
    fn a_range_behind_the_end_cannot_be_satisfied() {
        for range in ["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=99999999999999999999-"] {
            assert_eq!(select(range, 1000), Selection::Unsatisfiable, "{range}");
        }
        assert_eq!(select("bytes=0-", 0), Selection::Unsatisfiable);
    }

    #[test]
    fn several_ranges_and_what_is_no_range_are_ignored() {
        for range in ["bytes=0-1,5-6", "bytes=5-1", "bytes=a-b", "bytes=-", "lines=0-1", "bytes", "", "bytes=+1-2"] {
            assert_eq!(select(range, 1000), Selection::Whole, "{range}");
        }
    }

    proptest! {
        #[test]
        fn a_part_always_lies_within_the_file(range in "(bytes=)?[0-9,-]{0,30}", len in any::<u64>()) {
            if let Selection::Part(part) = select(&range, len) {
                prop_assert!(part.start < part.end && part.end <= len);
            }
        }
    }
}
