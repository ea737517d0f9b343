//! The numbers by which records say what they are: those of Python's `native.tags`, to which a test
//! compares them.

/// The layout of the table's records: a digest of the code that reads them, which a test computes.
/// Python states the same where it writes them, so that a module of an older build is found out.
pub const LAYOUT: u32 = 0xc5c9_88a6;

/// An enumeration of tags that are read from a byte.
macro_rules! tags {
    ($(#[$about:meta])* $name:ident { $($(#[$note:meta])* $tag:ident = $number:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$note])* $tag = $number),+
        }

        impl $name {
            pub const ALL: &'static [(&'static str, u8)] = &[$((stringify!($tag), $number)),+];

            pub fn of(number: u8) -> Option<Self> {
                match number {
                    $($number => Some($name::$tag),)+
                    _ => None,
                }
            }
        }
    };
}

/// Bits of one byte.
macro_rules! flags {
    ($(#[$about:meta])* $name:ident { $($(#[$note:meta])* $flag:ident = $bit:literal),+ $(,)? }) => {
        $(#[$about])*
        pub struct $name;

        impl $name {
            pub const ALL: &'static [(&'static str, u8)] = &[$((stringify!($flag), $bit)),+];
            $($(#[$note])* pub const $flag: u8 = $bit;)+
        }
    };
}

tags! {
    /// Records of the table.
    RecordTag { Name = 1, ResourceType = 2, Node = 3, Overlay = 4, Known = 5, Layout = 6 }
}

tags! {
    /// What a property's values are.
    KindTag { Primitive = 0, Object = 1, Contained = 2, ResourceType = 3, Ask = 4, Inline = 5 }
}

tags! {
    /// What else holds for each value of a property, or for an object under a profile.
    ValueTag {
        Ask = 0, Text = 1, Coding = 2, Concept = 3, Reference = 4, Extension = 5, Condition = 6,
        Overlay = 7, Value = 8, Inline = 9, Invariant = 10,
    }
}

tags! {
    /// Conditions on an object.
    OpTag {
        Const = 0, And = 1, Or = 2, Not = 3, Has = 4, Is = 5, Each = 6, Number = 7, Prefix = 8,
        Part = 9, Match = 10, Dates = 11, Count = 12, One = 13, Some = 14, Distinct = 15,
        Shares = 16, OnResource = 17, Doubt = 18, Asked = 19, AskedOf = 20, Program = 21,
    }
}

tags! {
    /// Expressions of a program.
    ExprTag {
        Focus = 0, This = 1, Context = 2, Resource = 3, Literals = 4, Step = 5, Extension = 6,
        Typed = 7, Is = 8, Each = 9, Function = 10, Index = 11, Operator = 12, Compare = 13,
        Text = 14, Match = 15, Path = 16,
    }
}

tags! {
    /// What elements of a type are to a program.
    ClassTag {
        Object = 0, Text = 1, Date = 2, Boolean = 3, Number = 4,
        /// Its type is what it says itself.
        Resource = 5,
        /// Several of these, or a time.
        Mixed = 6,
    }
}

tags! {
    /// Functions whose argument is looked at for each item.
    EachTag { Where = 0, All = 1, Any = 2, Select = 3 }
}

tags! {
    /// Functions without argument.
    FunctionTag {
        Exists = 0, Empty = 1, Not = 2, Count = 3, First = 4, Last = 5, Length = 6, ToString = 7,
        Resolve = 8, HasValue = 9,
    }
}

tags! {
    /// Operators on two collections, but for comparisons.
    OperatorTag { And = 0, Or = 1, Xor = 2, Implies = 3, In = 4, Plus = 5, SubsetOf = 6, Intersect = 7 }
}

tags! {
    /// Tests of a text by a part of it.
    TextTag { StartsWith = 0, EndsWith = 1, Contains = 2 }
}

tags! {
    /// How two values compare.
    SignTag { Less = 0, LessOrEqual = 1, Greater = 2, GreaterOrEqual = 3, Equal = 4, Unequal = 5 }
}

tags! {
    /// Literals that a value is compared with.
    LiteralTag { Boolean = 0, Number = 1, Text = 2 }
}

tags! {
    /// The forms of primitives that the walk tells by itself.
    Primitive {
        Text = 0, Code = 1, Id = 2, Uri = 3, Canonical = 4, Date = 5, DateTime = 6, Instant = 7,
        Time = 8, Boolean = 9, Integer = 10, Positive = 11, Unsigned = 12, Decimal = 13,
        Base64 = 14,
        /// A narrative: long, dear to judge, and often alike.
        Xhtml = 15,
        /// Whatever only the explainer judges.
        Other = 16,
        /// Text of whose style, too, there is nothing to say.
        QuietText = 17,
    }
}

flags! {
    /// What an object of a type is to the walk, and which twins look at it.
    NodeFlag {
        RESOURCE = 1,
        MAY_BE_EMPTY = 2,
        IDENTIFIER = 4,
        ATTACHMENT = 8,
        PLAIN_REFERENCE = 16,
        SECURITY_LABELS = 32,
        BUNDLE = 64,
        PARAMETERS = 128,
    }
}

flags! {
    /// What holds for a property as such.
    PropertyFlag {
        LIST = 1,
        TAKES_COMPANION = 2,
        /// A companion without value: the explainer has something to say of it.
        EMPTY_ASKS = 4,
        /// An id that occurs once in its resource.
        UNIQUE = 8,
        /// A CodeableConcept or a Coding, of which data have the same ones over and over.
        CODED = 16,
    }
}

/// Every enumeration by its name, as Python has them.
pub const TAGS: [(&str, &[(&str, u8)]); 15] = [
    ("RecordTag", RecordTag::ALL),
    ("KindTag", KindTag::ALL),
    ("ValueTag", ValueTag::ALL),
    ("OpTag", OpTag::ALL),
    ("ExprTag", ExprTag::ALL),
    ("ClassTag", ClassTag::ALL),
    ("EachTag", EachTag::ALL),
    ("FunctionTag", FunctionTag::ALL),
    ("OperatorTag", OperatorTag::ALL),
    ("TextTag", TextTag::ALL),
    ("SignTag", SignTag::ALL),
    ("LiteralTag", LiteralTag::ALL),
    ("PrimitiveTag", Primitive::ALL),
    ("NodeFlag", NodeFlag::ALL),
    ("PropertyFlag", PropertyFlag::ALL),
];
