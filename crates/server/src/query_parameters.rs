//! The query string of a query (protocol: conditions, limits, order).

use crate::refusal::{FrontRefusal, shown};
use imprint_api::{QueryCondition, QueryDescription, QueryOperator};
use imprint_service::{QueryRequest, ServiceError};

/// Rows at most, unless the client says otherwise.
const DEFAULT_LIMIT: u64 = 1000;

/// Why a query is not asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QueryRefusal {
    /// It cannot be read.
    #[error(transparent)]
    Front(#[from] FrontRefusal),
    /// A number is out of its range.
    #[error(transparent)]
    Api(#[from] ServiceError),
}

/// The query for the one resource of this uuid; of what is shared, for all shares of that resource.
pub(crate) fn one(uuid: &str) -> QueryRequest {
    QueryRequest {
        conditions: vec![("uuid".to_owned(), QueryOperator::Equal, uuid.to_owned())],
        limit: DEFAULT_LIMIT,
        ..QueryRequest::default()
    }
}

/// Reads the query string. Of a repeated parameter the first counts, `q` excepted; unknown ones are ignored.
pub(crate) fn parse(query_string: &str) -> Result<QueryRequest, QueryRefusal> {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query_string.as_bytes())
        .map(|(name, value)| (name.trim().to_owned(), value.into_owned()))
        .collect();
    let first = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
    let is_true = |name: &str| first(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let mut conditions = Vec::new();
    for (_, text) in pairs.iter().filter(|(name, _)| name == "q") {
        let parsed = QueryCondition::parse(text).map_err(|error| FrontRefusal::bad_request(error.to_string()))?;
        let condition = (parsed.field, parsed.operator, parsed.value);
        if !conditions.contains(&condition) {
            conditions.push(condition);
        }
    }
    let fields = first("fields").map(|list| {
        list.split(',').map(str::trim).filter(|field| !field.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    });
    Ok(QueryRequest {
        conditions,
        filter: None,
        limit: count("limit", first("limit"), DEFAULT_LIMIT)?,
        start: count("start", first("start"), 0)?,
        count: is_true("count"),
        reply_with_count: is_true("replyWithCount"),
        sort: first("sort").and_then(sort),
        fields: fields.filter(|fields| !fields.is_empty()),
    })
}

fn count(name: &'static str, value: Option<&str>, default: u64) -> Result<u64, QueryRefusal> {
    let Some(value) = value else { return Ok(default) };
    let number: i64 = value
        .parse()
        .map_err(|_| FrontRefusal::bad_request(format!("'{name}' must be a whole number, not '{}'", shown(value))))?;
    u64::try_from(number).map_err(|_| {
        let reason = "must not be negative".to_owned();
        ServiceError::InvalidArgument { field: name, value: value.to_owned(), reason }.into()
    })
}

/// A raw `+` in a URL is a blank, which has been trimmed by now: no sign means ascending too.
fn sort(value: &str) -> Option<(String, bool)> {
    let (field, descending) = match value.strip_prefix('-') {
        Some(field) => (field, true),
        None => (value.strip_prefix('+').unwrap_or(value), false),
    };
    let field = field.trim();
    (!field.is_empty()).then(|| (field.to_owned(), descending))
}

/// The collection that is meant: a condition on `type` turns to the collection whose rows have more fields.
pub(crate) fn collection(query: &'static QueryDescription, request: &QueryRequest) -> &'static QueryDescription {
    let types =
        request.conditions.iter().filter(|(field, operator, _)| field == "type" && *operator == QueryOperator::Equal);
    types.fold(query, |query, (_, _, value)| query.of_type(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, proptest};

    fn status(query_string: &str) -> u16 {
        match parse(query_string) {
            Ok(_) => 200,
            Err(QueryRefusal::Front(refusal)) => refusal.status.as_u16(),
            Err(QueryRefusal::Api(_)) => 503,
        }
    }

    #[test]
    fn without_parameters_a_thousand_rows_are_wanted() {
        let expected = QueryRequest { limit: 1000, ..QueryRequest::default() };
        assert_eq!(parse("").unwrap(), expected);
        assert_eq!(parse("groupBy=x&sortDirection=asc&unknown").unwrap(), expected);
    }

    #[test]
    fn all_parameters_are_read() {
        let request = parse(
            "q=name%3Ddeb12&q=size>5&q=name=deb12&limit=+2+&limit=9&start=1&count=TRUE&replyWithCount=true\
             &sort=-createDate&fields=uuid,+name,",
        )
        .unwrap();
        assert_eq!(request.conditions.len(), 2);
        assert_eq!(request.conditions[0], ("name".to_owned(), QueryOperator::Equal, "deb12".to_owned()));
        assert_eq!((request.limit, request.start, request.count, request.reply_with_count), (2, 1, true, true));
        assert_eq!(request.sort, Some(("createDate".to_owned(), true)));
        assert_eq!(request.fields, Some(vec!["uuid".to_owned(), "name".to_owned()]));
    }

    #[test]
    fn a_plus_before_the_field_of_sort_means_ascending_encoded_or_not() {
        for text in ["sort=+name", "sort=%2Bname", "sort=name"] {
            assert_eq!(parse(text).unwrap().sort, Some(("name".to_owned(), false)), "{text}");
        }
        assert_eq!(parse("sort=").unwrap().sort, None);
    }

    #[test]
    fn numbers_must_be_whole_and_not_negative() {
        for text in ["limit=x", "limit=", "limit=1.5", "start=y", "q=deb12", "q=", "q==x"] {
            assert_eq!(status(text), 400, "{text}");
        }
        assert_eq!(status("limit=-1"), 503);
        assert_eq!(status("start=-1"), 503);
        assert_eq!(parse("limit=0").unwrap().limit, 0);
    }

    #[test]
    fn a_condition_on_the_type_turns_to_the_collection_of_that_type() {
        let named = |name| imprint_api::queries().iter().find(|query| query.name == name).unwrap();
        let of_type = |text: &str| collection(named("QueryBackupStorage"), &parse(text).unwrap()).name;
        assert_eq!(of_type("q=type=ImageStoreBackupStorage"), "QueryImageStoreBackupStorage");
        assert_eq!(of_type("q=type!=ImageStoreBackupStorage"), "QueryBackupStorage");
        assert_eq!(of_type("q=type=Ceph"), "QueryBackupStorage");
    }

    proptest! {
        #[test]
        fn any_query_string_is_read_or_refused(text in any::<String>()) {
            drop(parse(&text));
        }
    }
}
