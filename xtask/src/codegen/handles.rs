//! Handles as the tables that the macro `handle` reads, and where calls begin.

use std::{collections::BTreeMap, fmt::Write};

use super::{
    closure::{Closure, is_core_file},
    emit::{Emitter, FULL},
    ir::Operation,
    names::{ident, pascal},
    reference,
};

/// The handles of the document, by the words that lead to them.
pub(super) struct Handles<'a> {
    nodes: BTreeMap<Vec<String>, Node<'a>>,
}

#[derive(Default)]
struct Node<'a> {
    calls: Vec<&'a Operation>,
    /// Files of all calls at and below it.
    homes: Vec<&'a str>,
    /// Whether a call at or below it is there by default.
    is_core: bool,
}

impl Node<'_> {
    fn home(&self) -> &str {
        match self.homes.as_slice() {
            [one] => one,
            _ if self.is_core => "handles",
            _ => "handles_full",
        }
    }
}

impl<'a> Handles<'a> {
    pub(super) fn of(operations: &'a [Operation], closure: &Closure) -> Self {
        let mut nodes: BTreeMap<Vec<String>, Node<'a>> = BTreeMap::new();
        for operation in operations {
            for len in 1..=operation.handle.len() {
                let node = nodes.entry(operation.handle[..len].to_vec()).or_default();
                node.is_core |= closure.has_operation(operation);
                if !node.homes.contains(&operation.home.as_str()) {
                    node.homes.push(&operation.home);
                }
                if len == operation.handle.len() {
                    node.calls.push(operation);
                }
            }
        }
        Self { nodes }
    }

    /// The files that hold handles.
    pub(super) fn homes(&self) -> impl Iterator<Item = String> {
        self.nodes.values().map(|node| node.home().to_owned())
    }

    /// The tables of one file.
    pub(super) fn table(&self, home: &str, emit: &Emitter<'_>) -> String {
        let mut out = String::new();
        for is_core in [true, false] {
            let ours = self.nodes.iter();
            let ours = ours.filter(|(_, node)| node.home() == home && node.is_core == is_core);
            for (words, node) in ours {
                let full = if is_core_file(home) && !is_core {
                    FULL
                } else {
                    ""
                };
                let body = self.handle(words, node, emit);
                let _ = write!(out, "\n{full}handle! {{\n{body}}}\n");
            }
        }
        out
    }

    fn handle(&self, words: &[String], node: &Node<'_>, emit: &Emitter<'_>) -> String {
        let words_of_it = words.join(".");
        let mut out = match reference::of_handle(node.calls.iter().copied()) {
            Some(page) => {
                let site = reference::SITE;
                format!("    /// Calls about `{words_of_it}`: [reference]({site}{page}).\n")
            }
            None => format!("    /// Calls about `{words_of_it}`.\n"),
        };
        let mut below = String::new();
        for (below_words, child) in self.below(words) {
            if node.is_core && !child.is_core {
                let _ = write!(below, "        {FULL}");
            }
            let last = below_words.last().map_or("", String::as_str);
            let _ = writeln!(below, "        {}: {},", ident(last), name(below_words));
        }
        match below.as_str() {
            "" => writeln!(out, "    {} [] {{", name(words)),
            below => writeln!(out, "    {} [\n{below}    ] {{", name(words)),
        }
        .unwrap_or_default();
        for call in &node.calls {
            if node.is_core && !emit.closure.has_operation(call) {
                let _ = write!(out, "        {FULL}");
            }
            out.push_str(&one(call, emit));
        }
        out.push_str("    }\n");
        out
    }

    fn below(&self, words: &[String]) -> impl Iterator<Item = (&Vec<String>, &Node<'a>)> {
        let is_child =
            move |below: &[String]| below.len() == words.len() + 1 && below.starts_with(words);
        self.nodes.iter().filter(move |(below, _)| is_child(below))
    }

    /// The table of what the client itself gives.
    pub(super) fn roots(&self) -> String {
        let mut out = "\nroots! {\n".to_owned();
        for (words, node) in self.below(&[]) {
            if !node.is_core {
                let _ = write!(out, "    {FULL}");
            }
            let word = words.last().map_or("", String::as_str);
            let _ = writeln!(out, "    {}: {};", ident(word), name(words));
        }
        out.push_str("}\n");
        out
    }
}

/// The type of a handle.
fn name(words: &[String]) -> String {
    let words: String = words.iter().map(|word| pascal(word)).collect();
    format!("{words}Api")
}

fn one(call: &Operation, emit: &Emitter<'_>) -> String {
    let params = call
        .params
        .map(|id| format!("; {}", emit.names[id]))
        .unwrap_or_default();
    let head = format!(
        "        fn {}({}{params}) -> {} = {}",
        ident(&call.call),
        call.ids.join(", "),
        emit.read(&call.answer),
        call.kind
    );
    let page = reference::of_call(call);
    let tail = format!("{:?} {:?} {page:?};\n", call.name(), call.path);
    if head.len() + tail.len() < 100 {
        return format!("{head} {tail}");
    }
    format!("{head}\n            {tail}")
}
