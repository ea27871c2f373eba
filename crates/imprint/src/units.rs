//! Sizes and times as people read them.

use std::time::Duration;

/// `1.5 GiB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let exponent = usize::try_from(count.ilog2() / 10).unwrap_or(1).min(UNITS.len());
    let unit = UNITS.get(exponent - 1).copied().unwrap_or("PiB");
    #[expect(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
    let value = count as f64 / (1u64 << (10 * exponent)) as f64;
    format!("{value:.1} {unit}")
}

/// `12.3 ms`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 1.0 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.1} s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_rounded_for_people() {
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(1 << 20), "1.0 MiB");
        assert_eq!(bytes(3 << 29), "1.5 GiB");
        assert_eq!(duration(Duration::from_micros(1234)), "1.2 ms");
        assert_eq!(duration(Duration::from_millis(2500)), "2.5 s");
    }
}
