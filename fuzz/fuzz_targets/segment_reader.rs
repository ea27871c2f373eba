//! A segment object of any bytes: either refused, or every slot is refused or has a length that a slot can have. The
//! checksums of header and footer are made right, or no input would get past them.
#![no_main]

use imprint_image_store::Segment;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut object = data.to_vec();
    if let Some(header) = object.first_chunk_mut::<128>() {
        let crc = crc32c(&header[..120]);
        header[120..124].copy_from_slice(&crc.to_le_bytes());
    }
    if let Some(footer) = object.last_chunk_mut::<64>() {
        let crc = crc32c(&footer[..56]);
        footer[56..60].copy_from_slice(&crc.to_le_bytes());
    }
    let Ok(segment) = Segment::decode(object) else { return };
    assert!(segment.slots() <= 2048);
    for slot in 0..segment.slots() {
        if let Ok(content) = segment.read_slot(slot) {
            assert!(content.len() <= 65536);
        }
    }
    assert!(segment.read_slot(segment.slots()).is_err());
});

fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg()))
    })
}
