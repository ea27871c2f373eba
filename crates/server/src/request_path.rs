//! The path of a request: decoded, and without what it begins with.

use crate::refusal::{FrontRefusal, shown};
use percent_encoding::percent_decode_str;

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RequestPath {
    /// An operation; the rest begins after `/v1`.
    Api(String),
    /// A job's place.
    Job(String),
    /// The file behind an export's link.
    Export {
        /// What names the export.
        token: String,
    },
    /// Where the file of an image is sent to.
    Upload {
        /// What names the upload.
        token: String,
    },
    /// What is not the API's: a page, if there are pages.
    Page(String),
}

impl RequestPath {
    /// Reads a path. Both `/zstack/v1/…` and `/v1/…` are served.
    pub(crate) fn parse(raw: &str) -> Result<Self, FrontRefusal> {
        let decoded = percent_decode_str(raw).decode_utf8();
        let decoded = decoded.map_err(|_| FrontRefusal::bad_request("the path is not UTF-8"))?;
        let path = match decoded.strip_prefix("/zstack") {
            Some(rest) if rest.starts_with('/') => rest,
            _ => &decoded,
        };
        if let Some(export) = path.strip_prefix("/exports/")
            && let Some((token, file_name)) = export.split_once('/')
            && !file_name.is_empty()
        {
            return Ok(Self::Export { token: token.to_owned() });
        }
        if let Some(token) = path.strip_prefix("/uploads/").filter(|token| !token.is_empty() && !token.contains('/')) {
            return Ok(Self::Upload { token: token.to_owned() });
        }
        match path.strip_prefix("/v1") {
            Some(rest) if rest.starts_with('/') => Ok(match rest.strip_prefix("/api-jobs/") {
                Some(job) => Self::Job(job.to_owned()),
                None => Self::Api(rest.to_owned()),
            }),
            // What clients of the API may have meant is refused in its way.
            _ if decoded.starts_with("/zstack") || !decoded.starts_with('/') => Err(Self::unmapped(path)),
            _ => Ok(Self::Page(path.to_owned())),
        }
    }

    /// The refusal of a path that leads nowhere.
    pub(crate) fn unmapped(path: &str) -> FrontRefusal {
        FrontRefusal::not_found(format!("no api mapping to {}", shown(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, proptest};

    #[test]
    fn both_prefixes_lead_to_the_api() {
        for path in ["/v1/images/%C3%A9", "/zstack/v1/images/é"] {
            assert_eq!(RequestPath::parse(path), Ok(RequestPath::Api("/images/é".to_owned())));
        }
    }

    #[test]
    fn jobs_and_exports_are_told_apart() {
        assert_eq!(RequestPath::parse("/v1/api-jobs/a%2Fb"), Ok(RequestPath::Job("a/b".to_owned())));
        let export = Ok(RequestPath::Export { token: "t".to_owned() });
        assert_eq!(RequestPath::parse("/zstack/exports/t/disk.qcow2"), export);
        assert_eq!(RequestPath::parse("/exports/t/disk.qcow2"), export);
        assert_eq!(RequestPath::parse("/zstack/uploads/t"), Ok(RequestPath::Upload { token: "t".to_owned() }));
    }

    #[test]
    fn other_paths_have_no_mapping_and_broken_utf8_is_refused() {
        for path in ["", "/zstack", "/zstackv1/images", "/zstack/exports/t/", "/zstack/v2/images", "*"] {
            assert_eq!(RequestPath::parse(path).unwrap_err().status, 404, "{path}");
        }
        for path in ["/", "/v2/images", "/exports/t", "/exports/t/", "/uploads/", "/uploads/t/x", "/v1images"] {
            assert_eq!(RequestPath::parse(path), Ok(RequestPath::Page(path.to_owned())));
        }
        assert_eq!(RequestPath::parse("/v1/%ff").unwrap_err().status, 400);
    }

    proptest! {
        #[test]
        fn any_path_is_read_or_refused(path in any::<String>()) {
            drop(RequestPath::parse(&path));
        }
    }
}
