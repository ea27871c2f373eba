//! The session of somebody who looks at pages: it lies in a cookie that no script can read and that no other site's request
//! carries. Whoever changes something with it shows a token besides, which only our own pages know.

use hyper::header::{COOKIE, HeaderMap};
use sha2::{Digest, Sha256};

/// The cookie's name.
pub const SESSION_COOKIE: &str = "imprint-session";

/// The header in which scripts of our pages show the token.
pub const CSRF_HEADER: &str = "X-Imprint-Csrf";

/// The session in the cookies of a request, if there is one. Two different ones are none: whatever else runs on this host, or
/// beside it in the same domain, can give a browser a cookie of this name, and must not have somebody work in its session.
pub fn session_in(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut sessions = pairs.filter(|(name, value)| *name == SESSION_COOKIE && !value.is_empty());
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
pub(crate) fn session_of_script(headers: &HeaderMap) -> Option<&str> {
    let token = headers.get(CSRF_HEADER)?.to_str().ok()?;
    session_in(headers).filter(|session| is_csrf_token(session, token))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(session_in(&headers(&["a=b; imprint-session=s1; c=d"], None)), Some("s1"));
        assert_eq!(session_in(&headers(&["a=b", "imprint-session=s2"], None)), Some("s2"));
        let twice = "imprint-session=s3; imprint-session=s3";
        assert_eq!(session_in(&headers(&[twice], None)), Some("s3"));
        let two = "imprint-session=s3; imprint-session=s4";
        for cookies in [&["imprint-session="][..], &[two], &["imprint-sessions=x"], &["x"], &[]] {
            assert_eq!(session_in(&headers(cookies, None)), None);
        }
    }

    #[test]
    fn a_script_without_the_token_of_the_session_has_none() {
        let cookie = "imprint-session=s1";
        assert_eq!(session_of_script(&headers(&[cookie], Some(&csrf_token("s1")))), Some("s1"));
        for token in [None, Some(""), Some("s1"), Some(csrf_token("s2").as_str())] {
            assert_eq!(session_of_script(&headers(&[cookie], token)), None);
        }
        assert_eq!(session_of_script(&headers(&[], Some(&csrf_token("s1")))), None);
    }
}
