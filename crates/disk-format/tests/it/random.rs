//! Reproducible numbers and scripts.

/// A xorshift generator: the same numbers for the same seed.
pub(crate) struct Random(u64);

impl Random {
    /// Starts from a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    /// A part, often but not always of whole units, of a disk of `size` bytes: offset and length, in whole sectors.
    pub(crate) fn part(&mut self, size: u64, unit: u64) -> (u64, u64) {
        let grain = if self.below(3) == 0 { 512 } else { unit };
        let offset = self.below(size.div_ceil(grain)) * grain;
        let len = (1 + self.below(4)) * grain;
        (offset, len.min(size - offset))
    }

    /// `count` qemu-io commands that write clusters of a disk compressed, then write, zero and discard parts of it, and
    /// some more so that in the end there are clusters of each kind.
    pub(crate) fn script(&mut self, count: usize, size: u64, cluster: u64) -> Vec<String> {
        let command = |random: &mut Self, number: usize| {
            let (offset, len) = random.part(size, cluster);
            let pattern = 1 + random.below(255);
            if number < count / 4 {
                // QEMU compresses only into clusters that are not allocated yet.
                let start = random.below(size / cluster) * cluster;
                return format!("write -c -P {pattern} {start} {cluster}");
            }
            match random.below(6) {
                0 => format!("write -z {offset} {len}"),
                1 => format!("write -z -u {offset} {len}"),
                2 => format!("discard {offset} {len}"),
                _ => format!("write -P {pattern} {offset} {len}"),
            }
        };
        let mut script: Vec<_> = (0..count).map(|number| command(self, number)).collect();
        if size > 8 * cluster {
            let at = self.below(size / cluster - 4) * cluster;
            script.push(format!("discard {at} {}", 4 * cluster));
            script.push(format!("write -c -P 77 {at} {cluster}"));
            script.push(format!("write -z {} {cluster}", at + cluster));
            script.push(format!("write -P 78 {} {cluster}", at + 2 * cluster));
        }
        script
    }
}
