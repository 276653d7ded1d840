//! What is generated, before it has names: types told apart by their structure, and operations.

use std::collections::BTreeMap;

use super::names;

/// A type in the arena of an [`Api`].
pub(super) type TypeId = usize;

/// The type of a field, parameter or answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ty {
    Str,
    Int,
    /// A 64-bit integer that is written as a string.
    Int64,
    Float,
    Bool,
    Decimal,
    /// A file that is uploaded.
    File,
    /// Anything: a node, or parameters without a type.
    Any,
    List(Box<Ty>),
    Map(Box<Ty>),
    Page(Box<Ty>),
    Expandable(Box<Ty>),
    Named(TypeId),
}

impl Ty {
    /// The named type inside, if there is one.
    pub(super) fn named(&self) -> Option<TypeId> {
        match self {
            Self::Named(id) => Some(*id),
            Self::List(of) | Self::Map(of) | Self::Page(of) | Self::Expandable(of) => of.named(),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) ty: Ty,
    pub(super) required: bool,
    pub(super) nullable: bool,
    /// What the doc says beyond the type; no part of the structure.
    pub(super) note: String,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    /// An object of an answer.
    View(Vec<Field>),
    /// One of several objects: name, word of `object`, type.
    Union(Vec<(String, String, Ty)>),
    Enum(Vec<String>),
    /// Parameters; a nullable field can be unset.
    Params(Vec<Field>),
    /// A parameter of one of several types.
    Choice(Vec<Ty>),
}

#[derive(Clone, Debug)]
pub(super) struct Type {
    pub(super) body: Body,
    /// Of the structure, the types inside included; of its name for a resource.
    pub(super) hash: u64,
    /// Where it stands in the document: the name it would have there, best first, and its file.
    pub(super) uses: Vec<Use>,
    /// The name in the document, for an object of the reference.
    pub(super) resource: Option<String>,
}

/// One place in the document that has this type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    /// Such as `charge.shipping.address`.
    pub(super) source: String,
    /// Names for this place, the shortest first.
    pub(super) names: Vec<String>,
    /// The file that the place belongs to.
    pub(super) home: String,
}

#[derive(Clone, Debug)]
pub(super) struct Operation {
    /// Such as `["customers", "tax_ids"]`.
    pub(super) handle: Vec<String>,
    /// Such as `create`.
    pub(super) call: String,
    /// A constructor of `Op`.
    pub(super) kind: &'static str,
    pub(super) verb: &'static str,
    pub(super) path: String,
    pub(super) ids: Vec<String>,
    pub(super) params: Option<TypeId>,
    pub(super) answer: Ty,
    /// The file of its handle.
    pub(super) home: String,
}

impl Operation {
    pub(super) fn name(&self) -> String {
        format!("stripe.{}.{}", self.handle.join("."), self.call)
    }
}

#[derive(Debug, Default)]
pub(super) struct Api {
    pub(super) version: String,
    pub(super) types: Vec<Type>,
    pub(super) operations: Vec<Operation>,
    by_key: BTreeMap<String, TypeId>,
}

impl Api {
    /// Returns the type of this structure, and notes one more place that has it.
    pub(super) fn intern(&mut self, body: Body, place: Use) -> TypeId {
        let key = self.key(&body);
        self.intern_key(key, body, place)
    }

    /// As [`intern`](Self::intern), for parameters that only calls of the same name share.
    pub(super) fn intern_whole(&mut self, own: &str, body: Body, place: Use) -> TypeId {
        let key = format!("{own} {}", self.key(&body));
        self.intern_key(key, body, place)
    }

    fn intern_key(&mut self, key: String, body: Body, place: Use) -> TypeId {
        if let Some(id) = self.by_key.get(&key) {
            self.agree(*id, &body);
        }
        let id = *self.by_key.entry(key.clone()).or_insert_with(|| {
            self.types.push(Type {
                body,
                hash: names::hash(&key),
                uses: Vec::new(),
                resource: None,
            });
            self.types.len() - 1
        });
        self.types[id].uses.push(place);
        id
    }

    /// Takes back notes that are not those of every place that has the type.
    fn agree(&mut self, id: TypeId, body: &Body) {
        let fields = (&mut self.types[id].body, body);
        if let (Body::View(ours), Body::View(theirs)) | (Body::Params(ours), Body::Params(theirs)) =
            fields
        {
            for (ours, theirs) in ours.iter_mut().zip(theirs) {
                if ours.note != theirs.note {
                    ours.note.clear();
                }
            }
        }
    }

    /// Returns the type that is told by its name, whatever its fields, and whether it is new.
    pub(super) fn nominal(&mut self, name: &str, place: Use) -> (TypeId, bool) {
        let key = format!("resource {name}");
        if let Some(id) = self.by_key.get(&key) {
            return (*id, false);
        }
        self.types.push(Type {
            body: Body::View(Vec::new()),
            hash: names::hash(&key),
            uses: vec![place],
            resource: Some(name.to_owned()),
        });
        let id = self.types.len() - 1;
        self.by_key.insert(key, id);
        (id, true)
    }

    fn key(&self, body: &Body) -> String {
        let fields = |fields: &[Field]| -> String {
            let one = |f: &Field| {
                let ty = self.ty_key(&f.ty);
                format!(
                    "{}:{ty}:{}{};",
                    f.name,
                    u8::from(f.required),
                    u8::from(f.nullable)
                )
            };
            fields.iter().map(one).collect()
        };
        match body {
            Body::View(of) => format!("view {}", fields(of)),
            Body::Params(of) => format!("params {}", fields(of)),
            Body::Enum(words) => format!("enum {}", words.join("|")),
            Body::Union(of) => of.iter().fold("union".to_owned(), |key, (name, word, ty)| {
                format!("{key} {name}={word}={}", self.ty_key(ty))
            }),
            Body::Choice(of) => of.iter().fold("choice".to_owned(), |key, ty| {
                format!("{key} {}", self.ty_key(ty))
            }),
        }
    }

    fn ty_key(&self, ty: &Ty) -> String {
        match ty {
            Ty::List(of) => format!("list<{}>", self.ty_key(of)),
            Ty::Map(of) => format!("map<{}>", self.ty_key(of)),
            Ty::Page(of) => format!("page<{}>", self.ty_key(of)),
            Ty::Expandable(of) => format!("expandable<{}>", self.ty_key(of)),
            Ty::Named(id) => format!("#{:016x}", self.types[*id].hash),
            plain => format!("{plain:?}").to_lowercase(),
        }
    }
}
