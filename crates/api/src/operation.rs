//! What every operation declares about itself. Routing, envelope, permission, validation and the OpenAPI document are
//! made from these declarations; nothing else about an operation is written outside its own file.

use crate::{ClassedField, ErrorKind, Inventory, Route};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Whether an operation may outlive its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// Answered at once, never as a job; it leaves no job to poll.
    Inline,
    /// May go on as a job after its request: it is then polled.
    AsJob,
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone; an `Authorization` header is not looked at.
    Anyone,
    /// Whoever has a session.
    Session,
    /// Only the administrator.
    Administrator,
}

/// What an operation does to what is there already. Pages ask once more before one that does not keep it.
///
/// The rule: losing something counts, and so does what nobody can set back. A name, a description, a state, a limit or an
/// attachment does not: the same operation sets it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing is lost: it reads, makes something new, or sets what can be set back.
    Keeps,
    /// What it is about stays, but something of it is lost or cannot be set back: content, a copy, a right, a password, a size.
    /// So it is with what runs other operations, which may do that.
    Overwrites,
    /// What it is about is deleted, be it into the trash.
    Deletes,
}

impl Effect {
    /// Whether something may be lost, so that people are asked once more.
    pub const fn loses(self) -> bool {
        matches!(self, Self::Overwrites | Self::Deletes)
    }
}

/// One operation. Its fields are its parameters, path variables included; their doc comments and schema attributes are
/// their documentation and their rules:
///
/// | attribute | rule |
/// |---|---|
/// | a field without default that is not an `Option` | required |
/// | `length(min, max)` | of the text, or of each element, in UTF-16 units |
/// | `extend("x-max-bytes" = n)` | the most bytes of the text, or of each one in a list or map |
/// | `extend("maxItems" = n)` | the most elements of the list, or entries of the map, if not 1,000 |
/// | `range(min, max)` | bounds, both allowed |
/// | `extend("enum" = […])` | the only values allowed |
/// | a type of id, such as `ImageUuid` | names an existing resource of its kind; the caller owns it, or it has no owner |
/// | `extend("x-shared" = true)` | of such an id: one that is shared with the caller will do |
/// | `extend("x-any-owner" = true)` | of such an id: it may be anybody's |
/// | `extend("x-resource" = "HostVO")` | of a text: names a resource of a kind that there is none of here |
/// | `extend("x-nonempty" = true)` | the list has an element, if it is given |
/// | `extend("x-no-trim" = true)` | blanks at both ends are kept |
pub trait Operation: Serialize + DeserializeOwned + JsonSchema + Send + 'static {
    /// The operation's name, such as `CreateVolumeBackup`.
    const NAME: &'static str;
    /// The part of the reference that it stands in.
    const GROUP: &'static str;
    /// Where it is called.
    const ROUTE: Route;
    /// What it does to what is there already.
    const EFFECT: Effect = Effect::Keeps;
    /// Why this server never does it: then it is always refused with `SYS.1014`, and this says what to do instead.
    const NEVER: Option<&'static str> = None;
    /// Errors of its own: those that do not follow from what else it declares ([`crate::OperationDescription::errors`]).
    const ERRORS: &'static [ErrorKind] = &[];
    /// Whether it may outlive its request.
    const RUNS: Runs = Runs::AsJob;
    /// Whether it may be submitted as a long job.
    const LONG_JOB: bool = false;
    /// Who may call.
    const ACCESS: Access = Access::Session;
    /// How long clients are told that it may take, unless they ask for something else.
    const TIMEOUT: Duration = Duration::from_mins(30);
    /// The protocol version that brought it; empty when unknown.
    const SINCE: &'static str = "";
    /// What it answers.
    type Reply: Reply;
}

/// What an operation answers.
pub trait Reply: Serialize + DeserializeOwned + JsonSchema + Send + 'static {
    /// Which of its fields hold objects of a class that clients know: what the `schema` of a reply is made from.
    const CLASSES: &'static [ClassedField] = &[];
}

/// One query operation: `GET` on its path, and on its path followed by a uuid. All have the same parameters.
pub trait Query: JsonSchema {
    /// The operation's name, such as `QueryImage`.
    const NAME: &'static str;
    /// The part of the reference that it stands in.
    const GROUP: &'static str;
    /// The path of the whole collection.
    const PATH: &'static str;
    /// Subtypes: the `type` that a condition asks for, and the name of the query whose rows have more fields.
    const SUBTYPES: &'static [(&'static str, &'static str)] = &[];
    /// One row of its reply.
    type Inventory: Inventory + Serialize + DeserializeOwned + JsonSchema;
}
