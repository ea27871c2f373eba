//! One request for a page, and who makes it.

use crate::pairs::Pairs;
use crate::texts::{ENGLISH, Texts};
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, ORIGIN};
use imprint_api::{Access, OperationDescription};
use imprint_domain::AccountUuid;
use imprint_server::{PageRequest, Visitor, csrf_token, is_csrf_token, session_cookie, session_in};
use imprint_service::Caller;
use std::sync::Arc;

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// The account and what it may do.
    pub(crate) caller: Caller,
    /// The account's name.
    pub(crate) name: Arc<str>,
    /// What forms show, so that no other site can send them.
    pub(crate) csrf: String,
}

/// A request that was read.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// Its method.
    pub(crate) method: Method,
    /// Its path, decoded.
    pub(crate) path: String,
    /// What stands behind the question mark.
    pub(crate) query: Pairs,
    /// The fields of the form that was sent.
    pub(crate) form: Pairs,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Whether it came over TLS.
    pub(crate) secure: bool,
    /// On whose behalf it calls the API.
    pub(crate) visitor: Visitor,
    /// Who is signed in.
    pub(crate) person: Option<Person>,
    /// The words of its language.
    pub(crate) texts: &'static Texts,
}

impl Visit {
    /// Reads a request; who makes it is found out later.
    pub(crate) fn read(request: PageRequest) -> Self {
        let cookie = session_cookie(&request.base_url, request.secure);
        let session = session_in(&request.headers, &cookie).map(str::to_owned);
        let content_type = request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_form = request.method == Method::POST && content_type.starts_with("application/x-www-form-urlencoded");
        Self {
            method: request.method,
            path: request.path,
            query: Pairs::parse(request.query_string.as_bytes()),
            form: if is_form { Pairs::parse(&request.body) } else { Pairs::default() },
            headers: request.headers,
            secure: request.secure,
            visitor: Visitor { session, client: request.client, base_url: request.base_url },
            person: None,
            texts: &ENGLISH,
        }
    }

    /// The segments of its path.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|segment| !segment.is_empty()).collect()
    }

    /// Whether whoever is signed in administers everything.
    pub(crate) fn is_administrator(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.caller.administrator)
    }

    /// Whether this account is signed in.
    pub(crate) fn is_account(&self, account: AccountUuid) -> bool {
        self.person.as_ref().is_some_and(|person| person.caller.account == account)
    }

    /// Whether the visitor may call an operation, as far as that depends on who it is.
    pub(crate) fn may(&self, operation: &OperationDescription) -> bool {
        operation.access != Access::Administrator || self.is_administrator()
    }

    /// The token that forms of this session show.
    pub(crate) fn csrf(&self) -> String {
        self.visitor.session.as_deref().map(csrf_token).unwrap_or_default()
    }

    /// What is said of a form that was not sent from one of our pages of this session.
    pub(crate) fn refuses_form(&self) -> Option<&'static str> {
        if !self.is_from_here() {
            return Some(self.texts.from_elsewhere);
        }
        let given = self.form.raw("csrf").unwrap_or_default();
        let is_ours = self.visitor.session.as_deref().is_some_and(|session| is_csrf_token(session, given));
        (!is_ours).then_some(self.texts.form_expired)
    }

    /// Whether no other site made the browser send this. Programs that are no browsers say nothing, and need no protection.
    pub(crate) fn is_from_here(&self) -> bool {
        let header = |name: &str| self.headers.get(name).and_then(|value| value.to_str().ok());
        match header("Sec-Fetch-Site") {
            Some(site) => matches!(site, "same-origin" | "none"),
            None => header(ORIGIN.as_str()).is_none_or(|origin| {
                let host = header(HOST.as_str()).unwrap_or_default();
                let is_host = origin.split_once("://").is_some_and(|(_, from)| from.eq_ignore_ascii_case(host));
                is_host || origin.eq_ignore_ascii_case(&self.visitor.base_url)
            }),
        }
    }

    /// Whether another site's link may have led here, of which the browser says nothing: over plain HTTP it does not, unless the
    /// server is on the same machine.
    pub(crate) fn may_have_lost_its_cookie(&self) -> bool {
        let is_untold = self.headers.get("Sec-Fetch-Site").is_none();
        self.method == Method::GET && self.path != "/sign-in" && self.visitor.session.is_none() && is_untold
    }

    /// Whether another site's link led here: the browser has kept the session's cookie back then.
    pub(crate) fn came_from_elsewhere(&self) -> bool {
        self.headers.get("Sec-Fetch-Site").is_some_and(|site| site == "cross-site")
    }
}
