//! One div, read once from its first byte to its end tag.

use super::anchors::{Anchors, Standing};
use super::markup::{Markup, Nest, NO_PIECE, OUTSIDE};
use super::vocabulary::{self, ElementRule, Set};

/// Bytes that are searched for the end of a comment, where all of the line comes behind it.
const LONG_COMMENT: usize = 4096;
const XHTML: &[u8] = b"http://www.w3.org/1999/xhtml";
/// U+FFFF, which ends the text for the explainer.
const END: &[u8] = b"\xef\xbf\xbf";
/// Schemes that no link may have; what data hold is judged by the explainer.
const SCHEMES: [&[u8]; 5] = [b"data:", b"javascript:", b"vbscript:", b"urn:", b"cid:"];

/// Whether a text (UTF-8, without JSON's escapes) is certainly a narrative as FHIR allows it, with
/// words in it. Its links, ids and names are added to the anchors; where the text is in
/// doubt, none are.
pub fn is_certainly_narrative(
    text: &[u8],
    at: Standing,
    anchors: &mut Anchors,
    markup: &mut Markup,
) -> bool {
    memchr::memmem::find(text, END).is_none() && read::<false>(text, at, anchors, markup).is_some()
}

/// How many bytes of a line (UTF-8 without control characters), from behind the opening quote of a
/// string on, are certainly a narrative that the closing quote follows. Nearly all of JSON's
/// escapes in one are quotes around attributes and ends of lines, which are read as they stand;
/// others, and those that are not needed, leave it in doubt, so that the string is in order where
/// it is certain.
pub fn certain_narrative(
    rest: &[u8],
    at: Standing,
    anchors: &mut Anchors,
    markup: &mut Markup,
) -> Option<usize> {
    let mark = anchors.mark();
    let length = read::<true>(rest, at, anchors, markup)?;
    let text = &rest[..length];
    let is_whole = rest.get(length) == Some(&b'"')
        && (memchr::memchr(END[0], text).is_none() || memchr::memmem::find(text, END).is_none());
    if !is_whole {
        anchors.rewind(mark);
        return None;
    }
    Some(length)
}

/// Where a narrative with words ends, if it is certainly one.
fn read<const ESCAPED: bool>(
    text: &[u8],
    at: Standing,
    anchors: &mut Anchors,
    markup: &mut Markup,
) -> Option<usize> {
    let mark = anchors.mark();
    markup.begin();
    let mut reader = Reader::<ESCAPED> {
        text,
        at: 0,
        has_words: false,
        standing: at,
        anchors,
        markup,
    };
    let is_certain = reader.document().is_some() && reader.has_words;
    let at = reader.at;
    if !is_certain {
        anchors.rewind(mark);
    }
    is_certain.then_some(at)
}

/// ESCAPED: the text stands in a line of JSON, of which it may be no more than a part.
struct Reader<'t, 'x, const ESCAPED: bool> {
    text: &'t [u8],
    at: usize,
    has_words: bool,
    standing: Standing,
    anchors: &'x mut Anchors,
    markup: &'x mut Markup,
}

const ONES: u64 = u64::MAX / 255;
const HIGHS: u64 = ONES << 7;

/// The high bits of bytes of which the first is 0; 0 where none is.
#[inline]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

/// The same of bytes that are the given one.
#[inline]
fn are(word: u64, byte: u8) -> u64 {
    zeros(word ^ (ONES * u64::from(byte)))
}

/// The same of bytes that are `&` or a quote, which differ in one bit.
#[inline]
fn are_ampersand_or_quote(word: u64) -> u64 {
    are(word & !(ONES * 4), b'"')
}

/// The high bits of bytes of which the first is a tag's bracket, an ampersand, a quote or a
/// backslash, or, of text without JSON's escapes, one of the former two.
#[inline]
fn marks<const ESCAPED: bool>(word: u64) -> u64 {
    let below = |word: u64, byte: u8| (word ^ (ONES * u64::from(byte))).wrapping_sub(ONES);
    let others = match ESCAPED {
        true => below(word & !(ONES * 4), b'"') | below(word, b'\\'),
        false => below(word, b'&'),
    };
    (below(word, b'<') | others) & !word & HIGHS
}

/// The bytes of a word before the first one below `@`, and how many they are; all where none is.
#[inline]
fn letters(word: u64) -> (u64, u32) {
    let others = !word & (ONES << 6);
    let lowest = others & others.wrapping_neg();
    (
        word & (lowest >> 6).wrapping_sub(1),
        others.trailing_zeros() / 8,
    )
}

impl<'t, const ESCAPED: bool> Reader<'t, '_, ESCAPED> {
    #[inline]
    fn byte(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    fn word(&self) -> Option<u64> {
        let chunk = self.text.get(self.at..)?.first_chunk()?;
        Some(u64::from_le_bytes(*chunk))
    }

    #[inline]
    fn space(&mut self) {
        loop {
            match self.byte() {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'\\' if ESCAPED && self.escapes_space() => self.at += 2,
                _ => return,
            }
        }
    }

    /// Whether the escape that stands here is white space.
    fn escapes_space(&self) -> bool {
        matches!(self.text.get(self.at + 1), Some(b'n' | b't' | b'r'))
    }

    #[inline]
    fn eat(&mut self, wanted: &[u8]) -> Option<()> {
        self.text.get(self.at..)?.starts_with(wanted).then(|| {
            self.at += wanted.len();
        })
    }

    #[inline]
    fn eat_byte(&mut self, wanted: u8) -> Option<()> {
        (self.byte() == wanted).then(|| self.at += 1)
    }

    /// `None` where anything is in doubt; what stands behind the root's end tag does not count.
    fn document(&mut self) -> Option<()> {
        self.space();
        let (mut nest, mut piece) = (OUTSIDE, NO_PIECE);
        loop {
            let rest = self.text.get(self.at..)?;
            let known = ESCAPED.then(|| self.markup.find(nest, piece, rest));
            if let Some((found, to, length)) = known.flatten() {
                (piece, nest) = (found, to);
                self.at += length;
            } else {
                let (from, start, mark) = (nest, self.at, self.anchors.mark());
                nest = self.tags(from)?;
                piece = NO_PIECE;
                if ESCAPED && mark == self.anchors.mark() {
                    let (text, leads_on) = (&self.text[start..self.at], self.byte() == b'<');
                    piece = self.markup.keep(from, nest, text, leads_on);
                }
            }
            if nest == OUTSIDE {
                return Some(());
            }
            if self.byte() != b'<' {
                self.words(self.markup.element(nest))?;
            }
        }
    }

    /// Tags without attributes that follow on each other, with white space between, or one tag of
    /// any kind, or a comment: the nest behind.
    #[inline(never)]
    fn tags(&mut self, from: Nest) -> Option<Nest> {
        let (mut nest, start) = (from, self.at);
        loop {
            let behind = self.at;
            if behind > start && !self.markup.element(nest).is_empty() {
                self.space();
            }
            match self.bare_tag(nest) {
                Some(next) => nest = next,
                None if behind == start => return self.tag(nest),
                None => {
                    self.at = behind;
                    return Some(nest);
                }
            }
        }
    }

    /// A tag without attributes that is taken: the nest behind. Nothing, and nothing taken, where
    /// there is none of a name known by its word.
    #[inline]
    fn bare_tag(&mut self, nest: Nest) -> Option<Nest> {
        if self.byte() != b'<' || nest == OUTSIDE {
            return None;
        }
        let word = u64::from_le_bytes(*self.text.get(self.at + 1..)?.first_chunk()?);
        let element = self.markup.element(nest);
        let (closing, bytes) = element.closing;
        if (word ^ closing) & bytes == 0 {
            self.at += element.name.len() + 3;
            return Some(self.markup.outer(nest));
        }
        let (name, length) = letters(word);
        if word.checked_shr(8 * length).unwrap_or(0) as u8 != b'>' {
            return None;
        }
        let inner = self
            .markup
            .enter(nest, vocabulary::element_of_word(name)?)?;
        self.at += length as usize + 2;
        Some(inner)
    }

    /// A tag of any kind, or a comment: the nest behind.
    fn tag(&mut self, nest: Nest) -> Option<Nest> {
        self.eat_byte(b'<')?;
        match self.byte() {
            _ if nest == OUTSIDE => self.start(nest),
            b'/' => {
                self.at += 1;
                self.eat(self.markup.element(nest).name.as_bytes())?;
                self.eat_byte(b'>')?;
                Some(self.markup.outer(nest))
            }
            b'!' => {
                self.content(self.markup.element(nest), false)?;
                self.comment()?;
                Some(nest)
            }
            _ => self.start(nest),
        }
    }

    /// Text and references up to the next tag.
    #[inline]
    fn words(&mut self, element: &ElementRule) -> Option<()> {
        let is_plain = !element.holds_no_text();
        loop {
            let start = self.at;
            self.at = self.next_mark(start)?;
            if self.at > start && !(is_plain && self.has_words) {
                let text = &self.text[start..self.at];
                let has_words = text.iter().any(|&byte| byte > 32);
                self.content(element, has_words)?;
            }
            match self.byte() {
                b'<' => return Some(()),
                b'&' => {
                    let character = self.reference()?;
                    self.content(element, character > 32)?;
                }
                _ => {
                    let (has_words, length) = self.escape()?;
                    self.content(element, has_words)?;
                    self.at += length;
                }
            }
        }
    }

    /// Where the next tag, reference or escape stands.
    #[inline]
    fn next_mark(&self, from: usize) -> Option<usize> {
        let mut at = from;
        for _ in 0..6 {
            let Some(chunk) = self.text.get(at..)?.first_chunk() else {
                break;
            };
            let found = marks::<ESCAPED>(u64::from_le_bytes(*chunk));
            if found != 0 {
                return Some(at + found.trailing_zeros() as usize / 8);
            }
            at += 8;
        }
        self.distant_mark(at)
    }

    #[inline(never)]
    fn distant_mark(&self, from: usize) -> Option<usize> {
        let rest = self.text.get(from..)?;
        let found = if ESCAPED {
            let found = memchr::memchr3(b'<', b'&', b'\\', rest)?;
            if memchr::memchr(b'"', &rest[..found]).is_some() {
                return None;
            }
            found
        } else {
            memchr::memchr2(b'<', b'&', rest)?
        };
        Some(from + found)
    }

    /// Whether the escape that stands here, in text, is more than white space; and its bytes.
    fn escape(&self) -> Option<(bool, usize)> {
        match self.text.get(self.at..self.at + 2)? {
            br"\n" | br"\t" | br"\r" => Some((false, 2)),
            br#"\""# | br"\\" => Some((true, 2)),
            _ => None, // a quote, too: the string ends here
        }
    }

    /// What an element holds that is no element: text, with words or without, or a comment.
    #[inline]
    fn content(&mut self, element: &ElementRule, has_words: bool) -> Option<()> {
        self.has_words |= has_words;
        let refused = element.is_empty() || has_words && element.holds_no_text();
        (!refused).then_some(())
    }

    fn comment(&mut self) -> Option<()> {
        self.eat(b"!--")?;
        let rest = self.text.get(self.at..)?;
        if rest.starts_with(b"DOCTYPE") {
            return None;
        }
        let near = if ESCAPED {
            &rest[..rest.len().min(LONG_COMMENT)]
        } else {
            rest
        };
        let length = memchr::memmem::find(near, b"-->")? + 3;
        self.at += length;
        (!ESCAPED || memchr::memchr2(b'\\', b'"', &rest[..length]).is_none()).then_some(())
    }

    /// A start tag, its bracket taken: the nest behind it.
    #[inline]
    fn start(&mut self, nest: Nest) -> Option<Nest> {
        let element = self.element()?;
        let inner = self.markup.enter(nest, element)?;
        let attributes = self.attributes(element)?;
        if nest == OUTSIDE && attributes & vocabulary::XMLNS == 0 {
            return None; // whose name space is not known
        }
        if self.byte() == b'/' {
            self.at += 1;
            return self.eat_byte(b'>').map(|()| nest);
        }
        self.at += 1;
        Some(inner)
    }

    /// Letters, fewer than eight, as a word and by their number; nothing where there are none, or
    /// other bytes of names.
    #[inline]
    fn short_name(&self) -> Option<(u64, usize)> {
        let word = self.word()?;
        let (name, length) = letters(word);
        let next = word.checked_shr(8 * length)? as u8;
        let is_whole = length > 0 && !matches!(next, b'0'..=b':');
        is_whole.then_some((name, length as usize))
    }

    fn name(&mut self, is_of_name: impl Fn(u8) -> bool) -> &'t [u8] {
        let start = self.at;
        while is_of_name(self.byte()) {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    #[inline]
    fn element(&mut self) -> Option<&'static ElementRule> {
        if let Some((word, length)) = self.short_name() {
            self.at += length;
            return vocabulary::element_of_word(word);
        }
        vocabulary::element(self.name(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
    }

    #[inline]
    fn attribute(&mut self, element: &ElementRule) -> Option<Set> {
        if let Some((word, length)) = self.short_name() {
            self.at += length;
            return element.attribute_of_word(word);
        }
        element.attribute(self.name(|byte| byte.is_ascii_lowercase() || byte == b':'))
    }

    /// The attributes of a tag, up to what closes it.
    fn attributes(&mut self, element: &ElementRule) -> Option<Set> {
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
            let attribute = self.attribute(element)?;
            if seen & attribute != 0 {
                return None;
            }
            seen |= attribute;
            self.eat_byte(b'=')?;
            self.value(element, attribute)?;
        }
    }

    /// A quoted value, and what hangs on it.
    fn value(&mut self, element: &ElementRule, attribute: Set) -> Option<()> {
        let quote = self.byte();
        let is_escaped = ESCAPED && quote == b'\\';
        if is_escaped {
            self.at += 1;
            self.eat_byte(b'"')?;
        } else if quote == b'\'' || !ESCAPED && quote == b'"' {
            self.at += 1;
        } else {
            return None; // of a quote without escape, the string ends here
        }
        let start = self.at;
        self.pass_plain_value(quote);
        let mut value = std::mem::take(&mut self.markup.value);
        let plain = &self.text[start..self.at];
        let judged = if self.byte() == b'&' {
            value.clear();
            value.extend_from_slice(plain);
            self.rest_of_value(quote, &mut value)
                .and_then(|()| self.judge(element, attribute, &value))
        } else {
            self.judge(element, attribute, plain)
        };
        self.markup.value = value;
        judged?;
        self.eat_byte(quote)?;
        if is_escaped {
            self.eat_byte(b'"')?;
        }
        Some(())
    }

    /// Go on to the quote, or to what has to be looked at or may not be in a value.
    #[inline]
    fn pass_plain_value(&mut self, quote: u8) {
        while let Some(word) = self.word() {
            // brackets differ in one bit
            let mut found = are(word & !(ONES * 2), b'<') | are(word, quote);
            found |= if ESCAPED {
                are_ampersand_or_quote(word) | are(word, b'\\')
            } else {
                are(word, b'&') | zeros(word)
            };
            if found != 0 {
                self.at += found.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
        while !matches!(self.byte(), b'&' | b'<' | b'>' | 0)
            && self.byte() != quote
            && !(ESCAPED && matches!(self.byte(), b'\\' | b'"'))
        {
            self.at += 1;
        }
    }

    /// The rest of a value from its first reference on.
    #[cold]
    fn rest_of_value(&mut self, quote: u8, value: &mut Vec<u8>) -> Option<()> {
        while self.byte() == b'&' {
            let character = char::from_u32(self.reference()?)?;
            let mut room = [0; 4];
            value.extend_from_slice(character.encode_utf8(&mut room).as_bytes());
            let start = self.at;
            self.pass_plain_value(quote);
            value.extend_from_slice(&self.text[start..self.at]);
        }
        Some(())
    }

    /// An entity of XML or a character reference: the number of its character.
    fn reference(&mut self) -> Option<u32> {
        let rest = self.text.get(self.at + 1..)?;
        let (length, character) = match rest {
            [b'a', b'm', b'p', b';', ..] => (4, b'&'),
            [b'l', b't', b';', ..] => (3, b'<'),
            [b'g', b't', b';', ..] => (3, b'>'),
            [b'q', b'u', b'o', b't', b';', ..] => (5, b'"'),
            [b'a', b'p', b'o', b's', b';', ..] => (5, b'\''),
            _ => return self.numbered(rest),
        };
        self.at += length + 1;
        Some(u32::from(character))
    }

    /// A character by its number.
    fn numbered(&mut self, rest: &[u8]) -> Option<u32> {
        let length = rest.iter().take(9).position(|&byte| byte == b';')?;
        let name = &rest[..length];
        self.at += length + 2;
        let digits = name.strip_prefix(b"#")?;
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
    #[inline]
    fn judge(&mut self, element: &ElementRule, attribute: Set, value: &[u8]) -> Option<()> {
        match attribute {
            vocabulary::XMLNS if value != XHTML => return None,
            vocabulary::ID => self.anchors.add_name(self.standing, value),
            vocabulary::NAME if element.own == vocabulary::A => {
                self.anchors.add_name(self.standing, value)
            }
            vocabulary::HREF if element.own == vocabulary::A => {
                is_plain_link(value).then_some(())?;
                if let Some(target) = value.strip_prefix(b"#").filter(|rest| !rest.is_empty()) {
                    self.anchors.add_link(self.standing, target);
                }
            }
            vocabulary::SRC if !is_plain_link(value) || value.starts_with(b"#") => return None,
            _ => {}
        }
        Some(())
    }
}

/// Bytes that a link may hold.
const OF_LINK: [bool; 256] = {
    let mut fits = [false; 256];
    let marks = b";?:@&=+$.,/%-_~#[]!'()*|";
    let mut at = 0;
    while at < 256 {
        fits[at] = (at as u8).is_ascii_alphanumeric();
        at += 1;
    }
    at = 0;
    while at < marks.len() {
        fits[marks[at] as usize] = true;
        at += 1;
    }
    fits
};

/// Whether a link certainly has the form of one, and a scheme that it may have.
fn is_plain_link(link: &[u8]) -> bool {
    let Some(first) = link.first() else {
        return false;
    };
    if matches!(first, b'd' | b'j' | b'v' | b'u' | b'c') {
        if let Some(data) = link.strip_prefix(b"data:image/") {
            return is_plain_image(data);
        }
        if SCHEMES.iter().any(|scheme| link.starts_with(scheme)) {
            return false;
        }
    }
    link.iter().all(|&byte| OF_LINK[usize::from(byte)])
}

/// Whether the rest of a `data:` link is certainly a kind of image and its bytes, as the publisher
/// of guides writes them into every Questionnaire's table.
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
    use std::cell::RefCell;

    use super::*;

    fn certain(inside: &str) -> bool {
        whole_is_certain(&format!(
            "<div xmlns=\"http://www.w3.org/1999/xhtml\">{inside}</div>"
        ))
    }

    /// Whether a text is certain. Where it is certain in JSON's escapes, all is the same, whatever
    /// was read before.
    fn whole_is_certain(text: &str) -> bool {
        thread_local!(static MARKUP: RefCell<Markup> = RefCell::default());
        let mut anchors = Anchors::default();
        let mut markup = Markup::default();
        let certain = is_certainly_narrative(
            text.as_bytes(),
            Standing::default(),
            &mut anchors,
            &mut markup,
        );
        let mut line = String::new();
        for character in text.chars() {
            match character {
                '"' | '\\' => line.extend(['\\', character]),
                '\n' => line.push_str("\\n"),
                '\t' => line.push_str("\\t"),
                '\u{0}'..'\u{20}' => line.push_str(&format!("\\u{:04x}", u32::from(character))),
                _ => line.push(character),
            }
        }
        let length = line.len();
        line.push_str("\",\"id\":\"<p>\"}");
        let fresh = found(&line, &anchors, &mut Markup::default());
        assert!(
            fresh.is_none() || fresh == Some(length) && certain,
            "{text}"
        );
        for _ in 0..3 {
            let again = MARKUP.with_borrow_mut(|markup| found(&line, &anchors, markup));
            assert_eq!(again, fresh, "{text}");
        }
        certain
    }

    /// Where a narrative ends that a line begins with, and that has certain anchors.
    fn found(line: &str, anchors: &Anchors, markup: &mut Markup) -> Option<usize> {
        let mut others = Anchors::default();
        let found = certain_narrative(line.as_bytes(), Standing::default(), &mut others, markup)?;
        assert_eq!(format!("{anchors:?}"), format!("{others:?}"), "{line}");
        Some(found)
    }

    #[test]
    fn usual_escapes_are_read_as_they_stand() {
        let found = |inside: &str| {
            let line = format!(
                r#"<div xmlns=\"http://www.w3.org/1999/xhtml\">{inside}</div>","id":"<p>x</p>"}}"#
            );
            let length = line.find(r#"","id""#).expect("the end");
            let (mut anchors, mut markup) = Default::default();
            match certain_narrative(
                line.as_bytes(),
                Standing::default(),
                &mut anchors,
                &mut markup,
            ) {
                Some(found) if found == length => true,
                Some(found) => panic!("{inside}: {found} of {length}"),
                None => false,
            }
        };
        for inside in [
            "x",
            r#"a text that is longer than some words: \\ and \"\t\n\r, &amp; words"#,
            r#"<h1 class=\"a &amp; b\"\n id='c' >é</h1><blockquote>\n</blockquote><!-- none -->"#,
            r#"<a href=\"http://a/b?c=d&amp;e=f#g\" xml:lang=\"de\">a text that is longer than words</a>"#,
        ] {
            assert!(found(inside), "{inside}");
        }
        for inside in [
            "",
            r#"""#,
            r#"a"nd"#,
            r#"a text of a few words, longer than what is looked at first: ""#,
            r#"<p title=""></p>x"#,
            r#"<p title='"'></p>x"#,
            r#"<p title='\"'></p>x"#,
            r#"<p title=\"\n\"></p>x"#,
            r#"<p title=\"\\\"></p>x"#,
            r#"<p title=\"a'></p>x"#,
            r#"<!-- " -->x"#,
            r#"<!-- \" -->x"#,
            r#"x\/"#,
            r#"x\u00e9"#,
            r#"x\b"#,
            "x\u{ffff}",
        ] {
            assert!(!found(inside), "{inside}");
        }
        let behind = br#"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div> ""#;
        let (mut anchors, mut markup) = Default::default();
        let found = certain_narrative(behind, Standing::default(), &mut anchors, &mut markup);
        assert_eq!(found, None);
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
            "<h1 xml:lang=\"de\" accesskey='\"' tabindex=\"1\">\"x\\y\"</h1>",
            "<blockquote\n cite=\"a\">\nx</blockquote><a name=\"n\" id='i'>y</a><a href=\"#n\">z</a>",
            "<p\ttitle=\"a &quot;long&quot; one, longer than a word\">a text that is longer than words</p>",
            "<!-- \"\n\u{1} -->\u{0}\u{1}x",
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
            "x<!--\u{ffff}-->",
            "<p title=\"\u{0}\">x</p>",
            "<p title=\"a'>x</p>",
            "<p title=\"&\">x</p>",
            "<h1><h12>x</h12></h1>",
            "<:p>x</:p>",
            "<>x</>",
            "<p :a=\"\">x</p>",
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
            (
                "<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>\u{ffff}",
                false,
            ),
            ("", false),
        ] {
            assert_eq!(whole_is_certain(text), is_certain, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        const DEPTH: usize = 128;
        let nested = |depth: usize| format!("{}x{}", "<div>".repeat(depth), "</div>".repeat(depth));
        assert!(certain(&nested(DEPTH - 1)));
        assert!(!certain(&nested(DEPTH)));
        assert!(!certain(&nested(100_000)));
    }
}
