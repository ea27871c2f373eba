//! Measures making images of a backup on SQLite, beside what one durable 4 KiB write costs on the same disk.
//!
//! `cargo run --release -p imprint-metadata --example commit_rate [rounds [directory]]`: alone, each commit is followed
//! by one `pwrite` and `fsync` over a preallocated 4 KiB, so that both meet the same disk in the same minute; then the
//! rate of one client and of 32.

use imprint_domain::{
    AccountUuid, BackupStorageUuid, Clock, EncodedRoot, ImageUuid, LeaseUuid, MediaType, PrimaryStorageUuid,
    ResourceState, ResourceStatus, StorageStatus, Timestamp, VolumeBackupUuid, VolumeUuid, ZoneUuid,
};
use imprint_metadata::{
    AccountRow, BackupFacts, BackupStorageRow, BeginBackup, CommitBackup, DatabaseUrl, Metadata, NewImage, NewLease,
    NewTags, PrimaryStorageRow, VolumeRow, ZoneRow,
};
use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// Clients of the group commit.
const CLIENTS: u64 = 32;

type Failure = Box<dyn Error + Send + Sync>;

/// Counts instead of looking at a clock.
struct Ticks(AtomicI64);

impl Clock for Ticks {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let rounds: u64 = arguments.next().map_or(Ok(2000), |text| text.parse())?;
    let checkout = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target"));
    let parent = arguments.next().map_or(checkout, PathBuf::from);
    // A task as the server's requests are: the thread of `main` is none of the runtime's own.
    tokio::spawn(measure(rounds, parent)).await?
}

async fn measure(rounds: u64, parent: PathBuf) -> Result<(), Failure> {
    let directory = tempfile::tempdir_in(parent)?;
    let clock = Arc::new(Ticks(AtomicI64::new(1_700_000_000_000)));
    let metadata = Metadata::open(&DatabaseUrl::Sqlite(directory.path().join("imprint.db")), clock).await?;
    let (storage, backup) = make_backup(&metadata).await?;

    let file = File::options().create(true).truncate(true).write(true).open(directory.path().join("floor"))?;
    file.write_all_at(&[1; 4096], 0)?;
    file.sync_all()?;

    for _ in 0..rounds / 10 {
        create(&metadata, storage, backup).await?;
    }
    let (mut floor, mut commits, mut trips) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let began = Instant::now();
        create(&metadata, storage, backup).await?;
        commits.push(began.elapsed());
        let began = Instant::now();
        file.write_all_at(&[u8::try_from(round % 251)?; 4096], 0)?;
        file.sync_all()?;
        floor.push(began.elapsed());
        let began = Instant::now();
        metadata.delete_session(imprint_domain::SessionUuid::random()).await?;
        trips.push(began.elapsed());
    }
    report(&mut floor, &mut commits, &mut trips)?;
    rates(&metadata, storage, backup, rounds).await?;
    metadata.close().await;
    Ok(())
}

fn percentile(sorted: &[Duration], per_mille: usize) -> f64 {
    let index = (sorted.len() * per_mille / 1000).min(sorted.len().saturating_sub(1));
    sorted.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

fn report(floor: &mut [Duration], commits: &mut [Duration], trips: &mut [Duration]) -> Result<(), Failure> {
    for times in [&mut *floor, &mut *commits, &mut *trips] {
        times.sort_unstable();
    }
    let mut out = std::io::stdout().lock();
    for (name, per_mille) in [("p50", 500), ("p90", 900), ("p99", 990)] {
        let (floor, commit) = (percentile(floor, per_mille), percentile(commits, per_mille));
        let trip = percentile(trips, per_mille);
        writeln!(
            out,
            "{name}: image {commit:.0} us, pwrite + fsync {floor:.0} us, ratio {:.2}; a round trip to SQLite {trip:.0} us",
            commit / floor
        )?;
    }
    Ok(())
}

async fn rates(
    metadata: &Metadata,
    storage: BackupStorageUuid,
    backup: VolumeBackupUuid,
    rounds: u64,
) -> Result<(), Failure> {
    let began = Instant::now();
    for _ in 0..rounds {
        create(metadata, storage, backup).await?;
    }
    let one = began.elapsed();
    let began = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let metadata = metadata.clone();
        clients.spawn(async move {
            for _ in 0..rounds.div_ceil(CLIENTS) * 4 {
                create(&metadata, storage, backup).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    let per_second =
        |count: u64, time: Duration| f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64();
    let (one, many) = (per_second(rounds, one), per_second(rounds.div_ceil(CLIENTS) * 4 * CLIENTS, began.elapsed()));
    writeln!(std::io::stdout(), "1 client: {one:.0}/s, {CLIENTS} clients: {many:.0}/s, ratio {:.2}", many / one)?;
    Ok(())
}

async fn create(metadata: &Metadata, storage: BackupStorageUuid, backup: VolumeBackupUuid) -> Result<(), Failure> {
    let image = NewImage {
        uuid: ImageUuid::random(),
        backup,
        storage,
        limited: false,
        name: "template".to_owned(),
        description: None,
        media_type: MediaType::DataVolumeTemplate,
        guest_os_type: Some("Linux".to_owned()),
        platform: Some("Linux".to_owned()),
        architecture: Some("x86_64".to_owned()),
        system: false,
        virtio: None,
        account: AccountUuid::random(),
        layout_version: 1,
        tags: NewTags::default(),
    };
    metadata.create_image_from_backup(image).await?;
    Ok(())
}

/// A backup that is Ready, and all that it needs.
async fn make_backup(metadata: &Metadata) -> Result<(BackupStorageUuid, VolumeBackupUuid), Failure> {
    let (account, begun) = (AccountUuid::random(), Timestamp(0));
    let owner = AccountRow {
        uuid: account,
        name: "owner".to_owned(),
        description: None,
        kind: "SystemAdmin".to_owned(),
        password_hash: String::new(),
        created: begun,
        changed: begun,
    };
    metadata.create_account(owner, NewTags::default()).await?;
    let zone = ZoneRow {
        uuid: ZoneUuid::random(),
        name: "zone".to_owned(),
        description: None,
        state: ResourceState::Enabled,
        kind: "zstack".to_owned(),
        is_default: true,
        created: begun,
        changed: begun,
    };
    let storage = storage_row(zone.uuid, begun);
    let primary = primary_storage_row(zone.uuid, begun);
    let volume = volume_row(primary.uuid, account, begun);
    let (storage_uuid, volume_uuid) = (storage.uuid, volume.uuid);
    metadata.create_zone(zone, NewTags::default()).await?;
    metadata.create_backup_storage(storage, NewTags::default()).await?;
    metadata.create_primary_storage(primary, NewTags::default()).await?;
    metadata.create_volume(volume, NewTags::default()).await?;
    let backup = take_backup(metadata, storage_uuid, volume_uuid, account).await?;
    Ok((storage_uuid, backup))
}

fn storage_row(zone: ZoneUuid, created: Timestamp) -> BackupStorageRow {
    BackupStorageRow {
        uuid: BackupStorageUuid::random(),
        name: "store".to_owned(),
        description: None,
        url: "/store".to_owned(),
        kind: "ImageStoreBackupStorage".to_owned(),
        state: ResourceState::Enabled,
        status: StorageStatus::Connected,
        hostname: None,
        username: None,
        ssh_port: None,
        total_capacity: 0,
        available_capacity: 0,
        store: None,
        epoch: 0,
        next_catalog_seq: 1,
        max_capacity: 0,
        zones: vec![zone],
        created,
        changed: created,
    }
}

fn primary_storage_row(zone: ZoneUuid, created: Timestamp) -> PrimaryStorageRow {
    PrimaryStorageRow {
        uuid: PrimaryStorageUuid::random(),
        zone,
        name: "volumes".to_owned(),
        description: None,
        url: "/volumes".to_owned(),
        kind: "LocalStorage".to_owned(),
        state: ResourceState::Enabled,
        status: StorageStatus::Connected,
        mount_path: "/volumes".to_owned(),
        total_capacity: 0,
        available_capacity: 0,
        created,
        changed: created,
    }
}

fn volume_row(primary_storage: PrimaryStorageUuid, account: AccountUuid, created: Timestamp) -> VolumeRow {
    VolumeRow {
        uuid: VolumeUuid::random(),
        name: "volume".to_owned(),
        description: None,
        primary_storage,
        vm_instance_uuid: None,
        install_path: "/volumes/a.raw".to_owned(),
        source: "file:a.raw".to_owned(),
        kind: "Data".to_owned(),
        format: "raw".to_owned(),
        size: 1 << 30,
        actual_size: 1 << 30,
        state: ResourceState::Enabled,
        status: ResourceStatus::Ready,
        is_shareable: false,
        root_image: None,
        device_id: None,
        last_attach: None,
        last_detach: None,
        last_vm_instance_uuid: None,
        owns_file: false,
        deleted: None,
        reverting: None,
        account,
        created,
        changed: created,
    }
}

async fn take_backup(
    metadata: &Metadata,
    storage: BackupStorageUuid,
    volume: VolumeUuid,
    account: AccountUuid,
) -> Result<VolumeBackupUuid, Failure> {
    let lease = NewLease {
        uuid: LeaseUuid::random(),
        storage,
        purpose: "backup",
        node: "node".to_owned(),
        pinned_root: None,
        expires: Timestamp(i64::MAX),
    };
    let (uuid, lease_uuid) = (VolumeBackupUuid::random(), lease.uuid);
    let backup = BeginBackup {
        uuid,
        volume,
        storage,
        name: "backup".to_owned(),
        description: None,
        full: true,
        group: None,
        account,
        lease,
        tags: NewTags::default(),
    };
    metadata.begin_backup(backup).await?;
    let facts = BackupFacts {
        root: EncodedRoot::from_bytes([7; 96]),
        volume_size: 1 << 30,
        data_size: 1 << 20,
        stored: 1 << 20,
        method: "full".to_owned(),
        metadata: "{}".to_owned(),
    };
    metadata.commit_backup(CommitBackup { uuid, storage, lease: lease_uuid, facts }).await?;
    Ok(uuid)
}
