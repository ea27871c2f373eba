//! Which page answers which request.

use crate::collections::{Collection, collection, operation};
use crate::layout::not_found;
use crate::pairs::Pairs;
use crate::streams::Streams;
use crate::visit::{Person, Visit};
use crate::{action, assets, compare, detail, docs, events, list, overview, register, respond, settings, sign_in};
use hyper::{Method, StatusCode};
use imprint_api::{ErrorCode, OperationDescription};
use imprint_server::{LocalApi, PageRequest, Reply, SettingInForce, Site};
use imprint_service::{BoxFuture, Service};
use std::sync::Arc;
use tokio::sync::watch;

/// Bytes of a form of whoever is not signed in: what was typed in a session that has ended fits, and no answer is large.
const LONGEST_OF_STRANGERS: usize = 128 << 10;

/// A page that only those see who are signed in.
enum Page<'a> {
    Overview,
    Compare,
    Settings,
    Running,
    Job(&'a str),
    Downloads(&'a str),
    Register,
    RegisterCurl,
    Action(&'static OperationDescription),
    Curl(&'static OperationDescription),
    List(&'static Collection),
    Detail(&'static Collection, &'a str),
}

impl<'a> Page<'a> {
    /// The page of a path, if there is one.
    fn of(segments: &[&'a str], posts: bool) -> Option<Self> {
        Some(match segments {
            [] => Self::Overview,
            ["compare"] => Self::Compare,
            ["settings"] => Self::Settings,
            ["events", "running"] => Self::Running,
            ["events", "job", uuid] => Self::Job(uuid),
            ["events", "downloads", image] => Self::Downloads(image),
            ["volumes", "register"] => Self::Register,
            ["volumes", "register", "curl"] if posts => Self::RegisterCurl,
            ["do", name] => Self::Action(operation(name)?),
            ["do", name, "curl"] if posts => Self::Curl(operation(name)?),
            [name] => Self::List(collection(name)?),
            [name, uuid] => Self::Detail(collection(name)?, uuid),
            _ => return None,
        })
    }
}

impl Page<'_> {
    /// Whether something can be sent to it.
    const fn takes_forms(&self) -> bool {
        matches!(self, Self::Register | Self::RegisterCurl | Self::Action(_) | Self::Curl(_))
    }

    /// Whether a script asks for it, which cannot sign in.
    const fn is_for_scripts(&self) -> bool {
        matches!(self, Self::Running | Self::Job(_) | Self::Downloads(_) | Self::Curl(_) | Self::RegisterCurl)
    }
}

/// The pages of a service.
#[derive(Clone, Debug)]
pub struct Console {
    pub(crate) api: Arc<LocalApi<Service>>,
    pub(crate) settings: Arc<[SettingInForce]>,
    pub(crate) streams: Arc<Streams>,
    /// Whether the server stops: streams end then.
    stopping: Arc<watch::Sender<bool>>,
}

impl Console {
    /// The pages over this API, of a server that runs with these settings and has so many connections at once.
    pub fn new(api: Arc<LocalApi<Service>>, settings: Vec<SettingInForce>, connections: usize) -> Arc<Self> {
        let stopping = Arc::new(watch::Sender::new(false));
        Arc::new(Self { api, settings: settings.into(), streams: Streams::new(connections), stopping })
    }

    /// Ends what would go on as long as somebody looks.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    async fn route(self, request: PageRequest) -> Reply {
        let is_long = request.body.len() > LONGEST_OF_STRANGERS;
        let mut visit = Visit::read(request);
        let path = visit.path.clone();
        let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        if let ["assets", version, name] = segments.as_slice() {
            return assets::answer(version, name, &visit.headers).unwrap_or_else(|| not_found(&visit));
        }
        let known = self.recognize(&mut visit).await;
        let posts = visit.method == Method::POST;
        if !posts && !matches!(visit.method, Method::GET | Method::HEAD) {
            return respond::not_allowed(&visit, "GET, HEAD, POST");
        }
        if is_long && visit.person.is_none() {
            return respond::text(StatusCode::PAYLOAD_TOO_LARGE, "text/plain;charset=UTF-8", visit.texts.too_long);
        }
        match segments.as_slice() {
            ["sign-in"] if posts => return sign_in::sign_in(&self, &visit).await,
            ["sign-in"] => return sign_in::page(&visit, None),
            ["sign-out"] if posts => return sign_in::sign_out(&self, &visit).await,
            ["docs", below @ ..] => return docs::answer(&self, &visit, below).await,
            ["openapi.json"] => return docs::openapi(&visit),
            _ => {}
        }
        let Some(page) = Page::of(&segments, posts) else { return not_found(&visit) };
        if visit.person.is_none() {
            if !page.is_for_scripts() {
                return sign_in::ask(&visit, known.err());
            }
            let status = known.err().map_or(StatusCode::UNAUTHORIZED, |error| sign_in::status_of(&error));
            let is_unknown = status == StatusCode::UNAUTHORIZED;
            let text = if is_unknown { visit.texts.session_ended } else { visit.texts.failed };
            return respond::text(status, "text/plain;charset=UTF-8", text);
        }
        if posts && !page.takes_forms() {
            return respond::not_allowed(&visit, "GET, HEAD");
        }
        self.show(page, &visit).await
    }

    /// The page for whoever has just signed in on the way to it, with more in its query than a link can hold.
    pub(crate) async fn go_on(&self, visit: &Visit, session: &str, place: &str, query: Pairs) -> Option<Reply> {
        let mut visit = Visit { method: Method::GET, query, form: Pairs::default(), ..visit.clone() };
        visit.path = percent_encoding::percent_decode_str(place).decode_utf8().ok()?.into_owned();
        visit.visitor.session = Some(session.to_owned());
        self.recognize(&mut visit).await.ok()?;
        let page = Page::of(&visit.segments(), false).filter(|page| !page.is_for_scripts())?;
        Some(self.clone().show(page, &visit).await)
    }

    /// A page for whoever may see it.
    async fn show(self, page: Page<'_>, visit: &Visit) -> Reply {
        match page {
            Page::Overview => overview::page(&self, visit).await,
            Page::Compare => compare::page(&self, visit).await,
            Page::Settings => settings::page(&self, visit),
            Page::Running => events::running(self, visit.clone()),
            Page::Job(uuid) => events::job(self, visit.clone(), uuid.to_owned()),
            Page::Downloads(image) => events::downloads(self, visit.clone(), image.to_owned()),
            Page::Register => register::answer(&self, visit).await,
            Page::RegisterCurl => register::curl(visit),
            Page::Action(operation) => action::answer(&self, visit, operation).await,
            Page::Curl(operation) => action::curl(visit, operation),
            Page::List(collection) => list::page(&self, visit, collection).await,
            Page::Detail(collection, uuid) => detail::page(&self, visit, collection, uuid).await,
        }
    }

    /// Finds out who makes the request.
    async fn recognize(&self, visit: &mut Visit) -> Result<(), Box<ErrorCode>> {
        let Some(session) = &visit.visitor.session else { return Ok(()) };
        let found = self.api.backend().signed_in(session).await;
        let (caller, name) = found.map_err(|error| imprint_server::error_code(&error))?;
        visit.person = Some(Person { caller, name, csrf: visit.csrf() });
        Ok(())
    }

    /// The one of a collection that has this id, if the visitor sees it.
    pub(crate) async fn row(
        &self,
        collection_path: &str,
        uuid: &str,
        visit: &Visit,
    ) -> Result<Option<serde_json::Value>, Box<ErrorCode>> {
        let Some(collection) = collection(collection_path) else { return Ok(None) };
        if !crate::cell::is_id(uuid) {
            return Ok(None);
        }
        let found = self.api.query(collection.query(), &format!("q=uuid={uuid}&limit=1"), &visit.visitor).await?;
        Ok(found.inventories.into_iter().flatten().next())
    }
}

impl Site for Console {
    fn answer(&self, request: PageRequest) -> BoxFuture<Reply> {
        Box::pin(self.clone().route(request))
    }
}
