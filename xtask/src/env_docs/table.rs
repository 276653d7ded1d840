//! Reads `pub const ENV: &[EnvVar]` from source text, because xtask imports nothing of ours.

use crate::{
    source::{closing, code_only, line_of, without_comments},
    tree::Problem,
};

/// One entry of a table; the fields are those of `integration_core::EnvVar`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EnvVar {
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) default: Option<String>,
    pub(crate) required: bool,
    pub(crate) secret: bool,
    pub(crate) line: usize,
}

/// Reads the tables of one file. A file without one has no variables.
pub(crate) fn parse(path: &str, text: &str, problems: &mut Vec<Problem>) -> Vec<EnvVar> {
    let code = code_only(text);
    let mut vars = Vec::new();
    for (at, _) in code.match_indices("const ENV:") {
        let open = code.get(at..).and_then(|c| c.find('=')).and_then(|equals| {
            let value = at + equals;
            code.get(value..)
                .and_then(|c| c.find('['))
                .map(|i| value + i)
        });
        let Some((open, close)) = open.and_then(|o| Some((o, closing(&code, o)?))) else {
            problems.push(Problem::new(
                path,
                line_of(text, at),
                "has an ENV table that is no list: write `&[EnvVar { .. }]`",
            ));
            continue;
        };
        entries(path, text, &code, (open, close), &mut vars, problems);
    }
    vars
}

fn entries(
    path: &str,
    text: &str,
    code: &str,
    (open, close): (usize, usize),
    vars: &mut Vec<EnvVar>,
    problems: &mut Vec<Problem>,
) {
    let mut at = open + 1;
    while let Some(start) = code
        .get(at..close)
        .and_then(|c| c.find(|c: char| !c.is_whitespace() && c != ','))
    {
        let start = at + start;
        let line = line_of(text, start);
        let is_literal = code.get(start..close).and_then(|c| c.split_once('{'));
        let brace = is_literal
            .filter(|(head, _)| is_env_var(head))
            .map(|(h, _)| start + h.len());
        let Some(end) = brace.and_then(|b| closing(code, b)) else {
            problems.push(Problem::new(
                path,
                line,
                "has an ENV entry that xtask cannot read: write `EnvVar { name: \"..\", .. }`",
            ));
            return;
        };
        match entry(text, code, brace.unwrap_or(start), end, line) {
            Ok(var) => vars.push(var),
            Err(message) => problems.push(Problem::new(path, line, message)),
        }
        at = end + 1;
    }
}

/// Whether a path ends in the type's name and is nothing but a path.
fn is_env_var(head: &str) -> bool {
    head.trim().rsplit("::").next() == Some("EnvVar")
}

fn entry(text: &str, code: &str, open: usize, close: usize, line: usize) -> Result<EnvVar, String> {
    let string = |field: &str| {
        let value = value_of(code, open, close, field)?;
        literals(text, value, close)
            .into_iter()
            .next()
            .map(|(_, word)| word)
    };
    let code_of = |field: &str| {
        let value = value_of(code, open, close, field)?;
        code.get(value..close).map(str::trim_start)
    };
    let flag = |field: &str| match code_of(field) {
        Some(c) if c.starts_with("true") => Ok(true),
        Some(c) if c.starts_with("false") => Ok(false),
        _ => Err(format!(
            "has an ENV entry without `{field}: true` or `false`: say which"
        )),
    };
    let name = string("name").filter(|n| !n.is_empty());
    let help = string("help").filter(|h| !h.trim().is_empty());
    let default = match code_of("default") {
        Some(c) if c.starts_with("None") => None,
        Some(c) if c.starts_with("Some") => string("default"),
        _ => {
            return Err(
                "has an ENV entry without `default: None` or `Some(\"..\")`: say which".to_owned(),
            );
        }
    };
    Ok(EnvVar {
        name: name.ok_or("has an ENV entry without a literal `name`: write it out")?,
        help: help
            .ok_or("has an ENV entry without `help`: say what it sets, with unit and range")?,
        default,
        required: flag("required")?,
        secret: flag("secret")?,
        line,
    })
}

/// Where the value of a field begins.
fn value_of(code: &str, open: usize, close: usize, field: &str) -> Option<usize> {
    let body = code.get(open..close)?;
    body.match_indices(field)
        .map(|(i, _)| open + i)
        .find_map(|at| {
            let before = code.get(..at)?.chars().next_back()?;
            let after = code.get(at + field.len()..close)?.trim_start();
            let own_word = !before.is_alphanumeric() && before != '_';
            (own_word && after.starts_with(':')).then(|| close - after.len() + 1)
        })
}

/// String literals between two offsets that stand in code, unescaped, with their offsets.
pub(super) fn literals(text: &str, from: usize, to: usize) -> Vec<(usize, String)> {
    let text = without_comments(text);
    let mut found = Vec::new();
    let mut at = from;
    while let Some(open) = text.get(at..to).and_then(|t| t.find('"')).map(|i| at + i) {
        let Some((word, end)) = unescape(&text, open) else {
            break;
        };
        // A char that is a quote begins no string.
        if text
            .get(..open)
            .is_some_and(|before| before.ends_with('\''))
        {
            at = open + 1;
        } else {
            found.push((open, word));
            at = end;
        }
    }
    found
}

/// The string whose quote is at `open`, and the offset after its end.
fn unescape(text: &str, open: usize) -> Option<(String, usize)> {
    let body = text.get(open + 1..)?;
    let mut word = String::new();
    let mut chars = body.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => return Some((word, open + 1 + i + 1)),
            '\\' => match chars.next()?.1 {
                '\n' => {
                    // A line that goes on: its indent is no part of the string.
                    let rest = chars.as_str();
                    let indent = rest.len() - rest.trim_start().len();
                    chars = body.char_indices();
                    let skip = body.len() - rest.len() + indent;
                    while chars.clone().next().is_some_and(|(i, _)| i < skip) {
                        chars.next();
                    }
                }
                'n' => word.push('\n'),
                't' => word.push('\t'),
                other => word.push(other),
            },
            c => word.push(c),
        }
    }
    None
}
