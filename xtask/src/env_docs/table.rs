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
    for (start, end) in between_commas(text, code, open + 1, close) {
        let line = line_of(text, start);
        let literal = code
            .get(start..end)
            .and_then(|c| c.split_once('{'))
            .filter(|(head, _)| is_env_var(head));
        let var = match literal {
            Some((head, _)) => entry(text, code, start + head.len(), end, line),
            None => made_by_helper(text, code, (start, end)).map_or_else(
                || Err("has an ENV entry that xtask cannot read: write `EnvVar { name: \"..\", .. }`".to_owned()),
                |made| entry(&made, &code_only(&made), 0, made.len(), line),
            ),
        };
        match var {
            Ok(var) => vars.push(var),
            Err(message) => problems.push(Problem::new(path, line, message)),
        }
    }
}

/// The literal that `helper("A_B", ..)` stands for, when the file has `fn helper` with nothing but
/// an `EnvVar { .. }` of its parameters inside.
fn made_by_helper(text: &str, code: &str, (start, end): (usize, usize)) -> Option<String> {
    let (helper, _) = code.get(start..end)?.split_once('(')?;
    let given = start + helper.len();
    let given = between_commas(text, code, given + 1, closing(code, given)?);
    let head = code.find(&format!("fn {}(", helper.trim()))?;
    let open = head + code.get(head..)?.find('(')?;
    let shut = closing(code, open)?;
    let wanted = between_commas(text, code, open + 1, shut);
    let body = shut + code.get(shut..)?.find('{')? + 1;
    let brace = body + code.get(body..)?.find("EnvVar {")? + "EnvVar ".len();
    let values: Vec<(&str, &str)> = wanted
        .iter()
        .zip(&given)
        .filter_map(|((a, b), (c, d))| {
            let parameter = text.get(*a..*b)?.split(':').next()?.trim();
            Some((parameter, text.get(*c..*d)?))
        })
        .collect();
    let mut made = "{".to_owned();
    for (from, to) in between_commas(text, code, brace + 1, closing(code, brace)?) {
        let field = text.get(from..to)?;
        let (name, value) = field.split_once(':').unwrap_or((field, field));
        let value = values
            .iter()
            .fold(value.trim().to_owned(), |value, (parameter, given)| {
                let wrapped = format!("Some({parameter})");
                if value == *parameter || value == wrapped {
                    value.replace(parameter, given)
                } else {
                    value
                }
            });
        made.push_str(&format!("{}: {value}, ", name.trim()));
    }
    made.push('}');
    Some(made)
}

/// The stretches between the commas that no bracket encloses, without the space around them.
fn between_commas(text: &str, code: &str, from: usize, to: usize) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (from, from);
    while at <= to {
        match code.as_bytes().get(at).copied().filter(|_| at < to) {
            Some(b'(' | b'[' | b'{') => at = closing(code, at).unwrap_or(to),
            Some(b',') | None => {
                parts.push((start, at));
                start = at + 1;
            }
            Some(_) => {}
        }
        at += 1;
    }
    let bare = without_comments(text);
    let trimmed = |(start, end)| {
        let part = bare.get(start..end)?;
        let start = end - part.trim_start().len();
        let end = start + part.trim().len();
        (start < end).then_some((start, end))
    };
    parts.into_iter().filter_map(trimmed).collect()
}

/// Whether a path ends in the type's name and is nothing but a path.
fn is_env_var(head: &str) -> bool {
    head.trim().rsplit("::").next() == Some("EnvVar")
}

fn entry(text: &str, code: &str, open: usize, close: usize, line: usize) -> Result<EnvVar, String> {
    let string = |field: &str| {
        let value = value_of(code, open, close, field)?;
        let is_literal = |t: &str| t.starts_with('"') || t.starts_with("Some(");
        text.get(value..).filter(|t| is_literal(t.trim_start()))?;
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
