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
const EMPTY: Set = elements(&["br", "img", "hr", "area"]);
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
const fn of(groups: &[(Set, Set)], element: Set) -> Option<Set> {
    let mut at = 0;
    while at < groups.len() {
        if groups[at].0 & element != 0 {
            return Some(groups[at].1);
        }
        at += 1;
    }
    None
}

/// Elements that hold elements only, and no text.
const WITHOUT_TEXT: Set = {
    let (mut bits, mut at) = (EMPTY, 0);
    while at < CHILDREN.len() {
        bits |= CHILDREN[at].0;
        at += 1;
    }
    bits
};

/// What is known of an element.
#[derive(Debug)]
pub struct ElementRule {
    pub name: &'static str,
    /// A set of one.
    pub own: Set,
    /// Where it may stand, what may stand in it, and the attributes that it may have.
    parents: Set,
    children: Set,
    attributes: Set,
    /// Its end tag behind the first bracket, as a word; and which bytes of a word these are. Where
    /// they are more: a word that is no text.
    pub closing: (u64, u64),
}

/// What stands around the root: a div may be in it, and nothing else.
pub static NOTHING: ElementRule = ElementRule {
    name: "",
    own: 1 << 63,
    parents: 0,
    children: DIV,
    attributes: 0,
    closing: (u64::MAX, u64::MAX),
};

static KNOWN: [ElementRule; ELEMENTS.len()] = {
    const ALL: Set = Set::MAX;
    let mut known = [const {
        ElementRule {
            name: "",
            own: 0,
            parents: ALL,
            children: ALL,
            attributes: ANYWHERE,
            closing: (u64::MAX, u64::MAX),
        }
    }; ELEMENTS.len()];
    let mut number = 0;
    while number < ELEMENTS.len() {
        let one = &mut known[number];
        one.name = ELEMENTS[number];
        one.own = 1 << number;
        if let Some(parents) = of(&PARENTS, one.own) {
            one.parents = parents;
        }
        if let Some(children) = of(&CHILDREN, one.own) {
            one.children = children;
        }
        if one.own & EMPTY != 0 {
            one.children = 0;
        }
        if let Some(attributes) = of(&OWN, one.own) {
            one.attributes |= attributes;
        }
        let length = one.name.len();
        if length < 7 {
            let name = word(one.name.as_bytes()) | (b'>' as u64) << (8 * length);
            one.closing = (name << 8 | b'/' as u64, u64::MAX >> (48 - 8 * length));
        }
        number += 1;
    }
    known
};

/// The bytes of a short name as a word.
const fn word(name: &[u8]) -> u64 {
    let (mut word, mut at) = (0, 0);
    while at < name.len() {
        word |= (name[at] as u64) << (8 * at);
        at += 1;
    }
    word
}

/// Names of eight bytes at most, each in a place of its own.
struct Short {
    multiplier: u64,
    words: [u64; 1 << Short::BITS],
    numbers: [u8; 1 << Short::BITS],
}

impl Short {
    const BITS: u32 = 7;

    /// multiplier: one that spreads the names, found by trying; another is an error when this is
    /// compiled.
    const fn of(names: &[&str], multiplier: u64) -> Short {
        let mut short = Short {
            multiplier,
            words: [0; 1 << Short::BITS],
            numbers: [0; 1 << Short::BITS],
        };
        let mut number = 0;
        while number < names.len() {
            let name = names[number].as_bytes();
            if name.len() <= 8 {
                let place = short.place(word(name));
                assert!(short.words[place] == 0, "two names in one place");
                short.words[place] = word(name);
                short.numbers[place] = number as u8;
            }
            number += 1;
        }
        short
    }

    const fn place(&self, word: u64) -> usize {
        (word.wrapping_mul(self.multiplier) >> (64 - Short::BITS)) as usize
    }

    #[inline]
    fn find(&self, word: u64) -> Option<usize> {
        let place = self.place(word);
        (self.words[place] == word && word != 0).then_some(self.numbers[place] as usize)
    }
}

static SHORT_ELEMENTS: Short = Short::of(&ELEMENTS, 0xe2f3_a5c8_bca2_f9bd);
static SHORT_ATTRIBUTES: Short = Short::of(&ATTRIBUTES, 0x5f1e_a791_8e32_b285);

fn find(names: &[&str], name: &[u8]) -> Option<usize> {
    names.binary_search_by(|one| one.as_bytes().cmp(name)).ok()
}

/// The element of a name.
pub fn element(name: &[u8]) -> Option<&'static ElementRule> {
    KNOWN.get(find(&ELEMENTS, name)?)
}

/// The same by a word that holds the name, and is 0 behind it.
#[inline]
pub fn element_of_word(word: u64) -> Option<&'static ElementRule> {
    KNOWN.get(SHORT_ELEMENTS.find(word)?)
}

impl ElementRule {
    /// The attribute of a name that the element may have, as a set of one.
    pub fn attribute(&self, name: &[u8]) -> Option<Set> {
        self.may_have(find(&ATTRIBUTES, name)?)
    }

    /// The same by a word that holds the name, and is 0 behind it.
    #[inline]
    pub fn attribute_of_word(&self, word: u64) -> Option<Set> {
        self.may_have(SHORT_ATTRIBUTES.find(word)?)
    }

    #[inline]
    fn may_have(&self, number: usize) -> Option<Set> {
        let attribute = 1 << number;
        (attribute & self.attributes != 0).then_some(attribute)
    }

    /// Whether the element holds nothing.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.own & EMPTY != 0
    }

    /// Whether the element holds elements only, and no text.
    #[inline]
    pub fn holds_no_text(&self) -> bool {
        self.own & WITHOUT_TEXT != 0
    }

    /// What the elements around a child hold against others, once this one is around it too.
    #[inline]
    pub fn around(&self, outer: Set) -> Set {
        outer | (self.own & TEXT_ONLY)
    }

    /// Whether the element may stand in its parent. around: elements with text only that it stands
    /// in.
    #[inline]
    pub fn fits(&self, parent: &ElementRule, around: Set) -> bool {
        let child = self.own;
        let nests = around == 0
            || (child & BLOCKS == 0
                && (around & P == 0 || child & NOT_IN_P == 0)
                && child & around & NOT_IN_ITSELF == 0);
        nests && self.parents & parent.own != 0 && parent.children & child != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str) -> &'static ElementRule {
        element(name.as_bytes()).expect("an element")
    }

    #[test]
    fn names_are_in_the_order_in_which_they_are_looked_up() {
        assert!(ELEMENTS.is_sorted() && ATTRIBUTES.is_sorted());
    }

    #[test]
    fn short_names_are_found_by_their_words() {
        for name in ELEMENTS.iter().filter(|name| name.len() <= 8) {
            let found = element_of_word(word(name.as_bytes())).expect("an element");
            assert_eq!(found.name, *name);
        }
        let table = one("table");
        for name in ATTRIBUTES.iter().filter(|name| name.len() <= 8) {
            let name = name.as_bytes();
            assert_eq!(table.attribute_of_word(word(name)), table.attribute(name));
        }
        for other in ["", "x", "tdx", "blockquo", "cellpadd"] {
            assert!(element_of_word(word(other.as_bytes())).is_none());
            assert!(table.attribute_of_word(word(other.as_bytes())).is_none());
        }
    }

    #[test]
    fn elements_stand_where_they_may() {
        let fits = |child: &str, parent: &str, around| one(child).fits(one(parent), around);
        assert!(fits("td", "tr", 0) && fits("p", "div", 0));
        assert!(!fits("td", "table", 0) && !fits("p", "ul", 0));
        assert!(!fits("table", "p", one("p").around(0)));
        assert!(!fits("a", "div", one("a").around(0)) && fits("b", "a", one("a").around(0)));
        assert!(!fits("b", "br", 0));
    }

    #[test]
    fn attributes_belong_to_their_element() {
        let td = one("td");
        assert!(td.attribute(b"nowrap").is_some() && td.attribute(b"class").is_some());
        assert!(td.attribute(b"href").is_none() && one("a").attribute(b"onclick").is_none());
    }
}
