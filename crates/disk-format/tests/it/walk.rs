//! Going through a whole disk.

use imprint_disk_format::Disk;
use imprint_disk_format::Extent;
use imprint_disk_format::ExtentKind;
use imprint_disk_format::Limits;
use imprint_disk_format::OpenDiskError;
use imprint_disk_format::ReadDiskError;
use imprint_disk_format::SourceFormat;
use imprint_disk_format::open_disk;
use std::fs::File;
use std::path::Path;

/// Opens a file under the default limits.
pub(crate) fn open(path: &Path, format: SourceFormat) -> Result<Box<dyn Disk>, OpenDiskError> {
    open_disk(File::open(path).unwrap(), format, &Limits::default())
}

/// The extents of a disk, neighbours of one kind merged. They must tile it.
pub(crate) fn extents(disk: &dyn Disk) -> Result<Vec<Extent>, ReadDiskError> {
    let mut merged: Vec<Extent> = Vec::new();
    let mut at = 0;
    while at < disk.size() {
        let extent = disk.extent_at(at)?;
        assert!(extent.range.start == at && extent.range.end > at && extent.range.end <= disk.size(), "{extent:?}");
        at = extent.range.end;
        match merged.last_mut() {
            Some(last) if last.kind == extent.kind => last.range.end = at,
            _ => merged.push(extent),
        }
    }
    Ok(merged)
}

/// The bytes of a disk, read by its extents in pieces of at most `step`; what is no data is read too and must be zeros.
pub(crate) fn content(disk: &dyn Disk, step: usize) -> Result<Vec<u8>, ReadDiskError> {
    let mut bytes = vec![0xee; usize::try_from(disk.size()).unwrap()];
    let mut rest = bytes.as_mut_slice();
    let mut at = 0;
    for extent in extents(disk)? {
        while at < extent.range.end {
            let len = usize::try_from(extent.range.end - at).unwrap().min(step);
            let (piece, behind) = rest.split_at_mut(len);
            disk.read_at(at, piece)?;
            assert!(extent.kind == ExtentKind::Data || piece.iter().all(|byte| *byte == 0), "{extent:?} at {at}");
            at += u64::try_from(len).unwrap();
            rest = behind;
        }
    }
    Ok(bytes)
}
