//! Where the file of an added image is, as its `url` says it.

use crate::arguments::shortened;
use crate::{Caller, Service, ServiceError};
use imprint_domain::without_url_passwords;
use imprint_jobs::{ImageOrigin, LocalFile};
use std::path::{Path, PathBuf};

/// What a client may begin the `url` of an image with.
const KNOWN: [&str; 8] = ["http://", "https://", "ftp://", "sftp://", "file:///", "upload://", "zstore://", "/"];

/// Where an image comes from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// From a file that can be read now.
    Now(ImageOrigin),
    /// The client sends it.
    Upload,
}

impl Service {
    /// Reads the `url` of an image. Answers with it what clients may see of it: no password.
    pub(crate) async fn image_origin(&self, url: &str, caller: Caller) -> Result<(Origin, String), ServiceError> {
        let invalid = |reason: &str| invalid(url, reason);
        if !KNOWN.iter().any(|known| url.starts_with(known)) {
            return Err(invalid(&format!("it must begin with one of {}", KNOWN.join(", "))));
        }
        if url.starts_with("upload://") {
            return Ok((Origin::Upload, url.to_owned()));
        }
        if let Some(path) = url.strip_prefix("file://").or_else(|| url.starts_with('/').then_some(url)) {
            let file = self.local_image_file(path, caller).await?;
            return Ok((Origin::Now(ImageOrigin::File(file)), format!("file://{path}")));
        }
        if !url.starts_with("http") {
            let what =
                "images are fetched by http and https only; fetch the file yourself and use upload:// or file:///";
            return Err(ServiceError::NotSupported { what });
        }
        let parsed: reqwest::Url = url.parse().map_err(|_| invalid("it must be a URL with a host"))?;
        Ok((Origin::Now(ImageOrigin::Url(parsed)), without_url_passwords(url).into_owned()))
    }

    /// A file that the caller may have read: beneath a directory of `--allow-dir` or the data directory's `images`, and not
    /// one of a storage's, which hold what belongs to all accounts. Only the administrator may name volumes' files.
    async fn local_image_file(&self, path: &str, caller: Caller) -> Result<LocalFile, ServiceError> {
        let refused = || {
            let text = "local files are added from beneath the data directory's 'images' and the directories that \
                        --allow-dir names, without '..' and symbolic links";
            invalid(path, text)
        };
        let (directory, name) = self.image_dirs().file(Path::new(path)).ok_or_else(refused)?;
        let real = directory.join(&name);
        for storage in self.metadata.backup_storages().await? {
            if real.starts_with(&storage.url) {
                return Err(invalid(path, "it is a file of a backup storage"));
            }
        }
        for storage in self.metadata.primary_storages().await? {
            if !caller.administrator && real.starts_with(&storage.mount_path) {
                return Err(invalid(path, "it is a file of a primary storage, which only the administrator may add"));
            }
        }
        Ok(LocalFile { directory, name })
    }
}

fn invalid(url: &str, reason: &str) -> ServiceError {
    ServiceError::InvalidArgument { field: "url", value: shortened(url), reason: reason.to_owned() }
}

/// The directories that images may be added from.
#[derive(Clone, Debug)]
pub(crate) struct ImageDirs {
    /// The data directory, of which only `images` is one of them.
    pub(crate) data: PathBuf,
    /// Those of `--allow-dir`, without symbolic links.
    pub(crate) allowed: Vec<PathBuf>,
}

impl ImageDirs {
    /// The directory that allows a file, and its path beneath it.
    pub(crate) fn file(&self, path: &Path) -> Option<(PathBuf, String)> {
        let plain = |part| matches!(part, std::path::Component::RootDir | std::path::Component::Normal(_));
        if !path.is_absolute() || !path.components().all(plain) {
            return None;
        }
        // A link on the way may lead to where the file is allowed: the directory's real name decides then. Nothing is told of
        // what lies elsewhere.
        self.beneath(path).or_else(|| self.beneath(&path.parent()?.canonicalize().ok()?.join(path.file_name()?)))
    }

    fn beneath(&self, path: &Path) -> Option<(PathBuf, String)> {
        let own = self.data.join("images");
        let dirs = std::iter::once(&own).chain(&self.allowed);
        let directory = dirs.filter(|dir| path.starts_with(dir)).max_by_key(|dir| dir.as_os_str().len())?;
        if path.starts_with(&self.data) && *directory != own && self.data.starts_with(directory) {
            return None;
        }
        let name = path.strip_prefix(directory).ok()?.to_str()?;
        Some((directory.clone(), name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_allowed_directories_are_found_and_the_servers_own_are_not() {
        let temp = tempfile::tempdir().unwrap();
        let base = temp.path().canonicalize().unwrap();
        let (data, isos, elsewhere) = (base.join("data"), base.join("data/isos"), base.join("elsewhere"));
        for dir in [&data, &isos, &elsewhere] {
            std::fs::create_dir_all(dir).unwrap();
        }
        std::os::unix::fs::symlink(&isos, elsewhere.join("link")).unwrap();
        let dirs = ImageDirs { data: data.clone(), allowed: vec![isos.clone()] };
        let found = |path: &Path| dirs.file(path);
        assert_eq!(found(&data.join("images/a/b.raw")), Some((data.join("images"), "a/b.raw".to_owned())));
        assert_eq!(found(&isos.join("x.iso")), Some((isos.clone(), "x.iso".to_owned())));
        assert_eq!(found(&elsewhere.join("link/x.iso")), Some((isos.clone(), "x.iso".to_owned())));
        for refused in [data.join("imprint.db"), elsewhere.join("x"), isos.join("../imprint.db"), "x".into()] {
            assert_eq!(found(&refused), None, "{}", refused.display());
        }
        // Whoever allows what lies above the data directory has not meant the data directory.
        let wide = ImageDirs { data: data.clone(), allowed: vec![base.clone()] };
        assert_eq!(wide.file(&data.join("imprint.db")), None);
        assert_eq!(wide.file(&elsewhere.join("x")), Some((base, "elsewhere/x".to_owned())));
    }
}
