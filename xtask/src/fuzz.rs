//! `cargo xtask fuzz`: each decoder of outside bytes against libFuzzer, for a bounded time.
//!
//! The instrumentation that libFuzzer needs is all in stable Rust's `-C` flags, so neither cargo-fuzz nor a nightly
//! compiler is needed. AddressSanitizer, which is nightly's, is left out: the decoders are safe Rust and fail by panic.
//! `fuzz/` keeps cargo-fuzz's layout, so that it works there too.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::command::{cargo, root, run};

/// Edge counters, a table of program counters, and compared values, as cargo-fuzz asks for them; overflow is a panic.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks";

/// Where the fuzzers are built: cargo-fuzz's default, so that both share it.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

pub(crate) fn fuzz(arguments: &[String]) -> Result<()> {
    let (seconds, named) = match arguments.split_first() {
        Some((first, rest)) if first.parse::<u64>().is_ok() => (first.as_str(), rest),
        _ => ("60", arguments),
    };
    let fuzz = root().join("fuzz");
    let targets = if named.is_empty() { all_targets(&fuzz.join("fuzz_targets"))? } else { named.to_vec() };
    if targets.is_empty() {
        bail!("no fuzz target in {}", fuzz.join("fuzz_targets").display());
    }
    let mut build = cargo(&["build", "--release", "--target", TRIPLE]);
    // A flag for every crate, so a target directory of its own: the workspace's stays as it is.
    build.current_dir(&fuzz).env("RUSTFLAGS", FLAGS).env_remove("CARGO_TARGET_DIR");
    for target in &targets {
        build.args(["--bin", target]);
    }
    run(&mut build)?;
    for target in &targets {
        fuzz_one(&fuzz, target, seconds)?;
    }
    Ok(())
}

/// Runs one target; what makes it fail is left in `fuzz/artifacts`.
fn fuzz_one(fuzz: &Path, target: &str, seconds: &str) -> Result<()> {
    let (corpus, artifacts) = (fuzz.join("corpus").join(target), fuzz.join("artifacts").join(target));
    for folder in [&corpus, &artifacts] {
        std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    }
    let mut command = Command::new(fuzz.join("target").join(TRIPLE).join("release").join(target));
    command.current_dir(fuzz).arg(&corpus).arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.args([&format!("-max_total_time={seconds}"), "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]);
    let seeds = fuzz.join("seeds").join(target);
    if seeds.is_dir() {
        command.arg(seeds);
    }
    run(&mut command).with_context(|| format!("fuzz target {target}: see {}", artifacts.display()))
}

/// The names of all targets: one file each.
fn all_targets(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let path = entry?.path();
        if let (Some(stem), Some("rs")) = (path.file_stem(), path.extension().and_then(|ending| ending.to_str())) {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
