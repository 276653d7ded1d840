//! What the tables of parameters in `generated` stand for.

/// Parameters: the required ones in the parentheses of `new`, a setter for each of the others.
///
/// A row is `name: argument = method of Params "name on the wire"`, then for a parameter that can be
/// unset the name of the method that does so, then its doc.
macro_rules! params {
    ($(#[$about:meta])* $name:ident($($required:ident: $given:ty = $with:ident $(<$from:ty>)? $start:literal),*) {
        $($field:ident: $type:ty = $put:ident $(<$of:ty>)? $wire:literal $(, $clear:ident)? $doc:literal;)*
    }) => {
        $(#[$about])*
        #[must_use = "parameters do nothing until a call sends them"]
        pub struct $name(pub(crate) $crate::params::Params);

        impl $name {
            /// Starts with the required parameters.
            #[inline]
            pub fn new($($required: $given),*) -> Self {
                Self($crate::params::Params::new()$(.$with$(::<$from>)?($start, $required))*)
            }

            $(
                #[doc = $doc]
                #[inline]
                pub fn $field(self, value: $type) -> Self {
                    Self(self.0.$put$(::<$of>)?($wire, value))
                }

                $(
                    /// Unsets this parameter.
                    #[inline]
                    pub fn $clear(self) -> Self {
                        Self(self.0.clear($wire))
                    }
                )?
            )*

            /// Sets a parameter that this version does not know.
            #[inline]
            pub fn extra(self, name: impl Into<String>, value: impl Into<$crate::params::Value>) -> Self {
                Self(self.0.extra(name, value))
            }
        }

        impl Clone for $name {
            #[inline]
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl std::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl $crate::params::Param for $name {
            #[inline]
            fn value(self) -> $crate::params::Value {
                $crate::params::Value::Object(self.0)
            }
        }
    };
}

/// Parameters that are one of several types.
macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $($variant:ident($type:ty)),* $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("As `", stringify!($type), "`.")] $variant($type),)*
        }

        $(
            impl From<$type> for $name {
                fn from(value: $type) -> Self {
                    Self::$variant(value)
                }
            }
        )*

        impl $crate::params::Param for $name {
            fn value(self) -> $crate::params::Value {
                match self {
                    $(Self::$variant(value) => $crate::params::Param::value(value),)*
                }
            }
        }
    };
}

/// Choices that text is one of.
macro_rules! text_choices {
    ($($name:ident)*) => {$(
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::Text(text.to_owned())
            }
        }
    )*};
}

pub(crate) use {choice, params, text_choices};
