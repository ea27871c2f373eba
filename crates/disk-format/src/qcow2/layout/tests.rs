use super::*;

const GIB: u64 = 1 << 30;

/// Walks the whole file region by region.
fn regions(layout: &Qcow2Layout) -> Vec<Region> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(region) = layout.region_at(at) {
        let (Region::Metadata { range } | Region::L2Table { range, .. } | Region::Data { range, .. }) = &region;
        assert_eq!(range.start, at);
        assert!(range.end > at);
        at = range.end;
        found.push(region);
    }
    assert_eq!(at, layout.file_len());
    found
}

#[test]
fn the_regions_tile_the_file_in_the_order_of_the_disk() {
    let layout = Qcow2Layout::new(2 * GIB, [(0, 3), (2, 1)]).unwrap();
    let cluster = |index: u64, count: u64| index * CLUSTER..(index + count) * CLUSTER;
    let expected = [
        Region::Metadata { range: cluster(0, 4) },
        Region::L2Table { range: cluster(4, 1), table: 0 },
        Region::L2Table { range: cluster(5, 1), table: 2 },
        Region::Data { range: cluster(6, 3), table: 0, nth: 0 },
        Region::Data { range: cluster(9, 1), table: 2, nth: 0 },
    ];
    assert_eq!(regions(&layout), expected);
    let inside = Region::Data { range: 7 * CLUSTER + 5..9 * CLUSTER, table: 0, nth: 1 };
    assert_eq!(layout.region_at(7 * CLUSTER + 5), Some(inside));
}

#[test]
fn refcounts_cover_the_whole_file_at_the_border_of_a_block() {
    let fixed = 1 + 1 + 1 + 1; // header, refcount table, one block, L1
    for (data, blocks) in [(32768 - fixed - 4, 1), (32768 - fixed - 4 + 1, 2)] {
        let counts = (0..4).map(|table| (table, u32::try_from((data - table * 8192).min(8192)).unwrap()));
        let layout = Qcow2Layout::new(4 * GIB, counts).unwrap();
        assert_eq!(layout.refcount_blocks, blocks);
        assert!(layout.clusters() <= blocks * REFCOUNTS);
    }
}

#[test]
fn a_full_disk_of_64_tib_has_a_layout() {
    let layout = Qcow2Layout::new(64 << 40, (0..131_072).map(|table| (table, 8192))).unwrap();
    assert_eq!((layout.l1, layout.refcount_blocks, layout.refcount_table), (16, 32774, 5));
    assert!(layout.refcount_blocks * REFCOUNTS >= layout.clusters());
    let last = layout.region_at(layout.file_len() - 1).unwrap();
    let range = layout.file_len() - 1..layout.file_len();
    assert_eq!(last, Region::Data { range, table: 131_071, nth: 8191 });
    let mut bytes = [0; 8];
    layout.metadata_bytes(layout.l2_start() - 8, &mut bytes).unwrap();
    assert_eq!(u64::from_be_bytes(bytes), COPIED | (layout.l2_start() + 131_071 * CLUSTER));
}

#[test]
fn metadata_bytes_are_the_same_however_they_are_cut() {
    let layout = Qcow2Layout::new(3 * GIB + 1, [(1, 8192), (6, 1)]).unwrap();
    let mut whole = vec![0; usize::try_from(layout.l2_start()).unwrap()];
    layout.metadata_bytes(0, &mut whole).unwrap();
    for step in [1000, 65536, 100_000] {
        let mut pieces = vec![0; whole.len()];
        for (piece, at) in pieces.chunks_mut(step).zip((0..).step_by(step)) {
            layout.metadata_bytes(at, piece).unwrap();
        }
        assert!(pieces == whole);
    }
    let len = 2;
    assert_eq!(
        layout.metadata_bytes(layout.l2_start() - 1, &mut [0; 2]),
        Err(LayoutError::NotMetadata { offset: layout.l2_start() - 1, len })
    );
}

#[test]
fn impossible_counts_are_refused() {
    let new = |size, counts: &[(u64, u32)]| Qcow2Layout::new(size, counts.iter().copied()).err();
    assert_eq!(new(GIB, &[(1, 1), (0, 1)]), Some(LayoutError::OutOfOrder { table: 0 }));
    assert_eq!(new(GIB, &[(1, 1), (1, 1)]), Some(LayoutError::OutOfOrder { table: 1 }));
    assert_eq!(new(GIB, &[(0, 0)]), Some(LayoutError::InvalidCount { table: 0, data_clusters: 0 }));
    assert_eq!(new(GIB, &[(2, 1)]), Some(LayoutError::InvalidCount { table: 2, data_clusters: 1 }));
    assert_eq!(new(65537, &[(0, 3)]), Some(LayoutError::InvalidCount { table: 0, data_clusters: 3 }));
    assert_eq!(new(65537, &[(0, 2)]), None);
    assert_eq!(new(u64::MAX, &[]), Some(LayoutError::TooLarge { size: u64::MAX }));
    assert_eq!(new(0, &[(u64::MAX, 1)]), Some(LayoutError::InvalidCount { table: u64::MAX, data_clusters: 1 }));
}

#[test]
fn a_bitmap_of_another_disk_is_refused() {
    let layout = Qcow2Layout::new(GIB, [(1, 2)]).unwrap();
    let mut bitmap = ClusterBitmap::new();
    bitmap.insert(7);
    let mismatch = LayoutError::BitmapMismatch { table: 1, expected: 2, found: 1 };
    assert_eq!(layout.l2_bytes(1, &bitmap), Err(mismatch));
    let mismatch = LayoutError::BitmapMismatch { table: 0, expected: 0, found: 1 };
    assert_eq!(layout.l2_bytes(0, &bitmap), Err(mismatch));
    bitmap.insert(9);
    let bytes = layout.l2_bytes(1, &bitmap).unwrap();
    let word = |index: usize| u64::from_be_bytes(*bytes.as_chunks().0.get(index).unwrap());
    assert_eq!([word(6), word(7), word(9)], [0, COPIED + 5 * CLUSTER, COPIED + 6 * CLUSTER]);
}
