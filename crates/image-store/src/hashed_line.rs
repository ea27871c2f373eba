//! JSON objects that carry their own check: line 1 is the JSON text, line 2 the BLAKE3 hash of line 1 in hex.

use bytes::Bytes;

/// Bytes that are not such two lines, or whose hash does not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the object is not one line with its hash in a second one")]
pub(crate) struct NotHashedLine;

/// The object with `line`, which holds no line break.
pub(crate) fn encode_hashed_line(line: &str) -> Bytes {
    Bytes::from(format!("{line}\n{}\n", blake3::hash(line.as_bytes()).to_hex()))
}

/// Line 1 of an object whose line 2 is right.
pub(crate) fn decode_hashed_line(bytes: &[u8]) -> Result<&str, NotHashedLine> {
    let text = str::from_utf8(bytes).map_err(|_| NotHashedLine)?;
    let (line, hash) = text.strip_suffix('\n').and_then(|text| text.split_once('\n')).ok_or(NotHashedLine)?;
    if blake3::hash(line.as_bytes()).to_hex().as_str() == hash { Ok(line) } else { Err(NotHashedLine) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_byte_anywhere_is_noticed() {
        let good = encode_hashed_line(r#"{"format":1}"#);
        assert_eq!(decode_hashed_line(&good), Ok(r#"{"format":1}"#));
        for at in 0..good.len() {
            let mut bytes = good.to_vec();
            bytes[at] ^= 1;
            assert_eq!(decode_hashed_line(&bytes), Err(NotHashedLine), "{at}");
            assert_eq!(decode_hashed_line(&good[..at]), Err(NotHashedLine), "cut at {at}");
        }
    }
}
