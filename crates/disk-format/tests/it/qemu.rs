//! QEMU's tools, each run to its end.

use std::path::Path;
use std::process::Command;
use std::process::Output;

/// Runs a tool and returns what it says, whether it succeeds or not.
pub(crate) fn try_run(program: &str, args: &[&str]) -> Output {
    let run = Command::new(program).args(args).output();
    run.unwrap_or_else(|error| panic!("this test needs {program}, from the package qemu-utils: {error}"))
}

/// Runs a tool that must succeed and returns its standard output.
pub(crate) fn run(program: &str, args: &[&str]) -> String {
    let output = try_run(program, args);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {args:?}: {out}{err}");
    out.into_owned()
}

/// A path as an argument.
pub(crate) fn arg(path: &Path) -> &str {
    path.to_str().expect("temporary paths are plain text")
}

/// Makes a qcow2 image.
pub(crate) fn create(path: &Path, options: &str, size: u64) {
    let size = size.to_string();
    let mut args = vec!["create", "-q", "-f", "qcow2"];
    if !options.is_empty() {
        args.extend(["-o", options]);
    }
    args.extend([arg(path), &size]);
    run("qemu-img", &args);
}

/// Runs qemu-io commands on a qcow2 image; writes that the image's features do not allow may fail.
pub(crate) fn io(path: &Path, commands: &[String]) {
    let mut args = vec!["-f", "qcow2"];
    for command in commands {
        args.extend(["-c", command]);
    }
    args.push(arg(path));
    try_run("qemu-io", &args);
}

/// The disk of an image, byte for byte.
pub(crate) fn content(path: &Path) -> Vec<u8> {
    let raw = path.with_extension("content");
    run("qemu-img", &["convert", "-f", "qcow2", "-O", "raw", arg(path), arg(&raw)]);
    let bytes = std::fs::read(&raw).unwrap();
    std::fs::remove_file(&raw).unwrap();
    bytes
}
