//! The language of searches: `status:"active" AND metadata["order"]:"7"`.

use serde_json::Value;

use super::list::{field, text_of};

/// Clauses of a query.
const MAX_CLAUSES: usize = 10;

/// A query that was read.
#[derive(Debug)]
pub(super) struct Query {
    clauses: Vec<Clause>,
    /// Whether one clause is enough.
    is_any: bool,
}

#[derive(Debug)]
struct Clause {
    is_negated: bool,
    field: String,
    /// The key of the metadata, where the field is `metadata`.
    key: Option<String>,
    test: Test,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Is,
    Contains,
    Above,
    AtLeast,
    Below,
    AtMost,
    /// There is no such value.
    IsNull,
}

type Read<T> = Result<T, String>;

impl Query {
    pub(super) fn parse(text: &str) -> Read<Self> {
        let mut at = Cursor { rest: text };
        let mut clauses = vec![at.clause()?];
        let mut word = None;
        at.blank();
        while !at.rest.is_empty() {
            let next = at.name();
            if !["AND", "OR"].contains(&next.to_uppercase().as_str()) {
                return Err("needs AND or OR between two clauses".to_owned());
            }
            if word.is_some_and(|word: &str| !word.eq_ignore_ascii_case(next)) {
                return Err("mixes AND and OR".to_owned());
            }
            word = Some(next);
            clauses.push(at.clause()?);
            if clauses.len() > MAX_CLAUSES {
                return Err(format!("has more than {MAX_CLAUSES} clauses"));
            }
            at.blank();
        }
        let is_any = word.is_some_and(|word| word.eq_ignore_ascii_case("OR"));
        Ok(Self { clauses, is_any })
    }

    /// Refuses fields that are not searched by, and words to be compared as numbers.
    pub(super) fn check(&self, fields: &[&str]) -> Read<()> {
        for clause in &self.clauses {
            let name = clause.field.as_str();
            if name != "metadata" && !fields.contains(&name) {
                return Err(format!("has the field `{name}`, which is not searched by"));
            }
            let is_ordered = !matches!(clause.test, Test::Is | Test::Contains | Test::IsNull);
            if is_ordered && clause.value.parse::<i64>().is_err() {
                return Err(format!("compares `{name}` with what is no number"));
            }
            if clause.test == Test::Contains && clause.value.chars().count() < 3 {
                return Err("needs three letters or more after `~`".to_owned());
            }
        }
        Ok(())
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        let mut clauses = self.clauses.iter();
        match self.is_any {
            true => clauses.any(|clause| clause.matches(object)),
            false => clauses.all(|clause| clause.matches(object)),
        }
    }
}

impl Clause {
    fn matches(&self, object: &Value) -> bool {
        let value = match &self.key {
            Some(key) => &object["metadata"][key.as_str()],
            None => field(object, &self.field),
        };
        self.holds(value) != self.is_negated
    }

    fn holds(&self, value: &Value) -> bool {
        if self.test == Test::IsNull || value.is_null() {
            return self.test == Test::IsNull && value.is_null();
        }
        let text = text_of(value).to_lowercase();
        let wanted = self.value.to_lowercase();
        let (number, limit) = (text.parse::<i64>(), wanted.parse::<i64>());
        let order = number
            .ok()
            .zip(limit.ok())
            .map(|(number, limit)| number.cmp(&limit));
        match self.test {
            Test::Is => text == wanted,
            Test::Contains => text.contains(&wanted),
            Test::Above => order.is_some_and(std::cmp::Ordering::is_gt),
            Test::AtLeast => order.is_some_and(std::cmp::Ordering::is_ge),
            Test::Below => order.is_some_and(std::cmp::Ordering::is_lt),
            Test::AtMost => order.is_some_and(std::cmp::Ordering::is_le),
            Test::IsNull => false,
        }
    }
}

/// What is left to read.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Letters, digits, `_`, `.` and `-` up to what is none of them.
    fn name(&mut self) -> &'a str {
        let is_part = |letter: char| letter.is_alphanumeric() || "_.-".contains(letter);
        let end = self.rest.find(|letter| !is_part(letter));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        name
    }

    /// A text in quotes of one sort, in which `\` takes the next letter as it is.
    fn quoted(&mut self) -> Read<Option<String>> {
        let quote = if self.eat("\"") {
            '"'
        } else if self.eat("'") {
            '\''
        } else {
            return Ok(None);
        };
        let mut text = String::new();
        let mut letters = self.rest.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => text.extend(letters.next()),
                _ if letter == quote => {
                    self.rest = letters.as_str();
                    return Ok(Some(text));
                }
                _ => text.push(letter),
            }
        }
        Err("has a quote without its end".to_owned())
    }

    fn clause(&mut self) -> Read<Clause> {
        self.blank();
        let is_negated = self.eat("-");
        let field = self.name().to_owned();
        if field.is_empty() {
            return Err("needs a field before the value".to_owned());
        }
        let key = match self.eat("[") {
            true => {
                let key = self
                    .quoted()?
                    .ok_or("needs quotes around a key of metadata")?;
                let is_whole = self.eat("]") && field == "metadata";
                Some(
                    is_whole
                        .then_some(key)
                        .ok_or("has a key where none belongs")?,
                )
            }
            false => None,
        };
        if key.is_none() && field == "metadata" {
            return Err("needs a key of metadata".to_owned());
        }
        self.blank();
        let test = self.test()?;
        self.blank();
        let (test, value) = match self.quoted()? {
            Some(text) => (test, text),
            None => match self.name() {
                "" => return Err("needs a value after the field".to_owned()),
                "null" if test == Test::Is => (Test::IsNull, String::new()),
                word => (test, word.to_owned()),
            },
        };
        Ok(Clause {
            is_negated,
            field,
            key,
            test,
            value,
        })
    }

    fn test(&mut self) -> Read<Test> {
        let tests = [
            (">=", Test::AtLeast),
            ("<=", Test::AtMost),
            (">", Test::Above),
            ("<", Test::Below),
            (":", Test::Is),
            ("~", Test::Contains),
        ];
        let test = tests.into_iter().find(|(sign, _)| self.eat(sign));
        test.map(|(_, test)| test)
            .ok_or_else(|| "needs `:` after the field".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn finds(query: &str) -> bool {
        let object = json!({
            "object": "customer", "email": "Jenny@example.com", "name": "Jenny \"J\" Rosen",
            "created": 100, "phone": null, "metadata": {"order": "7"},
        });
        Query::parse(query).unwrap().matches(&object)
    }

    #[test]
    fn clauses_find_what_they_say() {
        for (query, is_found) in [
            (r#"email:"jenny@example.com""#, true),
            (r#"email:'jenny@example.com' AND created>99"#, true),
            (r#"email:"jenny@example.com" and created>100"#, false),
            (r#"email:"other" OR created<=100"#, true),
            (r#"-email:"other""#, true),
            (r#"name~"ros""#, true),
            (r#"name:"Jenny \"J\" Rosen""#, true),
            (r#"metadata["order"]:"7""#, true),
            (r#"metadata["order"]:"8""#, false),
            ("metadata['other']:null", true),
            ("-metadata['order']:null", true),
            ("phone:null", true),
            ("phone:'1'", false),
            ("created:100", true),
            ("  created >= 100  ", true),
            ("created<100", false),
        ] {
            assert_eq!(finds(query), is_found, "{query}");
        }
    }

    #[test]
    fn what_is_no_query_is_refused() {
        for query in [
            "",
            "jenny",
            "email:",
            "email:\"open",
            "email:'a' created>1",
            "a:1 AND b:2 OR c:3",
            "metadata:'7'",
            "metadata[order]:'7'",
            "email['x']:'7'",
            "a:1 AND",
            ":'x'",
        ] {
            assert!(Query::parse(query).is_err(), "{query}");
        }
        let clauses = |count: usize| vec!["a:1"; count].join(" AND ");
        assert!(Query::parse(&clauses(10)).is_ok());
        assert!(Query::parse(&clauses(11)).is_err());
    }

    #[test]
    fn fields_and_numbers_are_checked() {
        for (query, is_fine) in [
            ("email:'x'", true),
            ("metadata['x']:'y'", true),
            ("password:'x'", false),
            ("created>'x'", false),
            ("email~'xy'", false),
        ] {
            let query = Query::parse(query).unwrap();
            assert_eq!(query.check(&["email", "created"]).is_ok(), is_fine);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            let _ = Query::parse(&text);
        }

        #[test]
        fn a_value_in_quotes_finds_itself(value in ".{1,20}") {
            let quoted = value.replace('\\', r"\\").replace('"', "\\\"");
            let query = Query::parse(&format!("name:\"{quoted}\"")).unwrap();
            let object = json!({"name": value});
            prop_assert!(query.matches(&object));
        }
    }
}
