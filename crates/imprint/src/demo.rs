//! `imprint demo`: the main job from end to end, told as it happens, on a disk of its own or a copy of the user's.
//!
//! The server is this very binary, started as a user would start it, on a free port and a temporary folder.

mod disk;

use crate::units::{bytes, duration};
use anyhow::{Context, Result, bail};
use clap::Args;
use imprint_api::{
    CreateDataVolume, CreateDataVolumeTemplateFromVolumeBackup, CreateVolumeBackup, DeleteVolumeBackup,
    ExportImageFromBackupStorage, ImageInventory, VolumeBackupInventory,
};
use imprint_client::Client;
use imprint_disk_format::SourceFormat;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// Back a disk up, change it, back it up again, make a template of each backup and compare every byte.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// A qcow2 or raw file of yours instead of a made one. It is only read: the demo works on a copy.
    #[arg(long)]
    disk: Option<PathBuf>,
    /// Where the temporary folder is made; it needs room for about twice the disk's data.
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// Blocks that the demo changes between its two backups.
const CHANGED_BLOCKS: u64 = 160;

/// A server of the demo's own, stopped when dropped.
struct DemoServer {
    child: Child,
    base: String,
    password: String,
}

impl DemoServer {
    fn start(data: &Path) -> Result<Self> {
        let binary = std::env::current_exe().context("find this binary")?;
        let password = "demo".to_owned();
        let mut child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--log-level", "warn", "--data"])
            .arg(data)
            .env("IMPRINT_ADMIN_PASSWORD", &password)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("start the server")?;
        let mut line = String::new();
        let stdout = child.stdout.as_mut().context("the server's output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let Some(base) = line.trim().strip_prefix("listening on ") else {
            bail!("the server did not start");
        };
        Ok(Self { base: base.to_owned(), child, password })
    }
}

impl Drop for DemoServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the demo; an error or a byte that differs ends it.
pub(crate) async fn run(args: DemoArgs) -> Result<()> {
    let parent = args.dir.clone().unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::Builder::new().prefix("imprint-demo-").tempdir_in(parent)?;
    let server = DemoServer::start(folder.path())?;
    say(&format!("The server runs at {} with its data in {}", server.base, folder.path().display()));
    let client = Client::log_in(&server.base, "admin", &server.password).await?;
    let storage = client.default_backup_storage().await?.uuid;
    let story = Story { client, storage, folder: folder.path().to_owned() };
    story.tell(args.disk.as_deref()).await
}

/// One backup, its template, and the disk as it was.
struct Chapter {
    backup: VolumeBackupInventory,
    image: ImageInventory,
    disk: PathBuf,
}

struct Story {
    client: Client,
    storage: String,
    folder: PathBuf,
}

impl Story {
    async fn tell(&self, original: Option<&Path>) -> Result<()> {
        let (file, format) = self.prepare(original)?;
        let name = file.file_name().context("the disk's file name")?.to_string_lossy().into_owned();
        let format_name = if format == SourceFormat::Qcow2 { "qcow2" } else { "raw" };
        let source = format!("volume::source::file:{name}?format={format_name}");
        let volume = self
            .client
            .call(&Client::operation::<CreateDataVolume>(json!({"name": name, "systemTags": [source]}))?)
            .await?
            .inventory;
        say(&format!("Registered it as volume {} ({})", volume.uuid, bytes(volume.size)));

        let first = self.chapter("first", &volume.uuid, &file).await?;
        let was_first = self.keep(&first)?;
        self.change(&file, format, &first).await?;
        let second = self.chapter("second", &volume.uuid, &file).await?;

        self.check("first", &first, &was_first).await?;
        self.check("second", &second, &second.disk).await?;
        say("Deleting the first backup; the second was taken on it, and the first template was made of it");
        let delete: DeleteVolumeBackup = Client::operation(json!({"uuid": first.backup.uuid}))?;
        self.client.call(&delete).await?;
        self.check("first", &first, &was_first).await?;
        self.check("second", &second, &second.disk).await?;
        say("Done: both templates hold every byte of the disk as it was when its backup was taken.");
        Ok(())
    }

    /// Puts the disk where the default primary storage finds it.
    fn prepare(&self, original: Option<&Path>) -> Result<(PathBuf, SourceFormat)> {
        let volumes = self.folder.join("volumes");
        let Some(original) = original else {
            let file = volumes.join("disk.raw");
            disk::make(&file)?;
            say(&format!("Made a disk of {}, mostly holes", bytes(file.metadata()?.len())));
            return Ok((file, SourceFormat::Raw));
        };
        let format = disk::format_of(original);
        let file = volumes.join(if format == SourceFormat::Qcow2 { "disk.qcow2" } else { "disk.raw" });
        disk::copy(original, &file)?;
        say(&format!("Copied {}, which is only read", original.display()));
        Ok((file, format))
    }

    /// Takes a backup and makes a template of it.
    async fn chapter(&self, which: &str, volume: &str, file: &Path) -> Result<Chapter> {
        let spinner = spinner(&format!("taking the {which} backup"));
        let started = Instant::now();
        let call: CreateVolumeBackup = Client::operation(json!({
            "volumeUuid": volume, "backupStorageUuid": self.storage, "name": format!("{which} backup"),
        }))?;
        let backup = self.client.call(&call).await?.inventory;
        spinner.finish_and_clear();
        let facts: serde_json::Value = serde_json::from_str(backup.metadata.as_deref().unwrap_or("{}"))?;
        let count = |key: &str| bytes(facts[key].as_u64().unwrap_or(0));
        say(&format!(
            "The {which} backup ({}) took {}: read {}, stored {}",
            backup.mode,
            duration(started.elapsed()),
            count("bytesRead"),
            count("bytesStored"),
        ));
        let call: CreateDataVolumeTemplateFromVolumeBackup = Client::operation(json!({
            "backupUuid": backup.uuid, "backupStorageUuid": self.storage, "name": format!("{which} template"),
        }))?;
        say(&format!(
            "\nA template of the {which} backup, the operation of record:\n\n  {}\n",
            self.client.curl(&call)?
        ));
        let started = Instant::now();
        let image = self.client.call(&call).await?.inventory;
        say(&indented(&serde_json::to_string_pretty(&image)?));
        say(&format!("\nReady after {}, whatever the disk's size\n", duration(started.elapsed())));
        Ok(Chapter { backup, image, disk: file.to_owned() })
    }

    /// Keeps the disk as the first backup saw it, to compare with later.
    fn keep(&self, chapter: &Chapter) -> Result<PathBuf> {
        let extension = chapter.disk.extension().unwrap_or_default().to_string_lossy().into_owned();
        let kept = self.folder.join(format!("disk-then.{extension}"));
        disk::copy(&chapter.disk, &kept)?;
        Ok(kept)
    }

    /// Overwrites some blocks of the copy. A qcow2 is first replaced by the downloaded template, whose data clusters are
    /// known to be the last of its file.
    async fn change(&self, file: &Path, format: SourceFormat, first: &Chapter) -> Result<()> {
        let from = match format {
            SourceFormat::Raw => 0,
            SourceFormat::Qcow2 => {
                let fresh = self.folder.join("fresh.qcow2");
                self.download(first, &fresh).await?;
                std::fs::rename(&fresh, file)?;
                file.metadata()?.len() - first.image.actual_size
            }
        };
        disk::scribble(file, from, CHANGED_BLOCKS)?;
        say(&format!("Changed {CHANGED_BLOCKS} blocks of 64 KiB at most, scattered over the disk"));
        Ok(())
    }

    /// Downloads a template and compares every byte with the disk as it was.
    async fn check(&self, which: &str, chapter: &Chapter, disk_then: &Path) -> Result<()> {
        let file = self.folder.join("downloaded.qcow2");
        let started = Instant::now();
        let downloaded = self.download(chapter, &file).await?;
        let took = started.elapsed();
        let same = disk::compare(&*disk::open(disk_then)?, &*disk::open(&file)?)?;
        std::fs::remove_file(&file)?;
        say(&format!(
            "Downloaded the {which} template ({} of qcow2 in {}): all {same} bytes are as they were",
            bytes(downloaded),
            duration(took),
        ));
        Ok(())
    }

    async fn download(&self, chapter: &Chapter, to: &Path) -> Result<u64> {
        let call: ExportImageFromBackupStorage = Client::operation(json!({
            "backupStorageUuid": self.storage, "imageUuid": chapter.image.uuid,
        }))?;
        let export = self.client.call(&call).await?;
        let mut response = self.client.download(&export.image_url).await?;
        let bar = ProgressBar::new(response.content_length().unwrap_or(0));
        bar.set_style(ProgressStyle::with_template("  {bar:40} {bytes}/{total_bytes} {bytes_per_sec}")?);
        let mut file = std::fs::File::create(to)?;
        let mut total = 0;
        while let Some(piece) = response.chunk().await? {
            file.write_all(&piece)?;
            total += piece.len() as u64;
            bar.set_position(total);
        }
        bar.finish_and_clear();
        Ok(total)
    }
}

fn spinner(what: &str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(what.to_owned());
    spinner.enable_steady_tick(std::time::Duration::from_millis(100));
    spinner
}

fn indented(text: &str) -> String {
    format!("  {}", text.replace('\n', "\n  "))
}

#[expect(clippy::print_stdout, reason = "the demo talks to a person")]
fn say(text: &str) {
    println!("{text}");
}
