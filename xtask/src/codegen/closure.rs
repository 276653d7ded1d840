//! What is compiled by default: the core nouns, and the types they reach without other nouns.

use std::collections::BTreeSet;

use super::ir::{Api, Body, Operation, Ty, TypeId};

/// The nouns of the feature `core`, by their files. The feature `full` adds the others.
pub(super) const CORE: [&str; 12] = [
    "balance",
    "charge",
    "checkout_session",
    "customer",
    "event",
    "payment_intent",
    "payment_method",
    "price",
    "product",
    "refund",
    "setup_intent",
    "webhook_endpoint",
];

/// The types that are compiled by default.
pub(super) struct Closure {
    types: BTreeSet<TypeId>,
}

impl Closure {
    pub(super) fn of(api: &Api) -> Self {
        let mut closure = Self {
            types: BTreeSet::new(),
        };
        let mut open: Vec<TypeId> = Vec::new();
        for operation in api.operations.iter().filter(|o| is_core_file(&o.home)) {
            // A call whose answer is not there is not there, nor what only it takes.
            if !reaches_other_noun(api, &operation.answer) {
                open.extend(operation.params);
                open.extend(operation.answer.named());
            }
        }
        for (id, of) in api.types.iter().enumerate() {
            if of.resource.is_some() && !is_other_noun(api, id) {
                open.push(id);
            }
        }
        while let Some(id) = open.pop() {
            if closure.types.insert(id) {
                let inside = inside(&api.types[id].body);
                let ours = inside.into_iter().filter(|ty| !reaches_other_noun(api, ty));
                open.extend(ours.filter_map(Ty::named));
            }
        }
        closure
    }

    pub(super) fn has(&self, id: TypeId) -> bool {
        self.types.contains(&id)
    }

    /// Tells whether all that the type names is there by default.
    pub(super) fn has_ty(&self, ty: &Ty) -> bool {
        ty.named().is_none_or(|id| self.has(id))
    }

    pub(super) fn has_operation(&self, operation: &Operation) -> bool {
        is_core_file(&operation.home) && self.has_ty(&operation.answer)
    }
}

pub(super) fn is_core_file(home: &str) -> bool {
    CORE.contains(&home)
}

fn inside(body: &Body) -> Vec<&Ty> {
    match body {
        Body::View(fields) | Body::Params(fields) => fields.iter().map(|f| &f.ty).collect(),
        Body::Union(members) => members.iter().map(|(.., ty)| ty).collect(),
        Body::Choice(types) => types.iter().collect(),
        Body::Enum(_) => Vec::new(),
    }
}

/// A union with one member outside is outside: half a union would mislead.
fn reaches_other_noun(api: &Api, ty: &Ty) -> bool {
    ty.named().is_some_and(|id| {
        is_other_noun(api, id)
            || match &api.types[id].body {
                Body::Union(members) => members.iter().any(|(.., ty)| reaches_other_noun(api, ty)),
                _ => false,
            }
    })
}

fn is_other_noun(api: &Api, id: TypeId) -> bool {
    let of = &api.types[id];
    of.resource.is_some() && !of.uses.iter().any(|u| is_core_file(&u.home))
}
