//! The names of members that a verdict of this crate looks at, but for the two of the plainest
//! Reference (`accept::references`).
//!
//! Each part gets the names that its Python rules read (`reads`), by their numbers and in this
//! order; a test compares.

use crate::accept::tape::Key;

macro_rules! known {
    ($($(#[$about:meta])* $part:ident: $names:ident { $($field:ident = $text:literal),+ $(,)? })+) => {
        $(
            $(#[$about])*
            #[derive(Debug, Default, Clone, Copy)]
            #[allow(dead_code)] // a part may need fewer names than its rule reads
            pub struct $names {
                $(pub $field: Key),+
            }

            impl $names {
                fn of(keys: &[Key]) -> Option<Self> {
                    let &[$($field),+] = keys else { return None };
                    Some($names { $($field),+ })
                }
            }
        )+

        /// The names of every part, by their numbers.
        #[derive(Debug, Default, Clone, Copy)]
        pub struct Known {
            $(pub $part: $names),+
        }

        impl Known {
            /// The parts in the order of their record, each with its names.
            pub const PARTS: &'static [(&'static str, &'static [&'static str])] =
                &[$((stringify!($part), &[$($text),+])),+];

            /// next: the keys of the next part; nothing where there are none.
            pub fn read<E>(mut next: impl FnMut() -> Result<Box<[Key]>, E>) -> Result<Option<Self>, E> {
                let mut known = Known::default();
                $(
                    match $names::of(&next()?) {
                        Some(names) => known.$part = names,
                        None => return Ok(None),
                    }
                )+
                Ok(Some(known))
            }
        }
    };
}

known! {
    /// Of every resource.
    walk: WalkNames { resource_type = "resourceType", id = "id" }

    /// Of codes, for their bindings.
    codes: CodeNames { coding = "coding", system = "system", code = "code" }

    extension: ExtensionNames { url = "url", url_beside = "_url", extension = "extension" }

    attachment: AttachmentNames { data = "data", size = "size" }

    bundle: BundleNames {
        kind = "type",
        link = "link",
        relation = "relation",
        url = "url",
        entry = "entry",
        full_url = "fullUrl",
        full_url_beside = "_fullUrl",
        search = "search",
        mode = "mode",
        resource = "resource",
        resource_type = "resourceType",
        id = "id",
        meta = "meta",
        version_id = "versionId",
        focus = "focus",
    }

    claimed_profiles: ProfileNames { meta = "meta", profile = "profile" }

    contained: ContainedNames {
        contained = "contained",
        id = "id",
        meta = "meta",
        version_id = "versionId",
        last_updated = "lastUpdated",
        security = "security",
    }

    identifier: IdentifierNames { system = "system", value = "value" }

    ids: LabelNames { security = "security" }

    reference: ReferenceNames {
        reference = "reference",
        kind = "type",
        contained = "contained",
        id = "id",
        parameter = "parameter",
        part = "part",
        resource = "resource",
        resource_type = "resourceType",
    }
}
