//! One condition as one SQL clause.

use super::shapes::{Field, Kind, Shape};
use super::{Parameters, QueryError, unknown};
use imprint_api::{QueryCondition, QueryOperator as Op, ReplyZone};

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
        Ok(format!("EXISTS (SELECT 1 FROM {} AND {clause})", related.from))
    }

    /// A negated operator asks for resources without such a tag.
    fn of_tag(&mut self, kind: &str, column: &'static str, condition: &QueryCondition) -> Result<String, QueryError> {
        let (exists, operator) = match condition.operator {
            Op::NotEqual => ("NOT EXISTS", Op::Equal),
            Op::NotLike => ("NOT EXISTS", Op::Like),
            Op::NotIn => ("NOT EXISTS", Op::In),
            // Whether there is one at all.
            Op::IsNull => ("NOT EXISTS", Op::IsNotNull),
            other => ("EXISTS", other),
        };
        let value_kind = if column == "tag_pattern_uuid" { Kind::Id } else { Kind::Text };
        let field = Field { name: "tag", column, kind: value_kind };
        let clause = self.compare("x", &field, operator, condition)?;
        let of_kind = if kind.is_empty() { String::new() } else { format!(" AND x.kind = '{kind}'") };
        Ok(format!("{exists} (SELECT 1 FROM tag x WHERE x.resource_uuid = t.uuid{of_kind} AND {clause})"))
    }

    fn compare(
        &mut self,
        alias: &str,
        field: &Field,
        operator: Op,
        condition: &QueryCondition,
    ) -> Result<String, QueryError> {
        let column = format!("{alias}.{}", field.column);
        match operator {
            Op::IsNull => return Ok(format!("{column} IS NULL")),
            Op::IsNotNull => return Ok(format!("{column} IS NOT NULL")),
            Op::Like | Op::NotLike => return self.like(&column, field, operator, condition),
            _ => {}
        }
        let folded = if field.kind == Kind::Text { format!("lower({column})") } else { column };
        if matches!(operator, Op::In | Op::NotIn) {
            let mut values = Vec::new();
            for element in condition.value.split(',') {
                values.push(self.parameter(field, element, condition)?);
            }
            let not = if operator == Op::NotIn { "NOT " } else { "" };
            return Ok(format!("{folded} {not}IN ({})", values.join(", ")));
        }
        let sign = match operator {
            Op::NotEqual => "<>",
            Op::AtLeast => ">=",
            Op::AtMost => "<=",
            Op::Greater => ">",
            Op::Less => "<",
            _ => "=",
        };
        Ok(format!("{folded} {sign} {}", self.parameter(field, &condition.value, condition)?))
    }

    fn like(
        &mut self,
        column: &str,
        field: &Field,
        operator: Op,
        condition: &QueryCondition,
    ) -> Result<String, QueryError> {
        let pattern = self.text(&condition.value.replace('\\', "\\\\"), condition)?;
        let not = if operator == Op::NotLike { "NOT " } else { "" };
        let column = match field.kind {
            Kind::Text => format!("lower({column})"),
            Kind::Id => column.to_owned(),
            _ => format!("CAST({column} AS TEXT)"),
        };
        let pattern = if field.kind == Kind::Text { format!("lower({pattern})") } else { pattern };
        Ok(format!("{column} {not}LIKE {pattern} ESCAPE '\\'"))
    }

    /// The placeholder of a value of the field's type.
    fn parameter(&mut self, field: &Field, value: &str, condition: &QueryCondition) -> Result<String, QueryError> {
        match field.kind {
            Kind::Id => self.text(value, condition),
            Kind::Text => Ok(format!("lower({})", self.text(value, condition)?)),
            Kind::Number => {
                let number = whole_number(value).ok_or_else(|| self.wrong("number", value, condition))?;
                Ok(self.parameters.push(number))
            }
            Kind::Boolean => {
                let flag = value.to_ascii_lowercase().parse::<bool>();
                let flag = flag.map_err(|_| self.wrong("boolean", value, condition))?;
                Ok(self.parameters.push(flag))
            }
            Kind::Date => {
                let time = self.zone.parse(value.trim()).ok_or_else(|| self.wrong("date", value, condition))?;
                Ok(self.parameters.push(time.0))
            }
        }
    }

    fn text(&mut self, value: &str, condition: &QueryCondition) -> Result<String, QueryError> {
        // PostgreSQL has no text with NUL, so that no row can hold one.
        if value.contains('\0') {
            return Err(self.wrong("text without NUL", value, condition));
        }
        let cast = if self.parameters.backend == sea_orm::DbBackend::Postgres { "::text" } else { "" };
        Ok(self.parameters.push(value) + cast)
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
