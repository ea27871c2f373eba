//! The session of somebody who looks at pages: it lies in a cookie that no script can read and that no other site's request
//! carries. Whoever changes something with it shows a token besides, which only our own pages know.

use hyper::header::{COOKIE, HeaderMap};
use sha2::{Digest, Sha256};

/// The cookie's name at the address by which browsers know the server, over TLS or not. It ends with the address's port,
/// because cookies know none: two servers on one host do not take each other's session away. Over TLS it begins so that a
/// browser takes it from this host alone.
pub fn session_cookie(base_url: &str, secure: bool) -> String {
    let prefix = if secure { "__Host-" } else { "" };
    let host = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let port = host.rsplit_once(':').map(|(_, port)| port);
    match port.filter(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())) {
        Some(port) => format!("{prefix}imprint-session-{port}"),
        None => format!("{prefix}imprint-session"),
    }
}

/// The header in which scripts of our pages show the token.
pub const CSRF_HEADER: &str = "X-Imprint-Csrf";

/// The session in the cookie of this name, if there is one. Two different ones are none: whatever else runs on this host, or
/// beside it in the same domain, can give a browser a cookie of this name, and must not have somebody work in its session.
pub fn session_in<'a>(headers: &'a HeaderMap, cookie: &str) -> Option<&'a str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut sessions = pairs.filter(|(name, value)| *name == cookie && !value.is_empty());
    let (_, session) = sessions.next()?;
    sessions.all(|(_, other)| other == session).then_some(session)
}

/// The token of a session. It follows from the session's id, which is a secret, so that all servers that share a database
/// know it and none keeps it.
pub fn csrf_token(session: &str) -> String {
    hex::encode(Sha256::digest(format!("imprint: what pages show besides the session {session}")))
}

/// Whether that is the token of the session.
pub fn is_csrf_token(session: &str, given: &str) -> bool {
    // Digests are compared: how long that takes says nothing of the token.
    Sha256::digest(csrf_token(session)) == Sha256::digest(given)
}

/// The session of a script of our pages that calls the API.
pub(crate) fn session_of_script<'a>(headers: &'a HeaderMap, cookie: &str) -> Option<&'a str> {
    let token = headers.get(CSRF_HEADER)?.to_str().ok()?;
    session_in(headers, cookie).filter(|session| is_csrf_token(session, token))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "imprint-session";

    fn headers(cookies: &[&'static str], token: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(COOKIE, cookie.parse().unwrap());
        }
        if let Some(token) = token {
            headers.insert(CSRF_HEADER, token.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        assert_eq!(session_in(&headers(&["a=b; imprint-session=s1; c=d"], None), NAME), Some("s1"));
        assert_eq!(session_in(&headers(&["a=b", "imprint-session=s2"], None), NAME), Some("s2"));
        let twice = "imprint-session=s3; imprint-session=s3";
        assert_eq!(session_in(&headers(&[twice], None), NAME), Some("s3"));
        let two = "imprint-session=s3; imprint-session=s4";
        for cookies in [&["imprint-session="][..], &[two], &["imprint-sessions=x"], &["x"], &[]] {
            assert_eq!(session_in(&headers(cookies, None), NAME), None);
        }
    }

    #[test]
    fn a_script_without_the_token_of_the_session_has_none() {
        let cookie = "imprint-session=s1";
        assert_eq!(session_of_script(&headers(&[cookie], Some(&csrf_token("s1"))), NAME), Some("s1"));
        for token in [None, Some(""), Some("s1"), Some(csrf_token("s2").as_str())] {
            assert_eq!(session_of_script(&headers(&[cookie], token), NAME), None);
        }
        assert_eq!(session_of_script(&headers(&[], Some(&csrf_token("s1"))), NAME), None);
    }

    #[test]
    fn servers_on_one_host_have_cookies_of_their_own() {
        assert_eq!(session_cookie("http://backup.example:8080", false), "imprint-session-8080");
        assert_eq!(session_cookie("https://[::1]:8443", true), "__Host-imprint-session-8443");
        for url in ["https://backup.example", "https://[::1]", "https://h:", "https://h/a:1", "https://h:x;y", ""] {
            assert_eq!(session_cookie(url, true), "__Host-imprint-session", "{url}");
        }
        // What may have come without TLS is no session over it, nor is that of another server.
        let both = headers(&["imprint-session-1=s1; __Host-imprint-session-2=s2"], None);
        assert_eq!(session_in(&both, &session_cookie("http://h:1", false)), Some("s1"));
        assert_eq!(session_in(&both, &session_cookie("https://h:2", true)), Some("s2"));
        assert_eq!(session_in(&both, &session_cookie("https://h:1", true)), None);
    }
}
