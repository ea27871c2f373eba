//! Queries as the front parses them; what they mean is decided in `metadata`.

/// Which rows of a resource a client wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryRequest {
    /// Conditions, all of which must hold: field, operator and value as written, split by protocol.md 7.2.
    pub conditions: Vec<(String, imprint_api::QueryOperator, String)>,
    /// At most so many rows.
    pub limit: u64,
    /// Skip so many rows.
    pub start: u64,
    /// Only count.
    pub count: bool,
    /// Rows and the number of all matches.
    pub reply_with_count: bool,
    /// Field to sort by, and whether descending.
    pub sort: Option<(String, bool)>,
    /// Only these fields of each row.
    pub fields: Option<Vec<String>>,
}

/// What a query found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryReply {
    /// The rows as clients see them; absent when only counted.
    pub inventories: Option<Vec<serde_json::Value>>,
    /// Number of all matches, when asked for.
    pub total: Option<u64>,
}
