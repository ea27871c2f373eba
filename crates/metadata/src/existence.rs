//! Which ids name something.

use crate::columns::one;
use crate::{Metadata, MetadataError};
use imprint_api::ResourceKind;

/// Ids that one statement asks for.
const AT_ONCE: usize = 200;

fn table(kind: ResourceKind) -> Option<&'static str> {
    match kind {
        ResourceKind::Zone => Some("zone"),
        ResourceKind::BackupStorage => Some("backup_storage"),
        ResourceKind::PrimaryStorage => Some("primary_storage"),
        ResourceKind::Volume => Some("volume"),
        ResourceKind::VolumeBackup => Some("volume_backup"),
        ResourceKind::Image => Some("image"),
        ResourceKind::TagPattern => Some("tag_pattern"),
        // There are none.
        ResourceKind::DiskOffering => None,
    }
}

impl Metadata {
    /// The indices of the ids that name no row of their kind, in one statement for up to 200 of them.
    pub async fn missing(&self, ids: &[(ResourceKind, &str)]) -> Result<Vec<usize>, MetadataError> {
        let mut missing = Vec::new();
        for (chunk_index, chunk) in ids.chunks(AT_ONCE).enumerate() {
            let (mut parts, mut values) = (Vec::new(), Vec::new());
            for (index, (kind, id)) in chunk.iter().enumerate() {
                // PostgreSQL has no text with NUL; no id holds one.
                let Some(table) = table(*kind).filter(|_| !id.contains('\0')) else {
                    missing.push(chunk_index * AT_ONCE + index);
                    continue;
                };
                values.push((*id).into());
                let nth = values.len();
                parts.push(format!("EXISTS (SELECT 1 FROM {table} WHERE uuid = ${nth}) AS e{index}"));
            }
            if parts.is_empty() {
                continue;
            }
            let sql = format!("SELECT {}", parts.join(", "));
            let Some(row) = one(self.reader(), &sql, values).await? else { continue };
            for index in 0..chunk.len() {
                let column = format!("e{index}");
                if parts.iter().any(|part| part.ends_with(&format!(" {column}"))) && !row.flag(&column)? {
                    missing.push(chunk_index * AT_ONCE + index);
                }
            }
        }
        missing.sort_unstable();
        Ok(missing)
    }
}
