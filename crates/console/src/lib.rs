//! Pages for people, over the same application functions as the API: the console, in which the daily work is done without
//! a command line. Every page is made here and complete without a script, but for trying out an operation of the reference, which
//! a script sends; scripts make live what changes while one looks.
//!
//! | path | what it is |
//! |---|---|
//! | `/` | the overview |
//! | `/<collection>` | a table of what there is: filtered, sorted and paged by the query of the collection |
//! | `/<collection>/<uuid>` | one of them, what belongs to it, and what can be done with it |
//! | `/compare` | which parts of a volume changed between two backups |
//! | `/do/<Operation>` | the form of any operation, made from its declaration; sent, it performs the operation |
//! | `/do/<Operation>/curl` | the command line of what a form holds, for the script that asks while one types |
//! | `/volumes/register`, `/volumes/register/curl` | the same for the form that makes a disk file a volume |
//! | `/settings` | what the server was started with |
//! | `/docs`, `/openapi.json` | the reference, for everybody: `docs` |
//! | `/sign-in`, `/sign-out` | sessions |
//! | `/events/running`, `/events/job/<uuid>`, `/events/downloads/<uuid>` | what runs, a long job, or the downloads of an image, as server-sent events |
//! | `/assets/<version>/<file>` | style sheet and scripts, which lie in the binary |
//!
//! What always holds: a page shows what the visitor's own queries find, and what the service says of that; what a form does is an operation of the API, called
//! with the visitor's session after the token of the session was shown; every text from outside is escaped by the templates.

mod about;
mod action;
mod assets;
mod cell;
mod charts;
mod choices;
mod collections;
mod compare;
mod console;
mod controls;
mod detail;
mod docs;
mod done;
mod downloads;
mod events;
mod failures;
mod forms;
mod jobs;
mod last_backup;
mod layout;
mod list;
mod names;
mod offer;
mod outcome;
mod overview;
mod ownership;
mod pairs;
mod panels;
mod passwords;
mod prose;
mod register;
mod respond;
mod section;
mod settings;
mod sign_in;
mod streams;
mod table;
mod texts;
mod units;
mod visit;

pub use console::Console;
