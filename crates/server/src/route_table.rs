//! From method and path to what is meant. Our own table, because many actions share one path and are told apart by a key
//! of the body, and because an exact path wins over one with variables.

use crate::refusal::FrontRefusal;
use hyper::Method;
use imprint_api::{OperationDescription, QueryDescription, operations, queries, variable};
use serde_json::{Map, Value};

/// What a request means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// An operation, by its place in the list of all.
    Operation(&'static OperationDescription),
    /// A query of a collection.
    Query(&'static QueryDescription),
    /// A query of one resource, whose uuid ends the path.
    QueryOne(&'static QueryDescription),
}

/// A path and what its methods mean.
#[derive(Debug)]
struct PathEntry {
    segments: Vec<&'static str>,
    get: Option<Target>,
    post: Option<Target>,
    delete: Option<Target>,
    put: Vec<&'static OperationDescription>,
}

/// The table of all routes.
#[derive(Debug)]
pub(crate) struct RouteTable(Vec<PathEntry>);

/// A path that exists.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    entry: &'a PathEntry,
    path: &'a str,
}

impl RouteTable {
    /// The table of everything that is declared.
    pub(crate) fn new() -> Self {
        let mut table = Self(Vec::new());
        for query in queries() {
            table.entry(split(query.path).collect()).get = Some(Target::Query(query));
            let one = split(query.path).chain(["{uuid}"]).collect();
            table.entry(one).get = Some(Target::QueryOne(query));
        }
        for operation in operations() {
            let entry = table.entry(split(operation.route.path()).collect());
            let target = Some(Target::Operation(operation));
            match operation.route.method() {
                imprint_api::Method::Get => entry.get = target,
                imprint_api::Method::Post => entry.post = target,
                imprint_api::Method::Delete => entry.delete = target,
                imprint_api::Method::Put => entry.put.push(operation),
            }
        }
        // Paths without variables come first, so that they win.
        table.0.sort_by_key(|entry| entry.segments.iter().any(|it| variable(it).is_some()));
        table
    }

    fn entry(&mut self, segments: Vec<&'static str>) -> &mut PathEntry {
        let same = |entry: &PathEntry| {
            let pairs = || entry.segments.iter().zip(&segments);
            entry.segments.len() == segments.len()
                && pairs().all(|(a, b)| a == b || (variable(a).is_some() && variable(b).is_some()))
        };
        let at = self.0.iter().position(same).unwrap_or_else(|| {
            self.0.push(PathEntry { segments, get: None, post: None, delete: None, put: Vec::new() });
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    /// The entry of a decoded path, which begins after `/v1`.
    pub(crate) fn find<'a>(&'a self, path: &'a str) -> Option<Found<'a>> {
        let rest = path.strip_prefix('/')?;
        let entry = self.0.iter().find(|entry| {
            let mut segments = rest.split('/');
            let all = entry.segments.iter().all(|expected| {
                segments.next().is_some_and(|segment| match variable(expected) {
                    Some(_) => !segment.is_empty(),
                    None => segment == *expected,
                })
            });
            all && segments.next().is_none()
        })?;
        Some(Found { entry, path: rest })
    }
}

fn split(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').skip(1)
}

impl Found<'_> {
    /// What the method means here; among actions, the one whose key the body has.
    pub(crate) fn target(&self, method: &Method, body: Option<&Map<String, Value>>) -> Result<Target, FrontRefusal> {
        let target = match *method {
            Method::GET => self.entry.get,
            Method::POST => self.entry.post,
            Method::DELETE => self.entry.delete,
            Method::PUT if !self.entry.put.is_empty() => return self.action(body),
            _ => None,
        };
        target.ok_or_else(|| FrontRefusal::method_not_allowed(method, self.path, &self.methods()))
    }

    /// The methods that there are.
    fn methods(&self) -> Vec<&'static str> {
        let entry = self.entry;
        let all = [
            ("GET", entry.get.is_some()),
            ("POST", entry.post.is_some()),
            ("PUT", !entry.put.is_empty()),
            ("DELETE", entry.delete.is_some()),
        ];
        all.into_iter().filter(|(_, exists)| *exists).map(|(name, _)| name).collect()
    }

    fn action(&self, body: Option<&Map<String, Value>>) -> Result<Target, FrontRefusal> {
        let is_meant = |operation: &OperationDescription| {
            let key = operation.body_key.as_deref().unwrap_or_default();
            !operation.route.is_chosen_by_key() || body.is_some_and(|body| body.contains_key(key))
        };
        let found = self.entry.put.iter().find(|operation| is_meant(operation));
        found.copied().map(Target::Operation).ok_or_else(|| {
            let keys: Vec<_> = self.entry.put.iter().filter_map(|operation| operation.body_key.as_deref()).collect();
            let path = crate::refusal::shown(self.path);
            FrontRefusal::bad_request(format!(
                "the body has no action for /{path}: expected one of {}",
                keys.join(", ")
            ))
        })
    }

    /// The values of the path's variables, in order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        let pairs = self.entry.segments.iter().zip(self.path.split('/'));
        pairs.filter(|(expected, _)| variable(expected).is_some()).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, proptest};
    use serde_json::json;

    fn name(method: &Method, path: &str, body: &Value) -> String {
        let table = RouteTable::new();
        let Some(found) = table.find(path) else { return "404".to_owned() };
        match found.target(method, body.as_object()) {
            Ok(Target::Operation(operation)) => operation.name.to_owned(),
            Ok(Target::Query(query)) => query.name.to_owned(),
            Ok(Target::QueryOne(query)) => format!("{} one", query.name),
            Err(refusal) => refusal.status.as_u16().to_string(),
        }
    }

    #[test]
    fn an_exact_path_wins_over_one_with_variables() {
        let nothing = json!({});
        assert_eq!(name(&Method::GET, "/backup-storage/image-store", &nothing), "QueryImageStoreBackupStorage");
        assert_eq!(name(&Method::GET, "/backup-storage/capacities", &nothing), "GetBackupStorageCapacity");
        assert_eq!(name(&Method::GET, "/backup-storage/abc", &nothing), "QueryBackupStorage one");
        assert_eq!(name(&Method::POST, "/volumes/data", &nothing), "CreateDataVolume");
        assert_eq!(name(&Method::GET, "/volumes/data", &nothing), "405");
    }

    #[test]
    fn actions_are_chosen_by_the_key_in_the_body() {
        let path = "/images/abc/actions";
        assert_eq!(name(&Method::PUT, path, &json!({"x": 1, "expungeImage": {}})), "ExpungeImage");
        assert_eq!(name(&Method::PUT, path, &json!({"recoverImage": null})), "RecoverImage");
        assert_eq!(name(&Method::PUT, path, &json!({"params": {}})), "400");
        assert_eq!(name(&Method::PUT, path, &Value::Null), "400");
        assert_eq!(name(&Method::PUT, "/accounts/login", &json!({})), "LogInByAccount");
    }

    #[test]
    fn other_methods_are_not_allowed_and_other_paths_do_not_exist() {
        let nothing = json!({});
        for method in [Method::HEAD, Method::PATCH, Method::OPTIONS, Method::TRACE, Method::POST] {
            assert_eq!(name(&method, "/volume-backups", &nothing), "405", "{method}");
        }
        let refused = RouteTable::new().find("/images/abc").unwrap().target(&Method::POST, None).unwrap_err();
        assert_eq!(refused.allow.as_deref(), Some("GET, DELETE"));
        for path in ["", "/", "/images/", "//images", "/image", "/images/a/b", "/images//actions", "/Images"] {
            assert_eq!(name(&Method::GET, path, &nothing), "404", "{path}");
        }
    }

    #[test]
    fn variables_are_read_by_their_place() {
        let table = RouteTable::new();
        let found = table.find("/backup-storage/abc/exported-images/def").unwrap();
        assert_eq!(found.values().collect::<Vec<_>>(), ["abc", "def"]);
    }

    #[test]
    fn every_declared_route_is_found_and_means_what_was_declared() {
        for operation in operations() {
            let path: Vec<_> =
                operation.route.path().split('/').map(|it| variable(it).map_or(it, |_| "0123")).collect();
            let key = operation.body_key.clone().unwrap_or_default();
            let method = operation.route.method().as_str().parse().unwrap();
            assert_eq!(name(&method, &path.join("/"), &json!({key: {}})), operation.name);
        }
    }

    proptest! {
        #[test]
        fn any_path_is_found_or_not(path in any::<String>()) {
            let table = RouteTable::new();
            if let Some(found) = table.find(&path) {
                found.values().for_each(drop);
            }
        }
    }
}
