//! `cargo xtask bench`: each figure beside what one would use instead, in one run, on one disk.
//!
//! The bench drives the released binary over HTTP, as a client would. A measure takes its rounds in turn with its
//! counterpart's, so that a disk that is slow for a while is slow for both; figures are medians.

mod api;
mod backups;
mod downloads;
mod http;
mod machine;
mod pages;
mod queries;
mod reference;
mod report;
mod sample;
mod server;
mod setting;
mod templates;
mod volume;

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::command::{cargo, root, run};
use crate::needs::{Need, install_missing};
use report::Report;
use setting::{Scale, Setting};

/// A measure's name, what it does, and its code.
type Measure = (&'static str, fn(&mut Setting, &mut Report) -> Result<()>);

/// In the order in which they run: those that want a quiet, small store come first, memory last.
const MEASURES: &[Measure] = &[
    ("template", templates::against_fsync),
    ("group-commit", templates::many_clients),
    ("size", templates::sizes),
    ("incrementals", templates::after_incrementals),
    ("convert", templates::against_convert),
    ("queries", queries::among_many),
    ("mixed", queries::mixed),
    ("backup", backups::full),
    ("unchanged", backups::unchanged),
    ("download", downloads::raw_and_qcow2),
    ("scattered", backups::after_scattered_incrementals),
    ("memory", server::memory),
];

/// What the command line asked for.
struct Arguments {
    quick: bool,
    dir: PathBuf,
    measures: Vec<&'static Measure>,
}

pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    let parsed = parse(arguments)?;
    if cfg!(debug_assertions) {
        // The loops that we are compared with must be compiled as we are.
        return run(cargo(&["run", "--quiet", "--release", "--package", "xtask", "--", "bench"]).args(arguments));
    }
    install_missing(&[Need::QemuUtils])?;
    let wants_peers = parsed.measures.iter().any(|(name, _)| *name == "backup");
    if wants_peers && let Err(error) = install_missing(&[Need::BackupPeers]) {
        println!("{error:#}; figures beside borg and restic are left out");
    }
    run(&mut cargo(&["build", "--release", "--package", "imprint"]))?;
    let scale = if parsed.quick { Scale::quick() } else { Scale::full() };
    let mut report = Report::default();
    let mut setting = Setting::prepare(&parsed.dir, scale)?;
    for (name, measure) in &parsed.measures {
        println!("\n# {name}");
        measure(&mut setting, &mut report).with_context(|| format!("measure {name}"))?;
        println!("server's VmHWM so far: {} MiB", setting.server.peak_memory_kib()? / 1024);
    }
    // While there is something in the folder whose file system could be asked for.
    let machine = machine::description(&parsed.dir);
    setting.clean_up()?;
    println!("\n{}", report.table());
    if !parsed.quick && parsed.measures.len() == MEASURES.len() {
        let page = root().join("docs/benchmarks.md");
        std::fs::write(&page, report.page(&machine)).with_context(|| format!("write {}", page.display()))?;
    }
    Ok(())
}

fn parse(arguments: &[String]) -> Result<Arguments> {
    let mut parsed = Arguments { quick: false, dir: root().join("target/bench"), measures: Vec::new() };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--quick" => parsed.quick = true,
            "--dir" => parsed.dir = rest.next().context("--dir DIR")?.into(),
            name => {
                let names = || MEASURES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
                let measure = MEASURES.iter().find(|(known, _)| *known == name);
                parsed.measures.push(measure.with_context(|| format!("no measure {name}; there are {}", names()))?);
            }
        }
    }
    if parsed.measures.is_empty() {
        parsed.measures = MEASURES.iter().collect();
    }
    Ok(parsed)
}
