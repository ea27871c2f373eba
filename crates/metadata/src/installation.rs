//! The id of the installation, for servers that share one database.

use crate::columns::{execute, one, text};
use crate::{Metadata, MetadataError};
use imprint_domain::InstallationUuid;

impl Metadata {
    /// The installation's id: `proposed` when none was kept before.
    pub async fn installation(&self, proposed: InstallationUuid) -> Result<InstallationUuid, MetadataError> {
        let now = self.now().0;
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "SELECT uuid FROM installation ORDER BY created, uuid LIMIT 1";
                    if let Some(row) = one(transaction, sql, vec![]).await? {
                        return row.parsed("uuid");
                    }
                    let sql = "INSERT INTO installation (uuid, created) VALUES ($1, $2)";
                    execute(transaction, sql, vec![text(proposed), now.into()]).await?;
                    Ok(proposed)
                })
            })
            .await
    }
}
