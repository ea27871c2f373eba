//! Any bytes as a qcow2 image: opening, mapping and reading them fails or not, but never panics, hangs, or allocates
//! more than the limits say.

#![no_main]

use imprint_disk_format::Disk;
use imprint_disk_format::Limits;
use imprint_disk_format::open_qcow2;
use libfuzzer_sys::fuzz_target;

const MOST_EXTENTS: usize = 1000;
const MOST_READS: usize = 100;

fuzz_target!(|data: &[u8]| {
    let limits = Limits { cache_bytes: 1 << 20, ..Limits::default() };
    let Ok(disk) = open_qcow2(data.to_vec(), &limits) else { return };
    let mut buf = vec![0; 64 << 10];
    let mut at = 0;
    for round in 0..MOST_EXTENTS {
        if at >= disk.size() {
            break;
        }
        // A damaged cluster does not keep those behind it from being read.
        let end = disk.extent_at(at).map_or(at + 512, |extent| {
            assert!(extent.range.start == at && extent.range.end > at && extent.range.end <= disk.size());
            extent.range.end
        });
        if round < MOST_READS {
            let len = usize::try_from(end.min(disk.size()) - at).unwrap_or(usize::MAX).min(buf.len());
            let _ = disk.read_at(at, &mut buf[..len]);
        }
        at = end;
    }
    disk.check_unchanged().expect("bytes in memory do not change");
});
