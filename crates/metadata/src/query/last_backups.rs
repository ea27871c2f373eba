//! When volumes were last backed up. Each volume that is looked at costs a look into the index of backups by volume and time,
//! however many backups there are; to find those that have gone longest, all ready volumes are looked at.

use super::parameters::Parameters;
use super::shapes::Seen;
use crate::columns::{Columns, all};
use crate::{Metadata, MetadataError, Scope};
use imprint_domain::{AccountUuid, Timestamp, VolumeBackupUuid, VolumeUuid};
use sea_orm::DbBackend;

/// A volume, and the newest of its ready backups that is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastBackup {
    /// The volume.
    pub volume: VolumeUuid,
    /// Its name.
    pub name: String,
    /// Whose it is. Who sees a volume of somebody else need not see its backups.
    pub owner: AccountUuid,
    /// The backup, and when it was begun; `None` when none is seen.
    pub backup: Option<(VolumeBackupUuid, Timestamp)>,
}

impl LastBackup {
    fn read(row: &Columns) -> Result<Self, MetadataError> {
        let backup: Option<VolumeBackupUuid> = row.optional_parsed("backup_uuid")?;
        Ok(Self {
            volume: row.parsed("uuid")?,
            name: row.text("name")?,
            owner: row.parsed("account_uuid")?,
            backup: backup.zip(row.optional_time("begun")?),
        })
    }
}

const OWNED: Seen = Seen::ByOwner("account_uuid");

impl Metadata {
    /// The last backups of those of these volumes that are seen.
    pub async fn last_backups(&self, volumes: &[VolumeUuid], scope: Scope) -> Result<Vec<LastBackup>, MetadataError> {
        let mut parameters = Parameters::new(self.reader().get_database_backend(), scope);
        let ids: Vec<_> = volumes.iter().map(|uuid| parameters.push_own(uuid.to_string())).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let seen = parameters.seen("v", OWNED).map(|seen| format!(" AND {seen}")).unwrap_or_default();
        let rest = format!("WHERE v.uuid IN ({}){seen}", ids.join(", "));
        self.find_last(parameters, &rest).await
    }

    /// So many of the ready volumes that have gone longest without a backup, those first that have none. Of an account only
    /// its own: nobody else takes backups of them.
    pub async fn longest_without_backup(&self, limit: u64, scope: Scope) -> Result<Vec<LastBackup>, MetadataError> {
        let mut parameters = Parameters::new(self.reader().get_database_backend(), scope);
        let own = match scope {
            Scope::Administrator => String::new(),
            Scope::Account(account) => format!(" AND v.account_uuid = {}", parameters.push_own(account.to_string())),
        };
        let limit = parameters.push_own(super::clamped(limit));
        let rest = format!(
            "WHERE v.status = 'Ready'{own} \
             ORDER BY CASE WHEN b.created IS NULL THEN 0 ELSE 1 END, b.created, v.created, v.uuid LIMIT {limit}"
        );
        self.find_last(parameters, &rest).await
    }

    async fn find_last(&self, mut parameters: Parameters, rest: &str) -> Result<Vec<LastBackup>, MetadataError> {
        let seen = parameters.seen("x", OWNED).map(|seen| format!(" AND {seen}")).unwrap_or_default();
        let newest = format!(
            "FROM volume_backup x WHERE x.volume_uuid = v.uuid AND x.status = 'Ready'{seen} ORDER BY x.created DESC LIMIT 1"
        );
        // PostgreSQL would read all backups for the other one, and SQLite does not know LATERAL.
        let joined = if self.reader().get_database_backend() == DbBackend::Postgres {
            format!("LEFT JOIN LATERAL (SELECT x.uuid, x.created {newest}) b ON true")
        } else {
            format!("LEFT JOIN volume_backup b ON b.uuid = (SELECT x.uuid {newest})")
        };
        let sql = format!(
            "SELECT v.uuid, v.name, v.account_uuid, b.uuid AS backup_uuid, b.created AS begun FROM volume v {joined} {rest}"
        );
        all(self.reader(), &sql, parameters.values()).await?.iter().map(LastBackup::read).collect()
    }
}
