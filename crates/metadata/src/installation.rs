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
                    // Of two servers that start at once, one inserts and both read what it inserted.
                    let sql = "INSERT INTO installation (id, uuid, created) VALUES (1, $1, $2) \
                               ON CONFLICT (id) DO NOTHING";
                    execute(transaction, sql, vec![text(proposed), now.into()]).await?;
                    let row = one(transaction, "SELECT uuid FROM installation WHERE id = 1", vec![]).await?;
                    row.map_or(Ok(proposed), |row| row.parsed("uuid"))
                })
            })
            .await
    }
}
