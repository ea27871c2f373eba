//! The OpenAPI document, made from the declarations: one OpenAPI operation for each method and path. Actions that share a
//! path are one operation whose body is one of them, by its key.

use crate::request_example::BESIDE;
use crate::{
    Access, ErrorReply, OperationDescription, ParamForm, ParamRule, QueryDescription, QueryOperator, Runs, operations,
    queries, variable,
};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// What the API is, for the document's head.
const ABOUT: &str = "Imprint takes backups of volumes and makes image templates of any backup in constant time. Log in \
                     with `PUT /accounts/login`, then send `Authorization: OAuth <session uuid>` with every call. Dates \
                     are English text in the server's zone. Calls that take longer than a few seconds answer 202 with a \
                     `location` to poll.";

/// The document.
pub fn openapi_document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|it| it.definitions_path = "/components/schemas".into());
    let mut generator = settings.for_serialize().into_generator();
    let mut paths = Paths::default();
    for query in queries() {
        paths.add_query(query, &mut generator);
    }
    for operation in operations() {
        paths.add(operation, &mut generator);
    }
    let error = generator.subschema_for::<ErrorReply>();
    paths.item("/api-jobs/{uuid}").1.insert("get".to_owned(), poll());
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Imprint",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/zstack/v1"}],
        "paths": paths.into_json(),
        "components": {
            "schemas": generator.take_definitions(true),
            "parameters": query_parameters().into_iter().map(named).collect::<Map<_, _>>(),
            "responses": {
                "refused": {
                    "description": "The request cannot be read: its line, a header, the JSON, or the type of a parameter.",
                    "content": {"text/plain": {"schema": {"type": "string"}}},
                },
                "failed": {
                    "description": "The call failed; `error.code` says how.",
                    "content": {"application/json": {"schema": error}},
                },
                "accepted": {
                    "description": "The call goes on as a job. Poll `location` until it answers 200 or 503.",
                    "content": {"application/json": {"schema": {
                        "type": "object",
                        "properties": {
                            "location": {"type": "string", "description": "Where to poll."},
                            "apiTimeout": {"type": "integer", "description": "Milliseconds that the job may take."},
                        },
                        "required": ["location", "apiTimeout"],
                    }}},
                },
            },
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`OAuth ` and the uuid of a session.",
                },
                "accessKey": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`ZStack `, the id of an access key, a colon and the Base64 HMAC-SHA1, by the key's secret, \
                                    of the method, the header `Date` and the path from `/v1` on, joined by line feeds.",
                },
            },
        },
    });
    drop_null_defaults(&mut document);
    document
}

/// What may be left out has no default: null is none of the values that a parameter allows.
fn drop_null_defaults(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.get("default").is_some_and(Value::is_null) {
                fields.shift_remove("default");
            }
            fields.values_mut().for_each(drop_null_defaults);
        }
        Value::Array(elements) => elements.iter_mut().for_each(drop_null_defaults),
        _ => {}
    }
}

/// The path items made so far. Templates that differ in the names of their variables only are one path.
#[derive(Default)]
struct Paths(Vec<(String, Map<String, Value>)>);

impl Paths {
    fn item(&mut self, template: &str) -> (&str, &mut Map<String, Value>) {
        let known = self.0.iter().position(|(path, _)| shape(path).eq(shape(template)));
        let at = known.unwrap_or_else(|| {
            self.0.push((template.to_owned(), Map::new()));
            self.0.len() - 1
        });
        let (path, item) = &mut self.0[at];
        (path, item)
    }

    fn add_query(&mut self, query: &QueryDescription, generator: &mut SchemaGenerator) {
        let text = description(&(query.text_schema)(generator).to_value());
        let row = (query.row_schema)(generator);
        let reply = json!({"200": reply(&json!({
            "type": "object",
            "properties": {
                "inventories": {"type": "array", "items": row, "description": "What was found."},
                "total": {"type": "integer", "description": "The number of all matches, when asked for."},
                "schema": {"type": "object", "description": "The classes of the objects in the reply."},
            },
        }))});
        let responses = with_failures(reply);
        let security = json!([{"session": []}, {"accessKey": []}]);
        let shared: Vec<_> = query_parameters()
            .iter()
            .map(|it| json!({"$ref": format!("#/components/parameters/{}", it["name"].as_str().unwrap_or_default())}))
            .collect();
        self.item(query.path).1.insert(
            "get".to_owned(),
            json!({
                "operationId": query.name, "tags": [query.group], "summary": text,
                "parameters": shared, "responses": responses, "security": security,
            }),
        );
        let one = format!("{}/{{uuid}}", query.path);
        self.item(&one).1.insert(
            "get".to_owned(),
            json!({
                "operationId": format!("{}ByUuid", query.name), "tags": [query.group],
                "summary": format!("{text} The one with this uuid, if there is one."),
                "parameters": [path_parameter("uuid", "Which one.")], "responses": responses, "security": security,
            }),
        );
    }

    fn add(&mut self, operation: &OperationDescription, generator: &mut SchemaGenerator) {
        let schema = (operation.params_schema)(generator).to_value();
        let summary = description(&schema);
        let reply_schema = (operation.reply_schema)(generator).to_value();
        let (path, item) = self.item(operation.route.path());
        let names = operation.route.variables().zip(variable_names(path));
        let mut parameters: Vec<_> =
            names.map(|(own, shared)| path_parameter(shared, &text_of(operation, own))).collect();
        if operation.body_key.is_none() {
            parameters.extend(query_string_parameters(operation, &schema));
        }
        let method = operation.route.method().as_str().to_ascii_lowercase();
        let body = operation.body_key.as_ref().map(|key| body_schema(operation, key, &schema, &summary));
        if let Some(present) = item.get_mut(&method) {
            join(present, operation, &summary, body, &reply_schema);
            add_examples(present, operation);
            return;
        }
        let mut responses = with_failures(json!({"200": reply(&reply_schema)}));
        if operation.runs == Runs::AsJob {
            responses["202"] = json!({"$ref": "#/components/responses/accepted"});
        }
        let mut made = json!({
            "operationId": operation.name, "tags": [operation.group], "summary": summary,
            "parameters": parameters, "responses": responses,
        });
        if !operation.since.is_empty() {
            made["x-since"] = operation.since.into();
        }
        if operation.access != Access::Anyone {
            made["security"] = json!([{"session": []}, {"accessKey": []}]);
        }
        if let Some(body) = body {
            made["requestBody"] = json!({"content": {"application/json": {"schema": body}}});
        }
        add_examples(&mut made, operation);
        item.insert(method, made);
    }

    fn into_json(self) -> Map<String, Value> {
        self.0.into_iter().map(|(path, item)| (path, Value::Object(item))).collect()
    }
}

/// Adds what the operation may be sent and what it answers, each under its name.
fn add_examples(made: &mut Value, operation: &OperationDescription) {
    let named = |value: Value| json!({"value": value});
    made["responses"]["200"]["content"]["application/json"]["examples"][operation.name] =
        named(operation.reply_example());
    if let Some(key) = &operation.body_key {
        let own: Vec<_> = operation.route.variables().collect();
        let mut parameters = operation.parameters_example();
        parameters.retain(|name, _| !own.contains(&name.as_str()));
        made["requestBody"]["content"]["application/json"]["examples"][operation.name] =
            named(json!({ key: parameters }));
    }
}

/// Adds one more action to the operation of its path.
fn join(present: &mut Value, added: &OperationDescription, summary: &str, body: Option<Value>, reply: &Value) {
    let id = format!("{}Or{}", present["operationId"].as_str().unwrap_or_default(), added.name);
    present["operationId"] = id.into();
    present["summary"] = format!("{} Or: {summary}", present["summary"].as_str().unwrap_or_default()).into();
    let request = &mut present["requestBody"]["content"]["application/json"]["schema"];
    add_alternative(request, "oneOf", body.unwrap_or_default());
    add_alternative(&mut present["responses"]["200"]["content"]["application/json"]["schema"], "anyOf", reply.clone());
}

fn add_alternative(schema: &mut Value, key: &str, alternative: Value) {
    if let Some(Value::Array(alternatives)) = schema.get_mut(key) {
        if !alternatives.contains(&alternative) {
            alternatives.push(alternative);
        }
    } else if *schema != alternative {
        *schema = json!({key: [schema.take(), alternative]});
    }
}

fn body_schema(operation: &OperationDescription, key: &str, schema: &Value, summary: &str) -> Value {
    let own: Vec<_> = operation.route.variables().collect();
    let is_inside = |name: &str| !own.contains(&name) && !is_tag_list(name);
    let of = |rule: &ParamRule| (rule.name.clone(), limited(rule, schema));
    let inside: Map<_, _> = operation.rules.iter().filter(|rule| is_inside(&rule.name)).map(of).collect();
    let beside = operation.rules.iter().filter(|rule| is_tag_list(&rule.name)).map(of);
    let required: Vec<_> =
        operation.rules.iter().filter(|rule| rule.required && is_inside(&rule.name)).map(|rule| &rule.name).collect();
    let mut wrapped = json!({"type": "object", "description": summary, "properties": inside});
    if !required.is_empty() {
        wrapped["required"] = json!(required);
    }
    let outer: Map<_, _> = std::iter::once((key.to_owned(), wrapped)).chain(beside).collect();
    let mut body = json!({"type": "object", "properties": outer});
    if operation.route.is_chosen_by_key() || !required.is_empty() {
        body["required"] = json!([key]);
    }
    body
}

/// The schema of a parameter, with the limits that it has without declaring them.
fn limited(rule: &ParamRule, schema: &Value) -> Value {
    let mut schema = schema["properties"][&rule.name].clone();
    match (rule.form, rule.max_entries) {
        (ParamForm::TextList, Some(most)) => schema["maxItems"] = most.into(),
        (ParamForm::Map, Some(most)) => schema["maxProperties"] = most.into(),
        _ => {}
    }
    schema
}

/// These two stand beside the wrapper, at the top of the body.
fn is_tag_list(name: &str) -> bool {
    BESIDE.contains(&name)
}

fn query_string_parameters(operation: &OperationDescription, schema: &Value) -> Vec<Value> {
    let own: Vec<_> = operation.route.variables().collect();
    let rules = operation.rules.iter().filter(|rule| !own.contains(&rule.name.as_str()));
    rules
        .map(|rule| {
            let schema = limited(rule, schema);
            json!({"name": rule.name, "in": "query", "required": rule.required, "description": rule.text, "schema": schema})
        })
        .collect()
}

fn named(parameter: Value) -> (String, Value) {
    (parameter["name"].as_str().unwrap_or_default().to_owned(), parameter)
}

/// What every query takes.
pub(crate) fn query_parameters() -> [Value; 7] {
    let operators = QueryOperator::ALL.map(|operator| format!("`{}`", operator.as_str())).join(", ");
    let parameter =
        |name: &str, kind: Value, text: &str| json!({"name": name, "in": "query", "description": text, "schema": kind});
    let condition = format!(
        "A condition, `<field><operator><value>`; repeat for more, all of which must hold. Operators: {operators}."
    );
    [
        parameter("q", json!({"type": "array", "items": {"type": "string"}}), &condition),
        parameter("limit", json!({"type": "integer", "default": 1000, "minimum": 0}), "At most so many rows."),
        parameter("start", json!({"type": "integer", "default": 0, "minimum": 0}), "Skip so many rows."),
        parameter("count", json!({"type": "boolean", "default": false}), "Only count."),
        parameter(
            "replyWithCount",
            json!({"type": "boolean", "default": false}),
            "Rows, and the number of all matches.",
        ),
        parameter("sort", json!({"type": "string"}), "The field to sort by, `+` or `-` before it."),
        parameter("fields", json!({"type": "string"}), "Only these fields of each row, separated by commas."),
    ]
}

/// The operation that polls a job.
fn poll() -> Value {
    let responses = json!({
        "200": reply(&json!({"type": "object", "description": "The reply of the call."})),
        "202": {
            "description": "It has not ended.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        "404": {
            "description": "There is no such job, or not any more.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        "503": {"$ref": "#/components/responses/failed"},
    });
    json!({
        "operationId": "PollJob", "tags": ["platform"],
        "summary": "Tells where a job stands. No session is needed: the job's id is known to its caller alone.",
        "parameters": [path_parameter("uuid", "The job: the end of the `location` that a call answered with 202.")],
        "responses": responses,
    })
}

fn path_parameter(name: &str, text: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "description": text, "schema": {"type": "string"}})
}

fn reply(schema: &Value) -> Value {
    json!({"description": "Done.", "content": {"application/json": {"schema": schema}}})
}

fn with_failures(mut responses: Value) -> Value {
    for status in ["400", "404"] {
        responses[status] = json!({"$ref": "#/components/responses/refused"});
    }
    // Refused before anything of it is understood: without a body.
    responses["431"] = json!({"description": "The request's line or headers are too long."});
    responses["503"] = json!({"$ref": "#/components/responses/failed"});
    responses
}

fn text_of(operation: &OperationDescription, parameter: &str) -> String {
    let rule = operation.rules.iter().find(|rule| rule.name == parameter);
    rule.map(|rule| rule.text.clone()).unwrap_or_default()
}

fn variable_names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(variable)
}

/// The path with its variables nameless.
fn shape(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').map(|segment| if variable(segment).is_some() { "{}" } else { segment })
}

/// A doc comment in one line.
fn description(schema: &Value) -> String {
    schema.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ")
}
