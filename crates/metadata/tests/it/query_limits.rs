//! Queries that no database takes, and that are refused by name.

use crate::queries::query;
use crate::rows::World;
use imprint_metadata::{QueryError, Scope};

on_both! {
    async fn wrong_fields_and_values_are_named(db: &TestDb) {
        World::create(db).await;
        let find = async |condition: &str| db.metadata.query_volumes(&query(&[condition]), Scope::Administrator).await;
        let unknown = find("install_path = x").await;
        assert!(matches!(&unknown, Err(QueryError::UnknownField { inventory: "VolumeInventory", field }) if field == "install_path"));
        assert!(matches!(find("primaryStorage.none = x").await, Err(QueryError::UnknownField { .. })));
        assert!(matches!(find("uuid' OR '1 = x").await, Err(QueryError::UnknownField { .. })));
        for (condition, kind) in [
            ("size = many", "number"),
            ("size ?= 1,,2", "number"),
            ("size > 99999999999999999999", "number"),
            ("isShareable = 1", "boolean"),
            ("createDate > yesterday", "date"),
            ("name = a\0b", "text without NUL"),
            ("name ~= a\0b", "text without NUL"),
        ] {
            let refused = find(condition).await;
            assert!(matches!(&refused, Err(QueryError::WrongValue { expected, .. }) if *expected == kind), "{refused:?}");
        }
        let mut sorted = query(&[]);
        sorted.sort = Some(("none".to_owned(), false));
        (sorted.rows, sorted.total) = (false, true);
        let refused = db.metadata.query_volumes(&sorted, Scope::Administrator).await;
        assert!(matches!(refused, Err(QueryError::UnknownField { .. })));
    }

    async fn what_no_database_takes_is_refused_and_what_is_just_below_is_answered(db: &TestDb) {
        World::create(db).await;
        let find = async |conditions: &[&str]| db.metadata.query_volumes(&query(conditions), Scope::Administrator).await;
        assert_eq!(find(&["primaryStorage.name ~= vol%"; 100]).await.unwrap().rows.len(), 1);
        let refused = find(&["name = disk"; 101]).await;
        assert!(matches!(refused, Err(QueryError::TooLarge { what: "conditions", limit: 100 })));

        let pattern = |length: usize| format!("name ~= {}%", "*".repeat(length - 1));
        assert_eq!(find(&[&pattern(4096), &pattern(4096).replace("name", "uuid")]).await.unwrap().rows.len(), 0);
        assert_eq!(find(&[&format!("name ~= {}", "%".repeat(4096))]).await.unwrap().rows.len(), 1);
        let bombs = format!("uuid ~= {}", "\u{1F4A3}".repeat(4096));
        assert_eq!(find(&[&bombs]).await.unwrap().rows.len(), 0);
        assert!(matches!(find(&[&pattern(4097)]).await, Err(QueryError::TooLarge { limit: 4096, .. })));

        let list = |length: usize| format!("name ?= disk{}", ",x".repeat(length - 1));
        assert_eq!(find(&[&list(10_000)]).await.unwrap().rows.len(), 1);
        assert!(matches!(find(&[&list(10_001)]).await, Err(QueryError::TooLarge { limit: 10_000, .. })));
        assert!(matches!(find(&[&list(6000), &list(6000)]).await, Err(QueryError::TooLarge { .. })));
    }
}
