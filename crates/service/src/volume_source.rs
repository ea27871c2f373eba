//! Where a volume's bytes are, as the system tag `volume::source::<uri>` says it.

use imprint_disk_format::SourceFormat;
use std::str::FromStr;

/// A disk file beneath the directory of the volume's primary storage. The format is declared, never probed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VolumeSource {
    /// The file's path relative to the primary storage's directory.
    pub(crate) file: String,
    /// What the file is.
    pub(crate) format: SourceFormat,
}

/// Why a source is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidVolumeSource {
    /// Another kind of source than a file.
    #[error("only file:<name>?format=qcow2|raw is supported")]
    Scheme,
    /// The format is missing or unknown.
    #[error("the format must be declared as ?format=qcow2 or ?format=raw")]
    Format,
    /// The name cannot be a file's beneath a directory.
    #[error("the file name must be relative to the primary storage's directory, without '..' and NUL")]
    Name,
}

impl FromStr for VolumeSource {
    type Err = InvalidVolumeSource;

    fn from_str(uri: &str) -> Result<Self, InvalidVolumeSource> {
        let rest = uri.strip_prefix("file:").ok_or(InvalidVolumeSource::Scheme)?;
        // The last `?` parts name from format, so that a file's name may hold one.
        let (file, query) = rest.rsplit_once('?').ok_or(InvalidVolumeSource::Format)?;
        let format = match query {
            "format=qcow2" => SourceFormat::Qcow2,
            "format=raw" => SourceFormat::Raw,
            _ => return Err(InvalidVolumeSource::Format),
        };
        let beneath = !file.is_empty()
            && !file.contains('\0')
            && file.split('/').all(|part| !part.is_empty() && part != ".." && part != ".");
        if !beneath {
            return Err(InvalidVolumeSource::Name);
        }
        Ok(Self { file: file.to_owned(), format })
    }
}

impl std::fmt::Display for VolumeSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "file:{}?format={}", self.file, self.format_name())
    }
}

impl VolumeSource {
    /// The format as inventories spell it.
    pub(crate) fn format_name(&self) -> &'static str {
        match self.format {
            SourceFormat::Qcow2 => "qcow2",
            SourceFormat::Raw => "raw",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_file_is_read_back_as_it_was_written() {
        for uri in ["file:disk.qcow2?format=qcow2", "file:a/b.img?format=raw", "file:odd?name?format=raw"] {
            assert_eq!(uri.parse::<VolumeSource>().unwrap().to_string(), uri);
        }
    }

    #[test]
    fn other_sources_and_names_outside_are_refused() {
        for (uri, error) in [
            ("nbd://host/x?format=raw", InvalidVolumeSource::Scheme),
            ("file:disk", InvalidVolumeSource::Format),
            ("file:disk?format=vmdk", InvalidVolumeSource::Format),
            ("file:?format=raw", InvalidVolumeSource::Name),
            ("file:/etc/passwd?format=raw", InvalidVolumeSource::Name),
            ("file:../x?format=raw", InvalidVolumeSource::Name),
            ("file:a/../../x?format=raw", InvalidVolumeSource::Name),
            ("file:a//x?format=raw", InvalidVolumeSource::Name),
            ("file:a\0x?format=raw", InvalidVolumeSource::Name),
        ] {
            assert_eq!(uri.parse::<VolumeSource>(), Err(error), "{uri}");
        }
    }
}
