//! A segment object of any bytes: either refused, or every slot is refused or hashes to what the directory says.
#![no_main]

use imprint_image_store::Segment;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(segment) = Segment::decode(data.to_vec()) {
        assert!(segment.slots() <= 2048);
        for slot in 0..segment.slots() {
            if let Ok(content) = segment.read_slot(slot) {
                assert!(content.len() <= 65536);
            }
        }
        assert!(segment.read_slot(segment.slots()).is_err());
    }
});
