//! The template of what is signed: text with `{id}`, `{timestamp}` and `{body}`.

/// Longest template, in bytes.
pub const MAX_TEMPLATE_BYTES: usize = 256;

/// A parsed template.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template {
    before: Vec<Piece>,
    after: Vec<Piece>,
}

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Id,
    Timestamp,
}

impl Template {
    /// Reads a template; the error says what is wrong with it.
    ///
    /// Placeholders need text between them, else `{id}{body}` could be cut anywhere. Only the time
    /// may stand directly before the body: its tolerance leaves no room for another cut.
    pub(crate) fn parse(template: &str) -> Result<Self, &'static str> {
        if template.len() > MAX_TEMPLATE_BYTES {
            return Err("is longer than 256 bytes");
        }
        let (before, after) = template.split_once("{body}").ok_or("needs {body}")?;
        if after.contains("{body}") {
            return Err("has {body} more than once");
        }
        let parsed = Self {
            before: pieces(before)?,
            after: pieces(after)?,
        };
        for (piece, times) in [(Piece::Id, "{id}"), (Piece::Timestamp, "{timestamp}")] {
            if parsed.pieces().filter(|one| **one == piece).count() > 1 {
                return Err(if times == "{id}" {
                    "has {id} more than once"
                } else {
                    "has {timestamp} more than once"
                });
            }
        }
        if matches!(parsed.before.last(), Some(Piece::Id))
            || matches!(parsed.after.first(), Some(Piece::Id | Piece::Timestamp))
        {
            return Err("needs text between {body} and its neighbour");
        }
        Ok(parsed)
    }

    pub(crate) fn has_timestamp(&self) -> bool {
        self.pieces().any(|piece| *piece == Piece::Timestamp)
    }

    pub(crate) fn has_id(&self) -> bool {
        self.pieces().any(|piece| *piece == Piece::Id)
    }

    /// Says whether the id cannot be mistaken for more than the id: it does not hold the character
    /// that parts it from its neighbour.
    pub(crate) fn is_unambiguous(&self, id: &str) -> bool {
        let free_of = |parting: Option<char>| parting.is_none_or(|parting| !id.contains(parting));
        self.before
            .windows(2)
            .chain(self.after.windows(2))
            .all(|pair| match pair {
                [Piece::Id, Piece::Text(text)] => free_of(text.chars().next()),
                [Piece::Text(text), Piece::Id] if self.after.contains(&Piece::Id) => {
                    free_of(text.chars().next_back())
                }
                _ => true,
            })
    }

    /// Renders what is signed before and after the body.
    pub(crate) fn around_body(&self, id: &str, timestamp: Option<u64>) -> (Vec<u8>, Vec<u8>) {
        let render = |pieces: &[Piece]| {
            let mut out = String::new();
            for piece in pieces {
                match piece {
                    Piece::Text(text) => out.push_str(text),
                    Piece::Id => out.push_str(id),
                    Piece::Timestamp => {
                        out.push_str(
                            &timestamp
                                .map(|seconds| seconds.to_string())
                                .unwrap_or_default(),
                        );
                    }
                }
            }
            out.into_bytes()
        };
        (render(&self.before), render(&self.after))
    }

    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.before.iter().chain(&self.after)
    }
}

fn pieces(mut text: &str) -> Result<Vec<Piece>, &'static str> {
    let mut pieces = Vec::new();
    while let Some((literal, rest)) = text.split_once('{') {
        let (placeholder, rest) = rest.split_once('}').ok_or("has a `{` without `}`")?;
        push_text(&mut pieces, literal)?;
        if matches!(pieces.last(), Some(Piece::Id | Piece::Timestamp)) {
            return Err("needs text between two placeholders");
        }
        pieces.push(match placeholder {
            "id" => Piece::Id,
            "timestamp" => Piece::Timestamp,
            _ => return Err("knows {id}, {timestamp} and {body} only"),
        });
        text = rest;
    }
    push_text(&mut pieces, text)?;
    Ok(pieces)
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) -> Result<(), &'static str> {
    if text.contains('}') {
        return Err("has a `}` without `{`");
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(template: &str) -> String {
        let (before, after) = Template::parse(template)
            .unwrap()
            .around_body("id", Some(7));
        String::from_utf8([&before[..], b"BODY", &after].concat()).unwrap()
    }

    #[test]
    fn placeholders_are_filled_in() {
        for (template, want) in [
            ("{body}", "BODY"),
            ("{timestamp}{body}", "7BODY"),
            ("v0:{timestamp}:{body}", "v0:7:BODY"),
            ("{id}.{timestamp}.{body}", "id.7.BODY"),
            ("{body}|{timestamp}", "BODY|7"),
            ("é{body}é", "éBODYé"),
        ] {
            assert_eq!(render(template), want);
        }
    }

    #[test]
    fn templates_that_could_be_cut_in_two_ways_are_refused() {
        for wrong in [
            "",
            "text",
            "{body}{body}",
            "{id}{body}",
            "{id}{timestamp}.{body}",
            "{body}{timestamp}",
            "{timestamp}{id}.{body}",
            "{id}.{id}.{body}",
            "{timestamp}.{body}.{timestamp}",
            "{what}.{body}",
            "{{body}}",
            "}{body}",
            "{body",
            "{timestamp.{body}",
        ] {
            assert!(Template::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_id_must_not_hold_what_follows_it() {
        let template = Template::parse("{id}.{timestamp}.{body}").unwrap();
        assert!(template.is_unambiguous("evt_1"));
        assert!(!template.is_unambiguous("evt.1"));
        let template = Template::parse("v0:{body}|{id}").unwrap();
        assert!(template.is_unambiguous("v0:1"));
        assert!(!template.is_unambiguous("1|2"));
    }

    #[test]
    fn a_template_has_a_length() {
        let template = |bytes: usize| format!("{}{{body}}", "a".repeat(bytes - 6));
        assert!(Template::parse(&template(MAX_TEMPLATE_BYTES)).is_ok());
        assert!(Template::parse(&template(MAX_TEMPLATE_BYTES + 1)).is_err());
    }
}
