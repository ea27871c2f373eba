//! The FUSE side: translates requests into calls of [`Disk`], under one lock, on one thread.
//!
//! Nothing is cached by the kernel but pages of open files: entries and attributes have no lifetime, so that a power
//! cut is seen at once. Pages are (no direct I/O), because SQLite maps its `-shm` file shared. Locks are the kernel's.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use fuser::{
    BackgroundSession, BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation,
    INodeNo, LockOwner, MountOption, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory,
    ReplyEmpty, ReplyEntry, ReplyLseek, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::disk::{Disk, DiskError, Facts, Shape};
use super::fault::{Effect, Faults, Step};

/// How long the kernel may remember a name or an attribute: not at all.
const NOT_CACHED: Duration = Duration::ZERO;
/// The time that the first change is shown at, in seconds since 1970; each later one is a millisecond later. No real
/// clock, so that runs are alike.
const FIRST_CHANGE: u64 = 1_800_000_000;

// What lseek and fallocate are asked for, as in Linux's headers.
const SEEK_DATA: i32 = 3;
const FALLOC_KEEP_SIZE: i32 = 1;
const FALLOC_PUNCH_HOLE: i32 = 2;

/// Whether the disk answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Power {
    On,
    Off,
}

/// The disk and what befalls it.
#[derive(Debug)]
pub(crate) struct Mounted {
    pub(crate) disk: Disk,
    pub(crate) faults: Faults,
    pub(crate) power: Power,
    /// What open directories list, by handle: removing files while listing skips none.
    listings: Vec<Option<Vec<(std::ffi::OsString, Facts)>>>,
}

impl Mounted {
    pub(crate) fn new(disk: Disk) -> Self {
        Self { disk, faults: Faults::default(), power: Power::On, listings: Vec::new() }
    }

    /// Fails while the power is off.
    fn powered(&mut self) -> Result<&mut Disk, Errno> {
        match self.power {
            Power::On => Ok(&mut self.disk),
            Power::Off => Err(Errno::EIO),
        }
    }

    /// Begins a step: the disk, and whether a write is to be short.
    fn step(&mut self, step: Step) -> Result<(&mut Disk, bool), Errno> {
        self.powered()?;
        match self.faults.strike(step) {
            None => Ok((&mut self.disk, false)),
            Some(Effect::ShortWrite) => Ok((&mut self.disk, true)),
            Some(Effect::Errno(errno)) => Err(Errno::from_i32(errno)),
            Some(Effect::PowerCut) => {
                self.power = Power::Off;
                Err(Errno::EIO)
            }
        }
    }

    fn sync(&mut self, inode: u64) -> Result<(), Errno> {
        match self.step(Step::Sync) {
            Ok((disk, _)) => Ok(disk.sync(inode)?),
            Err(error) => {
                if self.power == Power::On {
                    self.disk.sync_failed(inode)?;
                }
                Err(error)
            }
        }
    }

    fn write(&mut self, inode: u64, offset: u64, bytes: &[u8]) -> Result<u32, Errno> {
        let (disk, short) = self.step(Step::Write)?;
        let some = if short { bytes.len().div_ceil(2) } else { bytes.len() };
        let (some, _) = bytes.split_at(some);
        let written = disk.write(inode, offset, some)?;
        u32::try_from(written).map_err(|_| Errno::EINVAL)
    }

    fn allocate(&mut self, inode: u64, offset: u64, length: u64, mode: i32) -> Result<(), Errno> {
        let (disk, _) = self.step(Step::Write)?;
        let end = offset.checked_add(length).ok_or(Errno::EFBIG)?;
        match mode {
            0 if end > disk.facts(inode)?.size => Ok(disk.resize(inode, end)?),
            0 | FALLOC_KEEP_SIZE => Ok(()),
            _ if mode == FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE => Ok(disk.punch_hole(inode, offset, end)?),
            _ => Err(Errno::EOPNOTSUPP),
        }
    }

    fn open_directory(&mut self, inode: u64) -> Result<FileHandle, Errno> {
        let listing = self.powered()?.list(inode)?;
        let free = self.listings.iter().position(Option::is_none);
        let handle = free.unwrap_or(self.listings.len());
        match self.listings.get_mut(handle) {
            Some(slot) => *slot = Some(listing),
            None => self.listings.push(Some(listing)),
        }
        Ok(FileHandle(handle as u64))
    }

    fn listing(&mut self, handle: FileHandle) -> Option<&mut Option<Vec<(std::ffi::OsString, Facts)>>> {
        self.listings.get_mut(usize::try_from(handle.0).ok()?)
    }
}

/// Mounts and starts the thread that answers.
pub(crate) fn spawn(state: Arc<Mutex<Mounted>>, mount_point: &Path) -> std::io::Result<BackgroundSession> {
    let mut config = Config::default();
    config.mount_options = vec![
        MountOption::FSName("imprint-power-cut".to_owned()),
        MountOption::DefaultPermissions,
        MountOption::NoAtime,
    ];
    fuser::spawn_mount(Shell { state }, mount_point, &config)
}

/// What fuser calls.
struct Shell {
    state: Arc<Mutex<Mounted>>,
}

impl Shell {
    fn lock(&self) -> MutexGuard<'_, Mounted> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a change of names.
    fn name_step<T>(&self, change: impl FnOnce(&mut Disk) -> Result<T, DiskError>) -> Result<T, Errno> {
        let mut state = self.lock();
        let (disk, _) = state.step(Step::Name)?;
        Ok(change(disk)?)
    }
}

impl From<DiskError> for Errno {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::NotFound => Self::ENOENT,
            DiskError::Exists => Self::EEXIST,
            DiskError::NotADirectory => Self::ENOTDIR,
            DiskError::IsADirectory => Self::EISDIR,
            DiskError::NotEmpty => Self::ENOTEMPTY,
            DiskError::NoSpace => Self::ENOSPC,
            DiskError::Invalid => Self::EINVAL,
            DiskError::Stale => Self::EIO,
        }
    }
}

fn attributes(facts: &Facts, owner: (u32, u32)) -> FileAttr {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(FIRST_CHANGE) + Duration::from_millis(facts.changed);
    let (kind, nlink) = match facts.shape {
        Shape::File => (FileType::RegularFile, facts.links),
        Shape::Directory => (FileType::Directory, 2),
        Shape::Symlink => (FileType::Symlink, facts.links),
    };
    FileAttr {
        ino: INodeNo(facts.inode),
        size: facts.size,
        blocks: facts.allocated / 512,
        atime: time,
        mtime: time,
        ctime: time,
        crtime: time,
        kind,
        perm: u16::try_from(facts.mode).unwrap_or(0o600),
        nlink,
        uid: owner.0,
        gid: owner.1,
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

/// Everything belongs to who asks: only the user who mounted it can.
fn owner(request: &Request) -> (u32, u32) {
    (request.uid(), request.gid())
}

/// Answers with an entry or an error.
fn answer_entry(request: &Request, facts: Result<Facts, Errno>, reply: ReplyEntry) {
    match facts {
        Ok(facts) => reply.entry(&NOT_CACHED, &attributes(&facts, owner(request)), Generation(0)),
        Err(error) => reply.error(error),
    }
}

fn answer_empty(result: Result<(), Errno>, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

impl Filesystem for Shell {
    fn lookup(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let mut state = self.lock();
        let facts = state.powered().and_then(|disk| Ok(disk.lookup(parent.0, name)?));
        answer_entry(request, facts, reply);
    }

    fn getattr(&self, request: &Request, inode: INodeNo, _handle: Option<FileHandle>, reply: ReplyAttr) {
        let mut mounted = self.lock();
        match mounted.powered().and_then(|disk| Ok(disk.facts(inode.0)?)) {
            Ok(facts) => reply.attr(&NOT_CACHED, &attributes(&facts, owner(request))),
            Err(error) => reply.error(error),
        }
    }

    fn setattr(
        &self,
        request: &Request,
        inode: INodeNo,
        mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _handle: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut state = self.lock();
        let change = |state: &mut Mounted| -> Result<Facts, Errno> {
            if let Some(size) = size {
                state.step(Step::Write)?.0.resize(inode.0, size)?;
            }
            let disk = state.powered()?;
            if let Some(mode) = mode {
                disk.set_mode(inode.0, mode)?;
            }
            Ok(disk.facts(inode.0)?)
        };
        match change(&mut state) {
            Ok(facts) => reply.attr(&NOT_CACHED, &attributes(&facts, owner(request))),
            Err(error) => reply.error(error),
        }
    }

    fn readlink(&self, _request: &Request, inode: INodeNo, reply: ReplyData) {
        let mut state = self.lock();
        match state.powered().and_then(|disk| Ok(disk.symlink_target(inode.0)?)) {
            Ok(target) => reply.data(target.as_encoded_bytes()),
            Err(error) => reply.error(error),
        }
    }

    fn mkdir(&self, request: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        let created = self.name_step(|disk| disk.make_directory(parent.0, name, mode & !umask));
        answer_entry(request, created, reply);
    }

    fn unlink(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer_empty(self.name_step(|disk| disk.unlink(parent.0, name)), reply);
    }

    fn rmdir(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer_empty(self.name_step(|disk| disk.remove_directory(parent.0, name)), reply);
    }

    fn symlink(&self, request: &Request, parent: INodeNo, name: &OsStr, target: &Path, reply: ReplyEntry) {
        let made = self.name_step(|disk| disk.make_symlink(parent.0, name, target.as_os_str()));
        answer_entry(request, made, reply);
    }

    fn rename(
        &self,
        _request: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let may_replace = !flags.contains(RenameFlags::RENAME_NOREPLACE);
        if flags.intersects(RenameFlags::RENAME_EXCHANGE | RenameFlags::RENAME_WHITEOUT) {
            return reply.error(Errno::EINVAL);
        }
        let renamed = self.name_step(|disk| disk.rename((parent.0, name), (new_parent.0, new_name), may_replace));
        answer_empty(renamed, reply);
    }

    fn link(&self, request: &Request, inode: INodeNo, new_parent: INodeNo, new_name: &OsStr, reply: ReplyEntry) {
        answer_entry(request, self.name_step(|disk| disk.link(inode.0, new_parent.0, new_name)), reply);
    }

    fn open(&self, _request: &Request, inode: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        let mut state = self.lock();
        match state.powered().and_then(|disk| Ok(disk.opened(inode.0)?)) {
            Ok(()) => reply.opened(FileHandle(0), FopenFlags::empty()),
            Err(error) => reply.error(error),
        }
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let created = self.name_step(|disk| {
            let facts = disk.make_file(parent.0, name, mode & !umask)?;
            disk.opened(facts.inode)?;
            Ok(facts)
        });
        match created {
            Ok(facts) => {
                let attributes = attributes(&facts, owner(request));
                reply.created(&NOT_CACHED, &attributes, Generation(0), FileHandle(0), FopenFlags::empty());
            }
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let mut state = self.lock();
        match state.step(Step::Read).and_then(|(disk, _)| Ok(disk.read(inode.0, offset, u64::from(size))?)) {
            Ok(bytes) => reply.data(&bytes),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        bytes: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.lock().write(inode.0, offset, bytes) {
            Ok(written) => reply.written(written),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _request: &Request, _inode: INodeNo, _handle: FileHandle, _owner: LockOwner, reply: ReplyEmpty) {
        answer_empty(self.lock().powered().map(|_| ()), reply);
    }

    fn release(
        &self,
        _request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        self.lock().disk.closed(inode.0);
        reply.ok();
    }

    fn fsync(&self, _request: &Request, inode: INodeNo, _handle: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        answer_empty(self.lock().sync(inode.0), reply);
    }

    fn opendir(&self, _request: &Request, inode: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        match self.lock().open_directory(inode.0) {
            Ok(handle) => reply.opened(handle, FopenFlags::empty()),
            Err(error) => reply.error(error),
        }
    }

    fn readdir(&self, _request: &Request, _inode: INodeNo, handle: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let mut state = self.lock();
        if state.power == Power::Off {
            return reply.error(Errno::EIO);
        }
        let listing = state.listing(handle).and_then(|listing| listing.as_ref());
        let rest = listing.into_iter().flatten().zip(1..).skip(usize::try_from(offset).unwrap_or(usize::MAX));
        for ((name, facts), next) in rest {
            let kind = match facts.shape {
                Shape::File => FileType::RegularFile,
                Shape::Directory => FileType::Directory,
                Shape::Symlink => FileType::Symlink,
            };
            if reply.add(INodeNo(facts.inode), next, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn releasedir(
        &self,
        _request: &Request,
        _inode: INodeNo,
        handle: FileHandle,
        _flags: OpenFlags,
        reply: ReplyEmpty,
    ) {
        if let Some(listing) = self.lock().listing(handle) {
            *listing = None;
        }
        reply.ok();
    }

    fn fsyncdir(&self, _request: &Request, inode: INodeNo, _handle: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        answer_empty(self.lock().sync(inode.0), reply);
    }

    fn statfs(&self, _request: &Request, _inode: INodeNo, reply: ReplyStatfs) {
        let mut state = self.lock();
        match state.powered() {
            Ok(disk) => {
                let (capacity, free) = disk.space();
                let (blocks, free) = (capacity / 4096, free / 4096);
                reply.statfs(blocks, free, free, 1 << 20, 1 << 20, 4096, 255, 4096);
            }
            Err(error) => reply.error(error),
        }
    }

    fn fallocate(
        &self,
        _request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        answer_empty(self.lock().allocate(inode.0, offset, length, mode), reply);
    }

    fn lseek(
        &self,
        _request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: i64,
        whence: i32,
        reply: ReplyLseek,
    ) {
        let mut state = self.lock();
        let found = state.powered().and_then(|disk| {
            let offset = u64::try_from(offset).map_err(|_| Errno::EINVAL)?;
            let found = disk.seek(inode.0, offset, whence == SEEK_DATA)?.ok_or(Errno::ENXIO)?;
            i64::try_from(found).map_err(|_| Errno::EOVERFLOW)
        });
        match found {
            Ok(offset) => reply.offset(offset),
            Err(error) => reply.error(error),
        }
    }
}
