//! The conditions of a query: `q=<field><operator><value>`.

/// How a condition compares, in the order in which a condition is searched for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueryOperator {
    /// `!=`
    NotEqual,
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `!?=`: none of a comma-separated list.
    NotIn,
    /// `!~=`: does not match a pattern.
    NotLike,
    /// `~=`: matches a pattern, in which `%` is any run of characters and `_` any one.
    Like,
    /// `?=`: one of a comma-separated list.
    In,
    /// `=`
    Equal,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `is null`
    IsNull,
    /// `not null`
    IsNotNull,
}

impl QueryOperator {
    /// All, in the order of search: the first that occurs anywhere in a condition is meant.
    pub const ALL: [Self; 12] = [
        Self::NotEqual,
        Self::AtLeast,
        Self::AtMost,
        Self::NotIn,
        Self::NotLike,
        Self::Like,
        Self::In,
        Self::Equal,
        Self::Greater,
        Self::Less,
        Self::IsNull,
        Self::IsNotNull,
    ];

    /// As it stands in a condition.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotEqual => "!=",
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
            Self::NotIn => "!?=",
            Self::NotLike => "!~=",
            Self::Like => "~=",
            Self::In => "?=",
            Self::Equal => "=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::IsNull => "is null",
            Self::IsNotNull => "not null",
        }
    }

    /// Whether it compares with nothing.
    pub const fn takes_no_value(self) -> bool {
        matches!(self, Self::IsNull | Self::IsNotNull)
    }
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryCondition {
    /// The field, without blanks around it.
    pub field: String,
    /// How it is compared.
    pub operator: QueryOperator,
    /// What it is compared with, as written; empty for null tests.
    pub value: String,
}

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCondition {
    /// Nothing in it compares.
    #[error("the condition '{0}' has none of the operators !=, >=, <=, !?=, !~=, ~=, ?=, =, >, <, is null, not null")]
    NoOperator(String),
    /// Nothing stands before the operator.
    #[error("the condition '{0}' does not name a field before its operator")]
    NoField(String),
}

impl QueryCondition {
    /// Reads one `q`.
    ///
    /// # Errors
    /// When there is no operator in it, or no field before it.
    pub fn parse(text: &str) -> Result<Self, InvalidCondition> {
        let shown = || text.chars().take(256).collect::<String>();
        let (operator, field, rest) = QueryOperator::ALL
            .into_iter()
            .find_map(|operator| text.split_once(operator.as_str()).map(|(field, rest)| (operator, field, rest)))
            .ok_or_else(|| InvalidCondition::NoOperator(shown()))?;
        let field = field.trim();
        if field.is_empty() {
            return Err(InvalidCondition::NoField(shown()));
        }
        // Clients that double the sign mean one: `name==x` is `name=x`.
        let value = match operator {
            QueryOperator::Equal => rest.trim_start_matches('='),
            operator if operator.takes_no_value() => "",
            _ => rest,
        };
        Ok(Self { field: field.to_owned(), operator, value: value.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert, proptest};

    fn check(text: &str, field: &str, operator: QueryOperator, value: &str) {
        let expected = QueryCondition { field: field.to_owned(), operator, value: value.to_owned() };
        assert_eq!(QueryCondition::parse(text), Ok(expected), "{text}");
    }

    #[test]
    fn each_operator_is_read() {
        for operator in QueryOperator::ALL {
            let value = if operator.takes_no_value() { "" } else { "5" };
            check(&format!("size {}{value}", operator.as_str()), "size", operator, value);
        }
    }

    #[test]
    fn the_first_operator_in_the_order_of_search_wins_and_splits_at_its_first_occurrence() {
        check("name=a>=b", "name=a", QueryOperator::AtLeast, "b");
        check("name=a!=b!=c", "name=a", QueryOperator::NotEqual, "b!=c");
        check("name~=a=b", "name", QueryOperator::Like, "a=b");
        check("name=x is null", "name", QueryOperator::Equal, "x is null");
        check("uuid!?=a,b", "uuid", QueryOperator::NotIn, "a,b");
    }

    #[test]
    fn fields_are_trimmed_and_values_are_not() {
        check(" name = deb12 ", "name", QueryOperator::Equal, " deb12 ");
        check("uuid?=a, b", "uuid", QueryOperator::In, "a, b");
    }

    #[test]
    fn an_empty_value_is_a_value() {
        check("name=", "name", QueryOperator::Equal, "");
        check("uuid?=", "uuid", QueryOperator::In, "");
        check("uuid!?=", "uuid", QueryOperator::NotIn, "");
    }

    #[test]
    fn a_doubled_equal_sign_is_one() {
        check("name==x", "name", QueryOperator::Equal, "x");
    }

    #[test]
    fn null_is_a_text_but_is_null_is_a_test() {
        check("description=null", "description", QueryOperator::Equal, "null");
        check("description is null", "description", QueryOperator::IsNull, "");
        check("description not null", "description", QueryOperator::IsNotNull, "");
    }

    #[test]
    fn no_operator_and_no_field_are_refused() {
        assert_eq!(QueryCondition::parse("deb12"), Err(InvalidCondition::NoOperator("deb12".to_owned())));
        assert_eq!(QueryCondition::parse(""), Err(InvalidCondition::NoOperator(String::new())));
        for text in ["=x", "==x", "==", " !=x", "is null"] {
            assert_eq!(QueryCondition::parse(text), Err(InvalidCondition::NoField(text.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            if let Ok(condition) = QueryCondition::parse(&text) {
                prop_assert!(!condition.field.is_empty());
                prop_assert!(text.contains(condition.operator.as_str()));
            }
        }
    }
}
