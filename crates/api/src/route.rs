//! Where an operation is called: method, path and the key that wraps its parameters.

/// Methods that operations are called with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Reads; parameters stand in the query string.
    Get,
    /// Creates; parameters stand under `params`.
    Post,
    /// Acts; parameters stand under the action's name.
    Put,
    /// Deletes; parameters stand in the query string.
    Delete,
}

impl Method {
    /// As it stands in a request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// How the body carries the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrapper {
    /// There is no body.
    QueryString,
    /// Under `params`.
    Params,
    /// Under the action's name, by which the operation is chosen among those of its path.
    Action,
    /// Under the action's name, which a body may leave out: the path has this operation alone.
    Alone,
}

/// Where an operation is called. Paths begin after `/zstack/v1`; `{name}` takes one segment and becomes a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    method: Method,
    path: &'static str,
    wrapper: Wrapper,
}

impl Route {
    /// `GET`: reads something.
    pub const fn get(path: &'static str) -> Self {
        Self { method: Method::Get, path, wrapper: Wrapper::QueryString }
    }

    /// `POST` with `params`: makes something.
    pub const fn create(path: &'static str) -> Self {
        Self { method: Method::Post, path, wrapper: Wrapper::Params }
    }

    /// `PUT` with the action's name as key, one of several on its path.
    pub const fn action(path: &'static str) -> Self {
        Self { method: Method::Put, path, wrapper: Wrapper::Action }
    }

    /// `PUT` with the action's name as key on a path of its own, such as a log-in.
    pub const fn put_wrapped(path: &'static str) -> Self {
        Self { method: Method::Put, path, wrapper: Wrapper::Alone }
    }

    /// `DELETE`: removes something.
    pub const fn delete(path: &'static str) -> Self {
        Self { method: Method::Delete, path, wrapper: Wrapper::QueryString }
    }

    /// The method.
    pub const fn method(self) -> Method {
        self.method
    }

    /// The path template.
    pub const fn path(self) -> &'static str {
        self.path
    }

    /// Whether a body must hold the operation's key for the operation to be meant.
    pub fn is_chosen_by_key(self) -> bool {
        self.wrapper == Wrapper::Action
    }

    /// The key that wraps the parameters of the operation of this name; `None` when they stand in the query string.
    pub fn body_key(self, name: &str) -> Option<String> {
        match self.wrapper {
            Wrapper::QueryString => None,
            Wrapper::Params => Some("params".to_owned()),
            Wrapper::Action | Wrapper::Alone => {
                let mut letters = name.chars();
                let first = letters.next()?.to_ascii_lowercase();
                Some(std::iter::once(first).chain(letters).collect())
            }
        }
    }

    /// The names of the path's variables, in order.
    pub fn variables(self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(variable)
    }

    /// The variable whose resource this route deletes: the only one of a `DELETE` path, at its end. A path of two detaches
    /// one from the other, and one that goes on takes something away from it: none of these may be absent.
    pub fn deleted_variable(self) -> Option<&'static str> {
        let only = self.variables().next();
        let ends_with_it = self.path.rsplit('/').next().and_then(variable).is_some() && self.variables().count() == 1;
        (self.method == Method::Delete && ends_with_it).then_some(only).flatten()
    }
}

/// The name in a segment of the form `{name}`.
pub fn variable(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_wrapped_in_their_name_with_a_small_first_letter() {
        assert_eq!(Route::action("/x/actions").body_key("ExpungeImage").as_deref(), Some("expungeImage"));
        assert_eq!(Route::create("/x").body_key("CreateX").as_deref(), Some("params"));
        assert_eq!(Route::delete("/x").body_key("DeleteX"), None);
    }

    #[test]
    fn a_delete_deletes_the_only_variable_of_its_path() {
        assert_eq!(Route::delete("/images/{uuid}").deleted_variable(), Some("uuid"));
        assert_eq!(Route::delete("/a/{x}/b/{y}").deleted_variable(), None);
        assert_eq!(Route::delete("/a/{x}/b").deleted_variable(), None);
        assert_eq!(Route::get("/images/{uuid}").deleted_variable(), None);
    }
}
