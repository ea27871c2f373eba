//! Downloads, measured beside reading a compressed qcow2.

use std::process::Command;

use anyhow::{Result, ensure};

use super::report::{Bar, Report, Row};
use super::sample::{Samples, ratio, shown, timed};
use super::setting::Setting;
use crate::command::run_quietly;

/// Both formats, to a client that discards what it gets.
pub(crate) fn raw_and_qcow2(setting: &mut Setting, report: &mut Report) -> Result<()> {
    let shared = setting.shared_volume()?;
    let image = setting.api.settled_template(&shared.backup)?;
    let links = [("raw", setting.api.export(&image, "raw")?), ("qcow2", setting.api.export(&image, "qcow2")?)];
    let compressed = setting.dir.join("compressed.qcow2");
    let mut compress = Command::new("qemu-img");
    compress.args(["convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "compression_type=zstd"]);
    run_quietly(compress.arg(&shared.path).arg(&compressed))?;
    let null = format!(
        "json:{{\"driver\":\"raw\",\"file\":{{\"driver\":\"null-co\",\"size\":{}}}}}",
        setting.scale.layout.size
    );

    let mut ours = [Samples::default(), Samples::default()];
    let mut conversions = Samples::default();
    for _ in 0..setting.scale.long_rounds {
        for ((format, link), times) in links.iter().zip(&mut ours) {
            // A connection of its own, as a download would have.
            let mut client = setting.api.again(setting.server.address)?;
            let (time, bytes) = timed(|| client.discard(link))?;
            ensure!(*format != "raw" || bytes == setting.scale.layout.size, "the raw image has {bytes} bytes");
            println!("{format}: {} MiB in {}", bytes >> 20, shown(time));
            times.push(time);
        }
        let mut convert = Command::new("qemu-img");
        convert.args(["convert", "-n", "-f", "qcow2", "-O", "raw"]).arg(&compressed).arg(&null);
        conversions.push(timed(|| run_quietly(&mut convert))?.0);
    }
    std::fs::remove_file(&compressed)?;
    for ((format, _), times) in links.iter().zip(&ours) {
        report.add(Row {
            measure: format!("download, {format}"),
            ours: shown(times.p50()),
            other: format!("qemu-img convert from compressed qcow2 {}", shown(conversions.p50())),
            ratio: ratio(conversions.p50(), times.p50()),
            bar: Bar::AtLeast(1.0),
        });
    }
    Ok(())
}
