//! How an image divides a guest offset.

/// Cluster size and form of the L2 tables. Every shift below is of a number of bits that the constructor has checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    cluster_bits: u32,
    entry: EntryForm,
}

/// The form of an L2 entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryForm {
    /// One word, no zero flag: version 2.
    Plain,
    /// One word with a zero flag: version 3.
    ZeroFlag,
    /// Two words, the second one a bitmap of 32 subclusters: version 3 with extended L2.
    Extended,
}

impl Geometry {
    /// Largest part of an L2 table that is read at once.
    const MAX_SLICE: u64 = 64 << 10;

    /// `None` unless clusters, and the subclusters of extended entries, have a size that the format allows.
    pub(crate) fn new(cluster_bits: u32, entry: EntryForm) -> Option<Self> {
        let smallest = if entry == EntryForm::Extended { 14 } else { 9 };
        (smallest..=21).contains(&cluster_bits).then_some(Self { cluster_bits, entry })
    }

    /// The form of an L2 entry.
    pub(crate) fn entry_form(self) -> EntryForm {
        self.entry
    }

    /// log2 of the cluster size: 9 to 21.
    pub(crate) fn cluster_bits(self) -> u32 {
        self.cluster_bits
    }

    /// Bytes of a cluster.
    pub(crate) fn cluster_size(self) -> u64 {
        1 << self.cluster_bits
    }

    /// Offset inside its cluster of what lies at `offset`.
    pub(crate) fn in_cluster(self, offset: u64) -> u64 {
        offset & (self.cluster_size() - 1)
    }

    /// log2 of the unit that is allocated on its own.
    fn unit_bits(self) -> u32 {
        if self.entry == EntryForm::Extended { self.cluster_bits - 5 } else { self.cluster_bits }
    }

    /// End of the unit that `offset` lies in.
    pub(crate) fn unit_end(self, offset: u64) -> u64 {
        (offset >> self.unit_bits()).saturating_add(1) << self.unit_bits()
    }

    /// End of the cluster that `offset` lies in.
    pub(crate) fn cluster_end(self, offset: u64) -> u64 {
        (offset >> self.cluster_bits).saturating_add(1) << self.cluster_bits
    }

    /// Which subcluster of its cluster `offset` lies in; 0 where there are none.
    pub(crate) fn subcluster(self, offset: u64) -> u32 {
        u32::try_from(self.in_cluster(offset) >> self.unit_bits()).unwrap_or(0)
    }

    /// log2 of the entries of an L2 table.
    fn l2_bits(self) -> u32 {
        if self.entry == EntryForm::Extended { self.cluster_bits - 4 } else { self.cluster_bits - 3 }
    }

    /// log2 of the bytes that one L2 table maps: 15 to 39.
    pub(crate) fn table_span_bits(self) -> u32 {
        self.cluster_bits + self.l2_bits()
    }

    /// Number of L1 entries that a disk of `size` bytes needs.
    pub(crate) fn l1_entries(self, size: u64) -> u64 {
        size.div_ceil(1 << self.table_span_bits())
    }

    /// Words of an L2 entry.
    pub(crate) fn entry_words(self) -> u64 {
        if self.entry == EntryForm::Extended { 2 } else { 1 }
    }

    /// Bytes of an L2 table that are read and cached as one.
    pub(crate) fn slice_size(self) -> u64 {
        self.cluster_size().min(Self::MAX_SLICE)
    }

    /// Offset in its L2 table of the slice that maps `offset`.
    pub(crate) fn slice_offset(self, offset: u64) -> u64 {
        let entry = (offset >> self.cluster_bits) & ((1 << self.l2_bits()) - 1);
        let at = entry * self.entry_words() * 8;
        at - at % self.slice_size()
    }

    /// First word, in the slice that maps `offset`, of the entry for `offset`.
    pub(crate) fn word_in_slice(self, offset: u64) -> u64 {
        let entries = self.slice_size() / 8 / self.entry_words();
        (offset >> self.cluster_bits) % entries * self.entry_words()
    }

    /// End of what the slice that maps `offset` maps.
    pub(crate) fn slice_end(self, offset: u64) -> u64 {
        let span = (self.slice_size() / 8 / self.entry_words()) << self.cluster_bits;
        (offset / span).saturating_add(1).saturating_mul(span)
    }
}
