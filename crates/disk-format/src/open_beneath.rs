//! Opening a file that a user names, and nothing outside the directory that it is named in.

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::fcntl::OpenHow;
use nix::fcntl::ResolveFlag;
use nix::fcntl::openat2;
use nix::sys::stat::Mode;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Component;
use std::path::Path;

/// What is wanted of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// To read what is there.
    ReadOnly,
    /// To read and write what is there.
    ReadWrite,
    /// To make it, for its owner only, and read and write it; it must not exist.
    CreateNew,
}

/// Why a file beneath a directory was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenBeneathError {
    /// No name at all, or one with a NUL byte.
    #[error("'{name}' is not the name of a file", name = name.escape_debug())]
    InvalidName {
        /// The name given.
        name: String,
    },
    /// The name starts at the root instead of the directory.
    #[error("'{name}' is an absolute path")]
    Absolute {
        /// The name given.
        name: String,
    },
    /// The name leaves a directory by `..`.
    #[error("'{name}' contains '..'")]
    Parent {
        /// The name given.
        name: String,
    },
    /// The name, or a directory in it, is a symbolic link.
    #[error("'{name}' goes through a symbolic link")]
    Symlink {
        /// The name given.
        name: String,
    },
    /// There is no such file.
    #[error("'{name}' does not exist")]
    NotFound {
        /// The name given.
        name: String,
    },
    /// A file that was to be made is there already.
    #[error("'{name}' exists already")]
    AlreadyExists {
        /// The name given.
        name: String,
    },
    /// A directory, device, socket or FIFO.
    #[error("'{name}' is not a regular file")]
    NotAFile {
        /// The name given.
        name: String,
    },
    /// The directory itself cannot be opened.
    #[error("open the directory")]
    Directory(#[source] io::Error),
    /// The system refused for another reason.
    #[error("open '{name}'")]
    Open {
        /// The name given.
        name: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
}

/// Opens the regular file `name` beneath `dir`. The kernel resolves the name and follows no symbolic link in it, so that
/// no exchange of a directory for a link can lead elsewhere meanwhile; `dir` itself is trusted.
pub fn open_beneath(dir: &Path, name: &str, mode: OpenMode) -> Result<File, OpenBeneathError> {
    check_name(name)?;
    let access = match mode {
        OpenMode::ReadOnly => OFlag::O_RDONLY,
        OpenMode::ReadWrite => OFlag::O_RDWR,
        OpenMode::CreateNew => OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL,
    };
    // O_NONBLOCK: opening a FIFO must not wait for its other end. It means nothing to a regular file.
    let flags = access | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let permissions = if mode == OpenMode::CreateNew { Mode::S_IRUSR | Mode::S_IWUSR } else { Mode::empty() };
    let file = open_within(&open_directory(dir)?, name, flags, permissions)?;
    let metadata = file.metadata().map_err(|source| OpenBeneathError::Open { name: name.to_owned(), source })?;
    if metadata.is_file() { Ok(file) } else { Err(OpenBeneathError::NotAFile { name: name.to_owned() }) }
}

/// The directory that the file `name` beneath `dir` lies in, resolved as by [`open_beneath`], and the file's name in it.
pub(crate) fn open_parent_beneath(dir: &Path, name: &str) -> Result<(File, String), OpenBeneathError> {
    check_name(name)?;
    let invalid = || OpenBeneathError::InvalidName { name: name.to_owned() };
    let (parent, file) = name.rsplit_once('/').unwrap_or(("", name));
    if file.is_empty() || file == "." {
        return Err(invalid());
    }
    let parent = if parent.is_empty() { "." } else { parent };
    let opened = open_within(&open_directory(dir)?, parent, OFlag::O_RDONLY | OFlag::O_DIRECTORY, Mode::empty())?;
    Ok((opened, file.to_owned()))
}

fn open_directory(dir: &Path) -> Result<File, OpenBeneathError> {
    let flags = (OFlag::O_DIRECTORY | OFlag::O_PATH).bits();
    OpenOptions::new().read(true).custom_flags(flags).open(dir).map_err(OpenBeneathError::Directory)
}

fn open_within(dir: &File, name: &str, flags: OFlag, permissions: Mode) -> Result<File, OpenBeneathError> {
    let how = OpenHow::new()
        .flags(flags | OFlag::O_CLOEXEC)
        .mode(permissions)
        .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    openat2(dir, name, how).map(File::from).map_err(|errno| refusal(name, errno))
}

fn check_name(name: &str) -> Result<(), OpenBeneathError> {
    let owned = || name.to_owned();
    if name.is_empty() || name.contains('\0') {
        return Err(OpenBeneathError::InvalidName { name: owned() });
    }
    for component in Path::new(name).components() {
        match component {
            Component::RootDir | Component::Prefix(_) => return Err(OpenBeneathError::Absolute { name: owned() }),
            Component::ParentDir => return Err(OpenBeneathError::Parent { name: owned() }),
            Component::CurDir | Component::Normal(_) => {}
        }
    }
    Ok(())
}

fn refusal(name: &str, errno: Errno) -> OpenBeneathError {
    let name = name.to_owned();
    match errno {
        Errno::ELOOP => OpenBeneathError::Symlink { name },
        Errno::ENOENT => OpenBeneathError::NotFound { name },
        Errno::EEXIST => OpenBeneathError::AlreadyExists { name },
        // A directory opened for writing; a socket, or a device without a driver.
        Errno::EISDIR | Errno::ENXIO | Errno::ENODEV => OpenBeneathError::NotAFile { name },
        errno => OpenBeneathError::Open { name, source: errno.into() },
    }
}
