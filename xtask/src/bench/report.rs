//! The table of figures.

use std::fmt::Write as _;

/// What a figure is held against.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bar {
    /// The ratio is at most this.
    AtMost(f64),
    /// The ratio is at least this.
    AtLeast(f64),
    /// The ratio is as near to 1.
    Within(f64),
}

/// One figure.
#[derive(Debug)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) measure: String,
    /// Our side of it.
    pub(crate) ours: String,
    /// What it is compared with.
    pub(crate) other: String,
    /// The one over the other.
    pub(crate) ratio: f64,
    /// What it should be.
    pub(crate) bar: Bar,
}

/// All figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// Adds a figure and prints it, so that a long run shows where it is.
    pub(crate) fn add(&mut self, row: Row) {
        println!("{}", row.line());
        self.rows.push(row);
    }

    /// The figures as a Markdown table.
    pub(crate) fn table(&self) -> String {
        let mut table = "| measure | ours | beside it | ratio | bar | |\n|---|---|---|---|---|---|\n".to_owned();
        for row in &self.rows {
            let _ = writeln!(table, "{}", row.line());
        }
        table
    }

    /// The page `docs/benchmarks.md`.
    pub(crate) fn page(&self, machine: &str) -> String {
        let missed = self.rows.iter().filter(|row| row.verdict() == "MISS").count();
        format!(
            "# Benchmarks\n\
            Written by `cargo xtask bench`, which measures all of it in one run: each figure beside what one would use\n\
            instead, in alternating rounds, on the same disk. Figures are medians. What counts is the ratio; times are\n\
            those of this machine on that day. `cargo xtask bench --quick` does the same in small.\n\n\
            {machine}\n\n{}\n{missed} of {} figures miss their bar.\n\n{}",
            self.table(),
            self.rows.len(),
            NOTES
        )
    }
}

/// What stands below the table.
const NOTES: &str = "\
## What is compared
- **Template**: `CreateDataVolumeTemplateFromVolumeBackup` over one kept-alive HTTP connection, from the request's first
  byte to the answer's last, in turn with `pwrite` + `fsync` of a preallocated 4 KiB file on the same disk.
- **Volume**: raw, sparse, 10 GiB with 4 GiB of data in runs of 64 KiB to 4 MiB; half of the blocks random, half
  compressible. All readers find it in the page cache.
- **Full backup**: beside a loop in this bench that reads the data with as many threads as cores, leaves out zero blocks,
  takes BLAKE3 and zstd level 1 of each block, and writes and fsyncs the result in files of 64 MiB.
- **Nothing changed**: beside a loop that reads and takes BLAKE3 only.
- **Download**: the whole image over HTTP to a client that discards it, beside `qemu-img convert` of the same content
  from a zstd-compressed qcow2 into `null-co`.
- **Queries**: one image by its id, its name or a user tag among 100,000, over one kept-alive connection, on SQLite and on a
  PostgreSQL on the same machine, beside the 5 ms that such a query may take.
- **Pages**: pages of the console over the same images, in one session, beside the 200 ms that a page may take.
- **Mixed**: 64 connections, each a query and a template in turn for a minute; what 99 of 100 take beside the middle one.
- **Memory**: the server's VmHWM after all of it.

## Why a raw download is slower than `qemu-img convert` into `null-co`
A raw download carries the volume's zeros, six of its ten GiB, through a socket; `qemu-img` tells `null-co` of them in one
call. A bare loop that sends 6 GiB of zeros over the loopback to a client that discards them took 0.85 s on this machine, both
cores busy; the server takes 1.05 s for a volume that is all zeros. The 4 GiB of data take it as long as a qcow2 download,
which is faster than `qemu-img`. The sum is the raw download's time: no reading or decoding that could still be saved makes
up for what the zeros cost. Whoever wants an image fast asks for qcow2.

Tried, and kept: looking ahead by stored bytes instead of file bytes (4.2 s to 3.6 s, with reading on the thread that decodes
and calls of 1 MiB). Tried, and dropped: `sendfile` of zeros (four times slower than sending them), pieces of 4 MiB, a longer
look-ahead (no change), reading data by 256 KiB (no change).
";

impl Row {
    fn line(&self) -> String {
        let Self { measure, ours, other, ratio, .. } = self;
        format!("| {measure} | {ours} | {other} | {} | {} | {} |", number(*ratio), self.bar_text(), self.verdict())
    }

    fn bar_text(&self) -> String {
        match self.bar {
            Bar::AtMost(limit) => format!("at most {}", number(limit)),
            Bar::AtLeast(limit) => format!("at least {}", number(limit)),
            Bar::Within(share) => format!("1 ± {share:.2}"),
        }
    }

    fn verdict(&self) -> &'static str {
        let passes = match self.bar {
            Bar::AtMost(limit) => self.ratio <= limit,
            Bar::AtLeast(limit) => self.ratio >= limit,
            Bar::Within(share) => (self.ratio - 1.0).abs() <= share,
        };
        if passes { "PASS" } else { "MISS" }
    }
}

fn number(number: f64) -> String {
    if number >= 100.0 { format!("{number:.0}") } else { format!("{number:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whether_it_passes() {
        let row = |ratio, bar| Row { measure: "m".to_owned(), ours: "a".to_owned(), other: "b".to_owned(), ratio, bar };
        assert_eq!(row(5.0, Bar::AtMost(5.0)).line(), "| m | a | b | 5.00 | at most 5.00 | PASS |");
        assert_eq!(row(0.84, Bar::AtLeast(0.85)).verdict(), "MISS");
        assert_eq!(row(0.91, Bar::Within(0.1)).verdict(), "PASS");
        assert_eq!(row(f64::NAN, Bar::AtMost(1.0)).verdict(), "MISS");
    }
}
