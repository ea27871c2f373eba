//! Disks of volumes, made with QEMU's tools.

use std::path::Path;
use std::process::Command;

/// Bytes that do not compress and differ by `seed`.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Makes a qcow2 file of that size with these bytes at its begin.
pub fn make_qcow2(path: &Path, begin: &[u8], size: u64) {
    let raw = path.with_extension("part");
    std::fs::write(&raw, begin).expect("a raw file");
    run("qemu-img", &["convert", "-f", "raw", "-O", "qcow2", &text(&raw), &text(path)]);
    run("qemu-img", &["resize", "-q", "-f", "qcow2", &text(path), &size.to_string()]);
    std::fs::remove_file(raw).expect("the raw file goes");
}

/// Overwrites a part of a qcow2 disk with one byte again and again.
pub fn overwrite(path: &Path, at: u64, len: u64, byte: u8) {
    run("qemu-io", &["-f", "qcow2", "-c", &format!("write -q -P {byte} {at} {len}"), &text(path)]);
}

/// The disk in a qcow2 file.
pub fn content(path: &Path) -> Vec<u8> {
    let raw = path.with_extension("content");
    run("qemu-img", &["convert", "-f", "qcow2", "-O", "raw", &text(path), &text(&raw)]);
    let bytes = std::fs::read(&raw).expect("a raw file");
    std::fs::remove_file(raw).expect("the raw file goes");
    bytes
}

fn text(path: &Path) -> String {
    path.to_str().expect("temporary folders have plain names").to_owned()
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}: `cargo xtask test` installs it"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
