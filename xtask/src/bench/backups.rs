//! Backups, measured beside the loops that do the same work.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::api::Mode;
use super::report::{Bar, Report, Row};
use super::sample::{Samples, ratio, shown, timed};
use super::setting::Setting;
use super::templates::size_text;
use super::{reference, volume};
use crate::command::{is_installed, run_quietly};

/// Full backups beside the loop, and beside borg and restic where they are installed.
pub(crate) fn full(setting: &mut Setting, report: &mut Report) -> Result<()> {
    let shared = setting.shared_volume()?;
    let blocks = setting.scale.layout.data_blocks();
    let out = setting.dir.join("reference");
    let (mut ours, mut loops) = (Samples::default(), Samples::default());
    reference::read_and_hash(&shared.path, &blocks)?;
    for _ in 0..setting.scale.long_rounds {
        settle()?;
        loops.push(timed(|| reference::full_backup(&shared.path, &blocks, &out))?.0);
        fs::remove_dir_all(&out)?;
        settle()?;
        let (time, (_, stored)) = timed(|| setting.api.back_up(&shared.uuid, Mode::Full))?;
        println!("full backup in {}, {} MiB stored", shown(time), stored >> 20);
        ours.push(time);
    }
    let name = format!(
        "full backup, {} with {} of data",
        size_text(setting.scale.layout.size),
        size_text(setting.scale.layout.data)
    );
    report.add(Row {
        measure: name.clone(),
        ours: shown(ours.p50()),
        other: format!("loop {}", shown(loops.p50())),
        ratio: ratio(loops.p50(), ours.p50()),
        bar: Bar::AtLeast(0.85),
    });
    for (peer, bar) in [(borg as Peer, "borg, lz4, 64 KiB"), (restic, "restic")] {
        settle()?;
        if let Some(time) = peer(&setting.dir, &shared.path)? {
            report.add(Row {
                measure: name.clone(),
                ours: shown(ours.p50()),
                other: format!("{bar} {}", shown(time)),
                ratio: ratio(time, ours.p50()),
                bar: Bar::AtLeast(1.0),
            });
        }
    }
    Ok(())
}

/// An incremental of a volume that nobody changed.
pub(crate) fn unchanged(setting: &mut Setting, report: &mut Report) -> Result<()> {
    beside_hashing(setting, report, "incremental, nothing changed")
}

/// The same after many incrementals that each changed a hundredth of the blocks.
pub(crate) fn after_scattered_incrementals(setting: &mut Setting, report: &mut Report) -> Result<()> {
    let shared = setting.shared_volume()?;
    let blocks = setting.scale.layout.data_blocks();
    for round in 0..u64::from(setting.scale.scattered) {
        volume::change(&shared.path, volume::scattered(&blocks, round + 1000), round + 1000)?;
        setting.api.back_up(&shared.uuid, Mode::Incremental)?;
    }
    let name = format!("incremental, nothing changed, after {} of 1 %", setting.scale.scattered);
    beside_hashing(setting, report, &name)
}

fn beside_hashing(setting: &mut Setting, report: &mut Report, name: &str) -> Result<()> {
    let shared = setting.shared_volume()?;
    let blocks = setting.scale.layout.data_blocks();
    let (mut ours, mut loops) = (Samples::default(), Samples::default());
    reference::read_and_hash(&shared.path, &blocks)?;
    for _ in 0..setting.scale.rounds {
        settle()?;
        loops.push(timed(|| reference::read_and_hash(&shared.path, &blocks))?.0);
        ours.push(timed(|| setting.api.back_up(&shared.uuid, Mode::Incremental))?.0);
    }
    report.add(Row {
        measure: name.to_owned(),
        ours: shown(ours.p50()),
        other: format!("read + BLAKE3 {}", shown(loops.p50())),
        ratio: ratio(loops.p50(), ours.p50()),
        bar: Bar::AtLeast(0.85),
    });
    Ok(())
}

/// Waits until what was written before is on the disk, so that nobody pays for another.
fn settle() -> Result<()> {
    run_quietly(&mut Command::new("sync")).map(|_| ())
}

/// Backs up a file in a new repository and removes it; `None` where the program is not installed.
type Peer = fn(&Path, &Path) -> Result<Option<std::time::Duration>>;

fn borg(dir: &Path, volume: &Path) -> Result<Option<std::time::Duration>> {
    if !is_installed("borg") {
        return Ok(None);
    }
    let (repository, home) = (dir.join("borg"), dir.join("borg-home"));
    let command = || {
        let mut command = Command::new("borg");
        command.env("BORG_BASE_DIR", &home).env("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes");
        command
    };
    run_quietly(command().args(["init", "-e", "none"]).arg(&repository))?;
    let archive = format!("{}::one", repository.display());
    let mut create = command();
    create.args(["create", "-C", "lz4", "--chunker-params", "fixed,65536", &archive]).arg(volume);
    let (time, _) = timed(|| run_quietly(&mut create))?;
    fs::remove_dir_all(&repository)?;
    fs::remove_dir_all(&home)?;
    Ok(Some(time))
}

fn restic(dir: &Path, volume: &Path) -> Result<Option<std::time::Duration>> {
    if !is_installed("restic") {
        return Ok(None);
    }
    let (repository, cache) = (dir.join("restic"), dir.join("restic-cache"));
    let command = || {
        let mut command = Command::new("restic");
        command.env("RESTIC_PASSWORD", "bench").env("RESTIC_CACHE_DIR", &cache).arg("-q").arg("-r").arg(&repository);
        command
    };
    run_quietly(command().arg("init"))?;
    let (time, _) = timed(|| run_quietly(command().arg("backup").arg(volume)))?;
    fs::remove_dir_all(&repository)?;
    fs::remove_dir_all(&cache)?;
    Ok(Some(time))
}
