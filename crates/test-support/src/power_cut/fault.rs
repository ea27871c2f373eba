//! Which operation fails, and how.

/// Kinds of operations that a fault may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reading a file.
    Read,
    /// Writing, resizing or punching a hole in a file.
    Write,
    /// fsync or fdatasync of a file or a directory.
    Sync,
    /// Making, linking, renaming or removing a name.
    Name,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The operation changes nothing and fails with this errno. After a failed fsync of a file, its unsynced content is
    /// lost at the next power cut, whatever follows.
    Errno(i32),
    /// A write takes half of its bytes and says so; other steps go on unharmed.
    ShortWrite,
    /// The power is cut just before the operation.
    PowerCut,
}

/// For how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    /// This operation alone.
    Once,
    /// This one and all that follow, until the faults are healed.
    UntilHealed,
}

/// A fault that waits for its operation.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The operations that it counts.
    pub steps: Vec<Step>,
    /// How many of them pass before it strikes.
    pub after: u64,
    /// What it does.
    pub effect: Effect,
    /// How long it stays.
    pub lasts: Lasts,
}

/// The waiting faults, and the number of operations so far.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: Vec<Fault>,
    counts: [u64; 4],
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.waiting.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    pub(crate) fn count(&self, steps: &[Step]) -> u64 {
        steps.iter().map(|step| self.counts[*step as usize]).sum()
    }

    /// Counts the operation and tells what befalls it: the first fault whose turn it is.
    pub(crate) fn strike(&mut self, step: Step) -> Option<Effect> {
        self.counts[step as usize] += 1;
        let mut struck = None;
        self.waiting.retain_mut(|fault| {
            if !fault.steps.contains(&step) {
                return true;
            }
            if fault.after > 0 {
                fault.after -= 1;
                return true;
            }
            struck = struck.or(Some(fault.effect));
            fault.lasts == Lasts::UntilHealed
        });
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_after_its_count_and_lasts_as_long_as_it_says() {
        let mut faults = Faults::default();
        let fault = |after, effect, lasts| Fault { steps: vec![Step::Write], after, effect, lasts };
        faults.add(fault(1, Effect::Errno(5), Lasts::Once));
        faults.add(fault(3, Effect::ShortWrite, Lasts::UntilHealed));
        let struck: Vec<_> = (0..5).map(|_| faults.strike(Step::Write)).collect();
        let short = Some(Effect::ShortWrite);
        assert_eq!(struck, [None, Some(Effect::Errno(5)), None, short, short]);
        assert_eq!(faults.strike(Step::Sync), None);
        assert_eq!(faults.count(&[Step::Write, Step::Sync]), 6);
        faults.clear();
        assert_eq!(faults.strike(Step::Write), None);
    }
}
