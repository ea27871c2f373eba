//! Writes the small store that `tests/it/golden.rs` reads for ever. To be run once for each format version:
//! `cargo run -p imprint-image-store --example fixture -- crates/image-store/tests/fixtures/store-1`.

#![expect(clippy::unwrap_used, reason = "a tool for people, which ends at any failure")]

use imprint_blob_store::BlobStore;
use imprint_disk_format::{Limits, ReadDiskError, SourceFormat, open_disk};
use imprint_domain::{
    AccountUuid, CatalogKind, CatalogRecord, CatalogState, InstallationUuid, LeaseUuid, SegmentId, StoreUuid,
    VolumeSize,
};
use imprint_image_store::{
    Change, ChangeRun, Consolidation, ImageStore, LeaseError, Leases, Progress, StoreOptions, WriteProgress,
    WriteRequest,
};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

struct Nobody;

impl Leases for Nobody {
    fn register_segment(&self, _: LeaseUuid, _: StoreUuid, _: SegmentId, _: u64) -> Result<(), LeaseError> {
        Ok(())
    }

    fn segment_durable(&self, _: LeaseUuid, _: StoreUuid, _: SegmentId) -> Result<(), LeaseError> {
        Ok(())
    }
}

impl Progress for Nobody {
    fn advanced(&self, _: WriteProgress) {}

    fn is_cancelled(&self) -> bool {
        false
    }
}

fn main() {
    let directory = PathBuf::from(std::env::args().nth(1).expect("the argument is a new directory"));
    let installation: InstallationUuid = "5f3b6c9d2e1a4b7c8d9e0f1a2b3c4d5e".parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let options = StoreOptions { segment_blocks: 3, ..StoreOptions::default() };
    let blobs = BlobStore::create_local(&directory).unwrap();
    let store = runtime.block_on(ImageStore::create(blobs, installation, &options)).unwrap();
    let image = directory.with_extension("raw");
    let file = File::options().create_new(true).read(true).write(true).open(&image).unwrap();
    file.set_len(2100 * 65536 - 1000).unwrap();
    let mut roots = Vec::new();
    for changes in [vec![(0, 1), (1, 2), (1023, 3), (1024, 4), (2099, 5)], vec![(1, 6), (1500, 7)]] {
        for (block, number) in changes {
            file.write_all_at(format!("block {number} of the fixture").as_bytes(), block * 65536).unwrap();
        }
        let disk = open_disk(file.try_clone().unwrap(), SourceFormat::Raw, &Limits::default()).unwrap();
        let request = WriteRequest {
            size: VolumeSize::new(disk.size()).unwrap(),
            parent: roots.last().copied(),
            lease: LeaseUuid::random(),
            owner: AccountUuid::random(),
            consolidation: Consolidation::Crowded,
        };
        let runs = [Ok::<_, ReadDiskError>(ChangeRun { blocks: 0..2100, change: Change::Data })];
        roots.push(store.write(&request, disk.as_ref(), runs, &Nobody, &Nobody).unwrap().root);
    }
    let records = roots.iter().zip(1..).map(|(root, rev)| CatalogRecord {
        kind: CatalogKind::Backup,
        uuid: "0a1b2c3d4e5f4a6b8c7d9e0f1a2b3c4d".to_owned(),
        rev,
        state: CatalogState::Live,
        root: Some(hex::encode(root.encode().as_bytes())),
        account: "36c27e8ff05c4780bf6d2fa65700f22e".to_owned(),
        volume: None,
        parent: None,
        group: None,
        mode: Some("full".to_owned()),
        method: Some("full".to_owned()),
        created: "2026-11-23T00:00:00.000Z".to_owned(),
        inventory: serde_json::Map::new(),
    });
    for (record, seq) in records.zip(1..) {
        runtime.block_on(store.catalog().publish(seq, installation, vec![record])).unwrap();
    }
    std::fs::remove_file(image).unwrap();
    // What stays empty cannot be kept under version control, and a reader needs none of it.
    for name in ["epochs", "index"] {
        std::fs::remove_dir(directory.join(name)).unwrap();
    }
}
