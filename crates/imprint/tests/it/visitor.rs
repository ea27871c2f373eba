//! Somebody who asks for pages over HTTP, without a browser: what is sent and answered can be seen exactly.

use crate::server::{PASSWORD, Reply, Server};
use form_urlencoded::Serializer;
use reqwest::blocking::{Client, RequestBuilder};
use reqwest::redirect::Policy;

/// A visitor of a server's pages, and the cookie that it was given.
pub(crate) struct Visitor {
    http: Client,
    base: String,
    pub(crate) cookie: Option<String>,
}

impl Visitor {
    pub(crate) fn new(server: &Server) -> Self {
        let http = Client::builder().redirect(Policy::none()).timeout(None).build().unwrap();
        Self { http, base: server.base.clone(), cookie: None }
    }

    /// The administrator.
    #[track_caller]
    pub(crate) fn signed_in(server: &Server) -> Self {
        let mut visitor = Self::new(server);
        let reply = visitor.sign_in("admin", PASSWORD, "/");
        assert_eq!(reply.status, 303, "{}", reply.text);
        visitor
    }

    /// Sends the sign-in form, and keeps the cookie.
    pub(crate) fn sign_in(&mut self, account: &str, password: &str, next: &str) -> Reply {
        let form = [("account", account), ("password", password), ("next", next)];
        let reply = Server::send(self.request("POST", "/sign-in").body(encoded(&form)));
        if let Some(cookie) = reply.headers.get("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(pair.to_owned());
        }
        reply
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.base));
        // What browsers say of forms. The API does not look at it.
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        match &self.cookie {
            Some(cookie) => request.header("Cookie", cookie),
            None => request,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        Server::send(self.request("GET", path))
    }

    /// What forms of the session show.
    #[track_caller]
    pub(crate) fn token(&self) -> String {
        let page = self.get("/settings").text;
        let found = page.split_once("name=\"imprint-csrf\" content=\"").expect("a page with the token").1;
        found.split('"').next().unwrap().to_owned()
    }
}

/// A form as browsers send it.
pub(crate) fn encoded(form: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(form).finish()
}

/// Where an answer leads that says what was done; without what shows that this session did it.
#[track_caller]
pub(crate) fn done(reply: &Reply) -> String {
    let location = location(reply);
    match location.rsplit_once('.').filter(|(_, mark)| mark.len() == 16) {
        Some((place, _)) => place.to_owned(),
        None => location,
    }
}

/// Where an answer leads.
#[track_caller]
pub(crate) fn location(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text);
    reply.headers["location"].to_str().unwrap().to_owned()
}
