//! One div, read once from its first byte to its end tag.

use super::anchors::Anchors;
use super::vocabulary::{self, Set};

/// Elements in elements at the most.
const DEPTH: usize = 128;
const XHTML: &[u8] = b"http://www.w3.org/1999/xhtml";
/// U+FFFF, which ends the text for the explainer.
const END: &[u8] = b"\xef\xbf\xbf";
const NAMED: [(&[u8], u8); 5] = [
    (b"amp", b'&'),
    (b"lt", b'<'),
    (b"gt", b'>'),
    (b"quot", b'"'),
    (b"apos", b'\''),
];
/// Schemes that no link may have; what data hold is judged by the explainer.
const SCHEMES: [&[u8]; 5] = [b"data:", b"javascript:", b"vbscript:", b"urn:", b"cid:"];

/// Whether a text (UTF-8, without JSON's escapes) is certainly a narrative as FHIR allows it, with
/// words in it. Its links, ids and names are added to the anchors of a scope; where the text is in
/// doubt, none are.
pub fn is_certainly_narrative(text: &[u8], scope: usize, anchors: &mut Anchors) -> bool {
    let mark = anchors.mark();
    let mut reader = Reader {
        text,
        at: 0,
        open: Vec::new(),
        has_words: false,
        value: Vec::new(),
        scope,
        anchors,
    };
    let read = memchr::memmem::find(text, END).is_none() && reader.document().is_some();
    let certain = read && reader.has_words;
    if !certain {
        anchors.rewind(mark);
    }
    certain
}

/// An element whose end is yet to come.
#[derive(Clone, Copy)]
struct Open<'t> {
    name: &'t [u8],
    element: Set,
    /// The elements with text only that its content stands in.
    around: Set,
}

struct Reader<'t, 'x> {
    text: &'t [u8],
    at: usize,
    open: Vec<Open<'t>>,
    has_words: bool,
    /// The value of an attribute, its references resolved.
    value: Vec<u8>,
    scope: usize,
    anchors: &'x mut Anchors,
}

impl<'t> Reader<'t, '_> {
    fn byte(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn space(&mut self) {
        while matches!(self.byte(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
    }

    fn eat(&mut self, wanted: &[u8]) -> Option<()> {
        self.text.get(self.at..)?.starts_with(wanted).then(|| {
            self.at += wanted.len();
        })
    }

    /// `None` where anything is in doubt; what stands behind the root's end tag does not count.
    fn document(&mut self) -> Option<()> {
        self.space();
        self.eat(b"<")?;
        self.start()?;
        while let Some(&open) = self.open.last() {
            self.words(open)?;
            if self.byte() == b'&' {
                let character = self.reference()?;
                self.content(open, character > 32)?;
                continue;
            }
            self.eat(b"<")?;
            match self.byte() {
                b'/' => {
                    self.at += 1;
                    self.eat(open.name)?;
                    self.eat(b">")?;
                    self.open.pop();
                }
                b'!' => {
                    self.content(open, false)?;
                    self.comment()?;
                }
                _ => self.start()?,
            }
        }
        Some(())
    }

    /// The text up to the next tag or reference.
    fn words(&mut self, open: Open<'t>) -> Option<()> {
        let rest = self.text.get(self.at..)?;
        let length = memchr::memchr2(b'<', b'&', rest)?;
        if length > 0 {
            let blind = self.has_words && !vocabulary::holds_no_text(open.element);
            let has_words = !blind && rest[..length].iter().any(|&byte| byte > 32);
            self.content(open, has_words)?;
            self.at += length;
        }
        Some(())
    }

    /// What an element holds that is no element: text, with words or without, or a comment.
    fn content(&mut self, open: Open<'t>, has_words: bool) -> Option<()> {
        self.has_words |= has_words;
        let refused = open.element & vocabulary::EMPTY != 0
            || has_words && vocabulary::holds_no_text(open.element);
        (!refused).then_some(())
    }

    fn comment(&mut self) -> Option<()> {
        self.eat(b"!--")?;
        let rest = self.text.get(self.at..)?;
        if rest.starts_with(b"DOCTYPE") {
            return None;
        }
        self.at += memchr::memmem::find(rest, b"-->")? + 3;
        Some(())
    }

    /// A start tag, its bracket taken.
    fn start(&mut self) -> Option<()> {
        let name = self.name(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let element = vocabulary::element(name)?;
        let around = match self.open.last() {
            None if element != vocabulary::DIV => return None,
            None => 0,
            Some(parent) if !vocabulary::fits(element, parent.element, parent.around) => {
                return None
            }
            Some(parent) => vocabulary::around(parent.around, element),
        };
        let attributes = self.attributes(element)?;
        if self.open.is_empty() && attributes & vocabulary::XMLNS == 0 {
            return None;
        }
        if self.byte() == b'/' {
            self.at += 1;
            return self.eat(b">");
        }
        self.eat(b">")?;
        if self.open.len() >= DEPTH {
            return None;
        }
        self.open.push(Open {
            name,
            element,
            around,
        });
        Some(())
    }

    fn name(&mut self, is_of_name: impl Fn(u8) -> bool) -> &'t [u8] {
        let start = self.at;
        while is_of_name(self.byte()) {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    /// The attributes of a tag, up to what closes it.
    fn attributes(&mut self, element: Set) -> Option<Set> {
        let mut seen = 0;
        loop {
            let before = self.at;
            self.space();
            if matches!(self.byte(), b'>' | b'/') {
                return Some(seen);
            }
            if self.at == before {
                return None;
            }
            let name = self.name(|byte| byte.is_ascii_lowercase() || byte == b':');
            let attribute = vocabulary::attribute(element, name)?;
            if seen & attribute != 0 {
                return None;
            }
            seen |= attribute;
            self.eat(b"=")?;
            self.value()?;
            self.judge(element, attribute)?;
        }
    }

    /// A quoted value.
    fn value(&mut self) -> Option<()> {
        self.value.clear();
        let quote = self.byte();
        if !matches!(quote, b'"' | b'\'') {
            return None;
        }
        self.at += 1;
        loop {
            let start = self.at;
            while !matches!(self.byte(), b'&' | b'<' | b'>' | 0) && self.byte() != quote {
                self.at += 1;
            }
            self.value.extend_from_slice(&self.text[start..self.at]);
            match self.byte() {
                b'&' => {
                    let character = char::from_u32(self.reference()?)?;
                    let mut room = [0; 4];
                    self.value
                        .extend_from_slice(character.encode_utf8(&mut room).as_bytes());
                }
                byte if byte == quote => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// An entity of XML or a character reference: the number of its character.
    fn reference(&mut self) -> Option<u32> {
        let rest = self.text.get(self.at + 1..)?;
        let length = rest.iter().take(9).position(|&byte| byte == b';')?;
        let name = &rest[..length];
        self.at += length + 2;
        let Some(digits) = name.strip_prefix(b"#") else {
            return NAMED
                .iter()
                .find(|(named, _)| *named == name)
                .map(|&(_, character)| u32::from(character));
        };
        let (digits, base) = digits
            .strip_prefix(b"x")
            .map_or((digits, 10), |digits| (digits, 16));
        if !digits.first()?.is_ascii_hexdigit() {
            return None; // a sign
        }
        let number = u32::from_str_radix(std::str::from_utf8(digits).ok()?, base).ok()?;
        char::from_u32(number).map(u32::from)
    }

    /// What hangs on the value of an attribute.
    fn judge(&mut self, element: Set, attribute: Set) -> Option<()> {
        let value = &self.value[..];
        match attribute {
            vocabulary::XMLNS if value != XHTML => return None,
            vocabulary::ID => self.anchors.add_name(self.scope, value),
            vocabulary::NAME if element == vocabulary::A => {
                self.anchors.add_name(self.scope, value)
            }
            vocabulary::HREF if element == vocabulary::A => {
                is_plain_link(value).then_some(())?;
                if let Some(target) = value.strip_prefix(b"#").filter(|rest| !rest.is_empty()) {
                    self.anchors.add_link(self.scope, target);
                }
            }
            vocabulary::SRC if !is_plain_link(value) || value.starts_with(b"#") => return None,
            _ => {}
        }
        Some(())
    }
}

/// Whether a link certainly has the form of one, and a scheme that it may have.
fn is_plain_link(link: &[u8]) -> bool {
    if let Some(data) = link.strip_prefix(b"data:image/") {
        return is_plain_image(data);
    }
    let fits =
        |byte: u8| byte.is_ascii_alphanumeric() || b";?:@&=+$.,/%-_~#[]!'()*|".contains(&byte);
    !link.is_empty()
        && link.iter().all(|&byte| fits(byte))
        && !SCHEMES.iter().any(|scheme| link.starts_with(scheme))
}

/// Whether the rest of a `data:` link is certainly a kind of image and its bytes, as the publisher of
/// guides writes them into every Questionnaire's table.
fn is_plain_image(rest: &[u8]) -> bool {
    const BASE64: &[u8] = b";base64,";
    let Some(at) = memchr::memmem::find(rest, BASE64) else {
        return false;
    };
    let (kind, data) = (&rest[..at], &rest[at + BASE64.len()..]);
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    !kind.is_empty()
        && kind.iter().all(u8::is_ascii_lowercase)
        && !data.is_empty()
        && data.len() % 4 == 0
        && data.iter().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certain(inside: &str) -> bool {
        let text = format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{inside}</div>");
        is_certainly_narrative(text.as_bytes(), 0, &mut Anchors::default())
    }

    #[test]
    fn plain_narratives_are_certain() {
        for inside in [
            "x",
            "<p>a &lt; b</p><br/><hr />",
            "<!-- none -->&#233;&#xe9;",
            "<table class=\"t\" border='1'>\n<tbody><tr><td>x</td></tr></tbody></table>",
            "<ul> <li>x</li> </ul><a href=\"http://a/b?c=d&amp;e\" title='&quot;'>y</a>",
            "<img src=\"a.png\" alt=\"x\"/>y",
            "<img src=\"data:image/png;base64,iVBORw0K\"/>y",
            "<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>",
        ] {
            assert!(certain(inside), "{inside}");
        }
    }

    #[test]
    fn whatever_is_odd_is_in_doubt() {
        for inside in [
            "",
            " \n<br/>",
            "<img src=\"a.png\"/>",
            "x<script>y</script>",
            "<P>x</P>",
            "<p>x",
            "<p>x</b></p>",
            "<p onclick=\"x\">x</p>",
            "<p class=x>x</p>",
            "<p class=\"a>b\">x</p>",
            "<p class=\"a\"id=\"b\">x</p>",
            "<p class=\"a\" class=\"b\">x</p>",
            "&nbsp;",
            "&#0;&#xd800;&#+65;",
            "x & y",
            "<p><table><tr><td>x</td></tr></table></p>",
            "<b>x<b>y</b></b>",
            "<ul>x</ul>",
            "<br>x</br>",
            "<br> </br>x",
            "<h:p>x</h:p>",
            "<p xmlns=\"urn:x\">x</p>",
            "<a href=\"javascript:x\">x</a>",
            "<a href=\"a b\">x</a>",
            "<a href=\"\">x</a>",
            "<img src=\"#x\"/>y",
            "<img src=\"data:image/png;base64,iVBORw0\"/>y",
            "<img src=\"data:image/png;base64,\"/>y",
            "<img src=\"data:image/;base64,iVBORw0K\"/>y",
            "<img src=\"data:image/png;base64,iVBORw,K\"/>y",
            "<img src=\"data:image/png,iVBORw0K\"/>y",
            "<img src=\"data:text/html;base64,iVBORw0K\"/>y",
            "<?php x ?>y",
            "<!DOCTYPE html>y",
            "\u{ffff}x",
        ] {
            assert!(!certain(inside), "{inside}");
        }
    }

    #[test]
    fn the_root_is_a_div_of_xhtml() {
        for (text, is_certain) in [
            (
                " <div xmlns='http://www.w3.org/1999/xhtml'>x</div> <p>",
                true,
            ),
            ("<div>x</div>", false),
            ("<p xmlns=\"http://www.w3.org/1999/xhtml\">x</p>", false),
            (
                "<div xmlns=\"http://www.w3.org/1999/xhtml/\">x</div>",
                false,
            ),
            ("<div xmlns=\"http://www.w3.org/1999/xhtml\"/>", false),
            ("", false),
        ] {
            assert_eq!(
                is_certainly_narrative(text.as_bytes(), 0, &mut Anchors::default()),
                is_certain,
                "{text}"
            );
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}x{}", "<div>".repeat(depth), "</div>".repeat(depth));
        assert!(certain(&nested(DEPTH - 1)));
        assert!(!certain(&nested(DEPTH)));
        assert!(!certain(&nested(100_000)));
    }
}
