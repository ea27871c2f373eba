//! Characters that nobody sees, or that turn others around: a program that holds one may not do what it seems to say.

/// A text between quotes in which each of them is written as its escape.
pub(super) fn escaped(text: &str, escape: fn(char) -> String) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_invisible(character) {
            escaped.push_str(&escape(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// As JSON and Java write a character: the units of UTF-16.
pub(super) fn in_units(character: char) -> String {
    let mut units = [0; 2];
    let units: Vec<_> = character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect();
    units.concat()
}

/// As Python and Go write one: its code point.
pub(super) fn as_point(character: char) -> String {
    match u32::from(character) {
        point if point > 0xffff => format!("\\U{point:08x}"),
        point => format!("\\u{point:04x}"),
    }
}

/// Controls, marks of direction, blanks without width, fillers, tags, selectors of variants, and what ends a line.
const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{7f}'..='\u{a0}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{115f}'..='\u{1160}'
            | '\u{1680}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{2000}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}'
            | '\u{205f}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3000}'
            | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{10ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_stays_and_what_is_not_is_written_out() {
        assert_eq!(escaped("aé中😀\n", in_units), "aé中😀\n");
        assert_eq!(escaped("a\u{202e}b\u{e0041}", in_units), "a\\u202eb\\udb40\\udc41");
        assert_eq!(escaped("a\u{202e}b\u{e0041}", as_point), "a\\u202eb\\U000e0041");
        // What makes a text run the other way, alone or up to its end.
        for mark in ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}').chain(['\u{200e}', '\u{200f}', '\u{61c}'])
        {
            assert!(is_invisible(mark), "{mark:?}");
        }
    }
}
