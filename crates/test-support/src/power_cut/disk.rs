//! Files and directories in both their states. Knows no FUSE.
//!
//! Numbers of inodes are never used twice, and [`Disk::lose_power`] gives every survivor but the root a new one: so the
//! kernel, which remembers pages by these numbers, cannot show what was lost, and handles from before are stale.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};

use super::Survives;
use super::content::{Chance, Content, PAGE};

/// Number of the root directory, which FUSE fixes.
pub(crate) const ROOT: u64 = 1;

/// Why an operation is refused; each is an errno.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiskError {
    NotFound,
    Exists,
    NotADirectory,
    IsADirectory,
    NotEmpty,
    NoSpace,
    Invalid,
    /// An inode from before the last power cut, or one that is gone.
    Stale,
}

type Result<T> = std::result::Result<T, DiskError>;

/// What an inode is.
#[derive(Clone, Debug)]
enum Kind {
    File(Content),
    Directory(Directory),
    Symlink(OsString),
}

/// Names in both states.
#[derive(Clone, Debug, Default)]
struct Directory {
    now: BTreeMap<OsString, u64>,
    durable: BTreeMap<OsString, u64>,
}

#[derive(Clone, Debug)]
struct Inode {
    kind: Kind,
    mode: u32,
    /// Counts changes; shown as the time of the last one.
    changed: u64,
    /// Names that it has now.
    links: u32,
    /// Names that it would have after a power cut.
    durable_links: u32,
    /// Open files and directories.
    handles: u32,
}

/// One end of a change of names.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    directory: u64,
    name: OsString,
}

/// A change of names that no fsync has covered. Modes and times are simply durable.
#[derive(Clone, Debug)]
enum Renaming {
    Set { at: Place, inode: u64 },
    Remove { at: Place },
    Move { from: Place, to: Place, inode: u64 },
}

/// What `stat` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) inode: u64,
    pub(crate) shape: Shape,
    pub(crate) size: u64,
    pub(crate) allocated: u64,
    pub(crate) mode: u32,
    pub(crate) links: u32,
    pub(crate) changed: u64,
}

/// The type of an inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    File,
    Directory,
    Symlink,
}

/// The file system.
#[derive(Debug)]
pub(crate) struct Disk {
    inodes: HashMap<u64, Inode>,
    /// Unsynced changes of names, in order.
    log: Vec<Renaming>,
    next_inode: u64,
    changes: u64,
    capacity: u64,
}

impl Disk {
    pub(crate) fn new() -> Self {
        let root = Inode::new(Kind::Directory(Directory::default()), 0o700, 0);
        Self {
            inodes: HashMap::from([(ROOT, root)]),
            log: Vec::new(),
            next_inode: ROOT + 1,
            changes: 0,
            capacity: 64 << 30,
        }
    }

    pub(crate) fn set_capacity(&mut self, bytes: u64) {
        self.capacity = bytes;
    }

    /// Bytes in all, and bytes free.
    pub(crate) fn space(&self) -> (u64, u64) {
        let used: u64 = self.inodes.values().map(Inode::allocated).sum();
        (self.capacity, self.capacity.saturating_sub(used))
    }

    pub(crate) fn facts(&self, inode: u64) -> Result<Facts> {
        let it = self.inode(inode)?;
        let (shape, size) = match &it.kind {
            Kind::File(content) => (Shape::File, content.now().size()),
            Kind::Directory(directory) => (Shape::Directory, directory.now.len() as u64),
            Kind::Symlink(target) => (Shape::Symlink, target.len() as u64),
        };
        Ok(Facts { inode, shape, size, allocated: it.allocated(), mode: it.mode, links: it.links, changed: it.changed })
    }

    pub(crate) fn lookup(&self, directory: u64, name: &OsStr) -> Result<Facts> {
        let inode = *self.directory(directory)?.now.get(name).ok_or(DiskError::NotFound)?;
        self.facts(inode)
    }

    pub(crate) fn list(&self, directory: u64) -> Result<Vec<(OsString, Facts)>> {
        let entries = self.directory(directory)?.now.iter();
        entries.map(|(name, inode)| Ok((name.clone(), self.facts(*inode)?))).collect()
    }

    pub(crate) fn set_mode(&mut self, inode: u64, mode: u32) -> Result<()> {
        self.inode_mut(inode)?.mode = mode & 0o7777;
        Ok(())
    }

    pub(crate) fn opened(&mut self, inode: u64) -> Result<()> {
        self.inode_mut(inode)?.handles += 1;
        Ok(())
    }

    pub(crate) fn closed(&mut self, inode: u64) {
        if let Ok(it) = self.inode_mut(inode) {
            it.handles = it.handles.saturating_sub(1);
            self.forget_unreachable(inode);
        }
    }

    pub(crate) fn read(&self, inode: u64, offset: u64, len: u64) -> Result<Vec<u8>> {
        Ok(self.content(inode)?.now().read(offset, len))
    }

    /// Writes what fits and says how much that was.
    pub(crate) fn write(&mut self, inode: u64, offset: u64, bytes: &[u8]) -> Result<usize> {
        let (_, free) = self.space();
        let content = self.content_mut(inode)?;
        let fits = content.now().fitting(offset, bytes.len() as u64, free);
        let fits = usize::try_from(fits).map_or(bytes.len(), |fits| fits.min(bytes.len()));
        if fits == 0 && !bytes.is_empty() {
            return Err(DiskError::NoSpace);
        }
        let (some, _) = bytes.split_at(fits);
        content.write(offset, some);
        Ok(fits)
    }

    pub(crate) fn resize(&mut self, inode: u64, size: u64) -> Result<()> {
        self.content_mut(inode)?.resize(size);
        Ok(())
    }

    pub(crate) fn punch_hole(&mut self, inode: u64, start: u64, end: u64) -> Result<()> {
        self.content_mut(inode)?.zero(start, end);
        Ok(())
    }

    pub(crate) fn seek(&self, inode: u64, offset: u64, data: bool) -> Result<Option<u64>> {
        Ok(self.content(inode)?.now().seek(offset, data))
    }

    pub(crate) fn symlink_target(&self, inode: u64) -> Result<OsString> {
        match &self.inode(inode)?.kind {
            Kind::Symlink(target) => Ok(target.clone()),
            Kind::File(_) | Kind::Directory(_) => Err(DiskError::Invalid),
        }
    }

    pub(crate) fn make_file(&mut self, directory: u64, name: &OsStr, mode: u32) -> Result<Facts> {
        self.make(directory, name, Kind::File(Content::default()), mode)
    }

    pub(crate) fn make_directory(&mut self, directory: u64, name: &OsStr, mode: u32) -> Result<Facts> {
        self.make(directory, name, Kind::Directory(Directory::default()), mode)
    }

    pub(crate) fn make_symlink(&mut self, directory: u64, name: &OsStr, target: &OsStr) -> Result<Facts> {
        self.make(directory, name, Kind::Symlink(target.to_owned()), 0o777)
    }

    pub(crate) fn link(&mut self, inode: u64, directory: u64, name: &OsStr) -> Result<Facts> {
        if self.facts(inode)?.shape == Shape::Directory {
            return Err(DiskError::Invalid);
        }
        self.check_free_name(directory, name)?;
        self.set_name(directory, name, inode)?;
        self.log.push(Renaming::Set { at: Place::new(directory, name), inode });
        self.facts(inode)
    }

    /// Removes a file's or a symlink's name.
    pub(crate) fn unlink(&mut self, directory: u64, name: &OsStr) -> Result<()> {
        if self.lookup(directory, name)?.shape == Shape::Directory {
            return Err(DiskError::IsADirectory);
        }
        self.remove(directory, name)
    }

    pub(crate) fn remove_directory(&mut self, directory: u64, name: &OsStr) -> Result<()> {
        let found = self.lookup(directory, name)?;
        if !self.directory(found.inode)?.now.is_empty() {
            return Err(DiskError::NotEmpty);
        }
        self.remove(directory, name)
    }

    pub(crate) fn rename(&mut self, from: (u64, &OsStr), to: (u64, &OsStr), may_replace: bool) -> Result<()> {
        let moved = self.lookup(from.0, from.1)?;
        match self.lookup(to.0, to.1) {
            Err(DiskError::NotFound) => {}
            Err(error) => return Err(error),
            Ok(_) if !may_replace => return Err(DiskError::Exists),
            Ok(replaced) if replaced.inode == moved.inode => return Ok(()),
            Ok(replaced) => match (moved.shape == Shape::Directory, replaced.shape == Shape::Directory) {
                (true, false) => return Err(DiskError::NotADirectory),
                (false, true) => return Err(DiskError::IsADirectory),
                (true, true) if !self.directory(replaced.inode)?.now.is_empty() => return Err(DiskError::NotEmpty),
                (true, true) | (false, false) => {}
            },
        }
        self.set_name(to.0, to.1, moved.inode)?;
        self.drop_name(from.0, from.1)?;
        let (from, to) = (Place::new(from.0, from.1), Place::new(to.0, to.1));
        self.log.push(Renaming::Move { from, to, inode: moved.inode });
        Ok(())
    }

    /// fsync of a file or a directory.
    pub(crate) fn sync(&mut self, inode: u64) -> Result<()> {
        match &mut self.inode_mut(inode)?.kind {
            Kind::File(content) => content.sync(),
            Kind::Directory(_) => self.sync_names(inode),
            Kind::Symlink(_) => {}
        }
        Ok(())
    }

    /// An fsync that failed. A directory's names stay pending: a journal that could not be written is written later or
    /// never, and the next power cut tells.
    pub(crate) fn sync_failed(&mut self, inode: u64) -> Result<()> {
        if let Kind::File(content) = &mut self.inode_mut(inode)?.kind {
            content.lose_pending();
        }
        Ok(())
    }

    /// Makes the present the state after a power cut.
    pub(crate) fn lose_power(&mut self, survives: Survives) {
        let mut chance = Chance::new(survives);
        if let Survives::SomeUnsynced { .. } = survives {
            self.keep_some_names(&mut chance);
        }
        let mut after =
            Self { capacity: self.capacity, next_inode: self.next_inode, changes: self.changes, ..Self::new() };
        let mut renumbered = HashMap::from([(ROOT, ROOT)]);
        let mut to_visit = vec![ROOT];
        while let Some(old_directory) = to_visit.pop() {
            let Some(Inode { kind: Kind::Directory(names), .. }) = self.inodes.get(&old_directory) else { continue };
            let mut found = Directory::default();
            for (name, old) in &names.durable {
                let Some(inode) = self.inodes.get(old) else { continue };
                let new = *renumbered.entry(*old).or_insert_with(|| {
                    let number = after.next_inode;
                    after.next_inode += 1;
                    let kind = match &inode.kind {
                        Kind::File(content) => Kind::File(content.survivor(survives, &mut chance)),
                        Kind::Directory(_) => {
                            to_visit.push(*old);
                            Kind::Directory(Directory::default())
                        }
                        Kind::Symlink(target) => Kind::Symlink(target.clone()),
                    };
                    after.inodes.insert(number, Inode { changed: inode.changed, ..Inode::new(kind, inode.mode, 0) });
                    number
                });
                found.now.insert(name.clone(), new);
                if let Some(it) = after.inodes.get_mut(&new) {
                    it.links += 1;
                    it.durable_links += 1;
                }
            }
            found.durable = found.now.clone();
            if let Some(directory) = renumbered.get(&old_directory).and_then(|new| after.inodes.get_mut(new)) {
                directory.kind = Kind::Directory(found);
            }
        }
        *self = after;
    }

    /// Makes a beginning of each directory's unsynced changes durable, of a length that chance decides: journals keep
    /// the order of changes.
    fn keep_some_names(&mut self, chance: &mut Chance) {
        let mut pending: BTreeMap<u64, u64> = BTreeMap::new();
        for change in &self.log {
            *pending.entry(change.main_directory()).or_default() += 1;
        }
        let mut kept: BTreeMap<u64, u64> = BTreeMap::new();
        for (directory, changes) in pending {
            kept.insert(directory, chance.below(changes + 1));
        }
        for change in std::mem::take(&mut self.log) {
            if let Some(left) = kept.get_mut(&change.main_directory()).filter(|left| **left > 0) {
                *left -= 1;
                match change {
                    Renaming::Set { at, inode } => self.set_durable(&at, inode),
                    Renaming::Remove { at } => self.drop_durable(&at),
                    Renaming::Move { from, to, inode } => {
                        self.set_durable(&to, inode);
                        self.drop_durable(&from);
                    }
                }
            }
        }
    }

    /// Makes the pending changes of a directory's names durable. Of a move out of it, the new name becomes durable with
    /// the removal of the old one, never after; of a move into it, the old name may come back.
    fn sync_names(&mut self, directory: u64) {
        for change in std::mem::take(&mut self.log) {
            match change {
                Renaming::Set { at, inode } if at.directory == directory => self.set_durable(&at, inode),
                Renaming::Remove { at } if at.directory == directory => self.drop_durable(&at),
                Renaming::Move { from, to, inode } if from.directory == directory => {
                    self.set_durable(&to, inode);
                    self.drop_durable(&from);
                }
                Renaming::Move { from, to, inode } if to.directory == directory => {
                    self.set_durable(&to, inode);
                    self.log.push(Renaming::Remove { at: from });
                }
                other => self.log.push(other),
            }
        }
    }

    fn make(&mut self, directory: u64, name: &OsStr, kind: Kind, mode: u32) -> Result<Facts> {
        self.check_free_name(directory, name)?;
        let inode = self.next_inode;
        self.next_inode += 1;
        self.changes += 1;
        self.inodes.insert(inode, Inode::new(kind, mode & 0o7777, self.changes));
        self.set_name(directory, name, inode)?;
        self.log.push(Renaming::Set { at: Place::new(directory, name), inode });
        self.facts(inode)
    }

    fn check_free_name(&self, directory: u64, name: &OsStr) -> Result<()> {
        match self.directory(directory)?.now.get(name) {
            Some(_) => Err(DiskError::Exists),
            None if self.inode(directory)?.links == 0 && directory != ROOT => Err(DiskError::NotFound),
            None => Ok(()),
        }
    }

    fn remove(&mut self, directory: u64, name: &OsStr) -> Result<()> {
        self.drop_name(directory, name)?;
        self.log.push(Renaming::Remove { at: Place::new(directory, name) });
        Ok(())
    }

    /// Gives an inode a name, taking it from the one that has it.
    fn set_name(&mut self, directory: u64, name: &OsStr, inode: u64) -> Result<()> {
        let replaced = self.directory_mut(directory)?.now.insert(name.to_owned(), inode);
        self.inode_mut(inode)?.links += 1;
        if let Some(replaced) = replaced {
            self.unlinked(replaced);
        }
        Ok(())
    }

    fn drop_name(&mut self, directory: u64, name: &OsStr) -> Result<()> {
        let inode = self.directory_mut(directory)?.now.remove(name).ok_or(DiskError::NotFound)?;
        self.unlinked(inode);
        Ok(())
    }

    fn unlinked(&mut self, inode: u64) {
        if let Ok(it) = self.inode_mut(inode) {
            it.links = it.links.saturating_sub(1);
        }
        self.forget_unreachable(inode);
    }

    fn set_durable(&mut self, at: &Place, inode: u64) {
        let Ok(names) = self.directory_mut(at.directory) else { return };
        let replaced = names.durable.insert(at.name.clone(), inode);
        if let Ok(it) = self.inode_mut(inode) {
            it.durable_links += 1;
        }
        self.durably_unlinked(replaced);
    }

    fn drop_durable(&mut self, at: &Place) {
        let Ok(names) = self.directory_mut(at.directory) else { return };
        let removed = names.durable.remove(&at.name);
        self.durably_unlinked(removed);
    }

    fn durably_unlinked(&mut self, inode: Option<u64>) {
        if let Some(inode) = inode {
            if let Ok(it) = self.inode_mut(inode) {
                it.durable_links = it.durable_links.saturating_sub(1);
            }
            self.forget_unreachable(inode);
        }
    }

    /// Gives back the memory of what no name and no handle leads to, before or after a power cut.
    fn forget_unreachable(&mut self, inode: u64) {
        let Some(it) = self.inodes.get(&inode) else { return };
        if inode != ROOT && it.links == 0 && it.durable_links == 0 && it.handles == 0 {
            self.inodes.remove(&inode);
        }
    }

    fn inode(&self, inode: u64) -> Result<&Inode> {
        self.inodes.get(&inode).ok_or(DiskError::Stale)
    }

    fn inode_mut(&mut self, inode: u64) -> Result<&mut Inode> {
        self.inodes.get_mut(&inode).ok_or(DiskError::Stale)
    }

    fn directory(&self, inode: u64) -> Result<&Directory> {
        match &self.inode(inode)?.kind {
            Kind::Directory(directory) => Ok(directory),
            Kind::File(_) | Kind::Symlink(_) => Err(DiskError::NotADirectory),
        }
    }

    fn directory_mut(&mut self, inode: u64) -> Result<&mut Directory> {
        match &mut self.inode_mut(inode)?.kind {
            Kind::Directory(directory) => Ok(directory),
            Kind::File(_) | Kind::Symlink(_) => Err(DiskError::NotADirectory),
        }
    }

    fn content(&self, inode: u64) -> Result<&Content> {
        match &self.inode(inode)?.kind {
            Kind::File(content) => Ok(content),
            Kind::Directory(_) => Err(DiskError::IsADirectory),
            Kind::Symlink(_) => Err(DiskError::Invalid),
        }
    }

    /// The content of a file that is about to change.
    fn content_mut(&mut self, inode: u64) -> Result<&mut Content> {
        self.changes += 1;
        let changes = self.changes;
        let it = self.inode_mut(inode)?;
        it.changed = changes;
        match &mut it.kind {
            Kind::File(content) => Ok(content),
            Kind::Directory(_) => Err(DiskError::IsADirectory),
            Kind::Symlink(_) => Err(DiskError::Invalid),
        }
    }
}

impl Inode {
    fn new(kind: Kind, mode: u32, changed: u64) -> Self {
        Self { kind, mode, changed, links: 0, durable_links: 0, handles: 0 }
    }

    /// Bytes on the disk: those of a file that has a name or is open.
    fn allocated(&self) -> u64 {
        match &self.kind {
            Kind::File(content) if self.links > 0 || self.handles > 0 => {
                content.now().allocated().next_multiple_of(PAGE)
            }
            Kind::File(_) | Kind::Directory(_) | Kind::Symlink(_) => 0,
        }
    }
}

impl Place {
    fn new(directory: u64, name: &OsStr) -> Self {
        Self { directory, name: name.to_owned() }
    }
}

impl Renaming {
    /// The directory whose journal it is counted in.
    fn main_directory(&self) -> u64 {
        match self {
            Self::Set { at, .. } | Self::Remove { at } => at.directory,
            Self::Move { to, .. } => to.directory,
        }
    }
}

#[cfg(test)]
mod tests;
