use super::*;
use crate::columns::{all, execute, one};
use imprint_test_support::temp_dir;
use sea_orm::sqlx::error::{DatabaseError, ErrorKind};
use std::borrow::Cow;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// An error as SQLite's driver reports it.
#[derive(Debug, thiserror::Error)]
#[error("code {0}")]
struct Code(&'static str);

impl DatabaseError for Code {
    fn message(&self) -> &str {
        self.0
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.0))
    }

    fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

fn error(code: &'static str) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(sea_orm::sqlx::Error::Database(Box::new(Code(code))))))
}

/// A queue before a file with one table, and a way to read it.
struct Written {
    queue: Arc<Queue>,
    reader: DatabaseConnection,
    _directory: TempDir,
}

impl Written {
    async fn new() -> Self {
        let directory = temp_dir();
        let mut options = ConnectOptions::new(format!("sqlite://{}/a.db?mode=rwc", directory.path().display()));
        options.max_connections(1).sqlx_logging(false).map_sqlx_sqlite_opts(|options| {
            options
                .journal_mode(sea_orm::sqlx::sqlite::SqliteJournalMode::Wal)
                .busy_timeout(std::time::Duration::from_millis(1))
        });
        let connection = Database::connect(options.clone()).await.unwrap();
        execute(&connection, "CREATE TABLE t (x TEXT UNIQUE)", vec![]).await.unwrap();
        let reader = Database::connect(options.clone()).await.unwrap();
        Self { queue: Arc::new(Queue::start(connection, options)), reader, _directory: directory }
    }

    /// Keeps the writer in a change until the answer is dropped or sent, so that what comes next waits together.
    async fn hold(&self) -> oneshot::Sender<()> {
        let (release, released) = oneshot::channel::<()>();
        let (started, running) = oneshot::channel();
        let queue = Arc::clone(&self.queue);
        tokio::spawn(async move {
            queue
                .run::<(), MetadataError, _>(move |_| {
                    Box::pin(async move {
                        let _ = started.send(());
                        let _ = released.await;
                        Ok(())
                    })
                })
                .await
        });
        running.await.unwrap();
        release
    }

    /// Queues inserts, in order, behind a change that is held; answers how each ended.
    async fn insert_together(&self, texts: Vec<String>) -> Vec<Result<(), MetadataError>> {
        let release = self.hold().await;
        let mut inserts = JoinSet::new();
        for (nth, text) in texts.into_iter().enumerate() {
            let queue = Arc::clone(&self.queue);
            inserts.spawn(async move { (nth, insert(&queue, text).await) });
            // Each is in the queue before the next is.
            while self.queue.changes.capacity() > WAITING - nth - 1 {
                tokio::task::yield_now().await;
            }
        }
        release.send(()).unwrap();
        let mut ended = inserts.join_all().await;
        ended.sort_by_key(|(nth, _)| *nth);
        ended.into_iter().map(|(_, result)| result).collect()
    }

    async fn texts(&self) -> Vec<String> {
        let rows = all(&self.reader, "SELECT x FROM t ORDER BY x", vec![]).await.unwrap();
        rows.iter().map(|row| row.text("x").unwrap()).collect()
    }
}

async fn insert(queue: &Queue, text: String) -> Result<(), MetadataError> {
    queue
        .run(move |transaction| {
            Box::pin(async move {
                if text == "reason" {
                    return Err(MetadataError::NotText);
                }
                execute(transaction, "INSERT INTO t VALUES ($1)", vec![text.clone().into()]).await?;
                match text.as_str() {
                    "late reason" => Err(MetadataError::NotText),
                    "broken" => Err(error("1034").into()),
                    _ => Ok(()),
                }
            })
        })
        .await
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn a_change_that_fails_takes_only_itself_back() {
    let written = Written::new().await;
    let all = texts(&["a", "reason", "b", "late reason", "a", "reason", "c"]);
    let ended = written.insert_together(all).await;
    let made: Vec<_> = ended.iter().map(Result::is_ok).collect();
    assert_eq!(made, [true, false, true, false, false, false, true]);
    assert_eq!(written.texts().await, ["a", "b", "c"]);
    // The same when the first of a batch is the one that fails.
    assert!(insert(&written.queue, "late reason".to_owned()).await.is_err());
    insert(&written.queue, "d".to_owned()).await.unwrap();
    assert_eq!(written.texts().await, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn rows_are_counted_right_behind_a_savepoint() {
    let written = Written::new().await;
    let release = written.hold().await;
    let mut counts = JoinSet::new();
    for text in ["a", "b", "c"] {
        let queue = Arc::clone(&written.queue);
        counts.spawn(async move {
            queue
                .run::<_, MetadataError, _>(move |transaction| {
                    Box::pin(async move {
                        let sql = "UPDATE t SET x = x WHERE x = $1";
                        let before = execute(transaction, sql, vec![text.into()]).await?.rows_affected();
                        let sql = "INSERT INTO t VALUES ($1) RETURNING x";
                        let row = one(transaction, sql, vec![text.into()]).await?;
                        Ok((before, row.is_some()))
                    })
                })
                .await
                .unwrap()
        });
    }
    while written.queue.changes.capacity() > WAITING - 3 {
        tokio::task::yield_now().await;
    }
    release.send(()).unwrap();
    assert_eq!(counts.join_all().await, [(0, true); 3]);
}

#[tokio::test]
async fn a_full_disk_fails_what_shared_the_transaction_and_the_next_change_is_made() {
    let written = Written::new().await;
    written
        .queue
        .run::<_, MetadataError, _>(|transaction| {
            Box::pin(async move {
                // The file may not grow: what a full disk does to SQLite.
                execute(transaction, "PRAGMA max_page_count = 1", vec![]).await?;
                Ok(())
            })
        })
        .await
        .unwrap();
    let ended = written.insert_together(vec!["a".to_owned(), "x".repeat(1 << 20), "b".to_owned()]).await;
    for result in ended.iter().take(2) {
        assert!(matches!(result, Err(MetadataError::Database(error)) if sqlite_code(error) == Some(code::FULL)));
    }
    insert(&written.queue, "c".to_owned()).await.unwrap();
    let kept = written.texts().await;
    assert_eq!(kept.contains(&"b".to_owned()), ended[2].is_ok());
    assert!(kept.contains(&"c".to_owned()) && !kept.contains(&"a".to_owned()));
}

#[tokio::test]
async fn another_process_that_writes_too_long_fails_a_batch_and_no_more() {
    let written = Written::new().await;
    execute(&written.reader, "BEGIN IMMEDIATE", vec![]).await.unwrap();
    let refused = insert(&written.queue, "a".to_owned()).await;
    assert!(matches!(&refused, Err(MetadataError::Database(error)) if sqlite_code(error) == Some(code::BUSY)));
    execute(&written.reader, "ROLLBACK", vec![]).await.unwrap();
    insert(&written.queue, "b".to_owned()).await.unwrap();
    assert_eq!(written.texts().await, ["b"]);
}

#[tokio::test]
async fn an_io_error_fails_the_batch_and_ends_the_writer_with_its_reason() {
    let written = Written::new().await;
    let ended = written.insert_together(texts(&["a", "broken", "b"])).await;
    assert!(matches!(&ended[0], Err(MetadataError::Database(error)) if is_fatal(error)), "{:?}", ended[0]);
    assert!(matches!(&ended[1], Err(MetadataError::Database(error)) if is_fatal(error)), "{:?}", ended[1]);
    assert!(ended[2].is_err());
    match insert(&written.queue, "c".to_owned()).await {
        Err(MetadataError::Closed { reason }) => assert!(reason.contains("1034"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert!(written.texts().await.is_empty());
}

#[test]
fn a_lost_transaction_is_told_apart_from_a_failed_change() {
    let failed = |cause: Option<DbErr>| Failed { cause };
    assert!(taken_back(failed(None), Ok(())).is_ok());
    assert!(taken_back(failed(Some(error("2067"))), Ok(())).is_ok());
    let lost = taken_back(failed(Some(error("13"))), Err(error("1"))).unwrap_err();
    assert_eq!(sqlite_code(&lost), Some(code::FULL), "the cause says more");
    assert_eq!(sqlite_code(&taken_back(failed(None), Err(error("1"))).unwrap_err()), Some(1));
    assert!(is_fatal(&taken_back(failed(Some(error("1034"))), Ok(())).unwrap_err()));
    assert!(!Lost::outside_commit(error("5")).fatal && Lost::outside_commit(error("11")).fatal);
}
