//! Which clusters of one L2 table hold data.

/// A bit for each of the 8192 clusters that one L2 table maps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterBitmap {
    words: Box<[u64; 128]>,
}

impl ClusterBitmap {
    /// Number of clusters: what a table of 64 KiB maps.
    pub const CLUSTERS: u32 = 8192;

    /// No cluster holds data.
    pub fn new() -> Self {
        Self { words: Box::new([0; 128]) }
    }

    /// Marks `cluster` as holding data.
    ///
    /// # Panics
    /// If it is none of the table's clusters.
    pub fn insert(&mut self, cluster: u32) {
        assert!(cluster < Self::CLUSTERS, "cluster {cluster} of a table of {}", Self::CLUSTERS);
        if let Some(word) = self.word_mut(cluster) {
            *word |= 1 << (cluster % 64);
        }
    }

    /// Whether `cluster` holds data.
    pub fn contains(&self, cluster: u32) -> bool {
        let word = usize::try_from(cluster / 64).ok().and_then(|index| self.words.get(index));
        word.is_some_and(|word| word >> (cluster % 64) & 1 != 0)
    }

    /// How many clusters hold data.
    pub fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// The clusters that hold data, ascending: the one at place n lies in the n-th data cluster of the table.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(self.words.iter()).flat_map(|(index, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(index * 64 + bit)
            })
        })
    }

    /// The cluster at place `nth`, counted from 0, of those that hold data.
    pub fn nth(&self, nth: u32) -> Option<u32> {
        let mut before = 0;
        for (index, word) in (0..).zip(self.words.iter()) {
            let here = word.count_ones();
            if nth < before + here {
                let mut rest = *word;
                for _ in before..nth {
                    rest &= rest - 1;
                }
                return Some(index * 64 + rest.trailing_zeros());
            }
            before += here;
        }
        None
    }

    fn word_mut(&mut self, cluster: u32) -> Option<&mut u64> {
        self.words.get_mut(usize::try_from(cluster / 64).ok()?)
    }
}

impl Default for ClusterBitmap {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::btree_set;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_bitmap_is_a_set(model in btree_set(0..ClusterBitmap::CLUSTERS, 0..300)) {
            let mut bitmap = ClusterBitmap::new();
            for cluster in &model {
                bitmap.insert(*cluster);
            }
            prop_assert_eq!(bitmap.iter().collect::<Vec<_>>(), model.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(usize::try_from(bitmap.count()).unwrap(), model.len());
            for (nth, cluster) in (0..).zip(&model) {
                prop_assert_eq!(bitmap.nth(nth), Some(*cluster));
                prop_assert!(bitmap.contains(*cluster));
            }
            prop_assert_eq!(bitmap.nth(bitmap.count()), None);
            prop_assert!(!bitmap.contains(ClusterBitmap::CLUSTERS));
        }
    }
}
