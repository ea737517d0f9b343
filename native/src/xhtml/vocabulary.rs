//! Elements and attributes by number, and sets of them: what may stand where.

/// A set of elements or attributes, a bit for each.
pub type Set = u64;

/// Basic elements, in the order of their bytes.
const ELEMENTS: [&str; 53] = [
    "a",
    "abbr",
    "acronym",
    "address",
    "area",
    "b",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "kbd",
    "li",
    "map",
    "ol",
    "p",
    "pre",
    "q",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "ul",
    "var",
];

/// Attributes, in the order of their bytes.
const ATTRIBUTES: [&str; 48] = [
    "abbr",
    "accesskey",
    "align",
    "alt",
    "axis",
    "border",
    "cellpadding",
    "cellspacing",
    "char",
    "charoff",
    "charset",
    "cite",
    "class",
    "colspan",
    "coords",
    "dir",
    "frame",
    "headers",
    "height",
    "href",
    "hreflang",
    "id",
    "ismap",
    "lang",
    "longdesc",
    "name",
    "nohref",
    "nowrap",
    "rel",
    "rev",
    "rowspan",
    "rules",
    "scope",
    "shape",
    "space",
    "span",
    "src",
    "style",
    "summary",
    "tabindex",
    "title",
    "type",
    "usemap",
    "valign",
    "width",
    "xml:lang",
    "xml:space",
    "xmlns",
];

/// Where a name stands in a sorted list; the number of names where it does not. For constants.
const fn position(names: &[&str], name: &str) -> usize {
    let mut at = 0;
    while at < names.len() {
        let (one, other) = (names[at].as_bytes(), name.as_bytes());
        let mut length = 0;
        while length < one.len() && length < other.len() && one[length] == other[length] {
            length += 1;
        }
        if length == one.len() && length == other.len() {
            return at;
        }
        at += 1;
    }
    panic!("a name that no narrative may have")
}

const fn set(names: &[&str], members: &[&str]) -> Set {
    let (mut bits, mut at) = (0, 0);
    while at < members.len() {
        bits |= 1 << position(names, members[at]);
        at += 1;
    }
    bits
}

const fn elements(members: &[&str]) -> Set {
    set(&ELEMENTS, members)
}

const fn attributes(members: &[&str]) -> Set {
    set(&ATTRIBUTES, members)
}

pub const A: Set = elements(&["a"]);
pub const DIV: Set = elements(&["div"]);
pub const IMG: Set = elements(&["img"]);
const P: Set = elements(&["p"]);

pub const HREF: Set = attributes(&["href"]);
pub const ID: Set = attributes(&["id"]);
pub const NAME: Set = attributes(&["name"]);
pub const SRC: Set = attributes(&["src"]);
pub const XMLNS: Set = attributes(&["xmlns"]);

/// Elements without content.
pub const EMPTY: Set = elements(&["br", "img", "hr", "area"]);
const NOT_IN_ITSELF: Set = elements(&[
    "a", "b", "em", "i", "strong", "small", "big", "sub", "sup", "code", "tt", "dfn", "q", "var",
    "abbr", "acronym", "cite", "bdo", "kbd", "samp",
]);
const TEXT_ONLY: Set = NOT_IN_ITSELF
    | elements(&[
        "p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "address", "span", "caption", "dd", "dt",
    ]);
/// What may stand nowhere inside an element that holds text only.
const BLOCKS: Set = elements(&["div", "pre", "table", "ul", "ol"]);
const NOT_IN_P: Set = elements(&["div", "blockquote", "table", "ol", "ul", "p"]);

/// Attributes that any element may have.
const ANYWHERE: Set = attributes(&[
    "title",
    "style",
    "class",
    "id",
    "lang",
    "xml:lang",
    "xml:space",
    "dir",
    "accesskey",
    "tabindex",
    "span",
    "width",
    "align",
    "valign",
    "char",
    "charoff",
    "abbr",
    "axis",
    "headers",
    "scope",
    "rowspan",
    "colspan",
    "xmlns",
]);

/// Elements, each with the attributes that it may have besides.
const OWN: [(Set, Set); 9] = [
    (
        A,
        attributes(&[
            "href", "name", "charset", "type", "hreflang", "rel", "rev", "shape", "coords",
        ]),
    ),
    (
        elements(&["area"]),
        attributes(&["shape", "coords", "href", "nohref", "alt"]),
    ),
    (elements(&["blockquote"]), attributes(&["cite"])),
    (
        IMG,
        attributes(&[
            "src", "border", "alt", "longdesc", "height", "width", "usemap", "ismap",
        ]),
    ),
    (elements(&["map"]), NAME),
    (elements(&["pre"]), attributes(&["space"])),
    (elements(&["q"]), attributes(&["cite"])),
    (
        elements(&["table"]),
        attributes(&[
            "summary",
            "width",
            "border",
            "frame",
            "rules",
            "cellspacing",
            "cellpadding",
        ]),
    ),
    (elements(&["td"]), attributes(&["nowrap"])),
];

/// Elements, each group with where alone it may stand.
const PARENTS: [(Set, Set); 5] = [
    (
        elements(&["tr"]),
        elements(&["table", "thead", "tfoot", "tbody"]),
    ),
    (
        elements(&["tbody", "thead", "tfoot", "caption", "colgroup", "col"]),
        elements(&["table"]),
    ),
    (elements(&["th", "td"]), elements(&["tr", "thead", "tfoot"])),
    (elements(&["li"]), elements(&["ul", "ol"])),
    (elements(&["dd", "dt"]), elements(&["dl"])),
];

/// Elements, each group with the only elements that it may hold; and no text.
const CHILDREN: [(Set, Set); 6] = [
    (
        elements(&["table"]),
        elements(&[
            "tbody", "tr", "caption", "thead", "tfoot", "col", "colgroup",
        ]),
    ),
    (elements(&["tr"]), elements(&["td", "th"])),
    (elements(&["tbody", "thead", "tfoot"]), elements(&["tr"])),
    (elements(&["ul", "ol"]), elements(&["li"])),
    (elements(&["dl"]), elements(&["dd", "dt"])),
    (elements(&["map"]), elements(&["area"])),
];

/// The set that the first group with the element names, if any.
#[inline]
fn of(groups: &[(Set, Set)], element: Set) -> Option<Set> {
    groups
        .iter()
        .find(|&&(members, _)| members & element != 0)
        .map(|&(_, named)| named)
}

fn find(names: &[&str], name: &[u8]) -> Option<Set> {
    names
        .binary_search_by(|one| one.as_bytes().cmp(name))
        .ok()
        .map(|number| 1 << number)
}

/// The element of a name, as a set of one.
pub fn element(name: &[u8]) -> Option<Set> {
    find(&ELEMENTS, name)
}

/// The attribute of a name that an element may have, as a set of one.
pub fn attribute(element: Set, name: &[u8]) -> Option<Set> {
    let found = find(&ATTRIBUTES, name)?;
    (found & (ANYWHERE | of(&OWN, element).unwrap_or(0)) != 0).then_some(found)
}

/// Whether an element holds elements only, and no text.
pub fn holds_no_text(element: Set) -> bool {
    (EMPTY & element != 0) || of(&CHILDREN, element).is_some()
}

/// What the elements around a child hold against others, once that child is around them too.
pub fn around(outer: Set, child: Set) -> Set {
    outer | (child & TEXT_ONLY)
}

/// Whether a child may stand in its parent. around: elements with text only that it stands in.
pub fn fits(child: Set, parent: Set, around: Set) -> bool {
    let nests = around == 0
        || (child & BLOCKS == 0
            && (around & P == 0 || child & NOT_IN_P == 0)
            && child & around & NOT_IN_ITSELF == 0);
    nests
        && parent & EMPTY == 0
        && of(&PARENTS, child).is_none_or(|parents| parents & parent != 0)
        && of(&CHILDREN, parent).is_none_or(|children| children & child != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_in_which_they_are_looked_up() {
        assert!(ELEMENTS.is_sorted() && ATTRIBUTES.is_sorted());
    }

    #[test]
    fn elements_stand_where_they_may() {
        let one = |name: &str| element(name.as_bytes()).expect("an element");
        assert!(fits(one("td"), one("tr"), 0) && fits(one("p"), DIV, 0));
        assert!(!fits(one("td"), one("table"), 0) && !fits(one("p"), one("ul"), 0));
        assert!(!fits(one("table"), one("p"), around(0, one("p"))));
        assert!(!fits(A, DIV, around(0, A)) && fits(one("b"), A, around(0, A)));
        assert!(!fits(one("b"), one("br"), 0));
    }

    #[test]
    fn attributes_belong_to_their_element() {
        let td = element(b"td").expect("an element");
        assert!(attribute(td, b"nowrap").is_some() && attribute(td, b"class").is_some());
        assert!(attribute(td, b"href").is_none() && attribute(A, b"onclick").is_none());
    }
}
