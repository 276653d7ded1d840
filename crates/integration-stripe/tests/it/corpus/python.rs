//! Reads the arguments of a recorded Python call.

use integration_stripe::{Params, Value};

/// The parameters of a call: its dictionary, if it has one.
pub(crate) fn params(call: &str) -> Params {
    let Some(start) = call.find('{') else {
        return Params::new();
    };
    let mut reader = Reader {
        rest: call.split_at(start).1,
    };
    match reader.value() {
        Value::Object(params) => params,
        other => panic!("no dictionary in {call}: {other:?}"),
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn value(&mut self) -> Value {
        match self.rest.as_bytes()[0] {
            b'{' => Value::Object(self.dictionary()),
            b'[' => Value::Array(self.list()),
            b'\'' | b'"' => self.string().into(),
            _ => self.word(),
        }
    }

    fn dictionary(&mut self) -> Params {
        let mut params = Params::new();
        self.skip("{");
        while !self.take("}") {
            let key = self.string();
            self.skip(": ");
            params = params.with(key, self.value());
            self.take(", ");
        }
        params
    }

    fn list(&mut self) -> Vec<Value> {
        let mut values = Vec::new();
        self.skip("[");
        while !self.take("]") {
            values.push(self.value());
            self.take(", ");
        }
        values
    }

    fn string(&mut self) -> String {
        let (quote, text) = self.rest.split_at(1);
        let (text, rest) = text.split_once(quote).unwrap();
        self.rest = rest;
        text.to_owned()
    }

    fn word(&mut self) -> Value {
        for (word, value) in [("True", true), ("False", false)] {
            if self.take(word) {
                return value.into();
            }
        }
        for wrapped in ["Decimal(", "io.StringIO("] {
            if self.take(wrapped) {
                let text = self.string();
                self.skip(")");
                return text.into();
            }
        }
        let end = self.rest.find([',', '}', ']', ')']).unwrap();
        let (number, rest) = self.rest.split_at(end);
        self.rest = rest;
        match number.parse::<i64>() {
            Ok(number) => number.into(),
            Err(_) => number
                .parse::<f64>()
                .unwrap_or_else(|_| panic!("no number: {number}"))
                .into(),
        }
    }

    fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip(&mut self, text: &str) {
        assert!(self.take(text), "{text:?} is not at {}", self.rest);
    }
}
