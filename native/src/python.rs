//! The wall to Python: everything that crosses it is bytes, numbers and lists of them.

use memchr::memmem::Finder;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::accept::block;
use crate::accept::reason::NAMES;
use crate::accept::table::tags::{LAYOUT, TAGS};
use crate::accept::table::Known;
use crate::columns::{self, Mismatch, RunLine};
use crate::relations;

/// Columns of a block, and what came of its lines so far.
#[pyclass]
struct Judgement {
    columns: block::Columns,
}

/// Numbers of the first new one, and the new ones.
type New<'py> = (u32, Vec<Bound<'py, PyBytes>>);
/// Columns of lines: positions, numbers of types, ids, numbers of lists of sites, and what goes
/// beside these.
type SitedLines<'py> = (
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Vec<Option<Bound<'py, PyString>>>,
    Bound<'py, PyBytes>,
    Vec<Vec<Bound<'py, PyBytes>>>,
);

fn words<'py>(py: Python<'py>, column: &[u32]) -> Bound<'py, PyBytes> {
    let mut bytes = vec![0; column.len() * 4];
    for (four, word) in bytes.chunks_exact_mut(4).zip(column) {
        four.copy_from_slice(&word.to_ne_bytes());
    }
    PyBytes::new(py, &bytes)
}

/// The numbers of a column of native words.
fn numbers(column: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let words = column.chunks_exact(4);
    words.map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]]))
}

#[pymethods]
impl Judgement {
    /// Line numbers in the block, as native u32.
    fn numbers<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        words(py, &self.columns.numbers)
    }

    /// Where lines start, as native u32.
    fn starts<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        words(py, &self.columns.starts)
    }

    /// Where lines end, as native u32.
    fn ends<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        words(py, &self.columns.ends)
    }

    /// The numbers of the types, as native u16; 0 where the line was not accepted.
    fn types<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let bytes: Vec<u8> = self
            .columns
            .types
            .iter()
            .flat_map(|number| number.to_ne_bytes())
            .collect();
        PyBytes::new(py, &bytes)
    }

    /// The ids, each with a newline; nothing else where the line was not accepted or has none.
    fn ids<'py>(&self, py: Python<'py>, data: &[u8]) -> Bound<'py, PyBytes> {
        let mut bytes = Vec::with_capacity(self.columns.ids.len() * 40);
        for &(start, end) in &self.columns.ids {
            bytes.extend_from_slice(data.get(start as usize..end as usize).unwrap_or_default());
            bytes.push(b'\n');
        }
        PyBytes::new(py, &bytes)
    }

    /// Whether every line was accepted and has an id.
    #[getter]
    fn whole(&self) -> bool {
        self.columns.is_whole()
    }

    /// Whether every line that was accepted has an id.
    #[getter]
    fn named(&self) -> bool {
        self.columns.is_named()
    }

    /// The positions that were not accepted, as native u32, and of each the number of its reason, a
    /// byte: its place in `REASONS`.
    fn fallbacks<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>, Bound<'py, PyBytes>) {
        let fallbacks = self.columns.numbered_fallbacks();
        let (positions, reasons): (Vec<u32>, Vec<u8>) = fallbacks
            .map(|(position, reason)| (position as u32, reason))
            .unzip();
        (words(py, &positions), PyBytes::new(py, &reasons))
    }

    /// The positions that were not accepted of lines with a text in their first bytes, of which
    /// there are `most`, as native u32.
    fn beginning_with<'py>(
        &self,
        py: Python<'py>,
        data: &[u8],
        text: &[u8],
        most: usize,
    ) -> Bound<'py, PyBytes> {
        let (columns, finder) = (&self.columns, Finder::new(text));
        let begins = |position: usize| {
            let (start, end) = (columns.starts[position], columns.ends[position]);
            let line = data.get(start as usize..end as usize);
            line.is_some_and(|line| finder.find(&line[..line.len().min(most)]).is_some())
        };
        let fallbacks = columns.numbered_fallbacks();
        let found = fallbacks.filter(|&(position, _)| begins(position));
        let positions: Vec<u32> = found.map(|(position, _)| position as u32).collect();
        words(py, &positions)
    }

    /// The numbers of the value sets that left codes of accepted lines undecided, each with how
    /// many.
    fn undecided(&self) -> Vec<(u32, u32)> {
        self.columns.undecided.each().collect()
    }

    /// Keep, of lines that are yet to be walked, the values that hold undecided codes.
    fn keep_undecided_values(&mut self) {
        self.columns.undecided_values = Some(block::UndecidedValues::default());
    }

    /// The values of accepted lines that hold undecided codes, where they were to be kept: a
    /// question about each value, and for every time that one stands in a line the position of the
    /// line and the number of the question, as native u32.
    #[allow(clippy::type_complexity)] // three columns, and the first of pairs
    fn undecided_values<'py>(
        &self,
        py: Python<'py>,
    ) -> (
        Vec<(u32, Bound<'py, PyBytes>)>,
        Bound<'py, PyBytes>,
        Bound<'py, PyBytes>,
    ) {
        let Some(values) = &self.columns.undecided_values else {
            return (Vec::new(), PyBytes::new(py, &[]), PyBytes::new(py, &[]));
        };
        let questions = values.questions.iter();
        (
            questions
                .map(|(check, text)| (*check, PyBytes::new(py, text)))
                .collect(),
            words(py, &values.positions),
            words(py, &values.numbers),
        )
    }

    /// Let lines that are yet to be walked be Bundles of which the entries count that are not
    /// certainly valid.
    fn by_entry(&mut self) {
        self.columns.by_entry = true;
    }

    /// What is left to the explainer of Bundles that were walked by entry: the number of the line,
    /// and (entry, member of its resource), the member 2^32 - 1 for the whole entry; and, after
    /// `by_entry`, the questions about values of the other entries that left codes undecided, once
    /// a value.
    #[allow(clippy::type_complexity)] // a list of pairs and one of questions for each line
    fn parted<'py>(
        &self,
        py: Python<'py>,
    ) -> Vec<(u32, Vec<(u32, u32)>, Vec<(u32, Bound<'py, PyBytes>)>)> {
        let parted = self.columns.parted.iter().map(|line| {
            let questions = line.undecided.iter();
            let undecided = questions.map(|(check, text)| (*check, PyBytes::new(py, text)));
            (
                self.columns.numbers[line.position],
                line.parts.clone(),
                undecided.collect(),
            )
        });
        parted.collect()
    }

    fn __len__(&self) -> usize {
        self.columns.numbers.len()
    }

    /// Whether lines wait for answers.
    #[getter]
    fn pending(&self) -> bool {
        self.columns.is_pending()
    }
}

/// The table, the answers, and the walk over blocks. One per thread.
#[pyclass]
#[derive(Default)]
struct Acceptor {
    inner: block::Acceptor,
}

#[pymethods]
impl Acceptor {
    #[new]
    #[pyo3(signature = (*, closer = false, aside = None))]
    fn new(closer: bool, aside: Option<&[u8]>) -> Self {
        let mut made = Acceptor::default();
        made.inner.closer = closer;
        made.inner.aside = aside.map(<[u8]>::to_vec);
        made
    }

    /// Add records to the table. Raises ValueError for bytes that are none.
    fn extend(&mut self, records: &[u8]) -> PyResult<()> {
        self.inner
            .table
            .extend(records)
            .map_err(|error| PyValueError::new_err(format!("no table at byte {}", error.0)))
    }

    /// Keep the answer to a question: 0 for no, with the numbers of the value sets that could not
    /// decide.
    fn answer(&mut self, check: u32, text: &[u8], value: u32, undecided: Vec<u32>) {
        self.inner.memo.put(check, text, value, undecided);
    }

    /// The lines of a block, all of them pending, which are known when they were judged. Raises
    /// ValueError for blocks of 4 GiB and more.
    fn begin(&self, data: &[u8]) -> PyResult<Judgement> {
        if data.len() >= u32::MAX as usize {
            return Err(PyValueError::new_err("a block holds less than 4 GiB"));
        }
        Ok(Judgement {
            columns: block::Columns::of(data),
        })
    }

    /// The rows of a column, all of them pending: where each starts and ends in the data, as native
    /// u32. Raises ValueError for offsets that do not fit it.
    fn begin_rows(
        &self,
        py: Python<'_>,
        data: &[u8],
        starts: &[u8],
        ends: &[u8],
    ) -> PyResult<Judgement> {
        let all = |column| -> Vec<u32> { numbers(column).collect() };
        py.allow_threads(|| block::Columns::of_rows(data, &all(starts), &all(ends)))
            .map(|columns| Judgement { columns })
            .ok_or_else(|| PyValueError::new_err("the offsets of the rows do not fit the data"))
    }

    /// Some lines of another judgement, all of them pending: their positions there, as native u32,
    /// which are their numbers here. Raises ValueError for positions that it does not have.
    fn begin_again(&self, others: &Judgement, positions: &[u8]) -> PyResult<Judgement> {
        let columns = block::Columns::of_positions(&others.columns, numbers(positions));
        columns
            .map(|columns| Judgement { columns })
            .ok_or_else(|| PyValueError::new_err("the judgement has no such lines"))
    }

    /// Walk the pending lines; the questions to answer before the next pass, as (check, text).
    fn judge<'py>(
        &self,
        py: Python<'py>,
        data: &[u8],
        judgement: &mut Judgement,
    ) -> PyResult<Vec<(u32, Bound<'py, PyBytes>)>> {
        let columns = &mut judgement.columns;
        if columns.end() > data.len() {
            return Err(PyValueError::new_err(
                "not the block that the judgement is of",
            ));
        }
        let inner = &self.inner;
        let questions = py.allow_threads(|| inner.pass(data, columns));
        Ok(questions
            .into_iter()
            .map(|(check, text)| (check, PyBytes::new(py, &text)))
            .collect())
    }

    /// What is left to the explainer of lines that were walked by site: the sites that are new, as
    /// bytes (see `accept::walk::sites`), and the lists of sites that are, as their numbers in
    /// native u32, both behind the number of the first one, 0 where all others are forgotten; and
    /// of the lines, in columns, their numbers as native u32, the numbers of their types as native
    /// u16, their ids, and the numbers of their lists as native u32, and what references say that
    /// are sites. Told once.
    fn sited<'py>(
        &mut self,
        py: Python<'py>,
        data: &[u8],
        judgement: &mut Judgement,
    ) -> (New<'py>, New<'py>, SitedLines<'py>) {
        let columns = &mut judgement.columns;
        let known = &mut self.inner.sites;
        let first = known.start();
        let (mut new, mut new_lists) = (Vec::new(), Vec::new());
        let mut lines = std::mem::take(&mut columns.sited);
        lines.sort_unstable_by_key(|line| line.position);
        let told = std::mem::take(&mut columns.told);
        let of_line = |line: &block::Sited| {
            let (number, list) = known.list(told.among(line.sites.clone()), &mut new);
            new_lists.extend(list.map(|list| PyBytes::new(py, list)));
            number
        };
        let lists: Vec<u32> = lines.iter().map(of_line).collect();
        let positions = lines.iter().map(|line| columns.numbers[line.position]);
        let positions: Vec<u32> = positions.collect();
        let types = lines.iter().flat_map(|line| line.type_number.to_ne_bytes());
        let types: Vec<u8> = types.collect();
        let id = |line: &block::Sited| {
            let (start, end) = line.id;
            let id = data.get(start as usize..end as usize)?;
            (end > 0).then(|| PyString::new(py, &String::from_utf8_lossy(id)))
        };
        let beside = |line: &block::Sited| {
            let said = line.beside.iter();
            said.map(|said| PyBytes::new(py, said)).collect()
        };
        let new = new.into_iter().map(|site| PyBytes::new(py, site)).collect();
        (
            (first.0, new),
            (first.1, new_lists),
            (
                words(py, &positions),
                PyBytes::new(py, &types),
                lines.iter().map(id).collect(),
                words(py, &lists),
                lines.iter().map(beside).collect(),
            ),
        )
    }
}

fn refused(mismatch: Mismatch) -> PyErr {
    PyValueError::new_err(mismatch)
}

/// What `make` makes of columns, as bytes; the GIL is released meanwhile.
fn made<'py>(
    py: Python<'py>,
    make: impl Send + FnOnce() -> Result<Vec<u8>, Mismatch>,
) -> PyResult<Bound<'py, PyBytes>> {
    py.allow_threads(make)
        .map(|bytes| PyBytes::new(py, &bytes))
        .map_err(refused)
}

#[pyfunction]
fn count_lines(py: Python<'_>, data: &[u8]) -> usize {
    py.allow_threads(|| columns::count_lines(data))
}

#[pyfunction]
#[allow(clippy::too_many_arguments)] // it is the columns of a row, in their order
fn fill<'py>(
    py: Python<'py>,
    head: &[u8],
    base: u64,
    numbers: &[u8],
    middle: &[u8],
    texts: &[u8],
    codes: &[u8],
    tails: Vec<PyBackedBytes>,
) -> PyResult<Bound<'py, PyBytes>> {
    made(py, || {
        columns::fill(head, base, numbers, middle, texts, codes, &tails)
    })
}

#[pyfunction]
fn rebase<'py>(
    py: Python<'py>,
    head: &[u8],
    base: u64,
    lines: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    made(py, || columns::rebase(head, base, lines))
}

#[pyfunction]
fn keys<'py>(
    py: Python<'py>,
    texts: &[u8],
    codes: &[u8],
    additions: &[u8],
    factor: u64,
    prime: u64,
) -> PyResult<Bound<'py, PyBytes>> {
    made(py, || {
        let additions: Vec<u64> = columns::column(additions)?
            .map(u64::from_ne_bytes)
            .collect();
        columns::keys(texts, codes, &additions, factor, prime)
    })
}

#[pyfunction]
fn bucketed<'py>(
    py: Python<'py>,
    blocks: Vec<(Bound<'py, PyBytes>, Bound<'py, PyBytes>, u32)>,
    width: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let blocks: Vec<_> = blocks
        .iter()
        .map(|(keys, numbers, first)| (keys.as_bytes(), numbers.as_bytes(), *first))
        .collect();
    made(py, || columns::bucketed(&blocks, width))
}

#[pyfunction]
fn repeated(
    py: Python<'_>,
    keys: &[u8],
    lines: &[u8],
    runs: Vec<(u32, usize)>,
    most: usize,
) -> PyResult<(usize, Vec<(RunLine, RunLine)>)> {
    py.allow_threads(|| columns::repeated(keys, lines, &runs, most))
        .map_err(refused)
}

#[pyfunction]
fn measure(
    py: Python<'_>,
    starts: &[u8],
    ends: &[u8],
    codes: &[u8],
    kinds: usize,
) -> PyResult<Vec<(usize, usize, usize)>> {
    let sums = py
        .allow_threads(|| columns::measure(starts, ends, codes, kinds))
        .map_err(refused)?;
    let each = sums.into_iter().enumerate();
    Ok(each
        .filter(|(_, (count, _))| *count > 0)
        .map(|(code, (count, size))| (code, count, size))
        .collect())
}

#[pyfunction]
fn gather<'py>(
    py: Python<'py>,
    data: &[u8],
    starts: &[u8],
    ends: &[u8],
    codes: &[u8],
    kinds: usize,
) -> PyResult<Vec<Bound<'py, PyBytes>>> {
    let rooms = py
        .allow_threads(|| columns::rooms(data, starts, ends, codes, kinds))
        .map_err(refused)?;
    let of_kind = |(kind, size)| {
        PyBytes::new_with(py, size, |room| {
            columns::gather(data, starts, ends, codes, kind, room).map_err(refused)
        })
    };
    // the lines are copied once, into the object itself: that needs the GIL
    rooms.into_iter().enumerate().map(of_kind).collect()
}

/// For every code its texts in a row, and their bounds.
#[pyfunction]
fn texts_by_kind<'py>(
    py: Python<'py>,
    data: &[u8],
    starts: &[u8],
    ends: &[u8],
    codes: &[u8],
    kinds: usize,
) -> PyResult<Vec<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)>> {
    let bounds = py
        .allow_threads(|| columns::parted::bounds(starts, ends, codes, kinds))
        .map_err(refused)?;
    let of_kind = |(kind, bounds): (usize, &Vec<u32>)| {
        let size = bounds.last().map_or(0, |&size| size as usize);
        let texts = PyBytes::new_with(py, size, |room| {
            columns::parted::texts(data, starts, ends, codes, kind, room).map_err(refused)
        })?;
        Ok((texts, words(py, bounds)))
    };
    bounds.iter().enumerate().map(of_kind).collect()
}

/// Where the texts of a column start, and where they end, as words.
#[pyfunction]
fn text_spans<'py>(
    py: Python<'py>,
    texts: &[u8],
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    if texts.len() > u32::MAX as usize {
        return Err(refused("a column too long"));
    }
    let (starts, ends) = columns::parted::spans(texts);
    Ok((words(py, &starts), words(py, &ends)))
}

/// The numbers of each code with something added, as 64-bit words.
#[pyfunction]
fn numbers_by_kind<'py>(
    py: Python<'py>,
    column: &[u8],
    codes: &[u8],
    kinds: usize,
    added: i64,
) -> PyResult<Vec<Bound<'py, PyBytes>>> {
    let found = columns::parted::numbers(column, codes, kinds, added).map_err(refused)?;
    Ok(found
        .iter()
        .map(|numbers| PyBytes::new(py, numbers))
        .collect())
}

/// The number of the meta of every line, as words, and the different metas.
#[pyfunction]
fn metas<'py>(
    py: Python<'py>,
    data: &[u8],
    starts: &[u8],
    ends: &[u8],
) -> PyResult<(Bound<'py, PyBytes>, Vec<Bound<'py, PyBytes>>)> {
    let (numbers, texts) = py
        .allow_threads(|| columns::metas(data, starts, ends))
        .map_err(refused)?;
    let texts = texts.iter().map(|text| PyBytes::new(py, text)).collect();
    Ok((words(py, &numbers), texts))
}

fn secret_of(secret: &[u8]) -> PyResult<u128> {
    let bytes = secret
        .try_into()
        .map_err(|_| PyValueError::new_err("a secret has 16 bytes"))?;
    Ok(u128::from_le_bytes(bytes) >> 2) // below the prime of the keys
}

type RelationColumns<'py> = (
    [Bound<'py, PyBytes>; 6],
    Vec<String>,
    Vec<(u8, String, u32, u64)>,
    Vec<u32>,
);

/// What the lines that start and end there say of other resources: (lines, kinds, paths, keys, ends
/// of texts, texts), the paths by number, counts, and the lines that are Python's to read.
#[pyfunction]
fn relations_of<'py>(
    py: Python<'py>,
    data: &[u8],
    starts: &[u8],
    ends: &[u8],
    secret: &[u8],
) -> PyResult<RelationColumns<'py>> {
    let secret = secret_of(secret)?;
    let (starts, ends) = (
        columns::words(starts).map_err(refused)?,
        columns::words(ends).map_err(refused)?,
    );
    if starts.len() != ends.len() {
        return Err(refused("columns of different lengths"));
    }
    let found = py
        .allow_threads(|| relations::relations(data, starts.zip(ends), secret))
        .ok_or_else(|| refused("a line beyond the data"))?;
    let columns = [
        words(py, &found.lines),
        PyBytes::new(py, &found.kinds),
        words(py, &found.paths),
        PyBytes::new(py, &found.keys),
        words(py, &found.ends),
        PyBytes::new(py, &found.texts),
    ];
    Ok((columns, found.names, found.counts, found.unclear))
}

/// The key of each text of a column behind a head: 16 bytes each, little-endian.
#[pyfunction]
fn relation_keys<'py>(
    py: Python<'py>,
    head: &[u8],
    texts: &[u8],
    secret: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let secret = secret_of(secret)?;
    made(py, || {
        Ok(columns::texts(texts)
            .flat_map(|text| relations::key(secret, &[head, text]).to_le_bytes())
            .collect())
    })
}

/// The columns (keys of 16 bytes, codes) of all blocks, in the order of their buckets.
#[pyfunction]
fn by_bucket<'py>(
    py: Python<'py>,
    blocks: Vec<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)>,
) -> PyResult<Bound<'py, PyBytes>> {
    let blocks: Vec<_> = blocks
        .iter()
        .map(|(keys, codes)| (keys.as_bytes(), codes.as_bytes()))
        .collect();
    made(py, || relations::by_bucket(&blocks))
}

/// The marks in the order in which their rows stood before `by_bucket`.
#[pyfunction]
fn in_order<'py>(py: Python<'py>, stood: &[u8], marks: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    made(py, || relations::in_order(stood, marks))
}

/// The resources of one bucket, which references are looked up in.
#[pyclass]
struct KnownKeys {
    inner: relations::KnownKeys,
}

#[pymethods]
impl KnownKeys {
    #[new]
    fn new(wrong: Vec<u64>, ignored: Vec<u32>) -> Self {
        KnownKeys {
            inner: relations::KnownKeys::new(wrong, ignored),
        }
    }

    fn add(&mut self, py: Python<'_>, keys: &[u8], codes: &[u8]) -> PyResult<()> {
        let inner = &mut self.inner;
        py.allow_threads(|| inner.add(keys, codes)).map_err(refused)
    }

    fn refer<'py>(
        &mut self,
        py: Python<'py>,
        keys: &[u8],
        codes: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let inner = &mut self.inner;
        made(py, || inner.refer(keys, codes))
    }

    fn marks<'py>(&self, py: Python<'py>, keys: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let inner = &self.inner;
        made(py, || inner.marks(keys))
    }
}

/// Every enumeration of tags: its name, and the names and numbers of its tags.
#[pyfunction]
fn tags() -> Vec<(&'static str, Vec<(&'static str, u8)>)> {
    TAGS.iter()
        .map(|&(name, all)| (name, all.to_vec()))
        .collect()
}

/// Every part that looks at members by name, with their names.
#[pyfunction]
fn known_names() -> Vec<(&'static str, Vec<&'static str>)> {
    Known::PARTS
        .iter()
        .map(|&(part, names)| (part, names.to_vec()))
        .collect()
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("LAYOUT", LAYOUT)?;
    module.add("REASONS", PyTuple::new(module.py(), NAMES)?)?;
    module.add_class::<Acceptor>()?;
    module.add_class::<Judgement>()?;
    module.add_class::<KnownKeys>()?;
    module.add_function(wrap_pyfunction!(count_lines, module)?)?;
    module.add_function(wrap_pyfunction!(fill, module)?)?;
    module.add_function(wrap_pyfunction!(rebase, module)?)?;
    module.add_function(wrap_pyfunction!(keys, module)?)?;
    module.add_function(wrap_pyfunction!(bucketed, module)?)?;
    module.add_function(wrap_pyfunction!(repeated, module)?)?;
    module.add_function(wrap_pyfunction!(measure, module)?)?;
    module.add_function(wrap_pyfunction!(gather, module)?)?;
    module.add_function(wrap_pyfunction!(texts_by_kind, module)?)?;
    module.add_function(wrap_pyfunction!(numbers_by_kind, module)?)?;
    module.add_function(wrap_pyfunction!(text_spans, module)?)?;
    module.add_function(wrap_pyfunction!(metas, module)?)?;
    module.add_function(wrap_pyfunction!(relations_of, module)?)?;
    module.add_function(wrap_pyfunction!(relation_keys, module)?)?;
    module.add_function(wrap_pyfunction!(by_bucket, module)?)?;
    module.add_function(wrap_pyfunction!(in_order, module)?)?;
    module.add_function(wrap_pyfunction!(tags, module)?)?;
    module.add_function(wrap_pyfunction!(known_names, module)?)
}
