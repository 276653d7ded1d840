//! What the tables of `generated` stand for.

/// A view: a name over a node with a getter a field: `name: type = reader "name in JSON"`, then its
/// presence and its doc.
///
/// Twelve thousand getters and setters pass through these macros, so they hold no macros, no derives
/// and few generics: each costs the compiler more than the function it documents. There is a call for
/// each type, because what a call costs grows with the square of its rows.
macro_rules! view {
    ($(#[$about:meta])* $name:ident {
        $($(#[$on:meta])* $field:ident: $type:ty = $read:ident $wire:literal $presence:ident $doc:literal;)*
    }) => {
        $(#[$about])*
        pub struct $name($crate::Node);

        impl $name {
            $(
                #[doc = $doc]
                $(#[$on])*
                #[inline]
                pub fn $field(&self) -> Option<$type> {
                    self.0.$read($wire)
                }
            )*
        }

        impl $crate::View for $name {
            const NAME: &'static str = stringify!($name);
            const FIELDS: &'static str = stringify!($($wire $presence)*);

            #[inline]
            fn from_node(node: $crate::Node) -> Self {
                Self(node)
            }

            #[inline]
            fn node(&self) -> &$crate::Node {
                &self.0
            }
        }

        $crate::view::of_node!($name);
    };
}

/// A view of one of several objects, told by their field `object`.
#[cfg(feature = "full")]
macro_rules! union_view {
    ($(#[$about:meta])* $name:ident {
        $($as:ident: $type:ident = $word:literal;)*
    }) => {
        $(#[$about])*
        pub struct $name($crate::Node);

        impl $name {
            $(
                #[doc = concat!("Returns the object when it is a `", $word, "`.")]
                #[must_use]
                pub fn $as(&self) -> Option<$type> {
                    (self.0.field("object") == Some($word))
                        .then(|| $crate::View::from_node(self.0.clone()))
                }
            )*
        }

        impl $crate::View for $name {
            const NAME: &'static str = stringify!($name);
            const FIELDS: &'static str = "";

            #[inline]
            fn from_node(node: $crate::Node) -> Self {
                Self(node)
            }

            #[inline]
            fn node(&self) -> &$crate::Node {
                &self.0
            }
        }

        $crate::view::of_node!($name);
    };
}

/// What every view is beside its getters.
macro_rules! of_node {
    ($name:ident) => {
        impl Clone for $name {
            #[inline]
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl std::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::view::debug(self, f)
            }
        }

        impl serde::Serialize for $name {
            #[inline]
            fn serialize<S: serde::Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(into)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            #[inline]
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::view::deserialize(from)
            }
        }
    };
}

/// An enum of words that Stripe may add to: each variant with the place of its word, in their order.
macro_rules! open_enum {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $at:literal $word:literal),* $(,)? }) => {
        $(#[$about])*
        #[non_exhaustive]
        pub enum $name {
            // The word as code, in three lines: to piece text together for each costs more.
            $(#[doc = "`"] #[doc = $word] #[doc = "`"] $variant,)*
            /// A word that this version does not know.
            Unknown(Box<str>),
        }

        impl $name {
            /// Returns the word.
            #[inline]
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Unknown(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            #[inline]
            fn from(word: &str) -> Self {
                // By its place, because a match on text is a comparison and a branch for each word.
                match $crate::view::place(&[$($word),*], word) {
                    $($at => Self::$variant,)*
                    _ => Self::Unknown(word.into()),
                }
            }
        }

        // By their words, because a derive would name each variant again.
        impl Clone for $name {
            #[inline]
            fn clone(&self) -> Self {
                Self::from(self.as_str())
            }
        }

        impl PartialEq for $name {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl Eq for $name {}

        impl std::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl<'n> $crate::view::Field<'n> for $name {
            #[inline]
            fn read(from: $crate::node::Cursor<'n>) -> Option<Self> {
                from.str().map(Self::from)
            }
        }

        impl $crate::params::Param for $name {
            #[inline]
            fn value(self) -> $crate::params::Value {
                self.as_str().into()
            }
        }
    };
}

#[cfg(feature = "full")]
pub(crate) use union_view;
pub(crate) use {of_node, open_enum, view};
