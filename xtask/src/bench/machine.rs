//! What the figures were measured on.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command::run_quietly;

/// A sentence or two for the page of figures.
pub(crate) fn description(dir: &Path) -> String {
    let said = |program: &str, arguments: &[&str]| {
        let output = run_quietly(Command::new(program).args(arguments)).unwrap_or_default();
        output.lines().next().unwrap_or("unknown").trim().to_owned()
    };
    let processor = field("/proc/cpuinfo", "model name");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = field("/proc/meminfo", "MemTotal");
    let file_system = said("stat", &["-f", "-c", "%T", &dir.to_string_lossy()]);
    format!(
        "{}: {cores} × {processor}, {memory} of memory, Linux {}, {file_system}; {}, {}.",
        said("date", &["-u", "+%F"]),
        said("uname", &["-r"]),
        said("rustc", &["--version"]),
        said("qemu-img", &["--version"]),
    )
}

/// The first value of a `name : value` line.
fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_once(':'))
        .map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
}
