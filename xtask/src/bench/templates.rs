//! The operation of record, measured.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};

use super::api::Mode;
use super::report::{Bar, Report, Row};
use super::sample::{Samples, median, ratio, shown, timed};
use super::setting::Setting;
use super::volume::{self, Layout};
use crate::command::run_quietly;

/// Clients whose transactions should share commits.
const CLIENTS: u32 = 32;
/// Calls before a measure, so that caches and the metadata's files are warm.
const WARM_UP: u32 = 100;

/// One client, in turn with a bare fsync.
pub(crate) fn against_fsync(setting: &mut Setting, report: &mut Report) -> Result<()> {
    let backup = small_backup(setting, "small.raw", 1)?;
    setting.api.settled_template(&backup)?;
    let request = setting.api.template_request(&backup);
    let file = preallocated(setting)?;
    let (mut templates, mut fsyncs) = (Samples::default(), Samples::default());
    for call in 0..WARM_UP + setting.scale.calls {
        let template = setting.api.make_template(&request)?;
        let (fsync, ()) = timed(|| write_and_sync(&file, call))?;
        if call >= WARM_UP {
            templates.push(template);
            fsyncs.push(fsync);
        }
    }
    let mut add = |name: &str, ours: Duration, other: Duration, limit| {
        report.add(Row {
            measure: format!("template, 1 client, {name}"),
            ours: shown(ours),
            other: format!("pwrite + fsync {}", shown(other)),
            ratio: ratio(ours, other),
            bar: Bar::AtMost(limit),
        });
    };
    add("p50", templates.p50(), fsyncs.p50(), 5.0);
    add("p99", templates.p99(), fsyncs.p99(), 8.0);
    Ok(())
}

/// Many clients at once, in turn with one.
pub(crate) fn many_clients(setting: &mut Setting, report: &mut Report) -> Result<()> {
    let backup = small_backup(setting, "shared-by-many.raw", 3)?;
    setting.api.settled_template(&backup)?;
    let (mut one, mut many) = (Vec::new(), Vec::new());
    for _ in 0..setting.scale.rounds {
        one.push(rate(setting, &backup, 1)?);
        many.push(rate(setting, &backup, CLIENTS)?);
    }
    let (one, many) = (median(&one), median(&many));
    report.add(Row {
        measure: format!("templates a second, {CLIENTS} clients"),
        ours: format!("{many:.0}"),
        other: format!("1 client {one:.0}"),
        ratio: many / one,
        bar: Bar::AtLeast(3.0),
    });
    Ok(())
}

/// A large sparse volume beside a small one.
pub(crate) fn sizes(setting: &mut Setting, report: &mut Report) -> Result<()> {
    let large = sparse_backup(setting, "large.qcow2", setting.scale.sparse)?;
    let small = sparse_backup(setting, "small.qcow2", "1G")?;
    let name = format!("template, {} sparse qcow2, p50", setting.scale.sparse);
    compare(setting, report, (&name, &large), ("1 GiB", &small))
}

/// The newest of many incrementals beside the first.
pub(crate) fn after_incrementals(setting: &mut Setting, report: &mut Report) -> Result<()> {
    let layout = small_layout(2);
    let path = setting.volumes().join("many.raw");
    volume::write(&path, layout)?;
    let blocks = layout.data_blocks();
    let uuid = setting.api.create_volume("many.raw", "raw")?;
    setting.api.back_up(&uuid, Mode::Full)?;
    let mut backups = Vec::new();
    for (round, block) in (0..setting.scale.incrementals).zip(blocks.iter().cycle()) {
        volume::change(&path, [*block], u64::from(round) + 100)?;
        backups.push(setting.api.back_up(&uuid, Mode::Incremental)?.0);
    }
    let (first, last) = (backups.first().context("no incremental")?, backups.last().context("no incremental")?);
    let name = format!("template after {} incrementals, p50", setting.scale.incrementals);
    compare(setting, report, (&name, last), ("after 1", first))
}

/// Beside flattening the volume, as one would without a store.
pub(crate) fn against_convert(setting: &mut Setting, report: &mut Report) -> Result<()> {
    let shared = setting.shared_volume()?;
    setting.api.settled_template(&shared.backup)?;
    let request = setting.api.template_request(&shared.backup);
    let out = setting.dir.join("flat.qcow2");
    let (mut templates, mut conversions) = (Samples::default(), Samples::default());
    for _ in 0..setting.scale.long_rounds {
        for _ in 0..setting.scale.round_calls {
            templates.push(setting.api.make_template(&request)?);
        }
        let mut convert = Command::new("qemu-img");
        convert.args(["convert", "-f", "raw", "-O", "qcow2"]).arg(&shared.path).arg(&out);
        conversions.push(timed(|| run_quietly(&mut convert))?.0);
        std::fs::remove_file(&out)?;
    }
    report.add(Row {
        measure: format!("template of the {} volume, p50", size_text(setting.scale.layout.size)),
        ours: shown(templates.p50()),
        other: format!("qemu-img convert {}", shown(conversions.p50())),
        ratio: ratio(conversions.p50(), templates.p50()),
        bar: Bar::AtLeast(1000.0),
    });
    Ok(())
}

/// Alternating rounds of two backups, and of the second against itself: what that differs by is noise.
fn compare(setting: &mut Setting, report: &mut Report, ours: (&str, &str), other: (&str, &str)) -> Result<()> {
    for backup in [ours.1, other.1] {
        setting.api.settled_template(backup)?;
    }
    let requests = [other.1, ours.1, other.1].map(|backup| setting.api.template_request(backup));
    let mut all = [Samples::default(), Samples::default(), Samples::default()];
    for round in 0..=setting.scale.rounds {
        for (request, samples) in requests.iter().zip(&mut all) {
            let mut times = Samples::default();
            for _ in 0..setting.scale.round_calls {
                times.push(setting.api.make_template(request)?);
            }
            if round > 0 {
                samples.extend(&times);
            }
        }
    }
    let [before, measured, after] = all;
    let noise = (ratio(before.p50(), after.p50()) - 1.0).abs();
    let mut both = before;
    both.extend(&after);
    report.add(Row {
        measure: ours.0.to_owned(),
        ours: shown(measured.p50()),
        other: format!("{} {}, differs from itself by {:.1} %", other.0, shown(both.p50()), noise * 100.0),
        ratio: ratio(measured.p50(), both.p50()),
        bar: Bar::Within(noise.max(0.1)),
    });
    Ok(())
}

/// Templates a second of so many clients.
fn rate(setting: &Setting, backup: &str, clients: u32) -> Result<f64> {
    let (stop, made) = (AtomicBool::new(false), AtomicU64::new(0));
    let begin = std::time::Instant::now();
    thread::scope(|scope| {
        let client = || -> Result<()> {
            let mut api = setting.api.again(setting.server.address)?;
            let request = api.template_request(backup);
            while !stop.load(Ordering::Relaxed) {
                api.make_template(&request)?;
                made.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        };
        let threads: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        thread::sleep(Duration::from_secs(setting.scale.rate_seconds));
        stop.store(true, Ordering::Relaxed);
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow!("a client panicked"))?)
    })?;
    let made = u32::try_from(made.into_inner()).context("too many templates to count")?;
    Ok(f64::from(made) / begin.elapsed().as_secs_f64())
}

fn small_layout(seed: u64) -> Layout {
    Layout { size: 1 << 30, data: 16 << 20, seed }
}

/// A full backup of a small raw volume.
fn small_backup(setting: &mut Setting, file: &str, seed: u64) -> Result<String> {
    let path = setting.volumes().join(file);
    volume::write(&path, small_layout(seed))?;
    let uuid = setting.api.create_volume(file, "raw")?;
    Ok(setting.api.back_up(&uuid, Mode::Full)?.0)
}

/// A full backup of a sparse qcow2 with a little data in a hundred places.
fn sparse_backup(setting: &mut Setting, file: &str, size: &str) -> Result<String> {
    let path = setting.volumes().join(file);
    run_quietly(Command::new("qemu-img").args(["create", "-q", "-f", "qcow2"]).arg(&path).arg(size))?;
    let mut write = Command::new("qemu-io");
    write.args(["-f", "qcow2"]);
    for place in 0..100 {
        write.args(["-c", &format!("write -q -P {} {}M 64k", place + 1, place * 10)]);
    }
    run_quietly(write.arg(&path))?;
    let uuid = setting.api.create_volume(file, "qcow2")?;
    Ok(setting.api.back_up(&uuid, Mode::Full)?.0)
}

/// A file of 4 KiB, written and durable, on the disk of the server's metadata.
fn preallocated(setting: &Setting) -> Result<File> {
    let path = setting.dir.join("fsync");
    let file = File::create(&path).with_context(|| format!("make {}", path.display()))?;
    write_and_sync(&file, 0)?;
    Ok(file)
}

fn write_and_sync(file: &File, number: u32) -> Result<()> {
    let [byte, ..] = number.to_le_bytes();
    file.write_all_at(&[byte; 4096], 0)?;
    Ok(file.sync_all()?)
}

/// A size in words.
pub(crate) fn size_text(bytes: u64) -> String {
    if bytes >= 1 << 30 { format!("{} GiB", bytes >> 30) } else { format!("{} MiB", bytes >> 20) }
}
