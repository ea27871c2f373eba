//! Signing in and out. Whoever has to sign in on the way gets to where it was going, with what it had typed.

use crate::collections::operation;
use crate::console::Console;
use crate::forms;
use crate::layout::{ErrorBox, Layout, failure};
use crate::pairs::{Pairs, link};
use crate::passwords::digest;
use crate::visit::Visit;
use crate::{layout, respond};
use askama::Template;
use hyper::StatusCode;
use hyper::header::{HeaderValue, SET_COOKIE};
use imprint_api::{ErrorCode, ErrorKind, LogInByAccount, LogOut, Operation};
use imprint_server::{Reply, session_cookie};
use serde_json::{Map, Value};

/// What begins the names of the fields that the sign-in form carries for another form.
const KEPT: &str = "kept-";

/// Where whoever signs in was going.
#[derive(Debug)]
struct Destination {
    /// A link.
    next: String,
    /// What a form held, when that is too long for a link.
    kept: Pairs,
}

#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    layout: Layout,
    account: String,
    next: String,
    kept: Pairs,
    notice: Option<String>,
    error: Option<ErrorBox>,
}

/// The page that asks who it is.
pub(crate) fn page(visit: &Visit, error: Option<Box<ErrorCode>>) -> Reply {
    let next = visit.form.get("next").or_else(|| visit.query.get("next")).unwrap_or("/").to_owned();
    let to = Destination { next, kept: kept(visit) };
    match error {
        Some(error) => ask_for(visit, status_of(&error), to, None, Some(error)),
        // To be asked is no error, and browsers would note it as one.
        None => ask_for(visit, StatusCode::OK, to, None, None),
    }
}

/// The status of an answer to whoever is not let in. Only what signing in helps against is said to be that.
pub(crate) fn status_of(error: &ErrorCode) -> StatusCode {
    let is_unknown = [ErrorKind::AUTHENTICATION.code, ErrorKind::INVALID_SESSION.code].contains(&error.code.as_str());
    if is_unknown { StatusCode::UNAUTHORIZED } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// The same in place of a page that only those who are signed in may see.
pub(crate) fn ask(visit: &Visit, error: Option<Box<ErrorCode>>) -> Reply {
    if visit.came_from_elsewhere() {
        return open_again(visit);
    }
    let error = match error {
        Some(error) if status_of(&error) != StatusCode::UNAUTHORIZED => return failure(visit, error),
        other => other,
    };
    let notice = error.map(|_| format!("{} {}", visit.texts.session_ended, visit.texts.form_kept));
    ask_for(visit, StatusCode::OK, where_to(visit), notice, None)
}

/// The page for whoever has just changed its password, which has ended its session.
pub(crate) fn with_new_password(visit: &Visit, next: String) -> Reply {
    let to = Destination { next, kept: Pairs::default() };
    // Nobody is signed in any more.
    let visit = &Visit { person: None, ..visit.clone() };
    ask_for(visit, StatusCode::OK, to, Some(visit.texts.password_changed.to_owned()), None)
}

/// Has the browser ask once more: it keeps the cookie back when another site's link leads here, and sends it when our own
/// page does.
pub(crate) fn open_again(visit: &Visit) -> Reply {
    let mut layout = Layout::new(visit, visit.texts.opening, "-");
    layout.reload = Some(where_to(visit).next);
    layout::page(StatusCode::OK, &Opening { layout }, &visit.headers)
}

/// Where the visit was going. What a form held stands in the link, or beside it, so that the form is filled in again; it is
/// not sent again by itself.
fn where_to(visit: &Visit) -> Destination {
    let typed = match visit.segments().as_slice() {
        ["do", name] if visit.method == hyper::Method::POST => {
            operation(name).map(|it| forms::linkable(it, &visit.form))
        }
        ["volumes", "register"] if visit.method == hyper::Method::POST => Some(visit.form.clone().without("csrf")),
        _ => None,
    };
    // Segments alone: a path that begins with two slashes would be another host.
    let path = format!("/{}", visit.segments().into_iter().map(encoded).collect::<Vec<_>>().join("/"));
    let typed = typed.unwrap_or_else(|| visit.query.clone());
    let place = link(&path, &typed);
    // A longer one would be refused when the browser asks for it.
    if place.len() > LONGEST_LINK {
        Destination { next: path, kept: typed }
    } else {
        Destination { next: place, kept: Pairs::default() }
    }
}

/// Bytes of a link that the server still reads, with room for the other headers.
const LONGEST_LINK: usize = 24 << 10;

/// What the sign-in form carries for another form.
fn kept(visit: &Visit) -> Pairs {
    let fields = visit.form.iter().filter_map(|(name, value)| Some((name.strip_prefix(KEPT)?, value)));
    fields.fold(Pairs::default(), |kept, (name, value)| kept.with(name, value))
}

/// A segment of a path.
fn encoded(segment: &str) -> String {
    percent_encoding::utf8_percent_encode(segment, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn ask_for(
    visit: &Visit,
    status: StatusCode,
    to: Destination,
    notice: Option<String>,
    error: Option<Box<ErrorCode>>,
) -> Reply {
    let layout = Layout::new(visit, visit.texts.sign_in, "-");
    let account = visit.form.get("account").unwrap_or_default().to_owned();
    let error = error.map(|error| ErrorBox::new(visit, error));
    let Destination { next, kept } = to;
    layout::page(status, &SignInPage { layout, account, next, kept, notice, error }, &visit.headers)
}

#[derive(Debug, Template)]
#[template(path = "opening.html")]
struct Opening {
    layout: Layout,
}

/// Makes a session of a name and a password.
pub(crate) async fn sign_in(console: &Console, visit: &Visit) -> Reply {
    if !visit.is_from_here() {
        let notice = visit.texts.from_elsewhere.to_owned();
        let to = Destination { next: "/".to_owned(), kept: Pairs::default() };
        return ask_for(visit, StatusCode::UNPROCESSABLE_ENTITY, to, Some(notice), None);
    }
    let password = visit.form.raw("password").unwrap_or_default();
    let account = visit.form.get("account").unwrap_or_default();
    let parameters =
        Map::from_iter([("accountName".to_owned(), account.into()), ("password".to_owned(), digest(password).into())]);
    let Some(log_in) = operation(LogInByAccount::NAME) else { return layout::not_found(visit) };
    match console.api.call(log_in, parameters, &visit.visitor).await {
        Err(error) => page(visit, Some(error)),
        Ok(reply) => {
            let session = reply.pointer("/inventory/uuid").and_then(Value::as_str).unwrap_or_default();
            // Whoever signs in anew has no more use for the former session. One that cannot be ended ends by itself.
            let _ = end_session(console, visit).await;
            let next = respond::local(visit.form.get("next").unwrap_or("/"));
            let kept = kept(visit);
            let has_more = kept.iter().next().is_some();
            let page = if has_more { console.go_on(visit, session, &next, kept).await } else { None };
            let mut reply = page.unwrap_or_else(|| respond::see_other(&next));
            set_cookie(&mut reply, visit, session);
            reply
        }
    }
}

/// Ends the session.
pub(crate) async fn sign_out(console: &Console, visit: &Visit) -> Reply {
    if visit.refuses_form().is_some() {
        return respond::see_other("/");
    }
    if let Err(error) = end_session(console, visit).await {
        return failure(visit, error);
    }
    let mut reply = respond::see_other("/sign-in");
    set_cookie(&mut reply, visit, "; Max-Age=0");
    reply
}

/// Ends the session that the browser has, if it has one.
async fn end_session(console: &Console, visit: &Visit) -> Result<(), Box<ErrorCode>> {
    if let (Some(session), Some(log_out)) = (&visit.visitor.session, operation(LogOut::NAME)) {
        let parameters = Map::from_iter([("sessionUuid".to_owned(), session.as_str().into())]);
        console.api.call(log_out, parameters, &visit.visitor).await?;
    }
    Ok(())
}

/// No script reads the cookie, and no other site's request carries it; over TLS it never travels without.
fn set_cookie(reply: &mut Reply, visit: &Visit, value: &str) {
    let name = session_cookie(&visit.visitor.base_url, visit.secure);
    let secure = if visit.secure { "; Secure" } else { "" };
    if let Ok(value) = HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}")) {
        reply.headers_mut().insert(SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_not_known_is_told_to_sign_in() {
        let status = |kind| status_of(&ErrorCode::new(kind, "no")).as_u16();
        assert_eq!([ErrorKind::AUTHENTICATION, ErrorKind::INVALID_SESSION].map(status), [401, 401]);
        // Too many guesses, too many calls, a database that is away.
        assert_eq!([ErrorKind::OPERATION_FAILED, ErrorKind::NOT_READY, ErrorKind::INTERNAL].map(status), [503; 3]);
    }
}
