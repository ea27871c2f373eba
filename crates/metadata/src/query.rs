//! Queries of clients, as SQL. Nothing is filtered in memory.
//!
//! What may be asked for is declared in `query/shapes.rs`: a wire name, its column and its type. Everything else is
//! generic. Strings are compared without regard to case, ids with it.

mod condition;
mod last_backups;
mod parameters;
mod shapes;

use crate::columns::{Columns, all, one};
use crate::{
    AccessKeyRow, AccountRow, BackupStorageRow, ImageRow, LongJobRow, ManagementNodeRow, Metadata, MetadataError,
    PrimaryStorageRow, QuotaRow, Scope, ShareRow, TagPatternRow, TagRow, VolumeBackupRow, VolumeRow, ZoneRow,
};
pub use last_backups::LastBackup;

use condition::Clauses;
use imprint_api::{Filter, QueryCondition, ReplyZone};
use parameters::Parameters;
use sea_orm::DatabaseConnection;
use shapes::Shape;

/// Conditions of one query at most: SQLite's expressions are at most 1000 deep, and each may be a subquery.
const CONDITIONS: usize = 100;

/// The key of all tables but one.
const ONE_KEY: &str = "t.uuid";

/// So many rows are sorted faster than they are looked for in the order of an index among very many.
const FEW: u64 = 1000;

/// What a client asks for.
#[derive(Clone, Debug)]
pub struct Query {
    /// All of which must hold.
    pub conditions: Vec<QueryCondition>,
    /// What else must hold.
    pub filter: Option<Filter>,
    /// A field to sort by, and whether descending; by creation when absent.
    pub sort: Option<(String, bool)>,
    /// Rows at most.
    pub limit: u64,
    /// Rows to skip.
    pub start: u64,
    /// Whether rows are wanted.
    pub rows: bool,
    /// Whether the number of all matches is wanted.
    pub total: bool,
    /// The zone that dates in conditions are in.
    pub zone: ReplyZone,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page<R> {
    /// The rows, if they were wanted.
    pub rows: Vec<R>,
    /// The number of all matches, if it was wanted.
    pub total: Option<u64>,
}

/// Why a query cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The inventory has no such field.
    #[error("{inventory} has no field '{field}'")]
    UnknownField {
        /// The inventory's class.
        inventory: &'static str,
        /// What was asked for.
        field: String,
    },
    /// A value is not of its field's type.
    #[error("field '{field}' of {inventory} is a {expected}, not '{value}'")]
    WrongValue {
        /// The inventory's class.
        inventory: &'static str,
        /// The field.
        field: String,
        /// What it holds.
        expected: &'static str,
        /// What was sent.
        value: String,
    },
    /// More is asked for than a database takes at once.
    #[error("more than {limit} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        limit: usize,
    },
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<sea_orm::DbErr> for QueryError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Metadata(error.into())
    }
}

/// A row type that clients query.
trait Row: Sized + Send {
    const SHAPE: &'static Shape;
    const COLUMNS: &'static str;
    fn read(row: &Columns) -> Result<Self, MetadataError>;
    /// Fills in what lies in other tables.
    fn attach(db: &DatabaseConnection, rows: &mut [Self]) -> impl Future<Output = Result<(), MetadataError>> + Send;
}

macro_rules! rows {
    ($($row:ident, $shape:ident, $method:ident, $doc:literal, attach: $attach:tt;)+) => {
        $(impl Row for $row {
            const SHAPE: &'static Shape = &shapes::$shape;
            const COLUMNS: &'static str = $row::COLUMNS;
            fn read(row: &Columns) -> Result<Self, MetadataError> {
                $row::read(row)
            }
            async fn attach(db: &DatabaseConnection, rows: &mut [Self]) -> Result<(), MetadataError> {
                rows!(@attach $attach, $row, db, rows)
            }
        })+

        impl Metadata {
            $(#[doc = $doc]
            pub async fn $method(&self, query: &Query, scope: Scope) -> Result<Page<$row>, QueryError> {
                run(self.reader(), query, scope).await
            })+
        }
    };
    (@attach yes, $row:ident, $db:ident, $rows:ident) => { $row::attach($db, $rows).await };
    (@attach no, $row:ident, $db:ident, $rows:ident) => {{ let _ = ($db, $rows); Ok(()) }};
}

rows! {
    ZoneRow, ZONE, query_zones, "Zones that match.", attach: no;
    BackupStorageRow, BACKUP_STORAGE, query_backup_storages, "Backup storages that match.", attach: yes;
    PrimaryStorageRow, PRIMARY_STORAGE, query_primary_storages, "Primary storages that match.", attach: no;
    VolumeRow, VOLUME, query_volumes, "Volumes that match and are seen.", attach: no;
    VolumeBackupRow, VOLUME_BACKUP, query_volume_backups, "Volume backups that match and are seen.", attach: yes;
    AccountRow, ACCOUNT, query_accounts, "Accounts that match and are seen.", attach: no;
    QuotaRow, QUOTA, query_quotas, "Quotas that match and are seen.", attach: no;
    ShareRow, SHARE, query_shares, "What is shared, where it matches and is seen.", attach: no;
    TagPatternRow, TAG_PATTERN, query_tag_patterns, "Tag patterns that match and are seen.", attach: no;
    LongJobRow, LONG_JOB, query_long_jobs, "Long jobs that match and are seen.", attach: no;
    ManagementNodeRow, MANAGEMENT_NODE, query_management_nodes, "Servers that match.", attach: no;
    AccessKeyRow, ACCESS_KEY, query_access_keys, "Access keys that match and are seen.", attach: no;
    ImageRow, IMAGE, query_images, "Images that match and are seen.", attach: yes;
}

/// A user tag, with the pattern that it was made of.
struct UserTag(TagRow);

/// A system tag.
struct SystemTag(TagRow);

impl Row for UserTag {
    const SHAPE: &'static Shape = &shapes::USER_TAG;
    const COLUMNS: &'static str = TagRow::COLUMNS;
    fn read(row: &Columns) -> Result<Self, MetadataError> {
        TagRow::read(row).map(Self)
    }
    async fn attach(db: &DatabaseConnection, rows: &mut [Self]) -> Result<(), MetadataError> {
        let mut tags: Vec<_> = rows.iter().map(|row| row.0.clone()).collect();
        TagRow::attach(db, &mut tags).await?;
        rows.iter_mut().zip(tags).for_each(|(row, tag)| row.0 = tag);
        Ok(())
    }
}

impl Row for SystemTag {
    const SHAPE: &'static Shape = &shapes::SYSTEM_TAG;
    const COLUMNS: &'static str = TagRow::COLUMNS;
    fn read(row: &Columns) -> Result<Self, MetadataError> {
        TagRow::read(row).map(Self)
    }
    async fn attach(_: &DatabaseConnection, _: &mut [Self]) -> Result<(), MetadataError> {
        Ok(())
    }
}

impl Metadata {
    /// User tags that match, of resources that are seen.
    pub async fn query_user_tags(&self, query: &Query, scope: Scope) -> Result<Page<TagRow>, QueryError> {
        let page: Page<UserTag> = run(self.reader(), query, scope).await?;
        Ok(Page { rows: page.rows.into_iter().map(|row| row.0).collect(), total: page.total })
    }

    /// System tags that match, of resources that are seen.
    pub async fn query_system_tags(&self, query: &Query, scope: Scope) -> Result<Page<TagRow>, QueryError> {
        let page: Page<SystemTag> = run(self.reader(), query, scope).await?;
        Ok(Page { rows: page.rows.into_iter().map(|row| row.0).collect(), total: page.total })
    }
}

async fn run<R: Row>(db: &DatabaseConnection, query: &Query, scope: Scope) -> Result<Page<R>, QueryError> {
    let shape = R::SHAPE;
    let filtered = query.filter.as_ref().map_or(0, Filter::len);
    if query.conditions.len().saturating_add(filtered) > CONDITIONS {
        return Err(QueryError::TooLarge { what: "conditions", limit: CONDITIONS });
    }
    let mut parameters = Parameters::new(sea_orm::ConnectionTrait::get_database_backend(db), scope);
    let mut clauses = Vec::new();
    clauses.extend(parameters.seen("t", shape.seen));
    for condition in &query.conditions {
        clauses.push(Clauses { shape, zone: &query.zone, parameters: &mut parameters }.of(condition)?);
    }
    if let Some(filter) = &query.filter {
        clauses.push(joined(filter, shape, &query.zone, &mut parameters)?);
    }
    let filter = if clauses.is_empty() { String::new() } else { format!(" WHERE {}", clauses.join(" AND ")) };
    let total = if query.total {
        let sql = format!("SELECT count(*) AS n FROM {} t{filter}", shape.table);
        one(db, &sql, parameters.values()).await?.map(|row| row.count("n")).transpose()?
    } else {
        None
    };
    let order = order(shape, query.sort.as_ref(), &parameters, total.is_some_and(|total| total <= FEW))?;
    if !query.rows || query.limit == 0 || total.is_some_and(|total| total <= query.start) {
        return Ok(Page { rows: Vec::new(), total });
    }
    let (limit, start) = (clamped(query.limit), clamped(query.start));
    let limit = format!(" LIMIT {} OFFSET {}", parameters.push_own(limit), parameters.push_own(start));
    let sql = if query.start == 0 || shape.key != ONE_KEY {
        format!("SELECT {} FROM {} t{filter}{order}{limit}", R::COLUMNS, shape.table)
    } else {
        // What is skipped is found in an index, and only what is shown is read.
        let page = format!("SELECT {ONE_KEY} FROM {} t{filter}{order}{limit}", shape.table);
        format!("SELECT {} FROM {} t WHERE {ONE_KEY} IN ({page}){order}", R::COLUMNS, shape.table)
    };
    let rows = all(db, &sql, parameters.values()).await?;
    let mut rows = rows.iter().map(R::read).collect::<Result<Vec<_>, _>>()?;
    // So many parameters each statement takes on both databases.
    for chunk in rows.chunks_mut(1000) {
        R::attach(db, chunk).await?;
    }
    Ok(Page { rows, total })
}

/// Conditions that are joined, as one clause.
fn joined(
    filter: &Filter,
    shape: &'static Shape,
    zone: &ReplyZone,
    parameters: &mut Parameters,
) -> Result<String, QueryError> {
    let (parts, word) = match filter {
        Filter::Is(condition) => return Clauses { shape, zone, parameters }.of(condition),
        Filter::All(parts) => (parts, " AND "),
        Filter::Any(parts) => (parts, " OR "),
    };
    let clauses: Result<Vec<_>, _> = parts.iter().map(|part| joined(part, shape, zone, parameters)).collect();
    Ok(format!("({})", clauses?.join(word)))
}

fn clamped(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The order of the rows, of which there are only a few, or perhaps many.
fn order(
    shape: &Shape,
    sort: Option<&(String, bool)>,
    parameters: &Parameters,
    few: bool,
) -> Result<String, QueryError> {
    // SQLite would go through the index of what it sorts by until it has found them; a sign keeps it from that.
    let plain = if few && !parameters.is_postgres() { "+" } else { "" };
    let Some((name, descending)) = sort else { return Ok(format!(" ORDER BY {plain}t.created, {}", shape.key)) };
    let field = shape.field(name).ok_or_else(|| unknown(shape, name))?;
    // What is not known stands first in both databases' ascending order.
    let direction = match (descending, parameters.is_postgres()) {
        (false, false) => "ASC",
        (true, false) => "DESC",
        (false, true) => "ASC NULLS FIRST",
        (true, true) => "DESC NULLS LAST",
    };
    let column = parameters.ordered(&field.value("t"), field.kind);
    Ok(format!(" ORDER BY {plain}{column} {direction}, {}", shape.key))
}

fn unknown(shape: &Shape, field: &str) -> QueryError {
    QueryError::UnknownField { inventory: shape.inventory, field: field.chars().take(128).collect() }
}
