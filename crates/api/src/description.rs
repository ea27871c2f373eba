//! The declarations as values, for whatever works on all operations alike: routing, validation, documents.

use crate::operations::{describe_operations, describe_queries};
use crate::{
    Access, ClassTree, ClassedField, Effect, ErrorKind, Inventory, Operation, ParamRule, Query, Reply, Route, Runs,
    param_rules,
};
use schemars::{Schema, SchemaGenerator, schema_for};
use serde_json::Value;
use std::sync::LazyLock;
use std::time::Duration;

/// What an operation declares about itself.
#[derive(Debug)]
pub struct OperationDescription {
    /// Its place among [`operations`].
    pub index: usize,
    /// Its name.
    pub name: &'static str,
    /// The part of the reference that it stands in.
    pub group: &'static str,
    /// Where it is called.
    pub route: Route,
    /// The key that wraps its parameters in the body.
    pub body_key: Option<String>,
    /// What it does to what is there already.
    pub effect: Effect,
    /// Why this server never does it, and what to do instead.
    pub never: Option<&'static str>,
    /// Errors of its own, apart from those that follow from the rest.
    pub own_errors: &'static [ErrorKind],
    /// Whether it may outlive its request.
    pub runs: Runs,
    /// Whether it may be submitted as a long job.
    pub long_job: bool,
    /// Who may call.
    pub access: Access,
    /// How long clients are told that it may take.
    pub timeout: Duration,
    /// The protocol version that brought it.
    pub since: &'static str,
    /// Its parameters.
    pub rules: Vec<ParamRule>,
    /// Which fields of its reply hold objects of classes.
    pub classes: &'static [ClassedField],
    /// Reads parameters, each of its declared type, as the operation does, and says what it does not know.
    pub decode: fn(Value) -> Result<(), serde_json::Error>,
    /// Makes the schema of its parameters.
    pub params_schema: fn(&mut SchemaGenerator) -> Schema,
    /// Makes the schema of its reply.
    pub reply_schema: fn(&mut SchemaGenerator) -> Schema,
}

impl OperationDescription {
    /// What long jobs call it: `API…Msg`.
    pub fn job_name(&self) -> String {
        job_name(self.name)
    }

    /// The operation that a long job of this name runs.
    pub fn of_job(name: &str) -> Option<&'static Self> {
        let name = name.strip_prefix("API")?.strip_suffix("Msg")?;
        operations().iter().find(|operation| operation.name == name)
    }

    /// The description of an operation.
    pub(crate) fn of<O: Operation>() -> Self {
        Self {
            index: 0,
            name: O::NAME,
            group: O::GROUP,
            route: O::ROUTE,
            body_key: O::ROUTE.body_key(O::NAME),
            effect: O::EFFECT,
            never: O::NEVER,
            own_errors: O::ERRORS,
            runs: O::RUNS,
            long_job: O::LONG_JOB,
            access: O::ACCESS,
            timeout: O::TIMEOUT,
            since: O::SINCE,
            rules: param_rules::<O>(),
            classes: O::Reply::CLASSES,
            decode: |parameters| serde_json::from_value::<O>(parameters).map(drop),
            params_schema: O::json_schema,
            reply_schema: |generator| generator.subschema_for::<O::Reply>(),
        }
    }
}

/// What a query declares about itself.
#[derive(Debug)]
pub struct QueryDescription {
    /// Its name.
    pub name: &'static str,
    /// The part of the reference that it stands in.
    pub group: &'static str,
    /// The path of the whole collection.
    pub path: &'static str,
    /// Subtypes: the `type` that a condition asks for, and the name of the query whose rows have more fields.
    pub subtypes: &'static [(&'static str, &'static str)],
    /// The class of its rows and of what they hold.
    pub tree: &'static ClassTree,
    /// The names of the fields of its rows.
    pub fields: Vec<String>,
    /// Makes the schema whose description is the query's text.
    pub text_schema: fn(&mut SchemaGenerator) -> Schema,
    /// Makes the schema of one row.
    pub row_schema: fn(&mut SchemaGenerator) -> Schema,
}

impl QueryDescription {
    /// The description of a query.
    pub(crate) fn of<Q: Query>() -> Self {
        Self {
            name: Q::NAME,
            group: Q::GROUP,
            path: Q::PATH,
            subtypes: Q::SUBTYPES,
            tree: Q::Inventory::TREE,
            fields: field_names(&schema_for!(Q::Inventory)),
            text_schema: Q::json_schema,
            row_schema: |generator| generator.subschema_for::<<Q as Query>::Inventory>(),
        }
    }
}

impl QueryDescription {
    /// The query whose rows have more fields, when only rows of this `type` are asked for; else this one.
    pub fn of_type(&'static self, type_name: &str) -> &'static Self {
        let subtype = self.subtypes.iter().find(|(name, _)| *name == type_name);
        let query = subtype.and_then(|(_, query)| queries().iter().find(|it| it.name == *query));
        query.unwrap_or(self)
    }
}

fn field_names(schema: &Schema) -> Vec<String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flat_map(|map| map.keys().cloned()).collect()
}

/// Every operation but the queries, in the order of [`for_each_operation`](crate::for_each_operation).
pub fn operations() -> &'static [OperationDescription] {
    static DESCRIPTIONS: LazyLock<Vec<OperationDescription>> = LazyLock::new(|| {
        let mut descriptions = describe_operations();
        descriptions.iter_mut().enumerate().for_each(|(index, description)| description.index = index);
        descriptions
    });
    &DESCRIPTIONS
}

/// What long jobs call the operation of this name.
pub fn job_name(operation: &str) -> String {
    format!("API{operation}Msg")
}

/// Every query.
pub fn queries() -> &'static [QueryDescription] {
    static DESCRIPTIONS: LazyLock<Vec<QueryDescription>> = LazyLock::new(describe_queries);
    &DESCRIPTIONS
}
