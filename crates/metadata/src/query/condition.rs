//! One condition as one SQL clause.

use super::parameters::Parameters;
use super::shapes::{Field, Kind, Shape};
use super::{QueryError, unknown};
use imprint_api::{QueryCondition, QueryOperator as Op, ReplyZone};

/// Characters of a pattern at most: SQLite takes 50,000 bytes.
const PATTERN: usize = 4096;

/// Keeps PostgreSQL from planning subqueries as joins with each other: a hundred of them took it two minutes.
const APART: &str = " LIMIT 1 OFFSET 0";

/// Makes clauses over the rows `t` of a shape.
pub(super) struct Clauses<'a> {
    pub(super) shape: &'static Shape,
    pub(super) zone: &'a ReplyZone,
    pub(super) parameters: &'a mut Parameters,
}

impl Clauses<'_> {
    pub(super) fn of(mut self, condition: &QueryCondition) -> Result<String, QueryError> {
        if let Some((kind, column)) = tag_column(&condition.field) {
            return self.of_tag(kind, column, condition);
        }
        if let Some(field) = self.shape.field(&condition.field) {
            return self.compare("t", field, condition.operator, condition);
        }
        let (related, field) =
            self.shape.related(&condition.field).ok_or_else(|| unknown(self.shape, &condition.field))?;
        let clause = self.compare("x", field, condition.operator, condition)?;
        // What an account does not see must not answer yes or no either.
        let seen = self.parameters.seen("x", related.seen);
        let seen = seen.map(|seen| format!(" AND {seen}")).unwrap_or_default();
        Ok(format!("EXISTS (SELECT 1 FROM {} AND {clause}{seen}{APART})", related.from))
    }

    /// A negated operator asks for resources without such a tag. The tags are found first, by their index, and then the
    /// resources by theirs: asking each resource for its tags would cost as much as there are resources.
    fn of_tag(&mut self, kind: &str, column: &'static str, condition: &QueryCondition) -> Result<String, QueryError> {
        let (not, operator) = match condition.operator {
            Op::NotEqual => ("NOT ", Op::Equal),
            Op::NotLike => ("NOT ", Op::Like),
            Op::NotIn => ("NOT ", Op::In),
            // Whether there is one at all.
            Op::IsNull => ("NOT ", Op::IsNotNull),
            other => ("", other),
        };
        let value_kind = if column == "tag_pattern_uuid" { Kind::Id } else { Kind::Text };
        let field = Field { name: "tag", column: Some(column), kind: value_kind };
        let clause = self.compare("x", &field, operator, condition)?;
        let of_kind = if kind.is_empty() { String::new() } else { format!(" AND x.kind = '{kind}'") };
        let tagged = format!("SELECT x.resource_uuid FROM tag x WHERE {clause}{of_kind}");
        // As an array, PostgreSQL finds it once and plans no join: a hundred joins took it two minutes.
        Ok(if self.parameters.is_postgres() {
            format!("{not}(t.uuid = ANY (ARRAY({tagged})))")
        } else {
            format!("t.uuid {not}IN ({tagged})")
        })
    }

    fn compare(
        &mut self,
        alias: &str,
        field: &Field,
        operator: Op,
        condition: &QueryCondition,
    ) -> Result<String, QueryError> {
        let column = field.value(alias);
        match operator {
            Op::IsNull => return Ok(format!("{column} IS NULL")),
            Op::IsNotNull => return Ok(format!("{column} IS NOT NULL")),
            Op::Like | Op::NotLike => return self.like(&column, field, operator, condition),
            _ => {}
        }
        if matches!(operator, Op::In | Op::NotIn) {
            let mut values = Vec::new();
            for element in condition.value.split(',') {
                values.push(self.parameter(field, element, condition)?);
            }
            let not = if operator == Op::NotIn { "NOT " } else { "" };
            return Ok(format!("{} {not}IN ({})", self.parameters.folded(&column, field.kind), values.join(", ")));
        }
        let sign = match operator {
            Op::NotEqual => "<>",
            Op::AtLeast => ">=",
            Op::AtMost => "<=",
            Op::Greater => ">",
            Op::Less => "<",
            _ => "=",
        };
        // Order needs the byte-wise collation; equality does not, and would lose an id's index by it.
        let column = match operator {
            Op::Equal | Op::NotEqual => self.parameters.folded(&column, field.kind),
            _ => self.parameters.ordered(&column, field.kind),
        };
        Ok(format!("{column} {sign} {}", self.parameter(field, &condition.value, condition)?))
    }

    fn like(
        &mut self,
        column: &str,
        field: &Field,
        operator: Op,
        condition: &QueryCondition,
    ) -> Result<String, QueryError> {
        if condition.value.chars().nth(PATTERN).is_some() {
            return Err(QueryError::TooLarge { what: "characters in a pattern", limit: PATTERN });
        }
        let not = if operator == Op::NotLike { "NOT " } else { "" };
        // SQLite's LIKE never minds the case of ASCII letters, and its GLOB always does.
        if field.kind == Kind::Id && !self.parameters.is_postgres() {
            let pattern = self.text(&glob(&condition.value), condition)?;
            return Ok(format!("{column} {not}GLOB {pattern}"));
        }
        let mut pattern = condition.value.replace('\\', "\\\\");
        if field.kind == Kind::Text {
            pattern.make_ascii_lowercase();
        }
        let pattern = self.text(&pattern, condition)?;
        let column = match field.kind {
            Kind::Text | Kind::Id => self.parameters.folded(column, field.kind),
            Kind::Number | Kind::Boolean | Kind::Date => format!("CAST({column} AS TEXT)"),
        };
        Ok(format!("{column} {not}LIKE {pattern} ESCAPE '\\'"))
    }

    /// The placeholder of a value of the field's type.
    fn parameter(&mut self, field: &Field, value: &str, condition: &QueryCondition) -> Result<String, QueryError> {
        match field.kind {
            Kind::Id => self.text(value, condition),
            // Folded here and not by the database: SQLite takes seconds for some thousands of constant calls.
            Kind::Text => self.text(&value.to_ascii_lowercase(), condition),
            Kind::Number => {
                let number = whole_number(value).ok_or_else(|| self.wrong("number", value, condition))?;
                self.parameters.push(number)
            }
            Kind::Boolean => {
                let flag = value.to_ascii_lowercase().parse::<bool>();
                let flag = flag.map_err(|_| self.wrong("boolean", value, condition))?;
                self.parameters.push(flag)
            }
            Kind::Date => {
                let time = self.zone.parse(value.trim()).ok_or_else(|| self.wrong("date", value, condition))?;
                self.parameters.push(time.0)
            }
        }
    }

    fn text(&mut self, value: &str, condition: &QueryCondition) -> Result<String, QueryError> {
        // PostgreSQL has no text with NUL, so that no row can hold one.
        if value.contains('\0') {
            return Err(self.wrong("text without NUL", value, condition));
        }
        let cast = if self.parameters.is_postgres() { "::text" } else { "" };
        Ok(self.parameters.push(value)? + cast)
    }

    fn wrong(&self, expected: &'static str, value: &str, condition: &QueryCondition) -> QueryError {
        QueryError::WrongValue {
            inventory: self.shape.inventory,
            field: condition.field.clone(),
            expected,
            value: value.chars().take(128).collect(),
        }
    }
}

/// A `LIKE` pattern without escapes as a `GLOB` one.
fn glob(pattern: &str) -> String {
    let mut glob = String::with_capacity(pattern.len());
    for character in pattern.chars() {
        match character {
            '%' => glob.push('*'),
            '_' => glob.push('?'),
            '*' | '?' | '[' => glob.extend(['[', character, ']']),
            other => glob.push(other),
        }
    }
    glob
}

/// A number as clients write it: `5`, or `5.0`.
fn whole_number(value: &str) -> Option<i64> {
    let value = value.trim();
    let digits = value
        .split_once('.')
        .map_or(Some(value), |(whole, fraction)| fraction.bytes().all(|digit| digit == b'0').then_some(whole));
    digits?.parse().ok()
}

/// The kind and column that a pseudo-field asks for.
fn tag_column(field: &str) -> Option<(&'static str, &'static str)> {
    match field {
        "__userTag__" => Some(("User", "tag")),
        "__systemTag__" => Some(("System", "tag")),
        "__tagUuid__" => Some(("", "tag_pattern_uuid")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_glob_would_take_for_a_wildcard_is_taken_literally() {
        assert_eq!(glob("a%b_c*d?e[f]g"), "a*b?c[*]d[?]e[[]f]g");
    }

    #[test]
    fn numbers_may_have_an_empty_fraction_only() {
        assert_eq!(whole_number(" 5.00 "), Some(5));
        assert_eq!(whole_number("-5"), Some(-5));
        assert_eq!(whole_number("5.5"), None);
        assert_eq!(whole_number("5e3"), None);
        assert_eq!(whole_number("9223372036854775808"), None);
    }
}
