//! Uploads over a clock that is turned by hand.

use super::*;
use crate::JobsSettings;
use imprint_domain::{BackupStorageUuid, InstallationUuid, ResourceState, ResourceStatus, StorageStatus, ZoneUuid};
use imprint_metadata::{AccountRow, BackupStorageRow, BeginImage, DatabaseUrl, Metadata, NewTags, ZoneRow};
use std::sync::atomic::{AtomicI64, Ordering};

struct TurnedClock(AtomicI64);

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

struct World {
    temp: tempfile::TempDir,
    clock: Arc<TurnedClock>,
    jobs: Jobs,
    storage: BackupStorageUuid,
}

impl World {
    async fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let clock = Arc::new(TurnedClock(AtomicI64::new(1_700_000_000_000)));
        let url = DatabaseUrl::Sqlite(temp.path().join("test.db"));
        let metadata = Metadata::open(&url, clock.clone()).await.unwrap();
        let jobs = Jobs::new(JobsSettings {
            metadata: metadata.clone(),
            clock: clock.clone(),
            node: "node-1".to_owned(),
            installation: InstallationUuid::random(),
            shared: false,
            data: temp.path().to_owned(),
            max_image_size: 1 << 20,
            allow_private_sources: false,
            memory_budget: 64 << 20,
            automatic_digests: false,
        });
        let (zone, storage) = (ZoneUuid::random(), BackupStorageUuid::random());
        let (created, changed) = (clock.now(), clock.now());
        let row = ZoneRow {
            uuid: zone,
            name: "zone".to_owned(),
            description: None,
            state: ResourceState::Enabled,
            kind: "zstack".to_owned(),
            is_default: true,
            created,
            changed,
        };
        metadata.create_zone(row, NewTags::default()).await.unwrap();
        let store = temp.path().join("store");
        std::fs::create_dir(&store).unwrap();
        let row = BackupStorageRow {
            uuid: storage,
            name: "store".to_owned(),
            description: None,
            url: store.to_str().unwrap().to_owned(),
            kind: "ImageStoreBackupStorage".to_owned(),
            state: ResourceState::Enabled,
            status: StorageStatus::Connected,
            hostname: None,
            username: None,
            ssh_port: None,
            total_capacity: 1 << 30,
            available_capacity: 1 << 30,
            store: None,
            epoch: 0,
            next_catalog_seq: 1,
            max_capacity: 0,
            zones: vec![zone],
            created,
            changed,
        };
        metadata.create_backup_storage(row.clone(), NewTags::default()).await.unwrap();
        jobs.connect(&row).await.unwrap();
        Self { temp, clock, jobs, storage }
    }

    async fn account(&self) -> AccountUuid {
        let uuid = AccountUuid::random();
        let row = AccountRow {
            uuid,
            name: uuid.to_string(),
            description: None,
            kind: "Normal".to_owned(),
            password_hash: String::new(),
            created: self.clock.now(),
            changed: self.clock.now(),
        };
        self.jobs.0.settings.metadata.create_account(row, NewTags::default()).await.unwrap();
        uuid
    }

    async fn try_begin(&self, account: AccountUuid) -> Option<ImageUuid> {
        let uuid = ImageUuid::random();
        let image = BeginImage {
            uuid,
            name: "image".to_owned(),
            description: None,
            status: ResourceStatus::Downloading,
            url: "upload://disk".to_owned(),
            media_type: MediaType::RootVolumeTemplate,
            guest_os_type: None,
            platform: None,
            architecture: None,
            format: ImageFormat::Raw,
            system: false,
            virtio: None,
            account,
            tags: NewTags::default(),
            copies: Vec::new(),
            expected_size: None,
            volume: None,
        };
        let request = ImageRequest { image, storages: vec![self.storage], work: Work::default() };
        let begun = self.jobs.begin_upload(request, JobUuid::random(), "http://here/".to_owned()).await.unwrap();
        begun.map(|row| row.uuid)
    }

    async fn begin(&self, account: AccountUuid) -> (ImageUuid, String) {
        let image = self.try_begin(account).await.unwrap();
        let url = self.jobs.upload_of(image, None).unwrap().url;
        (image, url.strip_prefix("http://here/").unwrap().to_owned())
    }

    /// So many seconds later: the leases were renewed meanwhile.
    async fn later(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1000, Ordering::Relaxed);
        let metadata = &self.jobs.0.settings.metadata;
        metadata.renew_leases("node-1", self.clock.now().plus_seconds(600)).await.unwrap();
        metadata.expire_leases(None).await.unwrap();
        self.jobs.sweep_uploads().await;
    }

    async fn send(
        &self,
        token: &str,
        offset: u64,
        total: u64,
        bytes: &'static [u8],
    ) -> Result<UploadProgress, UploadError> {
        let mut writer = self.jobs.continue_upload(token, offset, Some(total)).await.unwrap().unwrap()?;
        writer.append(bytes::Bytes::from_static(bytes)).await?;
        writer.end(None).await
    }

    async fn image(&self, image: ImageUuid) -> Option<ImageRow> {
        self.jobs.0.settings.metadata.image(image).await.unwrap()
    }

    /// Files without a name that this process has open in the data directory.
    fn files(&self) -> usize {
        let open =
            std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|it| std::fs::read_link(it.unwrap().path()).ok());
        let text = self.temp.path().to_str().unwrap().to_owned();
        open.filter(|to| to.to_str().is_some_and(|to| to.starts_with(&text) && to.ends_with("(deleted)"))).count()
    }

    async fn ended(&self, token: &str) -> UploadState {
        loop {
            let state = self.jobs.upload_progress(token).await.unwrap().unwrap().state;
            if !matches!(state, UploadState::Receiving | UploadState::Writing) {
                return state;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn an_upload_of_which_nothing_arrives_for_a_day_is_given_up_and_others_are_not() {
    let world = World::new().await;
    let account = world.account().await;
    let ((idle, idle_token), (alive, token)) = (world.begin(account).await, world.begin(account).await);
    world.later(PATIENCE_SECONDS - 10).await;
    world.send(&token, 0, 100, b"some").await.unwrap();
    assert!(world.image(idle).await.is_some());
    world.later(20).await;
    assert!(world.image(idle).await.is_none());
    assert_eq!(world.jobs.upload_progress(&idle_token).await.unwrap(), None);
    assert_eq!((world.image(alive).await.unwrap().status, world.files()), (ResourceStatus::Downloading, 1));
    world.send(&token, 4, 8, b"more").await.unwrap_err();
    world.send(&token, 4, 100, &[7; 96]).await.unwrap();
    assert_eq!(world.ended(&token).await, UploadState::Ready);
    // An end is remembered as long, and the image stays.
    world.later(PATIENCE_SECONDS - 10).await;
    assert_eq!(world.ended(&token).await, UploadState::Ready);
    world.later(20).await;
    assert_eq!(world.jobs.upload_progress(&token).await.unwrap(), None);
    assert_eq!(world.image(alive).await.unwrap().status, ResourceStatus::Ready);
}

#[tokio::test]
async fn a_place_is_free_again_and_its_file_gone_whichever_way_an_upload_ends() {
    let world = World::new().await;
    let account = world.account().await;
    let mut begun = Vec::new();
    while let Some(image) = world.try_begin(account).await {
        let url = world.jobs.upload_of(image, None).unwrap().url;
        begun.push((image, url.strip_prefix("http://here/").unwrap().to_owned()));
    }
    let places = begun.len();
    assert_eq!(world.files(), places);
    assert!(world.try_begin(world.account().await).await.is_some(), "one account took all places");
    let metadata = &world.jobs.0.settings.metadata;
    // Deleted: by this server, by another one, and while somebody sends.
    let (image, _) = begun.pop().unwrap();
    metadata.delete_image(image, None).await.unwrap();
    world.jobs.end_upload(image);
    assert!(world.try_begin(account).await.is_some());
    let (image, _) = begun.pop().unwrap();
    metadata.delete_image(image, None).await.unwrap();
    world.jobs.sweep_uploads().await;
    assert!(world.try_begin(account).await.is_some());
    let (image, token) = begun.pop().unwrap();
    let mut writer = world.jobs.continue_upload(&token, 0, Some(1000)).await.unwrap().unwrap().unwrap();
    writer.append(bytes::Bytes::from_static(b"some")).await.unwrap();
    metadata.delete_image(image, None).await.unwrap();
    world.jobs.end_upload(image);
    writer.ended().await;
    assert!(matches!(writer.end(None).await, Err(UploadError::Ended)));
    assert!(world.try_begin(account).await.is_some());
    // Made, and found to be what it was not said to be.
    let (_, token) = begun.pop().unwrap();
    world.send(&token, 0, 4, b"disk").await.unwrap();
    assert_eq!(world.ended(&token).await, UploadState::Ready);
    assert!(world.try_begin(account).await.is_some());
    let (image, token) = begun.pop().unwrap();
    world.send(&token, 0, 512, &[b"QFI\xfb".as_slice(), &[0; 508]].concat().leak()[..]).await.unwrap();
    assert!(matches!(world.ended(&token).await, UploadState::Failed { .. }));
    assert!(world.image(image).await.is_none());
    assert!(world.try_begin(account).await.is_some());
    assert!(world.try_begin(account).await.is_none());
    assert_eq!(world.files(), places + 1);
}

#[tokio::test]
async fn the_link_of_an_image_that_is_given_away_is_another_one() {
    let world = World::new().await;
    let (before, after) = (world.account().await, world.account().await);
    let (image, token) = world.begin(before).await;
    world.jobs.0.settings.metadata.change_owner(&image.to_string(), after).await.unwrap();
    assert!(world.jobs.continue_upload(&token, 0, None).await.unwrap().is_none());
    let found = world.jobs.upload_of(image, Some(after)).unwrap();
    assert_eq!(found.account, after);
    let new = found.url.strip_prefix("http://here/").unwrap().to_owned();
    assert_ne!(new, token);
    assert_eq!(world.jobs.upload_progress(&token).await.unwrap(), None);
    world.send(&new, 0, 4, b"disk").await.unwrap();
    assert_eq!(world.ended(&new).await, UploadState::Ready);
}

#[tokio::test]
async fn only_the_last_ends_are_remembered() {
    let world = World::new().await;
    // Each for another account: one alone may not have so many.
    let (_, first) = world.begin(world.account().await).await;
    for nth in 0..MOST_ENDED + 2 {
        let (_, token) =
            if nth == 0 { (ImageUuid::random(), first.clone()) } else { world.begin(world.account().await).await };
        world.clock.0.fetch_add(1, Ordering::Relaxed);
        let upload = Arc::clone(&world.jobs.0.uploads.all().get(&token).unwrap().upload);
        upload.arriving.lock().await.take();
        upload.show(|progress| progress.state = UploadState::Failed { reason: "no disk".to_owned() });
    }
    world.begin(world.account().await).await;
    assert!(!world.jobs.0.uploads.all().contains_key(&first));
    assert_eq!(world.jobs.0.uploads.all().len(), MOST_ENDED + 1);
}
