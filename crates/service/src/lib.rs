//! What each operation does: its rules, then one transaction or one job. Used by the API's front and by the console alike.
//!
//! [`Service`] implements [`Perform`] once for each operation, a file each in `operations/`. It knows no HTTP: errors are
//! [`ServiceError`] values, which the server turns into codes and texts in one place.

mod caller;
mod error;
mod perform;
mod query;

pub use caller::Caller;
pub use error::Refusal;
pub use error::ServiceError;
pub use perform::Context;
pub use perform::Perform;
pub use query::QueryReply;
pub use query::QueryRequest;
