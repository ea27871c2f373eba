//! The query language of `GET /v1/zql`:
//!
//! ```text
//! statements  statement { ";" statement }
//! statement   ("query" | "count") resource ["." field {"," field}] {clause}
//! clause      "where" any | "return with (total)" | "order by" field ["asc" | "desc"] | "limit" n | "offset" n
//!             | "named as" 'name'
//! any         all {"or" all}          all  one {"and" one}          one  "(" any ")" | condition
//! condition   field ("=" | "!=" | ">" | ">=" | "<" | "<=" | ["not"] "like") value
//!             | field ["not"] "in" "(" value {"," value} ")" | field "is" ["not"] "null"
//! ```
//! Values are texts in single or double quotes, in which a backslash takes the next character as it is, or bare words such as
//! `5` and `true`. Words of the language are read in any case.

use crate::{QueryCondition, QueryOperator};

/// Brackets within brackets at most.
const DEPTH: usize = 32;

/// Statements of one text at most.
const STATEMENTS: usize = 32;

/// Conditions and how they are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// This holds.
    Is(QueryCondition),
    /// All of these hold.
    All(Vec<Self>),
    /// One of these holds at least.
    Any(Vec<Self>),
}

impl Filter {
    /// How many conditions it has.
    pub fn len(&self) -> usize {
        match self {
            Self::Is(_) => 1,
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::len).sum(),
        }
    }

    /// Whether it has no conditions.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZqlStatement {
    /// What is queried, in lower case: `image`, `volumebackup`.
    pub resource: String,
    /// Whether it only counts.
    pub count: bool,
    /// Only these fields of each row; empty for all.
    pub fields: Vec<String>,
    /// What must hold.
    pub filter: Option<Filter>,
    /// Whether the number of all matches is wanted too.
    pub with_total: bool,
    /// The field to sort by, and whether descending.
    pub order: Option<(String, bool)>,
    /// Rows at most.
    pub limit: Option<u64>,
    /// Rows to skip.
    pub offset: Option<u64>,
    /// The result's name.
    pub name: Option<String>,
}

/// Why a text is not of the language.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expected} was expected, not {found}")]
pub struct InvalidZql {
    /// What could have stood there.
    pub expected: &'static str,
    /// What stood there: its beginning.
    pub found: String,
}

/// Reads statements.
pub fn parse_zql(text: &str) -> Result<Vec<ZqlStatement>, InvalidZql> {
    let mut words = Words { tokens: tokens(text)?, at: 0 };
    let mut statements = Vec::new();
    loop {
        while words.take_symbol(";") {}
        if words.peek().is_none() {
            break;
        }
        if statements.len() == STATEMENTS {
            return Err(InvalidZql { expected: "the end after 32 statements", found: words.found() });
        }
        statements.push(statement(&mut words)?);
        if words.peek().is_some() && !words.take_symbol(";") {
            return Err(words.expected("a clause, a semicolon or the end"));
        }
    }
    if statements.is_empty() { Err(words.expected("a statement")) } else { Ok(statements) }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Symbol(&'static str),
}

/// Symbols, the longer before those that they begin with.
const SYMBOLS: [&str; 11] = ["!=", ">=", "<=", "=", ">", "<", "(", ")", ",", ";", "+"];

fn tokens(text: &str) -> Result<Vec<Token>, InvalidZql> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            tokens.push(Token::Symbol(symbol));
            rest = rest.get(symbol.len()..).unwrap_or_default();
        } else if first == '\'' || first == '"' {
            let (quoted, after) = quoted(rest, first)?;
            tokens.push(Token::Text(quoted));
            rest = after;
        } else {
            let ends = |c: char| c.is_whitespace() || "'\"!=<>(),;+".contains(c);
            let end = rest.find(ends).unwrap_or(rest.len());
            if end == 0 {
                return Err(InvalidZql { expected: "a word", found: shown(rest) });
            }
            let (word, after) = rest.split_at(end);
            tokens.push(Token::Word(word.to_owned()));
            rest = after;
        }
    }
}

/// A text in quotes, and what follows it.
fn quoted(rest: &str, quote: char) -> Result<(String, &str), InvalidZql> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
            end if end == quote => return Ok((text, rest.get(at + quote.len_utf8()..).unwrap_or_default())),
            other => text.push(other),
        }
    }
    Err(InvalidZql { expected: "a closing quote", found: shown(rest) })
}

fn shown(text: &str) -> String {
    let beginning: String = text.chars().take(32).collect();
    if beginning.is_empty() { "the end".to_owned() } else { format!("'{beginning}'") }
}

struct Words {
    tokens: Vec<Token>,
    at: usize,
}

impl Words {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn found(&self) -> String {
        match self.peek() {
            None => shown(""),
            Some(Token::Word(text) | Token::Text(text)) => shown(text),
            Some(Token::Symbol(symbol)) => shown(symbol),
        }
    }

    fn expected(&self, expected: &'static str) -> InvalidZql {
        InvalidZql { expected, found: self.found() }
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Symbol(next)) if *next == symbol);
        self.at += usize::from(is_next);
        is_next
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Word(next)) if next.eq_ignore_ascii_case(word));
        self.at += usize::from(is_next);
        is_next
    }

    fn symbol(&mut self, symbol: &'static str) -> Result<(), InvalidZql> {
        if self.take_symbol(symbol) { Ok(()) } else { Err(self.expected(symbol)) }
    }

    fn word(&mut self, word: &'static str) -> Result<(), InvalidZql> {
        if self.take_word(word) { Ok(()) } else { Err(self.expected(word)) }
    }

    /// Any word, such as a field.
    fn any_word(&mut self, expected: &'static str) -> Result<String, InvalidZql> {
        let Some(Token::Word(word)) = self.peek() else { return Err(self.expected(expected)) };
        let word = word.clone();
        self.at += 1;
        Ok(word)
    }

    /// A text, or a bare word.
    fn value(&mut self) -> Result<String, InvalidZql> {
        let Some(Token::Word(value) | Token::Text(value)) = self.peek() else {
            return Err(self.expected("a value"));
        };
        let value = value.clone();
        self.at += 1;
        Ok(value)
    }

    fn number(&mut self) -> Result<u64, InvalidZql> {
        let word = self.any_word("a whole number")?;
        word.parse().map_err(|_| InvalidZql { expected: "a whole number", found: shown(&word) })
    }
}

fn statement(words: &mut Words) -> Result<ZqlStatement, InvalidZql> {
    let count = match () {
        () if words.take_word("query") => false,
        () if words.take_word("count") => true,
        () => return Err(words.expected("query or count")),
    };
    let named = words.any_word("a resource")?;
    let (resource, field) = named.split_once('.').map_or((named.as_str(), None), |(it, field)| (it, Some(field)));
    let mut fields: Vec<_> = field.map(str::to_owned).into_iter().collect();
    while words.take_symbol(",") {
        fields.push(words.any_word("a field")?);
    }
    let mut statement = ZqlStatement {
        resource: resource.to_ascii_lowercase(),
        count,
        fields,
        filter: None,
        with_total: false,
        order: None,
        limit: None,
        offset: None,
        name: None,
    };
    loop {
        if words.take_word("where") {
            statement.filter = Some(any(words, 0)?);
        } else if words.take_word("return") {
            words.word("with")?;
            words.symbol("(")?;
            words.word("total")?;
            words.symbol(")")?;
            statement.with_total = true;
        } else if words.take_word("order") {
            words.word("by")?;
            let field = words.any_word("a field")?;
            let descending = words.take_word("desc");
            if !descending {
                words.take_word("asc");
            }
            statement.order = Some((field, descending));
        } else if words.take_word("limit") {
            statement.limit = Some(words.number()?);
        } else if words.take_word("offset") {
            statement.offset = Some(words.number()?);
        } else if words.take_word("named") {
            words.word("as")?;
            statement.name = Some(words.value()?);
        } else {
            return Ok(statement);
        }
    }
}

fn any(words: &mut Words, depth: usize) -> Result<Filter, InvalidZql> {
    let mut parts = vec![all(words, depth)?];
    while words.take_word("or") {
        parts.push(all(words, depth)?);
    }
    Ok(joined(parts, Filter::Any))
}

fn all(words: &mut Words, depth: usize) -> Result<Filter, InvalidZql> {
    let mut parts = vec![one(words, depth)?];
    while words.take_word("and") {
        parts.push(one(words, depth)?);
    }
    Ok(joined(parts, Filter::All))
}

fn joined(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

fn one(words: &mut Words, depth: usize) -> Result<Filter, InvalidZql> {
    if words.take_symbol("(") {
        if depth == DEPTH {
            return Err(words.expected("at most 32 brackets within each other"));
        }
        let inside = any(words, depth + 1)?;
        words.symbol(")")?;
        return Ok(inside);
    }
    let field = words.any_word("a field")?;
    let is = |operator, value| Filter::Is(QueryCondition { field: field.clone(), operator, value });
    if words.take_word("is") {
        let operator = if words.take_word("not") { QueryOperator::IsNotNull } else { QueryOperator::IsNull };
        words.word("null")?;
        return Ok(is(operator, String::new()));
    }
    let not = words.take_word("not");
    if words.take_word("like") {
        let operator = if not { QueryOperator::NotLike } else { QueryOperator::Like };
        return Ok(is(operator, words.value()?));
    }
    if words.take_word("in") {
        let values = list(words)?;
        let (operator, each) = if not {
            (QueryOperator::NotIn, QueryOperator::NotEqual)
        } else {
            (QueryOperator::In, QueryOperator::Equal)
        };
        if values.iter().all(|value| !value.contains(',')) {
            return Ok(is(operator, values.join(",")));
        }
        // Lists are separated by commas: what holds one stands alone.
        let parts = values.into_iter().map(|value| is(each, value)).collect();
        return Ok(if not { Filter::All(parts) } else { Filter::Any(parts) });
    }
    let operators = [
        ("!=", QueryOperator::NotEqual),
        (">=", QueryOperator::AtLeast),
        ("<=", QueryOperator::AtMost),
        ("=", QueryOperator::Equal),
        (">", QueryOperator::Greater),
        ("<", QueryOperator::Less),
    ];
    let found = operators.into_iter().find(|(symbol, _)| !not && words.take_symbol(symbol));
    let (_, operator) = found.ok_or_else(|| words.expected("an operator"))?;
    Ok(is(operator, words.value()?))
}

fn list(words: &mut Words) -> Result<Vec<String>, InvalidZql> {
    words.symbol("(")?;
    let mut values = vec![words.value()?];
    while words.take_symbol(",") {
        values.push(words.value()?);
    }
    words.symbol(")")?;
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any as anything, proptest};

    fn shape(filter: &Filter) -> String {
        let inside = |parts: &[Filter]| parts.iter().map(shape).collect::<Vec<_>>().join(" ");
        match filter {
            Filter::Is(it) => format!("{}{}{}", it.field, it.operator.as_str(), it.value),
            Filter::All(parts) => format!("all({})", inside(parts)),
            Filter::Any(parts) => format!("any({})", inside(parts)),
        }
    }

    fn filter(text: &str) -> String {
        match parse_zql(&format!("query image where {text}")) {
            Ok(statements) => statements[0].filter.as_ref().map(shape).unwrap_or_default(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_statement_is_read_with_all_its_clauses() {
        let text = "QUERY Image.uuid, name where state='Enabled' return with (total) order by createDate desc \
                    limit 5 offset 10 named as 'mine'; count volume";
        let statements = parse_zql(text).unwrap();
        assert_eq!(statements.len(), 2);
        let first = &statements[0];
        assert_eq!((first.resource.as_str(), first.count, first.with_total), ("image", false, true));
        assert_eq!(first.fields, ["uuid", "name"]);
        assert_eq!(first.order, Some(("createDate".to_owned(), true)));
        assert_eq!((first.limit, first.offset, first.name.as_deref()), (Some(5), Some(10), Some("mine")));
        assert!(statements[1].count && statements[1].filter.is_none());
    }

    #[test]
    fn and_binds_before_or_and_brackets_before_both() {
        assert_eq!(filter("a=1 or b=2 and c=3"), "any(a=1 all(b=2 c=3))");
        assert_eq!(filter("(a=1 or b=2) and c!='x'"), "all(any(a=1 b=2) c!=x)");
        assert_eq!(filter("a like '%x' and b not like \"y\""), "all(a~=%x b!~=y)");
        assert_eq!(filter("a in ('x', y) and b not in (1,2)"), "all(a?=x,y b!?=1,2)");
        assert_eq!(filter("a in ('x,y', z)"), "any(a=x,y a=z)");
        assert_eq!(filter("a is null or r.b is not null"), "any(ais null r.bnot null)");
        assert_eq!(filter(r"name='it\'s'"), "name=it's");
    }

    #[test]
    fn what_is_not_of_the_language_is_refused_where_it_stands() {
        for (text, expected) in [
            ("a", "an operator was expected, not the end"),
            ("a=", "a value was expected, not the end"),
            ("a='x", "a closing quote was expected"),
            ("a=1 b=2", "a clause, a semicolon or the end was expected, not 'b'"),
            ("(a=1", ") was expected"),
            ("a in ()", "a value was expected, not ')'"),
            ("a not = 1", "an operator was expected"),
        ] {
            assert!(filter(text).contains(expected), "{text}: {}", filter(text));
        }
        assert!(parse_zql("").is_err() && parse_zql(" ; ").is_err() && parse_zql("delete image").is_err());
        assert!(parse_zql("query image limit -1").is_err());
        let deep = format!("query image where {}a=1", "(".repeat(100_000));
        assert!(parse_zql(&deep).unwrap_err().to_string().contains("32 brackets"));
        assert!(parse_zql(&"count image;".repeat(33)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in anything::<String>()) {
            let _ = parse_zql(&format!("query image where {text}"));
            let _ = parse_zql(&text);
        }
    }
}
