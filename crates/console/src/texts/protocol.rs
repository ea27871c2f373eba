//! The page of the protocol: how calls travel, in few words.

/// A part of the page.
#[derive(Debug)]
pub(crate) struct Chapter {
    /// What links to it name.
    pub(crate) id: &'static str,
    /// Its heading.
    pub(crate) title: &'static str,
    /// What stands in it.
    pub(crate) blocks: &'static [Block],
}

/// A piece of a part.
#[derive(Debug)]
pub(crate) enum Block {
    /// Sentences, with names between backticks.
    Text(&'static str),
    /// Sentences one below the other.
    List(&'static [&'static str]),
    /// Two columns: what, and what about it.
    Table([&'static str; 2], &'static [(&'static str, &'static str)]),
    /// Lines to copy.
    Code(&'static str),
    /// The catalogue of errors.
    Errors,
    /// The operators of conditions.
    Operators,
}

use Block::{Code, Errors, List, Operators, Table, Text};

/// English.
pub(crate) static ENGLISH: &[Chapter] = &[
    Chapter {
        id: "calls",
        title: "A call",
        blocks: &[
            Text(
                "Every path begins with `/zstack/v1`; `/v1` alone is understood too. A request is answered with JSON, in \
                 UTF-8. What a call sends and the server does not know is ignored, so that newer clients can speak to it.",
            ),
            List(&[
                "`GET` and `DELETE` carry their parameters in the query string. A list repeats its name, \
                 `backupStorageUuids=A&backupStorageUuids=B`; an entry of a map is `clientInfo.ip=10.0.0.9`.",
                "`POST` carries them in the body under `params`, `PUT` under the operation's name with a small first letter, \
                 such as `expungeImage`: that key chooses the operation among those of a path.",
                "`systemTags` and `userTags` stand beside that key, at the top of the body.",
                "Dates are English text such as `Mar 4, 2024 9:07:05 AM`, in the server's zone. Ids are 32 small hex digits \
                 without dashes. A field without a value is left out.",
            ]),
            Table(
                ["Header", "What it does"],
                &[
                    ("Authorization", "Says who calls; see below."),
                    (
                        "X-Job-UUID",
                        "Gives the job an id of your own, 32 characters. Where a call may be a job, it is used once only.",
                    ),
                    (
                        "X-Web-Hook",
                        "A URL that is called with the reply when the job has ended, up to 15 times until it answers: a `POST` of what a poll would \
                         have answered, with `X-Job-UUID` and `X-Job-Success`. A call that may be a job always is one then; others \
                         ignore it.",
                    ),
                    ("X-API-Timeout", "Seconds that the call may take; after that it ends with `SYS.1001`."),
                    ("X-JSON-Schema", "Adds `schema` to the reply: the classes by which clients in Java rebuild it."),
                    (
                        "X-Imprint-Mock",
                        "`true` has the form of the call checked and the call answered with its example; ids are not looked up, and \
                         nothing is done.",
                    ),
                ],
            ),
        ],
    },
    Chapter {
        id: "authorization",
        title: "Authorization",
        blocks: &[
            Text(
                "Most operations need an account. Log in with its name and the SHA-512 of its password, in hex; the reply's \
                 `inventory.uuid` is the session, which every further call shows. A session ends when it is not used, or by \
                 `LogOut`.",
            ),
            Code(
                "SESSION=$(curl -s -X PUT \"$IMPRINT/zstack/v1/accounts/login\" \\\n  -d \
                 \"{\\\"logInByAccount\\\":{\\\"accountName\\\":\\\"admin\\\",\\\"password\\\":\\\"$(printf %s \"$PASSWORD\" | \
                 sha512sum | cut -d' ' -f1)\\\"}}\" |\n  sed 's/.*\"uuid\":\"\\([0-9a-f]*\\)\".*/\\1/')\ncurl \
                 \"$IMPRINT/zstack/v1/images\" -H \"Authorization: OAuth $SESSION\"",
            ),
            Text(
                "Programs sign with an access key instead (`CreateAccessKey`): `Authorization: ZStack <AccessKeyID>:<signature>`. \
                 The signature is the Base64 of the HMAC-SHA1, under the key's secret, of three lines joined by line feeds: the \
                 method, the text of the header `Date`, and the path from `/v1` on, without query string. `Date` looks like \
                 `Mon, 04 Mar 2024 09:07:05 GMT` and may differ from the server's clock by fifteen minutes.",
            ),
            Text(
                "An account sees what it owns and what is shared with it; the administrator sees everything. What is shared can be \
                 used and cannot be changed. Zones and storages are seen by all and changed by the administrator.",
            ),
        ],
    },
    Chapter {
        id: "jobs",
        title: "Jobs",
        blocks: &[
            Text(
                "A call is answered at once as long as it ends within a few seconds: 200 with the reply, or 503 with the error. \
                 Work that goes on is a job: 202, with a `location` to poll.",
            ),
            Code(
                "HTTP/1.1 202\n{\"location\": \"http://10.1.2.3:8080/zstack/v1/api-jobs/c4418f02d7aa4d3ea6b90f5e12837bd1\", \
                 \"apiTimeout\": 1800000}",
            ),
            Table(
                ["Poll", "Means"],
                &[
                    ("202", "It has not ended."),
                    ("200", "It has ended well; the body is the operation's reply."),
                    ("503", "It has failed; the body is `{\"error\": …}`."),
                    ("404", "There is no such job, or not any more: results are kept for hours, not days."),
                ],
            ),
            List(&[
                "Polling needs no authorization: whoever has the id of a job made it.",
                "With `X-Job-UUID` the id is yours. A call that succeeds soon is still answered 200; one that fails is answered \
                 202, and the poll tells the error.",
                "How far a call has come is told by `GetTaskProgress` with the job's id.",
                "What may take hours can also be submitted (`SubmitLongJob`): such a job has a name, can be found, cancelled and run \
                 again, and outlives a restart of the server as something that can be looked at.",
            ]),
        ],
    },
    Chapter {
        id: "queries",
        title: "Queries and operators",
        blocks: &[
            Text(
                "Every collection is queried in one way. `GET` on its path finds many, on its path with an id at most one. Both \
                 answer `inventories`; what does not exist, or what the caller may not see, is an empty list and no error.",
            ),
            Table(
                ["Parameter", "Means"],
                &[
                    ("q", "A condition: field, operator, value. Repeated, all must hold."),
                    ("limit, start", "At most so many rows, 1000 unless given, after leaving out so many."),
                    ("count", "`true`: only `total`, how many match."),
                    ("replyWithCount", "`true`: the rows, and `total`."),
                    ("sort", "A field, with `-` before it for the other direction; by creation unless given."),
                    ("fields", "Only these fields of each row, separated by commas."),
                ],
            ),
            Text(
                "The operator is looked for in this order, anywhere in the condition; the first that is found is meant.",
            ),
            Operators,
            List(&[
                "Texts are compared without regard to case, ids with it.",
                "A date is written `2024-03-04 09:07:05`, with a clock of 24 hours, or as replies write it, and means that time in \
                 the server's zone: `q=createDate>=2024-03-04 00:00:00`. Both hold whole seconds, while what is compared has \
                 fractions: ask for a span and not with `=`.",
                "A number is whole; `5.0` is understood as 5.",
                "`q=description=null` asks for the text null; `q=description is null` for what has no description.",
                "`__userTag__` and `__systemTag__` are the text of a tag of the resource, `__tagUuid__` the id of an attached tag \
                 pattern. With `!=`, `!~=` and `!?=` they hold if it has no tag at all that is so: `q=__userTag__!=golden` finds what \
                 nobody has called golden, and what has no tags. `q=__userTag__ is null` finds what has none, \
                 `q=__userTag__ not null` what has one.",
                "A path such as `backupStorageRefs.status` holds if some related row has such a field.",
                "`q=type=ImageStoreBackupStorage` on backup storages turns to the rows with the fields of that type.",
            ]),
            Code(
                "curl -G \"$IMPRINT/zstack/v1/images\" -H \"Authorization: OAuth $SESSION\" \\\n  --data-urlencode 'q=name~=deb%' \
                 --data-urlencode 'q=__userTag__=golden' -d sort=-createDate -d limit=10",
            ),
        ],
    },
    Chapter {
        id: "errors",
        title: "Errors",
        blocks: &[
            Text(
                "There are two kinds. A request that cannot be read is refused with plain text: 400 for its headers, its JSON or the \
                 type of a parameter, 403 for a signature, 404 for a path that is none, 405 for a method that the path has not, 408 for \
                 a body that does not come in time, 409 for a part of an upload that does not begin where the file ends, 413 for a \
                 body that is too long, 431 for headers that are. \
                 Everything that is found wrong after that is 503 with an object whose only key is `error`, also when something does \
                 not exist or is not allowed.",
            ),
            Text(
                "A 500, with plain text, says nothing about the request: the server could not look up what it needed, such as the \
                 key of a signature or a job that is polled. Its log has the cause, and the same request can be sent again. What \
                 breaks within an operation is a 503 with `SYS.1000` and the id of the job under which the log tells of it.",
            ),
            Code(
                "{\"error\": {\"code\": \"SYS.1007\", \"description\": \"an API argument is invalid\",\n  \"details\": \"…\", \
                 \"elaboration\": \"…\"}}",
            ),
            Text(
                "Match on `code`: codes and their descriptions never change. `details` names the field and the value, `elaboration` \
                 says what to do, and `cause` is the error that led to this one. A call is checked in this order: its form, the \
                 rules of its parameters, whether what they name exists, the session, the permission.",
            ),
            Errors,
        ],
    },
];
